/* SPDX-License-Identifier: MIT
 *
 * An index of the words of a text. All of it is in the default region: the words, their lines, the
 * hash table and the read buffer.
 *
 * A word is a run of letters. Every byte from 0x80 up counts as a letter, so UTF-8 needs no further
 * care. An apostrophe between letters belongs to the word. */
#ifndef WORDINDEX_H
#define WORDINDEX_H

#include <stddef.h>
#include <stdint.h>

typedef struct Word {
    struct Word *next; /* next in the bucket; when sorted, in the list */
    uint32_t *lines;   /* line numbers, ascending, each once */
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
    size_t line; /* the current line, from 1; at the end, the number of lines */
    int line_ended;
    size_t bytes; /* bytes of the text read so far */
} Index;

/* Makes an empty index. Returns 0, or -1 if the region is full. */
int index_init(Index *index);

/* Indexes everything that can be read from fd, through a buffer of the given size.
 *
 * Returns 0, or -1 with errno set to ENOMEM if the region is full, else to the error of read(). On
 * failure, the words indexed so far and the buffer stay: the region is left as it was when it was
 * full. */
int index_read(Index *index, int fd, size_t buffer_size);

/* Links the words into a list: by falling count, then by alphabet. Takes no memory, so it works
 * when the region is full. The hash table is unusable afterwards. */
Word *index_sort(const Index *index);

#endif
