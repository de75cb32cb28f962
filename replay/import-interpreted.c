/* SPDX-License-Identifier: MIT
 *
 * heaptrack's interpreted files: what heaptrack writes without --raw. Besides what all have (import-heaptrack.c):
 *
 *   s 4 main                        a string, with its length
 *   i 56454bd771c0 1 14 15 5 …      an instruction: address; strings of module, function and file, and the line; then
 *                                   three numbers for each function that was inlined there, from the innermost outwards
 *   t 8 7                           a node: instruction, and the node that called it
 *   a 186a0 a                       an allocation line: size, node
 *   + 2                             an allocation, of the allocation line 2
 *   - 2                             a free of one that was allocated so
 *
 * Which block is freed is not told. Here it is the one of its allocation line that was allocated last: most blocks live
 * for a short time. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "replay/import-heaptrack.h"

static bool read_string(Heaptrack *heaptrack, const char *line)
{
    const char *rest = line + 2;

    char *text = heaptrack_text(heaptrack, &rest, true);
    if (text == NULL)
        return false;
    char **item = heaptrack_append(heaptrack, &heaptrack->strings, sizeof *item);
    if (item == NULL)
        free(text);
    else
        *item = text;
    return item != NULL;
}

static const char *string(const Heaptrack *heaptrack, uint64_t number)
{
    return number == 0 || number > heaptrack->strings.count
               ? NULL
               : ((char **)heaptrack->strings.items)[number - 1];
}

static const char *base_name(const char *path)
{
    const char *slash = strrchr(path, '/');

    return slash == NULL ? path : slash + 1;
}

/* Stores a name in the trace: the file lacks the addresses of modules, so names cannot be found
 * later. */
static bool tell_name(Heaptrack *heaptrack, uint64_t address, const uint64_t *frame,
                      uint64_t module)
{
    const char *function = string(heaptrack, frame[0]);
    const char *file = string(heaptrack, frame[1]);
    char key[32], *name = NULL;
    int made;

    if (function != NULL && file != NULL)
        made = asprintf(&name, "%s (%s:%llu)", function, base_name(file),
                        (unsigned long long)frame[2]);
    else if (function != NULL && string(heaptrack, module) != NULL)
        made = asprintf(&name, "%s (%s)", function, base_name(string(heaptrack, module)));
    else if (function == NULL && string(heaptrack, module) != NULL)
        made = asprintf(&name, "%s", base_name(string(heaptrack, module)));
    else
        return true;
    if (made < 0)
        return import_no_memory(heaptrack->import);
    snprintf(key, sizeof key, "caller.%llx", (unsigned long long)address);
    bool fine = trace_write_info(heaptrack->import->writer, key, name);
    free(name);
    return fine;
}

/* Reads frames from the innermost outwards. The outermost function contains the code. Compilers
 * split functions, and inline one part into the other: then the inner line is the useful one. */
static bool read_frames(const char *rest, uint64_t frame[3])
{
    while (*rest != '\0') {
        uint64_t outer[3] = {0};
        size_t i = 0;

        while (i < 3 && import_hex(&rest, &outer[i]))
            i++;
        if (i < 3 && (i != 1 || *rest != '\0'))
            return false;
        if (outer[0] != frame[0])
            memcpy(frame, outer, sizeof outer);
    }
    return true;
}

static bool read_place(Heaptrack *heaptrack, const char *line)
{
    const char *rest = line + 2;
    uint64_t address, module = 0, frame[3] = {0};

    if (!import_hex(&rest, &address) || (*rest != '\0' && !import_hex(&rest, &module)) ||
        !read_frames(rest, frame))
        return heaptrack_wrong(heaptrack, line);

    uint64_t *item = heaptrack_append(heaptrack, &heaptrack->places, sizeof *item);
    if (item == NULL)
        return false;
    *item = heaptrack_return(heaptrack, address);
    return tell_name(heaptrack, *item, frame, module);
}

