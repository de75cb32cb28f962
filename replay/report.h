/* SPDX-License-Identifier: MIT
 *
 * Pictures of a region that a trace is played in: a page to look at in a browser, and the map alone. Memory is bounded by
 * the blocks that are live at a time, whatever the trace's length. */
#ifndef MEM_REPLAY_REPORT_H
#define MEM_REPLAY_REPORT_H

#include "replay/player.h"
#include "replay/trace-read.h"

/* How long calls took when the trace was played. A bucket has the calls that took up to so many ns, and more than the
 * bucket before. */
typedef struct ReportLatency {
    double ns;      /* the upper end of the bucket */
    uint64_t calls; /* in the bucket: not 0 */
} ReportLatency;

typedef struct ReportOptions {
    const char *html, *svg, *png;   /* paths of the files to write; NULL: not this one */
    const char *trace_path;         /* of the trace, for the page to name */
    PlayerOptions region;           /* the region to play in */
    uint32_t region_number;         /* of the trace's regions, the one to play */
    const char *reason;             /* why the region has this size: a sentence; NULL: none */
    const ReportLatency *latencies; /* in ascending order; NULL: not measured */
    size_t latency_count;
} ReportOptions;

/* Plays the trace from its beginning, and writes the files. A region that is too small gives pictures of the failure.
 * False: error says why, and the file that could not be written is gone. */
bool report_write(Trace *trace, const ReportOptions *options, TraceError *error);

/* Whether a file looks like a dump by Mem_RegionDump(..., MEM_JSON) rather than a trace. */
bool report_is_dump(const char *path);

/* Writes the files from such a dump: pictures of one moment. */
bool report_write_dump(const char *path, const ReportOptions *options, TraceError *error);

#endif
