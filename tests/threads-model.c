/* SPDX-License-Identifier: MIT */
#include "threads-model.h"

#include <string.h>

enum { BEGIN = 1000000, BASE = 0x10000, SPACING = 64 };

/* The state of an address. */
typedef struct Place {
    bool live;
    uint64_t block;
    uint64_t known; /* since when other threads may know the block */
} Place;

typedef struct State {
    Sim *sim;
    Random random;
    uint64_t now;
    uint64_t blocks; /* allocated so far */
    Place places[SIM_ADDRESSES];
} State;

static uint64_t some(State *state, uint64_t limit)
{
    return limit == 0 ? 0 : random_below(&state->random, (size_t)limit + 1);
}

/* Adds a record, with its stamp and the time of its publication. */
static void record(State *state, SimThread *thread, RawKind kind, size_t place, uint64_t stamp,
                   uint64_t published)
{
    uint64_t seen = stamp + (uint64_t)thread->skew;
    size_t index = thread->count++;

    thread->records[index] = (TraceRaw){
        .stamp = seen - seen % state->sim->options.tick,
        .block = BASE + place * SPACING,
        .size = state->sim->count,
        .caller = (uint64_t)kind << RAW_KIND_SHIFT | state->sim->count,
    };
    thread->published[index] = published;
}

/* Frees: takes effect after its stamp, and is published in between. */
static void give(State *state, SimThread *thread, RawKind kind, size_t place)
{
    uint64_t stamp = state->now + 1;
    uint64_t published = stamp + 1 + some(state, state->sim->options.delay);

    record(state, thread, kind, place, stamp, published);
    state->places[place].live = false;
    state->now = thread->busy = published + 1;
}

/* Allocates: takes effect first, is stamped, and is published at some later time. Other threads go
 * on meanwhile. */
static void take(State *state, SimThread *thread, RawKind kind, size_t place, uint64_t block)
{
    uint64_t stamp = state->now + 1 + some(state, 3);
    uint64_t published = stamp + 1 + some(state, state->sim->options.delay);

    record(state, thread, kind, place, stamp, published);
    state->places[place] = (Place){.live = true, .block = block, .known = published};
    state->now += 1;
    thread->busy = published;
}

static void note(State *state, TraceOp op, uint64_t block, size_t thread)
{
    Sim *sim = state->sim;

    sim->operations[sim->count++] = (SimOperation){
        .op = op, .block = block, .thread = (uint32_t)thread};
}

static void operate(State *state, size_t index)
{
    SimThread *thread = &state->sim->threads[index];
    size_t at = random_below(&state->random, SIM_ADDRESSES);
    Place *place = &state->places[at];
    uint64_t block = place->block;

    if (!place->live) {
        note(state, TRACE_ALLOC, state->blocks, index);
        take(state, thread, RAW_ALLOC, at, state->blocks++);
        return;
    }
    if (place->known > state->now) {
        return;
    }
    if (random_below(&state->random, 3) != 0) {
        note(state, TRACE_FREE, block, index);
        give(state, thread, RAW_FREE, at);
        return;
    }
    note(state, TRACE_RESIZE, block, index);
    give(state, thread, RAW_MOVE_FROM, at);
    do {
        at = random_below(&state->random, SIM_ADDRESSES);
    } while (state->places[at].live);
    take(state, thread, RAW_MOVE_TO, at, block);
}

void sim_run(Sim *sim, const SimOptions *options)
{
    State state = {.sim = sim, .random = {.state = options->seed}, .now = BEGIN};

    memset(sim, 0, sizeof *sim);
    sim->options = *options;
    for (size_t i = 0; i < SIM_THREADS; i++) {
        sim->threads[i].skew = (int64_t)some(&state, options->skew);
    }
    while (sim->count < SIM_OPERATIONS) {
        size_t index = random_below(&state.random, SIM_THREADS);

        if (sim->threads[index].busy <= state.now) {
            operate(&state, index);
        }
        state.now += some(&state, 2);
    }
    for (size_t i = 0; i < SIM_ADDRESSES; i++) {
        sim->live += state.places[i].live;
    }
    sim->end = state.now + 2 * options->delay + 10;
}
