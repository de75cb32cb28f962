/* SPDX-License-Identifier: MIT
 *
 * The layout of regions: arithmetic only, so regions of all sizes up to the largest are laid out here,
 * whether or not a machine could have them. */
#include <inttypes.h>

#include "layout.h"
#include "region.h"
#include "support.h"

/* What must be true of every layout. */
static void verify(const Layout *layout, size_t size, size_t alignment)
{
    size_t unit = (size_t)1 << layout->shift;
    size_t units = (size_t)(layout->end - layout->first);
    size_t slot_shift = bits_highest(layout->classes);
    size_t words = (layout->region - layout->map) / sizeof(MapWord);
    size_t tree = tree_bytes((Pos)units, (unsigned)slot_shift);
    const char *wrong = NULL;

    if (layout->alignment != alignment || layout->shift < UNIT_SHIFT || layout->shift > 40) {
        wrong = "alignment or unit";
    } else if (layout->classes < CLASSES_MIN || layout->classes > CLASSES_MAX ||
               (layout->classes & (layout->classes - 1)) != 0) {
        wrong = "classes";
    } else if (layout->first < layout->classes || layout->end <= layout->first) {
        wrong = "positions";
    } else if (layout->map % 8 != 0 || layout->tree % 8 != 0 || layout->region % 8 != 0) {
        wrong = "alignment of the parts";
    } else if (layout->heads != layout->region + sizeof(Region) ||
               layout->guard != layout->heads + layout->classes * unit) {
        wrong = "size classes";
    } else if (layout->heap < layout->guard || layout->end_guard < layout->heap ||
               layout->total < layout->end_guard) {
        wrong = "order of the parts";
    } else if (layout->heap != layout->heads + layout->first * unit) {
        wrong = "first position";
    } else if (layout->heap + units * unit + FENCE_BYTES > layout->end_guard) {
        wrong = "room for the fence";
    } else if (words < layout->end / MAP_WORD_BITS + 2) {
        wrong = "words of the map";
    } else if (tree != 0 && layout->tree < layout->map && layout->tree + tree > layout->map) {
        wrong = "room for the tree before the map";
    } else if (tree != 0 && layout->tree >= layout->map &&
               (layout->tree < layout->region + offsetof(Region, heap.words) +
                                   layout->classes / MAP_WORD_BITS * sizeof(uint64_t) ||
                layout->tree + tree > layout->heads)) {
        wrong = "room for the tree in the words";
    }
    if (wrong != NULL) {
        ck_abort_msg("%zu bytes, alignment %zu: %s", size, alignment, wrong);
    }
}

static void verify_mapped(size_t size, size_t alignment, size_t page)
{
    size_t rounded = layout_round_up(size, page);
    size_t unit;
    Layout layout;

    if (rounded - FENCE_BYTES < alignment) {
        return; /* no room for a single block */
    }
    layout_mapped(&layout, size, alignment, page);
    verify(&layout, size, alignment);
    unit = (size_t)1 << layout.shift;
    if (layout.heap % page != 0 || layout.guard % page != 0 || layout.end_guard % page != 0 ||
        layout.total != layout.end_guard + page || layout.end_guard - layout.heap != rounded) {
        ck_abort_msg("%zu bytes: pages", size);
    }
    if ((size_t)(layout.end - layout.first) * unit !=
        ((rounded - FENCE_BYTES) & ~((alignment > unit ? alignment : unit) - 1))) {
        ck_abort_msg("%zu bytes: %" PRIu32 " units", size, layout.end - layout.first);
    }
    /* Units are no larger than they must be. */
    if (layout.shift > UNIT_SHIFT && rounded >> (layout.shift - 1) < UINT32_MAX - 100000) {
        ck_abort_msg("%zu bytes: units of %zu", size, unit);
    }
}

START_TEST(mapped_of_every_size)
{
    size_t page = (size_t)4096 << (4 * _i);
    size_t limit = (size_t)PTRDIFF_MAX;

    for (size_t alignment = 8; alignment <= 4096; alignment *= 2) {
        for (size_t size = 1; size < 40 * page; size += page / 8) {
            verify_mapped(size, alignment, page);
        }
        for (size_t size = page; size < limit / 2; size += size / 7 + 1) {
            verify_mapped(size, alignment, page);
        }
        for (unsigned bits = 20; bits < 8 * sizeof(size_t) - 1; bits++) {
            for (size_t less = 0; less < 3; less++) {
                verify_mapped(((size_t)1 << bits) - less * page + (less == 1), alignment, page);
            }
        }
        verify_mapped(limit - 4 * page, alignment, page);
    }
}
END_TEST

static bool verify_inside(uintptr_t address, size_t size, size_t alignment)
{
    Layout layout;

    if (!layout_inside(&layout, address, size, alignment)) {
        return false;
    }
    verify(&layout, size, alignment);
    if (layout.total > size) {
        ck_abort_msg("%zu bytes: takes %zu", size, layout.total);
    }
    if ((address + layout.heap) % alignment != 0) {
        ck_abort_msg("%zu bytes: blocks are not aligned", size);
    }
    /* Next to nothing is left over. */
    if (size - layout.total > 4 * alignment + 2048 + size / 1000) {
        ck_abort_msg("%zu bytes: leaves %zu", size, size - layout.total);
    }
    return true;
}

START_TEST(inside_of_every_size)
{
    uintptr_t address = 0x10000 + 8 * (uintptr_t)_i * 31;

    for (size_t alignment = 8; alignment <= 4096; alignment *= 2) {
        bool fits = false;

        for (size_t size = 0; size < 20000; size += 8) {
            bool fits_now = verify_inside(address, size, alignment);

            if (fits && !fits_now) {
                ck_abort_msg("fits in less than %zu bytes, but not in these", size);
            }
            fits = fits_now;
        }
        ck_assert(fits);
        for (size_t size = 20000; size < (size_t)PTRDIFF_MAX / 2; size += size / 5 + 8) {
            ck_assert(verify_inside(address, size, alignment));
        }
        for (unsigned bits = 14; bits < 8 * sizeof(size_t) - 1; bits++) {
            ck_assert(verify_inside(address, ((size_t)1 << bits) - 8, alignment));
            ck_assert(verify_inside(address, (size_t)1 << bits, alignment));
        }
        ck_assert(verify_inside(address, PTRDIFF_MAX, alignment));
    }
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

int main(void)
{
    TCase *tests = support_begin("layout");

    tcase_add_loop_test(tests, mapped_of_every_size, 0, 2);
    tcase_add_loop_test(tests, inside_of_every_size, 0, 4);
    tcase_add_test(tests, rounds_up);
    return support_end();
}
