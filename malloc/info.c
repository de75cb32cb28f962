/* SPDX-License-Identifier: MIT
 *
 * The functions that report on the heap or tune it: mallinfo() and the like. */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <unistd.h>

#include "family.h"
#include "path.h"
#include "region/release.h"
#include "report.h"

/* The figures to report. The arena is the memory that was ever used: the size of the region, so
 * much larger, says nothing. */
typedef struct Info {
    Mem_Stats stats; /* of the region; all 0 before there is one */
    size_t arena;    /* bytes of the region that were ever used */
    size_t free;     /* bytes of these that are not in use */
} Info;

static Info get_info(void)
{
    Info info = {.arena = 0};
    Mem_Region *region = path_region();

    if (region != NULL) {
        Mem_RegionGetStats(region, &info.stats);
        info.arena = release_touched(region_of(region));
    }
    if (info.arena < info.stats.bytes_in_use) { /* other threads were at work in between */
        info.arena = info.stats.bytes_in_use;
    }
    info.free = info.arena - info.stats.bytes_in_use;
    return info;
}

EXPORT struct mallinfo2 mallinfo2(void)
{
    Info info = get_info();

    return (struct mallinfo2){.arena = info.arena,
                              .ordblks = info.stats.blocks_free,
                              .uordblks = info.stats.bytes_in_use,
                              .fordblks = info.free,
                              .keepcost = info.free};
}

/* Limits a number to INT_MAX, for the old structure. */
static int narrow(size_t number)
{
    return number > INT_MAX ? INT_MAX : (int)number;
}

/* mallinfo() is deprecated, but not gone. */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"
EXPORT struct mallinfo mallinfo(void)
{
    struct mallinfo2 info = mallinfo2();

    return (struct mallinfo){.arena = narrow(info.arena),
                             .ordblks = narrow(info.ordblks),
                             .uordblks = narrow(info.uordblks),
                             .fordblks = narrow(info.fordblks),
                             .keepcost = narrow(info.keepcost)};
}

EXPORT struct mallinfo __libc_mallinfo(void) SAME_AS(mallinfo);
#pragma GCC diagnostic pop

/* Writes the elements and attributes that glibc writes, for one heap. */
EXPORT int malloc_info(int options, FILE *stream)
{
    Info info;

    if (options != 0) {
        return EINVAL;
    }
    info = get_info();
    fprintf(stream,
            "<malloc version=\"1\">\n"
            "<heap nr=\"0\">\n"
            "<sizes>\n"
            "</sizes>\n"
            "<total type=\"fast\" count=\"0\" size=\"0\"/>\n"
            "<total type=\"rest\" count=\"%zu\" size=\"%zu\"/>\n"
            "<system type=\"current\" size=\"%zu\"/>\n"
            "<system type=\"max\" size=\"%zu\"/>\n"
            "<aspace type=\"total\" size=\"%zu\"/>\n"
            "<aspace type=\"mprotect\" size=\"%zu\"/>\n"
            "</heap>\n",
            info.stats.blocks_free, info.free, info.arena, info.arena, info.stats.capacity,
            info.stats.capacity);
    fprintf(stream,
            "<total type=\"fast\" count=\"0\" size=\"0\"/>\n"
            "<total type=\"rest\" count=\"%zu\" size=\"%zu\"/>\n"
            "<total type=\"mmap\" count=\"0\" size=\"0\"/>\n"
            "<system type=\"current\" size=\"%zu\"/>\n"
            "<system type=\"max\" size=\"%zu\"/>\n"
            "<aspace type=\"total\" size=\"%zu\"/>\n"
            "<aspace type=\"mprotect\" size=\"%zu\"/>\n"
            "</malloc>\n",
            info.stats.blocks_free, info.free, info.arena, info.arena, info.stats.capacity,
            info.stats.capacity);
    return 0;
}

EXPORT void malloc_stats(void)
{
    report_print(STDERR_FILENO, REPORT_TEXT, REPORT_WALK, path_region());
}

/* Ignores the pad, which is memory to keep at the top of glibc's heap: here all free memory serves
 * as well. */
EXPORT int malloc_trim(size_t pad)
{
    Mem_Region *region = path_region();

    (void)pad;
    return region != NULL && trim_all(region);
}

/* Accepts hints for another kind of heap, which change nothing here. Rejects M_PERTURB, which is no
 * hint: it changes what a program sees. */
EXPORT int mallopt(int parameter, int value)
{
    enum { MXFAST_MAX = 80 * (int)sizeof(size_t) / 4 };

    switch (parameter) {
    case M_MXFAST:
        return value >= 0 && value <= MXFAST_MAX;
    case M_TRIM_THRESHOLD:
    case M_TOP_PAD:
    case M_MMAP_THRESHOLD:
    case M_MMAP_MAX:
    case M_CHECK_ACTION:
    case M_ARENA_TEST:
    case M_ARENA_MAX:
        return 1;
    default:
        return 0;
    }
}

EXPORT int __libc_mallopt(int parameter, int value) SAME_AS(mallopt);
