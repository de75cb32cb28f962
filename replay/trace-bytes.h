/* SPDX-License-Identifier: MIT
 *
 * Bytes of traces: memory that grows, numbers as LEB128, checksums, and what errors are told by. */
#ifndef MEM_REPLAY_TRACE_BYTES_H
#define MEM_REPLAY_TRACE_BYTES_H

#include "replay/trace-read.h"

/* Memory that grows. All 0: empty. */
typedef struct Bytes {
    unsigned char *data;
    size_t used; /* bytes of data that are in use */
    size_t room; /* bytes of data; never less than used */
} Bytes;

/* Makes room for more bytes behind those in use. False: no memory. */
bool bytes_reserve(Bytes *bytes, size_t more);
bool bytes_append(Bytes *bytes, const void *data, size_t size);
void bytes_free(Bytes *bytes);

/* Bytes that are read from the front. */
typedef struct Cursor {
    const unsigned char *next, *end; /* next <= end */
} Cursor;

enum { LEB128_MAX = 10 }; /* bytes of a number of 64 bits */

static inline unsigned char *leb128_put(unsigned char *to, uint64_t number)
{
    while (number >= 0x80) {
        *to++ = (unsigned char)(number | 0x80);
        number >>= 7;
    }
    *to++ = (unsigned char)number;
    return to;
}

bool leb128_take_long(Cursor *cursor, uint64_t *number);

/* Takes a number. False: it is cut off, or has more than 64 bits; the cursor is where it was. */
static inline bool leb128_take(Cursor *cursor, uint64_t *number)
{
    if (cursor->next < cursor->end && *cursor->next < 0x80) {
        *number = *cursor->next++;
        return true;
    }
    return leb128_take_long(cursor, number);
}

/* Signed numbers: 0, -1, 1, -2, … as 0, 1, 2, 3, … */
static inline uint64_t zigzag(uint64_t difference)
{
    return difference << 1 ^ (0 - (difference >> 63));
}

static inline uint64_t unzigzag(uint64_t number)
{
    return number >> 1 ^ (0 - (number & 1));
}

/* CRC-32 as zlib's. */
uint32_t bytes_checksum(const void *data, size_t size);

/* Puts a sentence into an error, if there is one to put it into. Returns false. */
bool trace_fail(TraceError *error, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
