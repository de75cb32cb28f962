/* SPDX-License-Identifier: MIT */
#include "record/record.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>

#include "os/environment.h"
#include "os/kernel.h"
#include "os/pages.h"
#include "record/modules.h"
#include "record/stack.h"
#include "record/stamp.h"
#include "record/tell.h"
#include "record/thread.h"

#ifndef MADV_WIPEONFORK
#define MADV_WIPEONFORK 18 /* Linux 4.14 */
#endif

static RecordProcess nobody;
RecordProcess *record_process = &nobody;
RecordOptions record_options;

/* Whether this process, or the one that forked it, is recorded. */
static bool is_recorded;

static pthread_key_t end_key;
static bool has_end_key;

static __thread RecordThread this_thread = {.process = RECORD_NEW};

static uint32_t recorded_process(void)
{
    return __atomic_load_n(&record_process->number, __ATOMIC_RELAXED);
}

bool record_is_on(void)
{
    return recorded_process() != 0;
}

void record_stop(void)
{
    is_recorded = false;
    __atomic_store_n(&record_process->number, 0, __ATOMIC_RELAXED);
}

static void set_process(void)
{
    long number = kernel_call(SYS_getpid, 0, 0, 0, 0, 0, 0);

    __atomic_store_n(&record_process->number, (uint32_t)number, __ATOMIC_RELEASE);
}

unsigned record_wanted_stack(void)
{
    const char *value = environment_get("LIBMEM_RECORD_STACK");
    unsigned frames = 0;

    for (; value != NULL && *value >= '0' && *value <= '9' && frames < RECORD_STACK; value++) {
        frames = frames * 10 + (unsigned)(*value - '0');
    }
    return frames < RECORD_STACK ? frames : RECORD_STACK;
}

bool record_start(const RecordOptions *options)
{
    size_t bytes = pages_size();
    void *page = pages_map_for_now(bytes);

    if (page == NULL || kernel_call(SYS_madvise, (long)(uintptr_t)page, (long)bytes,
                                    MADV_WIPEONFORK, 0, 0, 0) != 0) {
        tell_line("not recorded: Linux 4.14 or later is needed");
        return false;
    }
    record_options = *options;
    record_process = page;
    is_recorded = true;
    set_process();
    return true;
}

/* ------------------------------------------------------------------------------------------------
 * Threads
 * --------------------------------------------------------------------------------------------- */

static void end_thread(void *unused)
{
    RecordThread *self = &this_thread;
    SourceChunk chunk;

    (void)unused;
    if (self->process != recorded_process()) {
        return;
    }
    record_rare(TRACE_THREAD_ENDS, 0, 0, 0, "");
    chunk = self->chunk;
    self->chunk = (SourceChunk){.chunk = NULL};
    self->next = self->end = NULL;
    if (chunk.chunk != NULL) {
        record_options.source->hand_in(chunk);
    }
}

static void end_process(int status, void *unused)
{
    (void)status;
    (void)unused;
    if (record_is_on()) {
        record_stop();
        record_options.source->end();
    }
}

/* What is registered before the loader's own is called after it: when all modules have ended. on_exit() knows no module,
 * so it stays. */
void record_prepare(void)
{
    has_end_key = pthread_key_create(&end_key, end_thread) == 0;
    on_exit(end_process, NULL);
    record_options.describe();
}

static void put_thread_begins(RecordThread *self)
{
    uint64_t words[2] = {(uint64_t)kernel_call(SYS_gettid, 0, 0, 0, 0, 0, 0), 0};
    char name[17] = "";

    kernel_call(SYS_prctl, PR_GET_NAME, (long)(uintptr_t)name, 0, 0, 0, 0);
    record_put_rare(self, TRACE_THREAD_BEGINS, 0, words, name);
}

/* The records that a text takes, with one more word before it. */
static size_t text_records(const char *text)
{
    const size_t bytes = 3 * sizeof(uint64_t);

    return 1 + (sizeof(uint64_t) + strlen(text) + bytes - 1) / bytes;
}

