/* SPDX-License-Identifier: MIT
 *
 * Bytes that grow, and how a page carries them: as JSON, deflated, in base64. */
#ifndef MEM_REPLAY_BUFFER_H
#define MEM_REPLAY_BUFFER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct Buffer {
    unsigned char *data; /* NULL: nothing yet */
    size_t length;       /* bytes in use */
    size_t room;         /* bytes that there is memory for */
    bool failed;         /* no memory: what is appended from then on is lost */
} Buffer;

void buffer_free(Buffer *buffer);

void buffer_append(Buffer *buffer, const void *data, size_t bytes);
void buffer_print(Buffer *buffer, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Appends a string of JSON, quoted, with everything escaped that is not printable ASCII or would mean something in HTML.
 * Bytes that are no UTF-8 become U+FFFD. Of long strings the first bytes alone; NULL: null. */
void buffer_json(Buffer *buffer, const char *text);

/* Appends a whole number as LEB128: seven bits a byte, lowest first, the eighth set but in the last. */
void buffer_leb128(Buffer *buffer, uint64_t value);

/* Appends what the bytes are when they are deflated, with zlib's header. */
void buffer_deflate(Buffer *buffer, const void *data, size_t bytes);

/* Appends the bytes in base64. */
void buffer_base64(Buffer *buffer, const void *data, size_t bytes);

/* Writes all of it to a file. False: text says why, and the file is gone. */
bool buffer_write(const Buffer *buffer, const char *path, char *text, size_t room);

#endif
