/* SPDX-License-Identifier: MIT */
#include "replay/buffer.h"
#include "replay/discard.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

enum { JSON_LONGEST = 400 }; /* bytes of a string that are shown */

void buffer_free(Buffer *buffer)
{
    free(buffer->data);
    *buffer = (Buffer){0};
}

/* Makes room for so many bytes more. */
static bool buffer_reserve(Buffer *buffer, size_t bytes)
{
    if (buffer->failed || buffer->room - buffer->length >= bytes)
        return !buffer->failed;

    size_t room = buffer->room * 2 + bytes + 256;
    unsigned char *data = realloc(buffer->data, room);
    if (data == NULL) {
        buffer->failed = true;
        return false;
    }
    buffer->data = data;
    buffer->room = room;
    return true;
}

void buffer_append(Buffer *buffer, const void *data, size_t bytes)
{
    if (bytes == 0 || !buffer_reserve(buffer, bytes))
        return;
    memcpy(buffer->data + buffer->length, data, bytes);
    buffer->length += bytes;
}

void buffer_print(Buffer *buffer, const char *format, ...)
{
    char text[1024];
    va_list list;

    va_start(list, format);
    int length = vsnprintf(text, sizeof text, format, list);
    va_end(list);
    if (length < 0 || (size_t)length >= sizeof text)
        buffer->failed = true;
    else
        buffer_append(buffer, text, (size_t)length);
}

/* Decodes one character of UTF-8. Returns its bytes, and U+FFFD and 1 if there is none. */
static size_t decode(const unsigned char *text, uint32_t *code)
{
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    size_t bytes = text[0] < 0xc2   ? 1
                   : text[0] < 0xe0 ? 2
                   : text[0] < 0xf0 ? 3
                   : text[0] < 0xf5 ? 4
                                    : 1;
    uint32_t value = bytes == 1 ? text[0] : text[0] & (0x7fU >> bytes);

    for (size_t i = 1; i < bytes; i++) {
        if ((text[i] & 0xc0) != 0x80) {
            *code = 0xfffd;
            return 1;
        }
        value = value << 6 | (text[i] & 0x3fU);
    }
    bool valid = bytes == 1 ? text[0] < 0x80
                            : value >= least[bytes] && value <= 0x10ffff &&
                                  (value < 0xd800 || value > 0xdfff);
    *code = valid ? value : 0xfffd;
    return valid ? bytes : 1;
}

static void print_code(Buffer *buffer, uint32_t code)
{
    if (code >= 0x10000) {
        code -= 0x10000;
        buffer_print(buffer, "\\u%04x\\u%04x", 0xd800 + (code >> 10), 0xdc00 + (code & 0x3ff));
    } else if (code < 0x20 || code >= 0x7f || strchr("\"\\<>&'", (int)code) != NULL) {
        buffer_print(buffer, "\\u%04x", code);
    } else {
        buffer_print(buffer, "%c", (int)code);
    }
}

void buffer_json(Buffer *buffer, const char *text)
{
    if (text == NULL) {
        buffer_print(buffer, "null");
        return;
    }

    const unsigned char *at = (const unsigned char *)text;
    const unsigned char *limit = at + JSON_LONGEST;
    buffer_print(buffer, "\"");
    while (*at != 0 && at < limit) {
        uint32_t code;
        at += decode(at, &code);
        print_code(buffer, code);
    }
    buffer_print(buffer, *at != 0 ? "\\u2026\"" : "\"");
}

void buffer_leb128(Buffer *buffer, uint64_t value)
{
    unsigned char bytes[10];
    size_t count = 0;

    for (; value >= 0x80; value >>= 7)
        bytes[count++] = (unsigned char)(value | 0x80);
    bytes[count++] = (unsigned char)value;
    buffer_append(buffer, bytes, count);
}

void buffer_deflate(Buffer *buffer, const void *data, size_t bytes)
{
    uLongf length = compressBound(bytes);
    if (!buffer_reserve(buffer, length))
        return;
    if (compress2(buffer->data + buffer->length, &length, data, bytes, Z_DEFAULT_COMPRESSION) !=
        Z_OK)
        buffer->failed = true;
    else
        buffer->length += length;
}

void buffer_base64(Buffer *buffer, const void *data, size_t bytes)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const unsigned char *from = data;

    if (!buffer_reserve(buffer, (bytes + 2) / 3 * 4))
        return;
    unsigned char *to = buffer->data + buffer->length;
    for (size_t i = 0; i < bytes; i += 3) {
        size_t left = bytes - i;
        uint32_t word = (uint32_t)from[i] << 16;
        word |= left > 1 ? (uint32_t)from[i + 1] << 8 : 0;
        word |= left > 2 ? from[i + 2] : 0;
        *to++ = (unsigned char)digits[word >> 18];
        *to++ = (unsigned char)digits[word >> 12 & 63];
        *to++ = (unsigned char)(left > 1 ? digits[word >> 6 & 63] : '=');
        *to++ = (unsigned char)(left > 2 ? digits[word & 63] : '=');
    }
    buffer->length = (size_t)(to - buffer->data);
}

bool buffer_write(const Buffer *buffer, const char *path, char *text, size_t room)
{
    if (buffer->failed) {
        snprintf(text, room, "%s: not enough memory", path);
        return false;
    }

    FILE *file = fopen(path, "wb");
    if (file == NULL) {
        snprintf(text, room, "%s: %s", path, strerror(errno));
        return false;
    }
    bool written = fwrite(buffer->data, 1, buffer->length, file) == buffer->length;
    int why = errno;
    if (fclose(file) != 0 && written) {
        written = false;
        why = errno;
    }
    if (!written) {
        snprintf(text, room, "%s: %s", path, strerror(why));
        discard_file(path);
    }
    return written;
}