static bool read_node(Heaptrack *heaptrack, const char *line)
{
    const char *rest = line + 2;
    uint64_t place, parent;
    uint32_t node;

    if (!import_hex(&rest, &place) || !import_hex(&rest, &parent) || *rest != '\0')
        return heaptrack_wrong(heaptrack, line);
    if (place > heaptrack->places.count)
        return import_wrong(heaptrack->import, "there is no instruction %llx so far",
                            (unsigned long long)place);
    if (!heaptrack_node(heaptrack, parent, &node))
        return false;
    uint32_t *item = heaptrack_append(heaptrack, &heaptrack->nodes, sizeof *item);
    if (item == NULL)
        return false;
    *item = place == 0 ? node
                       : trace_write_caller(heaptrack->import->writer,
                                            ((uint64_t *)heaptrack->places.items)[place - 1], node);
    return true;
}

static bool read_kind(Heaptrack *heaptrack, const char *line)
{
    const char *rest = line + 2;
    HeaptrackKind kind = {.last = 0};
    uint64_t number;

    if (!import_hex(&rest, &kind.size) || !import_hex(&rest, &number) || *rest != '\0')
        return heaptrack_wrong(heaptrack, line);
    if (!heaptrack_node(heaptrack, number, &kind.caller))
        return false;
    HeaptrackKind *item = heaptrack_append(heaptrack, &heaptrack->kinds, sizeof *item);
    if (item == NULL)
        return false;
    *item = kind;
    return true;
}

/* Returns an unused place in blocks: its index plus 1; 0: no memory. */
static uint64_t take_place(Heaptrack *heaptrack)
{
    uint64_t place = heaptrack->unused;

    if (place != 0)
        heaptrack->unused = ((HeaptrackBlock *)heaptrack->blocks.items)[place - 1].next;
    else if (heaptrack_append(heaptrack, &heaptrack->blocks, sizeof(HeaptrackBlock)) != NULL)
        place = heaptrack->blocks.count;
    return place;
}

static bool alloc(Heaptrack *heaptrack, HeaptrackKind *kind)
{
    TraceEvent event = {.op = TRACE_ALLOC, .size = kind->size, .caller = kind->caller};

    if (!import_event(heaptrack->import, &event))
        return false;
    uint64_t place = take_place(heaptrack);
    if (place == 0)
        return false;
    ((HeaptrackBlock *)heaptrack->blocks.items)[place - 1] = (HeaptrackBlock){event.block.number,
                                                                              kind->last};
    kind->last = place;
    return true;
}

static bool give(Heaptrack *heaptrack, HeaptrackKind *kind)
{
    uint64_t place = kind->last;

    if (place == 0) {
        heaptrack->import->unknown++;
        return true;
    }
    HeaptrackBlock *block = &((HeaptrackBlock *)heaptrack->blocks.items)[place - 1];
    TraceEvent event = {.op = TRACE_FREE, .block.number = block->number};
    kind->last = block->next;
    block->next = heaptrack->unused;
    heaptrack->unused = place;
    return import_event(heaptrack->import, &event);
}

static bool read_call(Heaptrack *heaptrack, const char *line)
{
    const char *rest = line + 2;
    uint64_t number;

    if (!import_hex(&rest, &number) || *rest != '\0')
        return heaptrack_wrong(heaptrack, line);
    if (number >= heaptrack->kinds.count)
        return import_wrong(heaptrack->import, "there is no allocation %llx so far",
                            (unsigned long long)number);
    HeaptrackKind *kind = (HeaptrackKind *)heaptrack->kinds.items + number;
    return line[0] == '+' ? alloc(heaptrack, kind) : give(heaptrack, kind);
}

bool heaptrack_interpreted_line(Heaptrack *heaptrack, const char *line)
{
    switch (line[0]) {
    case 's':
        return read_string(heaptrack, line);
    case 'i':
        return read_place(heaptrack, line);
    case 't':
        return read_node(heaptrack, line);
    case 'a':
        return read_kind(heaptrack, line);
    case '+':
    case '-':
        return read_call(heaptrack, line);
    default:
        return heaptrack_wrong(heaptrack, line);
    }
}
