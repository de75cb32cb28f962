/* SPDX-License-Identifier: MIT */
#include "replay/facts.h"

#include <stdlib.h>

enum { CALLERS = 400, FRAMES = 8 }; /* callers of the table at most; frames of each */

/* ------------------------------------------------------------------------------------------------
 * The program and the region
 * --------------------------------------------------------------------------------------------- */

static void member_text(Buffer *json, const char *key, const char *text)
{
    buffer_print(json, "\"%s\":", key);
    buffer_json(json, text);
    buffer_print(json, ",");
}

static void member_number(Buffer *json, const char *key, uint64_t value)
{
    buffer_print(json, "\"%s\":%llu,", key, (unsigned long long)value);
}

static void member_histogram(Buffer *json, const char *key, const TallyHistogram *histogram)
{
    unsigned count = TALLY_OCTAVES + 1;

    while (count > 0 && histogram->counts[count - 1] == 0)
        count--;
    buffer_print(json, "\"%s\":[", key);
    for (unsigned i = 0; i < count; i++)
        buffer_print(json, "%s%llu", i == 0 ? "" : ",", (unsigned long long)histogram->counts[i]);
    buffer_print(json, "],");
}

static void facts_trace(const Facts *facts, Buffer *json)
{
    static const char *const keys[] = {"program", "arguments", "machine", "started", "recorder"};

    if (facts->trace == NULL)
        return;
    buffer_print(json, "\"complete\":%s,", trace_is_complete(facts->trace) ? "true" : "false");
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
        member_text(json, keys[i], trace_info(facts->trace, keys[i]));
}

static void facts_region(const Facts *facts, Buffer *json)
{
    const Collection *from = facts->collection;
    const ReportOptions *options = facts->options;

    member_text(json, "file", options->trace_path);
    member_text(json, "version", PACKAGE_VERSION);
    member_text(json, "reason", options->reason);
    member_number(json, "size", options->region.size);
    member_number(json, "alignment", options->region.alignment);
    buffer_print(json, "\"exact\":%s,", options->region.exact ? "true" : "false");
    member_number(json, "capacity", from->capacity);
    member_number(json, "total", from->total);
    buffer_print(json, "\"shape\":{\"width\":%llu,\"height\":%llu,\"columns\":%u,\"rows\":%u},",
                 (unsigned long long)from->shape.width, (unsigned long long)from->shape.height,
                 from->shape.columns, from->shape.rows);
}

static void facts_tally(const Tally *tally, Buffer *json)
{
    member_number(json, "events", tally->events);
    member_number(json, "time", tally->time);
    member_number(json, "allocs", tally->allocs);
    member_number(json, "resizes", tally->resizes);
    member_number(json, "frees", tally->frees);
    member_number(json, "failed", tally->failed);
    member_number(json, "live", tally->live);
    member_number(json, "blocks", tally->blocks);
    buffer_print(json, "\"peak\":{\"bytes\":%llu,\"blocks\":%llu,\"event\":%llu,\"time\":%llu},",
                 (unsigned long long)tally->peak_live, (unsigned long long)tally->peak_blocks,
                 (unsigned long long)tally->peak_event, (unsigned long long)tally->peak_time);
    member_histogram(json, "sizes", &tally->sizes);
    member_histogram(json, "sizeBytes", &tally->size_bytes);
    member_histogram(json, "lifetimes", &tally->lifetimes);
    member_histogram(json, "times", &tally->times);
}

static void facts_latencies(const ReportOptions *options, Buffer *json)
{
    buffer_print(json, "\"latencies\":[");
    for (size_t i = 0; i < options->latency_count; i++)
        buffer_print(json, "%s[%.6g,%llu]", i == 0 ? "" : ",", options->latencies[i].ns,
                     (unsigned long long)options->latencies[i].calls);
    buffer_print(json, "],");
}

/* ------------------------------------------------------------------------------------------------
 * Moments
 * --------------------------------------------------------------------------------------------- */

