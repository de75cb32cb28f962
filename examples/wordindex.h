/* SPDX-License-Identifier: MIT
 *
 * An index of the words of a text. All of it is in the default region: the words, the lines they
 * are on, the hash table that finds them and the buffer that the text is read into.
 *
 * A word is a run of letters. Every byte from 0x80 up counts as a letter, so UTF-8 needs no more
 * care; an apostrophe between letters belongs to the word. */
#ifndef WORDINDEX_H
#define WORDINDEX_H

#include <stddef.h>
#include <stdint.h>

typedef struct Word {
    struct Word *next; /* in its bucket; when sorted, in the list */
    uint32_t *lines;   /* the lines it is on, ascending, each once */
    uint32_t line_count;
    uint32_t line_room;
    size_t count;
    size_t length;
    uint32_t hash;
    char text[]; /* in lower case */
} Word;

typedef struct Index {
    Word **buckets;
    size_t bucket_count; /* a power of two */
    size_t words;
    size_t different;
    size_t line; /* the one that is being read, from 1; all the lines, at the end */
    int line_ended;
    size_t bytes; /* of the text, read so far */
} Index;

/* Makes an empty index. Returns 0, or -1 if the region is full. */
int index_init(Index *index);

/* Indexes all that can be read from fd, through a buffer of the size given.
 *
 * Returns 0, or -1 with errno set to ENOMEM if the region is full, else to what read() reports.
 * What was indexed until then stays, and so does the buffer: the region is left as it was when it
 * was full. */
int index_read(Index *index, int fd, size_t buffer_size);

/* Links the words into a list: the most frequent first, then by alphabet. It takes no memory, so it
 * works when the region is full. The hash table is of no use afterwards. */
Word *index_sort(const Index *index);

#endif
