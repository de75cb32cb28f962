/* SPDX-License-Identifier: MIT */
#include "replay/report.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "replay/collect.h"
#include "replay/facts.h"
#include "replay/page.h"
#include "replay/picture.h"
#include "replay/report-dump.h"
#include "replay/tiles.h"

/* Bytes of a whole page at most, and what of it is not left to the map. */
enum { PAGE_MOST = 3 << 20, PAGE_SLACK = 16 << 10 };

static bool no_memory(TraceError *error)
{
    snprintf(error->text, sizeof error->text, "not enough memory for a report");
    return false;
}

/* Appends what a buffer has to the pack, deflated, and tells its place. */
static void pack_part(const char *name, Buffer *part, Buffer *pack, Buffer *json)
{
    size_t offset = pack->length;

    buffer_deflate(pack, part->data, part->length);
    buffer_print(json, "\"%s\":[%zu,%zu],", name, offset, pack->length - offset);
    pack->failed |= part->failed;
    buffer_free(part);
}

static bool report_html(const Facts *facts, TraceError *error)
{
    const Collection *from = facts->collection;
    Buffer json = {0}, pack = {0}, columns = {0}, records = {0}, facts_packed = {0};
    TilesCount tiles;
    size_t count;

    buffer_print(&json, "{");
    facts_json(facts, &json);
    facts_columns(from, &columns);
    pack_part("columnsPart", &columns, &pack, &json);
    facts_records(from, &records);
    pack_part("recordsPart", &records, &pack, &json);
    records_list(from->records, &count);
    buffer_print(&json, "\"recordCount\":%zu,", count);

    /* In base64 four bytes stand for three. */
    size_t rest = page_bytes() + PAGE_SLACK + json.length / 3;
    size_t most = rest < PAGE_MOST ? (PAGE_MOST - rest) / 4 * 3 : 0;
    bool made = tiles_pack(map_cells(from->map), most, &pack, &json, &tiles);
    buffer_print(&json, ",\"tilesLeftOut\":%u}", tiles.left_out);
    buffer_deflate(&facts_packed, json.data, json.length);

    bool written = false;
    if (!made || json.failed || pack.failed || facts_packed.failed)
        no_memory(error);
    else
        written = page_write(facts->options->html, &facts_packed, &pack, error);
    buffer_free(&json);
    buffer_free(&pack);
    buffer_free(&facts_packed);
    return written;
}

/* Writes the files that are asked for. */
static bool report_files(const Facts *facts, TraceError *error)
{
    const ReportOptions *options = facts->options;

    return (options->html == NULL || report_html(facts, error)) &&
           (options->svg == NULL || picture_svg(facts->collection, options->svg, error)) &&
           (options->png == NULL || picture_png(facts->collection, options->png, error));
}

bool report_write(Trace *trace, const ReportOptions *options, TraceError *error)
{
    Collection collection;

    if (!collect_run(&collection, trace, &options->region, options->region_number, error))
        return false;
    Facts facts = {
        .collection = &collection,
        .options = options,
        .trace = trace,
        .symbols = symbols_open(trace),
    };
    bool written = facts.symbols != NULL ? report_files(&facts, error) : no_memory(error);
    symbols_close(facts.symbols);
    collect_free(&collection);
    return written;
}

bool report_write_dump(const char *path, const ReportOptions *options, TraceError *error)
{
    Collection collection;
    ReportOptions known = *options;

    if (!report_read_dump(path, &collection, error))
        return false;
    known.trace_path = path;
    known.region.size = collection.capacity;
    bool written = report_files(&(Facts){.collection = &collection, .options = &known}, error);
    collect_free(&collection);
    return written;
}
