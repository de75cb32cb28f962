/* SPDX-License-Identifier: MIT
 *
 * All findings as one JSON object. Its keys are listed in memreplay(1). */
#include "replay/findings.h"

#include <stdio.h>

#ifdef HAVE_JANSSON

#include <jansson.h>

enum { ROWS = 100 };

static json_t *number(uint64_t value)
{
    return json_integer((json_int_t)value);
}

static void put(json_t *object, const char *key, uint64_t value)
{
    json_object_set_new(object, key, number(value));
}

static void put_text(json_t *object, const char *key, const char *text)
{
    json_t *string = json_string(text);

    json_object_set_new(object, key, string != NULL ? string : json_null());
}

/* ------------------------------------------------------------------------------------------------
 * The summary
 * --------------------------------------------------------------------------------------------- */

static json_t *sizes(const Ranking *ranking, const char *calls)
{
    json_t *list = json_array();

    for (size_t i = 0; i < ranking->count && i < ROWS; i++) {
        json_t *entry = json_object();

        put(entry, "size", ranking->entries[i].key);
        put(entry, calls, ranking->entries[i].calls);
        put(entry, "bytes", ranking->entries[i].bytes);
        json_array_append_new(list, entry);
    }
    return list;
}

static json_t *callers(const Findings *findings, const Ranking *ranking, const char *calls)
{
    json_t *list = json_array();

    for (size_t i = 0; i < ranking->count && i < ROWS; i++) {
        json_t *entry = json_object();

        put_text(entry, "caller", findings_caller(findings, (uint32_t)ranking->entries[i].key));
        put(entry, calls, ranking->entries[i].calls);
        put(entry, "bytes", ranking->entries[i].bytes);
        json_array_append_new(list, entry);
    }
    return list;
}

static json_t *lifetimes(const Lifetimes *lifetimes)
{
    json_t *list = json_array();
    uint64_t end = 1;

    for (size_t i = 0; i < SUMMARY_DECADES; i++, end *= 10) {
        json_t *entry = json_object();

        put(entry, "less_than", end);
        put(entry, "blocks", lifetimes->blocks[i]);
        put(entry, "bytes", lifetimes->bytes[i]);
        json_array_append_new(list, entry);
    }
    return list;
}

static json_t *latency(const Histogram *histogram)
{
    json_t *object = json_object();

    put(object, "p50", histogram_at(histogram, 0.5));
    put(object, "p99", histogram_at(histogram, 0.99));
    put(object, "p99_9", histogram_at(histogram, 0.999));
    put(object, "p99_99", histogram_at(histogram, 0.9999));
    put(object, "worst", histogram->most);
    return object;
}

static void put_summary(json_t *object, const Findings *findings)
{
    const Summary *summary = &findings->summary;
    const Trace *trace = findings->trace.trace;

    put_text(object, "trace", findings->trace.path);
    put_text(object, "program", trace_info(trace, "program"));
    put(object, "start_ns", trace_start(trace));
    put(object, "duration_us", summary->time);
    json_object_set_new(object, "complete", json_boolean(trace_is_complete(trace)));
    json_object_set_new(object, "frees_guessed",
                        json_boolean(trace_info(trace, "pairing") != NULL));
    put(object, "region", summary->region);
    put(object, "regions", summary->regions);
    put(object, "events", summary->events);
    put(object, "allocations", summary->allocs);
    put(object, "resizes", summary->resizes);
    put(object, "frees", summary->frees);
    put(object, "failed", summary->failed);
    put(object, "lost", summary->lost);
    put(object, "threads", summary->threads);
    put(object, "largest_request", summary->largest);
    put(object, "peak_live", summary->peak.bytes);
    put(object, "peak_rounded", summary->peak.rounded);
    put(object, "peak_cached", summary->peak.cached);
    put(object, "peak_blocks", summary->peak.blocks);
    put(object, "peak_event", summary->peak.event);
    put(object, "peak_us", summary->peak.time);
    put(object, "end_live", summary->end.bytes);
    put(object, "end_blocks", summary->end.blocks);
}

static void put_tables(json_t *object, const Findings *findings)
{
    const Summary *summary = &findings->summary;

    json_object_set_new(object, "sizes", sizes(&summary->sizes, "requests"));
    json_object_set_new(object, "callers", callers(findings, &summary->callers, "requests"));
    json_object_set_new(object, "peak_sizes", sizes(&summary->peak_sizes, "blocks"));
    json_object_set_new(object, "peak_callers",
                        callers(findings, &summary->peak_callers, "blocks"));
    json_object_set_new(object, "end_callers", callers(findings, &summary->end_callers, "blocks"));
    json_object_set_new(object, "lifetimes_calls", lifetimes(&summary->calls));
    json_object_set_new(object, "lifetimes_us", lifetimes(&summary->times));
}

/* ------------------------------------------------------------------------------------------------
 * Sizes
 * --------------------------------------------------------------------------------------------- */

