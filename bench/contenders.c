/* SPDX-License-Identifier: MIT
 *
 * The contenders: those always present, those installed, and those of the command line. */
#include "bench.h"

#include <stdlib.h>
#include <string.h>

/* libmem-malloc comes from this build. The others are, in Debian: libjemalloc2, libmimalloc2.0,
 * libtcmalloc-minimal4. */
static const Contender known[] = {
    {"libmem", "libmem", NULL},
    {"libmem-malloc", "malloc", MALLOC_LIBRARY},
    {reference_name, "malloc", NULL},
    {"jemalloc", "malloc", "libjemalloc.so.2"},
    {"mimalloc", "malloc", "libmimalloc.so.2"},
    {"tcmalloc", "malloc", "libtcmalloc_minimal.so.4"},
};

/* Returns whether name is in a comma-separated list; a NULL list contains every name. */
static int is_listed(const char *name, const char *list)
{
    size_t length = strlen(name);

    if (list == NULL)
        return 1;
    while (*list != '\0') {
        size_t item = strcspn(list, ",");
        if (item == length && strncmp(list, name, length) == 0)
            return 1;
        list += item + (list[item] == ',');
    }
    return 0;
}

/* Adds a contender if it is wanted and can be preloaded. */
static void add(Contender *contenders, size_t *count, const Contender *one, const char *only,
                char *missing, size_t missing_size)
{
    size_t used = strlen(missing);

    if (!is_listed(one->name, only) || *count == MOST_CONTENDERS)
        return;
    if (one->library == NULL || round_can_preload(one->library))
        contenders[(*count)++] = *one;
    else
        snprintf(missing + used, missing_size - used, "%s%s (%s)", used > 0 ? ", " : "", one->name,
                 one->library);
}

/* Returns the first name in the list that no contender has, or NULL. */
static const char *unknown_name(const char *list, char *const *extra, size_t extra_count)
{
    while (list != NULL && *list != '\0') {
        size_t item = strcspn(list, ",");
        int found = 0;
        for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
            found |= strncmp(known[i].name, list, item) == 0 && known[i].name[item] == '\0';
        for (size_t i = 0; i < extra_count; i++)
            found |= strncmp(extra[i], list, item) == 0 && extra[i][item] == '\0';
        if (!found)
            return list;
        list += item + (list[item] == ',');
    }
    return NULL;
}

/* Returns whether a contender of the command line replaces the known one of that name. */
static int is_extra(const char *name, char *const *extra, size_t extra_count)
{
    for (size_t i = 0; i < extra_count; i++) {
        if (strcmp(extra[i], name) == 0)
            return 1;
    }
    return 0;
}

size_t contenders_find(Contender *contenders, char **extra, size_t extra_count, const char *only,
                       char *missing, size_t missing_size)
{
    size_t count = 0;

    *missing = '\0';
    for (size_t i = 0; i < extra_count; i++) {
        char *equals = strchr(extra[i], '=');
        if (equals == NULL || equals == extra[i] || equals[1] == '\0') {
            fprintf(stderr, "bench: '%s': expected NAME=LIBRARY\n", extra[i]);
            return 0;
        }
        *equals = '\0'; /* the name ends here */
    }
    const char *unknown = unknown_name(only, extra, extra_count);
    if (unknown != NULL) {
        fprintf(stderr, "bench: unknown allocator '%.*s'\n", (int)strcspn(unknown, ","), unknown);
        return 0;
    }
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        if (!is_extra(known[i].name, extra, extra_count))
            add(contenders, &count, &known[i], only, missing, missing_size);
    }
    for (size_t i = 0; i < extra_count; i++) {
        Contender one = {extra[i], "malloc", extra[i] + strlen(extra[i]) + 1};
        add(contenders, &count, &one, only, missing, missing_size);
    }
    if (count == 0)
        fprintf(stderr, "bench: none of these is installed: %s\n", missing);
    return count;
}
