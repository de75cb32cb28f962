/* SPDX-License-Identifier: MIT */
#include "region/region.h"

#include <errno.h>

Mem_Region *region_default;

Region *region_wanted(Mem_Region *handle)
{
    if (handle == NULL) {
        handle = region_get_default();
    }
    if (handle == NULL) {
        errno = EINVAL;
        return NULL;
    }
    return region_of(handle);
}
