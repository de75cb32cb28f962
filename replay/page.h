/* SPDX-License-Identifier: MIT
 *
 * The page: its program, which is compiled in, and the data that it shows. */
#ifndef MEM_REPLAY_PAGE_H
#define MEM_REPLAY_PAGE_H

#include "replay/buffer.h"
#include "replay/trace-read.h"

/* Made from replay/page/: texts that end with a 0. */
extern const unsigned char page_html[], page_css[], page_js[];

/* Bytes of a page without data. */
size_t page_bytes(void);

/* Writes a page to a file. facts: JSON, deflated; pack: parts of their own, whose places the facts tell. False: error says
 * why, and the file is gone. */
bool page_write(const char *path, const Buffer *facts, const Buffer *pack, TraceError *error);

#endif
