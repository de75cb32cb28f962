/* SPDX-License-Identifier: MIT
 *
 * libmem: a heap that lives in one fixed region of memory.
 *
 * A region is taken from the operating system with one mmap(), or made inside memory that the
 * caller has already. From then on it serves every request from that memory and never asks for
 * more. Blocks carry no headers: what is in use, and where, is kept in a map outside the blocks.
 *
 * Words used throughout
 *
 *   region     the memory that one heap lives in, with its bookkeeping
 *   block      a run of bytes inside a region, in use or free; no two free blocks are neighbours
 *   unit       8 bytes, the granularity of blocks (16 or more in regions of more than 32 GiB, less 3 MiB)
 *   capacity   the bytes of a region that blocks can be made of
 *   misuse     a call that only a bug can make, such as freeing a block twice
 *
 * Rules that hold for every function
 *
 *   - Sizes are in bytes. A block is at least as large as asked for, a multiple of 8, and aligned
 *     to 8 bytes, or to the region's alignment where that is larger.
 *   - A function that fails returns -1, NULL or 0 as its declaration says, sets errno, and changes
 *     nothing. A function that succeeds leaves errno as it was.
 *   - Where a function takes a region, NULL stands for the default region, the one that Mem_Init
 *     creates. If there is none, the function fails with EINVAL.
 *   - Every function is thread-safe (MT-Safe), except on a region created with MEM_UNLOCKED, whose
 *     calls the program must serialize itself. Creating and destroying a region must not overlap
 *     with other calls on that same region. None is async-signal-safe, nor async-cancel-safe. Dumps
 *     are cancellation points, as writing to a stream is; no other function is one.
 *   - After fork() the child has its own copy of every region and may use it at once, also when the
 *     parent had several threads.
 *   - A thread that uses a region often has a cache there. The cache takes spans from the heap: pieces of
 *     memory that are cut into blocks of one size. The thread allocates and frees these without a lock.
 *     The program does not see spans: what it does not use of them is free for every function here, and all
 *     of that, from the caches of all threads, goes back to the heap before a function fails for lack
 *     of memory. libmem(7) says when caches begin, and how large they get.
 *   - These have no caches: regions created with MEM_EXACT, MEM_REALTIME or MEM_UNLOCKED, with an alignment of
 *     more than 64, or while the environment variable LIBMEM_EXACT is 1; regions of less than 256 KiB, or
 *     8 MiB in the caller's memory, or whose units are not 8 bytes; regions beyond the first sixteen at a
 *     time. A region has one cache for each 64 KiB, 254 at most. Threads beyond these, or beyond the first
 *     1,024 at a time, use the heap itself.
 *   - No operation on a block takes time that depends on the size of the region, on the number of
 *     blocks or on their history; only copying and clearing take time in proportion to the bytes.
 *     Caches make two exceptions: a call that finds no memory first makes the heap's what all caches have,
 *     which takes time in proportion to the memory that was ever in use; and while memory is taken that never
 *     was in use, a call now and then looks through another thread's cache.
 *   - Placement is exact best fit. Blocks of one size are found in constant time by a bit array, as
 *     in: M. Masmano, I. Ripoll, A. Crespo, J. Real, "TLSF: a new dynamic memory allocator for
 *     real-time systems", ECRTS 2004. In a span the block that was freed last is taken first.
 */
