/* SPDX-License-Identifier: MIT
 *
 * libmem: a heap that lives in one fixed region of memory.
 *
 * A region is taken from the operating system with one mmap(), or made inside memory that the
 * program has already. From then on it serves every request from that memory, and never asks for
 * more. Blocks carry no headers: a map outside the blocks records where they begin, and which are
 * in use.
 *
 * Words
 *
 *   region     the memory that one heap lives in, with its bookkeeping
 *   block      a run of bytes inside a region, in use or free; no two free blocks are neighbours
 *   unit       8 bytes; the size of a block is a multiple of it. In regions of 32 GiB or more (to
 *              be exact: of more than 32 GiB less 3 MiB) a unit is larger: read its size for 8
 *   capacity   the bytes of a region that blocks are made of
 *   cache      free blocks of one thread, which it takes and gives without a lock
 *   misuse     a call that only a bug can make, such as freeing a block twice
 *
 * Rules for every function
 *
 *   - Sizes are in bytes.
 *   - A function that fails returns -1, NULL or 0, as its declaration says, sets errno, and changes
 *     nothing. A function that succeeds leaves errno alone.
 *   - Where a function takes a region, NULL stands for the default region, which Mem_Init creates.
 *     If there is none, the function fails with EINVAL.
 *   - By default a misuse is silent: the call returns its error. The environment variable
 *     LIBMEM_MISUSE and Mem_OnMisuse change that.
 *
 * Alignment
 *
 *   Blocks are aligned to 8 bytes, or to the region's alignment if that is larger. A type that
 *   needs more, such as long double, __int128 or __m128, or a structure with one of these, must not
 *   be put in such a block: a mere copy of it may end the program with a signal. For one block use
 *   Mem_AlignedAlloc. For all blocks of a region set `alignment` in Mem_Options.
 *
 * Sizes of blocks
 *
 *   requested                        size of the block
 *   0                                8
 *   up to 1 KiB                      rounded up to 8
 *   1 to 32 KiB, with caches         rounded up to one of 16 sizes between a power of two and the
 *                                    next, so by less than a 16th; to 8 if only that fits
 *   else                             rounded up to 8
 *
 *   In a small region the third row ends at a 2048th of the region, but not below 1 KiB. Where the
 *   region's alignment is larger than 8, read it for 8.
 *
 * Threads
 *
 *   - Every function is thread-safe (MT-Safe), except on a region with MEM_UNLOCKED: the program
 *     serializes its calls. Creating and destroying a region must not overlap with other calls on
 *     the same region.
 *   - None is async-signal-safe, or async-cancel-safe. Dumps are cancellation points, as writing to
 *     a stream is; no other function is one.
 *   - After fork() the child has its own copy of every region and may use it at once, even if the
 *     parent had several threads.
 *
 * Time
 *
 *   The time of a call that allocates, frees or resizes does not depend on the size of the region,
 *   on the number of blocks, or on their history. Copying and clearing take time in proportion to
 *   the bytes. With caches there are two exceptions: a call that finds no memory takes back the
 *   free blocks of all caches, in proportion to the memory that was ever in use; and while the
 *   program takes memory that was never in use, a call now and then looks through another thread's
 *   cache.
 *
 * Caches (skip this if your regions have MEM_EXACT, which turns caches off)
 *
 *   A thread that uses a region often gets a cache there. The cache takes spans from the heap:
 *   pieces of memory that are cut into blocks of one size. The program does not see spans. Their
 *   free blocks are free memory to every function, and before a call fails for lack of memory, all
 *   caches give back what they have. libmem(7) says when caches begin, and how large they get.
 *
 *   caches of a region               one for each 64 KiB, 254 at most
 *   regions with caches at a time    16
 *   threads with caches at a time    1,024
 *   smallest region                  256 KiB; 8 MiB in memory of the program's own
 *   largest alignment                64
 *
 *   Regions with MEM_EXACT, MEM_REALTIME or MEM_UNLOCKED have no caches; nor have regions whose
 *   units are not 8 bytes, or that are created while the environment variable LIBMEM_EXACT is 1.
 *   Other threads use the heap, with its lock.
 *
 * Placement
 *
 *   Best fit: among the free blocks that suffice, the smallest is taken. A bit array finds it in
 *   constant time, as in: M. Masmano, I. Ripoll, A. Crespo, J. Real, "TLSF: a new dynamic memory
 *   allocator for real-time systems", ECRTS 2004. A cache takes the block that was freed last.
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
/* Of functions that return a new block. Not alloc_size: compilers would take the requested size for
 * all that may be used, and _FORTIFY_SOURCE would end a program that uses the rest of a block. */
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
 * give one block of n - 16 bytes. The last 16 bytes are a fence, which Mem_Check verifies.
 * Bookkeeping is mapped on top of the size, with guards around it: a page before it; 2 MiB of
 * address space, which never takes memory, between it and the blocks; and a page behind the blocks.
 *
 * Returns 0, or -1 with errno set to
 *   EBUSY   there is a default region already
 *   EINVAL  size is 0 or more than PTRDIFF_MAX (a negative int that was passed is)
 *   ENOMEM  or any other error of mmap() or mprotect() */
