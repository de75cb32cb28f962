/* SPDX-License-Identifier: MIT
 *
 * make-trace FILE: writes a trace of what stdin says, one thing a line. Blocks are numbered from 0 on.
 *
 *   alloc SIZE [ALIGNMENT]     free BLOCK      thread NUMBER    reset
 *   calloc SIZE                end             region NUMBER
 *   resize BLOCK SIZE          fail SIZE       caller ADDRESS
 *   times COUNT SIZE           allocates so many blocks
 *
 * thread, region and caller hold for what follows. Each event is a us later than the one before. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "replay/trace-write.h"

static TraceWriter *writer;
static TraceEvent event;

static void fail(const char *text)
{
    fprintf(stderr, "make-trace: %s\n", text);
    exit(2);
}

static void put(TraceOp op, uint64_t size)
{
    event.op = op;
    event.size = size;
    event.time++;
    if (!trace_write(writer, &event)) {
        fail("an event could not be written");
    }
    event.alignment = 0;
}

static void put_rare(TraceRare rare)
{
    event.rare = rare;
    event.a = event.b = 0;
    event.text = "";
    put(TRACE_RARE, 0);
}

/* Returns whether the words are an operation on a block. */
static bool take_block(const char *word, uint64_t one, uint64_t other)
{
    event.block.number = one;
    if (strcmp(word, "free") == 0) {
        put(TRACE_FREE, 0);
    } else if (strcmp(word, "resize") == 0) {
        put(TRACE_RESIZE, other);
    } else {
        return false;
    }
    return true;
}

static bool take_request(const char *word, uint64_t one, uint64_t other)
{
    if (strcmp(word, "alloc") == 0) {
        event.alignment = other;
        put(TRACE_ALLOC, one);
    } else if (strcmp(word, "calloc") == 0) {
        put(TRACE_CALLOC, one);
    } else if (strcmp(word, "fail") == 0) {
        put(TRACE_FAILED, one);
    } else if (strcmp(word, "times") == 0) {
        for (; one != 0; one--) {
            put(TRACE_ALLOC, other);
        }
    } else {
        return false;
    }
    return true;
}

static bool take_setting(const char *word, uint64_t one)
{
    if (strcmp(word, "thread") == 0) {
        event.thread = (uint32_t)one;
    } else if (strcmp(word, "region") == 0) {
        event.region = (uint32_t)one;
    } else if (strcmp(word, "caller") == 0) {
        event.caller = trace_write_caller(writer, one, 0);
    } else if (strcmp(word, "reset") == 0) {
        put_rare(TRACE_REGION_RESET);
    } else if (strcmp(word, "end") == 0) {
        put_rare(TRACE_THREAD_ENDS);
    } else {
        return false;
    }
    return true;
}

int main(int argc, char **argv)
{
    char line[200], word[20];
    TraceError error;

    writer = argc == 2 ? trace_create(argv[1], 0, &error) : NULL;
    if (writer == NULL) {
        fail(argc == 2 ? error.text : "no file");
    }
    while (fgets(line, sizeof line, stdin) != NULL) {
        unsigned long long one = 0;
        unsigned long long other = 0;

        if (sscanf(line, "%19s %lli %lli", word, (long long *)&one, (long long *)&other) < 1) {
            continue;
        }
        if (!take_block(word, one, other) && !take_request(word, one, other) &&
            !take_setting(word, one)) {
            fail(line);
        }
    }
    if (!trace_finish(writer, &error)) {
        fail(error.text);
    }
    return 0;
}
