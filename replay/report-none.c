/* SPDX-License-Identifier: MIT
 *
 * In place of reports where libpng or zlib is missing. */
#include <stdio.h>

#include "replay/report.h"

static bool report_none(TraceError *error)
{
    snprintf(
        error->text, sizeof error->text,
        "this memreplay was built without libpng or zlib: it has no --report, --svg and --png");
    return false;
}

bool report_write(Trace *trace, const ReportOptions *options, TraceError *error)
{
    (void)trace;
    (void)options;
    return report_none(error);
}

bool report_is_dump(const char *path)
{
    (void)path;
    return false;
}

bool report_write_dump(const char *path, const ReportOptions *options, TraceError *error)
{
    (void)path;
    (void)options;
    return report_none(error);
}
