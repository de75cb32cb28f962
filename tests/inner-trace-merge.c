/* SPDX-License-Identifier: MIT
 *
 * The merger: the records of threads come out in one order, which is possible, whatever the clock
 * does and whenever records arrive. */
#include "support.h"

#include <stdlib.h>

#include "replay/merge.h"
#include "threads-model.h"

enum { SEEDS = 6 };

static Sim sim;

/* Returns the address of a caller: it is the number of the operation, in the record and in its
 * event. */
static uint32_t same_number(void *context, uint64_t address, uint32_t parent)
{
    (void)context;
    (void)parent;
    return (uint32_t)address;
}

typedef struct Spans {
    size_t added, done;
} Spans;

static void count_done(void *context, void *span)
{
    Spans *spans = context;

    ck_assert_ptr_eq(span, spans);
    spans->done++;
}

/* Checks events as they come. */
typedef struct Checker {
    Merge *merge;
    Spans spans;
    size_t given[SIM_THREADS];      /* records that were added */
    bool seen[SIM_OPERATIONS + 1];  /* operations whose events came */
    uint64_t truth[SIM_OPERATIONS]; /* of the merger's blocks: which they truly are */
    bool live[SIM_OPERATIONS];      /* the same */
    uint64_t blocks;                /* allocated so far */
    size_t events, displaced;       /* all; those with an earlier operation than one before */
    uint32_t latest;
    uint64_t time;
} Checker;

static Checker *begin(void)
{
    static Checker checker;
    MergeUser user = {.context = &checker.spans, .caller = same_number, .done = count_done};

    checker = (Checker){.merge = merge_create(&user)};
    ck_assert_ptr_nonnull(checker.merge);
    merge_clock(checker.merge, 0, 0, 1000000000);
    return &checker;
}

static void check_event(Checker *checker, const TraceEvent *event)
{
    const SimOperation *truly = &sim.operations[event->caller - 1];

    ck_assert_uint_ge(event->caller, 1);
    ck_assert_uint_le(event->caller, sim.count);
    ck_assert(!checker->seen[event->caller]);
    checker->seen[event->caller] = true;
    checker->events++;
    checker->displaced += event->caller < checker->latest;
    checker->latest = event->caller > checker->latest ? event->caller : checker->latest;
    ck_assert_uint_eq(event->op, truly->op);
    ck_assert_uint_eq(event->thread, truly->thread);
    ck_assert_uint_ge(event->time, checker->time);
    checker->time = event->time;
    if (event->op == TRACE_ALLOC) {
        ck_assert_uint_eq(event->block.number, checker->blocks);
        checker->truth[checker->blocks] = truly->block;
        checker->live[checker->blocks++] = true;
        ck_assert_uint_eq(event->size, event->caller);
        return;
    }
    ck_assert(checker->live[event->block.number]);
    ck_assert_uint_eq(checker->truth[event->block.number], truly->block);
    checker->live[event->block.number] = event->op != TRACE_FREE;
}

/* Adds the records visible at a moment, in spans of any length. */
static void add_records(Checker *checker, uint64_t now, Random *random)
{
    for (uint32_t i = 0; i < SIM_THREADS; i++) {
        const SimThread *thread = &sim.threads[i];
        size_t *given = &checker->given[i];
        size_t end = *given;

        while (end < thread->count && thread->published[end] <= now) {
            end++;
        }
        while (*given < end) {
            size_t count = 1 + random_below(random, end - *given);

            ck_assert(
                merge_add(checker->merge, i, thread->records + *given, count, &checker->spans));
            checker->spans.added++;
            *given += count;
        }
    }
}

static void take_events(Checker *checker, uint64_t until)
{
    TraceEvent event;
    int found;

    while ((found = merge_next(checker->merge, until, &event)) == 1) {
        check_event(checker, &event);
    }
    ck_assert_int_eq(found, 0);
}

/* Verifies that nothing is missing, and nothing was invented. */
static void finish(Checker *checker)
{
    MergeCounts counts = merge_counts(checker->merge);

    ck_assert_uint_eq(checker->events, sim.count);
    ck_assert_uint_eq(checker->spans.done, checker->spans.added);
    ck_assert_uint_eq(counts.unknown, 0);
    ck_assert_uint_eq(counts.forced, 0);
    ck_assert_uint_eq(counts.live, sim.live);
    merge_destroy(checker->merge);
}

START_TEST(stamps_give_the_order)
{
    SimOptions options = {.seed = (uint64_t)_i, .tick = 1, .delay = 500};
    Random random = {.state = (uint64_t)_i};
    Checker *checker = begin();

    sim_run(&sim, &options);
    add_records(checker, UINT64_MAX, &random);
    take_events(checker, UINT64_MAX);
    ck_assert_uint_eq(merge_counts(checker->merge).late, 0);
    finish(checker);
}
END_TEST

