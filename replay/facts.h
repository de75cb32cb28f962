/* SPDX-License-Identifier: MIT
 *
 * What a page tells, as JSON and numbers. The page reads it in replay/page/data.js. */
#ifndef MEM_REPLAY_FACTS_H
#define MEM_REPLAY_FACTS_H

#include "replay/buffer.h"
#include "replay/collect.h"
#include "replay/report.h"
#include "replay/symbols.h"

typedef struct Facts {
    const Collection *collection;
    const ReportOptions *options;
    const Trace *trace; /* NULL: it is a dump */
    Symbols *symbols;   /* NULL: callers are not named */
} Facts;

/* Appends members of an object: "program":…, …, "callers":[…] */
void facts_json(const Facts *facts, Buffer *json);

/* Appends the columns of the map: numbers in LEB128, for each column time less that of the column before, and then live,
 * used, largest and blocks. */
void facts_columns(const Collection *collection, Buffer *pack);

/* Appends the records, a field after another, numbers in LEB128: offset, bytes, size, from less that of the record before,
 * from_time, until less from plus 1 (0: never), until_time less from_time plus 1 (0: never), the index of the caller in
 * "callers", the thread, moments. */
void facts_records(const Collection *collection, Buffer *pack);

#endif
