/* SPDX-License-Identifier: MIT
 *
 * The player puts each block where the library does, whichever thread of the trace calls. Threads
 * of this program make calls on a region, one after another; the player makes the same calls, in
 * one thread, on a region of its own. The places are compared after each call, and the player's
 * region is checked. */
#include <pthread.h>
#include <semaphore.h>
#include <stdlib.h>
#include <string.h>

#include "region/region.h"
#include "replay/player.h"
#include "support.h"

enum { THREADS = 5, SLOTS = 2000, CALLS = 24000, PHASE = 4000, SIZE = 2 << 20, MESSAGE = 200 };

/* ------------------------------------------------------------------------------------------------
 * The threads of this program
 * --------------------------------------------------------------------------------------------- */

typedef struct Real {
    Mem_Region *region;
    void *blocks[SLOTS];
    bool done; /* the last call found memory */
} Real;

/* A thread that makes the calls it is told to make. */
typedef struct Worker {
    pthread_t thread;
    sem_t told, did;
    const TraceEvent *event; /* NULL: to end */
    Real *real;
} Worker;

static void call(Real *real, const TraceEvent *event)
{
    void **block = &real->blocks[event->slot];
    size_t size = (size_t)event->size;
    void *result = NULL;

    switch (event->op) {
    case TRACE_ALLOC:
        result = event->alignment != 0
                     ? Mem_RegionAlignedAlloc(real->region, (size_t)event->alignment, size)
                     : Mem_RegionAlloc(real->region, size);
        break;
    case TRACE_CALLOC:
        result = Mem_RegionCalloc(real->region, 1, size);
        break;
    case TRACE_RESIZE:
        result = Mem_RegionRealloc(real->region, *block, size);
        break;
    default:
        ck_assert_int_eq(Mem_RegionFree(real->region, *block), 0);
        *block = NULL;
        real->done = true;
        return;
    }
    real->done = result != NULL;
    if (real->done) {
        *block = result;
    }
}

static void *work(void *argument)
{
    Worker *worker = argument;

    for (;;) {
        sem_wait(&worker->told);
        if (worker->event == NULL) {
            return NULL;
        }
        call(worker->real, worker->event);
        sem_post(&worker->did);
    }
}

static void start(Worker *worker, Real *real)
{
    worker->real = real;
    sem_init(&worker->told, 0, 0);
    sem_init(&worker->did, 0, 0);
    ck_assert_int_eq(pthread_create(&worker->thread, NULL, work, worker), 0);
}

static void tell(Worker *worker, const TraceEvent *event)
{
    worker->event = event;
    sem_post(&worker->told);
    if (event == NULL) {
        pthread_join(worker->thread, NULL);
    } else {
        sem_wait(&worker->did);
    }
}

/* ------------------------------------------------------------------------------------------------
 * Calls at random
 * --------------------------------------------------------------------------------------------- */

typedef struct Play {
    Random random;
    Real real;
    Player *player;
    Worker workers[THREADS];
    uint32_t numbers[THREADS]; /* of the workers in the trace */
    uint32_t next;             /* number of the next one */
    uint32_t live[SLOTS];      /* slots of live blocks, and then the others */
    size_t count;              /* live blocks */
    size_t failed;
} Play;

static uint64_t real_offset(const Play *play, uint32_t slot)
{
    Heap *heap = &region_of(play->real.region)->heap;

    return (uint64_t)((char *)play->real.blocks[slot] - (char *)heap_address(heap, heap->first));
}

static void compare(const Play *play, uint32_t slot)
{
    PlayerPlace place = player_place(play->player, slot);
    char message[MESSAGE];

    if (play->real.blocks[slot] == NULL) {
        ck_assert_uint_eq(place.bytes, 0);
    } else {
        ck_assert_uint_eq(place.offset, real_offset(play, slot));
        ck_assert_uint_eq(place.bytes, Mem_RegionSize(play->real.region, play->real.blocks[slot]));
    }
    ck_assert_msg(player_check(play->player, message, sizeof message), "%s", message);
}

/* Returns the next call; more allocations while `filling`. */
static TraceEvent next_event(Play *play, bool filling)
{
    TraceEvent event = {.op = TRACE_FREE, .size = random_scaled(&play->random, 20000)};
    size_t dice = random_below(&play->random, 100);
    size_t index = play->count;

    if (play->count == 0 || (play->count < SLOTS && dice < (filling ? 60 : 40))) {
        event.op = dice % 4 == 0 ? TRACE_CALLOC : TRACE_ALLOC;
        event.alignment = dice % 20 == 1 ? (uint64_t)16 << random_below(&play->random, 8) : 0;
    } else {
        index = random_below(&play->random, play->count);
        event.op = dice >= 90 ? TRACE_RESIZE : TRACE_FREE;
    }
    event.slot = play->live[index];
    return event;
}

static void note(Play *play, const TraceEvent *event)
{
    size_t index = play->count;

    if (event->op == TRACE_FREE) {
        play->count--;
        for (index = 0; play->live[index] != event->slot; index++) {
        }
        play->live[index] = play->live[play->count];
        play->live[play->count] = event->slot;
    } else if (event->op != TRACE_RESIZE && play->real.done) {
        play->count++;
    }
    play->failed += !play->real.done;
}

/* Ends a thread now and then, and starts another one. */
static void change_thread(Play *play, size_t index)
{
    TraceEvent event = {
        .op = TRACE_RARE, .rare = TRACE_THREAD_ENDS, .thread = play->numbers[index]};

    tell(&play->workers[index], NULL);
    ck_assert(player_play(play->player, &event));
    play->numbers[index] = play->next++;
    start(&play->workers[index], &play->real);
}

