/* SPDX-License-Identifier: MIT
 *
 * needs MIB: takes that much memory, in blocks of a little less than 1 MiB, and writes to all of
 * it. Prints how much it got, and ends with status 1 if that was not all. */
#include <string.h>

#include "expect.h"

enum { BLOCK = (1 << 20) - 64 };

int main(int argc, char **argv)
{
    int wanted = argc > 1 ? atoi(argv[1]) : 0;

    setvbuf(stdout, NULL, _IONBF, 0); /* stdio's buffer would need memory, too */
    for (int count = 0; count < wanted; count++) {
        char *block = malloc(BLOCK);

        if (block == NULL) {
            printf("%d of %d: %s\n", count, wanted, errno == ENOMEM ? "ENOMEM" : strerror(errno));
            return EXIT_FAILURE;
        }
        memset(block, 'n', BLOCK);
    }
    printf("all of %d\n", wanted);
    return EXIT_SUCCESS;
}
