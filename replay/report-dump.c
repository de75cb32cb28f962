/* SPDX-License-Identifier: MIT */
#include "replay/report-dump.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "replay/report.h"

enum { ROWS = 2048, BLOCKS = 60000 }; /* how fine, and how many blocks are known exactly */

bool report_is_dump(const char *path)
{
    FILE *file = fopen(path, "rb");
    int first = EOF;

    if (file == NULL)
        return false;
    do {
        first = fgetc(file);
    } while (first == ' ' || first == '\n' || first == '\t' || first == '\r');
    fclose(file);
    return first == '{';
}

#ifdef HAVE_JANSSON

#include <jansson.h>

static bool wrong(TraceError *error, const char *path, const char *what)
{
    snprintf(error->text, sizeof error->text, "%s: %s", path, what);
    return false;
}

/* A member that is a whole number and not negative; if not, valid becomes false. */
static uint64_t number(const json_t *object, const char *key, bool *valid)
{
    const json_t *value = json_object_get(object, key);

    if (!json_is_integer(value) || json_integer_value(value) < 0) {
        *valid = false;
        return 0;
    }
    return (uint64_t)json_integer_value(value);
}

/* Takes in one block. False: it is none. */
static bool dump_block(const json_t *object, uint64_t *end, uint32_t *slot, Collection *to)
{
    bool valid = true;
    Record record = {.until = RECORD_NEVER, .until_time = RECORD_NEVER};

    record.offset = number(object, "offset", &valid);
    record.bytes = record.size = number(object, "size", &valid);
    if (!valid || record.offset < *end || record.offset > to->capacity ||
        record.bytes > to->capacity - record.offset)
        return false;
    *end = record.offset + record.bytes;
    if (!json_is_true(json_object_get(object, "in_use")))
        return true;

    unsigned octave = tally_octave(record.size);
    to->tally.sizes.counts[octave]++;
    to->tally.size_bytes.counts[octave] += record.size;
    to->tally.live += record.size;
    to->tally.blocks++;
    map_put(to->map,
            &(MapBlock){
                .offset = record.offset,
                .bytes = record.bytes,
                .size = (uint8_t)(octave < MAP_SIZES ? octave : MAP_SIZES - 1),
            },
            0);
    return records_begin(to->records, (*slot)++, &record);
}

static bool dump_blocks(const json_t *blocks, Collection *to)
{
    const json_t *object;
    size_t index;
    uint64_t end = 0;
    uint32_t slot = 0;

    json_array_foreach((json_t *)blocks, index, object)
    {
        if (!dump_block(object, &end, &slot, to))
            return false;
    }
    return true;
}

static bool dump_prepare(Collection *to)
{
    to->shape = map_shape(1, to->capacity, 1, ROWS);
    to->map = map_create(&to->shape);
    to->records = records_create(1, BLOCKS);
    to->columns = calloc(1, sizeof *to->columns);
    to->peak.bytes = calloc(1, sizeof *to->peak.bytes);
    to->peak.blocks = calloc(1, sizeof *to->peak.blocks);
    to->callers = calloc(1, sizeof *to->callers);
    to->threads = calloc(1, sizeof *to->threads);
    to->caller_ranks = calloc(1, 1);
    to->thread_ranks = calloc(1, 1);
    to->tally.callers = calloc(1, sizeof *to->tally.callers);
    if (to->map == NULL || to->records == NULL || to->columns == NULL || to->peak.bytes == NULL ||
        to->peak.blocks == NULL || to->callers == NULL || to->threads == NULL ||
        to->caller_ranks == NULL || to->thread_ranks == NULL || to->tally.callers == NULL)
        return false;
    to->caller_count = to->tally.caller_count = 1;
    return true;
}

/* Reads what has been parsed. */
static bool dump_read(const json_t *root, const char *path, Collection *to, TraceError *error)
{
    const json_t *blocks = json_object_get(root, "blocks");
    bool valid = json_is_array(blocks);

    to->capacity = number(root, "capacity", &valid);
    uint64_t bookkeeping = number(root, "bookkeeping", &valid);
    uint64_t largest = number(root, "largest_free", &valid);
    uint64_t peak = number(root, "peak_in_use", &valid);
    uint64_t frees = number(root, "frees", &valid);
    uint64_t failed = number(root, "failures", &valid);
    if (!valid || to->capacity == 0 || to->capacity > UINT64_C(1) << 48)
        return wrong(error, path, "this is no dump of a region");
    if (!dump_prepare(to))
        return wrong(error, path, "not enough memory");
    if (!dump_blocks(blocks, to))
        return wrong(error, path, "the blocks of this dump are not in order");

    to->total = to->capacity + bookkeeping;
    to->tally.peak_live = peak;
    to->tally.frees = frees;
    to->tally.failed = failed;
    to->columns[0] = (CollectColumn){
        .live = to->tally.live,
        .used = to->tally.live,
        .largest = largest,
        .blocks = to->tally.blocks,
    };
    map_next_column(to->map);
    return (records_moment(to->records, MOMENT_END, 1, 0, to->capacity) &&
            records_finish(to->records, 1)) ||
           wrong(error, path, "not enough memory");
}

bool report_read_dump(const char *path, Collection *collection, TraceError *error)
{
    json_error_t where;
    json_t *root = json_load_file(path, JSON_REJECT_DUPLICATES, &where);

    *collection = (Collection){0};
    if (root == NULL) {
        snprintf(error->text, sizeof error->text, "%s: line %d, byte %d: %s", path, where.line,
                 where.position, where.text);
        return false;
    }
    bool read = dump_read(root, path, collection, error);
    json_decref(root);
    if (!read)
        collect_free(collection);
    return read;
}

#else

bool report_read_dump(const char *path, Collection *collection, TraceError *error)
{
    *collection = (Collection){0};
    snprintf(error->text, sizeof error->text,
             "%s: this memreplay was built without jansson, "
             "which reads dumps",
             path);
    return false;
}

#endif
