/* SPDX-License-Identifier: MIT
 *
 * Memory for small blocks is populated several pages at a time; unused large blocks take none. */
#include <malloc.h>
#include <string.h>
#include <sys/mman.h>

#include "expect.h"

enum { MIB = 1 << 20, SMALL = 1000, LARGE = 64 * MIB, MUCH = 16 * MIB };

/* Bytes before the region's end that are populated at once; and bytes behind the last block, where
 * a page ends. */
enum { NEAR = 100000, NOTE = 16 };

/* Takes memory in blocks of a size, and writes to all of it. */
static void take(size_t bytes, size_t size)
{
    for (size_t taken = 0; taken < bytes; taken += size) {
        char *block = malloc(size);

        EXPECT(block != NULL);
        memset(block, 'a', size);
    }
}

/* Returns whether the kernel can populate pages. */
static int kernel_can(void)
{
#ifdef MADV_POPULATE_WRITE
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    void *memory = mmap(NULL, page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    return memory != MAP_FAILED && madvise(memory, page, MADV_POPULATE_WRITE) == 0;
#else
    return 0;
#endif
}

/* Returns whether a page is resident that begins at least a page behind an address. */
static int is_present_behind(char *address)
{
    uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
    unsigned char present = 0;

    EXPECT(mincore((void *)(((uintptr_t)address + 2 * page) & ~(page - 1)), page, &present) == 0);
    return present & 1;
}

/* Verifies that most new blocks have resident pages behind them. */
static void test_present(void)
{
    size_t present = 0;

    for (size_t i = 0; i < MUCH / SMALL; i++) {
        char *block = malloc(SMALL);

        EXPECT(block != NULL);
        present += (size_t)is_present_behind(block + SMALL);
        memset(block, 'p', SMALL);
    }
    EXPECT(present > MUCH / SMALL / 2);
}

static void test_no_more_than_needed(void)
{
    size_t before = expect_resident();
    size_t untouched;

    EXPECT(malloc(LARGE) != NULL);
    untouched = expect_resident();
    EXPECT(untouched <= before + MIB);
    take(MUCH, SMALL);
    EXPECT(expect_resident() <= untouched + MUCH + 2 * MIB);
}

/* Verifies that unused populated pages go back, and blocks in use keep their contents. */
static void test_trim(void)
{
    char *block;

    malloc_trim(0);
    take(MIB, SMALL);
    block = malloc(SMALL);
    EXPECT(block != NULL);
    memset(block, 't', SMALL);
    EXPECT(malloc_trim(0) == 1);
    for (size_t i = 0; i < SMALL; i++) {
        EXPECT(block[i] == 't');
    }
    take(MIB, SMALL);
}

/* Fills the region to its end, or near to it. Returns the end of the last block. */
static char *fill(size_t enough)
{
    char *end = NULL;
    char *block;

    for (size_t taken = 0; taken < enough && (block = malloc(SMALL)) != NULL; taken += SMALL) {
        char *block_end = block + malloc_usable_size(block);

        memset(block, 'f', SMALL);
        end = block_end > end ? block_end : end;
    }
    return end;
}

/* Finds the end of the region's memory, in a child, which has it at the same place. */
static char *find_end(void)
{
    char *end = NULL;
    int ends[2];

    EXPECT(pipe(ends) == 0);
    if (fork() == 0) {
        end = fill(SIZE_MAX);
        _exit(write(ends[1], &end, sizeof end) != sizeof end);
    }
    EXPECT(read(ends[0], &end, sizeof end) == sizeof end && end != NULL);
    return end;
}

/* Verifies that the data behind the last block survive populating and giving back. */
static void test_end(void)
{
    static const char nothing[NOTE];
    uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
    char *end = find_end();
    const char *note = (char *)(((uintptr_t)end + page) & ~(page - 1)) - NOTE;
    char before[NOTE];

    while (end - fill(SMALL) > NEAR) {
    }
    memcpy(before, note, NOTE);
    EXPECT(memcmp(before, nothing, NOTE) != 0);
    malloc_trim(0);
    EXPECT(memcmp(before, note, NOTE) == 0);
    EXPECT(fill(SIZE_MAX) != NULL);
    malloc_trim(0);
    EXPECT(memcmp(before, note, NOTE) == 0);
}

int main(int argc, char **argv)
{
    if (argc > 1 && strcmp(argv[1], "end") == 0) {
        test_end();
        return EXIT_SUCCESS;
    }
    if (expect_resident() == 0) {
        puts("skipped: there is no /proc");
        return 77;
    }
    test_no_more_than_needed();
    test_trim();
    if (kernel_can()) {
        test_present();
    }
    return EXIT_SUCCESS;
}
