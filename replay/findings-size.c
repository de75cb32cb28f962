/* SPDX-License-Identifier: MIT
 *
 * What is told of sizes: the smallest region, and why one fails. */
#include <inttypes.h>
#include <stdio.h>

#include "replay/findings-inner.h"
#include "replay/human.h"

enum { KEEPERS = 10, NAME_COLUMNS = 34 };

/* ------------------------------------------------------------------------------------------------
 * Advice
 * --------------------------------------------------------------------------------------------- */

/* Rounds up to a number with few digits that count, and to whole pages. */
static uint64_t round_up(uint64_t bytes)
{
    uint64_t step = 4096;

    while (bytes / step >= 64) {
        step *= 2;
    }
    return (bytes + step - 1) / step * step;
}

Advice findings_advise(const Summary *summary, const Fit *fit)
{
    uint64_t size = fit->options.size;
    uint64_t headroom = size + size / 8;
    uint64_t quarter = summary->peak.cached / 3 * 4;
    Advice advice;

    if (fit->options.exact || headroom >= quarter) {
        advice.bytes = round_up(headroom);
        snprintf(advice.reason, sizeof advice.reason,
                 "an eighth more than the smallest: the next run differs from this one");
    } else {
        advice.bytes = round_up(quarter);
        snprintf(advice.reason, sizeof advice.reason,
                 "even at the peak a quarter is free: with less, "
                 "caches of several threads take no memory, and calls wait for a lock");
    }
    return advice;
}

/* ------------------------------------------------------------------------------------------------
 * The smallest region
 * --------------------------------------------------------------------------------------------- */

static void print_fit(const Findings *findings, const Fit *fit)
{
    uint64_t peak = findings->summary.peak.bytes;
    uint64_t alignment = fit->options.alignment == 0 ? 8 : fit->options.alignment;

    printf("%9" PRIu64 "  %-8s %15s %10s %8.3f %15s\n", alignment,
           fit->options.exact ? "exact" : "caches", human_count(fit->options.size).text,
           human_bytes(fit->options.size).text,
           peak == 0 ? 0 : (double)fit->options.size / (double)peak, human_count(fit->total).text);
}

static void print_part(const char *name, uint64_t bytes, uint64_t peak)
{
    printf("  %-44s %15s %9s\n", name, human_count(bytes).text, human_share(bytes, peak).text);
}

/* The last two fits are with caches and without; or there is one. */
static void print_parts(const Findings *findings)
{
    const Fit *last = &findings->fits[findings->fit_count - 1];
    const Fit *cached = findings->fit_count > 1 ? last - 1 : NULL;
    uint64_t peak = findings->summary.peak.bytes;
    bool both = last->options.exact && cached != NULL && !cached->options.exact &&
                cached->options.alignment == last->options.alignment;

    printf("\nwhat the smallest region is made of\n");
    print_part("most bytes live at once, as asked for", peak, peak);
    print_part("rounding: the most that is live, rounded", last->bound - peak, peak);
    print_part("the end of the region, and of its last page", last->least - last->bound, peak);
    print_part(last->options.exact ? "fragmentation" : "fragmentation, and caches",
               last->options.size - last->least, peak);
    if (both && cached->options.size >= last->options.size) {
        print_part("caches", cached->options.size - last->options.size, peak);
    }
}

void findings_print_fits(const Findings *findings)
{
    const Fit *last = &findings->fits[findings->fit_count - 1];

    if (findings->fit_count == 0) {
        return;
    }
    printf("\nthe smallest region: it carries the trace, as do the %d next larger ones, by a\n"
           "page each; a page less does not\n",
           FIT_MORE);
    printf("%9s  %-8s %15s %10s %8s %15s\n", "alignment", "", "bytes", "", "/ live",
           "with its map");
    for (size_t i = 0; i < findings->fit_count; i++) {
        print_fit(findings, &findings->fits[i]);
    }
    print_parts(findings);
    if (last->options.size > last->least && !findings->below.carried) {
        printf("\nin a page less");
        findings_print_failure(findings, &findings->below);
    }
    printf("\nrecommended: %s (%s bytes):\n%s\n", human_bytes(findings->advice.bytes).text,
           human_count(findings->advice.bytes).text, findings->advice.reason);
}

/* ------------------------------------------------------------------------------------------------
 * Why a region fails
 * --------------------------------------------------------------------------------------------- */

static void print_keepers(const Findings *findings, const Room *room)
{
    printf("the cheapest stretch of memory to make free, %s at %s, has %s block%s with %s:\n",
           human_bytes(room->window.bytes).text, human_count(room->window.offset).text,
           human_count(room->keeper_count).text, room->keeper_count == 1 ? "" : "s",
           human_bytes(room->keeper_bytes).text);
    printf("%12s %14s %12s  %s\n", "size", "age in calls", "in time", "called from");
    for (size_t i = 0; i < room->keeper_count && i < KEEPERS; i++) {
        const TraceBlock *block = &room->keepers[i].block;

        printf("%12s %14s %12s  %.*s\n", human_count(block->size).text,
               human_count(room->event.number - block->born).text,
               human_time(room->event.time - block->born_time).text, NAME_COLUMNS,
               findings_caller(findings, block->caller));
    }
    if (room->keeper_count > KEEPERS) {
        printf("%40s  and %zu smaller ones\n", "", room->keeper_count - KEEPERS);
    }
}

void findings_print_failure(const Findings *findings, const Room *room)
{
    uint64_t free = room->capacity - room->rounded;

    printf(" event %s fails, after %s:\n", human_count(room->event.number).text,
           human_time(room->event.time).text);
    printf("  %s %s bytes by thread %" PRIu32 ", called from\n  %s\n",
           room->event.op == TRACE_RESIZE ? "a resize to" : "a request of",
           human_count(room->event.size).text, room->event.thread,
           findings_caller(findings, room->event.caller));
    printf("  live      %15s bytes as asked for, in %s blocks\n", human_count(room->live).text,
           human_count(room->blocks).text);
    printf("  rounding  %15s bytes\n", human_count(room->rounded - room->live).text);
    printf("  free      %15s bytes, of which the largest block has %s\n", human_count(free).text,
           human_count(room->largest_free).text);
    if (room->keeper_count != 0) {
        print_keepers(findings, room);
    } else if (room->need > free) {
        printf("  %s bytes are missing, wherever the blocks lie\n",
               human_count(room->need - free).text);
    }
}

void findings_print_room(const Findings *findings)
{
    const Room *room = &findings->room;

    if (!findings->has_room) {
        return;
    }
    printf("\na region of %s (%s bytes)%s\n", human_bytes(findings->options.size).text,
           human_count(findings->options.size).text,
           findings->options.exact ? ", without caches" : "");
    if (room->carried) {
        printf("carries the trace\n");
    } else {
        printf("does not carry the trace:");
        findings_print_failure(findings, room);
    }
}

void findings_print_rival(const Findings *findings)
{
    const Rival *rival = &findings->rival;
    uint64_t peak = findings->summary.peak.bytes;

    if (!findings->has_rival) {
        return;
    }
    printf("\nplayed on malloc() of this process%s\n",
           rival->failed ? ", until it found no memory" : "");
    printf("  resident memory grew by %s (%s bytes): %.3f of the most live\n",
           human_bytes(rival->growth).text, human_count(rival->growth).text,
           peak == 0 ? 0 : (double)rival->growth / (double)peak);
    printf("  and %s are left at the end; %s calls took %s\n", human_bytes(rival->end).text,
           human_count(rival->calls).text, human_ns(rival->ns).text);
    findings_print_latency(&rival->latency, "malloc() and free()");
}