START_TEST(equal_stamps_are_told_apart)
{
    SimOptions options = {.seed = (uint64_t)_i, .tick = 4};
    Random random = {.state = (uint64_t)_i};
    Checker *checker = begin();

    sim_run(&sim, &options);
    add_records(checker, UINT64_MAX, &random);
    take_events(checker, UINT64_MAX);
    finish(checker);
}
END_TEST

START_TEST(clocks_may_differ)
{
    SimOptions options = {.seed = (uint64_t)_i, .tick = 1, .skew = 20, .delay = 100};
    Random random = {.state = (uint64_t)_i};
    Checker *checker = begin();

    sim_run(&sim, &options);
    add_records(checker, UINT64_MAX, &random);
    take_events(checker, UINT64_MAX);
    finish(checker);
}
END_TEST

/* Records are polled, and threads are interrupted between a stamp and its record. */
START_TEST(late_records_do_no_harm)
{
    SimOptions options = {.seed = (uint64_t)_i, .tick = 1, .delay = 3000};
    Random random = {.state = (uint64_t)_i};
    Checker *checker = begin();

    sim_run(&sim, &options);
    for (uint64_t now = 0; now < sim.end; now += random_below(&random, 2000)) {
        add_records(checker, now, &random);
        take_events(checker, now);
    }
    add_records(checker, UINT64_MAX, &random);
    take_events(checker, UINT64_MAX);
    ck_assert_uint_gt(merge_counts(checker->merge).late, 0);
    finish(checker);
}
END_TEST

/* ------------------------------------------------------------------------------------------------
 * Cases
 * --------------------------------------------------------------------------------------------- */

static TraceRaw raw(RawKind kind, uint64_t stamp, uint64_t block)
{
    return (TraceRaw){.stamp = stamp,
                      .block = block,
                      .size = 100,
                      .caller = (uint64_t)kind << RAW_KIND_SHIFT | 1};
}

static Merge *merge_records(const TraceRaw *records, size_t count)
{
    MergeUser user = {.caller = same_number};
    Merge *merge = merge_create(&user);

    ck_assert_ptr_nonnull(merge);
    ck_assert(merge_add(merge, 0, records, count, NULL));
    return merge;
}

static void expect(Merge *merge, TraceOp op, uint64_t number)
{
    TraceEvent event;

    ck_assert_int_eq(merge_next(merge, UINT64_MAX, &event), 1);
    ck_assert_uint_eq(event.op, op);
    ck_assert_uint_eq(event.block.number, number);
}

static void expect_end(Merge *merge, uint64_t unknown, uint64_t forced, uint64_t live)
{
    TraceEvent event;
    MergeCounts counts;

    ck_assert_int_eq(merge_next(merge, UINT64_MAX, &event), 0);
    counts = merge_counts(merge);
    ck_assert_uint_eq(counts.unknown, unknown);
    ck_assert_uint_eq(counts.forced, forced);
    ck_assert_uint_eq(counts.live, live);
    merge_destroy(merge);
}

START_TEST(unknown_blocks_are_left_out)
{
    TraceRaw records[] = {
        raw(RAW_FREE, 1, 0x1000),      raw(RAW_ALLOC, 2, 0x1000),
        raw(RAW_MOVE_FROM, 3, 0x2000), raw(RAW_NOT_RESIZED, 4, 0x2000),
        raw(RAW_MOVE_FROM, 5, 0x2000), raw(RAW_MOVE_TO, 6, 0x3000),
        raw(RAW_FREE, 7, 0x3000),      raw(RAW_FREE, UINT64_MAX, 0x1000),
    };
    Merge *merge = merge_records(records, 8);

    expect(merge, TRACE_ALLOC, 0);
    expect(merge, TRACE_ALLOC, 1); /* the resized block is known from here on */
    expect(merge, TRACE_FREE, 1);
    expect(merge, TRACE_FREE, 0);
    expect_end(merge, 3, 0, 0);
}
END_TEST

START_TEST(a_missing_free_is_put_in)
{
    TraceRaw records[] = {
        raw(RAW_ALLOC, 1, 0x1000),     raw(RAW_ALLOC, 2, 0x1000),   raw(RAW_ALLOC, 3, 0x2000),
        raw(RAW_MOVE_FROM, 4, 0x2000), raw(RAW_MOVE_TO, 5, 0x1000),
    };
    Merge *merge = merge_records(records, 5);

    expect(merge, TRACE_ALLOC, 0);
    expect(merge, TRACE_FREE, 0);
    expect(merge, TRACE_ALLOC, 1);
    expect(merge, TRACE_ALLOC, 2);
    expect(merge, TRACE_FREE, 1);
    expect(merge, TRACE_RESIZE, 2);
    expect_end(merge, 0, 2, 1);
}
END_TEST

