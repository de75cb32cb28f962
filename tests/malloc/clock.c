/* SPDX-License-Identifier: MIT
 *
 * Memory goes back to the system at every age of a process, at every time since the machine has
 * started, and after the clock was set back. The clock is the program's own. */
#include <string.h>
#include <time.h>

#include "expect.h"

enum { BLOCKS = 24 << 10, SIZE = 1000, LARGE = 70000, LARGES = 64, DAY = 86400 };

static void *blocks[BLOCKS];
static time_t seconds; /* the time of the clock */

int clock_gettime(clockid_t clock, struct timespec *time)
{
    (void)clock;
    *time = (struct timespec){seconds, 0};
    return 0;
}

/* Takes much memory and frees it. Returns the part of it that stayed resident, in percent. */
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
    for (int i = 0; i < LARGES; i++) { /* large blocks make free() look */
        free(malloc(LARGE));
    }
    return expect_resident() * 100 / full;
}

int main(void)
{
    /* The days on which 32-bit counters of milliseconds overflow, signed and unsigned, lie between
     * these. */
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
