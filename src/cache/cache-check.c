/* SPDX-License-Identifier: MIT
 *
 * The checker of a cache: compares its stacks, its lists of loose spans, and its spans with each
 * other. */
#include <stdio.h>

#include "cache/cache.h"

/* Returns whether a block of a span of this cache and class begins at a position. */
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

/* Marks the blocks on a stack as live. Stops at a position that must not be there. Returns how many
 * are marked. */
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

/* Checks a span while blocks on stacks are marked as live: every block must be live, or reachable
 * by way of a list. Returns a message, or NULL. */
static const char *check_span(Cache *cache, size_t span, size_t size_class)
{
    const Granules *granules = &cache->granules;
    SpanShape shape = span_shape(&cache->granules, size_class);
    size_t live = 0;
    bool found = true;

    for (size_t i = 0; i < shape.granules; i++) {
        if (granules->tags[span + i] != (cache->tag | size_class) ||
            granules->offsets[span + i] != i) {
            return "span: a granule has the wrong owner or place";
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

/* Checks that the list of a class holds only spans of the class. Returns a message, or NULL. */
static const char *check_list(const Cache *cache, size_t size_class)
{
    size_t limit = granule_of(cache->end);
    Pos last = cache->classes[size_class].loose;
    Pos span = last;

    do {
        if (span >= granule_of(cache->end) || limit-- == 0 ||
            (span != 0 && cache->granules.tags[span] != (cache->tag | size_class))) {
            return "spans: a list leads elsewhere";
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
            wrong = "stack of a thread: holds a block that is not free, or holds it twice";
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
