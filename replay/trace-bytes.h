/* SPDX-License-Identifier: MIT
 *
 * Bytes of traces: growing memory, LEB128 numbers, checksums, and error messages. */
#ifndef MEM_REPLAY_TRACE_BYTES_H
#define MEM_REPLAY_TRACE_BYTES_H

#include "replay/trace-read.h"

/* Growing memory. All 0: empty. */
typedef struct Bytes {
    unsigned char *data;
    size_t used; /* bytes of data that are in use */
    size_t room; /* bytes of data; never less than used */
} Bytes;

/* Makes room for more bytes. Returns false without memory. */
bool bytes_reserve(Bytes *bytes, size_t more);
bool bytes_append(Bytes *bytes, const void *data, size_t size);
void bytes_free(Bytes *bytes);

/* Bytes read from the front. */
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

/* Takes a number. Returns false if it is truncated, or has more than 64 bits; the cursor stays in
 * place. */
static inline bool leb128_take(Cursor *cursor, uint64_t *number)
{
    if (cursor->next < cursor->end && *cursor->next < 0x80) {
        *number = *cursor->next++;
        return true;
    }
    return leb128_take_long(cursor, number);
}

/* Encodes signed numbers: 0, -1, 1, -2, … as 0, 1, 2, 3, … */
static inline uint64_t zigzag(uint64_t difference)
{
    return difference << 1 ^ (0 - (difference >> 63));
}

static inline uint64_t unzigzag(uint64_t number)
{
    return number >> 1 ^ (0 - (number & 1));
}

/* Returns the CRC-32, as zlib's. */
uint32_t bytes_checksum(const void *data, size_t size);

/* Formats an error message, if error is not NULL. Returns false. */
bool trace_fail(TraceError *error, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