int Mem_Init(size_t size);

/* Allocates a block of at least size bytes. Its contents are not cleared. Its size and alignment
 * are as the tables above say.
 *
 * Returns the block, or NULL with errno set to
 *   EINVAL  there is no default region
 *   ENOMEM  no free run of memory is large enough. (In a region with MEM_SPARSE the system may also
 *           refuse to open memory: see there)
 *   ENOTRECOVERABLE the region is damaged: see Mem_Check */
void *Mem_Alloc(size_t size) MEM_ATTR_NEW;

/* Frees a block. It goes back to the cache that has its span, whichever thread frees it. If it is
 * in no span, it goes back to the heap, which merges it at once with free neighbours. A free block
 * in a cache is neither read nor written.
 *
 * ptr: NULL does nothing and succeeds.
 *
 * Returns 0, or -1 with errno set to
 *   EINVAL  ptr is not the start of a block in use: it was freed already or never allocated, it is
 *           inside a block, not aligned, or outside of the region; or there is no region. The heap
 *           is unchanged, and the misuse is reported (see Mem_OnMisuse). That holds whatever the
 *           program has written to the block, and with any number of threads: of several calls that
 *           free one block at the same moment, one succeeds
 *   ENOTRECOVERABLE the region is damaged: see Mem_Check */
int Mem_Free(void *ptr);

/* Prints the default region to stdout: its totals, a picture of the whole heap in one line, and its
 * blocks with address, size and state, in address order. A long list is cut in the middle, and the
 * cut is marked. If there is no default region, it prints that. */
void Mem_Dump(void);

/* Allocates a block of count times size bytes, all zero.
 *
 * In a mapped region without MEM_POPULATE and MEM_LOCKED, it gives pages of large blocks back to
 * the system rather than clearing them; such pages take no memory before they are used. It clears
 * all memory of the block that the program could have written to, by mistake or not, even memory
 * that was never handed out. It does not clear memory that is opened for this block (MEM_SPARSE).
 *
 * Returns the block, or NULL with errno set to
 *   EINVAL  there is no default region
 *   ENOMEM  count times size overflows, or as in Mem_Alloc
 *   ENOTRECOVERABLE the region is damaged: see Mem_Check */
void *Mem_Calloc(size_t count, size_t size) MEM_ATTR_NEW;

/* Changes the size of a block, and keeps its contents up to the smaller of both sizes. Added bytes
 * are not cleared.
 *
 *   the block                        what happens
 *   shrinks                          it stays in place; this never fails
 *   grows, a free block follows      it stays in place
 *   grows, a free block precedes     it moves down into that block
 *   grows, else                      it moves elsewhere
 *
 * A block in a span of a cache stays if its size is right already, or if it is to shrink and no
 * other block is free; else it moves. A block that moves has the region's alignment, even if the
 * old one came from Mem_AlignedAlloc.
 *
 * ptr: NULL makes this Mem_Alloc(size). size: 0 makes the block the smallest one; it does not free.
 *
 * Returns the block, which may have moved, or NULL with the old block untouched and errno set to
 *   EINVAL  ptr is not the start of a block in use (a misuse, as in Mem_Free), or there is no
 *           default region. A block that was freed is never resized. If another thread frees it
 *           while this call moves it, one of the two calls fails
 *   ENOMEM  as in Mem_Alloc
 *   ENOTRECOVERABLE the region is damaged: see Mem_Check */
