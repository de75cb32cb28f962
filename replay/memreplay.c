/* SPDX-License-Identifier: MIT
 *
 * memreplay TRACE: tells what is in a trace, how large a region must be to carry it, and what that looks like. */
#include <stdlib.h>

#include "replay/compress.h"
#include "replay/findings.h"
#include "replay/import.h"
#include "replay/options.h"
#include "replay/pass.h"
#include "replay/report.h"
#include "replay/table.h"

static void tick(void *context, const Trace *trace)
{
    progress_tell(context, trace_progress(trace));
}

static bool compress(const Options *options, TraceError *error)
{
    Trace *trace = pass_open(options->files[0]);
    Progress progress;
    bool done;

    progress_begin(&progress, "compressing");
    done = compress_trace(trace, options->output, tick, &progress, error);
    progress_end(&progress);
    trace_close(trace);
    return done;
}

/* Writes a trace from another one, or from another tool's file. */
static void write_trace(const Options *options)
{
    TraceError error;

    if (options->task == TASK_IMPORT ? !import_file(options->files[0], options->output, &error)
                                     : !compress(options, &error)) {
        pass_fail(&error);
    }
}

static bool draws(const Options *options)
{
    return options->html != NULL || options->svg != NULL || options->png != NULL;
}

static void draw_dump(const Options *options)
{
    ReportOptions report = {.html = options->html,
                            .svg = options->svg,
                            .png = options->png,
                            .trace_path = options->files[0]};
    TraceError error;

    if (!report_write_dump(options->files[0], &report, &error)) {
        pass_fail(&error);
    }
}

static void tell(const Options *options, const Findings *findings)
{
    if (options->json) {
        findings_print_json(findings, options->file_count);
    } else if (options->file_count > 1) {
        findings_print_table(findings, options->file_count);
    } else if (!draws(options) || options->fit || options->size != 0) {
        findings_print(findings);
    }
    options_end_output();
}

/* Finds out all about each trace, tells it, and returns what the program is to end with. */
static int tell_all(const Options *options)
{
    size_t room = 0;
    size_t count = options->file_count;
    RivalProcess **rivals = table_grow(NULL, &room, count - 1, sizeof(RivalProcess *));
    Findings *findings;
    int status = STATUS_CARRIED;

    for (size_t i = 0; options->rival && i < count; i++) {
        rivals[i] = rival_start();
    }
    room = 0;
    findings = table_grow(NULL, &room, count - 1, sizeof *findings);
    for (size_t i = 0; i < count; i++) {
        findings_find(options, options->files[i], rivals[i], &findings[i]);
    }
    if (draws(options)) {
        findings_draw(options, findings);
    }
    tell(options, findings);
    for (size_t i = 0; i < count; i++) {
        status = findings[i].has_room && !findings[i].room.carried ? STATUS_FAILED : status;
        findings_free(&findings[i]);
    }
    free(findings);
    free(rivals);
    return status;
}

int main(int argc, char **argv)
{
    Options options = options_read(argc, argv);

    if (options.task != TASK_TELL) {
        write_trace(&options);
        return STATUS_CARRIED;
    }
    if (draws(&options) && report_is_dump(options.files[0])) {
        draw_dump(&options);
        return STATUS_CARRIED;
    }
    return tell_all(&options);
}
