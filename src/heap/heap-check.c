/* SPDX-License-Identifier: MIT
 *
 * The checker. It trusts only the shape of the heap. It reads the map bit by bit, and then compares
 * the sizes noted there, and the index, with the result.
 *
 * It cannot tell whether a set start bit ought to be set, as long as everything else agrees. */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

#include "heap/blocks.h"
#include "heap/fence.h"
#include "heap/heap.h"
#include "heap/index.h"

typedef struct Report {
    char *message; /* where to write the first fault; NULL if size is 0 */
    size_t size;   /* bytes of the message; 0: write nothing */
} Report;

/* The counts of a walk through the map. */
typedef struct Count {
    size_t used_units;   /* units of blocks in use */
    size_t used_blocks;  /* blocks in use */
    size_t free_blocks;  /* free blocks */
    size_t large_blocks; /* free blocks on shelves and in bins */
} Count;

/* Writes the message of a fault. Returns false, for the caller to pass on. */
__attribute__((__format__(__printf__, 2, 3))) static bool fault(const Report *report,
                                                                const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    if (report->size != 0) {
        vsnprintf(report->message, report->size, format, arguments);
    }
    va_end(arguments);
    return false;
}

/* Returns the next start behind a position, from start bits alone; 0 if there is none. */
static Pos scan_start(Heap *heap, Pos position)
{
    Map map = heap_map(heap);
    Pos base = position & ~(Pos)(MAP_WORD_BITS - 1);
    uint64_t starts = map_load_word(map.starts, position) & ~(bits_mask(position) * 2 - 1);

    while (starts == 0) {
        base += MAP_WORD_BITS;
        if (base > heap->end) {
            return 0;
        }
        starts = map_load_word(map.starts, base);
    }
    return base + (Pos)bits_lowest(starts);
}

static bool check_block(Heap *heap, Pos block, Pos size, const Report *report)
{
    Map map = heap_map(heap);
    void *address = heap_address(heap, block);

    if (map_size(map, block) != size) {
        return fault(report, "block %p: size noted in the map is wrong", address);
    }
    if (map_previous(map, (size_t)block + size) != block) {
        return fault(report, "block %p: not found from the next block", address);
    }
    if (map_is_free(map, block) != map_is_free(map, (size_t)block + size - 1)) {
        return fault(report, "block %p: free at one end, in use at the other", address);
    }
    if (!map_is_free(map, block)) {
        return true;
    }
    if (blocks_next_is_free(heap, block, size)) {
        return fault(report, "block %p: free, and so is the next block", address);
    }
    if (index_is_large(heap, size) && !index_holds_large(index_of(heap), block, size)) {
        return fault(report, "free block %p: not in the class of its size", address);
    }
    return true;
}

static bool check_map(Heap *heap, Count *count, const Report *report)
{
    Map map = heap_map(heap);

    if (!map_is_start(map, heap->first)) {
        return fault(report, "map: no block starts where the heap does");
    }
    if (map_is_free(map, heap->first - 1) || map_is_free(map, heap->end)) {
        return fault(report, "map: the unit before the heap or behind it is free");
    }
    for (Pos block = heap->first; block != heap->end;) {
        Pos next = scan_start(heap, block);

        if (next == 0 || next > heap->end) {
            return fault(report, "block %p: does not end at the fence", heap_address(heap, block));
        }
        if (!check_block(heap, block, next - block, report)) {
            return false;
        }
        if (map_is_free(map, block)) {
            count->free_blocks++;
            count->large_blocks += index_is_large(heap, next - block);
        } else {
            count->used_blocks++;
            count->used_units += next - block;
        }
        block = next;
    }
    return true;
}

