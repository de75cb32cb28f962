/* SPDX-License-Identifier: MIT */
#include "recording.h"

#include "base/unit.h"
#include "record/info.h"
#include "record/modules.h"
#include "record/record.h"
#include "record/source-file.h"
#include "record/source-pool.h"
#include "record/stamp.h"
#include "start.h"

enum { INFO_BYTES = 8 << 10, REGIONS = 63 /* the highest number of a region */ };

/* Programs that this process has executed before. */
static unsigned image;

static const Source *source;

unsigned recording_region(void)
{
    return image;
}

/* Describes the program and its region, and ends the region of the program before. */
static void describe(void)
{
    Mem_Region *region = start_get_region();
    char text[INFO_BYTES];

    source->inform(text, info_write(text, sizeof text));
    if (image > 0) {
        record_rare(TRACE_REGION_ENDS, image - 1, 0, 0, "");
    }
    record_rare(TRACE_REGION_BEGINS, image, region_capacity(region_of(region)), UNIT_BYTES,
                region_is_cached(region_of(region)) ? "malloc" : "malloc exact");
}

static bool open_pool(void)
{
    SharedPool *pool = source_pool_open();

    if (pool == NULL) {
        return false;
    }
    stamp_clock = (TraceClock)pool->clock;
    stamp_frequency = pool->frequency;
    image = __atomic_fetch_add(&pool->images, 1, __ATOMIC_RELAXED);
    image = image < REGIONS ? image : REGIONS;
    source = &source_pool;
    return record_start(&(RecordOptions){.source = source,
                                         .stack = pool->stack,
                                         .start = pool->start,
                                         .own = &image,
                                         .describe = describe});
}

static bool open_file(void)
{
    RecordOptions options = {.source = &source_file, .own = &image, .describe = describe};

    if (!source_file_open(&options.start)) {
        return false;
    }
    stamp_choose();
    options.stack = record_wanted_stack();
    source = &source_file;
    return record_start(&options);
}

bool recording_open(void)
{
    return open_pool() || open_file();
}

void recording_prepare(void)
{
    static unsigned prepared;

    if (record_is_on() && __atomic_exchange_n(&prepared, 1, __ATOMIC_RELAXED) == 0) {
        record_prepare();
    }
}
