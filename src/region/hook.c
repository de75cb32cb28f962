/* SPDX-License-Identifier: MIT */
#include "region/hook.h"

const Hook *hook_used;

void hook_begin(Region *region)
{
    if (LIKELY(hook_used == NULL)) {
        return;
    }
    region->recorded = (unsigned char)hook_used->begin(region_capacity(region),
                                                       (size_t)1 << region->heap.shift);
    hook_keep(region);
}
