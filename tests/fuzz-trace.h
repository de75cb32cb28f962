/* SPDX-License-Identifier: MIT
 *
 * Reads any bytes as a trace. */
#ifndef MEM_TESTS_FUZZ_TRACE_H
#define MEM_TESTS_FUZZ_TRACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Reads bytes as a trace, twice, and then a rewritten copy of it. Aborts if the results differ, or
 * if an event is impossible. Corrects checksums first, or no changed byte would get past them.
 * Returns whether it is a trace without errors. */
bool fuzz_trace(const void *bytes, size_t size);

#endif
