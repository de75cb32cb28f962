/* SPDX-License-Identifier: MIT
 *
 * Which size classes of the index hold free blocks: a bit array, and a summary word with a bit for
 * each word of the array that is not 0. The next non-empty class is found in two steps, as in: M.
 * Masmano, I. Ripoll, A. Crespo, J. Real, "TLSF: a new dynamic memory allocator for real-time
 * systems", ECRTS 2004. */
#ifndef MEM_SRC_CLASSES_H
#define MEM_SRC_CLASSES_H

#include "base/bits.h"
#include "heap/heap-data.h"

_Static_assert((int)INDEX_WORDS <= (int)MAP_WORD_BITS, "the summary is one word");

/* Returns the words of the bit array for `heads` classes, and for one more that is always empty. */
static inline size_t classes_words(size_t heads)
{
    return heads / MAP_WORD_BITS + 1;
}

static inline bool classes_is_marked(const Heap *heap, size_t size_class)
{
    return bits_test(heap->words[size_class / MAP_WORD_BITS], size_class);
}

/* Marks a size class as non-empty. */
static inline void classes_mark(Heap *heap, size_t size_class)
{
    uint64_t *word = &heap->words[size_class / MAP_WORD_BITS];

    if (UNLIKELY(*word == 0)) {
        bits_set_in(&heap->summary, size_class / MAP_WORD_BITS);
    }
    *word = bits_set(*word, size_class);
}

/* Unmarks a marked size class if `empty` is true. */
static inline void classes_unmark_if(Heap *heap, size_t size_class, bool empty)
{
    if (UNLIKELY(bits_flip(&heap->words[size_class / MAP_WORD_BITS],
                           (uint64_t)empty << (size_class & 63)))) {
        bits_clear_in(&heap->summary, size_class / MAP_WORD_BITS);
    }
}

/* Returns the first non-empty class in the words behind `word`, or 0. */
static inline size_t classes_next_beyond(const Heap *heap, size_t word)
{
    uint64_t summary = heap->summary & (~UINT64_C(1) << (word & 63));

    if (summary == 0) {
        return 0;
    }
    word = bits_lowest(summary);
    return word * MAP_WORD_BITS + bits_lowest(heap->words[word]);
}

/* Returns the last non-empty class, or 0. */
static inline size_t classes_last(const Heap *heap)
{
    size_t word;

    if (heap->summary == 0) {
        return 0;
    }
    word = bits_highest(heap->summary);
    return word * MAP_WORD_BITS + bits_highest(heap->words[word]);
}

/* Returns the first non-empty class from `size_class` on, or 0. */
static inline size_t classes_next(const Heap *heap, size_t size_class)
{
    uint64_t near = heap->words[size_class / MAP_WORD_BITS] >> (size_class & 63);

    return LIKELY(near != 0) ? size_class + bits_lowest(near)
                             : classes_next_beyond(heap, size_class / MAP_WORD_BITS);
}

/* Mark and unmark a class of large blocks, in as few instructions as possible: large blocks are too
 * rare to spend instructions on speed. */
static ALWAYS_INLINE void classes_mark_large(Heap *heap, size_t size_class)
{
    if (UNLIKELY(heap->words[size_class / MAP_WORD_BITS] == 0)) {
        bits_set_in(&heap->summary, size_class / MAP_WORD_BITS);
    }
    bits_set_in(heap->words, size_class);
}

static ALWAYS_INLINE void classes_unmark_large(Heap *heap, size_t size_class)
{
    bits_clear_in(heap->words, size_class);
    if (UNLIKELY(heap->words[size_class / MAP_WORD_BITS] == 0)) {
        bits_clear_in(&heap->summary, size_class / MAP_WORD_BITS);
    }
}

#endif
