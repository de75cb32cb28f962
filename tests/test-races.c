/* SPDX-License-Identifier: MIT
 *
 * Threads that free the same block at once: its owner, and others. One of them succeeds, and all
 * others are told. For a proof by model checking, see tests/models/. */
#include <errno.h>
#include <pthread.h>
#include <sched.h>

#include "cached-bed.h"
#include "sanitized.h"

enum {
    OTHERS = 3,      /* threads besides the owner, at most; the third one has no cache */
    BATCH = 32,      /* blocks in a race at a time */
    SIZE = 1 << 22,  /* bytes of regions */
    SMALL = 1 << 20, /* bytes of regions that get full */
    SPINS = 200,     /* before a waiting thread yields */
    LOOK = 64,       /* rounds between two checks of everything */
    PATIENCE = 10    /* factor for rounds when there is time */
};

typedef struct Race Race;

typedef struct Racer {
    pthread_t thread;
    Race *race;
    unsigned number; /* 0: the owner */
    Random source;
    char *moved[BATCH];
    size_t freed;   /* calls of Free that succeeded */
    size_t refused; /* calls of Free and Realloc that failed */
    bool failed;
} Racer;

struct Race {
    Bed bed;
    void (*free_all)(Racer *racer);
    unsigned threads;
    unsigned met, meetings;
    size_t rounds;
    size_t block_size;
    char *blocks[BATCH];
    unsigned char succeeded[BATCH]; /* calls that freed each block */
    size_t allocated;
    bool ended;
    Racer racers[1 + OTHERS];
};

/* Waits until all threads are here. */
static void meet(Race *race)
{
    unsigned meeting = __atomic_load_n(&race->meetings, __ATOMIC_SEQ_CST);

    if (__atomic_add_fetch(&race->met, 1, __ATOMIC_SEQ_CST) == race->threads) {
        __atomic_store_n(&race->met, 0, __ATOMIC_SEQ_CST);
        __atomic_store_n(&race->meetings, meeting + 1, __ATOMIC_SEQ_CST);
        return;
    }
    for (unsigned spins = 1; __atomic_load_n(&race->meetings, __ATOMIC_SEQ_CST) == meeting;
         spins++) {
        if (spins % SPINS == 0) {
            sched_yield();
        }
    }
}

/* Delays a thread at random, so that not always the same one is first. */
static void dawdle(Racer *racer)
{
    for (volatile size_t i = random_below(&racer->source, 40); i != 0; i--) {
    }
}

static void ignore(const Mem_Misuse *misuse, void *context)
{
    (void)misuse;
    (void)context;
}

static size_t count_rounds(size_t usual)
{
    return support_operations(usual) * (support_times() > 1 ? PATIENCE : 1);
}

static void open_race(Race *race, int variant, unsigned others, size_t size, const char *name)
{
    Random source = support_random(name, variant);

    *race = (Race){.bed = cached_open(variant, size), .threads = 1 + others};
    for (unsigned i = 0; i < race->threads; i++) {
        race->racers[i] = (Racer){.race = race, .number = i, .source = {random_next(&source)}};
    }
    Mem_OnMisuse(ignore, NULL);
}

static void begin_race(Race *race, void *(*work)(void *))
{
    for (unsigned i = 1; i < race->threads; i++) {
        ck_assert_int_eq(pthread_create(&race->racers[i].thread, NULL, work, &race->racers[i]), 0);
    }
}

static void end_race(Race *race)
{
    for (unsigned i = 0; i < race->threads; i++) {
        if (i != 0) {
            ck_assert_int_eq(pthread_join(race->racers[i].thread, NULL), 0);
        }
        ck_assert(!race->racers[i].failed);
    }
}

static void close_race(Race *race)
{
    checked_empty(&race->bed);
    bed_close(&race->bed);
}

static void warm_up(Racer *racer)
{
    if (racer->number < OTHERS) {
        cached_warm_up(&racer->race->bed, 64);
    }
}

/* ------------------------------------------------------------------------------------------------
 * Without allocations: each block is freed once
 * --------------------------------------------------------------------------------------------- */

static void free_one(Racer *racer, size_t at)
{
    Race *race = racer->race;

    errno = 0;
    if (Mem_RegionFree(race->bed.region, race->blocks[at]) == 0) {
        __atomic_fetch_add(&race->succeeded[at], 1, __ATOMIC_RELAXED);
        racer->freed++;
        racer->failed |= errno != 0;
    } else {
        racer->refused++;
        racer->failed |= errno != EINVAL;
    }
}

static void free_each(Racer *racer)
{
    dawdle(racer);
    for (size_t at = 0; at < BATCH; at++) {
        free_one(racer, at);
    }
}

/* Moves a block, which frees it. The losing thread has a copy, and a misuse. A block of the heap
 * may stay in place. */
static void move_one(Racer *racer, size_t at)
{
    Race *race = racer->race;
    size_t size = Mem_RegionSize(race->bed.region, race->blocks[at]);

    racer->failed |= size != 0 && size < race->block_size;
    errno = 0;
    racer->moved[at] = Mem_RegionRealloc(race->bed.region, race->blocks[at], 4 * race->block_size);
    if (racer->moved[at] == NULL) {
        racer->refused++;
        racer->failed |= errno != EINVAL;
    } else if (racer->moved[at] == race->blocks[at]) {
        racer->moved[at] = NULL;
    }
}