static void facts_moment(const RecordsMoment *moment, Buffer *json)
{
    static const char *const reasons[] = {"regular", "peak", "end", "failure"};

    buffer_print(json, "{");
    member_text(json, "reason", reasons[moment->reason]);
    member_number(json, "event", moment->event);
    member_number(json, "time", moment->time);
    member_number(json, "blocks", moment->blocks);
    member_number(json, "bytes", moment->bytes);
    member_number(json, "leftOut", moment->left_out);
    member_number(json, "leftBytes", moment->left_bytes);
    member_number(json, "freePieces", moment->free_pieces);
    member_number(json, "largestFree", moment->largest_free);
    buffer_print(json, "\"pieces\":[");
    for (size_t i = 0; i < moment->piece_count; i++)
        buffer_print(json, "%s[%llu,%llu]", i == 0 ? "" : ",",
                     (unsigned long long)moment->pieces[i].offset,
                     (unsigned long long)moment->pieces[i].bytes);
    buffer_print(json, "]}");
}

static void facts_moments(const Collection *from, Buffer *json)
{
    size_t count;
    const RecordsMoment *moments = records_moments(from->records, &count);

    buffer_print(json, "\"moments\":[");
    for (size_t i = 0; i < count; i++) {
        buffer_print(json, i == 0 ? "" : ",");
        facts_moment(&moments[i], json);
    }
    buffer_print(json, "],");
}

/* ------------------------------------------------------------------------------------------------
 * Callers
 * --------------------------------------------------------------------------------------------- */

/* Which callers are told of: those of the table, and those of records. Gives the index of each, plus 1; 0: none. */
static uint32_t *caller_indexes(const Collection *from, uint32_t *order, uint32_t *count)
{
    uint32_t *indexes = calloc((size_t)from->tally.caller_count + 1, sizeof *indexes);
    size_t records;
    const Record *record = records_list(from->records, &records);

    *count = 0;
    if (indexes == NULL)
        return NULL;
    for (size_t i = 0; i < records; i++)
        indexes[record[i].caller] = 1;
    for (uint32_t i = 0; i < from->caller_count; i++) {
        uint32_t caller = from->callers[i];
        if (i < CALLERS || indexes[caller] != 0) {
            if (order != NULL)
                order[*count] = caller;
            indexes[caller] = ++*count;
        }
    }
    return indexes;
}

static void caller_names(const Facts *facts, uint32_t caller, uint64_t event, Buffer *json)
{
    if (facts->symbols == NULL) {
        buffer_print(json, "\"name\":\"unknown\",");
        return;
    }
    member_text(json, "name", symbols_name(facts->symbols, caller, event));
    uint32_t frame = trace_caller(facts->trace, caller).parent;
    if (frame == 0)
        return;
    buffer_print(json, "\"stack\":[");
    for (unsigned i = 0; i < FRAMES && frame != 0; i++) {
        buffer_print(json, i == 0 ? "" : ",");
        buffer_json(json, symbols_name(facts->symbols, frame, event));
        frame = trace_caller(facts->trace, frame).parent;
    }
    buffer_print(json, "],");
}

static void facts_caller(const Facts *facts, uint32_t caller, Buffer *json)
{
    const Collection *from = facts->collection;
    const TallyCaller *by = &from->tally.callers[caller];

    buffer_print(json, "{");
    caller_names(facts, caller, by->event, json);
    member_number(json, "allocs", by->allocs);
    member_number(json, "bytes", by->bytes);
    member_number(json, "live", by->live);
    member_number(json, "blocks", by->blocks);
    member_number(json, "most", by->most);
    member_number(json, "peak", from->peak.bytes[caller]);
    member_number(json, "peakBlocks", from->peak.blocks[caller]);
    buffer_print(json, "\"area\":%.6g,\"lifetime\":%.6g,\"rank\":%u}", by->area,
                 by->freed == 0 ? -1 : (double)by->lifetime / (double)by->freed,
                 from->caller_ranks[caller]);
}

