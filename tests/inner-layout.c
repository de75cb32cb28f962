/* SPDX-License-Identifier: MIT
 *
 * The layout of regions. It is arithmetic only, so regions of all sizes up to the largest are laid
 * out here, even if no machine could have them. */
#include <inttypes.h>

#include "heap/index.h"
#include "region/layout.h"

/* Bytes between the bookkeeping and the heap. */
#define GUARD ((size_t)2 << 20)
#include "cache/pool.h"
#include "region/region.h"
#include "support.h"

/* Verifies the extent of the map: from the word before position 0, since any position below the end
 * is looked up, to the word behind that of the fence, as far as a window reaches. */
static const char *fault_of_map(const Layout *layout, const Heap *heap)
{
    size_t behind = layout->end / MAP_WORD_BITS + 1;
    size_t starts = layout->heads + (size_t)heap->starts;
    size_t free = layout->heads + (size_t)heap->free;
    size_t map_end = layout->heads - (layout->pool == 0 ? sizeof(Region) : CACHES_BYTES);

    if (layout->starts % 8 != 0 || starts % 8 != 0 || layout->free % 8 != 0 || free % 8 != 0) {
        return "alignment of the map";
    }
    if (starts - MAP_WORD_BYTES < layout->starts ||
        starts + (behind + 1) * MAP_WORD_BYTES > layout->free) {
        return "room for the starts";
    }
    if (free - MAP_WORD_BYTES < layout->free || free + (behind + 1) * MAP_WORD_BYTES > map_end) {
        return "room for what is free";
    }
    return NULL;
}

/* Verifies the parts of caches: they come first, the pool and then the tables, with an entry for
 * each granule up to the end. */
static const char *fault_of_tables(const Layout *layout)
{
    size_t granules = granule_of(layout->end) + 1;
    const size_t ends[] = {layout->front + layout->pool,
                           layout->live + granules * GRANULE_UNITS / 8,
                           layout->remote + granules * GRANULE_UNITS / 8,
                           layout->listed + granules * sizeof(Pos),
                           layout->posted + granules * sizeof(Pos),
                           layout->tags + granules * sizeof(uint16_t),
                           layout->offsets + granules * sizeof(uint16_t)};
    const size_t begins[] = {layout->live, layout->remote,  layout->listed, layout->posted,
                             layout->tags, layout->offsets, layout->starts};

    if (layout->pool == 0) {
        return NULL;
    }
    if (layout->pool % PIECE_BYTES != 0) {
        return "pieces";
    }
    for (size_t i = 0; i < sizeof ends / sizeof ends[0]; i++) {
        if (ends[i] > begins[i]) {
            return "room for the tables of caches";
        }
    }
    if (!layout->has_nodes_in_words && layout->nodes < ends[6]) {
        return "nodes in the tables of caches";
    }
    if (layout->listed % sizeof(Pos) != 0 || layout->posted % sizeof(Pos) != 0 ||
        layout->tags % sizeof(uint16_t) != 0 || layout->offsets % sizeof(uint16_t) != 0) {
        return "alignment of the tables of caches";
    }
    return NULL;
}

/* Verifies that threads share no cache line: granules begin at lines, and so do their bits; data
 * that all calls read is on lines of its own. */
static const char *fault_of_lines(const Layout *layout, uintptr_t address)
{
    if (layout->pool == 0) {
        return NULL;
    }
    if ((address + layout->front) % LINE_BYTES != 0 || (address + layout->live) % LINE_BYTES != 0 ||
        (address + layout->remote) % LINE_BYTES != 0) {
        return "cache lines of bits";
    }
    if ((address + layout->heads) % LINE_BYTES != 0 ||
        (GRANULE_UNITS << layout->shift) % LINE_BYTES != 0) {
        return "cache lines of granules";
    }
    if (CACHES_BYTES % LINE_BYTES != 0 || CACHES_BYTES < sizeof(Caches) + sizeof(Region) ||
        layout->free + (layout->end / MAP_WORD_BITS + 3) * MAP_WORD_BYTES >
            layout->heads - CACHES_BYTES) {
        return "room for Caches";
    }
    return NULL;
}

/* Returns the place of the node of a position. */
static size_t node_of(const Layout *layout, const Heap *heap, Pos position)
{
    return layout->heads + (size_t)heap->nodes +
           ((size_t)position >> heap->slot_shift) * heap->node_bytes;
}