static void put_fits(json_t *object, const Findings *findings)
{
    json_t *list = json_array();

    for (size_t i = 0; i < findings->fit_count; i++) {
        const Fit *fit = &findings->fits[i];
        json_t *entry = json_object();

        put(entry, "alignment", fit->options.alignment);
        json_object_set_new(entry, "exact", json_boolean(fit->options.exact));
        put(entry, "smallest", fit->options.size);
        put(entry, "bound", fit->bound);
        put(entry, "total", fit->total);
        put(entry, "tried", fit->tried);
        json_array_append_new(list, entry);
        if (fit->options.alignment == findings->fits[0].options.alignment) {
            put(object, fit->options.exact ? "smallest_exact" : "smallest_cached",
                fit->options.size);
        }
    }
    json_object_set_new(object, "fits", list);
    put(object, "bound", findings->fits[0].bound);
    put(object, "verified", FIT_MORE);
    put(object, "recommended", findings->advice.bytes);
    put_text(object, "recommended_reason", findings->advice.reason);
}

static json_t *keepers(const Findings *findings, const Room *room)
{
    json_t *list = json_array();

    for (size_t i = 0; i < room->keeper_count && i < ROWS; i++) {
        const RoomBlock *keeper = &room->keepers[i];
        json_t *entry = json_object();

        put(entry, "offset", keeper->place.offset);
        put(entry, "bytes", keeper->place.bytes);
        put(entry, "size", keeper->block.size);
        put(entry, "age_calls", room->event.number - keeper->block.born);
        put(entry, "age_us", room->event.time - keeper->block.born_time);
        put_text(entry, "caller", findings_caller(findings, keeper->block.caller));
        json_array_append_new(list, entry);
    }
    return list;
}

static json_t *failure(const Findings *findings, const Room *room)
{
    json_t *object = json_object();

    put(object, "event", room->event.number);
    put(object, "us", room->event.time);
    put(object, "thread", room->event.thread);
    put(object, "request", room->event.size);
    put_text(object, "caller", findings_caller(findings, room->event.caller));
    put(object, "needed", room->need);
    put(object, "live", room->live);
    put(object, "rounded", room->rounded);
    put(object, "blocks", room->blocks);
    put(object, "free", room->capacity - room->rounded);
    put(object, "largest_free", room->largest_free);
    put(object, "window_offset", room->window.offset);
    put(object, "window_bytes", room->window.bytes);
    put(object, "window_live", room->keeper_bytes);
    json_object_set_new(object, "window_blocks", keepers(findings, room));
    return object;
}

static json_t *region(const Findings *findings)
{
    json_t *object = json_object();

    put(object, "size", findings->options.size);
    put(object, "alignment", findings->options.alignment);
    json_object_set_new(object, "exact", json_boolean(findings->options.exact));
    put(object, "capacity", findings->room.capacity);
    put(object, "total", findings->room.total);
    json_object_set_new(object, "carried", json_boolean(findings->room.carried));
    if (!findings->room.carried) {
        json_object_set_new(object, "failure", failure(findings, &findings->room));
    }
    return object;
}

static json_t *rival(const Rival *rival)
{
    json_t *object = json_object();

    put(object, "growth", rival->growth);
    put(object, "end_growth", rival->end);
    put(object, "calls", rival->calls);
    put(object, "ns", rival->ns);
    json_object_set_new(object, "failed", json_boolean(rival->failed));
    json_object_set_new(object, "latency_ns", latency(&rival->latency));
    return object;
}

static json_t *all(const Findings *findings)
{
    json_t *object = json_object();

    put_summary(object, findings);
    if (findings->full) {
        put_tables(object, findings);
    }
    if (findings->latency != NULL) {
        json_object_set_new(object, "latency_ns", latency(findings->latency));
    }
    if (findings->fit_count != 0) {
        put_fits(object, findings);
    }
    if (!findings->below.carried) {
        json_object_set_new(object, "page_less", failure(findings, &findings->below));
    }
    if (findings->has_room) {
        json_object_set_new(object, "size", region(findings));
    }
    if (findings->has_rival) {
        json_object_set_new(object, "malloc", rival(&findings->rival));
    }
    return object;
}

void findings_print_json(const Findings *findings, size_t count)
{
    json_t *whole = count == 1 ? all(findings) : json_array();

    for (size_t i = 0; count != 1 && i < count; i++) {
        json_array_append_new(whole, all(&findings[i]));
    }
    json_dumpf(whole, stdout, JSON_INDENT(2));
    putchar('\n');
    json_decref(whole);
}

#else

#include <stdlib.h>

#include "replay/pass.h"

void findings_print_json(const Findings *findings, size_t count)
{
    (void)findings;
    (void)count;
    fputs("memreplay: --json: this memreplay was built without jansson\n", stderr);
    exit(STATUS_ERROR);
}

#endif
