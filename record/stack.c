/* SPDX-License-Identifier: MIT */
#include "record/stack.h"

#include <errno.h>
#include <pthread.h>

#include "record/modules.h"

enum { FRAMES_OF_OURS = 8 /* between the program and the recorder, at most */ };

/* What a frame pointer points to, on all machines that have such a chain. */
typedef struct Frame {
    const struct Frame *outer;
    const void *returns_to;
} Frame;

/* The first address beyond the stack that a frame is in; 0: not known. */
static uintptr_t find_end(const void *frame)
{
    pthread_attr_t attributes;
    uintptr_t end = 0;
    void *stack;
    size_t bytes;

    if (pthread_getattr_np(pthread_self(), &attributes) != 0) {
        return 0;
    }
    if (pthread_attr_getstack(&attributes, &stack, &bytes) == 0 &&
        (uintptr_t)frame - (uintptr_t)stack < bytes) {
        end = (uintptr_t)stack + bytes;
    }
    pthread_attr_destroy(&attributes);
    return end;
}

/* Whether a frame may be read: it lies between another one and the stack's end. */
static bool is_sound(const RecordThread *self, const Frame *frame, const void *inner)
{
    return (uintptr_t)frame > (uintptr_t)inner && (uintptr_t)frame % sizeof(void *) == 0 &&
           (uintptr_t)frame < self->stack_end &&
           self->stack_end - (uintptr_t)frame >= sizeof *frame;
}

/* What pthread_getattr_np() allocates is not the program's. */
static void know_end(RecordThread *self, const void *frame)
{
    uint32_t process = self->process;

    if (self->stack_end == 0) {
        int saved = errno;

        self->process = RECORD_BUSY;
        self->stack_end = find_end(frame);
        self->stack_end = self->stack_end == 0 ? 1 : self->stack_end;
        self->process = process;
        errno = saved;
    }
}

/* The frame around all those of our functions; or the one where the chain ends. */
static const Frame *leave_own(RecordThread *self, const void *begin)
{
    const Frame *frame = begin;

    know_end(self, begin);
    if (!is_sound(self, frame, (const char *)begin - 1)) {
        return NULL;
    }
    for (int i = 0; i < FRAMES_OF_OURS && modules_has(&modules_own, frame->returns_to); i++) {
        if (!is_sound(self, frame->outer, frame)) {
            break;
        }
        frame = frame->outer;
    }
    return frame;
}

const void *stack_leave_own(RecordThread *self, RecordCaller caller)
{
    const Frame *frame = leave_own(self, caller.frame);

    return frame == NULL || modules_has(&modules_own, frame->returns_to) ? caller.address
                                                                         : frame->returns_to;
}

size_t stack_walk(RecordThread *self, RecordCaller caller, uint64_t *frames, size_t most)
{
    const Frame *frame = leave_own(self, caller.frame);
    size_t count = 0;

    if (frame != NULL && frame->returns_to == caller.address) {
        frame = is_sound(self, frame->outer, frame) ? frame->outer : NULL;
    }
    while (frame != NULL && count < most && frame->returns_to != NULL) {
        frames[count++] = (uint64_t)(uintptr_t)frame->returns_to;
        frame = is_sound(self, frame->outer, frame) ? frame->outer : NULL;
    }
    return count;
}