static void step(Play *play, bool filling)
{
    TraceEvent event = next_event(play, filling);
    size_t index = random_below(&play->random, THREADS);

    event.thread = play->numbers[index];
    tell(&play->workers[index], &event);
    ck_assert_int_eq(player_play(play->player, &event), play->real.done);
    note(play, &event);
    compare(play, event.slot);
    if (random_below(&play->random, 2000) == 0) {
        change_thread(play, index);
    }
}

static void begin(Play *play, const PlayerOptions *options)
{
    Mem_Options wanted = {.alignment = (unsigned)options->alignment,
                          .flags = options->exact ? MEM_EXACT : 0};
    TraceError error;

    play->player = player_create(options, &error);
    ck_assert_ptr_nonnull(play->player);
    play->real.region = Mem_RegionCreate((size_t)options->size, &wanted);
    ck_assert_ptr_nonnull(play->real.region);
    for (uint32_t i = 0; i < THREADS; i++) {
        start(&play->workers[i], &play->real);
        play->numbers[i] = play->next++;
    }
    for (uint32_t i = 0; i < SLOTS; i++) {
        play->live[i] = i;
    }
}

static void end(Play *play)
{
    for (size_t i = 0; i < THREADS; i++) {
        tell(&play->workers[i], NULL);
    }
    player_destroy(play->player);
    Mem_RegionDestroy(play->real.region);
}

static const PlayerOptions kinds[] = {
    {.size = SIZE},
    {.size = SIZE, .alignment = 16},
    {.size = SIZE, .exact = true},
    {.size = SIZE, .exact = true, .alignment = 64},
    {.size = SIZE / 16},
};

enum { KINDS = sizeof kinds / sizeof kinds[0] };

START_TEST(player_places_as_the_library)
{
    Play *play = calloc(1, sizeof *play);
    size_t calls = support_operations(CALLS);

    ck_assert_ptr_nonnull(play);
    calls = calls < 2 * PHASE ? 2 * PHASE : calls; /* it fills up, and empties */
    play->random = support_random("player", _i);
    begin(play, &kinds[_i]);
    for (size_t i = 0; i < calls; i++) {
        step(play, i / PHASE % 2 == 0);
    }
    ck_assert_uint_ne(play->failed, 0);
    end(play);
    free(play);
}
END_TEST

/* ------------------------------------------------------------------------------------------------
 * The rest
 * --------------------------------------------------------------------------------------------- */

static Player *open_player(PlayerOptions options)
{
    TraceError error;
    Player *player = player_create(&options, &error);

    ck_assert_ptr_nonnull(player);
    return player;
}

START_TEST(player_forgets_all_at_a_reset)
{
    Player *player = open_player((PlayerOptions){.size = 65536, .exact = true});
    TraceEvent event = {.op = TRACE_ALLOC, .size = 65536 - 16, .slot = 7};
    char message[MESSAGE];

    ck_assert_uint_eq(player_largest_free(player), 65536 - 16);
    ck_assert(player_play(player, &event));
    ck_assert_uint_eq(player_largest_free(player), 0);
    ck_assert_uint_eq(player_place(player, 7).bytes, 65536 - 16);
    ck_assert(!player_play(player, &(TraceEvent){.op = TRACE_ALLOC, .slot = 8}));
    ck_assert(player_play(player, &(TraceEvent){.op = TRACE_RARE, .rare = TRACE_REGION_RESET}));
    ck_assert_uint_eq(player_place(player, 7).bytes, 0);
    ck_assert_uint_eq(player_largest_free(player), player_capacity(player));
    ck_assert(player_check(player, message, sizeof message));
    player_destroy(player);
}
END_TEST

/* Pages of blocks take no memory, whatever is done to the blocks. */
START_TEST(player_takes_little_memory)
{
    const uint64_t size = UINT64_C(20) << 30;
    Player *player = open_player((PlayerOptions){.size = size});

    for (uint32_t i = 0; i < 100; i++) {
        TraceEvent event = {.op = TRACE_CALLOC, .size = size / 400, .slot = i};

        ck_assert(player_play(player, &event));
    }
    for (uint32_t i = 0; i < 100; i += 2) {
        TraceEvent event = {.op = TRACE_RESIZE, .size = size / 200, .slot = i};

        ck_assert(player_play(player, &event));
    }
    player_destroy(player);
}
END_TEST

START_TEST(player_says_why_there_is_none)
{
    PlayerOptions options = {.size = UINT64_MAX};
    Player *players[PLAYER_CACHED];
    TraceError error = {""};

    ck_assert_ptr_null(player_create(&options, &error));
    ck_assert_str_ne(error.text, "");
    options.size = SIZE;
    for (size_t i = 0; i < PLAYER_CACHED; i++) {
        players[i] = open_player(options);
    }
    ck_assert_ptr_null(player_create(&options, &error));
    options.exact = true;
    player_destroy(open_player(options));
    for (size_t i = 0; i < PLAYER_CACHED; i++) {
        player_destroy(players[i]);
    }
}
END_TEST

int main(void)
{
    TCase *tests = support_begin("player");

    tcase_add_loop_test(tests, player_places_as_the_library, 0, KINDS);
    tcase_add_test(tests, player_forgets_all_at_a_reset);
    tcase_add_test(tests, player_takes_little_memory);
    tcase_add_test(tests, player_says_why_there_is_none);
    return support_end();
}
