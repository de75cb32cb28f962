/* SPDX-License-Identifier: MIT
 *
 * Memory goes back to the system in processes of every age, on machines that run for any time, and after the clock
 * was set back. The clock is the program's own. */
#include <string.h>
#include <time.h>

#include "expect.h"

enum { BLOCKS = 24 << 10, SIZE = 1000, LARGE = 70000, LARGES = 64, DAY = 86400 };

static void *blocks[BLOCKS];
static time_t seconds; /* what the clock shows */

int clock_gettime(clockid_t clock, struct timespec *time)
{
    (void)clock;
    *time = (struct timespec){seconds, 0};
    return 0;
}

/* Takes much memory and frees it. Returns the part of its memory that stayed with the process, in percent. */
static size_t breathe(void)
{
    size_t full;

    for (int i = 0; i < BLOCKS; i++) {
        blocks[i] = malloc(SIZE);
        EXPECT(blocks[i] != NULL);
        memset(blocks[i], 'c', SIZE);
    }
    full = expect_resident();
    for (int i = 0; i < BLOCKS; i++) {
        free(blocks[i]);
    }
    for (int i = 0; i < LARGES; i++) { /* which free() looks at */
        free(malloc(LARGE));
    }
    return expect_resident() * 100 / full;
}

int main(void)
{
    /* Days at which counters of milliseconds overflow, signed and unsigned, in 32 bits, are in between. */
    static const time_t days[] = {0, 10, 24, 26, 40, 49, 51, 70, 76, 90, 101, 10000, 60000};

    if (expect_resident() == 0) {
        return EXIT_SUCCESS;
    }
    for (size_t i = 0; i < sizeof days / sizeof days[0]; i++) {
        if (days[i] > (time_t)INT32_MAX / DAY && sizeof(time_t) == 4) {
            break;
        }
        seconds = days[i] * DAY + 60;
        EXPECT(breathe() < 50);
    }
    seconds = 100;
    breathe();
    seconds += 30;
    EXPECT(breathe() < 50);
    return EXIT_SUCCESS;
}