static bool begin_thread(RecordThread *self)
{
    static const size_t most = 3; /* records that tell of it */

    if (has_end_key) {
        pthread_setspecific(end_key, self);
    }
    if (!record_reserve(self, most)) {
        return false;
    }
    if (self->sequence == 1) {
        put_thread_begins(self);
    }
    return true;
}

bool record_reserve(RecordThread *self, size_t records)
{
    TraceChunk head;

    if (self->chunk.chunk != NULL) {
        self->end = (TraceRaw *)(void *)(self->chunk.chunk + 1) +
                    self->chunk.bytes / sizeof(TraceRaw);
        if ((size_t)(self->end - self->next) >= records) {
            return true;
        }
    }
    head = (TraceChunk){.thread = self->number,
                        .clock = (uint32_t)stamp_clock,
                        .sequence = self->sequence++,
                        .ticks = stamp_after(),
                        .ns = stamp_ns() - record_options.start,
                        .frequency = stamp_frequency};
    self->next = self->end = NULL;
    self->chunk = record_options.source->next(self->chunk, &head);
    if (self->chunk.chunk == NULL) {
        return false;
    }
    self->next = (TraceRaw *)(void *)(self->chunk.chunk + 1);
    self->end = self->next + self->chunk.bytes / sizeof(TraceRaw);
    return true;
}

/* Whether a forked child is to be recorded, too: by its first call. */
static bool enter_child(void)
{
    bool was_recorded = is_recorded;

    is_recorded = false;
    if (!was_recorded || !record_options.source->in_child()) {
        return false;
    }
    is_recorded = true;
    modules_forget();
    set_process();
    return true;
}

static bool make_ready(RecordThread *self, uint32_t process, size_t records)
{
    if (self->process != process) {
        *self = (RecordThread){.number = record_options.source->number()};
    }
    self->process = RECORD_BUSY;
    if (self->chunk.chunk == NULL && !begin_thread(self)) {
        return false;
    }
    modules_look(self);
    return record_reserve(self, records);
}

/* Ends what made a thread RECORD_BUSY. */
static void leave(RecordThread *self)
{
    self->process = record_is_on() ? recorded_process() : (uint32_t)RECORD_NEW;
}

static __attribute__((__noinline__)) RecordThread *enter_slowly(RecordThread *self, size_t records)
{
    int saved = errno;
    bool is_child = false;
    bool is_ready;

    if (self->process == RECORD_BUSY || (!record_is_on() && !(is_child = enter_child()))) {
        return NULL;
    }
    is_ready = make_ready(self, recorded_process(), records);
    leave(self);
    errno = saved; /* that of the program's call */
    if (is_child) {
        record_options.describe();
        return record_enter(records);
    }
    return is_ready ? self : NULL;
}

static ALWAYS_INLINE RecordThread *enter(size_t records)
{
    RecordThread *self = &this_thread;

    return LIKELY(self->process == recorded_process()) &&
                   LIKELY((size_t)(self->end - self->next) >= records)
               ? self
               : enter_slowly(self, records);
}

RecordThread *record_enter(size_t records)
{
    return enter(records);
}

void record_look(void)
{
    RecordThread *self = enter(1);

    if (self != NULL) {
        self->process = RECORD_BUSY;
        modules_look(self);
        leave(self);
    }
}

/* ------------------------------------------------------------------------------------------------
 * Events
 * --------------------------------------------------------------------------------------------- */

/* The last word of a record. */
static ALWAYS_INLINE uint64_t pack(RawKind kind, const void *caller, size_t alignment,
                                   unsigned region)
{
    const uint64_t mask = (UINT64_C(1) << RAW_ADDRESS_BITS) - 1;
    uint64_t log2 = alignment == 0 ? 0 : (uint64_t)__builtin_ctzl((unsigned long)alignment);

    return ((uint64_t)(uintptr_t)caller & mask) | (uint64_t)kind << RAW_KIND_SHIFT |
           log2 << RAW_ALIGN_SHIFT | (uint64_t)region << RAW_REGION_SHIFT;
}

/* Lets others see an event. One of the loader's has the thread look for modules before the next. */
static ALWAYS_INLINE void end_event(RecordThread *self, const void *caller)
{
    record_publish(self);
    if (UNLIKELY(modules_has(&modules_loader, caller))) {
        self->end = self->next;
    }
}

