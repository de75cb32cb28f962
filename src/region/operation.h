/* SPDX-License-Identifier: MIT
 *
 * An operation on a region: its lock, and everything to do if something is wrong. It knows nothing
 * of caches. */
#ifndef MEM_SRC_OPERATION_H
#define MEM_SRC_OPERATION_H

#include "region/region.h"

/* The misuses of one operation that are reported; all are counted. */
enum { OPERATION_MISUSES = 8 };

/* One operation under way. Misuses are noted while the region is locked, before anything is
 * repaired. They are reported in their order when it is unlocked, so that a handler may use the
 * region. */
typedef struct Operation {
    Region *region;
    Heap *heap;          /* the region's */
    bool locked;         /* the lock was taken; a process with one thread takes none */
    unsigned char noted; /* misuses to report, 0 to OPERATION_MISUSES */
    Mem_Misuse misuses[OPERATION_MISUSES]; /* these, in the order in which they were found */
} Operation;

/* Lock and unlock a region. operation_end also reports misuses. */
void operation_begin(Operation *operation, Region *region);
void operation_end(Operation *operation);

/* Unlock the region in between, and lock it again, while the caller works on its own block. */
void operation_pause(Operation *operation);
void operation_resume(Operation *operation);

/* Lock a region to look at it, with its caches hidden, and end that. */
void operation_begin_look(Operation *operation, Region *region);
void operation_end_look(Operation *operation);

/* Do the same for a walk, which calls functions of the program: see lock_begin_walk. The lock is
 * taken even if the process has one thread. operation_end_walk takes an Operation. */
void operation_begin_walk(Operation *operation, Region *region);
void operation_end_walk(void *operation);

/* A request to the heap. */
typedef struct Take {
    size_t alignment; /* bytes, a power of two; 0: any */
    size_t units;     /* units of the block; may exceed any heap's */
} Take;

/* Takes a block from the heap. Returns 0 if there is no room. */
Pos operation_take(Operation *operation, Take take);

/* Gives back a block in use of the heap. */
void operation_give(Operation *operation, Pos block);

/* Notes what is wrong with a pointer that is not the start of a block in use. Finding the block
 * around it takes time in proportion to its size, and is left out if a report would reach
 * nobody. */
void operation_note_bad_pointer(Operation *operation, const void *pointer);

/* Recovers after overwritten links were found: notes the free block, and rebuilds the index; or
 * breaks the region, if the map contradicts itself. */
void operation_recover(Operation *operation);

/* Deals with a result of the heap: recovers, or opens memory. Returns whether the caller may try
 * again, up to OPERATION_TRIES times. */
enum { OPERATION_TRIES = 3 };
bool operation_mend(Operation *operation, HeapResult result);

/* Ends an operation on a pointer that is not the start of a block in use: notes it, and sets errno
 * to EINVAL, or ENOTRECOVERABLE if the region is broken. */
void operation_end_with_bad_pointer(Operation *operation, const void *pointer);

/* Returns the errno for a failed operation: ENOTRECOVERABLE if the region is broken, else
 * `error`. */
int operation_error(const Operation *operation, int error);

/* Reports the noted misuses, after the region is unlocked. */
void operation_report(Operation *operation);

/* Ends an operation that takes a block. Returns its address, or NULL with ENOMEM (ENOTRECOVERABLE
 * if the region is broken). */
void *operation_end_with_block(Operation *operation, Pos block);

#endif
