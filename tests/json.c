/* SPDX-License-Identifier: MIT */
#include "json.h"

#include <stdio.h>
#include <string.h>

typedef struct Reader {
    const char *at;
    char path[200];
    JsonVisitor *visit;
    void *context;
} Reader;

static bool read_value(Reader *reader);

static bool take(Reader *reader, char character)
{
    if (*reader->at != character) {
        return false;
    }
    reader->at++;
    return true;
}

static bool take_word(Reader *reader, const char *word)
{
    size_t length = strlen(word);

    if (strncmp(reader->at, word, length) != 0) {
        return false;
    }
    reader->at += length;
    return true;
}

static void tell(const Reader *reader, JsonValue value)
{
    value.path = reader->path;
    reader->visit(&value, reader->context);
}

static bool read_number(Reader *reader)
{
    JsonValue value = {.type = JSON_NUMBER};
    const char *start = reader->at;

    while (*reader->at >= '0' && *reader->at <= '9') {
        uint64_t digit = (uint64_t)(*reader->at++ - '0');

        if (value.number > (UINT64_MAX - digit) / 10) {
            return false;
        }
        value.number = value.number * 10 + digit;
    }
    if (reader->at == start || (*start == '0' && reader->at > start + 1)) {
        return false;
    }
    tell(reader, value);
    return true;
}

/* Reads a string. libmem needs no escapes. */
static bool read_string(Reader *reader, const char **text, size_t *length)
{
    if (!take(reader, '"')) {
        return false;
    }
    *text = reader->at;
    while (*reader->at != '"') {
        if ((unsigned char)*reader->at < ' ' || *reader->at == '\\') {
            return false;
        }
        reader->at++;
    }
    *length = (size_t)(reader->at - *text);
    reader->at++;
    return true;
}

/* Appends to the path. Returns its former length. */
static size_t enter(Reader *reader, const char *name, size_t length)
{
    size_t before = strlen(reader->path);

    snprintf(reader->path + before, sizeof reader->path - before, "%s%.*s",
             before == 0 || *name == '[' ? "" : ".", (int)length, name);
    return before;
}

static bool read_member(Reader *reader)
{
    const char *name;
    size_t length, before;
    bool done;

    if (!read_string(reader, &name, &length) || !take(reader, ':')) {
        return false;
    }
    before = enter(reader, name, length);
    done = read_value(reader);
    reader->path[before] = '\0';
    return done;
}

static bool read_object(Reader *reader)
{
    if (take(reader, '}')) {
        return true;
    }
    do {
        if (!read_member(reader)) {
            return false;
        }
    } while (take(reader, ','));
    return take(reader, '}');
}

static bool read_array(Reader *reader)
{
    size_t before = enter(reader, "[]", 2);

    if (!take(reader, ']')) {
        do {
            if (!read_value(reader)) {
                return false;
            }
        } while (take(reader, ','));
        if (!take(reader, ']')) {
            return false;
        }
    }
    reader->path[before] = '\0';
    return true;
}

static bool read_value(Reader *reader)
{
    JsonValue value = {.type = JSON_STRING};

    if (take(reader, '{')) {
        return read_object(reader);
    }
    if (take(reader, '[')) {
        return read_array(reader);
    }
    if (take_word(reader, "true")) {
        tell(reader, (JsonValue){.type = JSON_BOOLEAN, .number = 1});
        return true;
    }
    if (take_word(reader, "false")) {
        tell(reader, (JsonValue){.type = JSON_BOOLEAN});
        return true;
    }
    if (*reader->at == '"') {
        if (!read_string(reader, &value.text, &value.length)) {
            return false;
        }
        tell(reader, value);
        return true;
    }
    return read_number(reader);
}

bool json_read(const char *text, JsonVisitor *visit, void *context)
{
    Reader reader = {.at = text, .visit = visit, .context = context};

    if (!read_value(&reader)) {
        return false;
    }
    return reader.at[strspn(reader.at, " \n")] == '\0';
}