static void move_each(Racer *racer)
{
    dawdle(racer);
    for (size_t at = 0; at < BATCH; at++) {
        if ((at + racer->number) % 2 == 0) {
            move_one(racer, at);
        } else {
            free_one(racer, at);
        }
    }
}

/* Frees the copies. Another block may be in the place of a raced one by now; the thread that raced
 * for that one has freed it. */
static void free_moved(Racer *racer)
{
    for (size_t at = 0; at < BATCH; at++) {
        if (racer->moved[at] != NULL) {
            bool freed = Mem_RegionFree(racer->race->bed.region, racer->moved[at]) == 0;

            racer->freed += freed;
            racer->refused += !freed;
            racer->moved[at] = NULL;
        }
    }
}

static void *race_on(void *argument)
{
    Racer *racer = argument;
    Race *race = racer->race;

    warm_up(racer);
    meet(race);
    for (size_t round = 0; round < race->rounds; round++) {
        meet(race);
        race->free_all(racer);
        meet(race);
        free_moved(racer);
        meet(race);
    }
    return NULL;
}

static void set_up_round(Race *race)
{
    race->block_size = (size_t)16 << random_below(&race->racers[0].source, 5);
    for (size_t at = 0; at < BATCH; at++) {
        race->blocks[at] = Mem_RegionAlloc(race->bed.region, race->block_size);
        race->succeeded[at] = 0;
        if (race->blocks[at] == NULL) {
            ck_abort_msg("no memory");
        }
    }
}

static void look_at_blocks(Race *race)
{
    for (size_t at = 0; at < BATCH; at++) {
        if (race->succeeded[at] != 1) {
            ck_abort_msg("block %zu of %zu bytes was freed %d times", at, race->block_size,
                         race->succeeded[at]);
        }
        if (Mem_RegionSize(race->bed.region, race->blocks[at]) != 0) {
            ck_abort_msg("a block that was freed has a size");
        }
    }
}

/* Verifies that as many blocks were freed as there were. Moves that failed to free their block show
 * as misuses. */
static void look_at_counts(Race *race, uint64_t misuses)
{
    uint64_t freed = 0;
    uint64_t refused = 0;

    for (unsigned i = 0; i < race->threads; i++) {
        freed += race->racers[i].freed;
        refused += race->racers[i].refused;
        race->racers[i].freed = race->racers[i].refused = 0;
    }
    if (freed != BATCH + (misuses - refused)) {
        ck_abort_msg("%u threads freed %d blocks %d times, %d times in vain, with %d misuses",
                     race->threads, BATCH, (int)freed, (int)refused, (int)misuses);
    }
}

static void race_all(Race *race, bool counted)
{
    Racer *owner = &race->racers[0];
    Mem_Stats before, after;

    begin_race(race, race_on);
    warm_up(owner);
    meet(race);
    for (size_t round = 0; round < race->rounds; round++) {
        set_up_round(race);
        before = bed_stats(&race->bed);
        meet(race);
        race->free_all(owner);
        meet(race);
        if (counted) {
            look_at_blocks(race);
        }
        free_moved(owner);
        meet(race);
        after = bed_stats(&race->bed);
        look_at_counts(race, after.misuses - before.misuses);
        if (after.blocks_in_use != 0) {
            ck_abort_msg("%zu blocks are left", after.blocks_in_use);
        }
        if (round % LOOK == 0) {
            checked_sound(&race->bed);
        }
    }
    end_race(race);
}

START_TEST(one_free_succeeds)
{
    Race race;

    for (unsigned others = 1; others <= OTHERS; others++) {
        open_race(&race, _i, others, SIZE, "one_free_succeeds");
        race.free_all = free_each;
        race.rounds = count_rounds(200);
        race_all(&race, true);
        close_race(&race);
    }
}
END_TEST

START_TEST(one_free_or_move_succeeds)
{
    Race race;

    for (unsigned others = 1; others <= OTHERS; others++) {
        open_race(&race, _i, others, SIZE, "one_free_or_move_succeeds");
        race.free_all = move_each;
        race.rounds = count_rounds(100);
        race_all(&race, false);
        close_race(&race);
    }
}
END_TEST

/* ------------------------------------------------------------------------------------------------
 * While the owner allocates: only the number of successful frees is known
 * --------------------------------------------------------------------------------------------- */

static void *free_any(void *argument)
{
    Racer *racer = argument;
    Race *race = racer->race;

    warm_up(racer);
    meet(race);
    while (!__atomic_load_n(&race->ended, __ATOMIC_RELAXED)) {
        size_t at = random_below(&racer->source, BATCH);
        char *block = __atomic_load_n(&race->blocks[at], __ATOMIC_ACQUIRE);

        racer->freed += block != NULL && Mem_RegionFree(race->bed.region, block) == 0;
    }
    return NULL;
}

