/* SPDX-License-Identifier: MIT
 *
 * Parts of the text, each in a file of its own. */
#ifndef MEM_REPLAY_FINDINGS_INNER_H
#define MEM_REPLAY_FINDINGS_INNER_H

#include "replay/findings.h"

/* Nothing is printed if it was not asked for. */
void findings_print_fits(const Findings *findings);
void findings_print_room(const Findings *findings);
void findings_print_rival(const Findings *findings);

/* where: a region, or malloc(). */
void findings_print_latency(const Histogram *latency, const char *where);

/* Why a region failed. */
void findings_print_failure(const Findings *findings, const Room *room);

#endif
