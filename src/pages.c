/* SPDX-License-Identifier: MIT */
#include "pages.h"

#include <elf.h>
#include <errno.h>
#include <stdint.h>
#include <sys/mman.h>
#include <unistd.h>

#include "environment.h"
#include "kernel.h"
#include "mem.h"

enum { ERRNO_END = 4096 /* the kernel's: no address lies in its last page */ };

size_t pages_size(void)
{
    unsigned long size = environment_auxiliary(AT_PAGESZ);

    return size != 0 ? (size_t)size : (size_t)sysconf(_SC_PAGESIZE);
}

/* Maps memory that is all 0; sets errno if the system refuses. While libmem-malloc.so makes its region, it calls
 * no function that others may replace. */
static void *map(size_t size, int protection, int flags)
{
    void *memory;

#if defined(PAGES_BY_KERNEL) && KERNEL_INLINE
#ifdef SYS_mmap2 /* counts in pages where a file begins; SYS_mmap takes no arguments but a pointer there */
    enum { MAP_CALL = SYS_mmap2 };
#else
    enum { MAP_CALL = SYS_mmap };
#endif
    long result = kernel_call(MAP_CALL, 0, (long)size, protection, flags, -1, 0);
    bool failed = result < 0 && result > -ERRNO_END; /* half of short addresses are negative */

    memory = failed ? MAP_FAILED : (void *)result;
    errno = failed ? (int)-result : errno;
#else
    memory = mmap(NULL, size, protection, flags, -1, 0);
#endif
    return memory == MAP_FAILED ? NULL : memory;
}

/* Makes every page of some memory present by writing to it. */
static void touch(char *memory, size_t size, size_t page)
{
    for (size_t at = 0; at < size; at += page) {
        ((volatile char *)memory)[at] = 0;
    }
}

/* Says what may be done with whole pages; sets errno if the system refuses. */
static bool protect(char *memory, size_t size, int protection)
{
    long result = kernel_call(SYS_mprotect, (long)(uintptr_t)memory, (long)size, protection, 0, 0,
                              0);

    if (result < 0) {
        errno = (int)-result;
    }
    return result == 0;
}

/* Gives the system an advice about whole pages. The one place where that is done. */
static bool advise(void *memory, size_t size, int advice)
{
    return kernel_call(SYS_madvise, (long)(uintptr_t)memory, (long)size, advice, 0, 0, 0) == 0;
}

/* Protects the pages at both ends. */
static bool cut_ends(char *memory, const Layout *layout)
{
    return protect(memory, layout->front, PROT_NONE) &&
           protect(memory + layout->end_guard, layout->total - layout->end_guard, PROT_NONE);
}

/* Protects the guard before the heap. It can be read, so that a link that was overwritten can be tested wherever it
 * leads; it can't be written to, which is what it is for. It takes no memory, and is in no core file. */
static bool cut_guard(char *memory, const Layout *layout)
{
    char *guard = memory + layout->guard;
    size_t size = layout->heap - layout->guard;

    if (!protect(guard, size, PROT_READ)) {
        return false;
    }
    if (!pages_release(guard, size)) { /* locked, since the program said so of all that it maps */
        kernel_call(SYS_munlock, (long)(uintptr_t)guard, (long)size, 0, 0, 0, 0);
        pages_release(guard, size);
    }
    return true;
}

/* Locks what is between the guards. */
static bool lock_parts(char *memory, const Layout *layout)
{
    return mlock(memory + layout->front, layout->guard - layout->front) == 0 &&
           mlock(memory + layout->heap, layout->end_guard - layout->heap) == 0;
}

static void first_holes(const char *memory, const Layout *layout, Hole *holes)
{
    Pos open = layout_open_end(layout, (uintptr_t)memory, LAYOUT_STEP);

    layout_holes(layout, open, pages_size(), holes);
}

/* Opens what is to be open at first of a mapping that can't be written to. */
static bool open_parts(char *memory, const Layout *layout)
{
    Hole holes[HOLES];
    size_t at = layout->front;
    bool done = true;

    first_holes(memory, layout, holes);
    for (int i = 0; i < HOLES; i++) {
        if (i == HOLE_HEAP) {
            done = done && protect(memory + at, layout->guard - at, PROT_READ | PROT_WRITE);
            at = layout->heap;
        }
        if (holes[i].begin < holes[i].end) {
            done = done && protect(memory + at, holes[i].begin - at, PROT_READ | PROT_WRITE);
            at = holes[i].end;
        }
    }
    return done && protect(memory + at, layout->end_guard - at, PROT_READ | PROT_WRITE);
}

static bool prepare(char *memory, const Layout *layout, unsigned flags, bool in_steps)
{
    if (!cut_ends(memory, layout) ||
        !(in_steps ? open_parts(memory, layout) : cut_guard(memory, layout))) {
        return false;
    }
#ifdef MADV_HUGEPAGE
    if (flags & MEM_HUGE) {
        /* Only a wish: kernels without huge pages refuse. */
        advise(memory + layout->heap, layout->end_guard - layout->heap, MADV_HUGEPAGE);
        if (flags & MEM_POPULATE) {
            size_t page = pages_size();

            touch(memory + layout->front, layout->guard - layout->front, page);
            touch(memory + layout->heap, layout->end_guard - layout->heap, page);
        }
    }
#endif
    return (flags & MEM_LOCKED) == 0 || lock_parts(memory, layout);
}

void *pages_map(const Layout *layout, unsigned flags, bool in_steps)
{
    int mapping = MAP_PRIVATE | MAP_ANONYMOUS;
    int protection = in_steps ? PROT_READ : PROT_READ | PROT_WRITE;
    void *memory;

    if (flags & MEM_SPARSE) {
        mapping |= MAP_NORESERVE;
    }
#ifdef MAP_POPULATE
    if ((flags & (MEM_POPULATE | MEM_HUGE)) == MEM_POPULATE) {
        mapping |= MAP_POPULATE;
    }
#endif
    memory = map(layout->total, protection, mapping);
    if (memory == NULL) {
        return NULL;
    }
    if (!prepare(memory, layout, flags, in_steps)) {
        int saved = errno;

        pages_unmap(memory, layout->total);
        errno = saved;
        return NULL;
    }
    return memory;
}

void *pages_map_for_now(size_t size)
{
    int saved = errno;
    void *memory = map(size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS);

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

void pages_leave_out(char *memory, const Layout *layout, bool in_steps)
{
#ifdef MADV_DONTDUMP
    Hole holes[HOLES];

    advise(memory + layout->guard, layout->heap - layout->guard, MADV_DONTDUMP);
    first_holes(memory, layout, holes);
    for (int i = 0; i < HOLES && in_steps; i++) {
        if (holes[i].begin < holes[i].end) {
            advise(memory + holes[i].begin, holes[i].end - holes[i].begin, MADV_DONTDUMP);
        }
    }
#else
    (void)memory;
    (void)layout;
    (void)in_steps;
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
    return kernel_call(SYS_mprotect, (long)(uintptr_t)memory, (long)size, PROT_READ | PROT_WRITE, 0,
                       0, 0) == 0;
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
