/* SPDX-License-Identifier: MIT
 *
 * Functions of the library that only libmem-malloc.so uses. */
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "checked.h"
#include "os/lock.h"
#include "region/misuse.h"

static Mem_Misuse told;

static void note(const Mem_Misuse *misuse, void *context)
{
    (void)context;
    told = *misuse;
}

/* A given sentence is not replaced. */
START_TEST(misuse_of_its_own)
{
    static const char *const sentence = "a sentence of its own";
    Mem_Misuse misuse = {.sentence = sentence, .pointer = &misuse};

    Mem_OnMisuse(note, NULL);
    misuse_report(&misuse);
    ck_assert_ptr_eq(told.sentence, sentence);
    ck_assert_ptr_eq(told.pointer, &misuse);
    misuse = (Mem_Misuse){.kind = MEM_MISUSE_FREED, .pointer = &misuse};
    misuse_report(&misuse);
    ck_assert_ptr_nonnull(strstr(told.sentence, "freed already"));
}
END_TEST

/* The module may need memory before constructors run: forks are watched from then on, and once
 * only, or a handler would wait for itself. */
START_TEST(forks_are_watched_once)
{
    Bed bed = bed_open(KIND_THREADED, 1 << 16);
    void *block = checked_alloc(&bed, 100);
    int status;
    pid_t child;

    lock_watch_forks();
    child = fork();
    ck_assert_int_ne(child, -1);
    if (child == 0) {
        support_end_child(
            Mem_RegionFree(bed.region, block) == 0 && Mem_RegionCheck(bed.region) == 0 ? 0 : 1);
    }
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert_int_eq(status, 0);
    checked_free(&bed, block);
    checked_empty(&bed);
    bed_close(&bed);
}
END_TEST

int main(void)
{
    TCase *tests = support_begin("module");

    tcase_add_test(tests, misuse_of_its_own);
    tcase_add_test(tests, forks_are_watched_once);
    return support_end();
}
