/* SPDX-License-Identifier: MIT */
#include "budget.h"

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/sysinfo.h>

#include "os/file.h"
#include "os/kernel.h"
#include "size.h"

enum {
    LEAST_MEMORY = 64 << 20, /* where the system does not tell */
    COMMIT_SHARE = 4,        /* so many programs may take their share of what is promised at most */
    FILE_MAX = 4096
};

static size_t lesser(size_t one, size_t other)
{
    return one < other ? one : other;
}

/* Bytes of memory of the machine, as far as a program can address them. */
static size_t memory_of_machine(void)
{
    struct sysinfo info = {0};
    size_t bytes;

    if (kernel_call(SYS_sysinfo, (long)(uintptr_t)&info, 0, 0, 0, 0, 0) != 0) {
        return LEAST_MEMORY;
    }
    if (__builtin_mul_overflow(info.totalram, info.mem_unit, &bytes) || bytes > PTRDIFF_MAX) {
        return PTRDIFF_MAX;
    }
    return bytes;
}

/* Puts strings one behind the other into a path, the third one so many bytes of it. False if they don't fit. Without
 * stdio, whose functions a program may have of its own. */
static bool join(char path[static PATH_MAX], const char *const strings[static 4], size_t length)
{
    size_t used = 0;

    for (int i = 0; i < 4; i++) {
        size_t bytes = i == 2 ? length : strlen(strings[i]);

        if (bytes >= PATH_MAX - used) {
            return false;
        }
        memcpy(path + used, strings[i], bytes);
        used += bytes;
    }
    path[used] = '\0';
    return true;
}

/* Reads a file below the root. */
static void read_below(const char *root, const char *file, char *text, size_t size)
{
    char path[PATH_MAX];

    text[0] = '\0';
    if (join(path, (const char *const[]){root, file, "", ""}, 0)) {
        file_read(path, text, size);
    }
}

/* The number that a file begins with; PTRDIFF_MAX, no limit, if it is not there, or begins with none. */
static size_t read_limit(const char *path)
{
    char text[64];
    size_t number;

    file_read(path, text, sizeof text);
    return size_digits(text, &number) == NULL || number == 0 ? PTRDIFF_MAX
                                                             : lesser(number, PTRDIFF_MAX);
}

/* The least limit of a group and of those that it is in. directory: where such groups are mounted; group: its path
 * there, of so many letters. In a container the path may be that outside of it: what is not there has no limit. */
static size_t read_group(const char *root, const char *directory, const char *group, size_t length,
                         const char *file)
{
    char path[PATH_MAX];
    size_t limit = PTRDIFF_MAX;
    bool is_outside = strncmp(group, "/..", 3) == 0;

    length = is_outside ? 0 : length;
    for (;;) {
        if (join(path, (const char *const[]){root, directory, group, file}, length)) {
            limit = lesser(limit, read_limit(path));
        }
        if (length == 0) {
            return limit;
        }
        do {
            length--;
        } while (length > 0 && group[length] != '/');
    }
}

/* Whether a list of words with commas between them has "memory" among them. */
static bool has_memory(const char *list, size_t length)
{
    static const char memory[] = "memory";

    for (const char *word = list; word < list + length; word++) {
        if ((word == list || word[-1] == ',') && strncmp(word, memory, sizeof memory - 1) == 0 &&
            (word[sizeof memory - 1] == ',' || word[sizeof memory - 1] == ':')) {
            return true;
        }
    }
    return false;
}

/* The limit of the groups that the process is in. Each line is a number, the controllers (none: version 2, which
 * has all), and the path, with colons between them. */
static size_t read_groups(const char *root)
{
    char text[FILE_MAX];
    size_t limit = PTRDIFF_MAX;

    read_below(root, "/proc/self/cgroup", text, sizeof text);
    for (const char *line = text; *line != '\0'; line += *line == '\n') {
        size_t number = strcspn(line, ":\n");
        const char *list = line + number + (line[number] == ':');
        size_t words = strcspn(list, ":\n");
        const char *group = list + words + (list[words] == ':');
        size_t length = strcspn(group, "\n");

        if (words == 0) {
            limit = lesser(limit, read_group(root, "/sys/fs/cgroup", group, length, "/memory.max"));
        } else if (has_memory(list, words)) {
            limit = lesser(limit, read_group(root, "/sys/fs/cgroup/memory", group, length,
                                             "/memory.limit_in_bytes"));
        }
        line = group + length;
    }
    return limit;
}

/* What the system promises to all processes together, where it promises no more than it has. */
static size_t read_commit_limit(const char *root)
{
    static const char name[] = "CommitLimit:";
    char text[FILE_MAX];
    const char *found;
    size_t number;

    read_below(root, "/proc/sys/vm/overcommit_memory", text, sizeof text);
    if (text[0] != '2') {
        return PTRDIFF_MAX;
    }
    read_below(root, "/proc/meminfo", text, sizeof text);
    found = strstr(text, name);
    if (found == NULL) {
        return PTRDIFF_MAX;
    }
    found += sizeof name - 1;
    found += strspn(found, " ");
    return size_digits(found, &number) == NULL || number > PTRDIFF_MAX / 1024 ? PTRDIFF_MAX
                                                                              : number * 1024;
}

Budget budget_read(const char *root)
{
    size_t memory = lesser(memory_of_machine(), read_groups(root));
    size_t promised = read_commit_limit(root);

    return (Budget){.whole = lesser(memory, promised),
                    .share = promised == PTRDIFF_MAX ? memory
                                                     : lesser(memory, promised / COMMIT_SHARE)};
}
