/* SPDX-License-Identifier: MIT
 *
 * Numbers as people read them. The text lives as long as the expression that it is used in. */
#ifndef MEM_REPLAY_HUMAN_H
#define MEM_REPLAY_HUMAN_H

#include <stdint.h>

typedef struct Human {
    char text[32];
} Human;

Human human_bytes(uint64_t bytes);                /* "12 B", "1.50 KiB", "12.3 MiB", "123 GiB" */
Human human_count(uint64_t count);                /* "1,234,567" */
Human human_time(uint64_t us);                    /* "12 us", "1.50 ms", "12.3 s", "123 min" */
Human human_ns(uint64_t ns);                      /* "12 ns", "1.50 us", … */
Human human_share(uint64_t part, uint64_t whole); /* "12.3 %" */

#endif
