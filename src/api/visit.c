/* SPDX-License-Identifier: MIT
 *
 * Calls a function of the program with each region of the process, and finds the region of an
 * address. However that function is left, even by an exception or the end of its thread, regions
 * can be destroyed afterwards. That takes -fexceptions. */
#include <errno.h>
#include <pthread.h>

#include "region/registry.h"

Mem_Region *Mem_RegionOf(const void *ptr)
{
    Region *region = registry_find(ptr);

    if (region == NULL) {
        errno = EINVAL;
        return NULL;
    }
    return region_handle(region);
}

static int visit_all(Mem_RegionVisitor *visit, void *context)
{
    int result = 0;

    for (Region *region = registry_next(NULL); result == 0 && region != NULL;
         region = registry_next(region)) {
        result = visit(region_handle(region), context);
    }
    return result;
}

int Mem_Regions(Mem_RegionVisitor *visit, void *context)
{
    Visit all;
    int result;

    if (visit == NULL) {
        errno = EINVAL;
        return -1;
    }
    registry_begin_visit(&all);
    pthread_cleanup_push(registry_end_visit, &all);
    result = visit_all(visit, context);
    pthread_cleanup_pop(1);
    return result;
}
