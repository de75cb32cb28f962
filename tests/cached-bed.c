/* SPDX-License-Identifier: MIT */
#include "cached-bed.h"

#include <errno.h>
#include <sys/syscall.h>

#include "filter.h"

unsigned cached_barriers;

/* Makes this process see a kernel without membarrier(2), or one where its calls are counted. */
static void choose_barriers(bool has_any)
{
#ifdef SYS_membarrier
    static bool is_chosen;

    if (!is_chosen && has_any) {
        filter_count(SYS_membarrier, &cached_barriers);
    } else if (!is_chosen) {
        filter_refuse(SYS_membarrier, ENOSYS);
    }
    is_chosen = true;
#else
    (void)has_any;
#endif
}

Bed cached_open(int variant, size_t size)
{
    choose_barriers(variant % 2 == 0);
    support_cache(true);
    if (variant / 2 != 0) {
        size_t bytes = size + size / 16;
        Bed bed = bed_open_inside(bytes < CACHED_INSIDE ? CACHED_INSIDE : bytes, 16);

        ck_assert_ptr_nonnull(bed.region);
        bed.is_cached = true;
        return bed;
    }
    return bed_open(KIND_CACHED, size);
}

void cached_warm_up(const Bed *bed, size_t size)
{
    for (int i = 0; i < CACHED_WARM; i++) {
        void *block = Mem_RegionAlloc(bed->region, size);

        ck_assert_ptr_nonnull(block);
        ck_assert_int_eq(Mem_RegionFree(bed->region, block), 0);
    }
}

bool cached_free_all(const Bed *bed, char **blocks, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (Mem_RegionFree(bed->region, blocks[i]) != 0) {
            return false;
        }
    }
    return true;
}
