/* SPDX-License-Identifier: MIT
 *
 * Space: the share of the region that is payload (requested bytes) when an allocation first fails.
 * A malloc has no region: for it, the share of payload in the memory by which the process has grown
 * when the payload reaches three quarters of the region. */
#include "bench.h"

#include <sys/wait.h>
#include <unistd.h>

/* A way to fill a region: allocates with this probability, and frees otherwise. */
typedef struct Way {
    const char *name;
    double probability;
    int shift; /* then four fifths are freed, and blocks of four times the size fill it again */
} Way;

enum { SHIFT_SCALE = 4, SHIFT_FAILURES = 64 };

static const Way ways[] = {
    {"fill", 1.1, 0}, {"grow55", 0.55, 0}, {"grow51", 0.51, 0}, {"shift", 0.55, 1}};

static void shift(Crowd *crowd, const Heap *heap, uint64_t enough)
{
    size_t remove = crowd->count * 4 / 5;

    for (size_t i = 0; i < remove; i++)
        heap->free(crowd_remove_any(crowd).address);
    for (int i = 0; i < SHIFT_FAILURES; i++) {
        if (!crowd_grow(crowd, heap, 1.1, SHIFT_SCALE, enough))
            return;
    }
}

static int measure_way(const Heap *heap, const Setting *setting, const Way *way)
{
    size_t region = (size_t)setting->region;
    uint64_t enough = heap->bounded ? 0 : setting->region / 4 * 3;
    Crowd crowd;

    crowd_init(&crowd, heap, region);
    if (heap->open(region) != 0)
        return 1;
    crowd_grow(&crowd, heap, way->probability, 1, enough);
    if (way->shift)
        shift(&crowd, heap, enough);

    size_t memory = heap->memory();
    if (memory == 0)
        return 1;
    emit(way->name, "share", (double)crowd.payload / (double)memory);
    return 0;
}

int measure_fill(const Heap *heap, const Setting *setting)
{
    for (size_t i = 0; i < sizeof ways / sizeof ways[0]; i++) {
        int status;
        pid_t child = fork(); /* each way begins with a fresh heap */
        if (child == 0) {
            status = measure_way(heap, setting, &ways[i]);
            _exit(fflush(stdout) == 0 ? status : 1);
        }
        if (child < 0 || waitpid(child, &status, 0) != child || status != 0)
            return 1;
    }
    return 0;
}
