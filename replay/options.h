/* SPDX-License-Identifier: MIT
 *
 * What memreplay is asked for. */
#ifndef MEM_REPLAY_OPTIONS_H
#define MEM_REPLAY_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { OPTIONS_ALIGNMENTS = 4 };

/* What is to be done with the files. */
typedef enum OptionsTask {
    TASK_TELL,     /* tell of traces */
    TASK_IMPORT,   /* write a trace from another tool's file */
    TASK_COMPRESS, /* write a trace anew: merged, and compressed */
} OptionsTask;

typedef struct Options {
    OptionsTask task;
    const char *output;                      /* of the last two tasks: path of the file to write */
    uint64_t size;                           /* bytes of the region; 0: not given */
    uint64_t alignments[OPTIONS_ALIGNMENTS]; /* bytes; powers of two */
    size_t alignment_count;                  /* 1 or more */
    uint32_t region;                         /* of the trace; SUMMARY_ANY: not given */
    bool fit, exact, rival, json;            /* rival: --malloc */
    const char *html, *svg, *png;            /* paths of pictures; NULL: not asked for */
    char **files;                            /* traces, or what is to be imported or compressed */
    size_t file_count;                       /* 1 or more */
} Options;

/* Reads the arguments. Ends the program if they are wrong, and after --help and --version. */
Options options_read(int argc, char **argv);

/* Ends the program if what was written to stdout did not get there. */
void options_end_output(void);

#endif
