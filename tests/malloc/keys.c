/* SPDX-License-Identifier: MIT
 *
 * keys NUMBER: threads come and go after the program has taken NUMBER thread keys, or all that
 * there are. Values of all but the first few keys take memory. */
#include <malloc.h>
#include <pthread.h>
#include <unistd.h>

#include "expect.h"

enum { THREADS = 4, ROUNDS = 20, CALLS = 5000, HANGS_AFTER = 60 };

static void *breathe(void *argument)
{
    for (int i = 0; i < CALLS; i++) {
        void *block = malloc(100);

        EXPECT(block != NULL);
        free(block);
    }
    return argument;
}

int main(int argc, char **argv)
{
    int wanted = argc > 1 ? atoi(argv[1]) : 0;
    pthread_key_t key;

    alarm(HANGS_AFTER);
    for (int i = 0; i < wanted && pthread_key_create(&key, NULL) == 0; i++) {
    }
    for (int round = 0; round < ROUNDS; round++) {
        pthread_t threads[THREADS];
        void *block;

        for (int i = 0; i < THREADS; i++) {
            EXPECT(pthread_create(&threads[i], NULL, breathe, NULL) == 0);
        }
        for (int i = 0; i < THREADS; i++) {
            EXPECT(pthread_join(threads[i], NULL) == 0);
        }
        malloc_trim(0); /* which needs the caches of all threads */
        block = malloc(1 << 20);
        EXPECT(block != NULL);
        free(block);
    }
    return EXIT_SUCCESS;
}