void *Mem_Realloc(void *ptr, size_t size);

/* Allocates a block of at least size bytes at a multiple of alignment. Free memory before and after
 * it stays free. A block from a cache has a size that is a multiple of alignment; caches serve
 * alignments of up to 4 KiB.
 *
 * alignment: a power of two. It is raised to the region's alignment if it is smaller.
 *
 * Returns the block, or NULL with errno set to
 *   EINVAL  alignment is not a power of two, or there is no default region
 *   ENOMEM  no free run was found. A free run of size plus alignment bytes always suffices. A
 *           shorter run that lies right suffices if it is among the few best fits, which are tried
 *           first. Also as in Mem_Alloc, with MEM_SPARSE
 *   ENOTRECOVERABLE the region is damaged: see Mem_Check */
void *Mem_AlignedAlloc(size_t alignment, size_t size) MEM_ATTR_NEW;

/* Returns the usable size of a block, which is at least the requested size. All of it may be used.
 *
 * Returns the bytes, or 0 with errno set to
 *   EINVAL  ptr is NULL or not the start of a block in use, or there is no default region. This is
 *           no misuse, and is not reported
 *   ENOTRECOVERABLE the region is damaged: see Mem_Check */
size_t Mem_Size(const void *ptr);

/* Verifies the whole default region: the map of blocks; the index of free blocks (each free block
 * is in it exactly once, under its size); the totals; the fence; that no two free blocks are
 * neighbours; and that each block of a span is in use, or its cache will find it. Moves nothing.
 * Takes time in proportion to the blocks.
 *
 * It knows nothing of the contents of blocks in use.
 *
 * Returns 0, or -1 with errno set to
 *   EINVAL          there is no default region
 *   ENOTRECOVERABLE something is wrong; Mem_CheckReport describes it
 *
 * A region is damaged if its map of blocks contradicts itself, because something wrote to the
 * bookkeeping. This function notices that, and so does a call that makes the index of free blocks
 * anew. From then on no function hands out or changes anything of the region: each fails with
 * ENOTRECOVERABLE. Mem_RegionReset makes the region sound again, because it frees all blocks. The
 * region can also be destroyed. */
int Mem_Check(void);

/* Mem_Check that also describes the first fault that it finds, and where it is, in one line of text
 * without a newline.
 *
 * message, size: where to write the text, as snprintf() would: cut to size - 1 characters and
 * ended with a null byte; empty if nothing is wrong. NULL and 0: no text.
 *
 * Returns as Mem_Check. */
int Mem_CheckReport(char *message, size_t size);

/* The statistics of a region. Bytes are those of whole blocks: of the requested sizes, rounded up.
 * Later versions may give names to reserved members; the size of the structure stays.
 *
 * fragmentation: parts per million of bytes_free that are not in the largest free block, rounded
 * up. 0 only if the free memory is one block, or none. */
typedef struct Mem_Stats {
    size_t capacity;         /* bytes that blocks are made of */
    size_t bytes_in_use;     /* bytes of blocks in use */
    size_t bytes_free;       /* bytes of free blocks; with bytes_in_use: the capacity */
    size_t peak_in_use;      /* most bytes in use at a time since creation or reset; spans count as
                            * a whole */
    size_t largest_free;     /* bytes of the largest free block: a request of that size succeeds */
    size_t blocks_in_use;    /* blocks in use */
    size_t blocks_free;      /* free blocks; those in caches are joined with free neighbours */
    size_t bookkeeping;      /* bytes mapped or taken besides the capacity, without the guards of a
                            * mapping, which never take memory */
    uint64_t allocs;         /* calls of Alloc */
    uint64_t callocs;        /* calls of Calloc */
    uint64_t reallocs;       /* calls of Realloc */
    uint64_t aligned_allocs; /* calls of AlignedAlloc */
    uint64_t frees;          /* calls of Free, including calls that did nothing or failed */
    uint64_t failures;       /* calls that ended with ENOMEM */
    uint64_t misuses;        /* misuses detected */
    uint64_t fragmentation;  /* of the free memory: see above */
    uint64_t reserved[8];    /* 0 */
} Mem_Stats;

