/* SPDX-License-Identifier: MIT */
#include "region/layout.h"

#include "cache/pool.h"
#include "heap/index.h"
#include "region/region.h"

/* The most positions for blocks, apart from those of the heads and of spare map words. */
#define POSITIONS_MAX ((size_t)UINT32_MAX - HEADS_MAX - 2 * (size_t)MAP_WORD_BITS)

/* Bytes between the bookkeeping and the heap of a mapping. They cost address space, and bits of the
 * map, whose strings reach down to position 0. */
#define GUARD_BYTES ((size_t)2 << 20)

/* Units of a heap from which on large blocks have their nodes in the map. */
enum { UNITS_WITHOUT_SLOTS = 1 << 15 };

/* Returns the number of sizes that have a list each. With more lists, fewer blocks share one, but
 * their heads take more memory: at most a thousandth of a large heap. In small heaps they compete
 * with the nodes of slots. */
static Pos choose_classes(size_t units)
{
    Pos classes = CLASSES_MAX;
    Pos least = units < UNITS_WITHOUT_SLOTS ? CLASSES_MIN : SLOTS_BELOW;

    while (classes > least && (uint64_t)classes * classes > 4 * (uint64_t)units) {
        classes /= 2;
    }
    return classes;
}

static bool has_slots(Pos classes)
{
    return classes < SLOTS_BELOW;
}

/* Returns log2 of the bins in an octave. */
static unsigned char bin_shift(Pos classes)
{
    return has_slots(classes) ? BIN_SHIFT_MIN : BIN_SHIFT_MAX;
}

static unsigned char slot_shift(Pos classes)
{
    return has_slots(classes) ? (unsigned char)bits_highest(classes) : MAP_WORD_SHIFT;
}

/* Shelves begin where lists end, and bins where shelves end. Each begins with a power of two. */
Bins layout_bins(Pos classes)
{
    Pos shelves_end = has_slots(classes) ? classes : SHELVES_FACTOR * classes;
    Pos shelves = (shelves_end - classes) >> SHELF_SHIFT;
    unsigned shift = bin_shift(classes);

    return (Bins){shelves_end, classes - (classes >> SHELF_SHIFT),
                  classes + shelves - (((Pos)bits_highest(shelves_end) + 1) << shift), shift};
}

/* Returns the number of heads for free blocks of up to `units` units. */
static Pos count_heads(Pos classes, size_t units)
{
    return units < classes ? classes : (Pos)index_large_class_in(layout_bins(classes), units) + 1;
}

/* Returns the bytes of the nodes in slots; 0 if there are no slots. */
static size_t node_bytes(Pos classes, size_t units)
{
    return has_slots(classes) && units >= classes
               ? ((units >> slot_shift(classes)) + 2) * sizeof(TreeNode)
               : 0;
}

/* Places the tables of caches from an offset on. Returns where they end. Each string and table
 * begins at a cache line. */
static size_t place_tables(Layout *layout, size_t at, size_t positions)
{
    size_t granules = (positions >> GRANULE_SHIFT) + 1;
    size_t string = granules * GRANULE_UNITS / 8;

    layout->live = at;
    layout->remote = layout->live + string;
    layout->listed = layout->remote + string;
    layout->posted = layout->listed + granules * sizeof(Pos);
    layout->tags = layout->posted + granules * sizeof(Pos);
    layout->offsets = layout->tags + granules * sizeof(uint16_t);
    return layout_round_up(layout->offsets + granules * sizeof(uint16_t), LINE_BYTES);
}

/* Returns the bytes of the heads, with padding so that granules begin at cache lines or pages. */
static size_t heads_bytes(const Layout *layout)
{
    size_t unit = (size_t)1 << layout->shift;

    return layout_round_up((size_t)layout->head_count << layout->shift,
                           layout->pool != 0 ? layout->granule_alignment : unit);
}

void layout_place_front(Layout *layout, Pos classes, size_t units, size_t space)
{
    size_t at, string, nodes, spare;

    layout->classes = classes;
    layout->head_count = count_heads(classes, units);
    layout->first = (Pos)(heads_bytes(layout) >> layout->shift) + (Pos)space;
    at = layout->pool == 0 ? 0 : place_tables(layout, layout->pool, layout->first + units);
    /* One word before position 0, the positions up to the fence, one word behind it. */
    string = ((layout->first + units) / MAP_WORD_BITS + 3) * MAP_WORD_BYTES;
    nodes = node_bytes(classes, units);
    spare = (INDEX_WORDS - classes_words(layout->head_count)) * sizeof(uint64_t);
    layout->has_nodes_in_words = nodes <= spare;
    layout->nodes = at;
    layout->starts = layout->nodes + (layout->has_nodes_in_words ? 0 : nodes);
    layout->free = layout->starts + string;
    layout->region = layout->free + string;
    if (layout->pool != 0) {
        layout->region += CACHES_BYTES - sizeof(Region);
    }
    layout->heads = layout->region + sizeof(Region);
    layout->guard = layout->heads + heads_bytes(layout);
    if (layout->has_nodes_in_words) {
        layout->nodes = layout->region + offsetof(Region, heap.words) +
                        classes_words(layout->head_count) * sizeof(uint64_t);
    }
}

