/* SPDX-License-Identifier: MIT
 *
 * Regions come and go. */
#ifndef MEM_SRC_LIFECYCLE_H
#define MEM_SRC_LIFECYCLE_H

#include "region/region.h"

/* As Mem_RegionCreate and Mem_RegionCreateAt, with options. */
Mem_Region *lifecycle_create(size_t size, const Mem_Options *options);
Mem_Region *lifecycle_create_at(void *memory, size_t size, const Mem_Options *options);

/* As Mem_RegionDestroy, of a region that is not the default one. */
void lifecycle_destroy(Mem_Region *handle);

#endif
