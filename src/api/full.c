/* SPDX-License-Identifier: MIT
 *
 * Mem_OnFull. libmem-malloc.so has one of its own. */
#include "region/full.h"

void Mem_OnFull(Mem_FullHandler *handler, void *context)
{
    full_set_handler(handler, context);
}
