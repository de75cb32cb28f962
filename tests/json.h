/* SPDX-License-Identifier: MIT
 *
 * A reader for the JSON that Mem_RegionDump writes: strict about the grammar (RFC 8259), and about
 * numbers, which must be whole and not negative. */
#ifndef MEM_TESTS_JSON_H
#define MEM_TESTS_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef enum JsonType { JSON_OBJECT, JSON_ARRAY, JSON_STRING, JSON_NUMBER, JSON_BOOLEAN } JsonType;

/* One value. Where it is in the tree is told by its path, as in "blocks[].size". */
typedef struct JsonValue {
    JsonType type;
    const char *path;
    uint64_t number;  /* of numbers; 0 or 1 of booleans */
    const char *text; /* of strings: not ended, as it is written */
    size_t length;
} JsonValue;

/* Called for each value that is no object and no array, in the order of the text. */
typedef void JsonVisitor(const JsonValue *value, void *context);

/* Reads a text. False if it is no single JSON value, with white space at most behind it. */
bool json_read(const char *text, JsonVisitor *visit, void *context);

#endif
