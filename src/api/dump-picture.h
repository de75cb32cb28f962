/* SPDX-License-Identifier: MIT
 *
 * The picture of a region: a line in which each character stands for an equal part of the region, and shows how much of
 * that part is in use. */
#ifndef MEM_SRC_DUMP_PICTURE_H
#define MEM_SRC_DUMP_PICTURE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

enum { PICTURE_COLUMNS_MAX = 254 /* with brackets around them: 256 */ };

/* What a stream can show. */
typedef struct PictureStyle {
    size_t columns; /* of a picture, without brackets: 1 to PICTURE_COLUMNS_MAX */
    bool is_utf8;   /* the locale is in UTF-8 */
    bool is_colour; /* the stream is a terminal that wants colour */
} PictureStyle;

/* The use of each column of the picture. */
typedef struct Picture {
    PictureStyle style;
    size_t units;                     /* units of the heap */
    size_t columns;                   /* at most those of the style, and at most units */
    size_t used[PICTURE_COLUMNS_MAX]; /* units in use, of each column */
} Picture;

/* Sets a picture up for a stream. Leaves errno alone. */
void picture_begin(Picture *picture, FILE *stream);

/* Sets the units of the heap. Nothing is in use yet. */
void picture_set_units(Picture *picture, size_t units);

/* Adds a run of units in use, from one to before another. */
void picture_add(Picture *picture, size_t from, size_t to);

/* Prints the picture, and a legend. unit: its bytes. */
void picture_print(const Picture *picture, size_t unit, FILE *stream);

#endif
