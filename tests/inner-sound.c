/* SPDX-License-Identifier: MIT
 *
 * How a region stays safe where a program does not: a map that contradicts itself, and requests
 * that cannot be met. */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>

#include "cached-bed.h"
#include "region/region.h"

enum { SIZE = 1 << 20, BLOCKS = 60, BLOCK = 64 };

static int visit(const Mem_Block *block, void *context)
{
    (void)block;
    (void)context;
    return 0;
}

/* Verifies that nothing of the region is handed out or changed. */
static void verify_refused(const Bed *bed, char *block)
{
    Mem_Stats stats;
    FILE *stream = fopen("/dev/null", "w");

    ck_assert_ptr_nonnull(stream);
    for (size_t size = 0; size < 100000; size = 3 * size + 1) {
        errno = 0;
        ck_assert_ptr_null(Mem_RegionAlloc(bed->region, size));
        ck_assert_int_eq(errno, ENOTRECOVERABLE);
    }
    ck_assert_ptr_null(Mem_RegionCalloc(bed->region, 1, BLOCK));
    ck_assert_int_eq(errno, ENOTRECOVERABLE);
    ck_assert_ptr_null(Mem_RegionAlignedAlloc(bed->region, 64, BLOCK));
    ck_assert_int_eq(errno, ENOTRECOVERABLE);
    for (size_t size = 1; size < 1000; size *= 4) {
        errno = 0;
        ck_assert_ptr_null(Mem_RegionRealloc(bed->region, block, size));
        ck_assert_int_eq(errno, ENOTRECOVERABLE);
    }
    errno = 0;
    ck_assert_uint_eq(Mem_RegionSize(bed->region, block), 0);
    ck_assert_int_eq(errno, ENOTRECOVERABLE);
    errno = 0;
    ck_assert_int_eq(Mem_RegionFree(bed->region, block), -1);
    ck_assert_int_eq(errno, ENOTRECOVERABLE);
    ck_assert_int_eq(Mem_RegionFree(bed->region, NULL), 0);
    errno = 0;
    ck_assert_int_eq(Mem_RegionWalk(bed->region, visit, NULL), -1);
    ck_assert_int_eq(errno, ENOTRECOVERABLE);
    errno = 0;
    ck_assert_int_eq(Mem_RegionGetStats(bed->region, &stats), -1);
    ck_assert_int_eq(errno, ENOTRECOVERABLE);
    for (int format = MEM_TEXT; format <= MEM_JSON; format++) {
        errno = 0;
        ck_assert_int_eq(Mem_RegionDump(bed->region, stream, (Mem_Format)format), -1);
        ck_assert_int_eq(errno, ENOTRECOVERABLE);
    }
    fclose(stream);
}

/* Makes the map contradict itself in one of several ways, at a block in use of 200 units. */
static void contradict(Bed *bed, char *block, int how)
{
    Heap *heap = &region_of(bed->region)->heap;
    Map map = heap_map(heap);
    Pos at = heap_position(heap, block);
    Pos wrong[] = {0, 1, 199, 201, 100000, UINT32_MAX};

    switch (how) {
    case 0:
        map_clear_start(map, at);
        break;
    case 1: /* free at one end */
        map_set_bit(map.free, at);
        break;
    case 2: /* the fence */
        map_clear_start(map, heap->end);
        break;
    case 3: /* the whole map */
        memset(map_word(map.starts, heap->first), 0, (heap->end - heap->first) / 8);
        break;
    default: /* the noted size */
        memcpy(map_word(map.free, at) + MAP_WORD_BYTES, &wrong[how - 4], sizeof(Pos));
    }
}

