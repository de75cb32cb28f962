/* SPDX-License-Identifier: MIT */
#include "api/dump-picture.h"

#include <errno.h>
#include <langinfo.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>

enum {
    LINE_COLUMNS = 80, /* where the stream is no terminal, or one of unknown width */
    LINE_MIN = 20,     /* a terminal that claims fewer columns is taken for LINE_COLUMNS wide */
    CELL_BYTES = 8,    /* of a character with its colour: at most 5 and 3 */
    LINE_BYTES = PICTURE_COLUMNS_MAX * CELL_BYTES
};

/* Parts of a column in use: none, some, all. */
typedef enum Use { USE_NONE, USE_PART, USE_ALL } Use;

/* Characters by level: nothing in use, more and more, all. */
typedef struct Scale {
    size_t levels;
    const char *characters[9];
} Scale;

static const Scale ascii = {8, {" ", ".", ":", "-", "=", "+", "*", "#"}};
static const Scale eighths = {9, {" ", "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"}};

/* Characters and colours that are to be printed. */
typedef struct Line {
    const PictureStyle *style;
    Use colour;            /* what follows has this colour */
    size_t bytes;          /* of the text, without the null byte */
    char text[LINE_BYTES]; /* ends with a null byte */
} Line;

static const Scale *scale_of(const PictureStyle *style)
{
    return style->is_utf8 ? &eighths : &ascii;
}

/* Returns whether the environment lets a terminal have colour: see no-color.org. */
static bool wants_colour(void)
{
    const char *none = getenv("NO_COLOR");
    const char *terminal = getenv("TERM");

    return (none == NULL || *none == '\0') && terminal != NULL && strcmp(terminal, "dumb") != 0;
}

void picture_begin(Picture *picture, FILE *stream)
{
    int saved = errno;
    int file = fileno(stream);
    struct winsize window = {.ws_col = 0};
    bool is_terminal = file >= 0 && ioctl(file, TIOCGWINSZ, &window) == 0;
    size_t columns = window.ws_col < LINE_MIN ? LINE_COLUMNS : window.ws_col;

    columns -= strlen("[]");
    picture->style = (PictureStyle){
        .columns = columns < PICTURE_COLUMNS_MAX ? columns : PICTURE_COLUMNS_MAX,
        .is_utf8 = strcmp(nl_langinfo(CODESET), "UTF-8") == 0,
        .is_colour = is_terminal && wants_colour(),
    };
    errno = saved;
}

void picture_set_units(Picture *picture, size_t units)
{
    picture->units = units;
    picture->columns = units < picture->style.columns ? units : picture->style.columns;
    memset(picture->used, 0, sizeof picture->used);
}

/* Returns the first unit of a column. */
static size_t column_start(const Picture *picture, size_t column)
{
    return (size_t)((uint64_t)picture->units * column / picture->columns);
}

void picture_add(Picture *picture, size_t from, size_t to)
{
    size_t column = (size_t)((uint64_t)from * picture->columns / picture->units);

    while (from < to) {
        size_t column_end = column_start(picture, column + 1);

        if (column_end > from) {
            size_t upto = column_end < to ? column_end : to;

            picture->used[column] += upto - from;
            from = upto;
        }
        column++;
    }
}

/* Returns the level of a column. Only an unused one has the lowest level, and only one that is all
 * in use the highest. */
static size_t level_of(const Picture *picture, size_t column, size_t levels)
{
    size_t units = column_start(picture, column + 1) - column_start(picture, column);
    size_t used = picture->used[column];

    if (used == 0 || used == units) {
        return used == 0 ? 0 : levels - 1;
    }
    return 1 + (size_t)((uint64_t)used * (levels - 2) / units);
}

static void append(Line *line, const char *text)
{
    size_t bytes = strlen(text);

    memcpy(line->text + line->bytes, text, bytes + 1);
    line->bytes += bytes;
}

static void append_colour(Line *line, Use colour)
{
    static const char *const codes[] = {"\033[0m", "\033[32m", "\033[33m"};

    if (line->style->is_colour && colour != line->colour) {
        append(line, codes[colour]);
        line->colour = colour;
    }
}

static void append_level(Line *line, size_t level)
{
    const Scale *scale = scale_of(line->style);

    append_colour(line, level == 0 ? USE_NONE : level == scale->levels - 1 ? USE_ALL : USE_PART);
    append(line, scale->characters[level]);
}

/* Prints the characters of the levels from one to before another. */
static void print_levels(const PictureStyle *style, size_t from, size_t to, FILE *stream)
{
    Line line = {.style = style};

    for (size_t level = from; level < to; level++) {
        append_level(&line, level);
    }
    append_colour(&line, USE_NONE);
    fprintf(stream, "%s", line.text);
}

static void print_legend(const Picture *picture, size_t unit, FILE *stream)
{
    size_t levels = scale_of(&picture->style)->levels;

    fprintf(stream, "  a character: some %zu bytes; blank free, ",
            picture->units / picture->columns * unit);
    print_levels(&picture->style, 1, levels - 1, stream);
    fprintf(stream, " in part, ");
    print_levels(&picture->style, levels - 1, levels, stream);
    fprintf(stream, " in use\n");
}

void picture_print(const Picture *picture, size_t unit, FILE *stream)
{
    Line line = {.style = &picture->style};

    for (size_t column = 0; column < picture->columns; column++) {
        append_level(&line, level_of(picture, column, scale_of(&picture->style)->levels));
    }
    append_colour(&line, USE_NONE);
    fprintf(stream, "[%s]\n", line.text);
    print_legend(picture, unit, stream);
}
