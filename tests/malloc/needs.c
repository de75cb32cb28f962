/* SPDX-License-Identifier: MIT
 *
 * needs MIB: takes so much memory, in blocks of 1 MiB less a little, and writes to all of it. Prints how
 * far it came, and ends with 1 if that was not all. */
#include <string.h>

#include "expect.h"

enum { BLOCK = (1 << 20) - 64 };

int main(int argc, char **argv)
{
    int wanted = argc > 1 ? atoi(argv[1]) : 0;

    setvbuf(stdout, NULL, _IONBF, 0); /* which would need memory, too */
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