#ifndef MEM_H
#define MEM_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#ifdef __cplusplus
extern "C" {
#endif

#if defined(__GNUC__)
#pragma GCC visibility push(default)
/* Of functions that return a new block. Not alloc_size: compilers would take what was asked for as all
 * that may be used, and _FORTIFY_SOURCE would end a program that uses what Mem_Size tells. */
#define MEM_ATTR_NEW __attribute__((__malloc__))
/* Before a union without a name, which C99 does not have. */
#define MEM_ATTR_UNION __extension__
#else
#define MEM_ATTR_NEW
#define MEM_ATTR_UNION
#endif

/* A region. Opaque: programs hold pointers to it only. */
typedef struct Mem_Region Mem_Region;

/* ------------------------------------------------------------------------------------------------
 * The default region
 * --------------------------------------------------------------------------------------------- */

/* Creates the default region, with one mmap().
 *
 * size: 1 to PTRDIFF_MAX bytes, rounded up to whole pages. A fresh region of n bytes (rounded) can
 * hand out one block of n - 16 bytes; the last 16 bytes are a fence that Mem_Check verifies.
 * Bookkeeping is mapped on top of the size asked for, with guards around it: a page before it, and 2 MiB of
 * address space, which never takes memory, between it and the blocks. A page behind these is a guard, too.
 *
 * Returns 0, or -1 with errno set to
 *   EBUSY   there is a default region already
 *   EINVAL  size is 0 or more than PTRDIFF_MAX (a negative int that was passed ends up there)
 *   ENOMEM  or whatever else mmap() or mprotect() reports */
int Mem_Init(size_t size);

/* Allocates a block of at least size bytes. Its contents are not cleared.
 *
 * size: 0 gives the smallest block, 8 bytes. A request of 1 to 8 bytes costs exactly 8, one of n costs n
 *       rounded up to a multiple of the region's alignment. In a region with caches, one of 1 to 32 KiB may be
 *       rounded up by less than a 16th, if that fits. With MEM_EXACT none is.
 *
 * Returns the block, or NULL with errno set to
 *   EINVAL  there is no default region
 *   ENOMEM  no free run of memory is large enough; this is the only reason for ENOMEM, but in a region created
 *           with MEM_SPARSE, where the system may also refuse to open memory (see there)
 *   ENOTRECOVERABLE the region is damaged: see Mem_Check */
void *Mem_Alloc(size_t size) MEM_ATTR_NEW;

/* Frees a block. It goes back to the cache that has its span, whichever thread frees it; or to the heap,
 * where it is merged at once with free neighbours. While it waits in a cache it is neither read nor
 * written to.
 *
 * ptr: NULL does nothing and succeeds.
 *
 * Returns 0, or -1 with errno set to
 *   EINVAL  ptr is not the start of a block in use: freed already, never allocated, inside a block,
 *           not aligned, outside of the region, or there is no region. The heap is unchanged, and
 *           the misuse is reported (see Mem_OnMisuse). That is so whatever the program has written to the
 *           block, and with any number of threads: of several calls that free one block at the same
 *           moment, one succeeds.
 *   ENOTRECOVERABLE the region is damaged: see Mem_Check */
int Mem_Free(void *ptr);

/* Prints the default region to stdout: its totals, a picture of the whole heap in one line, and
 * its blocks with address, size and state, in address order. A long list is cut in the middle, and
 * the cut is marked. Says so if there is no default region. */
void Mem_Dump(void);

/* Allocates a block of count times size bytes, all zero. In a mapped region without MEM_POPULATE and MEM_LOCKED,
 * pages of large blocks are given back to the system rather than cleared, and so are not present before they are
 * used. All of the block that the program could have written to is cleared, be it by mistake: memory that was never
 * handed out, too, but for what is opened for this block (see MEM_SPARSE).
 *
 * Returns the block, or NULL with errno set to
 *   EINVAL  there is no default region
 *   ENOMEM  count times size overflows, or as in Mem_Alloc
 *   ENOTRECOVERABLE the region is damaged: see Mem_Check */
void *Mem_Calloc(size_t count, size_t size) MEM_ATTR_NEW;

/* Changes the size of a block, keeping its contents up to the smaller of both sizes. The block shrinks
 * in place; grows in place into a free block that follows, or moves down into a free block before it;
 * else it moves elsewhere. A block in a span of a cache stays where it is if it has the right size already,
 * or if it is to shrink and there is no other; else it moves. A block that moves has the region's
 * alignment, even if the old one came from Mem_AlignedAlloc. To shrink a block never fails.
 *
 * ptr: NULL makes this Mem_Alloc(size). size: 0 gives the smallest block; it does not free.
 *
 * Returns the block, which may have moved, or NULL with the old block untouched and errno set to
 *   EINVAL  ptr is not the start of a block in use (a misuse, as in Mem_Free), or there is no
 *           default region. A block that was freed is never resized. If another thread frees it while
 *           this call moves it, one of both is told
 *   ENOMEM  as in Mem_Alloc
 *   ENOTRECOVERABLE the region is damaged: see Mem_Check */
void *Mem_Realloc(void *ptr, size_t size);

/* Allocates a block of at least size bytes at a multiple of alignment. What lies free before and
 * after it stays with the heap. A block from a cache is rounded up to a multiple of alignment, which is 4 KiB at
 * most there.
 *
 * alignment: a power of two. Those below the region's alignment are raised to it.
 *
 * Returns the block, or NULL with errno set to
 *   EINVAL  alignment is not a power of two, or there is no default region
 *   ENOMEM  no free run was found. A run of size plus alignment bytes always suffices; a shorter
 *           one that happens to lie right is found if it is among the few best fits, which are
 *           tried first. With MEM_SPARSE, as in Mem_Alloc, too
 *   ENOTRECOVERABLE the region is damaged: see Mem_Check */
void *Mem_AlignedAlloc(size_t alignment, size_t size) MEM_ATTR_NEW;

/* Tells the usable size of a block: at least what was asked for, and all of it may be used.
 *
 * Returns the bytes, or 0 with errno set to
 *   EINVAL  ptr is not the start of a block in use, or is NULL, or there is no default region.
 *           Asking is not a misuse and is not reported
 *   ENOTRECOVERABLE the region is damaged: see Mem_Check */
size_t Mem_Size(const void *ptr);

/* Verifies the whole default region: the map of blocks, the index of free blocks, the totals, the
 * fence, that no two free blocks are neighbours, and that each free block is in the index exactly
 * once, under its size; and that each block of a span is in use or will be found by its cache. Takes time
 * in proportion to the blocks. Moves nothing: blocks that caches have stay there.
 *
 * It cannot tell whether the bytes of a block in use are as the program meant them to be.
 *
 * Returns 0, or -1 with errno set to
 *   EINVAL          there is no default region
 *   ENOTRECOVERABLE something is wrong; Mem_CheckReport tells what and where
 *
 * A region is damaged if its map of blocks contradicts itself, because something wrote to the bookkeeping. That is
 * seen here, or when a call makes the index of free blocks anew. From then on no function hands out or changes
 * anything of the region: each fails with ENOTRECOVERABLE. Mem_RegionReset makes the region sound again, for
 * it forgets all blocks; and it can be destroyed. */
int Mem_Check(void);

/* Mem_Check that also says what is wrong and where, in one line of text without a newline.
 *
 * message, size: where to write the text, as snprintf() would: cut to size - 1 characters and
 * ended with a null byte; empty if all is well. NULL and 0: no text.
 *
 * Returns as Mem_Check. */
int Mem_CheckReport(char *message, size_t size);

/* What a region holds and has done. Byte counts are of whole blocks, that is, of what the program
 * asked for, rounded up. Later versions may put names to what is reserved; the size of the
 * structure stays. */
typedef struct Mem_Stats {
    size_t capacity;         /* bytes that blocks can be made of */
    size_t bytes_in_use;     /* bytes of blocks in use */
    size_t bytes_free;       /* bytes of free blocks; with bytes_in_use: the capacity */
    size_t peak_in_use;      /* most bytes ever in use at a time, since creation or reset; spans of
                            * caches count as a whole */
    size_t largest_free;     /* bytes of the largest free block: a request of so many succeeds */
    size_t blocks_in_use;    /* blocks in use */
    size_t blocks_free;      /* free blocks: what caches have is joined with its free neighbours */
    size_t bookkeeping;      /* bytes mapped or taken besides the capacity; the guards of a mapping,
                            * which never take memory, are not counted */
    uint64_t allocs;         /* calls of Alloc */
    uint64_t callocs;        /* calls of Calloc */
    uint64_t reallocs;       /* calls of Realloc */
    uint64_t aligned_allocs; /* calls of AlignedAlloc */
    uint64_t frees;          /* calls of Free, those that did nothing or failed included */
    uint64_t failures;       /* calls that ended with ENOMEM */
    uint64_t misuses;        /* misuses caught */
    uint64_t
        fragmentation; /* parts per million of bytes_free that are not in the largest free block: what the
                              * largest request cannot have of what is free. Rounded up: 0 only if all that is free
                              * is one block, or nothing is free */
    uint64_t reserved[8]; /* 0 */
} Mem_Stats;

/* Fills in the statistics of the default region. All figures are of one moment. Moves nothing. Where there are
 * caches, it takes time in proportion to the memory that was ever in use.
 *
 * Returns 0, or -1 with errno set to
 *   EINVAL  stats is NULL, or there is no default region
 *   ENOTRECOVERABLE the region is damaged: see Mem_Check */
int Mem_GetStats(Mem_Stats *stats);

/* One block, as a visitor sees it. */
typedef struct Mem_Block {
    void *address; /* where it starts */
    size_t size;   /* its bytes */
    int in_use;    /* 1 in use, 0 free */
    int reserved;  /* 0 */
} Mem_Block;

/* Called for each block. A non-zero return ends the walk. The region is locked while the walk lasts:
 *
 *   - It may read the region, but must not call any function on it, nor wait for a thread that does.
 *   - It may use other regions, if all that use some regions from visitors for others do so in one
 *     order: two threads that each walk what the other wants to use wait for ever.
 *   - It may start threads, and it may fork: the child has the region as it is shown, locked by the
 *     walk, which goes on in both processes. Handlers of fork() must not use the region then. When
 *     another thread forks meanwhile, that does not wait for the walk; handlers of that fork() which
 *     use the region do.
 *   - It may be left by pthread_exit(), by being cancelled, or by a C++ exception: that ends the walk
 *     and unlocks the region. It must not be left by longjmp(). */
typedef int Mem_Visitor(const Mem_Block *block, void *context);

/* Calls visit for each block of the default region, in use or free, in address order. Moves nothing: what
 * caches have is shown as free, joined with its free neighbours.
 *
 * context: handed to visit as it is.
 *
 * Returns 0 when all blocks were visited, or what visit returned if that was not 0, or -1 with
 * errno set to
 *   EINVAL  visit is NULL, or there is no default region
 *   ENOTRECOVERABLE the region is damaged: see Mem_Check */
int Mem_Walk(Mem_Visitor *visit, void *context);

/* Gives the default region back to the operating system. All its blocks are gone with it. Mem_Init
 * may be called again.
 *
 * Returns 0, or -1 with errno set to
 *   EDEADLK the calling thread is in a visitor of Mem_Regions
 *   EINVAL  there is no default region */
int Mem_Exit(void);

/* ------------------------------------------------------------------------------------------------
 * Regions
 * --------------------------------------------------------------------------------------------- */

/* Flags of a region, for Mem_Options. */
#define MEM_POPULATE 0x1u  /* all pages are present when the region is: no page faults later */
#define MEM_LOCKED 0x2u    /* the pages are locked into memory, as by mlock() */
#define MEM_HUGE 0x4u      /* 2 MiB pages where the system offers them; a wish, never an error */
#define MEM_SPARSE 0x8u    /* no swap is reserved: it may be far larger than memory. See below */
#define MEM_UNLOCKED 0x10u /* only one thread at a time uses it: the program sees to that */
#define MEM_EXACT 0x20u    /* no caches: every call goes to the heap, each in constant time */
#define MEM_REALTIME 0x40u /* as MEM_EXACT; the lock's holder inherits priority: libmem(7) */

/* MEM_SPARSE: a region of more than 4 MiB, if it has none of MEM_EXACT, MEM_REALTIME, MEM_POPULATE and
 * MEM_LOCKED, is opened in steps. Memory can be read, but not written to, before blocks come near it. Each
 * step is a multiple of 2 MiB, and an eighth of what is open already, or more. It takes a few system calls,
 * mprotect() and madvise(), in the call that needs it. What is not open is not charged to the process, where
 * the system counts what it promises (vm.overcommit_memory = 2, RLIMIT_DATA), and is not in core files. If
 * the system refuses to open more, a request fails with ENOMEM though a free block is large enough: the
 * region is as it was, and a later request may succeed. */

/* How a region is to be. All zero is the default; so is a NULL pointer to it. Later versions may
 * put names to what is reserved; the size of the structure stays. */
typedef struct Mem_Options {
    size_t alignment;   /* of every block, and what sizes are rounded up to: a power of two up to
                            * 4096. 0 means 8; beyond 16, the capacity is a multiple of it, too */
    unsigned flags;     /* MEM_POPULATE and so on, or-ed */
    unsigned reserved0; /* 0 */
    MEM_ATTR_UNION union {
        const char *name;   /* of the region, or NULL: none. Copied; see below */
        uint64_t name_slot; /* 64 bits, whatever a pointer has */
    };
    uint64_t reserved[5]; /* 0 */
} Mem_Options;

/* The name of a region is UTF-8 text for people. Dumps and lines about misuses show it. The region's own bookkeeping
 * has a copy of it, of at most 47 bytes: of a longer name, the characters at the end are cut off. Control
 * characters, and bytes that are not UTF-8, become '?'. No name is an error. */

/* Creates a region, with one mmap() of its own.
 *
 * size: as in Mem_Init, and enough for one block of the alignment. options: NULL for the defaults.
 *
 * Returns the region, or NULL with errno set to
 *   EINVAL  size is 0 or more than PTRDIFF_MAX, alignment is not a power of two up to 4096, a flag
 *           is unknown, or something reserved is not 0
 *   ENOMEM  or whatever else mmap(), mprotect() or, with MEM_LOCKED, mlock() reports
 *   ENOTSUP MEM_REALTIME, and the system has no mutexes that inherit priority */
Mem_Region *Mem_RegionCreate(size_t size, const Mem_Options *options);

/* Creates the default region with options.
 *
 * size: as in Mem_Init. options: as in Mem_RegionCreate; NULL makes this Mem_Init.
 *
 * Returns 0, or -1 with errno set to
 *   EBUSY   there is a default region already
 *   EINVAL  size is 0 or more than PTRDIFF_MAX, or the options are wrong
 *   ENOMEM  or whatever else mmap(), mprotect() or, with MEM_LOCKED, mlock() reports
 *   ENOTSUP MEM_REALTIME, and the system has no mutexes that inherit priority */
int Mem_InitWith(size_t size, const Mem_Options *options);

/* Makes a region inside memory of the caller's: a static array, a stack buffer, huge pages. Takes no
 * system call. Bookkeeping lives in the same memory, without guard pages. The memory must stay as it is until
 * Mem_RegionDestroy.
 *
 * memory: 8-byte aligned. size: its bytes, up to PTRDIFF_MAX; 1.5 KiB of a small region, 5.3 KiB of
 * 64 KiB, 3.8 percent of 1 MiB and 6.5 percent of 9 MiB or more are bookkeeping (3.3 with MEM_EXACT).
 * options: as in Mem_RegionCreate, but flags that are about mapping (all but MEM_UNLOCKED, MEM_EXACT and
 * MEM_REALTIME) are not allowed.
 *
 * Returns the region, or NULL with errno set to
 *   EINVAL  memory is NULL or not 8-byte aligned, size is too small to hold a region or more than
 *           PTRDIFF_MAX, or the options are wrong
 *   ENOTSUP as in Mem_RegionCreate */
Mem_Region *Mem_RegionCreateAt(void *memory, size_t size, const Mem_Options *options);

/* Ends a region: unmaps it, or just lets go of memory that is the caller's, which nothing writes to from
 * then on. All its blocks are gone with it. No other call on the region may be under way; threads that have
 * used it may live on, or be about to end. While another thread is in Mem_Regions, the call waits until that
 * is over.
 *
 * region: NULL makes this Mem_Exit.
 *
 * Returns 0, or -1 with errno set to
 *   EDEADLK the calling thread is in a visitor of Mem_Regions
 *   EINVAL  region is NULL and there is no default region */
int Mem_RegionDestroy(Mem_Region *region);

/* Frees every block at once; the region is as it was when fresh. Counts of calls go on; the peak
 * starts anew. Takes no time for each block, only for clearing the map of what was ever in use: one
 * byte for every 32, or every 16 where there are caches.
 *
 * Returns 0, or -1 with errno set to
 *   EINVAL  region is NULL and there is no default region */
int Mem_RegionReset(Mem_Region *region);

/* As their namesakes above, on a region. */
void *Mem_RegionAlloc(Mem_Region *region, size_t size) MEM_ATTR_NEW;
void *Mem_RegionCalloc(Mem_Region *region, size_t count, size_t size) MEM_ATTR_NEW;
void *Mem_RegionRealloc(Mem_Region *region, void *ptr, size_t size);
void *Mem_RegionAlignedAlloc(Mem_Region *region, size_t alignment, size_t size) MEM_ATTR_NEW;
int Mem_RegionFree(Mem_Region *region, void *ptr);
size_t Mem_RegionSize(Mem_Region *region, const void *ptr);
int Mem_RegionCheck(Mem_Region *region);
int Mem_RegionCheckReport(Mem_Region *region, char *message, size_t size);
int Mem_RegionGetStats(Mem_Region *region, Mem_Stats *stats);
int Mem_RegionWalk(Mem_Region *region, Mem_Visitor *visit, void *context);

/* Finds the region that an address lies in: the region of a block, say, in code that has to free a block and does
 * not know who allocated it.
 *
 * ptr: any address. It need not be the start of a block, and the block need not be in use: what lies in a region's
 *      capacity, from its first block to the end of its last one, lies in the region. Where a region was made inside a
 *      block of another one, the inner region has what lies in its own capacity; its bookkeeping lies in the block.
 *
 * Takes time in proportion to the logarithm of the number of regions, and does not look at blocks. Other regions may
 * come and go meanwhile. The caller sees to it that the region it is told of is not destroyed.
 *
 * Returns the region, or NULL with errno set to
 *   EINVAL  ptr lies in no region, or is NULL */
Mem_Region *Mem_RegionOf(const void *ptr);

/* Called for each region. A non-zero return ends the visit. While the visit lasts, no region is destroyed: threads
 * that want to destroy one wait. No region is locked.
 *
 *   - It may call every function on every region, but those that destroy a region: they fail with EDEADLK.
 *   - It may create regions. Those are shown, too, if they lie behind the region that is shown.
 *   - It must not wait for a thread that destroys a region.
 *   - It may start threads, and it may fork: the visit goes on in both processes. When another thread forks
 *     meanwhile, that does not wait for the visit.
 *   - It may be left by pthread_exit(), by being cancelled, or by a C++ exception: that ends the visit. It must not
 *     be left by longjmp(). */
typedef int Mem_RegionVisitor(Mem_Region *region, void *context);

/* Calls visit for each region of the process, the default region included, in the order of their first blocks'
 * addresses. Regions that other threads create meanwhile may be shown or not. Of several threads that visit regions,
 * one goes first, and the others wait.
 *
 * context: handed to visit as it is.
 *
 * Returns 0 when all regions were visited, or what visit returned if that was not 0, or -1 with
 * errno set to
 *   EINVAL  visit is NULL */
int Mem_Regions(Mem_RegionVisitor *visit, void *context);

/* How Mem_RegionDump writes. */
typedef enum Mem_Format {
    MEM_TEXT = 0, /* for people, as Mem_Dump */
    MEM_JSON = 1  /* for programs: one object on one line, described in Mem_Dump(3) */
} Mem_Format;

/* Writes a region to a stream. As text, a long list of blocks is cut in the middle; as JSON it is
 * whole.
 *
 * The region is locked while it is looked at, and not while the stream is written to: whoever reads
 * the dump, and the stream's own functions, may use it. What is written is the region at one
 * moment. For that, the list of a JSON object of more than 256 blocks is first noted in memory that is
 * mapped until the function returns, or its thread is cancelled: some 14 bytes for each block. Where
 * the system has no such memory, the list is noted and written piece by piece, and "consistent" is
 * false: the pieces, each true at its moment, together cover the region.
 *
 * Returns 0, or -1 with errno set to
 *   EINVAL  stream is NULL, format is neither of the two, or region is NULL and there is no default
 *           region (in text that is also said on the stream)
 *   EIO     or whatever else writing to the stream reports
 *   ENOTRECOVERABLE the region is damaged: see Mem_Check. What is known of it was written */
int Mem_RegionDump(Mem_Region *region, FILE *stream, Mem_Format format);

/* ------------------------------------------------------------------------------------------------
 * Misuse
 * --------------------------------------------------------------------------------------------- */

/* What kind of misuse was caught. */
typedef enum Mem_MisuseKind {
    MEM_MISUSE_NO_REGION = 1, /* there is no region to free from */
    MEM_MISUSE_OUTSIDE,       /* the pointer is outside of the region's blocks */
    MEM_MISUSE_UNALIGNED,     /* the pointer is not aligned as a block is */
    MEM_MISUSE_INSIDE,        /* the pointer is inside a block in use, not at its start */
    MEM_MISUSE_FREED,         /* the pointer is in free memory: freed already, or never allocated */
    MEM_MISUSE_OVERWRITTEN    /* a free block was written to; it is no longer trusted, and the index
                               * of free blocks was made anew from the map */
} Mem_MisuseKind;

/* One misuse. Later versions may put names to what is reserved. */
typedef struct Mem_Misuse {
    Mem_MisuseKind kind;
    const char *sentence; /* the kind in words, without a newline */
    const void *pointer;  /* what was passed, or the free block that was written to */
    Mem_Region *region;   /* NULL with MEM_MISUSE_NO_REGION */
    const void *block;    /* the block or free run that the pointer lies in; NULL if in none */
    size_t block_size;    /* its bytes, or 0 */
    int block_in_use;     /* 1 in use, 0 free */
    int reserved0;
    uint64_t reserved[4];
} Mem_Misuse;

/* Called at each misuse, on the thread that made it, before the call returns. A call that meets a block
 * that was written to after it was freed goes on and may succeed; with every other misuse it fails. One call
 * may meet several: they are told in the order in which they were found, eight of them at most; all are
 * counted.
 *
 * The region is not locked, and the handler may use it. (Where a visitor makes a misuse of another
 * region, the region that is walked is locked.) The handler may be left by a C++ exception, by the
 * end of its thread, or by longjmp(), if that does not lead out of a visitor. The caller then does
 * not learn what the call has done all the same: blocks that it allocated or moved are lost. */
typedef void Mem_MisuseHandler(const Mem_Misuse *misuse, void *context);

/* Sets the function to be called at each misuse, in any region; NULL: none. After it, what the
 * environment variable LIBMEM_MISUSE says is done:
 *
 *   ignore  the call returns its error; this is the default
 *   warn    one line is written to stderr first
 *   abort   one line is written to stderr, and the process ends with abort()
 *
 * Another value is told on stderr and taken as warn. The variable is read once, at the first misuse,
 * and not at all in set-user-ID programs. */
void Mem_OnMisuse(Mem_MisuseHandler *handler, void *context);

#if defined(__GNUC__)
#pragma GCC visibility pop
#endif

#ifdef __cplusplus
}
#endif

#endif /* MEM_H */
