/* SPDX-License-Identifier: MIT */
#include "os/pages.h"

#include <elf.h>
#include <errno.h>
#include <stdint.h>
#include <sys/mman.h>
#include <unistd.h>

#include "os/environment.h"
#include "os/kernel.h"

enum { ERRNO_END = 4096 /* results from -4095 to -1 are errors: no address lies there */ };

size_t pages_size(void)
{
    unsigned long size = environment_auxiliary(AT_PAGESZ);

    return size != 0 ? (size_t)size : (size_t)sysconf(_SC_PAGESIZE);
}

#ifdef PAGES_ALIGNMENT
/* Maps memory at a multiple of PAGES_ALIGNMENT, so that blocks of any alignment up to that lie the same way each time. */
static void *map_aligned(size_t size, int protection, int flags)
{
    size_t bytes = (size + pages_size() - 1) & ~(pages_size() - 1);
    char *memory = mmap(NULL, bytes + PAGES_ALIGNMENT, protection, flags, -1, 0);
    size_t before;

    if (memory == MAP_FAILED) {
        return MAP_FAILED;
    }
    before = -(uintptr_t)memory & (PAGES_ALIGNMENT - 1);
    if (before != 0) {
        munmap(memory, before);
    }
    munmap(memory + before + bytes, PAGES_ALIGNMENT - before);
    return memory + before;
}
#endif

/* With PAGES_BY_KERNEL (libmem-malloc.so), calls no function that others may replace. */
void *pages_map(size_t size, int protection, int flags)
{
    void *memory;

#if defined(PAGES_BY_KERNEL) && KERNEL_INLINE
#ifdef SYS_mmap2 /* its offset counts pages; SYS_mmap takes a pointer to its arguments there */
    enum { MAP_CALL = SYS_mmap2 };
#else
    enum { MAP_CALL = SYS_mmap };
#endif
    long result = kernel_call(MAP_CALL, 0, (long)size, protection, flags, -1, 0);
    bool failed = result < 0 && result > -ERRNO_END; /* 32-bit addresses may be negative */

    memory = failed ? MAP_FAILED : (void *)result;
    errno = failed ? (int)-result : errno;
#elif defined(PAGES_ALIGNMENT)
    memory = map_aligned(size, protection, flags);
#else
    memory = mmap(NULL, size, protection, flags, -1, 0);
#endif
    return memory == MAP_FAILED ? NULL : memory;
}

void pages_touch(char *memory, size_t size)
{
    size_t page = pages_size();

    for (size_t at = 0; at < size; at += page) {
        ((volatile char *)memory)[at] = 0;
    }
}

static long protect(void *memory, size_t size, int protection)
{
    return kernel_call(SYS_mprotect, (long)(uintptr_t)memory, (long)size, protection, 0, 0, 0);
}

bool pages_protect(void *memory, size_t size, int protection)
{
    long result = protect(memory, size, protection);

    if (result < 0) {
        errno = (int)-result;
    }
    return result == 0;
}

/* Advises the system about whole pages. All calls of madvise(2) are here. */
static bool advise(void *memory, size_t size, int advice)
{
    return kernel_call(SYS_madvise, (long)(uintptr_t)memory, (long)size, advice, 0, 0, 0) == 0;
}

void *pages_map_for_now(size_t size)
{
    int saved = errno;
    void *memory = pages_map(size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS);

    errno = saved;
    return memory;
}

void pages_unmap(void *memory, size_t size)
{
#if defined(PAGES_BY_KERNEL) && KERNEL_INLINE
    kernel_call(SYS_munmap, (long)(uintptr_t)memory, (long)size, 0, 0, 0, 0);
#else
    munmap(memory, size);
#endif
}

bool pages_lock(void *memory, size_t size)
{
    return mlock(memory, size) == 0;
}

void pages_unlock(void *memory, size_t size)
{
    kernel_call(SYS_munlock, (long)(uintptr_t)memory, (long)size, 0, 0, 0, 0);
}

void pages_want_huge(void *memory, size_t size)
{
#ifdef MADV_HUGEPAGE
    advise(memory, size, MADV_HUGEPAGE);
#else
    (void)memory;
    (void)size;
#endif
}

void pages_leave_out(void *memory, size_t size)
{
#ifdef MADV_DONTDUMP
    advise(memory, size, MADV_DONTDUMP);
#else
    (void)memory;
    (void)size;
#endif
}

void pages_take_in(void *memory, size_t size)
{
#ifdef MADV_DODUMP
    advise(memory, size, MADV_DODUMP);
#else
    (void)memory;
    (void)size;
#endif
}

bool pages_open(void *memory, size_t size)
{
    return protect(memory, size, PROT_READ | PROT_WRITE) == 0;
}

bool pages_release(void *memory, size_t size)
{
    return advise(memory, size, MADV_DONTNEED);
}

bool pages_populate(void *memory, size_t size)
{
#ifdef MADV_POPULATE_WRITE
    return advise(memory, size, MADV_POPULATE_WRITE);
#else
    (void)memory;
    (void)size;
    return false;
#endif
}
