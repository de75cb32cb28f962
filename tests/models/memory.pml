/* SPDX-License-Identifier: MIT
 *
 * Memory as threads see it, for the models beside this one, which define THREADS and LOCATIONS
 * before they include this. Each process has a byte "me", the number of its thread, and a byte
 * "pick".
 *
 *   LOAD, LOAD_ACQUIRE           into a variable
 *   STORE                        memory_order_relaxed
 *   STORE_RELEASE
 *   EXCHANGE                     any atomic read-modify-write, acquire and release; gives the old value
 *   FENCE                        memory_order_seq_cst
 *   FENCE_ALL                    membarrier(2): a fence in every thread
 *   FENCE_ACQUIRE, FENCE_RELEASE
 *   LATEST(location)             the value stored last, visible to all or not: for a thread that
 *                                excludes all others, or the only one that stores there
 *   LATEST_OF(thread, location)  the same, for another thread to read
 *   IN_MEMORY(location)          the value that an atomic read-modify-write finds
 *   TAKE_LOCK, GIVE_LOCK         a mutex; LOCK_IS_FREE
 *   VISIBLE(thread)              all stores of a thread are in memory; ALL_VISIBLE
 *
 * Without C11 defined: x86. Each thread has a queue of stores, which reach memory later, in order.
 * A thread sees its own stores at once.
 *
 * With C11 defined: the memory model of C11, and so arm64, except for loads after later stores
 * (nothing modelled here allows these: each load decides about the store, or is an acquire, or
 * precedes a release). Each location has a history of stores, in the order in which all threads see
 * them. Each thread has a view: the oldest store of each location that it may still see. A load
 * takes any store from there on. Fences and acquire loads advance the view. */

#ifdef C11

#define HISTORY 8 /* an assertion fails if these are too few */

typedef View {
    byte at[LOCATIONS]
};

typedef Store {
    byte value;
    View view /* visible after an acquire load of it */
};

typedef Location {
    Store stores[HISTORY];
    byte latest
};

typedef Thread {
    View now;      /* must be seen */
    View loaded;   /* must be seen after a fence */
    View released  /* must be seen, after an acquire, by threads that see its relaxed stores */
};

Location memory[LOCATIONS];
Thread threads[THREADS];
View fenced;       /* made visible by a fence: everything before other fences */
bool locked;
View unlocked;     /* must be seen by the next holder of the lock */
hidden byte i, j, k;

#define JOIN(to, from)                                                                                                  \
    for (i : 0 .. LOCATIONS - 1) {                                                                                      \
        if                                                                                                              \
        :: from.at[i] > to.at[i] -> to.at[i] = from.at[i]                                                               \
        :: else                                                                                                         \
        fi                                                                                                              \
    }

#define COPY(to, from)                                                                                                  \
    for (i : 0 .. LOCATIONS - 1) {                                                                                      \
        to.at[i] = from.at[i]                                                                                           \
    }

#define LATEST(location) memory[location].stores[memory[location].latest].value
#define LATEST_OF(thread, location) LATEST(location)
#define IN_MEMORY(location) LATEST(location)
#define VISIBLE(thread) true
#define ALL_VISIBLE true
#define LOCK_IS_FREE (!locked)

#define LOWER(place) place = (place > k -> place - k : 0)

/* Forgets stores that no thread can see any more, so that states that differ only by these are the
 * same. */