static void place_front(Layout *layout, size_t heap_bytes, size_t space)
{
    size_t units = heap_bytes >> layout->shift;

    layout_place_front(layout, choose_classes(units), units, space >> layout->shift);
}

/* Places the heap `space` bytes behind the other parts. */
static void place_heap(Layout *layout, size_t heap_bytes, size_t space)
{
    size_t capacity = (heap_bytes - FENCE_BYTES) & ~(layout->alignment - 1);

    layout->heap = layout->guard + space;
    layout->first = (Pos)((layout->heap - layout->heads) >> layout->shift);
    layout->end = layout->first + (Pos)(capacity >> layout->shift);
    layout->end_guard = layout->heap + heap_bytes;
}

static void shift_front(Layout *layout, size_t distance)
{
    layout->nodes += distance;
    layout->starts += distance;
    layout->free += distance;
    layout->region += distance;
    layout->heads += distance;
    layout->guard += distance;
}

static void shift_tables(Layout *layout, size_t distance)
{
    layout->live += distance;
    layout->remote += distance;
    layout->listed += distance;
    layout->posted += distance;
    layout->tags += distance;
    layout->offsets += distance;
}

void layout_mapped(Layout *layout, size_t size, size_t alignment, size_t page, bool pooled)
{
    size_t least = FENCE_BYTES + alignment; /* room for one block */
    size_t heap_bytes = layout_round_up(size < least ? least : size, page);
    size_t guard;

    layout->alignment = alignment;
    for (layout->shift = UNIT_SHIFT;; layout->shift++) {
        guard = layout_round_up(layout_round_up(GUARD_BYTES, page), (size_t)1 << layout->shift);
        if (heap_bytes >> layout->shift < POSITIONS_MAX - (guard >> layout->shift)) {
            break;
        }
    }
    layout->pool = pooled && layout->shift == UNIT_SHIFT ? pool_bytes_mapped(heap_bytes) : 0;
    layout->granule_alignment = page;
    place_front(layout, heap_bytes, guard);
    layout->front = page;
    /* The parts end at a page, since a guard follows. */
    shift_tables(layout, layout->front);
    shift_front(layout, layout_round_up(layout->guard, page) - layout->guard + layout->front);
    place_heap(layout, heap_bytes, guard);
    layout->total = layout->end_guard + page;
}

/* Bytes: the step in which parts of the bookkeeping are opened, and the part of the pool that is
 * always open. */
enum { GRAIN = 1 << 16, POOL_OPEN_MIN = 1 << 20 };

/* Bytes of a map string, before and behind the word of a block's first unit, that are written to:
 * the noted size and the node of a free block. */
enum { STRING_SLACK = 256 };

static Hole hole_between(size_t begin, size_t end, size_t page)
{
    size_t from = layout_round_up(begin, page > GRAIN ? page : GRAIN);
    size_t to = end & ~(page - 1);

    return (Hole){from < to ? from : to, to};
}

/* Returns the closed part of a map string. The end of the string stays open: the last free block
 * ends there. */
static Hole hole_in_string(const Layout *layout, size_t string, Pos open, size_t page)
{
    size_t origin = string + MAP_WORD_BYTES;

    return hole_between(origin + open / 8 + STRING_SLACK, origin + layout->end / 8 - STRING_SLACK,
                        page);
}

/* Returns the closed part of a table that begins at an offset and has `bits` bits for each
 * granule. */
static Hole hole_in_table(size_t table, size_t bits, Pos open, Pos end, size_t page)
{
    return hole_between(table + (granule_of(open) + 1) * bits / 8,
                        table + (granule_of(end) + 1) * bits / 8, page);
}

/* Sets the closed parts of the tables of caches. */
static void hole_tables(const Layout *layout, Pos open, size_t page, Hole *holes)
{
    const struct {
        size_t table, bits;
    } tables[] = {{layout->live, GRANULE_UNITS},        {layout->remote, GRANULE_UNITS},
                  {layout->listed, 8 * sizeof(Pos)},    {layout->posted, 8 * sizeof(Pos)},
                  {layout->tags, 8 * sizeof(uint16_t)}, {layout->offsets, 8 * sizeof(uint16_t)}};

    for (int i = 0; i <= HOLE_OFFSETS - HOLE_LIVE; i++) {
        holes[HOLE_LIVE + i] = layout->pool == 0 ? (Hole){0, 0}
                                                 : hole_in_table(tables[i].table, tables[i].bits,
                                                                 open, layout->end, page);
    }
}

