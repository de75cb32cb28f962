/* SPDX-License-Identifier: MIT
 *
 * Memory goes back to the system after a peak, and a program that frees and allocates the same
 * memory again and again does not pay for it. */
#include <malloc.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "expect.h"

enum { MIB = 1 << 20, PEAK = 100, SMALL = 2000, BREATHS = 100 };

static size_t page_size(void)
{
    return (size_t)sysconf(_SC_PAGESIZE);
}

/* Returns the resident bytes. */
static size_t resident(void)
{
    size_t bytes = expect_resident();

    if (bytes == 0) {
        puts("skipped: there is no /proc");
        exit(77);
    }
    return bytes;
}

static long faults(void)
{
    struct rusage usage;

    EXPECT(getrusage(RUSAGE_SELF, &usage) == 0);
    return usage.ru_minflt;
}

static void sleep_ms(long ms)
{
    nanosleep(&(struct timespec){.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000}, NULL);
}

/* Takes `mib` MiB in blocks of a size, and frees them all. The blocks are linked by their first
 * bytes. */
static void peak(size_t mib, size_t size)
{
    void **last = NULL;

    for (size_t i = 0; i < mib * MIB / size; i++) {
        void **block = malloc(size);

        EXPECT(block != NULL);
        memset(block, 'p', size);
        *block = last;
        last = block;
    }
    while (last != NULL) {
        void **block = last;

        last = *block;
        free(block);
    }
}

/* Nothing goes back in the first second, but soon after, even if all later blocks are small, and
 * mostly cached. */
static void test_early_peak_goes_back(void)
{
    enum { ROUNDS = 100, CALLS = 4000, BLOCKS = 8192 };
    static void *blocks[BLOCKS];
    size_t before = resident();
    unsigned random = 1;

    peak(PEAK / 3, 1000);
    for (int i = 0; i < ROUNDS * CALLS; i++) {
        void **block = &blocks[random / 65536 % BLOCKS];

        free(*block);
        random = random * 1103515245 + 12345;
        *block = malloc(16 + random / 65536 % 1000);
        if (i % CALLS == 0) {
            sleep_ms(20);
        }
    }
    EXPECT(resident() <= before + 12 * (size_t)MIB);
}

/* After a peak a few MiB remain, too little to be worth a call, whatever the size of blocks. */
static void test_peaks_go_back(void)
{
    static const size_t sizes[] = {PEAK * (size_t)MIB / 2, MIB, 100000, SMALL};
    size_t before = resident();

    sleep_ms(2400);
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        peak(PEAK, sizes[i]);
        EXPECT(resident() <= before + 24 * (size_t)MIB);
        sleep_ms(6400); /* or the next peak counts as use of the same memory */
    }
}

/* Frees adjacent blocks at times far apart, so that cached ones lie in many pages. */
static void scatter(void)
{
    enum { BLOCKS = 1 << 16, STRIDE = 40503, BLOCK = 200 }; /* STRIDE is odd */
    static void *blocks[BLOCKS];

    for (size_t i = 0; i < BLOCKS; i++) {
        blocks[i] = malloc(BLOCK);
        EXPECT(blocks[i] != NULL);
        memset(blocks[i], 's', BLOCK);
    }
    for (size_t i = 0; i < BLOCKS; i++) {
        free(blocks[i * STRIDE % BLOCKS]);
    }
}

static void test_trim(void)
{
    size_t before;
    void *kept = malloc(100);

    malloc_trim(0);
    before = resident();
    peak(6, MIB); /* too little to go back by itself */
    peak(6, 20000);
    EXPECT(resident() >= before + 4 * (size_t)MIB);
    errno = EXDEV;
    EXPECT(malloc_trim(0) == 1);
    EXPECT(errno == EXDEV);
    EXPECT(resident() <= before + MIB);
    scatter();
    malloc_trim(0);
    EXPECT(resident() <= before + 2 * MIB); /* including the list of blocks */
    free(kept);
}

/* Otherwise each round would take as many page faults as it has pages. */
static void test_breath_is_free(void)
{
    enum { BREATH = 50 };
    long before, each = BREATH * MIB / (long)page_size();

    peak(BREATH, MIB);
    before = faults();
    for (int i = 0; i < BREATHS; i++) {
        peak(BREATH, MIB);
    }
    EXPECT(faults() - before < each * BREATHS / 5);
}

int main(void)
{
    test_early_peak_goes_back();
    test_peaks_go_back();
    test_trim();
    test_breath_is_free();
    return EXIT_SUCCESS;
}
