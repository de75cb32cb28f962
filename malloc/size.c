/* SPDX-License-Identifier: MIT */
#include "size.h"

#include <stdint.h>
#include <string.h>

#include "budget.h"

enum { FRACTION_DIGITS = 6 /* the most that are read: with a T, 64 bits hold the product */ };

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

/* Returns a letter in upper case. */
static int upper(char letter)
{
    return letter >= 'a' && letter <= 'z' ? letter & ~0x20 : letter;
}

/* Returns the bytes that a suffix stands for; 0 if it is unknown. */
static uint64_t suffix_factor(const char *suffix)
{
    static const char letters[] = "KMGT";
    const char *letter = suffix[0] == '\0' ? NULL : strchr(letters, upper(suffix[0]));
    uint64_t factor = 1;

    if (letter != NULL) {
        factor = UINT64_C(1024) << (10 * (letter - letters));
        suffix += upper(suffix[1]) == 'I' && upper(suffix[2]) == 'B' ? 2 : 1;
    }
    suffix += upper(suffix[0]) == 'B';
    return suffix[0] == '\0' ? factor : 0;
}

static bool read_percent(size_t number, size_t *size)
{
    *size = budget_read("").whole / 100 * number;
    return number >= 1 && number <= 100;
}

/* The part of a number behind its point: digits / scale. */
typedef struct Fraction {
    uint64_t digits; /* 0 to scale - 1 */
    uint64_t scale;  /* a power of ten; 1: there is no point */
} Fraction;

/* Reads a point and digits, if there are any. Returns the text behind them, or NULL if they are
 * invalid. */
static const char *read_fraction(const char *text, Fraction *fraction)
{
    const char *start = text + 1;

    *fraction = (Fraction){.digits = 0, .scale = 1};
    if (*text != '.') {
        return text;
    }
    for (text = start; *text >= '0' && *text <= '9'; text++) {
        fraction->digits = fraction->digits * 10 + (uint64_t)(*text - '0');
        fraction->scale *= 10;
        if (text - start == FRACTION_DIGITS) {
            return NULL;
        }
    }
    return text == start ? NULL : text;
}

bool size_read(const char *text, size_t *size)
{
    size_t number;
    uint64_t factor;
    Fraction fraction;
    const char *suffix = size_digits(text, &number);

    if (suffix != NULL && strcmp(suffix, "%") == 0) {
        return read_percent(number, size);
    }
    suffix = suffix == NULL ? NULL : read_fraction(suffix, &fraction);
    if (suffix == NULL) {
        return false;
    }
    factor = suffix_factor(suffix);
    if (factor == 0 || (factor == 1 && fraction.scale != 1)) {
        return false;
    }
    return !__builtin_mul_overflow(number, factor, size) &&
           !__builtin_add_overflow(*size, fraction.digits * factor / fraction.scale, size) &&
           *size != 0 && *size <= PTRDIFF_MAX;
}
