/* SPDX-License-Identifier: MIT
 *
 * Blocks that a report knows exactly: the largest by size times lifetime, and what was live at some moments. */
#ifndef MEM_REPLAY_RECORDS_H
#define MEM_REPLAY_RECORDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define RECORD_NEVER UINT64_MAX

/* A block at one place and of one size: from an allocation or resize to the next resize or free. */
typedef struct Record {
    uint64_t offset, bytes;     /* where it lies in the capacity, and what it takes */
    uint64_t size;              /* bytes as asked for */
    uint64_t from, from_time;   /* the call, and microseconds */
    uint64_t until, until_time; /* RECORD_NEVER: it was not freed */
    uint32_t caller, thread;
    uint32_t moments; /* a bit for each that it was live at and is listed for */
} Record;

/* A piece of free memory. */
typedef struct RecordPiece {
    uint64_t offset, bytes;
} RecordPiece;

enum { RECORDS_MOMENTS = 12, RECORDS_PIECES = 24 };

typedef enum RecordsReason {
    MOMENT_REGULAR,
    MOMENT_PEAK,
    MOMENT_END,
    MOMENT_FAILURE
} RecordsReason;

/* A moment, just after a call. */
typedef struct RecordsMoment {
    RecordsReason reason;
    uint64_t event, time;               /* the call, and microseconds */
    uint64_t blocks, bytes;             /* live, and what they take */
    uint64_t left_out, left_bytes;      /* those of the blocks that are not listed */
    uint64_t free_pieces;               /* how many there are */
    uint64_t largest_free;              /* bytes */
    RecordPiece pieces[RECORDS_PIECES]; /* the largest, the largest first */
    size_t piece_count;
} RecordsMoment;

typedef struct Records Records;

/* Keeps so many of the largest, and so many of one moment. */
Records *records_create(size_t largest, size_t of_moment);
void records_free(Records *records);

/* A block is live at a slot. False: no memory. */
bool records_begin(Records *records, uint32_t slot, const Record *record);

/* The block at a slot, or NULL. */
const Record *records_live(const Records *records, uint32_t slot);

/* The slots so far: all are less than this. */
uint32_t records_slots(const Records *records);

/* The block at a slot ends there. */
void records_end(Records *records, uint32_t slot, uint64_t event, uint64_t time);

/* Lists what is live. False: no memory, or too many moments. */
bool records_moment(Records *records, RecordsReason reason, uint64_t event, uint64_t time,
                    uint64_t capacity);
const RecordsMoment *records_moments(const Records *records, size_t *count);

/* What is live at the end is offered, too, and all is brought together, in the order of from: each block once. */
bool records_finish(Records *records, uint64_t events);
const Record *records_list(const Records *records, size_t *count);

#endif
