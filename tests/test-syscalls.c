/* SPDX-License-Identifier: MIT
 *
 * The system calls that the library makes, seen from inside of the process: this program has an
 * mmap(), munmap(), mprotect(), mlock() and madvise() of its own, which count, and fail when told to.
 * test-trace.c sees them from outside. */
#include <dlfcn.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "checked.h"
#include "sanitized.h"

#if SANITIZED

int main(void)
{
    puts("skipped: sanitizers call mmap() before anything of this program may run");
    return SUPPORT_SKIPPED;
}

#else

enum { SIZE = 1 << 16 };

typedef struct Call {
    bool is_watched;
    size_t count;
    size_t fails_from; /* the call of this number and all later ones fail; 0: none */
    size_t fails_to;
    int error;
} Call;

static Call mmap_call, munmap_call, mprotect_call, mlock_call, madvise_call;
static int last_flags; /* of mmap */
static size_t last_size;

/* Counts a call. True if it is to fail. */
static bool fails(Call *call)
{
    if (!call->is_watched) {
        return false;
    }
    call->count++;
    if (call->fails_from != 0 && call->count >= call->fails_from && call->count <= call->fails_to) {
        errno = call->error;
        return true;
    }
    return false;
}

/* The function that is found next, of the C library. */
static void *next(const char *name)
{
    void *function = dlsym(RTLD_NEXT, name);

    if (function == NULL) {
        fprintf(stderr, "no %s()\n", name);
        abort();
    }
    return function;
}

void *mmap(void *address, size_t size, int protection, int flags, int file, off_t offset)
{
    void *(*real)(void *, size_t, int, int, int, off_t) = NULL;

    if (fails(&mmap_call)) {
        return MAP_FAILED;
    }
    if (mmap_call.is_watched) {
        last_flags = flags;
        last_size = size;
    }
    *(void **)(void *)&real = next("mmap");
    return real(address, size, protection, flags, file, offset);
}

int munmap(void *address, size_t size)
{
    int (*real)(void *, size_t) = NULL;

    if (fails(&munmap_call)) {
        return -1;
    }
    *(void **)(void *)&real = next("munmap");
    return real(address, size);
}

int mprotect(void *address, size_t size, int protection)
{
    int (*real)(void *, size_t, int) = NULL;

    if (fails(&mprotect_call)) {
        return -1;
    }
    *(void **)(void *)&real = next("mprotect");
    return real(address, size, protection);
}

int mlock(const void *address, size_t size)
{
    (void)address;
    (void)size;
    return fails(&mlock_call) ? -1 : 0; /* there may be little that can be locked */
}

int madvise(void *address, size_t size, int advice)
{
    int (*real)(void *, size_t, int) = NULL;

    if (fails(&madvise_call)) {
        return -1;
    }
    *(void **)(void *)&real = next("madvise");
    return real(address, size, advice);
}

static void watch(void)
{
    Call watched = {.is_watched = true};

    mmap_call = munmap_call = mprotect_call = mlock_call = madvise_call = watched;
}

static void unwatch(void)
{
    Call unwatched = {.is_watched = false};

    mmap_call = munmap_call = mprotect_call = mlock_call = madvise_call = unwatched;
}

static void make_fail(Call *call, size_t from, size_t to, int error)
{
    call->fails_from = from;
    call->fails_to = to;
    call->error = error;
}

START_TEST(one_mmap_a_region)
{
    for (size_t size = 1; size < (size_t)1 << 26; size = size * 5 + 1) {
        Mem_Region *region;
        void *block;

        watch();
        region = Mem_RegionCreate(size, NULL);
        ck_assert_ptr_nonnull(region);
        ck_assert_uint_eq(mmap_call.count, 1);
        ck_assert_uint_eq(munmap_call.count, 0);
        ck_assert_uint_eq(mprotect_call.count, 2); /* the guard pages */
        ck_assert_uint_eq(mlock_call.count + madvise_call.count, 0);
        ck_assert((last_flags & MAP_PRIVATE) != 0 && (last_flags & MAP_ANONYMOUS) != 0);
        ck_assert_uint_ge(last_size, size + 2 * support_page());
        while ((block = Mem_RegionAlloc(region, size / 20)) != NULL) {
            block = Mem_RegionRealloc(region, block, size / 10);
        }
        ck_assert_int_eq(Mem_RegionReset(region), 0);
        ck_assert_ptr_nonnull(Mem_RegionCalloc(region, 1, size / 2));
        ck_assert_ptr_nonnull(Mem_RegionAlignedAlloc(region, 64, size / 4));
        ck_assert_int_eq(Mem_RegionCheck(region), 0);
        ck_assert_uint_eq(mmap_call.count, 1);
        ck_assert_uint_eq(mprotect_call.count, 2);
        ck_assert_uint_eq(munmap_call.count, 0);
        ck_assert_int_eq(Mem_RegionDestroy(region), 0);
        ck_assert_uint_eq(munmap_call.count, 1);
        unwatch();
    }
}
END_TEST

START_TEST(one_mmap_for_init)
{
    watch();
    ck_assert_int_eq(Mem_Init(SIZE), 0);
    ck_assert_int_eq(Mem_Init(SIZE), -1);
    ck_assert_int_eq(Mem_Init(0), -1);
    ck_assert_uint_eq(mmap_call.count, 1);
    ck_assert_int_eq(Mem_Exit(), 0);
    ck_assert_uint_eq(munmap_call.count, 1);
    ck_assert_int_eq(Mem_Exit(), -1);
    ck_assert_uint_eq(munmap_call.count, 1);
    unwatch();
}
END_TEST