/* Checks the list of one size, and adds the number of its blocks to *count. */
static bool check_list(Heap *heap, Pos size, size_t *count, const Report *report)
{
    const Link *head = heap_link(heap, size, heap->shift);
    bool marked = classes_is_marked(heap, size);
    Pos previous = size;

    if (marked != (head->next != size)) {
        return fault(report, "list of size %zu: its bit in the bit array is wrong",
                     heap_bytes(heap, size));
    }
    for (Pos block = head->next; block != size; block = heap_link(heap, block, heap->shift)->next) {
        if (!heap_confirms(heap, block, size)) {
            return fault(report, "list of size %zu: holds %p, not a free block of that size",
                         heap_bytes(heap, size), heap_address(heap, block));
        }
        if (heap_link(heap, block, heap->shift)->previous != previous) {
            return fault(report, "free block %p: its links were overwritten",
                         heap_address(heap, block));
        }
        previous = block;
        ++*count;
    }
    if (head->previous != previous) {
        return fault(report, "list of size %zu: its end is wrong", heap_bytes(heap, size));
    }
    return true;
}

/* Checks the shelves and the bins. */
static bool check_large(Heap *heap, const Count *count, const Report *report)
{
    size_t indexed = 0;

    for (Pos number = heap->classes; number < heap->heads; number++) {
        size_t held = index_count_large(index_of(heap), number, count->large_blocks);

        if (classes_is_marked(heap, number) != (held != 0)) {
            return fault(report, "class %" PRIu32 ": its bit in the bit array is wrong", number);
        }
        indexed += held;
        if (indexed > count->large_blocks) {
            break;
        }
    }
    if (indexed != count->large_blocks) {
        return fault(report, "index: does not hold the %zu large free blocks", count->large_blocks);
    }
    return true;
}

static bool check_index(Heap *heap, const Count *count, const Report *report)
{
    size_t listed = 0;

    for (size_t word = 0; word < MAP_WORD_BITS; word++) {
        bool expected = word < classes_words(heap->heads) && heap->words[word] != 0;

        if (bits_test(heap->summary, word) != expected) {
            return fault(report, "index: the summary bit of word %zu is wrong", word);
        }
    }
    if (classes_next(heap, heap->heads) != 0) {
        return fault(report, "index: a class beyond the last one is marked");
    }
    for (Pos size = 0; size < heap->classes; size++) {
        if (!check_list(heap, size, &listed, report)) {
            return false;
        }
    }
    if (listed + count->large_blocks != count->free_blocks) {
        return fault(report, "index: %zu blocks are in lists, %zu should be", listed,
                     count->free_blocks - count->large_blocks);
    }
    return check_large(heap, count, report);
}

static bool check_totals(const Heap *heap, const Count *count, const Report *report)
{
    if (heap_in_use(heap) != count->used_units) {
        return fault(report, "totals: %zu bytes in use, counted %zu",
                     heap_bytes(heap, heap_in_use(heap)), heap_bytes(heap, count->used_units));
    }
    if (heap->headroom > heap->peak) {
        return fault(report, "totals: the peak is less than what is in use");
    }
    if (heap->blocks != count->free_blocks + count->used_blocks) {
        return fault(report, "totals: %zu blocks, counted %zu", (size_t)heap->blocks,
                     count->free_blocks + count->used_blocks);
    }
    if (heap_used_blocks(heap) != count->used_blocks) {
        return fault(report, "totals: %zu blocks in use, counted %zu", heap_used_blocks(heap),
                     count->used_blocks);
    }
    return true;
}

bool heap_check(Heap *heap, char *message, size_t size)
{
    const Report report = {message, message == NULL ? 0 : size};
    Count count = {0};

    if (report.size != 0) {
        message[0] = '\0';
    }
    if (!fence_holds(heap_address(heap, heap->end))) {
        return fault(&report, "fence %p: overwritten", heap_address(heap, heap->end));
    }
    if (!check_map(heap, &count, &report)) {
        return false;
    }
    if (heap->broken) {
        return fault(&report, "map: was found to contradict itself before");
    }
    return check_index(heap, &count, &report) && check_totals(heap, &count, &report);
}
