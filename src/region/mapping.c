/* SPDX-License-Identifier: MIT */
#include "region/mapping.h"

#include <errno.h>
#include <stdint.h>
#include <sys/mman.h>

#include "mem.h"
#include "os/pages.h"

/* Protects the guard pages at both ends. */
static bool cut_ends(char *memory, const Layout *layout)
{
    return pages_protect(memory, layout->front, PROT_NONE) &&
           pages_protect(memory + layout->end_guard, layout->total - layout->end_guard, PROT_NONE);
}

/* Makes the guard before the heap read-only. It can be read, so that an overwritten link may be
 * tested wherever it leads. It takes no memory, and is in no core file. */
static bool cut_guard(char *memory, const Layout *layout)
{
    char *guard = memory + layout->guard;
    size_t size = layout->heap - layout->guard;

    if (!pages_protect(guard, size, PROT_READ)) {
        return false;
    }
    if (!pages_release(guard, size)) { /* locked, if the program has called mlockall() */
        pages_unlock(guard, size);
        pages_release(guard, size);
    }
    return true;
}

/* Locks the memory between the guards. */
static bool lock_parts(char *memory, const Layout *layout)
{
    return pages_lock(memory + layout->front, layout->guard - layout->front) &&
           pages_lock(memory + layout->heap, layout->end_guard - layout->heap);
}

static void first_holes(const char *memory, const Layout *layout, Hole *holes)
{
    Pos open = layout_open_end(layout, (uintptr_t)memory, LAYOUT_STEP);

    layout_holes(layout, open, pages_size(), holes);
}

/* Opens the initial parts of a read-only mapping. */
static bool open_parts(char *memory, const Layout *layout)
{
    Hole holes[HOLES];
    size_t at = layout->front;
    bool done = true;

    first_holes(memory, layout, holes);
    for (int i = 0; i < HOLES; i++) {
        if (i == HOLE_HEAP) {
            done = done && pages_protect(memory + at, layout->guard - at, PROT_READ | PROT_WRITE);
            at = layout->heap;
        }
        if (holes[i].begin < holes[i].end) {
            done = done && pages_protect(memory + at, holes[i].begin - at, PROT_READ | PROT_WRITE);
            at = holes[i].end;
        }
    }
    return done && pages_protect(memory + at, layout->end_guard - at, PROT_READ | PROT_WRITE);
}

static bool prepare(char *memory, const Layout *layout, unsigned flags, bool in_steps)
{
    if (!cut_ends(memory, layout) ||
        !(in_steps ? open_parts(memory, layout) : cut_guard(memory, layout))) {
        return false;
    }
    if (flags & MEM_HUGE) {
        pages_want_huge(memory + layout->heap, layout->end_guard - layout->heap);
        if (flags & MEM_POPULATE) {
            pages_touch(memory + layout->front, layout->guard - layout->front);
            pages_touch(memory + layout->heap, layout->end_guard - layout->heap);
        }
    }
    return (flags & MEM_LOCKED) == 0 || lock_parts(memory, layout);
}

void *mapping_create(const Layout *layout, unsigned flags, bool in_steps)
{
    int mapping = MAP_PRIVATE | MAP_ANONYMOUS;
    int protection = in_steps ? PROT_READ : PROT_READ | PROT_WRITE;
    void *memory;

    if (flags & MEM_SPARSE) {
        mapping |= MAP_NORESERVE;
    }
#ifdef MAP_POPULATE
    if ((flags & (MEM_POPULATE | MEM_HUGE)) == MEM_POPULATE) { /* huge pages come first */
        mapping |= MAP_POPULATE;
    }
#endif
    memory = pages_map(layout->total, protection, mapping);
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

void mapping_leave_out(char *memory, const Layout *layout, bool in_steps)
{
    Hole holes[HOLES];

    pages_leave_out(memory + layout->guard, layout->heap - layout->guard);
    first_holes(memory, layout, holes);
    for (int i = 0; i < HOLES && in_steps; i++) {
        if (holes[i].begin < holes[i].end) {
            pages_leave_out(memory + holes[i].begin, holes[i].end - holes[i].begin);
        }
    }
}
