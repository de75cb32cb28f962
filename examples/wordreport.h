/* SPDX-License-Identifier: MIT
 *
 * What the word index program prints. */
#ifndef WORDREPORT_H
#define WORDREPORT_H

#include "wordindex.h"

/* What was asked for. */
typedef struct Settings {
    const char *path;
    size_t size;  /* of the region */
    size_t shown; /* words to print */
} Settings;

/* Prints the most frequent words, the region's statistics and its picture to stdout.
 *
 * complete: the whole text is indexed. */
void report(const Index *index, const Settings *settings, int complete);

/* A number with a comma between groups of three digits. The text is good for seven calls more. */
const char *grouped(uint64_t number);

/* A size as people say it: 256 KiB, or in bytes if it is not whole KiB. Good until the next call. */
const char *size_name(size_t size);

#endif
