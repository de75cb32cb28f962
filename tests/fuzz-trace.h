/* SPDX-License-Identifier: MIT
 *
 * Reads any bytes as a trace. */
#ifndef MEM_TESTS_FUZZ_TRACE_H
#define MEM_TESTS_FUZZ_TRACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Reads bytes as a trace, twice; and once more what is written of it. Aborts if it is not the same each time, or if an
 * event is impossible. Checksums are set right beforehand, or no change of a byte would get further than to these.
 * Returns whether it is a trace without errors. */
bool fuzz_trace(const void *bytes, size_t size);

#endif
