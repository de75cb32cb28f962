/* SPDX-License-Identifier: MIT
 *
 * Handles what an operation finds wrong. Misuses are noted, and reported after unlocking. A damaged
 * index is rebuilt. A map that contradicts itself ends the use of the region. */
#include <errno.h>

#include "region/hook.h"
#include "region/misuse.h"
#include "region/operation.h"
#include "region/view.h"

int operation_error(const Operation *operation, int error)
{
    return operation->heap->broken ? ENOTRECOVERABLE : error;
}

void operation_report(Operation *operation)
{
    int saved = errno;

    for (unsigned i = 0; i < operation->noted; i++) {
        misuse_report(&operation->misuses[i]);
    }
    errno = saved;
}

/* Counts a misuse. Returns the note for details; NULL if there is no room for one. */
static Mem_Misuse *note(Operation *operation, Mem_MisuseKind kind, const void *pointer)
{
    Mem_Misuse *misuse;

    operation->region->misuses++;
    if (operation->noted == OPERATION_MISUSES) {
        return NULL;
    }
    misuse = &operation->misuses[operation->noted++];
    *misuse = (Mem_Misuse){
        .kind = kind, .pointer = pointer, .region = region_handle(operation->region)};
    return misuse;
}

/* Notes the program's block around a position, or the free run there. */
static void tell_block(const Operation *operation, Mem_Misuse *misuse, Pos position)
{
    Granules granules;
    ViewBlock block = view_around(region_view(operation->region, &granules), position);

    misuse->block = heap_address(operation->heap, block.start);
    misuse->block_size = heap_bytes(operation->heap, block.units);
    misuse->block_in_use = block.in_use;
}

void operation_note_bad_pointer(Operation *operation, const void *pointer)
{
    Heap *heap = operation->heap;
    Pos position = heap_position(heap, pointer);
    Mem_Misuse *misuse;

    if (UNLIKELY(heap->broken)) {
        return;
    }
    misuse = note(operation, MEM_MISUSE_OUTSIDE, pointer);
    if (misuse == NULL || position == 0 || !misuse_is_heard()) {
        return;
    }
    tell_block(operation, misuse, position);
    if ((uintptr_t)pointer % operation->region->alignment != 0) {
        misuse->kind = MEM_MISUSE_UNALIGNED;
    } else if (misuse->block_in_use) {
        misuse->kind = MEM_MISUSE_INSIDE;
    } else {
        misuse->kind = MEM_MISUSE_FREED;
    }
}

void operation_end_with_bad_pointer(Operation *operation, const void *pointer)
{
    int error = operation_error(operation, EINVAL);

    operation_note_bad_pointer(operation, pointer);
    operation_end(operation);
    errno = error;
}

void operation_recover(Operation *operation)
{
    Heap *heap = operation->heap;
    Pos block = heap_find_damaged(heap);
    Mem_Misuse *misuse = note(operation, MEM_MISUSE_OVERWRITTEN, NULL);

    if (misuse != NULL && block != 0) {
        misuse->pointer = heap_address(heap, block);
        tell_block(operation, misuse, block);
    }
    if (!heap_rebuild(heap)) {
        region_break(operation->region);
    }
    hook_keep(operation->region);
}