static const char *fault_of_nodes(const Layout *layout, const Heap *heap)
{
    size_t units = (size_t)(layout->end - layout->first);
    Pos last = layout->end - layout->classes; /* where the last large block can start */

    if (units < layout->classes) {
        return NULL; /* no block needs a node */
    }
    if (node_of(layout, heap, layout->first) % 8 != 0) {
        return "alignment of nodes";
    }
    /* The checker looks for the node of any position that a link names. */
    if (node_of(layout, heap, layout->end - 1) + sizeof(TreeNode) > layout->heads) {
        return "nodes behind the bookkeeping";
    }
    if (layout->classes < SLOTS_BELOW) {
        size_t begin = node_of(layout, heap, layout->first);
        size_t end = node_of(layout, heap, layout->end - 1) + sizeof(TreeNode);
        size_t words = layout->region + offsetof(Region, heap.words);
        size_t spare = words + classes_words(layout->head_count) * sizeof(uint64_t);

        /* As long as the smallest large block, so that no two share a slot. */
        if ((Pos)1 << heap->slot_shift != layout->classes || heap->node_bytes != sizeof(TreeNode)) {
            return "slots";
        }
        /* Before the map, or in spare words of the bit array. */
        if (begin < layout->nodes ||
            end > (layout->has_nodes_in_words ? words + sizeof heap->words : layout->starts)) {
            return "room for the nodes";
        }
        if (layout->has_nodes_in_words && layout->nodes < spare) {
            return "nodes in the words that are needed";
        }
        return NULL;
    }
    /* In words that lie wholly inside the block, from the first to one before the last. */
    for (Pos at = last - MAP_WORD_BITS; at <= last; at++) {
        size_t node = node_of(layout, heap, at) - (layout->heads + (size_t)heap->free);
        size_t end = (at + layout->classes) / MAP_WORD_BITS - 1;

        if (node != (at / MAP_WORD_BITS + 1) * MAP_WORD_BYTES ||
            node + sizeof(TreeNode) > end * MAP_WORD_BYTES) {
            return "nodes in the map";
        }
    }
    return NULL;
}

/* Verifies the shape of the heap. */
static const char *fault_of_heap(const Layout *layout, const Heap *heap)
{
    size_t unit = (size_t)1 << layout->shift;
    size_t alignment = layout->alignment > unit ? layout->alignment : unit;

    if (heap->shift != layout->shift || heap->classes != layout->classes ||
        heap->heads != layout->head_count || heap->first != layout->first ||
        heap->end != layout->end || heap->size_mask != alignment - 1) {
        return "the heap's shape";
    }
    return NULL;
}

static const char *fault_of_heads(const Layout *layout, const Heap *heap)
{
    size_t units = (size_t)(layout->end - layout->first);
    Bins bins = layout_bins(layout->classes);

    if (layout->classes < CLASSES_MIN || layout->classes > CLASSES_MAX ||
        (layout->classes & (layout->classes - 1)) != 0) {
        return "classes";
    }
    if (heap->shelves_end != bins.shelves_end || heap->shelf_bias != bins.shelf_bias ||
        heap->bin_bias != bins.bin_bias || heap->bin_shift != bins.shift) {
        return "bins";
    }
    if (layout->head_count < layout->classes || layout->head_count > HEADS_MAX ||
        classes_words(layout->head_count) > INDEX_WORDS) {
        return "number of heads";
    }
    if (units >= layout->classes && index_large_class_in(bins, units) >= layout->head_count) {
        return "bins for all blocks";
    }
    /* No bin without possible blocks, apart from the share of the fence and the alignment. */
    units += ((FENCE_BYTES + layout->alignment) >> layout->shift) + 1;
    if (layout->head_count > layout->classes &&
        index_large_class_in(bins, units) + 1 < layout->head_count) {
        return "bins to spare";
    }
    if (index_large_class_in(bins, layout->classes) != layout->classes) {
        return "the first bin";
    }
    return NULL;
}

