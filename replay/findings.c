/* SPDX-License-Identifier: MIT */
#include "replay/findings.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "os/pages.h"
#include "replay/latency.h"
#include "replay/pass.h"
#include "replay/report.h"
#include "replay/table.h"

const char *findings_caller(const Findings *findings, uint32_t caller)
{
    return symbols_name(findings->symbols, caller, findings->summary.peak.event);
}

/* The smallest regions; and why a page less does not do. */
static void find_fits(const Options *options, Findings *findings)
{
    const Fit *last;
    PlayerOptions below;

    for (size_t i = 0; i < options->alignment_count; i++) {
        uint64_t alignment = options->alignments[i];
        Fit fit = {.options = {.alignment = alignment},
                   .bound = findings->summary.bounds[__builtin_ctzll(alignment)]};

        if (!options->exact) {
            findings->fits[findings->fit_count++] = fit;
        }
        fit.options.exact = true;
        findings->fits[findings->fit_count++] = fit;
    }
    fit_find(&findings->trace, findings->fits, findings->fit_count, findings->summary.events);
    findings->advice = findings_advise(&findings->summary, &findings->fits[0]);
    last = &findings->fits[findings->fit_count - 1];
    if (last->options.size > last->least) {
        below = last->options;
        below.size -= pages_size();
        findings->below = room_play(&findings->trace, &below);
    }
}

/* How long calls take: in a region of the size that is asked for or recommended, or else in one that is large. */
static void find_latency(const Options *options, Findings *findings)
{
    findings->measured = (PlayerOptions){
        .size = options->size != 0         ? options->size
                : findings->fit_count != 0 ? findings->advice.bytes
                                           : 2 * findings->summary.peak.rounded + (1 << 20),
        .alignment = options->alignments[0],
        .exact = options->exact,
    };
    findings->latency = latency_measure(&findings->trace, &findings->measured);
}

static void find_room(const Options *options, Findings *findings)
{
    findings->has_room = true;
    findings->options = (PlayerOptions){options->size, options->alignments[0], options->exact};
    findings->room = room_play(&findings->trace, &findings->options);
}

static void fail_region(const char *path, uint32_t region)
{
    TraceError error;

    snprintf(error.text, sizeof error.text, "%s: no region %" PRIu32, path, region);
    pass_fail(&error);
}

void findings_find(const Options *options, const char *path, RivalProcess *rival,
                   Findings *findings)
{
    bool draws = options->html != NULL || options->svg != NULL || options->png != NULL;
    bool fit = options->fit || (draws && options->size == 0);

    findings->trace = (TrialTrace){.path = path, .trace = pass_open(path)};
    findings->symbols = symbols_open(findings->trace.trace);
    findings->full = !options->fit && options->size == 0 && !options->rival;
    findings->summary = summary_read(findings->trace.trace, options->region, findings->full);
    if (options->region != SUMMARY_ANY && findings->summary.events == 0) {
        fail_region(path, options->region);
    }
    findings->trace.region = findings->summary.region;
    findings->below.carried = true;
    if (rival != NULL) {
        findings->rival = rival_finish(rival, &findings->trace);
        findings->has_rival = true;
    }
    if (fit) {
        find_fits(options, findings);
    }
    if (options->size != 0) {
        find_room(options, findings);
    }
    if (findings->full || draws) {
        find_latency(options, findings);
    }
}

void findings_free(Findings *findings)
{
    free(findings->latency);
    room_free(&findings->below);
    room_free(&findings->room);
    summary_free(&findings->summary);
    symbols_close(findings->symbols);
    trace_close(findings->trace.trace);
}

/* ------------------------------------------------------------------------------------------------
 * Pictures
 * --------------------------------------------------------------------------------------------- */

/* The histogram as a page wants it: buckets that are not empty. */
static ReportLatency *list_latencies(const Histogram *histogram, size_t *count)
{
    size_t room = 0;
    ReportLatency *list = NULL;

    *count = 0;
    for (size_t i = 0; histogram != NULL && i < HISTOGRAM_BUCKETS; i++) {
        if (histogram->counts[i] == 0) {
            continue;
        }
        if (*count == room) {
            list = table_grow(list, &room, *count, sizeof *list);
        }
        list[(*count)++] = (ReportLatency){(double)histogram_end(i), histogram->counts[i]};
    }
    return list;
}

void findings_draw(const Options *options, const Findings *findings)
{
    ReportOptions report = {.html = options->html,
                            .svg = options->svg,
                            .png = options->png,
                            .trace_path = findings->trace.path,
                            .region_number = findings->trace.region};
    ReportLatency *latencies = list_latencies(findings->latency, &report.latency_count);
    TraceError error;

    report.latencies = latencies;
    if (findings->has_room) {
        report.region = findings->options;
        report.reason = "it was asked for";
    } else {
        report.region = findings->fits[0].options;
        report.region.size = findings->advice.bytes;
        report.reason = findings->advice.reason;
    }
    if (!report_write(findings->trace.trace, &report, &error)) {
        pass_fail(&error);
    }
    free(latencies);
}