/* Fills in the statistics of the default region. All figures are of one moment. Moves nothing. With
 * caches, it takes time in proportion to the memory that was ever in use.
 *
 * Returns 0, or -1 with errno set to
 *   EINVAL  stats is NULL, or there is no default region
 *   ENOTRECOVERABLE the region is damaged: see Mem_Check */
int Mem_GetStats(Mem_Stats *stats);

/* A block, as a visitor sees it. */
typedef struct Mem_Block {
    void *address; /* where it starts */
    size_t size;   /* its bytes */
    int in_use;    /* 1 in use, 0 free */
    int reserved;  /* 0 */
} Mem_Block;

/* Called for each block. A non-zero return ends the walk. The region is locked during the walk:
 *
 *   - It may read the region's memory, but must not call any function on the region, nor wait for a
 *     thread that does.
 *   - It may use other regions. All visitors that use further regions must take the regions in the
 *     same order: two threads wait for ever if each walks a region that the other wants to use.
 *   - It may start threads.
 *   - It may fork. The child has the region in the state that is shown, locked by the walk, and the
 *     walk goes on in both processes. Handlers of fork() must not use the region then. If another
 *     thread forks meanwhile, the fork does not wait for the walk, but its handlers do if they use
 *     the region.
 *   - It may be left by pthread_exit(), by being cancelled, or by a C++ exception: that ends the
 *     walk and unlocks the region. It must not be left by longjmp(). */
typedef int Mem_Visitor(const Mem_Block *block, void *context);

/* Calls visit for each block of the default region, in use or free, in address order. Moves
 * nothing. Free blocks in caches are shown as free, joined with free neighbours.
 *
 * context: passed to visit unchanged.
 *
 * Returns 0 if all blocks were visited, or the value of visit if that was not 0, or -1 with
 * errno set to
 *   EINVAL  visit is NULL, or there is no default region
 *   ENOTRECOVERABLE the region is damaged: see Mem_Check */
int Mem_Walk(Mem_Visitor *visit, void *context);

/* Gives the default region back to the operating system, with all its blocks. Mem_Init may be
 * called again.
 *
 * Returns 0, or -1 with errno set to
 *   EDEADLK the calling thread is in a visitor of Mem_Regions
 *   EINVAL  there is no default region */
int Mem_Exit(void);

/* ------------------------------------------------------------------------------------------------
 * Regions
 * --------------------------------------------------------------------------------------------- */

/* Flags of a region, for Mem_Options. */
#define MEM_POPULATE 0x1u  /* all pages are present from the start: no page faults later */
#define MEM_LOCKED 0x2u    /* the pages are locked into memory, as by mlock() */
#define MEM_HUGE 0x4u      /* 2 MiB pages if the system has them; never an error */
#define MEM_SPARSE 0x8u    /* no swap is reserved: it may be far larger than memory. See below */
#define MEM_UNLOCKED 0x10u /* no lock: the program lets one thread at a time use it */
#define MEM_EXACT 0x20u    /* no caches: every call goes to the heap, in constant time */
#define MEM_REALTIME 0x40u /* MEM_EXACT, and the lock's holder inherits priority: libmem(7) */

/* MEM_SPARSE: a region of more than 4 MiB is opened in steps, unless it has MEM_EXACT,
 * MEM_REALTIME, MEM_POPULATE or MEM_LOCKED. Memory can be read, but not written to, before blocks
 * come near it. Each step is a multiple of 2 MiB, and at least an eighth of the open memory. It
 * takes a few system calls, mprotect() and madvise(), in the call that needs it. Memory that is not
 * open is not in core files, and is not charged to the process where the system counts what it
 * promises (vm.overcommit_memory = 2, RLIMIT_DATA). If the system refuses to open more, a request
 * fails with ENOMEM though a free block is large enough. The region is unchanged then, and a later
 * request may succeed. */

