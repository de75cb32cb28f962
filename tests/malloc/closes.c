/* SPDX-License-Identifier: MIT
 *
 * Closes descriptors, as daemons do, and may open files of its own in their place. Arguments: the
 * first and the last descriptor to close, and a file to open under each of them, if any. */
#include <fcntl.h>

#include "expect.h"

int main(int argc, char **argv)
{
    int first = atoi(argv[1]);
    int last = atoi(argv[2]);

    free(malloc(100));
    for (int file = first; file <= last; file++) {
        close(file);
    }
    for (int file = first; argc > 3 && file <= last && file < 250; file++) {
        EXPECT(open(argv[3], O_WRONLY | O_CREAT | O_CLOEXEC, 0600) == file);
    }
    return EXIT_SUCCESS;
}
