/* SPDX-License-Identifier: MIT
 *
 * Creates and destroys regions. */
#ifndef MEM_SRC_LIFECYCLE_H
#define MEM_SRC_LIFECYCLE_H

#include "region/region.h"

/* Do what Mem_RegionCreate and Mem_RegionCreateAt do, with options. */
Mem_Region *lifecycle_create(size_t size, const Mem_Options *options);
Mem_Region *lifecycle_create_at(void *memory, size_t size, const Mem_Options *options);

/* Does what Mem_RegionDestroy does; the region must not be the default one. */
void lifecycle_destroy(Mem_Region *handle);

#endif