inline forget(location)
{
    k = memory[location].latest;
    for (i : 0 .. THREADS - 1) {
        if
        :: threads[i].now.at[location] < k -> k = threads[i].now.at[location]
        :: else
        fi
    }
    if
    :: k != 0 ->
        for (i : 0 .. memory[location].latest - k) {
            memory[location].stores[i].value = memory[location].stores[i + k].value;
            for (j : 0 .. LOCATIONS - 1) {
                memory[location].stores[i].view.at[j] = memory[location].stores[i + k].view.at[j]
            }
        }
        for (i : memory[location].latest - k + 1 .. memory[location].latest) {
            memory[location].stores[i].value = 0;
            for (j : 0 .. LOCATIONS - 1) {
                memory[location].stores[i].view.at[j] = 0
            }
        }
        memory[location].latest = memory[location].latest - k;
        for (i : 0 .. THREADS - 1) {
            LOWER(threads[i].now.at[location]);
            LOWER(threads[i].loaded.at[location]);
            LOWER(threads[i].released.at[location])
        }
        LOWER(fenced.at[location]);
        LOWER(unlocked.at[location]);
        for (i : 0 .. LOCATIONS - 1) {
            for (j : 0 .. HISTORY - 1) {
                LOWER(memory[i].stores[j].view.at[location])
            }
        }
    :: else
    fi
}

inline forget_all()
{
    for (pick : 0 .. LOCATIONS - 1) {
        forget(pick)
    }
    pick = 0
}

/* Chooses any store from the oldest one that the thread may see. */
inline choose(location)
{
    pick = threads[me].now.at[location];
    do
    :: pick < memory[location].latest -> pick++
    :: break
    od
}

inline LOAD(location, variable)
{
    atomic {
        choose(location);
        d_step {
            variable = memory[location].stores[pick].value;
            threads[me].now.at[location] = pick;
            JOIN(threads[me].loaded, threads[me].now)
            JOIN(threads[me].loaded, memory[location].stores[pick].view)
            forget(location);
            pick = 0
        }
    }
}

inline LOAD_ACQUIRE(location, variable)
{
    atomic {
        choose(location);
        d_step {
            variable = memory[location].stores[pick].value;
            threads[me].now.at[location] = pick;
            JOIN(threads[me].now, memory[location].stores[pick].view)
            JOIN(threads[me].loaded, threads[me].now)
            forget_all()
        }
    }
}

inline append(location, stored)
{
    assert(memory[location].latest < HISTORY - 1);
    memory[location].latest++;
    threads[me].now.at[location] = memory[location].latest;
    memory[location].stores[memory[location].latest].value = stored
}

inline STORE(location, stored)
{
    d_step {
        append(location, stored);
        COPY(memory[location].stores[memory[location].latest].view, threads[me].released)
        memory[location].stores[memory[location].latest].view.at[location] = memory[location].latest;
        JOIN(threads[me].loaded, threads[me].now)
        forget(location)
    }
}

inline STORE_RELEASE(location, stored)
{
    d_step {
        append(location, stored);
        COPY(memory[location].stores[memory[location].latest].view, threads[me].now)
        JOIN(threads[me].loaded, threads[me].now)
        forget(location)
    }
}

inline EXCHANGE(location, variable, stored)
{
    d_step {
        k = LATEST(location);
        threads[me].now.at[location] = memory[location].latest;
        JOIN(threads[me].now, memory[location].stores[memory[location].latest].view)
        append(location, stored);
        COPY(memory[location].stores[memory[location].latest].view, threads[me].now)
        JOIN(threads[me].loaded, threads[me].now)
        variable = k;
        forget_all()
    }
}

inline FENCE()
{
    d_step {
        COPY(threads[me].now, threads[me].loaded)
        JOIN(threads[me].now, fenced)
        COPY(fenced, threads[me].now)
        COPY(threads[me].loaded, threads[me].now)
        COPY(threads[me].released, threads[me].now)
        forget_all()
    }
}

inline FENCE_ACQUIRE()
{
    d_step {
        COPY(threads[me].now, threads[me].loaded)
        forget_all()
    }
}

inline FENCE_RELEASE()
{
    d_step {
        COPY(threads[me].released, threads[me].now)
    }
}

inline TAKE_LOCK()
{
    atomic {
        !locked -> locked = true;
        d_step {
            JOIN(threads[me].now, unlocked)
            JOIN(threads[me].loaded, threads[me].now)
            forget_all()
        }
    }
}

