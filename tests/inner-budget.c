/* SPDX-License-Identifier: MIT
 *
 * The budget of a program, from system files: here those of a directory. */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../malloc/budget.h"
#include "../malloc/size.h"
#include "support.h"

#define V2 "/sys/fs/cgroup"
#define V1 "/sys/fs/cgroup/memory"

static char root[] = "/tmp/inner-budget.XXXXXX";

/* Makes the directory. */
static void begin(void)
{
    strcpy(root, "/tmp/inner-budget.XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(root));
}

static void end(void)
{
    char command[100];

    snprintf(command, sizeof command, "rm -r %s", root);
    ck_assert_int_eq(system(command), 0);
}

/* Writes a file, and makes its directories. */
static void put(const char *path, const char *text)
{
    char name[PATH_MAX];
    FILE *file;

    snprintf(name, sizeof name, "%s%s", root, path);
    for (char *slash = name + sizeof root; (slash = strchr(slash, '/')) != NULL; slash++) {
        *slash = '\0';
        mkdir(name, 0700);
        *slash = '/';
    }
    file = fopen(name, "w");
    ck_assert_ptr_nonnull(file);
    ck_assert_int_ge(fputs(text, file), 0);
    ck_assert_int_eq(fclose(file), 0);
}

static void expect(size_t whole, size_t share)
{
    Budget budget = budget_read(root);

    ck_assert_uint_eq(budget.whole, whole);
    ck_assert_uint_eq(budget.share, share);
}

START_TEST(without_limits_it_is_the_machines_memory)
{
    Budget budget = budget_read(root);

    ck_assert_uint_ge(budget.whole, 1 << 20);
    ck_assert_uint_eq(budget.whole, budget.share);
    put("/proc/self/cgroup", "0::/a\n");
    put(V2 "/a/memory.max", "max\n");
    put(V2 "/memory.max", "0\n");
    expect(budget.whole, budget.whole);
    put("/proc/self/cgroup", "4:memory:/a\n3:cpu:/b\nnothing\n7:\n");
    put(V1 "/a/memory.limit_in_bytes", "9223372036854771712\n");
    put(V1 "/memory.limit_in_bytes", "99999999999999999999999\n");
    expect(budget.whole, budget.whole);
}
END_TEST

START_TEST(the_least_limit_of_all_groups_counts)
{
    put("/proc/self/cgroup", "0::/a/b/c\n");
    put(V2 "/a/b/c/memory.max", "3000000\n");
    expect(3000000, 3000000);
    put(V2 "/a/b/memory.max", "2000000\n");
    expect(2000000, 2000000);
    put(V2 "/a/memory.max", "max\n");
    put(V2 "/memory.max", "1500000\n");
    expect(1500000, 1500000);
    put(V2 "/ab/memory.max", "1\n"); /* another group */
    put(V2 "/a/b/c/d/memory.max", "1\n");
    expect(1500000, 1500000);
}
END_TEST

START_TEST(in_containers_groups_have_other_names)
{
    put("/proc/self/cgroup", "0::/\n");
    put(V2 "/memory.max", "5000000\n");
    expect(5000000, 5000000);
    put("/proc/self/cgroup", "0::/outside/of/it\n");
    expect(5000000, 5000000);
    put("/proc/self/cgroup", "0::/../sideways\n");
    put("/sys/fs/sideways/memory.max", "1\n");
    expect(5000000, 5000000);
}
END_TEST

START_TEST(groups_of_version_1)
{
    put("/proc/self/cgroup",
        "9:name=memory:/x\n8:hugememory:/x\n5:cpu,memory,io:/a/b\n1:cpu:/x\n0::/\n");
    put(V1 "/x/memory.limit_in_bytes", "1\n");
    put(V1 "/a/memory.limit_in_bytes", "7000000\n");
    expect(7000000, 7000000);
    put(V1 "/memory.limit_in_bytes", "6000000\n");
    expect(6000000, 6000000);
    put("/proc/self/cgroup", "5:memory:/a/b");
    expect(6000000, 6000000);
}
END_TEST

START_TEST(what_is_promised_to_all_is_shared)
{
    put("/proc/meminfo", "MemTotal:  64 kB\nCommitLimit:      8000 kB\nCommitted_AS: 10 kB\n");
    put("/proc/sys/vm/overcommit_memory", "2\n");
    expect(8000 * 1024, 2000 * 1024);
    put("/proc/self/cgroup", "0::/\n");
    put(V2 "/memory.max", "4000000\n");
    expect(4000000, 2000 * 1024);
    put(V2 "/memory.max", "1000000\n");
    expect(1000000, 1000000);
    put("/proc/sys/vm/overcommit_memory", "1\n");
    put(V2 "/memory.max", "9000000\n");
    expect(9000000, 9000000);
}
END_TEST

START_TEST(percentages_are_of_the_whole)
{
    size_t size;

    ck_assert(size_read("100%", &size));
    ck_assert_uint_eq(size / 100, budget_read("").whole / 100);
}
END_TEST

int main(void)
{
    TCase *tests = support_begin("budget");

    tcase_add_checked_fixture(tests, begin, end);
    tcase_add_test(tests, without_limits_it_is_the_machines_memory);
    tcase_add_test(tests, the_least_limit_of_all_groups_counts);
    tcase_add_test(tests, in_containers_groups_have_other_names);
    tcase_add_test(tests, groups_of_version_1);
    tcase_add_test(tests, what_is_promised_to_all_is_shared);
    tcase_add_test(tests, percentages_are_of_the_whole);
    return support_end();
}
