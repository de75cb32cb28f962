/* SPDX-License-Identifier: MIT */
#include "region/view.h"

#include "cache/span.h"
#include "heap/blocks.h"
#include "heap/index.h"

/* Returns the block of a span around a position, or the unused rest of the span. */
static ViewBlock look_into_span(const Granules *granules, Pos at)
{
    SpanShape shape = span_shape(granules, tag_class(granule_tag(granules->tags, at)));
    size_t begin = granule_start(granule_first(granules, at));
    size_t number = (at - begin) / shape.units;
    size_t start = begin + number * shape.units;

    if (number >= shape.blocks) {
        return (ViewBlock){(Pos)start, (Pos)(begin + shape.granules * GRANULE_UNITS - start),
                           false};
    }
    return (ViewBlock){(Pos)start, (Pos)shape.units, granule_has_block(granules, start)};
}

static bool is_in_span(const Granules *granules, Pos at)
{
    return granules != NULL && granule_tag(granules->tags, at) != 0;
}

/* Returns the block, or the part of a free run, that begins at a position. */
static ViewBlock look(const View *view, Pos at)
{
    Heap *heap = view->heap;

    return is_in_span(view->granules, at)
               ? look_into_span(view->granules, at)
               : (ViewBlock){at, heap_next(heap, at) - at, !map_is_free(heap_map(heap), at)};
}

bool view_next(View *view, ViewBlock *block)
{
    Pos end = view->heap->end;

    if (view->at >= end) {
        return false;
    }
    *block = look(view, view->at);
    view->at += block->units;
    while (!block->in_use && view->at < end) {
        ViewBlock more = look(view, view->at);

        if (more.in_use) {
            break;
        }
        block->units += more.units;
        view->at += more.units;
    }
    return true;
}

ViewBlock view_around(View view, Pos position)
{
    return is_in_span(view.granules, position)
               ? look_into_span(view.granules, position)
               : look(&view, heap_block_around(view.heap, position));
}

/* The free run that is being joined, from its first position to its end. */
typedef struct Run {
    size_t start, end; /* positions; equal: there is none */
} Run;

static void end_run(ViewTotals *totals, Run *run)
{
    if (run->end != run->start) {
        totals->free_runs++;
        if (run->end - run->start > totals->largest_free) {
            totals->largest_free = run->end - run->start;
        }
    }
    run->start = run->end = 0;
}

/* Adds free units: to the run that ends there, or as a new run. */
static void add_free(ViewTotals *totals, Run *run, size_t at, size_t units)
{
    if (run->end != at) {
        end_run(totals, run);
        run->start = at;
    }
    run->end = at + units;
}

/* Joins a free block of the heap to the run beside it: it is not a run of its own. */
static void join_heap(ViewTotals *totals, Run *run, size_t at, size_t units)
{
    if (run->end != at + units) { /* else it was joined to the span before it */
        add_free(totals, run, at, units);
        totals->free_runs--;
    }
}

static void add_span(Heap *heap, const Granules *granules, size_t first, SpanShape shape,
                     ViewTotals *totals, Run *run)
{
    Map map = heap_map(heap);
    size_t at = granule_start(first);
    size_t end = granule_start(first + shape.granules);
    size_t size;

    if (map_is_free(map, at - 1)) {
        size = map_length_before(map, at);
        join_heap(totals, run, at - size, size);
    }
    for (size_t i = 0; i < shape.blocks; i++, at += shape.units) {
        if (!granule_has_block(granules, at)) {
            add_free(totals, run, at, shape.units);
        } else {
            totals->live_blocks++;
            totals->live_units += shape.units;
        }
    }
    if (at != end) {
        add_free(totals, run, at, end - at);
    }
    if (map_is_free(map, end)) {
        size = map_size(map, end);
        add_free(totals, run, end, size);
        totals->free_runs--;
    }
    totals->spans++;
    totals->span_units += shape.granules * GRANULE_UNITS;
}

ViewTotals view_totals(View view)
{
    const Granules *granules = view.granules;
    Heap *heap = view.heap;
    ViewTotals totals = {.free_runs = heap_free_blocks(heap),
                         .largest_free = heap_largest_free(heap)};
    Run run = {0, 0};
    SpanShape shape;

    if (granules == NULL) {
        return totals;
    }
    for (size_t at = granule_of(heap->first); span_next(granules, &at, view_granules(heap), &shape);
         at += shape.granules) {
        add_span(heap, granules, at, shape, &totals, &run);
    }
    end_run(&totals, &run);
    return totals;
}