void layout_holes(const Layout *layout, Pos open, size_t page, Hole *holes)
{
    size_t heap_open = (size_t)(open - layout->first) << layout->shift;
    size_t heap_bytes = (size_t)(layout->end - layout->first) << layout->shift;
    size_t pool_open = pool_bytes_mapped(heap_open);

    holes[HOLE_POOL] = layout->pool == 0
                           ? (Hole){0, 0}
                           : hole_between(layout->front + (pool_open < POOL_OPEN_MIN ? POOL_OPEN_MIN
                                                                                     : pool_open),
                                          layout->front + layout->pool, page);
    hole_tables(layout, open, page, holes);
    holes[HOLE_STARTS] = hole_in_string(layout, layout->starts, open, page);
    holes[HOLE_FREE] = hole_in_string(layout, layout->free, open, page);
    holes[HOLE_HEAP] = (Hole){(layout->heap + heap_open) & ~(page - 1),
                              (layout->heap + heap_bytes) & ~(page - 1)};
    for (int i = 0; i < HOLES && open == layout->end; i++) {
        holes[i].begin = holes[i].end;
    }
}

size_t layout_open_pool(const Layout *layout, Pos open, size_t page)
{
    Hole holes[HOLES];

    layout_holes(layout, open, page, holes);
    return holes[HOLE_POOL].begin == holes[HOLE_POOL].end ? layout->pool
                                                          : holes[HOLE_POOL].begin - layout->front;
}

Pos layout_open_end(const Layout *layout, uintptr_t memory, size_t bytes)
{
    size_t heap_bytes = (size_t)(layout->end - layout->first) << layout->shift;
    /* Keeps what remains of the last free block too long for a list. */
    size_t rest = (size_t)CLASSES_MAX << layout->shift;
    uintptr_t heap = memory + layout->heap;
    size_t open;

    if (bytes > heap_bytes) {
        return layout->end;
    }
    open = layout_round_up(heap + bytes, LAYOUT_STEP) - heap;
    if (open >= heap_bytes || heap_bytes - open < (rest > LAYOUT_STEP ? rest : LAYOUT_STEP)) {
        return layout->end;
    }
    return layout->first + (Pos)(open >> layout->shift);
}

/* Places the parts before the heap, with the heads aligned to a unit. */
static void place_front_at(Layout *layout, uintptr_t address, size_t heap_bytes)
{
    size_t alignment;

    layout->front = 0;
    layout->pool = layout->pooled && layout->shift == UNIT_SHIFT ? pool_bytes_inside(heap_bytes)
                                                                 : 0;
    layout->granule_alignment = LINE_BYTES;
    alignment = layout->pool != 0 ? LINE_BYTES : (size_t)1 << layout->shift;
    if (layout->pool != 0) {
        layout->front = -address & (POOL_ALIGNMENT - 1);
    }
    place_front(layout, heap_bytes, layout->alignment);
    shift_tables(layout, layout->front);
    shift_front(layout, layout->front);
    shift_front(layout, -(address + layout->heads) & (alignment - 1));
}

/* Returns the bytes from the end of the heads to the next aligned address. */
static size_t alignment_gap(const Layout *layout, uintptr_t address)
{
    return -(address + layout->guard) & (layout->alignment - 1);
}

bool layout_inside(Layout *layout, uintptr_t address, size_t size, size_t alignment, bool pooled)
{
    size_t fits = 0;
    size_t too_many = size / UNIT_BYTES + 1;

    layout->alignment = alignment;
    layout->pooled = pooled;
    for (layout->shift = UNIT_SHIFT; too_many >= POSITIONS_MAX - alignment; layout->shift++) {
        too_many /= 2;
    }
    /* The parts grow with the units, so bisection finds the most units that fit. */
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

/* Returns the distance from `origin` to `part`. */
static ptrdiff_t distance(size_t origin, size_t part)
{
    return (ptrdiff_t)part - (ptrdiff_t)origin;
}

void layout_shape_heap(const Layout *layout, Heap *heap)
{
    size_t unit = (size_t)1 << layout->shift;
    Bins bins = layout_bins(layout->classes);

    heap->size_mask = (layout->alignment > unit ? layout->alignment : unit) - 1;
    heap->starts = distance(layout->heads, layout->starts + MAP_WORD_BYTES);
    heap->free = distance(layout->heads, layout->free + MAP_WORD_BYTES);
    heap->classes = layout->classes;
    heap->heads = layout->head_count;
    heap->bin_shift = (unsigned char)bins.shift;
    heap->shelves_end = bins.shelves_end;
    heap->shelf_bias = bins.shelf_bias;
    heap->bin_bias = bins.bin_bias;
    heap->slot_shift = slot_shift(layout->classes);
    if (has_slots(layout->classes)) {
        heap->node_bytes = sizeof(TreeNode);
        heap->nodes = distance(layout->heads, layout->nodes) -
                      (ptrdiff_t)((layout->first >> heap->slot_shift) * sizeof(TreeNode));
    } else {
        /* A node is in the map word behind that of the block's first unit. */
        heap->node_bytes = MAP_WORD_BYTES;
        heap->nodes = heap->free + MAP_WORD_BYTES;
    }
    heap->first = layout->first;
    heap->end = heap->open = layout->end;
    heap->shift = layout->shift;
}