START_TEST(no_mmap_inside_memory)
{
    static _Alignas(8) char memory[SIZE];
    Mem_Region *region;

    watch();
    region = Mem_RegionCreateAt(memory, sizeof memory, NULL);
    ck_assert_ptr_nonnull(Mem_RegionAlloc(region, 1000));
    ck_assert_int_eq(Mem_RegionDestroy(region), 0);
    ck_assert_uint_eq(mmap_call.count + munmap_call.count + mprotect_call.count, 0);
    ck_assert_uint_eq(mlock_call.count + madvise_call.count, 0);
    unwatch();
}
END_TEST

START_TEST(flags_reach_the_system)
{
    for (unsigned flags = 0; flags < 32; flags++) {
        Mem_Options options = {.flags = flags};
        Mem_Region *region;

        watch();
        region = Mem_RegionCreate(SIZE, &options);
        ck_assert_ptr_nonnull(region);
        ck_assert_uint_eq(mmap_call.count, 1);
        ck_assert_int_eq((last_flags & MAP_NORESERVE) != 0, (flags & MEM_SPARSE) != 0);
        ck_assert_int_eq(mlock_call.count != 0, (flags & MEM_LOCKED) != 0);
        ck_assert_int_eq(madvise_call.count != 0, (flags & MEM_HUGE) != 0);
        if ((flags & MEM_HUGE) == 0) {
            ck_assert_int_eq((last_flags & MAP_POPULATE) != 0, (flags & MEM_POPULATE) != 0);
        }
        ck_assert_int_eq(Mem_RegionDestroy(region), 0);
        unwatch();
    }
}
END_TEST

/* What fails, with which errno; the memory goes back, and the next try succeeds. */
static void expect_failure(Call *call, size_t which, int error, const Mem_Options *options)
{
    size_t munmaps = call == &mmap_call ? 0 : 1;
    Mem_Region *region;

    watch();
    make_fail(call, which, SIZE_MAX, error);
    errno = 0;
    ck_assert_ptr_null(Mem_RegionCreate(SIZE, options));
    ck_assert_int_eq(errno, error);
    ck_assert_uint_eq(munmap_call.count, munmaps);
    watch();
    region = Mem_RegionCreate(SIZE, options);
    ck_assert_ptr_nonnull(region);
    ck_assert_int_eq(Mem_RegionDestroy(region), 0);
    unwatch();
}

START_TEST(failures_of_the_system)
{
    static const int errors[] = {ENOMEM, EAGAIN, EPERM, EACCES};
    const Mem_Options locked = {.flags = MEM_LOCKED};

    for (size_t i = 0; i < sizeof errors / sizeof errors[0]; i++) {
        expect_failure(&mmap_call, 1, errors[i], NULL);
        expect_failure(&mprotect_call, 1, errors[i], NULL);
        expect_failure(&mprotect_call, 2, errors[i], NULL);
        expect_failure(&mlock_call, 1, errors[i], &locked);
    }
}
END_TEST

START_TEST(failures_of_init)
{
    for (size_t which = 0; which < 3; which++) {
        watch();
        make_fail(which == 0 ? &mmap_call : &mprotect_call, which == 0 ? 1 : which, SIZE_MAX,
                  EAGAIN);
        errno = 0;
        ck_assert_int_eq(Mem_Init(SIZE), -1);
        ck_assert_int_eq(errno, EAGAIN);
        ck_assert_int_eq(Mem_Exit(), -1);
        unwatch();
    }
    ck_assert_int_eq(Mem_Init(SIZE), 0);
    ck_assert_int_eq(Mem_Exit(), 0);
}
END_TEST

/* What went wrong is told even if giving the memory back goes wrong, too. */
START_TEST(failure_after_failure)
{
    watch();
    make_fail(&mprotect_call, 1, SIZE_MAX, EACCES);
    make_fail(&munmap_call, 1, 1, EINVAL);
    errno = 0;
    ck_assert_ptr_null(Mem_RegionCreate(SIZE, NULL));
    ck_assert_int_eq(errno, EACCES);
    unwatch();
}
END_TEST

/* Huge pages are a wish. */
START_TEST(huge_pages_may_be_refused)
{
    const Mem_Options huge = {.flags = MEM_HUGE};
    const Mem_Options populated = {.flags = MEM_HUGE | MEM_POPULATE};

    for (int i = 0; i < 2; i++) {
        Mem_Region *region;

        watch();
        make_fail(&madvise_call, 1, SIZE_MAX, EINVAL);
        errno = ERANGE;
        region = Mem_RegionCreate(SIZE, i == 0 ? &huge : &populated);
        ck_assert_ptr_nonnull(region);
        ck_assert_int_eq(errno, ERANGE);
        ck_assert_uint_ge(madvise_call.count, 1);
        ck_assert_int_eq(Mem_RegionDestroy(region), 0);
        unwatch();
    }
}
END_TEST

int main(void)
{
    TCase *tests = support_begin("syscalls");

    tcase_add_test(tests, one_mmap_a_region);
    tcase_add_test(tests, one_mmap_for_init);
    tcase_add_test(tests, no_mmap_inside_memory);
    tcase_add_test(tests, flags_reach_the_system);
    tcase_add_test(tests, failures_of_the_system);
    tcase_add_test(tests, failures_of_init);
    tcase_add_test(tests, failure_after_failure);
    tcase_add_test(tests, huge_pages_may_be_refused);
    return support_end();
}

#endif