static void free_and_allocate(Racer *owner, size_t size)
{
    Race *race = owner->race;
    size_t at = random_below(&owner->source, BATCH);
    char *block = race->blocks[at];

    owner->freed += block != NULL && Mem_RegionFree(race->bed.region, block) == 0;
    block = Mem_RegionAlloc(race->bed.region, size);
    race->allocated += block != NULL;
    __atomic_store_n(&race->blocks[at], block, __ATOMIC_RELEASE);
}

/* Asks for more than there is, so that caches settle. The block, if there is one, may be freed by
 * others, too. */
static void want_all(Racer *owner)
{
    Race *race = owner->race;
    char *block = Mem_RegionAlloc(race->bed.region, race->bed.capacity);

    if (block != NULL) {
        race->allocated++;
        owner->freed += Mem_RegionFree(race->bed.region, block) == 0;
    }
    checked_sound(&race->bed);
}

/* Sizes change, so that spans go back. */
START_TEST(frees_are_as_many_as_blocks)
{
    size_t rounds = count_rounds(20000);
    size_t freed = 0;
    Race race;

    open_race(&race, _i, OTHERS, SMALL, "frees_are_as_many_as_blocks");
    begin_race(&race, free_any);
    warm_up(&race.racers[0]);
    meet(&race);
    for (size_t round = 0; round < rounds; round++) {
        free_and_allocate(&race.racers[0], (size_t)16 << round / 500 % 8);
        if (round % 4000 == 3999) {
            want_all(&race.racers[0]);
        }
    }
    __atomic_store_n(&race.ended, true, __ATOMIC_RELAXED);
    end_race(&race);
    for (unsigned i = 0; i < race.threads; i++) {
        freed += race.racers[i].freed;
    }
    ck_assert_uint_eq(bed_stats(&race.bed).blocks_in_use, race.allocated - freed);
    for (size_t at = 0; at < BATCH; at++) {
        freed += Mem_RegionFree(race.bed.region, race.blocks[at]) == 0 && race.blocks[at] != NULL;
    }
    ck_assert_uint_eq(race.allocated, freed);
    checked_sound(&race.bed);
    close_race(&race);
}
END_TEST

/* ------------------------------------------------------------------------------------------------
 * Without misuses: none is reported
 * --------------------------------------------------------------------------------------------- */

/* Frees a share of the owner's blocks. */
static void *free_share(void *argument)
{
    Racer *racer = argument;
    Race *race = racer->race;

    warm_up(racer);
    meet(race);
    while (!__atomic_load_n(&race->ended, __ATOMIC_ACQUIRE)) {
        for (size_t at = racer->number - 1; at < BATCH; at += race->threads - 1) {
            char *block = __atomic_exchange_n(&race->blocks[at], NULL, __ATOMIC_ACQUIRE);

            if (block != NULL) {
                size_t size = Mem_RegionSize(race->bed.region, block);

                racer->failed |= size == 0 || !pattern_holds(block, size, (uintptr_t)block, size);
                racer->failed |= Mem_RegionFree(race->bed.region, block) != 0;
                racer->freed++;
            }
        }
    }
    return NULL;
}

/* Allocates a block for others to free, or frees one that they left. */
static void give_one(Race *race, size_t at, size_t size)
{
    char *block = Mem_RegionAlloc(race->bed.region, size);

    if (block != NULL) {
        pattern_fill(block, Mem_RegionSize(race->bed.region, block));
        block = __atomic_exchange_n(&race->blocks[at], block, __ATOMIC_ACQ_REL);
        race->racers[0].failed |= Mem_RegionFree(race->bed.region, block) != 0;
    }
}

START_TEST(no_right_free_is_refused)
{
    size_t rounds = count_rounds(700);
    Race race;

    open_race(&race, _i, 2, SMALL, "no_right_free_is_refused");
    begin_race(&race, free_share);
    warm_up(&race.racers[0]);
    meet(&race);
    for (size_t round = 0; round < rounds; round++) {
        size_t size = (size_t)16 << round / 16 % 12;

        for (size_t at = 0; at < BATCH; at++) {
            give_one(&race, at, size);
        }
        if (round % 50 == 49) {
            want_all(&race.racers[0]);
        }
    }
    __atomic_store_n(&race.ended, true, __ATOMIC_RELEASE);
    end_race(&race);
    cached_free_all(&race.bed, race.blocks, BATCH);
    ck_assert_uint_eq(bed_stats(&race.bed).misuses, 0);
    close_race(&race);
}
END_TEST

int main(void)
{
    TCase *tests = support_begin("races");

    tcase_add_loop_test(tests, one_free_succeeds, 0, CACHED_VARIANTS);
    if (!SANITIZED_THREADS) { /* a block is copied while it is freed: a real data race */
        tcase_add_loop_test(tests, one_free_or_move_succeeds, 0, CACHED_VARIANTS);
    }
    tcase_add_loop_test(tests, frees_are_as_many_as_blocks, 0, CACHED_VARIANTS);
    tcase_add_loop_test(tests, no_right_free_is_refused, 0, CACHED_VARIANTS);
    return support_end();
}