static void facts_callers(const Facts *facts, Buffer *json)
{
    const Collection *from = facts->collection;
    uint32_t *order = calloc((size_t)from->caller_count + 1, sizeof *order);
    uint32_t count = 0;
    uint32_t *indexes = order == NULL ? NULL : caller_indexes(from, order, &count);

    json->failed |= indexes == NULL;
    member_number(json, "callerCount", from->caller_count);
    buffer_print(json, "\"callers\":[");
    for (uint32_t i = 0; i < count; i++) {
        buffer_print(json, i == 0 ? "" : ",");
        facts_caller(facts, order[i], json);
    }
    buffer_print(json, "],");
    free(indexes);
    free(order);
}

static void facts_threads(const Collection *from, Buffer *json)
{
    buffer_print(json, "\"threadCount\":%u,\"threads\":[", from->thread_count);
    for (uint32_t i = 0; i < from->thread_count && i < 1000; i++)
        buffer_print(json, "%s[%u,%llu]", i == 0 ? "" : ",", from->threads[i],
                     (unsigned long long)from->tally.threads[from->threads[i]].allocs);
    buffer_print(json, "],");
}

/* The request that there was no room for. */
static void facts_failure(const Facts *facts, Buffer *json)
{
    const CollectFailure *failure = &facts->collection->failure;
    const TraceEvent *event = &failure->event;

    if (!failure->failed)
        return;
    buffer_print(json, "\"failure\":{");
    member_number(json, "event", event->number);
    member_number(json, "time", event->time);
    member_number(json, "size", event->size);
    member_number(json, "alignment", event->alignment);
    member_number(json, "thread", event->thread);
    member_number(json, "largest", failure->largest);
    if (facts->symbols != NULL)
        member_text(json, "caller", symbols_name(facts->symbols, event->caller, event->number));
    buffer_print(json, "\"resize\":%s},", event->op == TRACE_RESIZE ? "true" : "false");
}

void facts_json(const Facts *facts, Buffer *json)
{
    buffer_print(json, "\"kind\":\"%s\",", facts->trace == NULL ? "dump" : "trace");
    facts_trace(facts, json);
    facts_region(facts, json);
    facts_tally(&facts->collection->tally, json);
    member_histogram(json, "peakSizes", &facts->collection->peak.sizes);
    facts_latencies(facts->options, json);
    facts_moments(facts->collection, json);
    facts_callers(facts, json);
    facts_threads(facts->collection, json);
    facts_failure(facts, json);
}

/* ------------------------------------------------------------------------------------------------
 * Numbers
 * --------------------------------------------------------------------------------------------- */

void facts_columns(const Collection *collection, Buffer *pack)
{
    uint64_t time = 0;

    for (uint32_t i = 0; i < collection->shape.columns; i++) {
        const CollectColumn *column = &collection->columns[i];
        buffer_leb128(pack, column->time - time);
        time = column->time;
        buffer_leb128(pack, column->live);
        buffer_leb128(pack, column->used);
        buffer_leb128(pack, column->largest);
        buffer_leb128(pack, column->blocks);
    }
}

static uint64_t since(uint64_t until, uint64_t from)
{
    return until == RECORD_NEVER ? 0 : until - from + 1;
}

void facts_records(const Collection *collection, Buffer *pack)
{
    size_t count;
    const Record *list = records_list(collection->records, &count);
    uint32_t callers;
    uint32_t *indexes = caller_indexes(collection, NULL, &callers);

    pack->failed |= indexes == NULL;
    if (indexes == NULL)
        return;
    for (unsigned field = 0; field < 10; field++) {
        uint64_t from = 0;
        for (size_t i = 0; i < count; i++) {
            const Record *record = &list[i];
            const uint64_t values[] = {
                record->offset,
                record->bytes,
                record->size,
                record->from - from,
                record->from_time,
                since(record->until, record->from),
                since(record->until_time, record->from_time),
                indexes[record->caller] - 1,
                record->thread,
                record->moments,
            };
            buffer_leb128(pack, values[field]);
            from = record->from;
        }
    }
    free(indexes);
}
