/* SPDX-License-Identifier: MIT
 *
 * A program that knows nothing of libmem but Mem_OnFull, which it looks for: it gives up what it has kept when
 * malloc() finds no room. */
#include <dlfcn.h>
#include <errno.h>
#include <mem.h>
#include <string.h>

#include "expect.h"

enum { KEPT = 64, BYTES = 100000 };

static char *kept[KEPT];
/* Compilers believe that malloc() calls nothing of the program. */
static volatile int have;
static volatile int calls;

typedef union Function {
    void *address;
    void (*on_full)(Mem_FullHandler *handler, void *context);
} Function;

static int give_up(const Mem_Full *full, void *context)
{
    EXPECT(context == kept);
    EXPECT(full->region == NULL); /* not one for the functions of libmem */
    EXPECT(full->size >= BYTES);
    calls++;
    if (have == 0) {
        return 0;
    }
    have--;
    free(kept[have]);
    return 1;
}

static char *take(void)
{
    char *block = malloc(BYTES);

    if (block != NULL) {
        memset(block, 1, BYTES);
    }
    return block;
}

int main(void)
{
    Function function = {.address = dlsym(RTLD_DEFAULT, "Mem_OnFull")};
    char *block;

    EXPECT(function.address != NULL);
    while (have < KEPT && (kept[have] = take()) != NULL) {
        have++;
    }
    EXPECT(have == KEPT);
    while (take() != NULL) {
    }
    EXPECT(errno == ENOMEM);
    function.on_full(give_up, kept);
    errno = EILSEQ;
    block = take();
    EXPECT(block != NULL);
    EXPECT(errno == EILSEQ);
    EXPECT(calls == 1 && have == KEPT - 1);
    block = realloc(block, (size_t)3 * BYTES);
    EXPECT(block != NULL && block[BYTES - 1] == 1);
    EXPECT(calls > 1);
    EXPECT(calloc(2, BYTES) != NULL);
    have = 0; /* nothing is left to give up */
    calls = 0;
    while (take() != NULL) {
    }
    EXPECT(errno == ENOMEM && calls == 1);
    function.on_full(NULL, NULL);
    EXPECT(take() == NULL && calls == 1);
    return 0;
}
