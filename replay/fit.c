/* SPDX-License-Identifier: MIT
 *
 * A search first leaps upwards from the bound, in steps that double, until a region carries the trace; then it halves
 * what lies between, or divides it by more, since several regions are played at a time; and then it tries the sizes
 * above. If one of these fails, it leaps on from there. */
#include "replay/fit.h"

#include <stdlib.h>

#include "os/pages.h"
#include "replay/table.h"

enum {
    FENCE = 16,   /* bytes of a region that no block has */
    AT_ONCE = 16, /* regions that are played at a time: no more can have caches */
    LEAST_AT_ONCE =
        8, /* the same, of long traces: to read them again takes less time than more regions would */
    LONG = 4000000 /* events of a long trace */
};

/* A size that was tried. */
typedef struct Tried {
    uint64_t pages;
    uint64_t total; /* as in Trial */
    bool carried;
} Tried;

typedef struct Search {
    Fit *fit;
    uint64_t low;  /* pages: this fails, or has less than the bound */
    uint64_t high; /* pages: the least known to carry the trace above that; 0: none is known */
    uint64_t leap; /* pages, while none is known: so much above low the next one is tried */
    Tried *tried;
    size_t room, count; /* places there, and those in use */
    bool done;
} Search;

static uint64_t pages_for(uint64_t bytes)
{
    uint64_t page = pages_size();

    return (bytes + FENCE + page - 1) / page;
}

static const Tried *find(const Search *search, uint64_t pages)
{
    for (size_t i = 0; i < search->count; i++) {
        if (search->tried[i].pages == pages) {
            return &search->tried[i];
        }
    }
    return NULL;
}

/* ------------------------------------------------------------------------------------------------
 * What to try next
 * --------------------------------------------------------------------------------------------- */

/* Trials that are to be made at a time. */
typedef struct Batch {
    Trial trials[AT_ONCE];
    Search *searches[AT_ONCE]; /* whose trial it is */
    size_t count;
} Batch;

/* Adds a trial of a size, if it was not tried and is not about to be. most: how many more the search may have. */
static void propose(Batch *batch, Search *search, uint64_t pages, size_t *most)
{
    PlayerOptions options = search->fit->options;

    options.size = pages * pages_size();
    for (size_t i = 0; i < batch->count; i++) {
        if (batch->searches[i] == search && batch->trials[i].options.size == options.size) {
            return;
        }
    }
    if (*most != 0 && find(search, pages) == NULL) {
        batch->searches[batch->count] = search;
        batch->trials[batch->count++] = (Trial){.options = options};
        --*most;
    }
}

static void propose_some(Batch *batch, Search *search, size_t most, size_t most_near)
{
    uint64_t gap = search->high - search->low;

    if (search->high == 0) {
        for (size_t i = 0, count = most; i < count; i++) {
            propose(batch, search, search->low + 1 + ((search->leap - 1) >> i), &most);
        }
    } else if (gap > FIT_MORE) {
        for (size_t i = 1, count = most; i <= count; i++) {
            propose(batch, search, search->low + gap * i / (count + 1), &most);
        }
    } else {
        for (uint64_t pages = search->low + 1; pages <= search->high + FIT_MORE; pages++) {
            propose(batch, search, pages, &most_near);
        }
    }
}

/* ------------------------------------------------------------------------------------------------
 * What is known then
 * --------------------------------------------------------------------------------------------- */

/* Whether the sizes above are known to carry the trace. If one is known to fail, the search goes on from there. */
static bool holds(Search *search)
{
    uint64_t known = 0;

    for (uint64_t pages = search->high + FIT_MORE; pages > search->high; pages--) {
        const Tried *tried = find(search, pages);

        if (tried != NULL && !tried->carried) {
            search->low = pages;
            search->high = 0;
            search->leap = FIT_MORE;
            return false;
        }
        known += tried != NULL;
    }
    return known == FIT_MORE;
}

/* Finds the neighbours, one that carries the trace and one that fails, above what is known to fail. */
static void narrow(Search *search)
{
    uint64_t high = UINT64_MAX;

    for (size_t i = 0; i < search->count; i++) {
        const Tried *tried = &search->tried[i];

        if (tried->carried && tried->pages > search->low && tried->pages < high) {
            high = tried->pages;
        }
    }
    for (size_t i = 0; i < search->count; i++) {
        const Tried *tried = &search->tried[i];

        if (!tried->carried && tried->pages > search->low && tried->pages < high) {
            search->low = tried->pages;
        }
    }
    if (high == UINT64_MAX) {
        search->leap *= 2;
    } else {
        search->high = high;
    }
}

static void conclude(Search *search)
{
    const Tried *tried;

    narrow(search);
    if (search->high == 0 || search->high - search->low > 1 || !holds(search)) {
        return;
    }
    tried = find(search, search->high);
    search->done = true;
    search->fit->options.size = search->high * pages_size();
    search->fit->total = tried == NULL ? 0 : tried->total;
    search->fit->tried = search->count;
}

static void note(Search *search, const Trial *trial)
{
    if (search->count == search->room) {
        search->tried = table_grow(search->tried, &search->room, search->count,
                                   sizeof *search->tried);
    }
    search->tried[search->count++] = (Tried){.pages = trial->options.size / pages_size(),
                                             .total = trial->total,
                                             .carried = trial->failed == TRIAL_CARRIED};
}

/* ------------------------------------------------------------------------------------------------
 * Searches
 * --------------------------------------------------------------------------------------------- */

/* The first leap leads to as much as a region uses that is large: that often carries the trace, and is seldom needed. */
static void begin(Search *searches, Fit *fits, size_t count, const TrialTrace *trace)
{
    Trial trials[FITS_MAX];

    for (size_t i = 0; i < count; i++) {
        trials[i] = (Trial){.options = fits[i].options};
        trials[i].options.size = 2 * fits[i].bound + (8 << 20);
    }
    trial_play(trace, trials, count, "a large region");
    for (size_t i = 0; i < count; i++) {
        uint64_t reach = pages_for(trials[i].reach);

        searches[i] = (Search){.fit = &fits[i], .low = pages_for(fits[i].bound) - 1};
        searches[i].leap = reach > searches[i].low + 1 ? reach - searches[i].low : 1;
        fits[i].least = pages_for(fits[i].bound) * pages_size();
    }
}

static bool step(const TrialTrace *trace, Search *searches, size_t count, uint64_t events)
{
    Batch batch = {.count = 0};
    size_t open = 0; /* searches that are not done */

    for (size_t i = 0; i < count; i++) {
        open += !searches[i].done;
    }
    for (size_t i = 0; i < count; i++) {
        if (!searches[i].done) {
            propose_some(&batch, &searches[i], (events < LONG ? AT_ONCE : LEAST_AT_ONCE) / open,
                         AT_ONCE / open);
        }
    }
    if (open == 0) {
        return false;
    }
    if (batch.count != 0) {
        trial_play(trace, batch.trials, batch.count, "the smallest region");
    }
    for (size_t i = 0; i < batch.count; i++) {
        note(batch.searches[i], &batch.trials[i]);
    }
    for (size_t i = 0; i < count; i++) {
        if (!searches[i].done) {
            conclude(&searches[i]);
        }
    }
    return true;
}

void fit_find(const TrialTrace *trace, Fit *fits, size_t count, uint64_t events)
{
    Search searches[FITS_MAX];

    begin(searches, fits, count, trace);
    while (step(trace, searches, count, events)) {
    }
    for (size_t i = 0; i < count; i++) {
        free(searches[i].tried);
    }
}
