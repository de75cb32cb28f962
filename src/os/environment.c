/* SPDX-License-Identifier: MIT */
#include "os/environment.h"

#include <link.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* The stack pointer at the start of the process, published by glibc's loader alone. The kernel has
 * put there: the number of arguments, the arguments, a null pointer, the environment, a null
 * pointer, and the auxiliary vector. */
/* NOLINTNEXTLINE(bugprone-reserved-identifier): its name is that */
extern char **__libc_stack_end __attribute__((__weak__));

/* The environment and the auxiliary vector as the kernel has left them. */
typedef struct Start {
    char **variables;               /* ends with NULL; valid if auxiliary is not NULL */
    const ElfW(auxv_t) * auxiliary; /* ends with AT_NULL; NULL: not found */
} Start;

static Start start;

/* Whether the C library had an environment when this library was loaded. If it has none later, the
 * program has cleared it. */
static bool is_told;

static const ElfW(auxv_t) * find_entry(const ElfW(auxv_t) * entry, unsigned long type)
{
    while (entry->a_type != AT_NULL && entry->a_type != type) {
        entry++;
    }
    return entry->a_type == type ? entry : NULL;
}

/* Finds the vectors once, early: programs overwrite their arguments. The first word (the number of
 * arguments) may be overwritten already. If the loader has removed variables, several null pointers
 * end the environment. */
static const Start *find_start(void)
{
    if (start.auxiliary == NULL && &__libc_stack_end != NULL) {
        const ElfW(auxv_t) * auxiliary;
        char **at = __libc_stack_end + 1;
        char **variables;

        while (*at != NULL) {
            at++;
        }
        variables = ++at;
        while (*at != NULL) {
            at++;
        }
        while (*at == NULL) {
            at++;
        }
        auxiliary = (const ElfW(auxv_t) *)(void *)at;
        if (find_entry(auxiliary, AT_PAGESZ) != NULL) {
            start.variables = variables;
            __atomic_store_n(&start.auxiliary, auxiliary, __ATOMIC_RELEASE);
        }
    }
    return &start;
}

unsigned long environment_auxiliary(unsigned long type)
{
    const ElfW(auxv_t) *auxiliary = find_start()->auxiliary;
    const ElfW(auxv_t) *entry = auxiliary == NULL ? NULL : find_entry(auxiliary, type);

    return entry == NULL ? 0 : (unsigned long)entry->a_un.a_val;
}

static const char *find_variable(const char *name)
{
    char **variables = environ == NULL && !is_told ? find_start()->variables : environ;
    size_t length = strlen(name);

    for (; variables != NULL && *variables != NULL; variables++) {
        if (strncmp(*variables, name, length) == 0 && (*variables)[length] == '=') {
            return *variables + length + 1;
        }
    }
    return NULL;
}

const char *environment_get(const char *name)
{
    const char *value = NULL;

    if (find_start()->auxiliary == NULL) {
        value = secure_getenv(name);
    } else if (environment_auxiliary(AT_SECURE) == 0) {
        value = find_variable(name);
    }
    return value == NULL || *value == '\0' ? NULL : value;
}

__attribute__((__constructor__)) static void look_early(void)
{
    find_start();
    is_told = environ != NULL;
}