/* Verifies a layout. */
static void verify(const Layout *layout, uintptr_t address, size_t size, size_t alignment)
{
    size_t unit = (size_t)1 << layout->shift;
    size_t heads_bytes = layout_round_up(layout->head_count * unit,
                                         layout->pool == 0 ? unit : layout->granule_alignment);
    size_t units = (size_t)(layout->end - layout->first);
    const char *wrong = NULL;
    Heap heap;

    layout_shape_heap(layout, &heap);
    if (layout->alignment != alignment || layout->shift < UNIT_SHIFT || layout->shift > 40) {
        wrong = "alignment or unit";
    } else if (layout->first < layout->head_count || layout->end <= layout->first ||
               layout->end > UINT32_MAX - MAP_WORD_BITS) {
        wrong = "positions";
    } else if (layout->free < layout->starts || layout->region < layout->free) {
        wrong = "order of the map";
    } else if (layout->nodes % 8 != 0 || layout->region % 8 != 0) {
        wrong = "alignment of the parts";
    } else if (layout->heads != layout->region + sizeof(Region) ||
               layout->guard != layout->heads + heads_bytes) {
        wrong = "size classes";
    } else if (layout->heap < layout->guard || layout->end_guard < layout->heap ||
               layout->total < layout->end_guard) {
        wrong = "order of the parts";
    } else if (layout->heap != layout->heads + layout->first * unit) {
        wrong = "first position";
    } else if (layout->heap + units * unit + FENCE_BYTES > layout->end_guard) {
        wrong = "room for the fence";
    } else {
        const char *faults[] = {fault_of_heads(layout, &heap), fault_of_heap(layout, &heap),
                                fault_of_map(layout, &heap),   fault_of_nodes(layout, &heap),
                                fault_of_tables(layout),       fault_of_lines(layout, address)};

        for (size_t i = 0; wrong == NULL && i < sizeof faults / sizeof faults[0]; i++) {
            wrong = faults[i];
        }
    }
    if (wrong != NULL) {
        ck_abort_msg("%zu bytes, alignment %zu: %s", size, alignment, wrong);
    }
}

/* Verifies that only heaps with units of the least size have caches. */
static void verify_pool(const Layout *layout, size_t expected)
{
    if (layout->shift != UNIT_SHIFT) {
        expected = 0;
    }
    if (layout->pool != expected) {
        ck_abort_msg("%zu bytes for caches, not %zu", layout->pool, expected);
    }
}

static void verify_mapped(size_t size, size_t alignment, size_t page, bool cached)
{
    size_t least = FENCE_BYTES + alignment; /* room for one block */
    size_t rounded = layout_round_up(size < least ? least : size, page);
    size_t unit;
    Layout layout;

    layout_mapped(&layout, size, alignment, page, cached);
    verify(&layout, 0, size, alignment);
    verify_pool(&layout, cached ? pool_bytes_mapped(rounded) : 0);
    unit = (size_t)1 << layout.shift;
    if (layout.heap % page != 0 || layout.guard % page != 0 || layout.end_guard % page != 0 ||
        layout.front != page || layout.total != layout.end_guard + page ||
        layout.end_guard - layout.heap != rounded) {
        ck_abort_msg("%zu bytes: pages", size);
    }
    if (layout.pool != 0 && layout.heads % page != 0) {
        ck_abort_msg("%zu bytes: granules begin where no pages do", size);
    }
    if (layout.heap - layout.guard < GUARD || layout.heap - layout.guard >= GUARD + page + unit) {
        ck_abort_msg("%zu bytes: a guard of %zu", size, layout.heap - layout.guard);
    }
    if ((size_t)(layout.end - layout.first) * unit !=
        ((rounded - FENCE_BYTES) & ~((alignment > unit ? alignment : unit) - 1))) {
        ck_abort_msg("%zu bytes: %" PRIu32 " units", size, layout.end - layout.first);
    }
    /* Units are no larger than necessary. */
    if (layout.shift > UNIT_SHIFT &&
        rounded >> (layout.shift - 1) < UINT32_MAX - 100000 - (GUARD >> (layout.shift - 1))) {
        ck_abort_msg("%zu bytes: units of %zu", size, unit);
    }
}

START_TEST(mapped_of_every_size)
{
    size_t page = (size_t)4096 << (4 * (_i / 2));
    bool cached = _i % 2 != 0;
    size_t limit = (size_t)PTRDIFF_MAX;

    for (size_t alignment = 8; alignment <= 4096; alignment *= 2) {
        for (size_t size = 1; size < 40 * page; size += page / 8) {
            verify_mapped(size, alignment, page, cached);
        }
        for (size_t size = page; size < limit / 2; size += size / 7 + 1) {
            verify_mapped(size, alignment, page, cached);
        }
        for (unsigned bits = 20; bits < 8 * sizeof(size_t) - 1; bits++) {
            for (size_t less = 0; less < 3; less++) {
                verify_mapped(((size_t)1 << bits) - less * page + (less == 1), alignment, page,
                              cached);
            }
        }
        verify_mapped(limit - 4 * page, alignment, page, cached);
    }
}
END_TEST

/* Returns the most bytes that caches need in the caller's memory; also for more heads, since heaps
 * have caches from a power of two on. */
