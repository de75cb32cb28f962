/* SPDX-License-Identifier: MIT
 *
 * An operation on a region: with its lock, and with all that there is to do when something is wrong. Caches are not
 * known here. */
#ifndef MEM_SRC_OPERATION_H
#define MEM_SRC_OPERATION_H

#include "region/region.h"

/* Misuses of one operation that are reported; all are counted. */
enum { OPERATION_MISUSES = 8 };

/* One operation under way. Misuses are noted while the region is locked, before anything is repaired, and
 * reported, in their order, when it is locked no more, so that a handler may use the region. */
typedef struct Operation {
    Region *region;
    Heap *heap;          /* the region's */
    bool locked;         /* the lock was taken: a process with one thread needs none */
    unsigned char noted; /* misuses that are to be reported */
    Mem_Misuse misuses[OPERATION_MISUSES]; /* these, in the order in which they were found */
} Operation;

/* Locks a region, and unlocks it. */
void operation_begin(Operation *operation, Region *region);
void operation_end(Operation *operation);

/* Unlocks the region in between, while something is done to a block that is the caller's. */
void operation_pause(Operation *operation);
void operation_resume(Operation *operation);

/* Locks a region that is only looked at, and keeps its caches from being used. */
void operation_begin_look(Operation *operation, Region *region);
void operation_end_look(Operation *operation);

/* The same, whatever the number of threads, so that functions of the program's may be called meanwhile: see
 * lock_begin_walk. The end takes an Operation. */
void operation_begin_walk(Operation *operation, Region *region);
void operation_end_walk(void *operation);

/* One attempt to take a block from the heap. */
typedef struct Take {
    size_t alignment; /* bytes, a power of two; 0: as it comes */
    size_t units;     /* of the block, SIZE_MAX if no heap has so many */
} Take;

/* Takes a block from the heap; 0 if there is no such run. */
Pos operation_take(Operation *operation, Take take);

/* Gives back a block that is in use for the heap. */
void operation_give(Operation *operation, Pos block);

/* Finds out what is wrong with a pointer that is not the start of a block in use. Looking for the
 * block around it takes time in proportion to its size, so that is left out if nobody hears of
 * it. */
void operation_note_bad_pointer(Operation *operation, const void *pointer);

/* A free block whose links were overwritten was met. Notes which one, and makes the index anew; or, if the map
 * contradicts itself, breaks the region. */
void operation_recover(Operation *operation);

/* Sees to what the heap has found when it was asked for something. True if that may be tried again, which
 * will do at most so many times. */
enum { OPERATION_TRIES = 3 };
bool operation_mend(Operation *operation, HeapResult result);

/* Ends an operation on a pointer that is not the start of a block in use: it is noted, and errno is EINVAL, or
 * ENOTRECOVERABLE if the region is broken. */
void operation_end_with_bad_pointer(Operation *operation, const void *pointer);

/* What errno says of an operation that fails; ENOTRECOVERABLE if the region is broken. */
int operation_error(const Operation *operation, int error);

/* Reports the misuses that were noted: the region is locked no more. */
void operation_report(Operation *operation);

/* Ends an operation that was to yield a block: its address, or NULL and ENOMEM. */
void *operation_end_with_block(Operation *operation, Pos block);

#endif
