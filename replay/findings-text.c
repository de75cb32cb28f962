/* SPDX-License-Identifier: MIT
 *
 * The summary as text. */
#include "replay/findings.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "replay/findings-inner.h"
#include "replay/human.h"

enum { ROWS = 10, NAME_COLUMNS = 44 };

/* ------------------------------------------------------------------------------------------------
 * The head
 * --------------------------------------------------------------------------------------------- */

static void print_head(const Findings *findings)
{
    const Trace *trace = findings->trace.trace;
    const char *program = trace_info(trace, "program");
    const char *arguments = trace_info(trace, "arguments");
    time_t seconds = (time_t)(trace_start(trace) / 1000000000);
    char when[64] = "";
    struct tm local;

    if (localtime_r(&seconds, &local) != NULL) {
        strftime(when, sizeof when, "%Y-%m-%d %H:%M:%S", &local);
    }
    printf("trace         %s\n", findings->trace.path);
    if (program != NULL || arguments != NULL) {
        printf("program       %s\n", arguments != NULL ? arguments : program);
    }
    printf("recorded      %s, for %s\n", when, human_time(findings->summary.time).text);
    if (!trace_is_complete(trace)) {
        puts("  missing     the end: the program was killed, or the file could not grow");
    }
}

/* What an import has left out, or made up. */
static void print_import(const Trace *trace)
{
    const char *unknown = trace_info(trace, "unknown");
    const char *forced = trace_info(trace, "forced");

    if (trace_info(trace, "pairing") != NULL) {
        puts("frees         guessed: the file does not say which of several equal blocks");
    }
    if (unknown != NULL) {
        printf("left out      %s frees and resizes of unknown blocks\n", unknown);
    }
    if (forced != NULL) {
        printf("added         %s frees, of blocks whose address was handed out again\n", forced);
    }
    if (trace_info(trace, "cut") != NULL) {
        puts("cut           the last line of the imported file has no end");
    }
}

static void print_region(const Summary *summary)
{
    if (summary->regions > 1) {
        printf("region        %" PRIu32 ", of %" PRIu64 " that have events\n", summary->region,
               summary->regions);
    }
}

static void print_counts(const Summary *summary)
{
    printf("events        %s\n", human_count(summary->events).text);
    printf("  allocated   %s\n", human_count(summary->allocs).text);
    printf("  resized     %s\n", human_count(summary->resizes).text);
    printf("  freed       %s\n", human_count(summary->frees).text);
    printf("  failed      %s\n", human_count(summary->failed).text);
    if (summary->lost != 0) {
        printf("  lost        %s: the recorder had no memory for them\n",
               human_count(summary->lost).text);
    }
    printf("threads       %s\n", human_count(summary->threads).text);
    printf("largest       %s, one request\n", human_bytes(summary->largest).text);
}

static void print_moment(const char *name, const SummaryMoment *moment)
{
    printf("%s %s (%s bytes) in %s blocks\n", name, human_bytes(moment->bytes).text,
           human_count(moment->bytes).text, human_count(moment->blocks).text);
}

static void print_peak(const Summary *summary)
{
    const SummaryMoment *peak = &summary->peak;

    print_moment("live at most ", peak);
    printf("  when        event %s, after %s\n", human_count(peak->event).text,
           human_time(peak->time).text);
    printf("  rounded     %s (%s bytes), to 8 bytes: %s more\n", human_bytes(peak->rounded).text,
           human_count(peak->rounded).text,
           human_share(peak->rounded - peak->bytes, peak->bytes).text);
    printf("  in caches   %s (%s bytes), to their sizes: %s more\n", human_bytes(peak->cached).text,
           human_count(peak->cached).text,
           human_share(peak->cached - peak->bytes, peak->bytes).text);
    print_moment("live at end  ", &summary->end);
}

/* ------------------------------------------------------------------------------------------------
 * Tables
 * --------------------------------------------------------------------------------------------- */

static void print_sizes(const char *title, const char *calls, const Ranking *ranking)
{
    uint64_t count = 0;

    for (size_t i = 0; i < ranking->count; i++) {
        count += ranking->entries[i].calls;
    }
    printf("\n%s\n%14s %14s %8s %14s\n", title, "size", calls, "share", "bytes");
    for (size_t i = 0; i < ranking->count && i < ROWS; i++) {
        const RankingEntry *entry = &ranking->entries[i];

        printf("%14s %14s %8s %14s\n", human_count(entry->key).text, human_count(entry->calls).text,
               human_share(entry->calls, count).text, human_bytes(entry->bytes).text);
    }
    if (ranking->count > ROWS) {
        printf("%14s of %zu sizes in all\n", "", ranking->count);
    }
}

/* Prints a caller; below it those further out, as many as go in a line. */
static void print_caller(const char *name)
{
    const char *further = strstr(name, " < ");
    int length = further == NULL ? NAME_COLUMNS : (int)(further - name);

    printf("%.*s\n", length < NAME_COLUMNS ? length : NAME_COLUMNS, name);
    if (further != NULL) {
        printf("%33s%.*s\n", "", NAME_COLUMNS, further + 1);
    }
}

