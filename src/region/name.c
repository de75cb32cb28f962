/* SPDX-License-Identifier: MIT */
#include "region/name.h"

#include <stdint.h>
#include <string.h>

/* Returns the bytes of the UTF-8 character at the start of a text; 0 if there is none, or it is a
 * control character. Reads nothing behind the null byte. */
static size_t character_bytes(const unsigned char *text)
{
    static const uint32_t least[] = {0, 0, 0x80, 0x800,
                                     0x10000}; /* by bytes: less has a shorter form */
    size_t bytes = text[0] < 0x80 ? 1 : text[0] < 0xE0 ? 2 : text[0] < 0xF0 ? 3 : 4;
    uint32_t code = text[0];

    if (bytes == 1) {
        return code >= 0x20 && code != 0x7F;
    }
    if (text[0] < 0xC2 || text[0] > 0xF4) {
        return 0;
    }
    code &= 0x7Fu >> bytes;
    for (size_t i = 1; i < bytes; i++) {
        if ((text[i] & 0xC0) != 0x80) {
            return 0;
        }
        code = code << 6 | (text[i] & 0x3F);
    }
    if (code < least[bytes] || code > 0x10FFFF || code < 0xA0 ||
        (code >= 0xD800 && code < 0xE000)) {
        return 0;
    }
    return bytes;
}

void name_copy(char copy[NAME_BYTES], const char *name)
{
    size_t used = 0;

    while (name != NULL && *name != '\0') {
        size_t bytes = character_bytes((const unsigned char *)name);
        size_t length = bytes == 0 ? 1 : bytes;

        if (used + length >= NAME_BYTES) {
            break;
        }
        if (bytes == 0) {
            copy[used] = '?';
        } else {
            memcpy(copy + used, name, length);
        }
        used += length;
        name += length;
    }
    copy[used] = '\0';
}

const char *name_quote(char quoted[NAME_QUOTED_BYTES], const char *name)
{
    size_t used = 0;

    quoted[used++] = '"';
    for (; *name != '\0'; name++) {
        if (*name == '"' || *name == '\\') {
            quoted[used++] = '\\';
        }
        quoted[used++] = *name;
    }
    quoted[used++] = '"';
    quoted[used] = '\0';
    return quoted;
}
