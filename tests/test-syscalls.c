/* SPDX-License-Identifier: MIT
 *
 * The system calls of the library, seen from inside the process: this program defines mmap(),
 * munmap() and mlock() itself, which count, and fail when told to. mprotect() and madvise() are
 * called without the C library: a filter in a child makes them fail. test-trace.c counts them, from
 * outside. */
#include <dlfcn.h>
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

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

/* Place of the lower half of an argument of a system call. */
#if defined(__BYTE_ORDER__) && __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
enum { ARGUMENT_LOW = 4 };
#else
enum { ARGUMENT_LOW = 0 };
#endif

typedef struct Call {
    bool is_watched;
    size_t count;
    size_t fails_from; /* the call of this number and all later ones fail; 0: none */
    size_t fails_to;
    int error;
} Call;

static Call mmap_call, munmap_call, mlock_call;
static int last_flags; /* of the last mmap() */
static size_t last_size;

/* Counts a call. Returns whether it must fail. */
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

/* Returns the C library's function. */
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

int mlock(const void *address, size_t size)
{
    (void)address;
    (void)size;
    return fails(&mlock_call) ? -1 : 0; /* little memory may be lockable */
}

static void watch(void)
{
    Call watched = {.is_watched = true};

    mmap_call = munmap_call = mlock_call = watched;
}

static void unwatch(void)
{
    Call unwatched = {.is_watched = false};

    mmap_call = munmap_call = mlock_call = unwatched;
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
        ck_assert_uint_eq(mlock_call.count, 0);
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
    ck_assert_uint_eq(mmap_call.count + munmap_call.count + mlock_call.count, 0);
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
        if ((flags & MEM_HUGE) == 0) {
            ck_assert_int_eq((last_flags & MAP_POPULATE) != 0, (flags & MEM_POPULATE) != 0);
        }
        ck_assert_int_eq(Mem_RegionDestroy(region), 0);
        unwatch();
    }
}
END_TEST

/* Verifies the failure of a call, with its errno; the memory goes back, and the next attempt
 * succeeds. */
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
        expect_failure(&mlock_call, 1, errors[i], &locked);
    }
}
END_TEST

START_TEST(failures_of_init)
{
    watch();
    make_fail(&mmap_call, 1, SIZE_MAX, EAGAIN);
    errno = 0;
    ck_assert_int_eq(Mem_Init(SIZE), -1);
    ck_assert_int_eq(errno, EAGAIN);
    ck_assert_int_eq(Mem_Exit(), -1);
    unwatch();
    ck_assert_int_eq(Mem_Init(SIZE), 0);
    ck_assert_int_eq(Mem_Exit(), 0);
}
END_TEST

/* Makes a system call fail with an error from now on, if its third argument is this number. Returns
 * false if there are no filters. */
static bool set_filter(long number, unsigned argument, unsigned error)
{
    struct sock_filter steps[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (unsigned)number, 0, 3),
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args[2]) + ARGUMENT_LOW),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, argument, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | error),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    const struct sock_fprog program = {sizeof steps / sizeof steps[0], steps};

    return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
           prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0;
}

/* Runs an action in a child with such a filter. The action returns whether all was as it must
 * be. */
static void run_filtered(long number, unsigned argument, unsigned error, bool (*action)(int))
{
    int status;
    pid_t child = fork();

    if (child == 0) {
        _exit(!set_filter(number, argument, error) ? SUPPORT_SKIPPED : action((int)error) ? 0 : 1);
    }
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    if (WIFEXITED(status) && WEXITSTATUS(status) == SUPPORT_SKIPPED) {
        support_skip("there are no filters of system calls");
        return;
    }
    ck_assert_int_eq(status, 0);
}

/* Verifies that no region is created, that its memory goes back, and that the first error is
 * reported even if later calls fail, too. */
static bool fail_to_create(int error)
{
    for (int i = 0; i < 4; i++) {
        const Mem_Options options = {.flags = i / 2 == 0 ? 0 : MEM_SPARSE};

        watch();
        if (i % 2 != 0) {
            make_fail(&munmap_call, 1, 1, EINVAL);
        }
        errno = 0;
        if (Mem_RegionCreate(SIZE, &options) != NULL || errno != error || munmap_call.count != 1) {
            return false;
        }
        watch();
        errno = 0;
        if (Mem_Init(SIZE) != -1 || errno != error || munmap_call.count != 1 || Mem_Exit() != -1) {
            return false;
        }
    }
    return true;
}

/* The guards, by their protection. */
START_TEST(guards_may_be_refused)
{
    static const unsigned protections[] = {PROT_NONE, PROT_READ};
    static const unsigned errors[] = {ENOMEM, EAGAIN, EACCES};

    if (support_is_emulated()) {
        support_skip("emulators have no filters of system calls");
        return;
    }
    run_filtered(SYS_mprotect, protections[_i / 3], errors[_i % 3], fail_to_create);
}
END_TEST

/* A refusal of huge pages is no error. */
static bool create_huge(int unused)
{
    (void)unused;
    for (int i = 0; i < 2; i++) {
        const Mem_Options options = {.flags = MEM_HUGE | (i == 0 ? 0 : MEM_POPULATE)};
        Mem_Region *region;

        errno = ERANGE;
        region = Mem_RegionCreate(SIZE, &options);
        if (region == NULL || errno != ERANGE || Mem_RegionAlloc(region, SIZE / 2) == NULL ||
            Mem_RegionDestroy(region) != 0) {
            return false;
        }
    }
    return true;
}

START_TEST(huge_pages_may_be_refused)
{
#ifdef MADV_HUGEPAGE
    if (support_is_emulated()) {
        support_skip("emulators have no filters of system calls");
        return;
    }
    run_filtered(SYS_madvise, MADV_HUGEPAGE, EINVAL, create_huge);
#endif
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
    tcase_add_loop_test(tests, guards_may_be_refused, 0, 6);
    tcase_add_test(tests, huge_pages_may_be_refused);
    return support_end();
}

#endif
