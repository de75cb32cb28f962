/* SPDX-License-Identifier: MIT
 *
 * See wordreport.h. */
#include "wordreport.h"

#include <inttypes.h>
#include <mem.h>
#include <stdio.h>
#include <string.h>

enum {
    WORD_COLUMNS = 28, /* columns of a printed word; longer words are cut */
    LINES_SHOWN = 5,   /* line numbers beside a word */
    PICTURE = 64       /* characters in the picture of the region */
};

const char *grouped(uint64_t number)
{
    static char texts[8][32];
    static unsigned turn;
    char *text = texts[turn++ % 8];
    char *at = text + sizeof texts[0] - 1;
    int digits = 0;

    *at = '\0';
    do {
        if (digits > 0 && digits % 3 == 0)
            *--at = ',';
        *--at = (char)('0' + number % 10);
        digits++;
    } while ((number /= 10) > 0);
    return at;
}

const char *size_name(size_t size)
{
    static char text[48];
    static const char *const units[] = {"KiB", "MiB", "GiB"};
    size_t unit = 0;

    if (size == 0 || size % 1024 != 0) {
        snprintf(text, sizeof text, size == 1 ? "%s byte" : "%s bytes", grouped(size));
        return text;
    }
    for (size /= 1024; unit < 2 && size % 1024 == 0; unit++)
        size /= 1024;
    snprintf(text, sizeof text, "%s %s", grouped(size), units[unit]);
    return text;
}

/* Returns the bytes of the character at text, or 0 if it is not printable: invalid UTF-8 and
 * control characters never reach the terminal. */
static size_t printable(const char *text, size_t length)
{
    const unsigned char *byte = (const unsigned char *)text;
    size_t bytes = byte[0] < 0x80 ? 1 : byte[0] < 0xe0 ? 2 : byte[0] < 0xf0 ? 3 : 4;

    if (bytes == 1)
        return 1; /* a letter or an apostrophe */
    if (byte[0] < 0xc2 || byte[0] > 0xf4 || bytes > length)
        return 0;
    for (size_t i = 1; i < bytes; i++) {
        if ((byte[i] & 0xc0) != 0x80)
            return 0;
    }
    int control = byte[0] == 0xc2 && byte[1] < 0xa0;
    int overlong = (byte[0] == 0xe0 && byte[1] < 0xa0) || (byte[0] == 0xf0 && byte[1] < 0x90);
    int beyond = (byte[0] == 0xed && byte[1] >= 0xa0) || (byte[0] == 0xf4 && byte[1] >= 0x90);
    return control || overlong || beyond ? 0 : bytes;
}

/* Prints a word in at most WORD_COLUMNS columns; stream NULL: prints nothing. Returns the
 * columns. */
static size_t put_word(const Word *word, FILE *stream)
{
    size_t columns = 0;

    for (size_t i = 0; i < word->length; columns++) {
        size_t bytes = printable(word->text + i, word->length - i);
        if (columns == WORD_COLUMNS - 3 && word->length - i > 3) {
            if (stream != NULL)
                fputs("...", stream);
            return WORD_COLUMNS;
        }
        if (stream != NULL && bytes > 0)
            fwrite(word->text + i, 1, bytes, stream);
        else if (stream != NULL)
            fputc('?', stream);
        i += bytes > 0 ? bytes : 1;
    }
    return columns;
}

static void put_lines(const Word *word)
{
    uint32_t shown = word->line_count < LINES_SHOWN ? word->line_count : LINES_SHOWN;

    for (uint32_t i = 0; i < shown; i++)
        printf("%s%" PRIu32, i > 0 ? ", " : "", word->lines[i]);
    if (shown < word->line_count)
        printf(" ... %" PRIu32, word->lines[word->line_count - 1]);
    putchar('\n');
}

static void put_words(const Word *list, size_t shown)
{
    size_t widest = strlen("word");
    const Word *word = list;

    for (size_t i = 0; i < shown && word != NULL; i++, word = word->next) {
        size_t columns = put_word(word, NULL);
        widest = columns > widest ? columns : widest;
    }
    printf("\n%11s  %-*s  %s\n", "times", (int)widest, "word", "on lines");
    for (size_t i = 0; i < shown && list != NULL; i++, list = list->next) {
        printf("%11s  ", grouped(list->count));
        printf("%*s", (int)(widest - put_word(list, stdout)) + 2, "");
        put_lines(list);
    }
}

