/* SPDX-License-Identifier: MIT
 *
 * The functions that called the caller, by frame pointers. These may be anything: so only addresses inside of the
 * thread's stack are followed, and only upwards. */
#ifndef MEM_RECORD_STACK_H
#define MEM_RECORD_STACK_H

#include "record/thread.h"

/* Stores where the functions around a caller return to, the innermost first. Returns how many there are. */
size_t stack_walk(RecordThread *self, RecordCaller caller, uint64_t *frames, size_t most);

/* The address that the program's call returns to, where that of the caller lies in a function of ours. */
const void *stack_leave_own(RecordThread *self, RecordCaller caller);

#endif
