/* SPDX-License-Identifier: MIT
 *
 * A program is charged for the memory it uses, and not for the whole region. Run it with a region
 * of 1 GiB. */
#include <pthread.h>
#include <string.h>
#include <sys/resource.h>

#include "expect.h"

enum { MIB = 1 << 20, BLOCK = 100000, MOST = 1000, SMALL = 200, THREADS = 4 };

/* Returns the bytes of private writable memory of the process. */
static size_t charged(void)
{
    FILE *stream = fopen("/proc/self/status", "r");
    char line[200];
    size_t kib = 0;

    EXPECT(stream != NULL);
    while (kib == 0 && fgets(line, sizeof line, stream) != NULL) {
        if (sscanf(line, "VmData: %zu", &kib) != 1) {
            kib = 0;
        }
    }
    fclose(stream);
    return kib << 10;
}

static void set_limit(size_t bytes)
{
    struct rlimit limit;

    EXPECT(getrlimit(RLIMIT_DATA, &limit) == 0);
    limit.rlim_cur = bytes;
    EXPECT(setrlimit(RLIMIT_DATA, &limit) == 0);
}

/* Takes blocks until there are no more, and frees them. Returns how many there were. */
static size_t fill(void)
{
    static char *blocks[MOST];
    size_t count = 0;

    while (count < MOST && (blocks[count] = malloc(BLOCK)) != NULL) {
        memset(blocks[count], (int)count % 100, BLOCK);
        count++;
    }
    EXPECT(errno == ENOMEM && count < MOST);
    errno = 0;
    EXPECT(calloc(40, MIB) == NULL && errno == ENOMEM);
    errno = 0;
    EXPECT(realloc(blocks[0], 40 * MIB) == NULL && errno == ENOMEM);
    for (size_t i = 0; i < count; i++) {
        EXPECT(blocks[i][0] == (char)(i % 100) && blocks[i][BLOCK - 1] == (char)(i % 100));
        free(blocks[i]);
    }
    return count;
}

/* Allocates and frees small blocks of many sizes, whose bookkeeping is opened, too. */
static void *churn(void *context)
{
    static __thread char *blocks[20000];

    for (size_t round = 0; round < 3; round++) {
        for (size_t i = 0; i < sizeof blocks / sizeof blocks[0]; i++) {
            size_t size = (i * 7919 + round) % SMALL + 1;

            blocks[i] = malloc(size);
            EXPECT(blocks[i] != NULL);
            memset(blocks[i], 'c', size);
        }
        for (size_t i = 0; i < sizeof blocks / sizeof blocks[0]; i++) {
            EXPECT(*blocks[i] == 'c');
            free(blocks[i]);
        }
    }
    return context;
}

/* A sparsely used table has few resident pages, whether its memory is new or was used before. */
static void test_tables(void)
{
    size_t before = expect_resident();

    for (int round = 0; round < 3; round++) {
        char *table = calloc(100, MIB);

        EXPECT(table != NULL);
        for (size_t at = 0; at < 100 * (size_t)MIB; at += 10 * (size_t)MIB) {
            EXPECT(table[at] == 0);
            table[at] = 't';
        }
        EXPECT(expect_resident() < before + 10 * (size_t)MIB);
        free(table);
    }
}

int main(void)
{
    pthread_t threads[THREADS];
    size_t first, second;

    EXPECT(charged() < 100 * (size_t)MIB);
    set_limit(charged() + 32 * (size_t)MIB);
    first = fill();
    second = fill();
    EXPECT(first * BLOCK >= 24 * (size_t)MIB && first * BLOCK <= 40 * (size_t)MIB);
    EXPECT(second == first);
    set_limit(RLIM_INFINITY);
    test_tables();
    for (int i = 0; i < THREADS; i++) {
        EXPECT(pthread_create(&threads[i], NULL, churn, NULL) == 0);
    }
    for (int i = 0; i < THREADS; i++) {
        EXPECT(pthread_join(threads[i], NULL) == 0);
    }
    return EXIT_SUCCESS;
}
