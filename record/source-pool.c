/* SPDX-License-Identifier: MIT */
#include "record/source-pool.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "base/bits.h"
#include "os/environment.h"
#include "os/file.h"
#include "os/kernel.h"
#include "record/futex.h"
#include "record/record.h"
#include "record/tell.h"

enum {
    PATIENCE =
        100 /* ms that a thread waits for the writer, before it looks whether that is there */
};

static SharedPool *pool;

/* ------------------------------------------------------------------------------------------------
 * Opening
 * --------------------------------------------------------------------------------------------- */

/* The path in the variable, if it means this process. */
static const char *find_path(void)
{
    const char *value = environment_get(POOL_VARIABLE);
    unsigned long process = 0;

    if (value == NULL) {
        return NULL;
    }
    for (; *value >= '0' && *value <= '9'; value++) {
        process = process * 10 + (unsigned long)(*value - '0');
    }
    return *value == ':' && (long)process == kernel_call(SYS_getpid, 0, 0, 0, 0, 0, 0) ? value + 1
                                                                                       : NULL;
}

static void *map_file(long file)
{
#ifdef SYS_mmap2
    long result = kernel_call(SYS_mmap2, 0, (long)POOL_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED,
                              file, 0);
#else
    long result = kernel_call(SYS_mmap, 0, (long)POOL_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED,
                              file, 0);
#endif

    return result < 0 && result > -4096 ? NULL : (void *)result; /* NOLINT: an address */
}

/* Hands in what threads had that are no more: the process has become another program. */
static void hand_in_all(void)
{
    for (size_t i = 0; i < POOL_CHUNKS; i++) {
        if (pool->states[i] == POOL_IN_USE) {
            __atomic_store_n(&pool->states[i], POOL_FULL, __ATOMIC_RELEASE);
        }
    }
}

SharedPool *source_pool_open(void)
{
    const char *path = find_path();
    SharedPool *found = NULL;
    long file;

    if (path == NULL) {
        return NULL;
    }
    file = kernel_call(SYS_openat, AT_FDCWD, (long)(uintptr_t)path, O_RDWR | O_CLOEXEC, 0, 0, 0);
    if (file >= 0) {
        found = map_file(file);
        kernel_call(SYS_close, file, 0, 0, 0, 0, 0);
    }
    if (file < 0) {
        tell_line("not recorded: the process that writes the trace is gone");
        return NULL;
    }
    if (found == NULL || memcmp(found->magic, POOL_MAGIC, sizeof found->magic) != 0 ||
        found->version != POOL_VERSION) {
        tell_line("not recorded: %s is not what memrun has made", path);
        return NULL;
    }
    pool = found;
    hand_in_all();
    return pool;
}

/* ------------------------------------------------------------------------------------------------
 * Chunks
 * --------------------------------------------------------------------------------------------- */

/* Whether the writer is gone: it need not have had the time to say so. */
static bool is_writer_gone(void)
{
    char path[40], status[512];
    const char *state;

    snprintf(path, sizeof path, "/proc/%u/stat", pool->writer);
    if (file_read(path, status, sizeof status) == 0) {
        return true;
    }
    state = strrchr(status, ')');
    return state != NULL && (state[2] == 'Z' || state[2] == 'X');
}

static PoolWriter writer_state(void)
{
    return (PoolWriter)__atomic_load_n(&pool->state, __ATOMIC_ACQUIRE);
}

static void lose_writer(void)
{
    if (record_is_on()) {
        record_stop();
        tell_line("the process that writes the trace is gone; the program goes on unrecorded");
    }
}

static void wake_writer(void)
{
    if (__atomic_load_n(&pool->sleeping, __ATOMIC_SEQ_CST) != 0) {
        futex_wake(&pool->handed_in);
    }
}

static size_t index_of(const TraceChunk *chunk)
{
    return (size_t)((const char *)chunk - (const char *)pool - POOL_HEADER) / POOL_CHUNK;
}

