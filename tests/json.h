/* SPDX-License-Identifier: MIT
 *
 * A reader for the JSON of Mem_RegionDump: strict about the grammar (RFC 8259), and about numbers,
 * which must be whole and not negative. */
#ifndef MEM_TESTS_JSON_H
#define MEM_TESTS_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef enum JsonType { JSON_OBJECT, JSON_ARRAY, JSON_STRING, JSON_NUMBER, JSON_BOOLEAN } JsonType;

/* One value. Its path gives its place in the tree, as in "blocks[].size". */
typedef struct JsonValue {
    JsonType type;
    const char *path;
    uint64_t number;  /* value of a number; 0 or 1 for a boolean */
    const char *text; /* text of a string: unterminated, as written */
    size_t length;
} JsonValue;

/* Called for each value that is not an object or array, in the order of the text. */
typedef void JsonVisitor(const JsonValue *value, void *context);

/* Reads a text. Returns false unless it is a single JSON value, with at most white space behind
 * it. */
bool json_read(const char *text, JsonVisitor *visit, void *context);

#endif
