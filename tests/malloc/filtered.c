/* SPDX-License-Identifier: MIT
 *
 * A program that lets the kernel kill it at every system call except those of the C library's
 * malloc(), and its own; and then allocates, in one thread and in several, and forks.
 *
 *   filtered prctl|syscall THREADS      sets the filter itself, by one function or the other
 *   filtered start PROGRAM ARGUMENT...  starts a program with a filter; its loader needs more calls
 */
#include <malloc.h>
#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "expect.h"

#if defined(__has_include) && __has_include(<linux/seccomp.h>)
#include <linux/filter.h>
#include <linux/seccomp.h>
#endif

enum { SKIPPED = 77 };

#if defined(SECCOMP_RET_KILL_PROCESS) && defined(__x86_64__) && defined(__LP64__)

enum { BLOCKS = 20000, ROUNDS = 60000, THREADS_MAX = 8, RULES_MAX = 256 };

/* System calls that malloc() may make: see libmem-malloc(7). */
static const int of_malloc[] = {SYS_futex, SYS_mprotect};

/* System calls of this program: threads, fork(), its end. None is about memory, except for threads'
 * stacks. */
static const int of_program[] = {
    SYS_clone,        SYS_clone3,         SYS_exit,   SYS_exit_group,      SYS_set_robust_list,
    SYS_rseq,         SYS_rt_sigprocmask, SYS_wait4,  SYS_set_tid_address, SYS_write,
    SYS_fstat,        SYS_mmap,           SYS_munmap, SYS_gettid,          SYS_tgkill,
    SYS_rt_sigaction, SYS_sigaltstack};

/* System calls of the kernel and the loader, and of libmem when it is loaded. */
static const int of_loader[] = {SYS_execve,     SYS_brk,       SYS_arch_prctl, SYS_access,
                                SYS_openat,     SYS_read,      SYS_close,      SYS_pread64,
                                SYS_prlimit64,  SYS_getrandom, SYS_sysinfo,    SYS_readlink,
                                SYS_newfstatat, SYS_prctl,     SYS_seccomp};

static struct sock_filter rules[RULES_MAX];
static unsigned short rule_count;

static void add(struct sock_filter rule)
{
    EXPECT(rule_count < RULES_MAX);
    rules[rule_count++] = rule;
}

static void allow(const int *numbers, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        add((struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (unsigned)numbers[i], 0, 1));
        add((struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW));
    }
}

/* Allows the advice that the C library gives to madvise(2); with start, also that for a new
 * region. */
static void allow_advice(int advice)
{
    add((struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (unsigned)advice, 0, 1));
    add((struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW));
}

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

static bool confine(bool by_prctl, bool starts)
{
    struct sock_fprog program;

    add((struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)));
    allow(of_malloc, COUNT(of_malloc));
    allow(of_program, COUNT(of_program));
    if (starts) {
        allow(of_loader, COUNT(of_loader));
    }
    add((struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_madvise, 1, 0));
    add((struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS));
    add((struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
                                     offsetof(struct seccomp_data, args[2])));
    allow_advice(MADV_DONTNEED);
    if (starts) {
        allow_advice(MADV_DONTDUMP);
    }
    add((struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS));
    program = (struct sock_fprog){rule_count, rules};
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) {
        return false;
    }
    return by_prctl ? prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0
                    : syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_TSYNC,
                              &program) == 0;
}

/* Calls every function, with blocks of all sizes, and memory that never was in use. */
static void use_all(void)
{
    static char *blocks[BLOCKS];

    for (size_t i = 0; i < BLOCKS; i++) {
        blocks[i] = malloc(i % 5 == 0 ? 3000 : 100);
        EXPECT(blocks[i] != NULL);
        memset(blocks[i], 1, 100);
    }
    for (size_t i = 0; i < BLOCKS; i++) {
        blocks[i] = realloc(blocks[i], 200);
        EXPECT(blocks[i] != NULL && malloc_usable_size(blocks[i]) >= 200);
    }
    for (size_t i = 0; i < BLOCKS; i++) {
        free(blocks[i]);
    }
    for (size_t size = 1; size < 1 << 25; size *= 8) {
        void *cleared = calloc(1, size);
        void *aligned = aligned_alloc(4096, size);

        EXPECT(cleared != NULL && aligned != NULL);
        memset(cleared, 1, size);
        free(cleared);
        free(aligned);
    }
    malloc_trim(0);
    EXPECT(mallinfo2().arena > 0);
}

static int stop;

static void *churn(void *unused)
{
    for (size_t i = 0; !__atomic_load_n(&stop, __ATOMIC_RELAXED); i++) {
        char *block = malloc(1 + i % 3000);

        *block = 1;
        free(block);
    }
    return unused;
}

static void fork_once(void)
{
    int status;
    pid_t child = fork();

    if (child == 0) {
        free(malloc(100));
        _exit(0);
    }
    EXPECT(child > 0 && waitpid(child, &status, 0) == child && status == 0);
}

static void use(size_t threads)
{
    pthread_t thread[THREADS_MAX];

    for (size_t i = 0; i < threads; i++) {
        EXPECT(pthread_create(&thread[i], NULL, churn, NULL) == 0);
    }
    use_all();
    for (int i = 0; i < 3; i++) {
        fork_once();
    }
    __atomic_store_n(&stop, 1, __ATOMIC_RELAXED);
    for (size_t i = 0; i < threads; i++) {
        EXPECT(pthread_join(thread[i], NULL) == 0);
    }
}

int main(int argc, char **argv)
{
    size_t threads = argc == 3 ? strtoul(argv[2], NULL, 10) : 0;
    pthread_t before;

    if (argc > 2 && strcmp(argv[1], "start") == 0) {
        if (!confine(true, true)) {
            return SKIPPED;
        }
        execv(argv[2], argv + 2);
        return 1;
    }
    EXPECT(argc == 3);
    if (strcmp(argv[1], "use") == 0) {
        use(threads);
        return 0;
    }
    if (threads !=
        0) { /* one thread exists already, and is confined, too, if the filter is for all */
        EXPECT(pthread_create(&before, NULL, churn, NULL) == 0);
        for (int i = 0; i < ROUNDS; i++) {
            free(malloc(100));
        }
    }
    if (!confine(strcmp(argv[1], "prctl") == 0, false)) {
        return SKIPPED;
    }
    use(threads);
    if (threads != 0) {
        EXPECT(pthread_join(before, NULL) == 0);
    }
    return 0;
}

#else

int main(void)
{
    return SKIPPED;
}

#endif
