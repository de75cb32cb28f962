/* SPDX-License-Identifier: MIT
 *
 * Every function of the C library that allocates, frees or reports on the heap, against its
 * documented semantics: those of C23, of POSIX, and of glibc's manual. */
#include <malloc.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>

#include "expect.h"

/* From C23 and from the past; headers have none of them. */
void free_sized(void *pointer, size_t size) __attribute__((__weak__));
void free_aligned_sized(void *pointer, size_t alignment, size_t size) __attribute__((__weak__));
void cfree(void *pointer) __attribute__((__weak__));

/* glibc's second names. */
void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *pointer, size_t size);
void *__libc_memalign(size_t alignment, size_t size);
void *__libc_valloc(size_t size);
void *__libc_pvalloc(size_t size);
void __libc_free(void *pointer);
int __libc_mallopt(int parameter, int value);

enum { OTHER_ERROR = EXDEV };

/* Sizes too large for any heap. Volatile, or compilers warn of them. */
static volatile size_t too_much[] = {(size_t)PTRDIFF_MAX, (size_t)PTRDIFF_MAX + 1, SIZE_MAX - 4095,
                                     SIZE_MAX - 8, SIZE_MAX};
enum { TOO_MUCH = sizeof too_much / sizeof too_much[0] };

static bool is_aligned(const void *pointer, size_t alignment)
{
    return (uintptr_t)pointer % alignment == 0;
}

/* Verifies that a block is there, is aligned, and is usable to the last byte, and that errno was
 * kept. */
static void expect_block(void *block, size_t size, size_t alignment)
{
    EXPECT(block != NULL);
    EXPECT(errno == OTHER_ERROR);
    EXPECT(is_aligned(block, alignment));
    EXPECT(malloc_usable_size(block) >= size);
    memset(block, 0xa5, malloc_usable_size(block));
    EXPECT(errno == OTHER_ERROR);
}

static void expect_failure(const void *block, int error)
{
    EXPECT(block == NULL);
    EXPECT(errno == error);
    errno = OTHER_ERROR;
}

static void free_block(void *block)
{
    free(block);
    EXPECT(errno == OTHER_ERROR);
}

static void test_malloc(void)
{
    void *empty = malloc(0);
    void *other = malloc(0);

    expect_block(empty, 0, 16);
    expect_block(other, 0, 16);
    EXPECT(empty != other);
    free_block(empty);
    free_block(other);
    free_block(NULL);
    for (size_t size = 1; size < 100000000; size = size * 5 / 4 + 1) {
        void *block = malloc(size);

        expect_block(block, size, _Alignof(max_align_t));
        free_block(block);
    }
    for (size_t i = 0; i < TOO_MUCH; i++) {
        expect_failure(malloc(too_much[i]), ENOMEM);
    }
}

static bool is_zero(const unsigned char *bytes, size_t size)
{
    return size == 0 || (bytes[0] == 0 && memcmp(bytes, bytes + 1, size - 1) == 0);
}

static void test_calloc(void)
{
    void *empty = calloc(0, 5);

    expect_block(empty, 0, 16);
    free_block(empty);
    empty = calloc(5, 0);
    expect_block(empty, 0, 16);
    free_block(empty);
    for (int round = 0; round < 2; round++) { /* the second time in memory that was written to */
        for (size_t size = 1; size < 10000000; size = size * 5 / 4 + 1) {
            unsigned char *block = calloc(3, size);

            EXPECT(block != NULL && is_zero(block, 3 * size));
            expect_block(block, 3 * size, 16);
            free_block(block);
        }
    }
    for (size_t i = 0; i < TOO_MUCH; i++) {
        expect_failure(calloc(1, too_much[i]), ENOMEM);
        expect_failure(calloc(too_much[i], 3), ENOMEM);
    }
    expect_failure(calloc(too_much[1], 2), ENOMEM); /* the product is 0 in a size_t */
}