/* Events end at a given moment; a resize whose end is not there yet. */
START_TEST(until_is_kept)
{
    TraceRaw records[] = {
        raw(RAW_ALLOC, 10, 0x1000), raw(RAW_MOVE_FROM, 20, 0x1000),
        raw(RAW_NOT_RESIZED, 30, 0), /* the block is where it was */
    };
    Merge *merge = merge_records(records, 2);
    TraceEvent event;

    ck_assert_int_eq(merge_next(merge, 10, &event), 0);
    ck_assert_int_eq(merge_next(merge, 11, &event), 1);
    ck_assert_uint_eq(event.op, TRACE_ALLOC);
    ck_assert_int_eq(merge_next(merge, 100, &event), 0);
    ck_assert(merge_add(merge, 0, records + 2, 1, NULL));
    expect(merge, TRACE_NOT_RESIZED, 0);
    expect_end(merge, 0, 0, 1);
}
END_TEST

START_TEST(regions_end)
{
    TraceRaw records[] = {
        raw(RAW_ALLOC, 1, 0x1000), raw(RAW_ALLOC, 2, 0x2000),
        raw(RAW_ALLOC, 3, 0x3000), raw(RAW_RARE, 4, TRACE_REGION_RESET),
        raw(RAW_ALLOC, 5, 0x1000),
    };
    Merge *merge;

    records[0].caller |= (uint64_t)2 << RAW_REGION_SHIFT;
    records[1].caller |= (uint64_t)1 << RAW_REGION_SHIFT;
    records[2].caller |= (uint64_t)2 << RAW_REGION_SHIFT;
    records[3].caller |= (uint64_t)2 << RAW_REGION_SHIFT;
    merge = merge_records(records, 5);
    expect(merge, TRACE_ALLOC, 0);
    expect(merge, TRACE_ALLOC, 1);
    expect(merge, TRACE_ALLOC, 2);
    expect(merge, TRACE_RARE, 0);
    expect(merge, TRACE_ALLOC, 3);
    expect_end(merge, 0, 0, 2);
}
END_TEST

START_TEST(what_follows_is_told)
{
    TraceRaw records[] = {
        {.stamp = 77, .caller = (uint64_t)RAW_MORE << RAW_KIND_SHIFT},
        {.caller = (uint64_t)RAW_MORE << RAW_KIND_SHIFT},
        raw(RAW_RARE, 5, TRACE_REGION_BEGINS),
    };
    Merge *merge;
    TraceEvent event;

    __builtin_memcpy(&records[0].block, "a name t", 8);
    __builtin_memcpy(&records[0].size, "hat is l", 8);
    __builtin_memcpy(&records[1].stamp, "ong", 4);
    merge = merge_records(records, 3);
    ck_assert_int_eq(merge_next(merge, UINT64_MAX, &event), 1);
    ck_assert_uint_eq(event.rare, TRACE_REGION_BEGINS);
    ck_assert_uint_eq(event.a, 100);
    ck_assert_uint_eq(event.b, 77);
    ck_assert_str_eq(event.text, "a name that is long");
    expect_end(merge, 0, 0, 0);
}
END_TEST

START_TEST(wrong_records_are_told)
{
    TraceRaw records[][2] = {
        {raw(RAW_FAILED, 1, 0), raw(RAW_KINDS, 2, 0)},
        {raw(RAW_FAILED, 1, 0), raw(RAW_MORE, 2, 0)},
        {raw(RAW_FAILED, 1, 0), raw(RAW_ALLOC, 2, 0)},
    };
    Merge *merge = merge_records(records[_i], 2);
    TraceEvent event;
    const char *why;

    expect(merge, TRACE_FAILED, 0);
    ck_assert_int_eq(merge_next(merge, UINT64_MAX, &event), -1);
    ck_assert_ptr_eq(merge_wrong(merge, &why), &records[_i][1]);
    ck_assert_ptr_nonnull(why);
    merge_destroy(merge);
}
END_TEST

int main(void)
{
    TCase *tests = support_begin("trace-merge");

    tcase_add_loop_test(tests, stamps_give_the_order, 0, SEEDS);
    tcase_add_loop_test(tests, equal_stamps_are_told_apart, 0, SEEDS);
    tcase_add_loop_test(tests, clocks_may_differ, 0, SEEDS);
    tcase_add_loop_test(tests, late_records_do_no_harm, 0, SEEDS);
    tcase_add_test(tests, unknown_blocks_are_left_out);
    tcase_add_test(tests, a_missing_free_is_put_in);
    tcase_add_test(tests, until_is_kept);
    tcase_add_test(tests, regions_end);
    tcase_add_test(tests, what_follows_is_told);
    tcase_add_loop_test(tests, wrong_records_are_told, 0, 3);
    return support_end();
}