START_TEST(contradiction_ends_the_use_of_a_region)
{
    enum { WAYS = 10 };

    for (int how = 0; how < 2 * WAYS; how++) {
        bool cached = how >= WAYS;
        Bed bed = cached ? cached_open(0, SIZE) : bed_open(KIND_INSIDE, SIZE);
        char *block, *victim;

        if (cached) {
            cached_warm_up(&bed, BLOCK);
        }
        victim = Mem_RegionAlloc(bed.region, (size_t)5 * UNIT);
        block = Mem_RegionAlloc(bed.region, (size_t)200 * UNIT);
        ck_assert_ptr_nonnull(Mem_RegionAlloc(bed.region, (size_t)200 * UNIT));
        if (how % 2 == 0) { /* found by Check */
            contradict(&bed, block, how % WAYS);
        } else { /* found when the index is rebuilt */
            ck_assert_int_eq(Mem_RegionFree(bed.region, victim), 0);
            contradict(&bed, block, how % WAYS);
            memset(victim, 0xff, 8);
            Mem_RegionAlloc(bed.region, (size_t)5 * UNIT);
        }
        errno = 0;
        ck_assert_int_eq(Mem_RegionCheck(bed.region), -1);
        ck_assert_int_eq(errno, ENOTRECOVERABLE);
        verify_refused(&bed, block);
        ck_assert_int_eq(Mem_RegionCheck(bed.region), -1);
        if (how % 3 != 0) {
            ck_assert_int_eq(Mem_RegionReset(bed.region), 0);
            checked_empty(&bed);
            ck_assert_ptr_nonnull(Mem_RegionAlloc(bed.region, BLOCK));
        }
        bed_close(&bed);
    }
}
END_TEST

static void *break_region(void *argument)
{
    Bed *bed = argument;

    contradict(bed, Mem_RegionAlloc(bed->region, (size_t)200 * UNIT), 0);
    return Mem_RegionCheck(bed->region) == -1 ? argument : NULL;
}

/* Another thread has found the region broken, and does not exist in the child. */
START_TEST(broken_region_stays_so_in_a_child)
{
    Bed bed = cached_open(_i, SIZE);
    pthread_t thread;
    void *result;
    int status;
    pid_t child;

    cached_warm_up(&bed, BLOCK);
    support_run_thread(&thread, break_region, &bed);
    ck_assert_int_eq(pthread_join(thread, &result), 0);
    ck_assert_ptr_nonnull(result);
    child = fork();
    ck_assert_int_ne(child, -1);
    if (child == 0) {
        support_end_child(Mem_RegionAlloc(bed.region, BLOCK) != NULL   ? 1
                          : errno != ENOTRECOVERABLE                   ? 2
                          : Mem_RegionReset(bed.region) != 0           ? 3
                          : Mem_RegionAlloc(bed.region, BLOCK) == NULL ? 4
                                                                       : 0);
    }
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert_int_eq(status, 0);
    ck_assert_ptr_null(Mem_RegionAlloc(bed.region, BLOCK));
    bed_close(&bed);
}
END_TEST

enum { MOVED = 2 << 12 }; /* bytes */

static struct {
    const Bed *bed;
    char *block;
    Mem_Stats stats;
} moving;

/* Looks while the block is being copied. */
static void look_amid_move(int signal)
{
    (void)signal;
    ck_assert_int_eq(Mem_RegionGetStats(moving.bed->region, &moving.stats), 0);
    ck_assert_int_eq(mprotect(moving.block, MOVED, PROT_READ | PROT_WRITE), 0);
}

