/* SPDX-License-Identifier: MIT */
#include "size.h"

#include <stdint.h>
#include <string.h>

#include "budget.h"

const char *size_digits(const char *text, size_t *number)
{
    const char *start = text;

    *number = 0;
    for (; *text >= '0' && *text <= '9'; text++) {
        if (__builtin_mul_overflow(*number, (size_t)10, number) ||
            __builtin_add_overflow(*number, (size_t)(*text - '0'), number)) {
            return NULL;
        }
    }
    return text == start ? NULL : text;
}

/* Returns the bytes that a suffix stands for; 0 if it is unknown. */
static uint64_t suffix_factor(const char *suffix)
{
    static const char suffixes[] = "KMGT";
    const char *found;

    if (suffix[0] == '\0') {
        return 1;
    }
    found = strchr(suffixes, suffix[0] & ~0x20); /* in upper case */
    if (found == NULL || *found == '\0' || suffix[1] != '\0') {
        return 0;
    }
    return UINT64_C(1024) << (10 * (found - suffixes));
}

static bool read_percent(size_t number, size_t *size)
{
    *size = budget_read("").whole / 100 * number;
    return number >= 1 && number <= 100;
}

bool size_read(const char *text, size_t *size)
{
    size_t number;
    uint64_t factor;
    const char *suffix = size_digits(text, &number);

    if (suffix == NULL) {
        return false;
    }
    if (strcmp(suffix, "%") == 0) {
        return read_percent(number, size);
    }
    factor = suffix_factor(suffix);
    return factor != 0 && number != 0 && !__builtin_mul_overflow(number, factor, size) &&
           *size <= PTRDIFF_MAX;
}
