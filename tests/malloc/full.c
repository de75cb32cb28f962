/* SPDX-License-Identifier: MIT
 *
 * An exhausted heap still hands out everything that is free, wherever it waits, and keeps errno.
 * Run it with a small heap: LIBMEM_SIZE=8M. */
#include <stdbool.h>
#include <string.h>

#include "expect.h"

enum { BLOCKS = 1 << 18, SIZE = 48, OTHER_ERROR = EXDEV };

static char *blocks[BLOCKS];
static size_t count;

static void fill(void)
{
    errno = OTHER_ERROR;
    for (count = 0; count < BLOCKS && (blocks[count] = malloc(SIZE)) != NULL; count++) {
        memset(blocks[count], 'f', SIZE);
        EXPECT(errno == OTHER_ERROR);
    }
    EXPECT(count < BLOCKS && errno == ENOMEM);
    errno = OTHER_ERROR;
}

static void empty(void)
{
    for (size_t i = 0; i < count; i++) {
        free(blocks[i]);
    }
    EXPECT(errno == OTHER_ERROR);
}

/* Returns whether two blocks taken one after another are neighbours. Sorts them. */
static bool are_neighbours(char **pair)
{
    char *lower = pair[0] < pair[1] ? pair[0] : pair[1];
    bool adjacent = pair[0] + SIZE == pair[1] || pair[1] + SIZE == pair[0];

    pair[1] = pair[0] < pair[1] ? pair[1] : pair[0];
    pair[0] = lower;
    return adjacent;
}

/* Grows a block into the free memory behind it: no other free run is long enough. */
static void grow_into_next(char **pair)
{
    char *grown;

    free(pair[1]);
    grown = realloc(pair[0], 2 * SIZE);
    EXPECT(grown == pair[0]);
    EXPECT(errno == OTHER_ERROR);
    EXPECT(grown[0] == 'f' && grown[SIZE - 1] == 'f');
    EXPECT(malloc(SIZE) == NULL && errno == ENOMEM);
    errno = OTHER_ERROR;
    EXPECT(realloc(grown, SIZE) == grown);
    pair[1] = malloc(SIZE);
    EXPECT(pair[1] == grown + SIZE);
    EXPECT(errno == OTHER_ERROR);
}

/* Frees two halves one by one that one request then takes. */
static void take_merged(char **pair)
{
    char *first = pair[0];

    free(pair[0]);
    free(pair[1]);
    pair[0] = calloc(2, SIZE);
    EXPECT(pair[0] == first && first[0] == 0 && first[2 * SIZE - 1] == 0);
    EXPECT(errno == OTHER_ERROR);
    pair[1] = NULL;
}

static void test_pairs(void (*test)(char **pair))
{
    size_t pairs = 0;

    fill();
    for (size_t i = 0; i + 1 < count; i += 1001) {
        if (are_neighbours(&blocks[i])) {
            test(&blocks[i]);
            pairs++;
        }
    }
    EXPECT(pairs > 0);
    empty();
}

int main(void)
{
    EXPECT(getenv("LIBMEM_SIZE") != NULL); /* or this would take all memory of the machine */
    test_pairs(take_merged);
    test_pairs(grow_into_next);
    return EXIT_SUCCESS;
}
