/* SPDX-License-Identifier: MIT
 *
 * See wordindex.h. */
#include "wordindex.h"

#include <errno.h>
#include <mem.h>
#include <string.h>
#include <unistd.h>

enum { FIRST_BUCKETS = 64 };

/* The word being read. */
typedef struct Scratch {
    char *text;
    size_t length;
    size_t room;
} Scratch;

/* ------------------------------------------------------------------------------------------------
 * The index
 * --------------------------------------------------------------------------------------------- */

static uint32_t hash_of(const char *text, size_t length)
{
    uint32_t hash = 2166136261u; /* FNV-1a */

    for (size_t i = 0; i < length; i++)
        hash = (hash ^ (unsigned char)text[i]) * 16777619u;
    return hash;
}

int index_init(Index *index)
{
    *index = (Index){.bucket_count = FIRST_BUCKETS, .line_ended = 1};
    index->buckets = Mem_Calloc(FIRST_BUCKETS, sizeof(Word *));
    return index->buckets != NULL ? 0 : -1;
}

/* Doubles the hash table: words of bucket i go to bucket i or i + old count. If there is no room,
 * the table stays as it is: slower, not wrong. */
static void grow_buckets(Index *index)
{
    size_t old = index->bucket_count;
    Word **buckets = Mem_Realloc(index->buckets, 2 * old * sizeof(Word *));

    if (buckets == NULL)
        return;
    for (size_t i = 0; i < old; i++) {
        Word *word = buckets[i];
        buckets[i] = buckets[i + old] = NULL;
        while (word != NULL) {
            Word *next = word->next;
            Word **bucket = &buckets[word->hash & (2 * old - 1)];
            word->next = *bucket;
            *bucket = word;
            word = next;
        }
    }
    index->buckets = buckets;
    index->bucket_count = 2 * old;
}

/* Finds the word being read, or makes it, with no lines yet. Returns NULL if the region is full. */
static Word *find_or_make(Index *index, const Scratch *scratch)
{
    uint32_t hash = hash_of(scratch->text, scratch->length);
    Word *word = index->buckets[hash & (index->bucket_count - 1)];

    for (; word != NULL; word = word->next) {
        if (word->hash == hash && word->length == scratch->length &&
            memcmp(word->text, scratch->text, scratch->length) == 0)
            return word;
    }
    word = Mem_Alloc(offsetof(Word, text) + scratch->length);
    if (word == NULL)
        return NULL;
    *word = (Word){.length = scratch->length, .hash = hash};
    memcpy(word->text, scratch->text, scratch->length);
    return word;
}

/* Adds the current line to a word. */
static int add_line(const Index *index, Word *word)
{
    uint32_t line = (uint32_t)index->line;

    if (word->line_count > 0 && word->lines[word->line_count - 1] == line)
        return 0;
    if (word->line_count == word->line_room) {
        uint32_t room = word->line_room + word->line_room / 2 + 2;
        uint32_t *lines = Mem_Realloc(word->lines, room * sizeof *lines);
        if (lines == NULL)
            return -1;
        word->lines = lines;
        word->line_room = room;
    }
    word->lines[word->line_count++] = line;
    return 0;
}

/* Counts the word being read. If the region is full, the index stays as it was. */
static int add_word(Index *index, Scratch *scratch)
{
    Word *word = find_or_make(index, scratch);

    if (word == NULL)
        return -1;
    if (add_line(index, word) != 0) {
        if (word->count == 0)
            Mem_Free(word);
        return -1;
    }
    if (word->count++ == 0) {
        Word **bucket = &index->buckets[word->hash & (index->bucket_count - 1)];
        word->next = *bucket;
        *bucket = word;
        if (++index->different == index->bucket_count)
            grow_buckets(index);
    }
    index->words++;
    scratch->length = 0;
    return 0;
}