static void test_realloc(void)
{
    char *block = realloc(NULL, 10);

    expect_block(block, 10, 16);
    for (size_t size = 10; size < 10000000; size = size * 3 / 2) {
        memset(block, 'x', size);
        block = realloc(block, size * 3 / 2);
        EXPECT(block != NULL && block[0] == 'x' && block[size - 1] == 'x');
        EXPECT(errno == OTHER_ERROR);
        EXPECT(is_aligned(block, 16));
    }
    block = realloc(block, 5);
    EXPECT(block != NULL && memcmp(block, "xxxxx", 5) == 0);
    for (size_t i = 0; i < TOO_MUCH; i++) {
        expect_failure(realloc(block, too_much[i]), ENOMEM);
        EXPECT(memcmp(block, "xxxxx", 5) == 0);
    }
    EXPECT(realloc(block, 0) == NULL);
    EXPECT(errno == OTHER_ERROR);
    block = realloc(NULL, 0);
    expect_block(block, 0, 16);
    free_block(block);
}

static void test_reallocarray(void)
{
    void *volatile block = reallocarray(NULL, 7, 9); /* compilers think that it is freed too soon */

    expect_block(block, 63, 16);
    memset(block, 'y', 63);
    expect_failure(reallocarray(block, too_much[1], 2), ENOMEM);
    expect_failure(reallocarray(block, too_much[4], too_much[4]), ENOMEM);
    EXPECT(((char *)block)[62] == 'y');
    block = reallocarray(block, 100, 100);
    EXPECT(block != NULL && ((char *)block)[62] == 'y');
    EXPECT(reallocarray(block, 0, 100) == NULL);
    EXPECT(errno == OTHER_ERROR);
}

static void test_posix_memalign(void)
{
    static const size_t bad[] = {0, 1, 2, sizeof(void *) / 2, 3 * sizeof(void *), 24, 4095};
    void *block = &block;

    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        EXPECT(posix_memalign(&block, bad[i], 10) == EINVAL);
    }
    for (size_t i = 0; i < TOO_MUCH; i++) {
        EXPECT(posix_memalign(&block, 64, too_much[i]) == ENOMEM);
    }
    EXPECT(posix_memalign(&block, too_much[1], 1) == ENOMEM);
    EXPECT(block == &block && errno == OTHER_ERROR);
    for (size_t alignment = sizeof(void *); alignment <= (size_t)1 << 24; alignment *= 2) {
        for (size_t size = 0; size < 100000; size = size * 7 + 1) {
            EXPECT(posix_memalign(&block, alignment, size) == 0);
            expect_block(block, size, alignment);
            free_block(block);
        }
    }
}

static void test_aligned_alloc(void)
{
    static volatile size_t bad[] = {0, 3, 24, 4095, SIZE_MAX};

    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        expect_failure(aligned_alloc(bad[i], 64), EINVAL);
    }
    for (size_t alignment = 1; alignment <= 1 << 20; alignment *= 2) {
        void *block = aligned_alloc(alignment, alignment + 1);

        expect_block(block, alignment + 1, alignment);
        free_block(block);
    }
    for (size_t i = 0; i < TOO_MUCH; i++) {
        expect_failure(aligned_alloc(64, too_much[i]), ENOMEM);
    }
    expect_failure(aligned_alloc(too_much[1], 64), ENOMEM);
}

static void test_memalign(void)
{
    static volatile size_t alignments[][2] = {{0, 1},   {1, 1},       {3, 4},      {16, 16},
                                              {24, 32}, {4095, 4096}, {4097, 8192}};

    for (size_t i = 0; i < sizeof alignments / sizeof alignments[0]; i++) {
        void *block = memalign(alignments[i][0], 100);

        expect_block(block, 100, alignments[i][1]);
        EXPECT(is_aligned(block, 16));
        free_block(block);
    }
    expect_failure(memalign(too_much[1] + 1, 1), EINVAL);
    expect_failure(memalign(too_much[1], 1), ENOMEM);
    expect_failure(memalign(64, too_much[0]), ENOMEM);
}

static void test_pages(void)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    void *block = valloc(1);

    expect_block(block, 1, page);
    free_block(block);
    block = pvalloc(1);
    expect_block(block, page, page);
    free_block(block);
    block = pvalloc(page + 1);
    expect_block(block, 2 * page, page);
    free_block(block);
    block = pvalloc(0);
    expect_block(block, 0, page);
    free_block(block);
    for (size_t i = 0; i < TOO_MUCH; i++) {
        expect_failure(valloc(too_much[i]), ENOMEM);
        expect_failure(pvalloc(too_much[i]), ENOMEM);
    }
}