/* No count is ever too low. */
START_TEST(counts_hold_while_a_block_moves)
{
    struct sigaction action = {.sa_handler = look_amid_move};
    struct sigaction before;
    Bed bed = cached_open(_i, (size_t)16 * SIZE);
    Mem_Stats stats;

    for (int i = 0; i < CACHED_WARM; i++) { /* no block is freed */
        ck_assert_ptr_nonnull(Mem_RegionAlloc(bed.region, BLOCK));
    }
    for (int i = 0; i < BLOCKS; i++) {
        moving.block = Mem_RegionAlignedAlloc(bed.region, support_page(), MOVED);
        ck_assert_ptr_nonnull(moving.block);
        ck_assert_ptr_nonnull(Mem_RegionAlloc(bed.region, (size_t)2 * MOVED));
    }
    moving.bed = &bed;
    ck_assert_int_eq(sigaction(SIGSEGV, &action, &before), 0);
    ck_assert_int_eq(mprotect(moving.block, MOVED, PROT_NONE), 0);
    ck_assert_ptr_nonnull(Mem_RegionRealloc(bed.region, moving.block, (size_t)2 * MOVED));
    ck_assert_int_eq(sigaction(SIGSEGV, &before, NULL), 0);
    ck_assert_uint_eq(moving.stats.frees, 0);
    ck_assert_uint_eq(moving.stats.allocs + moving.stats.aligned_allocs,
                      moving.stats.blocks_in_use);
    stats = bed_stats(&bed);
    ck_assert_uint_eq(stats.frees, 0);
    ck_assert_uint_eq(stats.reallocs, 1);
    ck_assert_uint_eq(stats.allocs + stats.aligned_allocs, stats.blocks_in_use);
    bed_close(&bed);
}
END_TEST

/* Returns how many blocks the heap was given back so far, from caches, too. */
static size_t given(const Bed *bed)
{
    return (size_t)region_of(bed->region)->heap.given;
}

START_TEST(impossible_request_leaves_caches_alone)
{
    static const size_t sizes[] = {SIZE + 1, SIZE, 1 << 24, PTRDIFF_MAX, SIZE_MAX - 7, SIZE_MAX};
    Bed bed;
    size_t before;
    char *blocks[BLOCKS];
    char *block;

    if (_i != 0) {
        support_start_thread();
    }
    bed = cached_open(0, SIZE);
    cached_warm_up(&bed, BLOCK);
    for (int i = 0; i < BLOCKS; i++) {
        blocks[i] = Mem_RegionAlloc(bed.region, BLOCK);
    }
    ck_assert(cached_free_all(&bed, blocks, BLOCKS));
    block = Mem_RegionAlloc(bed.region, BLOCK);
    before = given(&bed);
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        errno = 0;
        ck_assert_ptr_null(Mem_RegionAlloc(bed.region, sizes[i]));
        ck_assert_int_eq(errno, ENOMEM);
        ck_assert_ptr_null(Mem_RegionCalloc(bed.region, 1, sizes[i]));
        ck_assert_ptr_null(Mem_RegionCalloc(bed.region, sizes[i], 2 + SIZE_MAX / SIZE));
        ck_assert_ptr_null(Mem_RegionRealloc(bed.region, block, sizes[i]));
        ck_assert_ptr_null(Mem_RegionAlignedAlloc(bed.region, 64, sizes[i]));
        ck_assert_int_eq(errno, ENOMEM);
    }
    for (size_t alignment = 1 << 24; alignment != 0; alignment *= 2) {
        if (((uintptr_t)bed.first & (alignment - 1)) != 0) {
            ck_assert_ptr_null(Mem_RegionAlignedAlloc(bed.region, alignment, SIZE - 64));
        }
    }
    ck_assert_uint_eq(given(&bed), before);
    /* A request that fits an empty region makes caches settle. */
    ck_assert_ptr_null(Mem_RegionAlloc(bed.region, bed.capacity));
    ck_assert_uint_gt(given(&bed), before);
    ck_assert_int_eq(Mem_RegionFree(bed.region, block), 0);
    bed_close(&bed);
}
END_TEST

int main(void)
{
    TCase *tests = support_begin("sound");

    tcase_add_test(tests, contradiction_ends_the_use_of_a_region);
    tcase_add_loop_test(tests, broken_region_stays_so_in_a_child, 0, CACHED_VARIANTS);
    tcase_add_loop_test(tests, counts_hold_while_a_block_moves, 0, 2);
    tcase_add_loop_test(tests, impossible_request_leaves_caches_alone, 0, 2);
    return support_end();
}
