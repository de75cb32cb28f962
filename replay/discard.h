/* SPDX-License-Identifier: MIT
 *
 * What becomes of a file that could not be written to its end. */
#ifndef MEM_REPLAY_DISCARD_H
#define MEM_REPLAY_DISCARD_H

#include <sys/stat.h>
#include <unistd.h>

/* Removes an unfinished file. A device or pipe stays. */
static inline void discard_file(const char *path)
{
    struct stat status;

    if (lstat(path, &status) == 0 && S_ISREG(status.st_mode)) {
        unlink(path);
    }
}

#endif