static void test_other_frees(void)
{
    void *block;

    EXPECT(cfree != NULL && free_sized != NULL && free_aligned_sized != NULL);
    for (size_t size = 0; size < 1000; size += 7) {
        block = malloc(size);
        free_sized(block, size);
        block = aligned_alloc(256, size);
        free_aligned_sized(block, 256, size);
        block = malloc(size);
        cfree(block);
    }
    free_sized(NULL, 10);
    free_aligned_sized(NULL, 16, 10);
    cfree(NULL);
    EXPECT(errno == OTHER_ERROR);
    EXPECT(malloc_usable_size(NULL) == 0);
}

/* Verifies that a block may be freed under either name. */
static void test_second_names(void)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    void *block = __libc_malloc(100);

    expect_block(block, 100, 16);
    free_block(block);
    block = __libc_calloc(3, 100);
    EXPECT(block != NULL && is_zero(block, 300));
    block = __libc_realloc(block, 5000);
    expect_block(block, 5000, 16);
    free_block(realloc(block, 10));
    block = __libc_memalign(256, 100);
    expect_block(block, 100, 256);
    free_block(block);
    block = __libc_valloc(1);
    expect_block(block, 1, page);
    free_block(block);
    block = __libc_pvalloc(1);
    expect_block(block, page, page);
    __libc_free(block);
    __libc_free(malloc(100));
    __libc_free(NULL);
    EXPECT(errno == OTHER_ERROR);
    EXPECT(__libc_mallopt(M_MXFAST, 64) == 1);
}

static void expect_in(const char *text, const char *part)
{
    if (strstr(text, part) == NULL) {
        fprintf(stderr, "no %s in %s\n", part, text);
        exit(EXIT_FAILURE);
    }
}

/* Verifies that the figures follow the memory in use. */
static void test_info(void)
{
    enum { SIZE = 3000000 };
    struct mallinfo2 before = mallinfo2();
    void *block = malloc(SIZE);
    struct mallinfo2 after = mallinfo2();
    char text[4096] = "";
    FILE *stream = fmemopen(text, sizeof text, "w");

    EXPECT(after.uordblks >= before.uordblks + SIZE && after.uordblks < before.uordblks + 2 * SIZE);
    EXPECT(after.arena == after.uordblks + after.fordblks);
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"
    EXPECT((size_t)mallinfo().uordblks >= after.uordblks - SIZE);
#pragma GCC diagnostic pop
    EXPECT(malloc_info(1, stream) == EINVAL);
    EXPECT(malloc_info(0, stream) == 0);
    fclose(stream);
    expect_in(text, "<malloc version=\"1\">\n<heap nr=\"0\">\n<sizes>");
    expect_in(text, "<system type=\"current\" size=\"");
    expect_in(text, "</heap>\n<total type=\"fast\"");
    expect_in(text, "</malloc>\n");
    free(block);
    EXPECT(mallopt(M_TRIM_THRESHOLD, 1 << 20) == 1);
    EXPECT(mallopt(M_MMAP_THRESHOLD, 1 << 20) == 1);
    EXPECT(mallopt(M_ARENA_MAX, 1) == 1);
    EXPECT(mallopt(M_MXFAST, 64) == 1);
    EXPECT(mallopt(M_MXFAST, -1) == 0);
    EXPECT(mallopt(12345, 1) == 0);
    malloc_stats(); /* to stderr, where the caller looks */
    errno = OTHER_ERROR;
}

int main(void)
{
    /* Otherwise stdio may allocate its buffer while calls are counted. */
    setvbuf(stdout, NULL, _IONBF, 0);
    errno = OTHER_ERROR;
    test_malloc();
    test_calloc();
    test_realloc();
    test_reallocarray();
    test_posix_memalign();
    test_aligned_alloc();
    test_memalign();
    test_pages();
    test_other_frees();
    test_second_names();
    test_info();
    return EXIT_SUCCESS;
}
