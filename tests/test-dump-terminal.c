/* SPDX-License-Identifier: MIT
 *
 * The picture of Mem_RegionDump where it depends on the stream: width and colour of a terminal, and the characters of
 * the locale. */
#include <fcntl.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include "dumped.h"

enum { SIZE = 64 << 10, TEXT_BYTES = 20000 };

/* The characters by use, from none to all. */
static const char *const ascii[] = {" ", ".", ":", "-", "=", "+", "*", "#", NULL};
static const char *const eighths[] = {" ", "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█", NULL};

/* Dumps to a terminal that is some columns wide. Returns the text; valid until the next call. */
static const char *dump_to_terminal(const Bed *bed, unsigned short columns)
{
    static char text[TEXT_BYTES];
    struct winsize window = {.ws_row = 25, .ws_col = columns};
    struct termios mode;
    size_t length = 0;
    ssize_t got;
    int reader = posix_openpt(O_RDWR | O_NOCTTY);
    FILE *stream;

    if (reader < 0 || grantpt(reader) != 0 || unlockpt(reader) != 0) {
        support_skip("no terminals");
        return NULL;
    }
    stream = fopen(ptsname(reader), "w");
    ck_assert_ptr_nonnull(stream);
    tcgetattr(fileno(stream), &mode);
    mode.c_oflag &= ~(tcflag_t)OPOST;
    tcsetattr(fileno(stream), TCSANOW, &mode);
    ck_assert_int_eq(ioctl(reader, TIOCSWINSZ, &window), 0);
    ck_assert_int_eq(Mem_RegionDump(bed->region, stream, MEM_TEXT), 0);
    fputc('\0', stream);
    fflush(stream);
    do {
        got = read(reader, text + length, sizeof text - length);
        ck_assert_int_gt(got, 0);
        length += (size_t)got;
    } while (text[length - 1] != '\0');
    fclose(stream);
    close(reader);
    return text;
}

/* Returns the characters between the brackets of a picture. Colours are not counted. */
static size_t count_columns(const char *text)
{
    size_t columns = 0;

    for (text = strchr(text, '\n'), text = strstr(text, "\n[") + 2; *text != ']'; text++) {
        if (*text == '\033') {
            text = strchr(text, 'm');
        } else if ((*text & 0xc0) != 0x80) {
            columns++;
        }
    }
    return columns;
}

static Bed open_bed(void)
{
    Bed bed = bed_open(KIND_DEFAULT, SIZE);

    setenv("TERM", "xterm", 1);
    unsetenv("NO_COLOR");
    checked_alloc(&bed, SIZE / 3);
    return bed;
}

START_TEST(picture_is_as_wide_as_the_terminal)
{
    static const unsigned short widths[][2] = {{0, 78},    {10, 78},   {40, 38},  {80, 78},
                                               {132, 130}, {256, 254}, {999, 254}};
    Bed bed = open_bed();

    for (size_t i = 0; i < sizeof widths / sizeof widths[0]; i++) {
        const char *text = dump_to_terminal(&bed, widths[i][0]);

        if (text != NULL) {
            ck_assert_uint_eq(count_columns(text), widths[i][1]);
        }
    }
    bed_close(&bed);
}
END_TEST

/* Only a terminal gets colour, and not against its will. */
START_TEST(picture_has_colour)
{
    Bed bed = open_bed();
    const char *text = dump_to_terminal(&bed, 80);
    char *plain = dumped_text(&bed, MEM_TEXT);

    ck_assert_ptr_null(strchr(plain, '\033'));
    free(plain);
    if (text != NULL) {
        ck_assert_ptr_nonnull(strstr(text, "[\033[33m##"));
        ck_assert_ptr_nonnull(strstr(text, "\033[0m  "));
        ck_assert_ptr_nonnull(strstr(text, "\033[33m#\033[0m in use\n"));
        setenv("NO_COLOR", "1", 1);
        ck_assert_ptr_null(strchr(dump_to_terminal(&bed, 80), '\033'));
        setenv("NO_COLOR", "", 1);
        ck_assert_ptr_nonnull(strchr(dump_to_terminal(&bed, 80), '\033'));
        setenv("TERM", "dumb", 1);
        ck_assert_ptr_null(strchr(dump_to_terminal(&bed, 80), '\033'));
        unsetenv("TERM");
        ck_assert_ptr_null(strchr(dump_to_terminal(&bed, 80), '\033'));
    }
    bed_close(&bed);
}
END_TEST

/* Verifies the first character of a picture whose first column is in use in part. */
static void verify_character(size_t percent, const char *character)
{
    Bed bed = bed_open(KIND_DEFAULT, SIZE);
    char start[10];
    char *text;

    checked_alloc(&bed, bed.capacity / 78 * percent / 100);
    text = dumped_text(&bed, MEM_TEXT);
    snprintf(start, sizeof start, "\n[%s ", character);
    ck_assert_msg(strstr(text, start) != NULL, "%zu percent: no '%s' in %s", percent, character,
                  text);
    free(text);
    bed_close(&bed);
}

static void verify_characters(const char *const *characters)
{
    size_t levels = 0;

    while (characters[levels] != NULL) {
        levels++;
    }
    for (size_t level = 1; level < levels - 1; level++) {
        verify_character((2 * level - 1) * 100 / (2 * (levels - 2)), characters[level]);
    }
    verify_character(1, characters[1]);
    verify_character(98, characters[levels - 2]);
}

START_TEST(picture_shows_how_much_is_in_use)
{
    verify_characters(ascii);
    verify_character(10, ".");
    verify_character(65, "=");
    if (setlocale(LC_CTYPE, "C.UTF-8") == NULL) {
        support_skip("no locale in UTF-8");
    } else {
        verify_characters(eighths);
        verify_character(10, "▁");
        verify_character(65, "▅");
    }
}
END_TEST

START_TEST(picture_has_a_legend)
{
    Bed bed = open_bed();
    char *text = dumped_text(&bed, MEM_TEXT);

    ck_assert_ptr_nonnull(strstr(text, " bytes; blank free, .:-=+* in part, # in use\n"));
    free(text);
    if (setlocale(LC_CTYPE, "C.UTF-8") != NULL) {
        text = dumped_text(&bed, MEM_TEXT);
        ck_assert_ptr_nonnull(strstr(text, " bytes; blank free, ▁▂▃▄▅▆▇ in part, █ in use\n"));
        ck_assert_uint_eq(count_columns(text), 78);
        free(text);
    }
    bed_close(&bed);
}
END_TEST

int main(void)
{
    TCase *tests = support_begin("dump-terminal");

    tcase_add_test(tests, picture_is_as_wide_as_the_terminal);
    tcase_add_test(tests, picture_has_colour);
    tcase_add_test(tests, picture_shows_how_much_is_in_use);
    tcase_add_test(tests, picture_has_a_legend);
    return support_end();
}
