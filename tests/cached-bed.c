/* SPDX-License-Identifier: MIT */
#include "cached-bed.h"

#include <dlfcn.h>
#include <errno.h>
#include <stdarg.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Stands before libc's function for the library, too: a kernel without membarrier(2). No call of ours has
 * more than three arguments. */
static bool refuse_membarrier;

unsigned cached_barriers;

long syscall(long number, ...)
{
    static long (*real)(long, ...);
    va_list arguments;
    long values[3];

    va_start(arguments, number);
    for (size_t i = 0; i < sizeof values / sizeof values[0]; i++) {
        values[i] = va_arg(arguments, long);
    }
    va_end(arguments);
#ifdef SYS_membarrier
    cached_barriers += number == SYS_membarrier;
    if (number == SYS_membarrier && refuse_membarrier) {
        errno = ENOSYS;
        return -1;
    }
#endif
    if (real == NULL) {
        *(void **)&real = dlsym(RTLD_NEXT, "syscall");
    }
    return real(number, values[0], values[1], values[2]);
}

Bed cached_open(int variant, size_t size)
{
    refuse_membarrier = variant % 2 != 0;
    support_cache(true);
    if (variant / 2 != 0) {
        Bed bed = bed_open_inside(size + size / 16, 16);

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
