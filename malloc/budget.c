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
    LEAST_MEMORY = 64 << 20, /* assumed if the system does not tell */
    COMMIT_SHARE = 4,        /* programs that may each take a share of the commit limit */
    FILE_MAX = 4096
};

static size_t lesser(size_t one, size_t other)
{
    return one < other ? one : other;
}

/* Returns the bytes of memory of the machine, as far as a program can address them. */
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

/* Joins four strings to a path; of the third, `length` bytes. Returns false if they do not fit.
 * Uses no stdio, whose functions a program may replace. */
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

/* Reads a file below the root directory. */
static void read_below(const char *root, const char *file, char *text, size_t size)
{
    char path[PATH_MAX];

    text[0] = '\0';
    if (join(path, (const char *const[]){root, file, "", ""}, 0)) {
        file_read(path, text, size);
    }
}

/* Returns the number at the start of a file; PTRDIFF_MAX (no limit) if the file is missing, or
 * starts with none. */
static size_t read_limit(const char *path)
{
    char text[64];
    size_t number;

    file_read(path, text, sizeof text);
    return size_digits(text, &number) == NULL || number == 0 ? PTRDIFF_MAX
                                                             : lesser(number, PTRDIFF_MAX);
}

/* Returns the least limit of a group and of the groups around it. directory: where these groups are
 * mounted; group: its path there, of `length` bytes. In a container the path may be that outside of
 * it: a missing file means no limit. */
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

/* Returns whether a comma-separated list of words contains "memory". */
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

/* Returns the limit of the process's groups. Each line has three fields with colons between them: a
 * number, the controllers (none for version 2, which has all), and the path. */
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

/* Returns the commit limit: the memory that the system promises to all processes together, if it
 * overcommits none. */
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