/* The options of a region. All zero is the default, and so is a NULL pointer. Later versions may
 * give names to reserved members; the size of the structure stays.
 *
 * alignment: what every block is aligned to, and what sizes are rounded up to: a power of two up to
 * 4096. Beyond 16, the capacity is a multiple of it, too. */
typedef struct Mem_Options {
    size_t alignment;   /* of every block; 0 means 8 */
    unsigned flags;     /* MEM_POPULATE and so on, or-ed */
    unsigned reserved0; /* 0 */
    MEM_ATTR_UNION union {
        const char *name;   /* of the region, or NULL: none. Copied; see below */
        uint64_t name_slot; /* 64 bits, whatever a pointer has */
    };
    uint64_t reserved[5]; /* 0 */
} Mem_Options;

/* The name of a region is UTF-8 text for people. Dumps and lines about misuses show it. The
 * bookkeeping has a copy of at most 47 bytes; a longer name is cut after a whole character.
 * Control characters, and bytes that are not UTF-8, become '?'. No name is an error. */

/* Creates a region, with one mmap() of its own.
 *
 * size: as in Mem_Init, and enough for one block of the alignment. options: NULL: the defaults.
 *
 * Returns the region, or NULL with errno set to
 *   EINVAL  size is 0 or more than PTRDIFF_MAX, alignment is not a power of two up to 4096, a flag
 *           is unknown, or something reserved is not 0
 *   ENOMEM  or any other error of mmap(), mprotect() or, with MEM_LOCKED, mlock()
 *   ENOTSUP MEM_REALTIME, and the system has no mutexes that inherit priority */
Mem_Region *Mem_RegionCreate(size_t size, const Mem_Options *options);

/* Creates the default region with options.
 *
 * size: as in Mem_Init. options: as in Mem_RegionCreate; NULL makes this Mem_Init.
 *
 * Returns 0, or -1 with errno set to
 *   EBUSY   there is a default region already
 *   EINVAL  size is 0 or more than PTRDIFF_MAX, or the options are wrong
 *   ENOMEM  or any other error of mmap(), mprotect() or, with MEM_LOCKED, mlock()
 *   ENOTSUP MEM_REALTIME, and the system has no mutexes that inherit priority */
int Mem_InitWith(size_t size, const Mem_Options *options);

/* Makes a region inside memory of the program's own: a static array, a stack buffer, huge pages.
 * Makes no system call. The bookkeeping lives in the same memory, without guards. The memory must
 * stay as it is until Mem_RegionDestroy.
 *
 *   size        bookkeeping (on 64 bits)
 *   4 KiB       1.5 KiB
 *   64 KiB      5.3 KiB
 *   1 MiB       3.8 percent
 *   from 9 MiB  6.6 percent, 3.3 with MEM_EXACT
 *
 * memory: 8-byte aligned. size: its bytes, up to PTRDIFF_MAX. options: as in Mem_RegionCreate, but
 * of the flags only MEM_UNLOCKED, MEM_EXACT and MEM_REALTIME are allowed: the others are about
 * mapping.
 *
 * Returns the region, or NULL with errno set to
 *   EINVAL  memory is NULL or not 8-byte aligned, size is too small to hold a region or more than
 *           PTRDIFF_MAX, or the options are wrong
 *   ENOTSUP as in Mem_RegionCreate */
Mem_Region *Mem_RegionCreateAt(void *memory, size_t size, const Mem_Options *options);

/* Ends a region, with all its blocks: unmaps it, or, in memory of the program's own, never writes
 * to it again. No other call on the region may be under way. Threads that have used it may live on,
 * or be about to end. While another thread is in Mem_Regions, the call waits.
 *
 * region: NULL makes this Mem_Exit.
 *
 * Returns 0, or -1 with errno set to
 *   EDEADLK the calling thread is in a visitor of Mem_Regions
 *   EINVAL  region is NULL and there is no default region */
int Mem_RegionDestroy(Mem_Region *region);