inline GIVE_LOCK()
{
    d_step {
        COPY(unlocked, threads[me].now)
        locked = false
    }
}

/* Makes a thread see everything that another one sees, as when it gets a message from it. */
#define SEE_ALL_OF(thread)                                                                                              \
    d_step {                                                                                                            \
        JOIN(threads[me].now, threads[thread].now)                                                                      \
        JOIN(threads[me].loaded, threads[me].now)                                                                       \
        forget_all()                                                                                                    \
    }

/* Makes every thread see what any has seen, and what all had stored. */
inline FENCE_ALL()
{
    d_step {
        for (pick : 0 .. THREADS - 1) {
            JOIN(fenced, threads[pick].loaded)
        }
        for (pick : 0 .. THREADS - 1) {
            COPY(threads[pick].now, fenced)
            COPY(threads[pick].loaded, fenced)
            COPY(threads[pick].released, fenced)
        }
        forget_all()
    }
}

/* Marks a thread that loads nothing any more: no history is kept for it. */
inline REST()
{
    d_step {
        for (pick : 0 .. LOCATIONS - 1) {
            threads[me].now.at[pick] = memory[pick].latest
        }
        JOIN(threads[me].loaded, threads[me].now)
        forget_all()
    }
}

#else

#define QUEUED 2
#define LOCK LOCATIONS

typedef Thread {
    byte last[LOCATIONS + 1];  /* value stored last … */
    byte queued[LOCATIONS + 1] /* … by this many stores that are not in memory yet */
};

byte memory[LOCATIONS + 1];
Thread threads[THREADS];
chan stores[THREADS] = [QUEUED] of { byte, byte };

#define LATEST_OF(thread, location)                                                                                     \
    (threads[thread].queued[location] != 0 -> threads[thread].last[location] : memory[location])
#define LATEST(location) LATEST_OF(me, location)
#define IN_MEMORY(location) memory[location]
#define VISIBLE(thread) (empty(stores[thread]))
#define ALL_VISIBLE (VISIBLE(0) && VISIBLE(1) && VISIBLE(THREADS / 2) && VISIBLE(THREADS - 1))
#define LOCK_IS_FREE (memory[LOCK] == 0)

inline LOAD(location, variable)
{
    variable = LATEST(location)
}

inline LOAD_ACQUIRE(location, variable)
{
    LOAD(location, variable)
}

inline STORE(location, stored)
{
    atomic {
        stores[me] ! location, stored;
        threads[me].queued[location]++;
        threads[me].last[location] = stored
    }
}

inline STORE_RELEASE(location, stored)
{
    STORE(location, stored)
}

inline EXCHANGE(location, variable, stored)
{
    atomic {
        VISIBLE(me) -> pick = memory[location];
        memory[location] = stored;
        variable = pick;
        pick = 0
    }
}

inline FENCE()
{
    VISIBLE(me)
}

inline FENCE_ACQUIRE()
{
    skip
}

inline FENCE_RELEASE()
{
    skip
}

inline TAKE_LOCK()
{
    atomic {
        (VISIBLE(me) && LOCK_IS_FREE) -> memory[LOCK] = 1
    }
}

inline GIVE_LOCK()
{
    STORE(LOCK, 0)
}

#define SEE_ALL_OF(thread) VISIBLE(thread)

inline FENCE_ALL()
{
    atomic {
        for (pick : 0 .. THREADS - 1) {
            VISIBLE(pick)
        }
        pick = 0
    }
}

inline REST()
{
    skip
}

active [THREADS] proctype Queue()
{
    byte location, stored;

end:
    do
    :: atomic {
        stores[_pid] ? location, stored ->
        memory[location] = stored;
        threads[_pid].queued[location]--;
        if
        :: threads[_pid].queued[location] == 0 -> threads[_pid].last[location] = 0
        :: else
        fi;
        location = 0;
        stored = 0
    }
    od
}

#endif
