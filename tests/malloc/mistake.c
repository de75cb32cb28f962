/* SPDX-License-Identifier: MIT
 *
 * mistake KIND: makes one mistake, and ends well if it still runs. */
#include <malloc.h>
#include <pthread.h>
#include <string.h>

#include "expect.h"

void free_sized(void *pointer, size_t size) __attribute__((__weak__));

static char *allocate(size_t size)
{
    char *block = malloc(size);

    EXPECT(block != NULL);
    memset(block, 'm', size);
    return block;
}

/* Hides a pointer from compilers, which see some of these mistakes. */
static void *blur(void *pointer)
{
    void *volatile blurred = pointer;

    return blurred;
}

/* Uses a size so often that freed blocks of it wait in a cache. */
static void use_often(size_t size)
{
    for (int i = 0; i < 2000; i++) {
        free(blur(allocate(size)));
    }
}

static void *do_nothing(void *argument)
{
    return argument;
}

/* Runs a thread that allocates nothing. */
static void have_thread(void)
{
    pthread_t thread;

    EXPECT(pthread_create(&thread, NULL, do_nothing, NULL) == 0);
    EXPECT(pthread_join(thread, NULL) == 0);
}

int main(int argc, char **argv)
{
    const char *kind = argc > 1 ? argv[1] : "";
    char *block = allocate(100);
    char *last = NULL;
    char local[16];

    if (strcmp(kind, "double-alone") == 0) {
        have_thread();
        kind = "double-cached";
    }
    if (strcmp(kind, "fails") == 0) { /* no mistake */
        volatile size_t much = SIZE_MAX;

        EXPECT(reallocarray(NULL, much / 2, 3) == NULL && errno == ENOMEM);
        EXPECT(pvalloc(much) == NULL && errno == ENOMEM);
        EXPECT(reallocarray(block, much / 2, 3) == NULL && errno == ENOMEM);
    } else if (strcmp(kind, "double") == 0) {
        free(block);
        free(blur(block));
    } else if (strcmp(kind, "double-cached") == 0) {
        use_often(100);
        block = allocate(100);
        free(block);
        memset(blur(block), 0, 100); /* a mistake of its own, which nobody can see */
        free(blur(block));
    } else if (strcmp(kind, "double-settled") == 0) {
        /* The blocks on a stack belong to the heap by now. */
        use_often(200);
        block = allocate(200);
        for (int i = 0; i < 100; i++) {
            last = block;
            block = allocate(200);
        }
        free(last);
        free(block);
        malloc_trim(0);
        free(blur(block));
    } else if (strcmp(kind, "double-large") == 0) {
        block = allocate(1000000);
        free(block);
        free(blur(block));
    } else if (strcmp(kind, "inside") == 0) {
        free(blur(block + 16));
    } else if (strcmp(kind, "unaligned") == 0) {
        free(blur(block + 1));
    } else if (strcmp(kind, "outside") == 0) {
        free(blur(local));
    } else if (strcmp(kind, "realloc") == 0) {
        free(block);
        if (realloc(blur(block), 10) != NULL) {
            return EXIT_FAILURE;
        }
    } else if (strcmp(kind, "size") == 0) {
        free_sized(block, 10000);
    } else {
        return 2;
    }
    block = allocate(50);
    free(block);
    return EXIT_SUCCESS;
}
