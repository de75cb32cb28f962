/* SPDX-License-Identifier: MIT */
#include "replay/records.h"

#include <stdlib.h>
#include <string.h>

/* A block that is live. */
typedef struct Slot {
    Record record;
    uint32_t listed; /* its place in the list, plus 1; 0: it is not there */
    bool live;
} Slot;

/* A block among the largest. */
typedef struct Large {
    double area; /* bytes times calls */
    Record record;
} Large;

struct Records {
    Slot *slots;
    uint32_t slot_count;
    Large *heap; /* a heap: none is larger than its children at 2 n + 1 and 2 n + 2 */
    size_t heap_count, heap_room;
    size_t of_moment;
    Record *list; /* what is listed for moments; after records_finish, all */
    size_t list_count, list_room;
    RecordsMoment moments[RECORDS_MOMENTS];
    size_t moment_count;
};

Records *records_create(size_t largest, size_t of_moment)
{
    Records *records = calloc(1, sizeof *records);

    if (records == NULL)
        return NULL;
    records->heap = malloc(largest * sizeof *records->heap);
    records->heap_room = largest;
    records->of_moment = of_moment;
    if (records->heap == NULL) {
        free(records);
        return NULL;
    }
    return records;
}

void records_free(Records *records)
{
    if (records == NULL)
        return;
    free(records->slots);
    free(records->heap);
    free(records->list);
    free(records);
}

bool records_begin(Records *records, uint32_t slot, const Record *record)
{
    if (slot >= records->slot_count) {
        size_t room = (size_t)slot + slot / 2 + 64;
        Slot *slots = realloc(records->slots, room * sizeof *slots);
        if (slots == NULL)
            return false;
        memset(slots + records->slot_count, 0, (room - records->slot_count) * sizeof *slots);
        records->slots = slots;
        records->slot_count = (uint32_t)room;
    }
    records->slots[slot] = (Slot){.record = *record, .live = true};
    return true;
}

const Record *records_live(const Records *records, uint32_t slot)
{
    return slot < records->slot_count && records->slots[slot].live ? &records->slots[slot].record
                                                                   : NULL;
}

uint32_t records_slots(const Records *records)
{
    return records->slot_count;
}

/* ------------------------------------------------------------------------------------------------
 * The largest
 * --------------------------------------------------------------------------------------------- */

static void heap_sink(Large *heap, size_t count, Large large)
{
    size_t at = 0;

    for (;;) {
        size_t child = 2 * at + 1;
        if (child + 1 < count && heap[child + 1].area < heap[child].area)
            child++;
        if (child >= count || heap[child].area >= large.area)
            break;
        heap[at] = heap[child];
        at = child;
    }
    heap[at] = large;
}

static void heap_rise(Large *heap, size_t at, Large large)
{
    while (at > 0 && heap[(at - 1) / 2].area > large.area) {
        heap[at] = heap[(at - 1) / 2];
        at = (at - 1) / 2;
    }
    heap[at] = large;
}

static void records_offer(Records *records, const Record *record, uint64_t end)
{
    double area = (double)record->bytes * (double)(end - record->from + 1);

    if (records->heap_count < records->heap_room)
        heap_rise(records->heap, records->heap_count++, (Large){area, *record});
    else if (records->heap_room > 0 && area > records->heap[0].area)
        heap_sink(records->heap, records->heap_count, (Large){area, *record});
}

void records_end(Records *records, uint32_t slot, uint64_t event, uint64_t time)
{
    if (records_live(records, slot) == NULL)
        return;

    Slot *place = &records->slots[slot];
    place->record.until = event;
    place->record.until_time = time;
    place->live = false;
    if (place->listed != 0) {
        records->list[place->listed - 1].until = event;
        records->list[place->listed - 1].until_time = time;
    } else {
        records_offer(records, &place->record, event);
    }
}

/* ------------------------------------------------------------------------------------------------
 * Moments
 * --------------------------------------------------------------------------------------------- */

static int by_offset(const void *a, const void *b)
{
    const Record *one = &(*(Slot *const *)a)->record, *other = &(*(Slot *const *)b)->record;

    return (one->offset > other->offset) - (one->offset < other->offset);
}

/* The largest first. */
static int by_bytes(const void *a, const void *b)
{
    const Record *one = &(*(Slot *const *)a)->record, *other = &(*(Slot *const *)b)->record;

    return (one->bytes < other->bytes) - (one->bytes > other->bytes);
}