static void print_callers(const Findings *findings, const char *title, const char *calls,
                          const Ranking *ranking)
{
    uint64_t bytes = 0;

    if (ranking->count == 0) {
        return;
    }
    for (size_t i = 0; i < ranking->count; i++) {
        bytes += ranking->entries[i].bytes;
    }
    printf("\n%s\n%10s %7s %12s  %s\n", title, "bytes", "share", calls, "called from");
    for (size_t i = 0; i < ranking->count && i < ROWS; i++) {
        const RankingEntry *entry = &ranking->entries[i];

        printf("%10s %7s %12s  ", human_bytes(entry->bytes).text,
               human_share(entry->bytes, bytes).text, human_count(entry->calls).text);
        print_caller(findings_caller(findings, (uint32_t)entry->key));
    }
    if (ranking->count > ROWS) {
        printf("%33sof %zu callers in all\n", "", ranking->count);
    }
}

static void print_lifetime(size_t decade, const Lifetimes *calls, const Lifetimes *times)
{
    uint64_t end = 1;

    for (size_t i = 0; i < decade; i++) {
        end *= 10;
    }
    printf("%14s %12s %10s  %12s %12s %10s\n", human_count(end).text,
           human_count(calls->blocks[decade]).text, human_bytes(calls->bytes[decade]).text,
           human_time(end).text, human_count(times->blocks[decade]).text,
           human_bytes(times->bytes[decade]).text);
}

static void print_lifetimes(const Summary *summary)
{
    size_t first = SUMMARY_DECADES;
    size_t end = 0;

    for (size_t i = 0; i < SUMMARY_DECADES; i++) {
        if (summary->calls.blocks[i] != 0 || summary->times.blocks[i] != 0) {
            first = i < first ? i : first;
            end = i + 1;
        }
    }
    if (end == 0) {
        return;
    }
    printf("\nhow long blocks lived\n%14s %12s %10s  %12s %12s %10s\n", "less calls than", "blocks",
           "bytes", "less than", "blocks", "bytes");
    for (size_t i = first; i < end; i++) {
        print_lifetime(i, &summary->calls, &summary->times);
    }
    printf("%14s %12s %10s\n", "to the end", human_count(summary->end.blocks).text,
           human_bytes(summary->end.bytes).text);
}

void findings_print_latency(const Histogram *latency, const char *where)
{
    printf("\nhow long calls take, played in %s\n", where);
    printf("%12s %12s %12s %12s %12s\n", "half", "99 %", "99.9 %", "99.99 %", "longest");
    printf("%12s %12s %12s %12s %12s\n", human_ns(histogram_at(latency, 0.5)).text,
           human_ns(histogram_at(latency, 0.99)).text, human_ns(histogram_at(latency, 0.999)).text,
           human_ns(histogram_at(latency, 0.9999)).text, human_ns(latency->most).text);
}

static void print_all(const Findings *findings)
{
    const Summary *summary = &findings->summary;

    print_sizes("sizes asked for most often", "requests", &summary->sizes);
    print_callers(findings, "callers that asked for most", "requests", &summary->callers);
    print_callers(findings, "what was live at the most, by caller", "blocks",
                  &summary->peak_callers);
    print_sizes("what was live at the most, by size", "blocks", &summary->peak_sizes);
    print_callers(findings, "what was left at the end, by caller", "blocks", &summary->end_callers);
    print_lifetimes(summary);
}

static void print_ratio(uint64_t bytes, uint64_t peak)
{
    if (bytes == 0 || peak == 0) {
        printf(" %9s", "-");
    } else {
        printf(" %9.3f", (double)bytes / (double)peak);
    }
}

static void print_row(const Findings *findings)
{
    const char *slash = strrchr(findings->trace.path, '/');
    uint64_t peak = findings->summary.peak.bytes;
    uint64_t sizes[2] = {0, 0}; /* with caches, without */

    for (size_t i = findings->fit_count; i-- > 0;) {
        sizes[findings->fits[i].options.exact] = findings->fits[i].options.size;
    }
    printf("%-28.28s %10s", slash == NULL ? findings->trace.path : slash + 1,
           human_bytes(peak).text);
    print_ratio(sizes[1], peak);
    print_ratio(sizes[0], peak);
    print_ratio(findings->has_rival ? findings->rival.growth : 0, peak);
    putchar('\n');
}

void findings_print_table(const Findings *findings, size_t count)
{
    printf("%-28s %10s %9s %9s %9s\n", "", "live", "exact", "caches", "malloc()");
    printf("%-28s %10s %9s %9s %9s\n", "trace", "at most", "/ live", "/ live", "/ live");
    for (size_t i = 0; i < count; i++) {
        print_row(&findings[i]);
    }
}

static void print_notes(const Findings *findings)
{
    const char *note;

    for (size_t i = 0; (note = symbols_note(findings->symbols, i)) != NULL; i++) {
        printf("%s%s\n", i == 0 ? "\n" : "", note);
    }
}

void findings_print(const Findings *findings)
{
    char region[80];

    print_head(findings);
    print_import(findings->trace.trace);
    print_region(&findings->summary);
    print_counts(&findings->summary);
    print_peak(&findings->summary);
    if (findings->full) {
        print_all(findings);
    }
    if (findings->latency != NULL) {
        snprintf(region, sizeof region, "a region of %s%s",
                 human_bytes(findings->measured.size).text,
                 findings->measured.exact ? ", without caches" : "");
        findings_print_latency(findings->latency, region);
    }
    findings_print_fits(findings);
    findings_print_room(findings);
    findings_print_rival(findings);
    print_notes(findings);
}
