/* SPDX-License-Identifier: MIT
 *
 * The default region: creates and destroys it, and calls on it. */
#include <errno.h>

#include "os/lock.h"
#include "region/lifecycle.h"
#include "region/registry.h"

/* Lets one of several threads create the default region. */
static Lock default_lock = LOCK_INIT;

int Mem_InitWith(size_t size, const Mem_Options *options)
{
    static const Mem_Options none;
    int result = -1;
    bool locked = lock_take(&default_lock);

    if (size == 0 || size > PTRDIFF_MAX) {
        errno = EINVAL;
    } else if (region_get_default() != NULL) {
        errno = EBUSY;
    } else {
        region_set_default(lifecycle_create(size, options == NULL ? &none : options));
        result = region_get_default() == NULL ? -1 : 0;
    }
    lock_release(&default_lock, locked);
    return result;
}

int Mem_Init(size_t size)
{
    return Mem_InitWith(size, NULL);
}

int Mem_Exit(void)
{
    Mem_Region *region;
    bool locked;

    if (registry_is_visiting()) {
        errno = EDEADLK;
        return -1;
    }
    locked = lock_take(&default_lock);
    region = region_get_default();
    region_set_default(NULL);
    lock_release(&default_lock, locked);
    if (region == NULL) {
        errno = EINVAL;
        return -1;
    }
    lifecycle_destroy(region);
    return 0;
}

void *Mem_Calloc(size_t count, size_t size)
{
    return Mem_RegionCalloc(NULL, count, size);
}

void *Mem_Realloc(void *ptr, size_t size)
{
    return Mem_RegionRealloc(NULL, ptr, size);
}

void *Mem_AlignedAlloc(size_t alignment, size_t size)
{
    return Mem_RegionAlignedAlloc(NULL, alignment, size);
}

size_t Mem_Size(const void *ptr)
{
    return Mem_RegionSize(NULL, ptr);
}

int Mem_Check(void)
{
    return Mem_RegionCheckReport(NULL, NULL, 0);
}

int Mem_CheckReport(char *message, size_t size)
{
    return Mem_RegionCheckReport(NULL, message, size);
}

int Mem_GetStats(Mem_Stats *stats)
{
    return Mem_RegionGetStats(NULL, stats);
}
