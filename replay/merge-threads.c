/* SPDX-License-Identifier: MIT */
#include "replay/merge-threads.h"

#include <stdlib.h>

enum { LEAST = 16 }; /* places of the table */

/* ------------------------------------------------------------------------------------------------
 * The heap
 * --------------------------------------------------------------------------------------------- */

/* Orders threads by their turns, and then by their numbers. */
static bool precedes(const MergeThread *one, const MergeThread *other)
{
    return one->turn != other->turn ? one->turn < other->turn : one->number < other->number;
}

static void move_up(MergeThreads *threads, size_t place)
{
    MergeThread *thread = threads->heap[place];

    while (place > 0 && precedes(thread, threads->heap[(place - 1) / 2])) {
        threads->heap[place] = threads->heap[(place - 1) / 2];
        place = (place - 1) / 2;
    }
    threads->heap[place] = thread;
}

/* Moves the first thread down the heap, after its turn has become later. */
static void move_down(MergeThreads *threads)
{
    MergeThread *thread = threads->heap[0];
    size_t place = 0;

    for (size_t next = 1; next < threads->ready; next = 2 * place + 1) {
        if (next + 1 < threads->ready && precedes(threads->heap[next + 1], threads->heap[next])) {
            next++;
        }
        if (!precedes(threads->heap[next], thread)) {
            break;
        }
        threads->heap[place] = threads->heap[next];
        place = next;
    }
    threads->heap[place] = thread;
}

static void remove_first(MergeThreads *threads)
{
    threads->heap[0] = threads->heap[--threads->ready];
    if (threads->ready > 0) {
        move_down(threads);
    }
}

/* ------------------------------------------------------------------------------------------------
 * Finding a thread
 * --------------------------------------------------------------------------------------------- */

static MergeThread **find(const MergeThreads *threads, uint32_t number)
{
    size_t place = number * UINT32_C(0x9e3779b1) & (threads->places - 1);

    while (threads->all[place] != NULL && threads->all[place]->number != number) {
        place = (place + 1) & (threads->places - 1);
    }
    return &threads->all[place];
}

static bool grow(MergeThreads *threads)
{
    size_t places = threads->places == 0 ? LEAST : 2 * threads->places;
    MergeThreads old = *threads;
    MergeThread **all = calloc(places, sizeof(MergeThread *));
    MergeThread **heap = realloc(threads->heap, places * sizeof(MergeThread *));

    if (heap != NULL) {
        threads->heap = heap;
    }
    if (all == NULL || heap == NULL) {
        free(all);
        return false;
    }
    threads->all = all;
    threads->places = places;
    for (size_t i = 0; i < old.places; i++) {
        if (old.all[i] != NULL) {
            *find(threads, old.all[i]->number) = old.all[i];
        }
    }
    free(old.all);
    return true;
}

/* Finds a thread, or makes it. NULL: no memory. */
static MergeThread *find_or_make(MergeThreads *threads, uint32_t number)
{
    MergeThread **place;

    if (threads->count >= threads->places / 2 && !grow(threads)) {
        return NULL;
    }
    place = find(threads, number);
    if (*place == NULL) {
        MergeThread *thread = calloc(1, sizeof *thread);

        if (thread == NULL) {
            return NULL;
        }
        thread->number = number;
        thread->last = &thread->spans;
        *place = thread;
        threads->count++;
    }
    return *place;
}

/* ------------------------------------------------------------------------------------------------
 * Records
 * --------------------------------------------------------------------------------------------- */

/* Finds the head, behind its RAW_MORE; at the end of a span without a head, the last record. */
static void find_head(MergeThread *thread)
{
    const MergeSpan *span = thread->spans;

    thread->head = thread->next;
    while (raw_kind(&span->records[thread->head]) == RAW_MORE && thread->head + 1 < span->count) {
        thread->head++;
    }
    thread->turn = span->records[thread->head].stamp;
}

bool threads_add(MergeThreads *threads, uint32_t number, const MergeSpan *span)
{
    MergeThread *thread = find_or_make(threads, number);
    MergeSpan *copy = thread == NULL ? NULL : malloc(sizeof *copy);

    if (copy == NULL) {
        return false;
    }
    *copy = *span;
    copy->next = NULL;
    *thread->last = copy;
    thread->last = &copy->next;
    if (thread->spans == copy) {
        thread->next = 0;
        find_head(thread);
        threads->heap[threads->ready] = thread;
        move_up(threads, threads->ready++);
    }
    return true;
}

MergeSpan *threads_advance(MergeThreads *threads)
{
    MergeThread *thread = threads->heap[0];
    MergeSpan *span = thread->spans;

    threads->waiting -= thread->waits;
    thread->waits = false;
    thread->next = thread->head + 1;
    if (thread->next < span->count) {
        find_head(thread);
        move_down(threads);
        return NULL;
    }
    thread->spans = span->next;
    thread->next = 0;
    if (thread->spans != NULL) {
        find_head(thread);
        move_down(threads);
    } else {
        thread->last = &thread->spans;
        remove_first(threads);
    }
    return span;
}

void threads_wait(MergeThreads *threads, uint64_t until)
{
    MergeThread *thread = threads->heap[0];

    thread->waits = true;
    thread->turn = until;
    threads->waiting++;
    move_down(threads);
}

void threads_wake(MergeThreads *threads, uint64_t address)
{
    for (size_t i = 0; threads->waiting > 0 && i < threads->ready; i++) {
        MergeThread *thread = threads->heap[i];

        if (thread->waits && threads_head(thread)->block == address) {
            thread->waits = false;
            threads->waiting--;
            thread->turn = threads_head(thread)->stamp;
            move_up(threads, i);
        }
    }
}

void threads_free(MergeThreads *threads)
{
    for (size_t i = 0; i < threads->places; i++) {
        MergeThread *thread = threads->all[i];

        while (thread != NULL && thread->spans != NULL) {
            MergeSpan *span = thread->spans;

            thread->spans = span->next;
            free(span);
        }
        free(thread);
    }
    free(threads->all);
    free(threads->heap);
    *threads = (MergeThreads){0};
}
