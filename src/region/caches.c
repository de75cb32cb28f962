/* SPDX-License-Identifier: MIT */
#include "region/caches.h"

enum {
    /* Calls on the heap before a thread gets a cache: a program of a few hundred calls sees the
     * heap itself. */
    REGION_CALLS = 1000
};

static void in_child(void);

static const LockForkHooks fork_hooks = {threads_before_fork, threads_in_parent, in_child};

/* Regions by slot; NULL: none. */
static Region *regions[THREAD_REGIONS];

/* How far caches_prepare has come. */
static enum Prepared { NOT_YET, BEGUN, DONE } prepared;

/* The functions called here may be replaced, and may allocate, and so come here again. So no thread
 * waits: a thread that comes while another prepares does without caches. */
bool caches_prepare(void)
{
    enum Prepared seen = NOT_YET;

    if (!__atomic_compare_exchange_n(&prepared, &seen, BEGUN, false, __ATOMIC_ACQUIRE,
                                     __ATOMIC_ACQUIRE)) {
        return seen == DONE;
    }
    lock_on_fork(&fork_hooks); /* first: what follows uses locks that fork() must take */
    thread_prepare(caches_leave);
    __atomic_store_n(&prepared, DONE, __ATOMIC_RELEASE);
    return true;
}

static ptrdiff_t distance(const Layout *layout, size_t part)
{
    return (ptrdiff_t)part - (ptrdiff_t)layout->heads;
}

void caches_start(Region *region, const Layout *layout, size_t pool_bytes)
{
    Caches *caches = region_caches(region);
    size_t slot;

    if (!thread_find_slot(&slot)) {
        return;
    }
    regions[slot] = region;
    *caches = (Caches){.slot = slot,
                       .pool = distance(layout, layout->front),
                       .live = distance(layout, layout->live),
                       .remote = distance(layout, layout->remote),
                       .listed = distance(layout, layout->listed),
                       .posted = distance(layout, layout->posted),
                       .tags = distance(layout, layout->tags),
                       .offsets = distance(layout, layout->offsets)};
    pool_init(region_pool(region), pool_bytes, layout->end_guard - layout->heap);
    region->small = SIZES_SMALL;
}

void caches_end(Region *region)
{
    regions[region_slot(region)] = NULL;
    thread_drop_slot(region_slot(region));
}

void caches_leave(Cache *cache)
{
    Pool *pool = cache->pool;

    lock_take_spin(&pool->lock);
    cache->next = pool->left;
    __atomic_store_n(&pool->left, tag_owner(cache->tag), __ATOMIC_RELAXED);
    lock_release_spin(&pool->lock);
}

/* Returns the cache that a thread left last; NULL: there is none. */
static Cache *adopt(Pool *pool)
{
    Cache *cache = NULL;

    spin_take(&pool->lock);
    if (pool->left != 0) {
        cache = pool_cache(pool, pool->left);
        __atomic_store_n(&pool->left, cache->next, __ATOMIC_RELAXED);
    }
    spin_release(&pool->lock);
    return cache;
}

static Cache *create(Region *region)
{
    Pool *pool = region_pool(region);
    unsigned owner;
    Cache *cache = pool_take_cache(pool, sizeof *cache, &owner);

    if (cache != NULL) {
        *cache = cache_none;
        cache->granules = region_granules(region);
        cache->pool = pool;
        cache->end = region->heap.end;
        cache->tag = owner << OWNER_SHIFT;
    }
    return cache;
}

/* Hides the caches of a broken region again: another thread may have been hiding them. That comes
 * before the caches of this thread are shown. */
static void in_child(void)
{
    for (size_t slot = 0; slot < THREAD_REGIONS; slot++) {
        if (regions[slot] != NULL) {
            caches_decide_all(regions[slot]);
        }
        if (regions[slot] != NULL && regions[slot]->heap.broken) {
            region_hide_caches(regions[slot]);
        }
    }
    threads_in_child();
    if (prepared == BEGUN) { /* by a thread that does not exist here */
        prepared = NOT_YET;
    }
}

/* A cache that another thread has left is taken at once: it is warm. */
void caches_note_call(Region *region)
{
    Pool *pool = region_pool(region);
    size_t slot = region_slot(region);
    Operation operation;

    /* A thread in fork() can make no cache: the locks for that are held. */
    if (lock_in_fork() || thread_self->owned[slot] != NULL ||
        !thread_count_call(slot, __atomic_load_n(&pool->left, __ATOMIC_RELAXED) != 0)) {
        return;
    }
    if (!caches_prepare() || !thread_make_known()) {
        return;
    }
    operation_begin(&operation, region);
    if (thread_self->owned[slot] == NULL && !region->heap.broken &&
        region->heap.taken + region->heap.given >= REGION_CALLS) {
        Cache *cache = adopt(pool);

        thread_set_cache(thread_self, slot, cache != NULL ? cache : create(region));
    }
    operation_end(&operation);
}
