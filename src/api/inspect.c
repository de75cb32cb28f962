/* SPDX-License-Identifier: MIT
 *
 * Calls that look at a region and change nothing. */
#include <errno.h>

#include "region/caches.h"
#include "region/stats.h"

int Mem_RegionCheck(Mem_Region *handle)
{
    return Mem_RegionCheckReport(handle, NULL, 0);
}

int Mem_RegionCheckReport(Mem_Region *handle, char *message, size_t size)
{
    Region *region;
    Operation operation;
    bool sound;

    if (message != NULL && size != 0) {
        message[0] = '\0';
    }
    region = region_wanted(handle);
    if (region == NULL) {
        return -1;
    }
    operation_begin_look(&operation, region);
    sound = heap_check(&region->heap, message, size) && caches_check(region, message, size);
    if (!sound && !heap_map_holds(&region->heap)) {
        region_break(region);
    }
    operation_end_look(&operation);
    if (!sound) {
        errno = ENOTRECOVERABLE;
        return -1;
    }
    return 0;
}

int Mem_RegionGetStats(Mem_Region *handle, Mem_Stats *stats)
{
    Region *region;
    Operation operation;
    bool broken;

    region = region_wanted(handle);
    if (region == NULL) {
        return -1;
    }
    if (stats == NULL) {
        errno = EINVAL;
        return -1;
    }
    operation_begin_look(&operation, region);
    broken = region->heap.broken;
    if (!broken) {
        stats_read(region, stats);
    }
    operation_end_look(&operation);
    if (broken) {
        errno = ENOTRECOVERABLE;
        return -1;
    }
    return 0;
}
