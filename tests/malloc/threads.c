/* SPDX-License-Identifier: MIT
 *
 * Thousands of threads that come and go leave nothing behind; and a heap exhausted by several
 * threads says so, and recovers. Run it with a small heap: LIBMEM_SIZE=32M. */
#include <malloc.h>
#include <pthread.h>
#include <string.h>
#include <unistd.h>

#include "expect.h"

enum {
    THREADS = 3000,
    AT_A_TIME = 4,
    BLOCKS = 100,
    HUNGRY = 4,
    ROUNDS = 20,
    KEYS = 40,
    HANGS_AFTER = 600
};

/* Takes so many thread keys that libc calls malloc() to store one more value. */
static void take_keys(void)
{
    for (int i = 0; i < KEYS; i++) {
        pthread_key_t key;

        EXPECT(pthread_key_create(&key, NULL) == 0);
    }
}

static void *use_often(void *argument)
{
    for (int i = 0; i < ROUNDS; i++) {
        char *blocks[BLOCKS];

        for (size_t k = 0; k < BLOCKS; k++) {
            blocks[k] = malloc(1 + k * 37 % 1000);
            EXPECT(blocks[k] != NULL);
        }
        for (size_t k = 0; k < BLOCKS; k++) {
            free(blocks[k]);
        }
    }
    return argument;
}

static pthread_barrier_t all_have_blocks;

/* Waits for the other threads, so that each has a cache of its own, however busy the machine is. */
static void *use_a_little(void *argument)
{
    char *blocks[BLOCKS];

    for (size_t i = 0; i < BLOCKS; i++) {
        blocks[i] = malloc(16 + i * 37 % 2000);
        EXPECT(blocks[i] != NULL);
        blocks[i][0] = 'x';
    }
    pthread_barrier_wait(&all_have_blocks);
    for (size_t i = 0; i < BLOCKS; i++) {
        free(blocks[i]);
    }
    return argument;
}

static size_t in_use(void)
{
    return mallinfo2().uordblks;
}

static void run_threads(int count, void *(*work)(void *))
{
    for (int i = 0; i < count; i += AT_A_TIME) {
        pthread_t threads[AT_A_TIME];

        for (int k = 0; k < AT_A_TIME; k++) {
            EXPECT(pthread_create(&threads[k], NULL, work, NULL) == 0);
        }
        for (int k = 0; k < AT_A_TIME; k++) {
            EXPECT(pthread_join(threads[k], NULL) == 0);
        }
    }
}

static void test_threads_leave_nothing(void)
{
    size_t before, arena, memory;

    EXPECT(pthread_barrier_init(&all_have_blocks, NULL, AT_A_TIME) == 0);
    run_threads(100, use_a_little);
    before = in_use();
    arena = mallinfo2().arena;
    memory = expect_resident();
    run_threads(THREADS, use_a_little);
    /* Pages of 2 MiB become resident as a whole, when any part is first used. */
    EXPECT(getenv("LIBMEM_HUGE") != NULL || expect_resident() <= memory + (2 << 20));
    EXPECT(in_use() <= before + 100000);
    EXPECT(mallinfo2().arena <= arena + (2 << 20));
}

/* Takes all memory, in linked blocks, and gives it back. */
static void *exhaust(void *argument)
{
    for (int round = 0; round < ROUNDS; round++) {
        void **last = NULL;
        void **block;

        for (size_t size = 1 << 20; size >= 1 << 12; size /= 2) {
            while ((block = malloc(size)) != NULL) {
                memset(block, 'e', size);
                *block = last;
                last = block;
            }
            EXPECT(errno == ENOMEM);
        }
        while (last != NULL) {
            block = *last;
            free(last);
            last = block;
        }
    }
    return argument;
}

/* These threads call often enough to get caches, whose end must be noticed by way of a key. */
static void test_threads_that_call_often(void)
{
    size_t before = in_use();

    run_threads(100, use_often);
    EXPECT(in_use() <= before + 100000);
}

static void test_exhaustion(void)
{
    pthread_t threads[HUNGRY];
    size_t before = in_use();
    void *block;

    for (int i = 0; i < HUNGRY; i++) {
        EXPECT(pthread_create(&threads[i], NULL, exhaust, NULL) == 0);
    }
    for (int i = 0; i < HUNGRY; i++) {
        EXPECT(pthread_join(threads[i], NULL) == 0);
    }
    EXPECT(in_use() <= before + 100000);
    block = malloc(24 << 20);
    EXPECT(block != NULL);
    EXPECT(malloc(24 << 20) == NULL && errno == ENOMEM);
    free(block);
    block = malloc(24 << 20);
    EXPECT(block != NULL);
    free(block);
}

int main(void)
{
    EXPECT(getenv("LIBMEM_SIZE") != NULL); /* or this would take all memory of the machine */
    alarm(HANGS_AFTER);
    take_keys();
    test_threads_leave_nothing();
    test_threads_that_call_often();
    test_exhaustion();
    return EXIT_SUCCESS;
}
