/* SPDX-License-Identifier: MIT
 *
 * The checker of a cache: its stacks, its lists of loose spans, and its spans, against each other. */
#include <stdio.h>

#include "cache/cache.h"

/* Whether a position is one of a block in a span of a cache and class. */
static bool is_block(const Cache *cache, size_t size_class, size_t block, SpanShape shape)
{
    size_t offset;

    if (block >= cache->end ||
        granule_tag(cache->granules.tags, block) != (cache->tag | size_class)) {
        return false;
    }
    offset = block - granule_start(granule_first(&cache->granules, block));
    return offset % shape.units == 0 && offset / shape.units < shape.blocks;
}

/* Marks what is on a stack as the program's. Returns how many were marked before one that should not be there. */
static size_t mark(Cache *cache, size_t size_class)
{
    SpanShape shape = span_shape(&cache->granules, size_class);
    size_t count = cache_count(cache, size_class);
    const Pos *stack = cache_floor(cache, size_class) + 1;
    size_t marked = 0;

    while (marked < count && is_block(cache, size_class, stack[marked], shape) &&
           !live_test(cache->granules.live, stack[marked])) {
        live_set(cache->granules.live, stack[marked++]);
    }
    return marked;
}

static void unmark(Cache *cache, size_t size_class, size_t marked)
{
    const Pos *stack = cache_floor(cache, size_class) + 1;

    while (marked-- != 0) {
        live_clear(cache->granules.live, stack[marked]);
    }
}

/* Whether a span is as one of a cache should be, while what is on stacks is marked as live: every block is live, or
 * found by way of a list. */
static const char *check_span(Cache *cache, size_t span, size_t size_class)
{
    const Granules *granules = &cache->granules;
    SpanShape shape = span_shape(&cache->granules, size_class);
    size_t live = 0;
    bool found = true;

    for (size_t i = 0; i < shape.granules; i++) {
        if (granules->tags[span + i] != (cache->tag | size_class) ||
            granules->offsets[span + i] != i) {
            return "span: whose its granules are is wrong";
        }
    }
    for (size_t i = 0; i < shape.blocks; i++) {
        size_t block = granule_start(span) + i * shape.units;

        live += granule_has_block(granules, block);
        found &= live_test(granules->live, block) || granule_is_freed(granules, block);
    }
    if (live != span_count_live(granules, span, shape)) {
        return "span: live bits are set where no block begins";
    }
    return found || granules->listed[span] != 0 ? NULL : "span: a free block cannot be found";
}

static const char *check_spans(Cache *cache, size_t end)
{
    const Granules *granules = &cache->granules;
    const char *wrong = NULL;

    for (size_t at = 0; at < end && wrong == NULL; at++) {
        unsigned tag = granules->tags[at];

        if (tag_owner(tag) == tag_owner(cache->tag) && granules->offsets[at] == 0) {
            wrong = check_span(cache, at, tag_class(tag));
        }
    }
    return wrong;
}

/* Whether all in the list of a class are spans of it. */
static const char *check_list(const Cache *cache, size_t size_class)
{
    size_t limit = granule_of(cache->end);
    Pos last = cache->classes[size_class].loose;
    Pos span = last;

    do {
        if (span >= granule_of(cache->end) || limit-- == 0 ||
            (span != 0 && cache->granules.tags[span] != (cache->tag | size_class))) {
            return "spans: a list of them leads elsewhere";
        }
        span = span == 0 ? 0 : cache->granules.listed[span];
    } while (span != last);
    return NULL;
}

bool cache_check(Cache *cache, size_t granules, char *message, size_t size)
{
    size_t marked[SIZES + 1] = {0};
    const char *wrong = NULL;

    for (size_t size_class = 1; size_class <= SIZES && wrong == NULL; size_class++) {
        marked[size_class] = mark(cache, size_class);
        if (marked[size_class] != cache_count(cache, size_class)) {
            wrong = "stack of a thread: holds what is no free block of its spans, or twice";
        } else {
            wrong = check_list(cache, size_class);
        }
    }
    if (wrong == NULL) {
        wrong = check_spans(cache, granules);
    }
    for (size_t size_class = 1; size_class <= SIZES; size_class++) {
        unmark(cache, size_class, marked[size_class]);
    }
    if (wrong != NULL && message != NULL && size != 0) {
        snprintf(message, size, "cache %u: %s", tag_owner(cache->tag), wrong);
    }
    return wrong == NULL;
}