static size_t caches_bytes(size_t heap_bytes)
{
    size_t granules = heap_bytes / UNIT_BYTES / GRANULE_UNITS + 2;
    size_t pool = pool_bytes_inside(heap_bytes);

    return pool == 0 ? 0
                     : pool + CACHES_BYTES + heap_bytes / 512 +
                           granules * (2 * (GRANULE_UNITS / 8 + sizeof(Pos) + sizeof(uint16_t)));
}

static bool verify_inside(uintptr_t address, size_t size, size_t alignment, bool cached)
{
    Layout layout;
    size_t heap_bytes, one_more;

    if (!layout_inside(&layout, address, size, alignment, cached)) {
        return false;
    }
    verify(&layout, address, size, alignment);
    heap_bytes = layout.end_guard - layout.heap;
    verify_pool(&layout, cached ? pool_bytes_inside(heap_bytes) : 0);
    if (layout.total > size) {
        ck_abort_msg("%zu bytes: takes %zu", size, layout.total);
    }
    if ((address + layout.heap) % alignment != 0) {
        ck_abort_msg("%zu bytes: blocks are not aligned", size);
    }
    /* Almost nothing is left over, except the share of caches that one more unit would bring. */
    one_more = cached && layout.pool == 0 ? caches_bytes(heap_bytes + UNIT_BYTES) : 0;
    if (size - layout.total > 4 * alignment + 2048 + size / 1000 + one_more) {
        ck_abort_msg("%zu bytes: leaves %zu", size, size - layout.total);
    }
    return true;
}

START_TEST(inside_of_every_size)
{
    uintptr_t address = 0x10000 + 8 * (uintptr_t)(_i / 2) * 31;
    bool cached = _i % 2 != 0;

    for (size_t alignment = 8; alignment <= 4096; alignment *= 2) {
        bool fits = false;

        for (size_t size = 0; size < 20000; size += 8) {
            bool fits_now = verify_inside(address, size, alignment, cached);

            if (fits && !fits_now) {
                ck_abort_msg("fits in less than %zu bytes, but not in these", size);
            }
            fits = fits_now;
        }
        ck_assert(fits);
        for (size_t size = 20000; size < (size_t)PTRDIFF_MAX / 2; size += size / 5 + 8) {
            ck_assert(verify_inside(address, size, alignment, cached));
        }
        for (unsigned bits = 14; bits < 8 * sizeof(size_t) - 1; bits++) {
            ck_assert(verify_inside(address, ((size_t)1 << bits) - 8, alignment, cached));
            ck_assert(verify_inside(address, (size_t)1 << bits, alignment, cached));
        }
        ck_assert(verify_inside(address, PTRDIFF_MAX, alignment, cached));
    }
}
END_TEST

/* A few bytes decide whether there are caches, and everything else follows. */
START_TEST(inside_where_caches_begin)
{
    enum { HEAP = 1 << 23 };
    size_t without = 0, with = 0;

    for (size_t size = HEAP; size < HEAP + HEAP / 8; size += 8) {
        Layout layout;

        verify_inside(0x10000, size, 8, true);
        ck_assert(layout_inside(&layout, 0x10000, size, 8, true));
        without += layout.pool == 0;
        with += layout.pool != 0;
        ck_assert(layout.pool != 0 || with == 0);
    }
    ck_assert_uint_gt(without, 0);
    ck_assert_uint_gt(with, 0);
}
END_TEST

START_TEST(rounds_up)
{
    ck_assert_uint_eq(layout_round_up(0, 8), 0);
    ck_assert_uint_eq(layout_round_up(1, 8), 8);
    ck_assert_uint_eq(layout_round_up(8, 8), 8);
    ck_assert_uint_eq(layout_round_up(9, 4096), 4096);
    ck_assert_uint_eq(layout_round_up(PTRDIFF_MAX, 4096), (size_t)PTRDIFF_MAX + 1);
}
END_TEST

/* Verifies the holes in the tables of caches: the whole pages for granules from the open position
 * on. */