static void moment_free_piece(RecordsMoment *moment, uint64_t offset, uint64_t end)
{
    RecordPiece piece = {offset, end - offset};

    if (end <= offset)
        return;
    moment->free_pieces++;
    if (piece.bytes > moment->largest_free)
        moment->largest_free = piece.bytes;
    size_t at = moment->piece_count;
    while (at > 0 && moment->pieces[at - 1].bytes < piece.bytes) {
        if (at < RECORDS_PIECES)
            moment->pieces[at] = moment->pieces[at - 1];
        at--;
    }
    if (at < RECORDS_PIECES) {
        moment->pieces[at] = piece;
        if (moment->piece_count < RECORDS_PIECES)
            moment->piece_count++;
    }
}

/* Adds up the blocks, in the order of their addresses, and the free pieces between them. */
static void moment_sum(RecordsMoment *moment, Slot *const *blocks, size_t count, uint64_t capacity)
{
    uint64_t end = 0;

    for (size_t i = 0; i < count; i++) {
        const Record *record = &blocks[i]->record;
        moment_free_piece(moment, end, record->offset);
        end = record->offset + record->bytes;
        moment->bytes += record->bytes;
    }
    moment->blocks = count;
    moment_free_piece(moment, end, capacity);
}

static bool list_block(Records *records, Slot *slot, uint32_t bit)
{
    if (slot->listed == 0) {
        if (records->list_count == records->list_room) {
            size_t room = records->list_room * 2 + 1024;
            Record *list = realloc(records->list, room * sizeof *list);
            if (list == NULL)
                return false;
            records->list = list;
            records->list_room = room;
        }
        records->list[records->list_count++] = slot->record;
        slot->listed = (uint32_t)records->list_count;
    }
    records->list[slot->listed - 1].moments |= bit;
    return true;
}

bool records_moment(Records *records, RecordsReason reason, uint64_t event, uint64_t time,
                    uint64_t capacity)
{
    Slot **blocks = malloc((records->slot_count + 1) * sizeof(Slot *));
    RecordsMoment *moment = &records->moments[records->moment_count];
    size_t count = 0;

    if (blocks == NULL || records->moment_count == RECORDS_MOMENTS) {
        free(blocks);
        return false;
    }
    for (uint32_t i = 0; i < records->slot_count; i++)
        if (records->slots[i].live)
            blocks[count++] = &records->slots[i];

    *moment = (RecordsMoment){.reason = reason, .event = event, .time = time};
    qsort(blocks, count, sizeof(Slot *), by_offset);
    moment_sum(moment, blocks, count, capacity);

    size_t most = reason == MOMENT_REGULAR ? records->of_moment / 4 : records->of_moment;
    if (count > most)
        qsort(blocks, count, sizeof(Slot *), by_bytes);
    bool listed = true;
    for (size_t i = 0; i < count; i++) {
        if (i >= most) {
            moment->left_out++;
            moment->left_bytes += blocks[i]->record.bytes;
        } else if (!list_block(records, blocks[i], UINT32_C(1) << records->moment_count)) {
            listed = false;
        }
    }
    records->moment_count++;
    free(blocks);
    return listed;
}

const RecordsMoment *records_moments(const Records *records, size_t *count)
{
    *count = records->moment_count;
    return records->moments;
}

/* ------------------------------------------------------------------------------------------------
 * All together
 * --------------------------------------------------------------------------------------------- */

static int by_from(const void *a, const void *b)
{
    const Record *one = a, *other = b;

    return (one->from > other->from) - (one->from < other->from);
}

bool records_finish(Records *records, uint64_t events)
{
    for (uint32_t i = 0; i < records->slot_count; i++)
        if (records->slots[i].live && records->slots[i].listed == 0)
            records_offer(records, &records->slots[i].record, events);

    size_t count = records->list_count + records->heap_count;
    Record *list = realloc(records->list, (count + 1) * sizeof *list);
    if (list == NULL)
        return false;
    for (size_t i = 0; i < records->heap_count; i++)
        list[records->list_count + i] = records->heap[i].record;
    qsort(list, count, sizeof *list, by_from);
    records->list = list;
    records->list_count = records->list_room = count;
    return true;
}

const Record *records_list(const Records *records, size_t *count)
{
    *count = records->list_count;
    return records->list;
}
