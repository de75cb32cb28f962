/* SPDX-License-Identifier: MIT
 *
 * The general way of Alloc and Free on a region: with its lock, for blocks of every size, and with
 * all that there is to do when something is wrong. Both may be called without trying the fast way
 * first. */
#ifndef MEM_SRC_OPERATIONS_H
#define MEM_SRC_OPERATIONS_H

#include "cache.h"
#include "region.h"

/* Misuses of one operation that are reported; all are counted. */
enum { OPERATION_MISUSES = 8 };

/* One operation under way. Misuses are noted while the region is locked, before anything is repaired, and
 * reported, in their order, when it is locked no more, so that a handler may use the region. */
typedef struct Operation {
    Region *region;
    Heap *heap;
    bool locked;
    unsigned char noted;
    Mem_Misuse misuses[OPERATION_MISUSES];
} Operation;

/* Locks a region, and unlocks it. When this is not the thread that the live bits are for, they end: then all
 * magazines are emptied. */
void operation_begin(Operation *operation, Region *region);
void operation_end(Operation *operation);

/* The two halves of operation_end. */
void operation_unlock(Operation *operation);
void operation_report(Operation *operation);

/* Begins an operation of a thread that has a cache of the region, without waiting for anything. False: somebody
 * has the lock. */
bool operation_try(Operation *operation, Region *region);

/* Unlocks the region in between, while something is done to a block that is the caller's. Live bits may end. */
void operation_pause(Operation *operation, Pos block);
void operation_resume(Operation *operation);

/* Locks a region of which the heap is to be looked at: no block is in a magazine. */
void operation_begin_settled(Operation *operation, Region *region);

/* Brings all blocks in magazines back to the heap of a region that is locked. */
void operation_settle(Operation *operation);

/* operation_begin_settled for calling functions of the program's while the region is locked: they may start the process's second
 * thread, and fork. Ends with operation_end_walk, which takes an Operation. */
void operation_begin_walk(Operation *operation, Region *region);
void operation_end_walk(void *operation);

/* Takes so many units for a program; 0 if there is no such run, in magazines neither. */
Pos operation_take(Operation *operation, size_t units);

/* The same, rounded up if that fits without what magazines have. */
Pos operation_take_rounded(Operation *operation, size_t rounded, size_t units);

/* As operation_take, for an address that is a multiple of alignment, a power of two. */
Pos operation_take_aligned(Operation *operation, size_t alignment, size_t units);

/* Gives back a block in use, be it the program's or from a magazine. */
void operation_give(Operation *operation, Pos block);

/* The block in use at an address, or 0. If it may be one that waits in a magazine, that is looked
 * into. */
Pos operation_find(Operation *operation, const void *pointer);

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

/* Notes a free that was missed: the block was in a magazine already, which is seen when it leaves that. */
void operation_note_missed_free(Operation *operation, Pos block);

/* What errno says of an operation that fails; ENOTRECOVERABLE if the region is broken. */
int operation_error(const Operation *operation, int error);

/* Ends an operation that was to yield a block: its address, or NULL and ENOMEM. */
void *operation_end_with_block(Operation *operation, Pos block);

/* The same for a call of Alloc, which counts also if it yields none. */
void *operation_end_alloc(Operation *operation, Pos block);

/* Takes up to so many blocks for a magazine. */
size_t operation_take_rounds(Operation *operation, size_t units, size_t count, Pos *rounds);

/* A CacheSink, with an Operation: gives blocks of a magazine back to the heap. */
void operation_give_rounds(void *operation, size_t units, Pos *rounds, size_t count);

/* Adds what a cache has counted to what the region has. */
void operation_count(Operation *operation, CacheCounts counts);

void *operation_alloc(Region *region, size_t size);
int operation_free(Region *region, void *pointer);

/* As operation_alloc, for a size in units; damaged: a free block turned out to have been written
 * to, so that the heap is to be rebuilt first. */
void *operation_alloc_units(Region *region, size_t units, bool damaged);

/* Ends what fast_give began. */
int operation_free_rest(Region *region, size_t start, size_t run);

#endif
