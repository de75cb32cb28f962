/* SPDX-License-Identifier: MIT
 *
 * Files that are no traces, or damaged ones: the fuzzer's collection, all beginnings of it, and
 * thousands of changes of it. Each is read, or refused with an error; nothing crashes, and memory
 * is limited. */
#include "support.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "fuzz-trace.h"
#include "trace-file.h"

enum {
    MEMORY_MAX = 256 << 20, /* bytes of address space */
    CHANGES = 40,           /* of each file */
    FILES_MAX = 200
};

static TestFile files[FILES_MAX];
static size_t count;

static void read_corpus(void)
{
    const char *top = getenv("top_srcdir");
    char directory[512];
    struct dirent *entry;
    DIR *listing;

    snprintf(directory, sizeof directory, "%s/tests/corpus/trace", top == NULL ? "." : top);
    listing = opendir(directory);
    ck_assert_msg(listing != NULL, "%s is not there", directory);
    while ((entry = readdir(listing)) != NULL) {
        char path[1024];

        snprintf(path, sizeof path, "%s/%s", directory, entry->d_name);
        if (entry->d_name[0] != '.') {
            ck_assert_uint_lt(count, FILES_MAX);
            files[count++] = file_read(path);
        }
    }
    closedir(listing);
}

static void limit_memory(void)
{
    struct rlimit limit = {.rlim_cur = MEMORY_MAX, .rlim_max = MEMORY_MAX};

    if (!support_is_sanitized() && !support_is_emulated()) {
        ck_assert_int_eq(setrlimit(RLIMIT_AS, &limit), 0);
    }
}

static void prepare(void)
{
    read_corpus();
    limit_memory();
}

START_TEST(the_corpus_is_read)
{
    size_t whole = 0;

    for (size_t i = 0; i < count; i++) {
        whole += fuzz_trace(files[i].bytes, files[i].size);
    }
    ck_assert_uint_gt(count, 10);
    ck_assert_uint_gt(whole, 2);
    ck_assert_uint_lt(whole, count);
}
END_TEST

START_TEST(every_beginning_is_read)
{
    size_t step = support_is_emulated() ? 31 : 1;

    for (size_t i = 0; i < count; i++) {
        for (size_t size = i % step; size < files[i].size; size += step + files[i].size / 500) {
            fuzz_trace(files[i].bytes, size);
        }
    }
}
END_TEST

START_TEST(changed_files_are_read)
{
    Random random = support_random("changed_files_are_read", 0);
    size_t changes = support_operations(CHANGES);

    for (size_t i = 0; i < count; i++) {
        for (size_t change = 0; change < changes && files[i].size > 0; change++) {
            size_t place = random_below(&random, files[i].size);
            unsigned char before = files[i].bytes[place];

            files[i].bytes[place] = (unsigned char)random_next(&random);
            fuzz_trace(files[i].bytes, files[i].size);
            files[i].bytes[place] = before;
        }
    }
}
END_TEST

int main(void)
{
    TCase *tests = support_begin("trace-hostile");

    tcase_add_checked_fixture(tests, prepare, NULL);
    tcase_add_test(tests, the_corpus_is_read);
    tcase_add_test(tests, every_beginning_is_read);
    tcase_add_test(tests, changed_files_are_read);
    return support_end();
}
