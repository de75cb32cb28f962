/* SPDX-License-Identifier: MIT
 *
 * A plug-in that brings libmem with it is unloaded while a thread lives that has used a region.
 * When the thread ends later, the functions called then are still there. The same with
 * libmem-malloc.so. This program is not linked with libmem, so nothing else keeps it loaded. */
#include <dlfcn.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

enum { CALLS = 3000, SKIPPED = 77 };

static void *handle;
static bool is_malloc;
static pthread_barrier_t barrier;

/* Finds a function of the library; converts it as POSIX says. */
static void find(void *function, const char *name)
{
    *(void **)function = dlsym(handle, name);
    if (*(void **)function == NULL) {
        printf("no %s()\n", name);
        exit(1);
    }
}

static void use_region(void)
{
    void *(*create)(size_t, const void *) = NULL;
    void *(*alloc)(void *, size_t) = NULL;
    int (*give)(void *, void *) = NULL;
    int (*destroy)(void *) = NULL;
    void *region;

    find(&create, "Mem_RegionCreate");
    find(&alloc, "Mem_RegionAlloc");
    find(&give, "Mem_RegionFree");
    find(&destroy, "Mem_RegionDestroy");
    region = create(1 << 20, NULL);
    for (int i = 0; i < CALLS; i++) {
        give(region, alloc(region, 64));
    }
    destroy(region);
}

static void use_malloc(void)
{
    void *(*alloc)(size_t) = NULL;
    void (*give)(void *) = NULL;

    find(&alloc, "malloc");
    find(&give, "free");
    for (int i = 0; i < CALLS; i++) {
        give(alloc(64));
    }
}

static void *work(void *unused)
{
    if (is_malloc) {
        use_malloc();
    } else {
        use_region();
    }
    pthread_barrier_wait(&barrier); /* it was used … */
    pthread_barrier_wait(&barrier); /* … and unloaded */
    return unused;
}

/* Returns false if there is no such file. */
static bool unload(const char *file)
{
    char path[4096];
    const char *top = getenv("top_builddir");
    pthread_t thread;

    snprintf(path, sizeof path, "%s/.libs/%s", top == NULL ? "." : top, file);
    handle = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    if (handle == NULL) {
        puts(dlerror());
        return false;
    }
    if (pthread_create(&thread, NULL, work, NULL) != 0) {
        exit(1);
    }
    pthread_barrier_wait(&barrier);
    if (dlclose(handle) != 0) {
        puts(dlerror());
        exit(1);
    }
    pthread_barrier_wait(&barrier);
    return pthread_join(thread, NULL) == 0;
}

int main(void)
{
    bool done;

    setenv("LIBMEM_SIZE", "16M", 1);
    pthread_barrier_init(&barrier, NULL, 2);
    done = unload("libmem.so");
    is_malloc = true;
    done |= unload("libmem-malloc.so");
    return done ? 0 : SKIPPED;
}