/* Frees every block at once. The region is then as it was when fresh; counts of calls go on, and
 * the peak starts anew. The time does not depend on the number of blocks, but on the most memory
 * that was ever in use: the call clears 16 KiB of bookkeeping for each MiB of it, and 51 KiB in a
 * region with caches. In memory of the program's own that is the whole capacity.
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

/* Finds the region that an address lies in. Code that must free a block of unknown origin calls it,
 * for example.
 *
 * ptr: any address. It need not be the start of a block, and the block need not be in use. An
 *      address lies in a region if it lies in the region's capacity: from its first block to the
 *      end of its last one. If a region was made inside a block of another region, addresses in its
 *      capacity belong to the inner region, and its bookkeeping belongs to the outer one.
 *
 * Takes time in proportion to the logarithm of the number of regions, and does not look at blocks.
 * Other regions may come and go meanwhile. The caller must keep the region that is returned from
 * being destroyed.
 *
 * Returns the region, or NULL with errno set to
 *   EINVAL  ptr lies in no region, or is NULL */
Mem_Region *Mem_RegionOf(const void *ptr);

/* Called for each region. A non-zero return ends the visit. During the visit no region is
 * destroyed: threads that want to destroy one wait. No region is locked.
 *
 *   - It may call every function on every region, except those that destroy a region: they fail
 *     with EDEADLK.
 *   - It may create regions. The visit shows them if they lie behind the region that is shown.
 *   - It must not wait for a thread that destroys a region.
 *   - It may start threads, and it may fork: the visit goes on in both processes. If another thread
 *     forks meanwhile, the fork does not wait for the visit.
 *   - It may be left by pthread_exit(), by being cancelled, or by a C++ exception: that ends the
 *     visit. It must not be left by longjmp(). */
typedef int Mem_RegionVisitor(Mem_Region *region, void *context);

/* Calls visit for each region of the process, the default region included, in the order of the
 * addresses of their first blocks. Regions that other threads create meanwhile may be shown or not.
 * If several threads visit regions, one goes first and the others wait.
 *
 * context: passed to visit unchanged.
 *
 * Returns 0 if all regions were visited, or the value of visit if that was not 0, or -1 with
 * errno set to
 *   EINVAL  visit is NULL */
int Mem_Regions(Mem_RegionVisitor *visit, void *context);

/* Formats of Mem_RegionDump. */
typedef enum Mem_Format {
    MEM_TEXT = 0, /* for people, as Mem_Dump */
    MEM_JSON = 1  /* for programs: one object on one line, described in Mem_Dump(3) */
} Mem_Format;

/* Writes a region to a stream. As text, a long list of blocks is cut in the middle. As JSON it is
 * complete.
 *
 * The dump shows the region at one moment. The region is locked while it is looked at, and not
 * while the stream is written to: a reader of the dump, and functions of the stream, may use it.
 *
 * The list of a JSON object of more than 256 blocks is first noted in memory that is mapped until
 * the function returns, or its thread is cancelled: some 14 bytes for each block. If the system
 * refuses that memory, the list is noted and written piece by piece, and "consistent" is false:
 * the pieces, each true at its moment, together cover the region.
 *
 * Returns 0, or -1 with errno set to
 *   EINVAL  stream is NULL, format is neither of the two, or region is NULL and there is no default
 *           region (as text, the stream says so, too)
 *   EIO     or any other error of writing to the stream
 *   ENOTRECOVERABLE the region is damaged: see Mem_Check. The dump has what is known of it */
int Mem_RegionDump(Mem_Region *region, FILE *stream, Mem_Format format);

/* ------------------------------------------------------------------------------------------------
 * Misuse
 * --------------------------------------------------------------------------------------------- */

/* Kinds of misuse. */
typedef enum Mem_MisuseKind {
    MEM_MISUSE_NO_REGION = 1, /* there is no region to free from */
    MEM_MISUSE_OUTSIDE,       /* the pointer is outside of the region's blocks */
    MEM_MISUSE_UNALIGNED,     /* the pointer is not aligned as a block is */
    MEM_MISUSE_INSIDE,        /* the pointer is inside a block in use, not at its start */
    MEM_MISUSE_FREED,         /* the pointer is in free memory: freed already, or never allocated */
    MEM_MISUSE_OVERWRITTEN    /* a free block was written to; the index of free blocks was made anew
                               * from the map */
} Mem_MisuseKind;

