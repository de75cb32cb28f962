/* SPDX-License-Identifier: MIT */
#include "layout.h"

#include "bits.h"
#include "region.h"

/* Positions of blocks there can be, beside those of the size classes and of map words to spare. */
#define POSITIONS_MAX ((size_t)UINT32_MAX - CLASSES_MAX - 2 * (size_t)MAP_WORD_BITS)

/* The number of size classes: more of them take more memory for their heads, fewer take more for
 * the nodes of the tree. The sum of both is about least at twice the square root of the units. */
static Pos choose_classes(size_t units)
{
    Pos classes = CLASSES_MAX;

    while (classes > CLASSES_MIN && (uint64_t)classes * classes > 4 * (uint64_t)units) {
        classes /= 2;
    }
    return classes;
}

/* Whether the tree fits into the words for the lists' bit array that small regions do not need. */
static bool tree_fits_words(Pos classes, size_t tree)
{
    return tree <= (CLASS_WORDS - classes / MAP_WORD_BITS) * sizeof(uint64_t);
}

/* Places the parts in front of the heap, which is of heap_bytes and has up to `space` bytes
 * between the size classes and itself. */
static void place_front(Layout *layout, size_t heap_bytes, size_t space)
{
    size_t units = heap_bytes >> layout->shift;
    size_t tree, words;

    layout->classes = choose_classes(units);
    words = (layout->classes + (space >> layout->shift) + units) / MAP_WORD_BITS + 2;
    tree = tree_bytes((Pos)units, (unsigned)bits_highest(layout->classes));
    if (tree_fits_words(layout->classes, tree)) {
        tree = 0;
    }
    layout->map = tree;
    layout->region = layout->map + words * sizeof(MapWord);
    layout->tree = tree != 0 ? 0
                             : layout->region + offsetof(Region, heap.words) +
                                   layout->classes / MAP_WORD_BITS * sizeof(uint64_t);
    layout->heads = layout->region + sizeof(Region);
    layout->guard = layout->heads + ((size_t)layout->classes << layout->shift);
}

/* Places the heap behind them, `space` bytes off. */
static void place_heap(Layout *layout, size_t heap_bytes, size_t space)
{
    size_t capacity = (heap_bytes - FENCE_BYTES) & ~(layout->alignment - 1);

    layout->heap = layout->guard + space;
    layout->first = layout->classes + (Pos)(space >> layout->shift);
    layout->end = layout->first + (Pos)(capacity >> layout->shift);
    layout->end_guard = layout->heap + heap_bytes;
}

static void shift_front(Layout *layout, size_t distance)
{
    layout->map += distance;
    layout->tree += distance;
    layout->region += distance;
    layout->heads += distance;
    layout->guard += distance;
}

void layout_mapped(Layout *layout, size_t size, size_t alignment, size_t page)
{
    size_t least = FENCE_BYTES + alignment; /* room for one block */
    size_t heap_bytes = layout_round_up(size < least ? least : size, page);
    size_t guard;

    layout->alignment = alignment;
    for (layout->shift = UNIT_SHIFT;; layout->shift++) {
        guard = layout_round_up(page, (size_t)1 << layout->shift);
        if (heap_bytes >> layout->shift < POSITIONS_MAX - (guard >> layout->shift)) {
            break;
        }
    }
    place_front(layout, heap_bytes, guard);
    /* The parts end where a page does, so that the guard page can follow. */
    shift_front(layout, layout_round_up(layout->guard, page) - layout->guard);
    place_heap(layout, heap_bytes, guard);
    layout->total = layout->end_guard + page;
}

/* Places the parts in front of the heap so that the size classes are aligned to a unit. */
static void place_front_at(Layout *layout, uintptr_t address, size_t heap_bytes)
{
    place_front(layout, heap_bytes, layout->alignment);
    shift_front(layout, -(address + layout->heads) & (((size_t)1 << layout->shift) - 1));
}

/* Bytes from the size classes to the first address behind them that is aligned. */
static size_t alignment_gap(const Layout *layout, uintptr_t address)
{
    return -(address + layout->guard) & (layout->alignment - 1);
}

bool layout_inside(Layout *layout, uintptr_t address, size_t size, size_t alignment)
{
    size_t fits = 0;
    size_t too_many = size / UNIT_BYTES + 1;

    layout->alignment = alignment;
    for (layout->shift = UNIT_SHIFT; too_many >= POSITIONS_MAX - alignment; layout->shift++) {
        too_many /= 2;
    }
    /* What the parts take grows with the units, so that the most that fit are found by halving. */
    while (too_many - fits > 1) {
        size_t units = fits + (too_many - fits) / 2;

        place_front_at(layout, address, units << layout->shift);
        if (layout->guard + alignment_gap(layout, address) + (units << layout->shift) <= size) {
            fits = units;
        } else {
            too_many = units;
        }
    }
    if (fits << layout->shift < FENCE_BYTES + alignment) {
        return false;
    }
    place_front_at(layout, address, fits << layout->shift);
    place_heap(layout, fits << layout->shift, alignment_gap(layout, address));
    layout->total = layout->end_guard;
    return true;
}

void layout_shape_heap(const Layout *layout, Heap *heap)
{
    size_t unit = (size_t)1 << layout->shift;

    heap->fast_classes = layout->shift == UNIT_SHIFT ? layout->classes : 0;
    heap->fast_end = layout->shift == UNIT_SHIFT ? layout->end : 0;
    heap->size_mask = (layout->alignment > unit ? layout->alignment : unit) - 1;
    heap->classes = layout->classes;
    heap->first = layout->first;
    heap->end = layout->end;
    heap->shift = layout->shift;
    tree_init(&heap->tree, layout->first, layout->end - layout->first,
              (unsigned)bits_highest(layout->classes),
              (ptrdiff_t)layout->tree -
                  (ptrdiff_t)(layout->heads - sizeof(Heap) + offsetof(Heap, tree)));
}
