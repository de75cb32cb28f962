/* SPDX-License-Identifier: MIT */
#include "start.h"

#include <errno.h>

#include "ahead.h"
#include "os/lock.h"
#include "os/spin.h"
#include "recording.h"
#include "region/caches.h"
#include "region/misuse.h"
#include "settings.h"

enum {
    ALIGNMENT = 16,      /* bytes: the strictest alignment of any C type */
    LEAST_SIZE = 1 << 20 /* bytes: no smaller region is tried */
};

StartNone start_none;
Mem_Region *start_region = (Mem_Region *)(void *)(&start_none.region + 1);

Mem_Region *start_made;

/* Makes a region of a size; if less will do, of the largest size possible. Memory is no obstacle:
 * the region is sparse. Address space may be one, and in some configurations the commit limit. */
static Mem_Region *make_region(size_t size, bool less_will_do, unsigned flags)
{
    const Mem_Options options = {.alignment = ALIGNMENT, .flags = flags};
    Mem_Region *region = Mem_RegionCreate(size, &options);

    while (region == NULL && less_will_do && size > LEAST_SIZE) {
        size -= size / 8;
        region = Mem_RegionCreate(size, &options);
    }
    return region;
}

static Mem_Region *make_first_region(bool *asked_for)
{
    size_t size = settings_size(asked_for);
    unsigned flags = settings_flags();
    bool recorded = recording_open();
    Mem_Region *region;
    size_t slot;

    if (recorded) {
        thread_find_slot(&slot); /* START_SLOT: no region has it */
    }
    region = make_region(size, !*asked_for, flags);
    if (region != NULL) {
        ahead_start(region, (flags & MEM_HUGE) == 0);
        __atomic_store_n(&start_made, region, __ATOMIC_RELEASE);
        if (!recorded) {
            __atomic_store_n(&start_region, region, __ATOMIC_RELEASE);
        }
    }
    return region;
}

/* Returns the region, and makes it if there is none. While the lock is held, calls no function of
 * the C library that others may replace: theirs may allocate, and deadlock here. System calls are
 * made directly, and the environment is read where the kernel has put it. */
static Mem_Region *get_or_make_region(bool *asked_for)
{
    static Spin lock;
    Mem_Region *region;

    spin_take(&lock);
    region = start_get_region();
    if (region == NULL) {
        region = make_first_region(asked_for);
    }
    spin_release(&lock);
    return region;
}

Mem_Region *start_make_region(void)
{
    int saved = errno;
    bool asked_for = false;
    Mem_Region *region = get_or_make_region(&asked_for);

    if (region == NULL) {
        if (asked_for) {
            settings_give_up(errno);
        }
        errno = ENOMEM;
        return NULL;
    }
    /* These may allocate, now that there is a region. */
    lock_watch_forks();
    caches_prepare(); /* before the program uses up thread keys, or gives up system calls */
    recording_prepare();
    errno = saved;
    return region;
}

/* Makes the region when the module is loaded, at the latest. So every program warns of an invalid
 * environment. */
__attribute__((__constructor__)) static void start_early(void)
{
    int saved = errno;

    start_make_region();
    settings_check();
    misuse_prepare();
    errno = saved;
}
