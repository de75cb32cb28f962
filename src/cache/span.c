/* SPDX-License-Identifier: MIT */
#include "cache/span.h"

#include "heap/blocks.h"
#include "heap/index.h"

enum {
    WASTE_SHARE = 16, /* at most this part of a span is left over … */
    LENGTHS_TRIED = 8 /* … or the least among this many lengths */
};

/* Returns the granules of a span with blocks of `units` units. */
static size_t choose_length(size_t units)
{
    size_t least = (units + GRANULE_UNITS - 1) / GRANULE_UNITS;
    size_t best = 0;
    size_t best_left = 0;

    for (size_t length = least; length < least + LENGTHS_TRIED; length++) {
        size_t left = length * GRANULE_UNITS % units;

        if (best == 0 || left * best < best_left * length) { /* compares left / length */
            best = length;
            best_left = left;
        }
        if (left * WASTE_SHARE <= length * GRANULE_UNITS) {
            break;
        }
    }
    return best;
}

SpanShape span_shape(const Granules *granules, size_t size_class)
{
    size_t units = sizes_units(size_class);
    size_t length = __atomic_load_n(&granules->lengths[size_class], __ATOMIC_RELAXED);

    if (length == 0) {
        length = choose_length(units);
        __atomic_store_n(&granules->lengths[size_class], (unsigned char)length, __ATOMIC_RELAXED);
    }
    return (SpanShape){units, length * GRANULE_UNITS / units, length};
}

bool span_next(const Granules *granules, size_t *at, size_t end, SpanShape *shape)
{
    for (; *at < end; ++*at) {
        unsigned tag = granule_tag(granules->tags, granule_start(*at));

        if (tag != 0) {
            *shape = span_shape(granules, tag_class(tag));
            return true;
        }
    }
    return false;
}

static size_t span_units(SpanShape shape)
{
    return shape.granules * GRANULE_UNITS;
}

void span_set_tags(const Granules *granules, size_t first, SpanShape shape, unsigned tag)
{
    for (size_t i = 0; i < shape.granules; i++) {
        __atomic_store_n(&granules->offsets[first + i], (uint16_t)i, __ATOMIC_RELAXED);
        granule_set_tag(granules, first + i, tag);
    }
}

HeapResult span_take(const Granules *granules, Heap *heap, unsigned tag, SpanShape shape,
                     size_t *first)
{
    Pos block = 0;
    HeapResult result = heap_take_multiple(heap, GRANULE_UNITS, span_units(shape), &block);

    if (result == HEAP_OK) {
        *first = granule_of(block);
        span_set_tags(granules, *first, shape, tag);
        /* A thread that sees a live bit of a span sees its owner, too. */
        __atomic_thread_fence(__ATOMIC_RELEASE);
    }
    return result;
}

/* Returns the words of a bit string that cover a span. */
static LiveWord *words_of(LiveWord *string, size_t first)
{
    return &string[granule_start(first) / LIVE_WORD_BITS];
}

static size_t count_words(SpanShape shape)
{
    return span_units(shape) / LIVE_WORD_BITS;
}

bool span_is_empty(const Granules *granules, size_t first, SpanShape shape)
{
    const LiveWord *live = words_of(granules->live, first);
    const LiveWord *remote = words_of(granules->remote, first);
    LiveWord any = 0;

    for (size_t i = 0; i < count_words(shape); i++) {
        any |= live[i] | __atomic_load_n(&remote[i], __ATOMIC_RELAXED);
    }
    return any == 0;
}

size_t span_count_live(const Granules *granules, size_t first, SpanShape shape)
{
    const LiveWord *live = words_of(granules->live, first);
    const LiveWord *remote = words_of(granules->remote, first);
    size_t count = 0;

    for (size_t i = 0; i < count_words(shape); i++) {
        LiveWord here = live[i] & ~__atomic_load_n(&remote[i], __ATOMIC_RELAXED);

        count += here == 0 ? 0 : (size_t)__builtin_popcountll(here);
    }
    return count;
}

/* Collects live blocks only: any other remote bit belongs to a second free, which will deal with
 * it. Clears live bits first: a thread that finds a remote bit cleared finds the live bit cleared,
 * too. */
void span_collect(const Granules *granules, size_t first, SpanShape shape)
{
    LiveWord *live = words_of(granules->live, first);
    LiveWord *remote = words_of(granules->remote, first);

    for (size_t i = 0; i < count_words(shape); i++) {
        LiveWord freed = __atomic_load_n(&remote[i], __ATOMIC_ACQUIRE) & live[i];

        if (freed != 0) {
            __atomic_store_n(&live[i], live[i] & ~freed, __ATOMIC_RELAXED);
            __atomic_fetch_and(&remote[i], ~freed, __ATOMIC_ACQ_REL);
        }
    }
}

/* Cuts the front off a block in use. Returns the start of the rest, which is a block in use,
 * too. */
static size_t cut_front(Heap *heap, size_t block, size_t end, size_t at)
{
    if (at != end) {
        blocks_make_used(heap, (Pos)block, (Pos)(at - block));
        blocks_make_used(heap, (Pos)at, (Pos)(end - at));
        heap->blocks++;
        heap->taken++;
    }
    return at;
}

size_t span_cut(const Granules *granules, Heap *heap, size_t first, SpanShape shape)
{
    size_t end = granule_start(first) + span_units(shape);
    size_t at = granule_start(first); /* everything before is cut */
    uint64_t before = heap->taken;

    span_collect(granules, first, shape);
    span_set_tags(granules, first, shape, 0);
    for (size_t i = 0; i < shape.blocks; i++) {
        size_t block = granule_start(first) + i * shape.units;

        if (live_test(granules->live, block)) {
            at = block == at ? at : cut_front(heap, at, end, block);
            at = cut_front(heap, at, end, block + shape.units);
        }
    }
    return (size_t)(heap->taken - before) + 1;
}