static void put_bytes(const char *what, size_t bytes, size_t of, const char *beside)
{
    double percent = 100.0 * (double)bytes / (double)of;

    printf("  %-12s %14s bytes %6.1f %%%s\n", what, grouped(bytes), percent, beside);
}

static void put_blocks(char *text, size_t size, size_t blocks)
{
    snprintf(text, size, "  in %s block%s", grouped(blocks), blocks == 1 ? "" : "s");
}

/* The picture of the region: the bytes in use of each of its parts. */
typedef struct Picture {
    size_t used[PICTURE];
    size_t part;  /* bytes that a character stands for */
    size_t bytes; /* of the blocks so far */
} Picture;

/* Adds a block to the picture: a visitor of Mem_Walk. */
static int draw_block(const Mem_Block *block, void *context)
{
    Picture *picture = context;
    size_t from = picture->bytes;

    picture->bytes += block->size;
    while (block->in_use && from < picture->bytes) {
        size_t column = from / picture->part;
        size_t next = (column + 1) * picture->part;
        size_t upto = next < picture->bytes ? next : picture->bytes;
        picture->used[column] += upto - from;
        from = upto;
    }
    return 0;
}

/* Draws the region, from its first byte to its last one: the fuller a part, the darker. */
static void put_picture(size_t capacity)
{
    static const char shades[] = " .:-=+*#";
    Picture picture = {.part = capacity / PICTURE + 1};

    Mem_Walk(draw_block, &picture);
    fputs("  [", stdout);
    for (size_t column = 0; column < PICTURE; column++) {
        size_t most = strlen(shades) - 1;
        size_t used = picture.used[column];
        size_t shade = used == 0              ? 0
                       : used == picture.part ? most
                                              : 1 + used * (most - 1) / picture.part;
        putchar(shades[shade]);
    }
    printf("]\n   %s bytes a character: blank is free, # in use\n", grouped(picture.part));
}

static void put_stats(void)
{
    Mem_Stats stats;
    char blocks[48], holes[48];

    if (Mem_GetStats(&stats) != 0)
        return;
    size_t capacity = stats.capacity;
    put_blocks(blocks, sizeof blocks, stats.blocks_in_use);
    put_blocks(holes, sizeof holes, stats.blocks_free);
    puts("\nThe region");
    put_bytes("capacity", capacity, capacity, "");
    put_bytes("in use", stats.bytes_in_use, capacity, blocks);
    put_bytes("free", stats.bytes_free, capacity, holes);
    put_bytes("largest free", stats.largest_free, capacity, "");
    put_bytes("peak in use", stats.peak_in_use, capacity, "");
    put_bytes("bookkeeping", stats.bookkeeping, capacity, "  on top");
    printf("  %-12s %s Alloc, %s Calloc, %s Realloc, %s Free; %s found no room\n", "calls",
           grouped(stats.allocs), grouped(stats.callocs), grouped(stats.reallocs),
           grouped(stats.frees), grouped(stats.failures));
    printf("  %-12s %s\n", "Mem_Check", Mem_Check() == 0 ? "all is well" : "DAMAGED");
    put_picture(capacity);
}

void report(const Index *index, const Settings *settings, int complete)
{
    if (settings->blocks) {
        Mem_Dump();
        putchar('\n');
    }
    printf("%s of %s in a region of %s\n\n", complete ? "A word index" : "Part of a word index",
           settings->path, size_name(settings->size));
    printf("%11s bytes\n%11s line%s\n", grouped(index->bytes), grouped(index->line),
           index->line == 1 ? "" : "s");
    printf("%11s word%s, %s different\n", grouped(index->words), index->words == 1 ? "" : "s",
           grouped(index->different));
    if (settings->shown > 0 && index->different > 0)
        put_words(index_sort(index), settings->shown);
    put_stats();
}