static void hand_in(SourceChunk chunk)
{
    uint32_t count;

    __atomic_store_n(&pool->states[index_of(chunk.chunk)], POOL_FULL, __ATOMIC_RELEASE);
    count = __atomic_add_fetch(&pool->handed_in, 1, __ATOMIC_SEQ_CST);
    if (count - __atomic_load_n(&pool->read, __ATOMIC_RELAXED) >= POOL_WAKE) {
        wake_writer();
    }
}

/* Takes a free chunk among the first few. */
static TraceChunk *take(size_t among, const TraceChunk *head)
{
    for (size_t i = 0; i < among; i++) {
        unsigned char state = POOL_FREE;

        if (__atomic_load_n(&pool->states[i], __ATOMIC_RELAXED) == POOL_FREE &&
            __atomic_compare_exchange_n(&pool->states[i], &state, POOL_TAKEN, false,
                                        __ATOMIC_ACQUIRE, __ATOMIC_RELAXED)) {
            TraceChunk *chunk = pool_chunk(pool, i);

            *chunk = *head;
            __atomic_store_n(&pool->states[i], POOL_IN_USE, __ATOMIC_RELEASE);
            return chunk;
        }
    }
    return NULL;
}

/* Waits until a chunk may be free. False: there will be none. */
static bool wait_for_writer(uint32_t read)
{
    if (writer_state() != POOL_WRITES) {
        record_stop();
        return false;
    }
    __atomic_add_fetch(&pool->waiting, 1, __ATOMIC_SEQ_CST);
    wake_writer();
    futex_wait(&pool->read, read, PATIENCE);
    __atomic_sub_fetch(&pool->waiting, 1, __ATOMIC_SEQ_CST);
    if (read == __atomic_load_n(&pool->read, __ATOMIC_ACQUIRE) && is_writer_gone()) {
        lose_writer();
        return false;
    }
    return record_is_on();
}

/* A thread without one takes any: so those that wait have handed one in, which the writer will free. */
static SourceChunk next(SourceChunk before, const TraceChunk *head)
{
    size_t among = before.chunk == NULL ? POOL_CHUNKS : POOL_USUAL;
    TraceChunk *chunk;
    uint32_t read;

    if (before.chunk != NULL) {
        hand_in(before);
    }
    do {
        read = __atomic_load_n(&pool->read, __ATOMIC_ACQUIRE);
        chunk = take(among, head);
        among = POOL_CHUNKS;
    } while (chunk == NULL && wait_for_writer(read));
    return (SourceChunk){chunk, POOL_CHUNK - sizeof *chunk};
}

static uint32_t number(void)
{
    return __atomic_fetch_add(&pool->threads, 1, __ATOMIC_RELAXED);
}

static void inform(const char *text, size_t bytes)
{
    bytes = bytes < POOL_INFO ? bytes : POOL_INFO;
    memcpy(pool->text, text, bytes);
    __atomic_store_n(&pool->info, (uint32_t)bytes + 1, __ATOMIC_RELEASE);
}

/* Waits until the file is finished, so that it is when the program has ended. */
static void end(void)
{
    __atomic_store_n(&pool->ending, 1, __ATOMIC_SEQ_CST);
    futex_wake(&pool->handed_in);
    while (writer_state() == POOL_WRITES) {
        futex_wait(&pool->state, POOL_WRITES, PATIENCE);
        if (writer_state() == POOL_WRITES && is_writer_gone()) {
            tell_line("the process that writes the trace is gone; the end is missing");
            return;
        }
    }
}

static bool in_child(void)
{
    if (!__atomic_exchange_n(&pool->told, 1, __ATOMIC_RELAXED)) {
        tell_line("a process that was forked is not recorded; with %%p in its name, there is a "
                  "file for each");
    }
    return false;
}

const Source source_pool = {next, hand_in, number, inform, end, in_child};
