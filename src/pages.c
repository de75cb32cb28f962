/* SPDX-License-Identifier: MIT */
#include "pages.h"

#include <errno.h>
#include <sys/mman.h>
#include <unistd.h>

#include "mem.h"

size_t pages_size(void)
{
    return (size_t)sysconf(_SC_PAGESIZE);
}

/* Makes every page of the heap present by writing to it. */
static void touch(char *memory, size_t size, size_t page)
{
    for (size_t at = 0; at < size; at += page) {
        ((volatile char *)memory)[at] = 0;
    }
}

static bool prepare(char *memory, const Layout *layout, unsigned flags)
{
    size_t page = pages_size();

#ifdef MADV_HUGEPAGE
    if (flags & MEM_HUGE) {
        int saved = errno;

        /* Only a wish: kernels without huge pages refuse. */
        if (madvise(memory + layout->heap, layout->end_guard - layout->heap, MADV_HUGEPAGE) != 0) {
            errno = saved;
        }
        if (flags & MEM_POPULATE) {
            touch(memory, layout->end_guard, page);
        }
    }
#endif
    /* Before the guards are cut: pages that can't be read can't be locked. */
    if ((flags & MEM_LOCKED) && mlock(memory, layout->end_guard) != 0) {
        return false;
    }
    /* The guard before the heap can be read, so that a link that was overwritten can be tested
     * wherever it leads; it can't be written to, which is what it is for. */
    return mprotect(memory + layout->guard, layout->heap - layout->guard, PROT_READ) == 0 &&
           mprotect(memory + layout->end_guard, page, PROT_NONE) == 0;
}

void *pages_map(const Layout *layout, unsigned flags)
{
    int mapping = MAP_PRIVATE | MAP_ANONYMOUS;
    void *memory;

    if (flags & MEM_SPARSE) {
        mapping |= MAP_NORESERVE;
    }
#ifdef MAP_POPULATE
    if ((flags & (MEM_POPULATE | MEM_HUGE)) == MEM_POPULATE) {
        mapping |= MAP_POPULATE;
    }
#endif
    memory = mmap(NULL, layout->total, PROT_READ | PROT_WRITE, mapping, -1, 0);
    if (memory == MAP_FAILED) {
        return NULL;
    }
    if (!prepare(memory, layout, flags)) {
        int saved = errno;

        pages_unmap(memory, layout->total);
        errno = saved;
        return NULL;
    }
    return memory;
}

void pages_unmap(void *memory, size_t size)
{
    munmap(memory, size);
}

bool pages_release(void *memory, size_t size)
{
    int saved = errno;
    bool done = madvise(memory, size, MADV_DONTNEED) == 0;

    errno = saved;
    return done;
}

bool pages_populate(void *memory, size_t size)
{
#ifdef MADV_POPULATE_WRITE
    int saved = errno;
    bool done = madvise(memory, size, MADV_POPULATE_WRITE) == 0;

    errno = saved;
    return done;
#else
    (void)memory;
    (void)size;
    return false;
#endif
}