static int append(Scratch *scratch, int byte)
{
    if (scratch->length == scratch->room) {
        size_t room = 2 * scratch->room + 16;
        char *text = Mem_Realloc(scratch->text, room);
        if (text == NULL)
            return -1;
        scratch->text = text;
        scratch->room = room;
    }
    scratch->text[scratch->length++] = (char)byte;
    return 0;
}

/* ------------------------------------------------------------------------------------------------
 * Reading
 * --------------------------------------------------------------------------------------------- */

static int is_letter(int byte)
{
    return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') || byte >= 0x80;
}

static int lower_case(int byte)
{
    return byte >= 'A' && byte <= 'Z' ? byte - 'A' + 'a' : byte;
}

/* Processes one byte of the text. apostrophe: whether one stands between the word and this byte. */
static int take_byte(Index *index, Scratch *scratch, int *apostrophe, int byte)
{
    int pending = *apostrophe;

    index->line += (size_t)index->line_ended;
    index->line_ended = byte == '\n';
    *apostrophe = 0;
    if (is_letter(byte)) {
        if (pending && append(scratch, '\'') != 0)
            return -1;
        return append(scratch, lower_case(byte));
    }
    if (byte == '\'' && scratch->length > 0 && !pending) {
        *apostrophe = 1;
        return 0;
    }
    return scratch->length > 0 ? add_word(index, scratch) : 0;
}

static int read_all(Index *index, Scratch *scratch, int fd, unsigned char *buffer, size_t size)
{
    int apostrophe = 0;

    for (;;) {
        ssize_t got = read(fd, buffer, size);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return -1;
        if (got == 0)
            return scratch->length > 0 ? add_word(index, scratch) : 0;
        for (ssize_t i = 0; i < got; i++) {
            if (take_byte(index, scratch, &apostrophe, buffer[i]) != 0)
                return -1;
            index->bytes++;
        }
    }
}

int index_read(Index *index, int fd, size_t buffer_size)
{
    Scratch scratch = {0};
    unsigned char *buffer = Mem_Alloc(buffer_size);

    if (buffer == NULL)
        return -1;
    if (read_all(index, &scratch, fd, buffer, buffer_size) != 0)
        return -1;
    Mem_Free(scratch.text);
    Mem_Free(buffer);
    return 0;
}

/* ------------------------------------------------------------------------------------------------
 * Sorting: a linked list, since a full region has no room for an array
 * --------------------------------------------------------------------------------------------- */

static Word *link_all(const Index *index)
{
    Word *list = NULL;

    for (size_t i = 0; i < index->bucket_count; i++) {
        Word *word = index->buckets[i];
        while (word != NULL) {
            Word *next = word->next;
            word->next = list;
            list = word;
            word = next;
        }
    }
    return list;
}

/* Returns whether a comes before b: by falling count, then by alphabet. */
static int comes_first(const Word *a, const Word *b)
{
    size_t shorter = a->length < b->length ? a->length : b->length;

    if (a->count != b->count)
        return a->count > b->count;
    int order = memcmp(a->text, b->text, shorter);
    return order != 0 ? order < 0 : a->length < b->length;
}

static Word *merge_lists(Word *a, Word *b)
{
    Word *list = NULL;
    Word **end = &list;

    while (a != NULL && b != NULL) {
        Word **from = comes_first(a, b) ? &a : &b;
        *end = *from;
        end = &(*from)->next;
        *from = *end;
    }
    *end = a != NULL ? a : b;
    return list;
}

static Word *sort_list(Word *list)
{
    if (list == NULL || list->next == NULL)
        return list;
    Word *middle = list;
    for (Word *ahead = list->next; ahead != NULL && ahead->next != NULL; ahead = ahead->next->next)
        middle = middle->next;
    Word *second = middle->next;
    middle->next = NULL;
    return merge_lists(sort_list(list), sort_list(second));
}

Word *index_sort(const Index *index)
{
    return sort_list(link_all(index));
}
