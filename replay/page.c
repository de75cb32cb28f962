/* SPDX-License-Identifier: MIT */
#include "replay/page.h"

#include <string.h>

/* Where the template has room for what is put in. */
#define PLACE_CSS "@CSS@"
#define PLACE_FACTS "@FACTS@"
#define PLACE_PACK "@PACK@"
#define PLACE_JS "@JS@"

static size_t text_length(const unsigned char *text)
{
    return strlen((const char *)text);
}

size_t page_bytes(void)
{
    return text_length(page_html) + text_length(page_css) + text_length(page_js);
}

/* Appends the template up to a place. Returns what comes after it. */
static const char *append_up_to(Buffer *page, const char *from, const char *place)
{
    const char *at = strstr(from, place);

    if (at == NULL) {
        page->failed = true;
        return from;
    }
    buffer_append(page, from, (size_t)(at - from));
    return at + strlen(place);
}

static void page_fill(Buffer *page, const Buffer *facts, const Buffer *pack)
{
    const char *at = append_up_to(page, (const char *)page_html, PLACE_CSS);

    buffer_append(page, page_css, text_length(page_css));
    at = append_up_to(page, at, PLACE_FACTS);
    buffer_base64(page, facts->data, facts->length);
    at = append_up_to(page, at, PLACE_PACK);
    buffer_base64(page, pack->data, pack->length);
    at = append_up_to(page, at, PLACE_JS);
    buffer_append(page, page_js, text_length(page_js));
    buffer_append(page, at, strlen(at));
}

bool page_write(const char *path, const Buffer *facts, const Buffer *pack, TraceError *error)
{
    Buffer page = {0};

    page_fill(&page, facts, pack);
    bool written = buffer_write(&page, path, error->text, sizeof error->text);
    buffer_free(&page);
    return written;
}
