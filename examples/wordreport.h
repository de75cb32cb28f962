/* SPDX-License-Identifier: MIT
 *
 * The output of the word index program. */
#ifndef WORDREPORT_H
#define WORDREPORT_H

#include "wordindex.h"

/* The user's choices. */
typedef struct Settings {
    const char *path;
    size_t size;  /* bytes of the region */
    size_t shown; /* words to print */
    int blocks;   /* whether the blocks of the region are printed, too */
} Settings;

/* Prints the most frequent words, the region's statistics and its picture to stdout; before them,
 * if that is asked for, the blocks of the region.
 *
 * complete: the whole text is indexed. */
void report(const Index *index, const Settings *settings, int complete);

/* Formats a number with commas between groups of three digits. The text stays valid for seven more
 * calls. */
const char *grouped(uint64_t number);

/* Formats a size: as 256 KiB, or in bytes if it is not a multiple of 1 KiB. The text stays valid
 * until the next call. */
const char *size_name(size_t size);

#endif