static ALWAYS_INLINE const void *address_of(RecordThread *self, RecordCaller caller)
{
    return UNLIKELY(modules_has(&modules_own, caller.address)) ? stack_leave_own(self, caller)
                                                               : caller.address;
}

/* Records that the frames of a caller take. */
static ALWAYS_INLINE size_t stack_records(void)
{
    return (record_options.stack + 2) / 3;
}

static __attribute__((__noinline__)) void put_stack(RecordThread *self, RecordCaller caller)
{
    uint64_t frames[RECORD_STACK + 3];
    size_t count = stack_walk(self, caller, frames, record_options.stack);

    frames[count] = frames[count + 1] = 0;
    for (size_t i = 0; i < count; i += 3) {
        record_put(self,
                   (TraceRaw){frames[i], frames[i + 1], frames[i + 2], pack(RAW_MORE, NULL, 0, 0)});
    }
}

/* Appends the end of an allocation or resize. */
static ALWAYS_INLINE void put_result(RecordThread *self, RecordCaller caller,
                                     const RecordRequest *request, RawKind kind, const void *block)
{
    const void *address = address_of(self, caller);

    if (UNLIKELY(record_options.stack != 0)) {
        caller.address = address;
        put_stack(self, caller);
    }
    record_put(self, (TraceRaw){stamp_after(), (uint64_t)(uintptr_t)block, request->size,
                                pack(kind, address, request->alignment, request->region)});
    end_event(self, address);
}

void record_alloc(RecordCaller caller, const RecordRequest *request, const void *block)
{
    RecordThread *self = enter(1 + stack_records());

    if (self != NULL) {
        put_result(self, caller, request, LIKELY(block != NULL) ? request->kind : RAW_FAILED,
                   block);
    }
}

static ALWAYS_INLINE void put_end(RecordThread *self, RecordCaller caller, unsigned region,
                                  RawKind kind, const void *block)
{
    const void *address = address_of(self, caller);

    record_put(self, (TraceRaw){stamp_before(), (uint64_t)(uintptr_t)block, 0,
                                pack(kind, address, 0, region)});
    end_event(self, address);
}

void record_free(RecordCaller caller, unsigned region, const void *block)
{
    RecordThread *self = enter(1);

    if (self != NULL) {
        put_end(self, caller, region, RAW_FREE, block);
    }
}

/* There is room for both, so that nobody waits in between for a chunk: the writer waits for the second. */
bool record_move_from(RecordCaller caller, unsigned region, const void *block)
{
    RecordThread *self = enter(2 + stack_records());

    if (self == NULL) {
        return false;
    }
    put_end(self, caller, region, RAW_MOVE_FROM, block);
    self->process = RECORD_BUSY;
    return true;
}

void record_move_to(RecordCaller caller, const RecordRequest *request, const void *block)
{
    RecordThread *self = &this_thread;

    put_result(self, caller, request, block != NULL ? RAW_MOVE_TO : RAW_NOT_RESIZED, block);
    leave(self);
}

void record_put_rare(RecordThread *self, TraceRare rare, unsigned region, const uint64_t words[2],
                     const char *text)
{
    uint64_t more[3] = {words[1], 0, 0};
    size_t bytes = strlen(text);
    size_t used = sizeof more[0]; /* of `more` */
    size_t records = text_records(text) - 1;

    for (size_t i = 0; i < records; i++) {
        size_t part = sizeof more - used < bytes ? sizeof more - used : bytes;

        memcpy((char *)more + used, text, part);
        text += part;
        bytes -= part;
        record_put(self, (TraceRaw){more[0], more[1], more[2], pack(RAW_MORE, NULL, 0, 0)});
        memset(more, 0, sizeof more);
        used = 0;
    }
    record_put(
        self, (TraceRaw){stamp_after(), (uint64_t)rare, words[0], pack(RAW_RARE, NULL, 0, region)});
    record_publish(self);
}

void record_rare(TraceRare rare, unsigned region, uint64_t a, uint64_t b, const char *text)
{
    const uint64_t words[2] = {a, b};
    RecordThread *self = enter(text_records(text));

    if (self != NULL) {
        record_put_rare(self, rare, region, words, text);
    }
}
