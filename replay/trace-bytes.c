/* SPDX-License-Identifier: MIT */
#include "replay/trace-bytes.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool bytes_reserve(Bytes *bytes, size_t more)
{
    size_t room = bytes->room < 64 ? 64 : bytes->room;

    if (more <= bytes->room - bytes->used) {
        return true;
    }
    if (more > SIZE_MAX / 4 - bytes->used) {
        return false;
    }
    while (room < bytes->used + more) {
        room *= 2;
    }

    unsigned char *data = realloc(bytes->data, room);

    if (data == NULL) {
        return false;
    }
    bytes->data = data;
    bytes->room = room;
    return true;
}

bool bytes_append(Bytes *bytes, const void *data, size_t size)
{
    if (!bytes_reserve(bytes, size)) {
        return false;
    }
    if (size > 0) {
        memcpy(bytes->data + bytes->used, data, size);
        bytes->used += size;
    }
    return true;
}

void bytes_free(Bytes *bytes)
{
    free(bytes->data);
    *bytes = (Bytes){0};
}

bool leb128_take_long(Cursor *cursor, uint64_t *number)
{
    const unsigned char *next = cursor->next;
    uint64_t sum = 0;

    for (unsigned shift = 0; next < cursor->end; shift += 7) {
        uint64_t byte = *next++;

        if (shift == 63 && byte > 1) {
            return false;
        }
        sum |= (byte & 0x7f) << shift;
        if (byte < 0x80) {
            cursor->next = next;
            *number = sum;
            return true;
        }
    }
    return false;
}

uint32_t bytes_checksum(const void *data, size_t size)
{
    static uint32_t table[256];
    const unsigned char *byte = data;
    uint32_t sum = UINT32_MAX;

    if (table[1] == 0) {
        for (uint32_t i = 0; i < 256; i++) {
            uint32_t rest = i;

            for (int bit = 0; bit < 8; bit++) {
                rest = rest >> 1 ^ ((0 - (rest & 1)) & UINT32_C(0xedb88320));
            }
            table[i] = rest;
        }
    }
    for (size_t i = 0; i < size; i++) {
        sum = sum >> 8 ^ table[(sum ^ byte[i]) & 0xff];
    }
    return ~sum;
}

bool trace_fail(TraceError *error, const char *format, ...)
{
    va_list arguments;

    if (error != NULL) {
        va_start(arguments, format);
        vsnprintf(error->text, sizeof error->text, format, arguments);
        va_end(arguments);
    }
    return false;
}
