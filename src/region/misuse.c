/* SPDX-License-Identifier: MIT */
#include "region/misuse.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "os/environment.h"
#include "os/lock.h"
#include "region/name.h"

typedef enum Action { ACTION_UNKNOWN, ACTION_IGNORE, ACTION_WARN, ACTION_ABORT } Action;

/* The action if the environment names none, or an unknown one. Where calls have no error to return,
 * a silent failure would not do. */
#ifdef MISUSE_ABORTS
#define ACTION_DEFAULT "abort"
#define ACTION_OTHERWISE "abort"
#else
#define ACTION_DEFAULT "ignore"
#define ACTION_OTHERWISE "warn"
#endif

typedef struct Handler {
    Mem_MisuseHandler *function; /* NULL: none */
    void *context;               /* passed to it */
} Handler;

static Lock handler_lock = LOCK_INIT;
static Handler handler;

/* ACTION_UNKNOWN: the environment was not read yet. */
static Action action;

static void write_all(const char *line, size_t length)
{
    while (length != 0) {
        ssize_t written = write(STDERR_FILENO, line, length);

        if (written <= 0) {
            return;
        }
        line += written;
        length -= (size_t)written;
    }
}

/* Writes a line to stderr, past stdio, which may not be usable here. Not a cancellation point:
 * Mem_Free is none, and a region may be locked. */
static void write_line(const char *line, size_t length)
{
    int state;

    pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &state);
    write_all(line, length);
    pthread_setcancelstate(state, NULL);
}

/* Returns the action of that name, or ACTION_UNKNOWN. */
static Action find_action(const char *name)
{
    static const char *const names[] = {
        [ACTION_IGNORE] = "ignore", [ACTION_WARN] = "warn", [ACTION_ABORT] = "abort"};

    for (unsigned i = ACTION_IGNORE; i < sizeof names / sizeof names[0]; i++) {
        if (strcmp(name, names[i]) == 0) {
            return (Action)i;
        }
    }
    return ACTION_UNKNOWN;
}

static void complain(const char *value)
{
    char line[160];
    int length = snprintf(line, sizeof line,
                          "libmem: LIBMEM_MISUSE is \"%.64s\", not ignore, warn or abort; "
                          "taken as " ACTION_OTHERWISE "\n",
                          value);

    write_line(line, (size_t)length);
}

/* Several threads may come at once, and complaining may come here again: no thread waits, and one
 * complains. */
static Action get_action(void)
{
    Action known = __atomic_load_n(&action, __ATOMIC_RELAXED);
    const char *value;
    Action wanted;

    if (known != ACTION_UNKNOWN) {
        return known;
    }
    value = environment_get("LIBMEM_MISUSE");
    value = value == NULL ? ACTION_DEFAULT : value;
    wanted = find_action(value);
    if (wanted != ACTION_UNKNOWN) {
        __atomic_store_n(&action, wanted, __ATOMIC_RELAXED);
        return wanted;
    }
    wanted = find_action(ACTION_OTHERWISE);
    if (__atomic_exchange_n(&action, wanted, __ATOMIC_RELAXED) == ACTION_UNKNOWN) {
        complain(value);
    }
    return wanted;
}

void misuse_prepare(void)
{
    get_action();
}

static Handler get_handler(void)
{
    Handler current;
    bool locked = lock_take(&handler_lock);

    current = handler;
    lock_release(&handler_lock, locked);
    return current;
}

bool misuse_is_heard(void)
{
    return get_action() != ACTION_IGNORE || get_handler().function != NULL;
}

/* Sentences by kind of misuse. */
static const char *const sentences[] = {
    [MEM_MISUSE_NO_REGION] = "there is no region that the pointer could be from",
    [MEM_MISUSE_OUTSIDE] = "the pointer is outside of the region's blocks",
    [MEM_MISUSE_UNALIGNED] = "the pointer is not aligned as a block is",
    [MEM_MISUSE_INSIDE] = "the pointer is inside a block in use, not at its start",
    [MEM_MISUSE_FREED] = "the pointer is in free memory: freed already, or never allocated",
    [MEM_MISUSE_OVERWRITTEN] = "a free block was written to after it was freed",
};

/* Writes what a line says of a region: its handle, its name if it has one, and where its first block is. */
static void tell_region(char *text, size_t size, Mem_Region *handle)
{
    char quoted[NAME_QUOTED_BYTES];
    Region *region;

    if (handle == NULL) {
        snprintf(text, size, "region %p", NULL);
        return;
    }
    region = region_of(handle);
    snprintf(text, size, "region %p%s%s, first block %p", (void *)handle,
             region->name[0] == '\0' ? "" : " ",
             region->name[0] == '\0' ? "" : name_quote(quoted, region->name), region_first(region));
}

/* Writes one line, in one of two forms:
 *
 *   libmem: misuse: SENTENCE: POINTER, REGION
 *   libmem: misuse: SENTENCE: POINTER in a STATE of SIZE bytes at BLOCK, REGION
 *
 * REGION: region HANDLE "NAME", first block ADDRESS; without a name where it has none. */
static void warn(const Mem_Misuse *misuse)
{
    char region[NAME_QUOTED_BYTES + 64];
    char line[512];
    int length;

    tell_region(region, sizeof region, misuse->region);
    if (misuse->block != NULL) {
        length = snprintf(
            line, sizeof line, "libmem: misuse: %s: %p in a %s of %zu bytes at %p, %s\n",
            misuse->sentence, misuse->pointer, misuse->block_in_use ? "block in use" : "free block",
            misuse->block_size, misuse->block, region);
    } else {
        length = snprintf(line, sizeof line, "libmem: misuse: %s: %p, %s\n", misuse->sentence,
                          misuse->pointer, region);
    }
    write_line(line, (size_t)length);
}

void misuse_report(Mem_Misuse *misuse)
{
    Handler current = get_handler();
    Action wanted;

    if (misuse->sentence == NULL) {
        misuse->sentence = sentences[misuse->kind];
    }
    if (current.function != NULL) {
        current.function(misuse, current.context);
    }
    wanted = get_action();
    if (wanted != ACTION_IGNORE) {
        warn(misuse);
    }
    if (wanted == ACTION_ABORT) {
        abort();
    }
}

void Mem_OnMisuse(Mem_MisuseHandler *function, void *context)
{
    bool locked = lock_take(&handler_lock);

    handler = (Handler){function, context};
    lock_release(&handler_lock, locked);
}