static void verify_table_holes(const Layout *layout, Pos open, const Hole *holes)
{
    const size_t tables[] = {layout->live,   layout->remote, layout->listed,
                             layout->posted, layout->tags,   layout->offsets};
    const size_t bytes[] = {GRANULE_UNITS / 8, GRANULE_UNITS / 8, sizeof(Pos),
                            sizeof(Pos),       sizeof(uint16_t),  sizeof(uint16_t)};

    for (int i = HOLE_LIVE; i <= HOLE_OFFSETS; i++) {
        size_t table = tables[i - HOLE_LIVE];
        size_t entry = bytes[i - HOLE_LIVE];

        if (layout->pool == 0) {
            ck_assert_uint_eq(holes[i].end, 0);
        } else if (holes[i].begin != holes[i].end) {
            ck_assert_uint_ge(holes[i].begin, table + (granule_of(open) + 1) * entry);
            ck_assert_uint_le(holes[i].end, table + (granule_of(layout->end) + 1) * entry);
        }
    }
}

/* Verifies the holes of a heap that is open up to a position: they contain nothing that is written
 * to for blocks before it. */
static void verify_holes(const Layout *layout, Pos open, size_t page, const Hole *before)
{
    const size_t strings[] = {layout->starts, layout->free};
    size_t heap_open = layout->heap + ((size_t)(open - layout->first) << layout->shift);
    Hole holes[HOLES];

    layout_holes(layout, open, page, holes);
    for (int i = 0; i < HOLES; i++) {
        ck_assert_uint_eq(holes[i].begin % page + holes[i].end % page, 0);
        ck_assert_uint_le(holes[i].begin, holes[i].end);
        ck_assert_uint_eq(holes[i].end, before[i].end);
        ck_assert_uint_ge(holes[i].begin, before[i].begin);
        ck_assert(open != layout->end || holes[i].begin == holes[i].end);
    }
    verify_table_holes(layout, open, holes);
    for (int i = HOLE_STARTS; i <= HOLE_FREE && open != layout->end; i++) {
        size_t origin = strings[i - HOLE_STARTS] + MAP_WORD_BYTES;

        if (holes[i].begin == holes[i].end) {
            continue;
        }
        /* The last free block may start here: its bits, its size and its node. */
        ck_assert_uint_ge(holes[i].begin,
                          origin + open / 8 + 2 * MAP_WORD_BYTES + sizeof(TreeNode));
        /* And it ends here. */
        ck_assert_uint_le(holes[i].end,
                          origin + (layout->end / MAP_WORD_BITS - 1) * MAP_WORD_BYTES);
    }
    if (open != layout->end) {
        ck_assert_uint_eq(holes[HOLE_HEAP].begin, heap_open & ~(page - 1));
        ck_assert_uint_ge(holes[HOLE_HEAP].end - holes[HOLE_HEAP].begin, LAYOUT_STEP - page);
        ck_assert_uint_ge((size_t)(layout->end - open), layout->classes);
    }
    ck_assert_uint_le(holes[HOLE_HEAP].end,
                      layout->heap + ((size_t)(layout->end - layout->first) << layout->shift));
    ck_assert_uint_le(layout_open_pool(layout, open, page), layout->pool);
}

START_TEST(opened_in_steps)
{
    size_t page = (size_t)4096 << (4 * (_i / 2));
    uintptr_t memory = (uintptr_t)page * 77;

    for (size_t size = (size_t)5 << 20; size < (size_t)PTRDIFF_MAX / 1024;
         size += size / 2 + 12345) {
        Layout layout;
        Hole before[HOLES];
        Pos open;

        layout_mapped(&layout, size, _i % 2 == 0 ? 16 : 4096, page, _i % 2 == 0);
        layout_holes(&layout, layout.first, page, before);
        for (size_t bytes = LAYOUT_STEP; bytes < size; bytes += bytes / 3) {
            open = layout_open_end(&layout, memory, bytes);
            ck_assert(open == layout.end || (size_t)(open - layout.first) >= bytes >> layout.shift);
            if (open != layout.end && (size_t)1 << layout.shift <= page) {
                ck_assert_uint_eq(
                    (memory + layout.heap + ((size_t)(open - layout.first) << layout.shift)) %
                        LAYOUT_STEP,
                    0);
            }
            verify_holes(&layout, open, page, before);
            layout_holes(&layout, open, page, before);
        }
        ck_assert_uint_eq(layout_open_end(&layout, memory, size), layout.end);
        verify_holes(&layout, layout.end, page, before);
    }
}
END_TEST

int main(void)
{
    TCase *tests = support_begin("layout");

    tcase_add_loop_test(tests, mapped_of_every_size, 0, 4);
    tcase_add_loop_test(tests, inside_of_every_size, 0, 8);
    tcase_add_test(tests, inside_where_caches_begin);
    tcase_add_test(tests, rounds_up);
    tcase_add_loop_test(tests, opened_in_steps, 0, 4);
    return support_end();
}