/* A misuse. Later versions may give names to reserved members. */
typedef struct Mem_Misuse {
    Mem_MisuseKind kind;
    const char *sentence; /* the kind in words, without a newline */
    const void *pointer;  /* the argument, or the free block that was written to */
    Mem_Region *region;   /* NULL with MEM_MISUSE_NO_REGION */
    const void *block;    /* the block or free run that the pointer lies in; NULL if in none */
    size_t block_size;    /* its bytes, or 0 */
    int block_in_use;     /* 1 in use, 0 free */
    int reserved0;
    uint64_t reserved[4];
} Mem_Misuse;

/* Called at each misuse, on the thread that made it, before the call returns.
 *
 *   - The call then fails. Exception: a call that meets a block that was written to after it was
 *     freed goes on, and may succeed.
 *   - One call may meet several misuses. They are reported in the order in which they were found,
 *     eight of them at most; all are counted.
 *   - The region is not locked, and the handler may use it. (If a visitor makes a misuse of another
 *     region, the region of the walk is locked.)
 *   - The handler may be left by a C++ exception, by the end of its thread, or by longjmp() that
 *     does not lead out of a visitor. The caller then does not learn what the call has done: blocks
 *     that it allocated or moved are lost. */
typedef void Mem_MisuseHandler(const Mem_Misuse *misuse, void *context);

/* Sets the function to be called at each misuse, in any region; NULL: none. After it, libmem does
 * what the environment variable LIBMEM_MISUSE says:
 *
 *   ignore  the call returns its error; this is the default
 *   warn    a line is written to stderr first
 *   abort   a line is written to stderr, and the process ends with abort()
 *
 * Another value counts as warn, and a line on stderr says so. The variable is read once, at the
 * first misuse. Set-user-ID programs ignore it. */
void Mem_OnMisuse(Mem_MisuseHandler *handler, void *context);

/* ------------------------------------------------------------------------------------------------
 * No room
 * --------------------------------------------------------------------------------------------- */

/* The most calls of a handler for one request. */
#define MEM_FULL_TRIES 8

/* A request that finds no room. Later versions may give names to reserved members. */
typedef struct Mem_Full {
    Mem_Region *region; /* the region without room; NULL: that of libmem-malloc.so */
    size_t size;        /* bytes needed, in one piece */
    size_t alignment;   /* of that piece: a power of two */
    unsigned asked;     /* calls for this request so far: 0 to MEM_FULL_TRIES - 1 */
    unsigned reserved0; /* 0 */
    uint64_t reserved[4];
} Mem_Full;

/* Called when a request finds no room, after the free blocks of all caches have gone back to the
 * heap, and before the request fails. It runs on the thread of the request. It may free blocks in
 * the region.
 *
 * Returns 0 to let the request fail, or another value to have it tried again. If it finds no room
 * again, the handler is called again, MEM_FULL_TRIES times at most. Then the request fails with
 * ENOMEM.
 *
 *   - The region is not locked, and the handler may use it. (If a visitor makes the request of
 *     another region, the region of the walk is locked.)
 *   - A request of the handler's own that finds no room fails: no thread is in the handler twice.
 *     Several threads may be in it at the same time.
 *   - It must not wait for anything that the caller of the request may hold, such as a lock.
 *   - It must not free or resize the block that a call of Realloc is about to resize.
 *   - It may be left by the end of its thread. It must not be left by longjmp() or a C++ exception:
 *     it would not be called again on that thread. */
typedef int Mem_FullHandler(const Mem_Full *full, void *context);

/* Sets the function to be called when a request finds no room, in any region; NULL: none. A process
 * has one. It is not called for a request that even the empty region could not meet, nor in a
 * damaged region.
 *
 * libmem-malloc.so exports this function, too, and then also calls it for malloc() and its
 * relatives. */
void Mem_OnFull(Mem_FullHandler *handler, void *context);

#if defined(__GNUC__)
#pragma GCC visibility pop
#endif

#ifdef __cplusplus
}
#endif

#endif /* MEM_H */
