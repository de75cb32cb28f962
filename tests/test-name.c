/* SPDX-License-Identifier: MIT
 *
 * Names of regions: how they are copied, and that dumps show them. Lines about misuses that have one are in
 * test-misuse-actions.c. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support.h"

enum { SIZE = 1 << 15 };

static char *dump(Mem_Region *region, Mem_Format format)
{
    char *text = NULL;
    size_t length;
    FILE *stream = open_memstream(&text, &length);

    ck_assert_int_eq(Mem_RegionDump(region, stream, format), 0);
    fclose(stream);
    return text;
}

static void verify(Mem_Region *region, const char *quoted)
{
    char expected[200];
    char *text = dump(region, MEM_TEXT);

    snprintf(expected, sizeof expected, "region %p%s%s\n",
             (void *)Mem_RegionOf(Mem_RegionAlloc(region, 1)),
             strcmp(quoted, "\"\"") == 0 ? "" : " ", strcmp(quoted, "\"\"") == 0 ? "" : quoted);
    ck_assert_msg(strncmp(text, expected, strlen(expected)) == 0, "%s should be %s", text,
                  expected);
    free(text);
    text = dump(region, MEM_JSON);
    snprintf(expected, sizeof expected, ",\"name\":%s,\"capacity\"", quoted);
    ck_assert_msg(strstr(text, expected) != NULL, "%s should have %s", text, expected);
    free(text);
}

#define NINE "123456789"
#define FORTY_FIVE NINE NINE NINE NINE NINE

static const struct {
    const char *name, *quoted;
} names[] = {
    {NULL, "\"\""},
    {"", "\"\""},
    {"assets", "\"assets\""},
    {"two words", "\"two words\""},
    {"a \"quoted\" \\name", "\"a \\\"quoted\\\" \\\\name\""},
    /* of UTF-8: two, three and four bytes */
    {"\xC3\xA4 \xE2\x82\xAC \xF0\x9F\x8D\x8E", "\"\xC3\xA4 \xE2\x82\xAC \xF0\x9F\x8D\x8E\""},
    {"line\nbell\a\x7F", "\"line?bell??\""},
    {"\x1B[2J", "\"?[2J\""},
    {"\xC2\x9B", "\"??\""},           /* a control character of two bytes */
    {"\xFF\xC3", "\"??\""},           /* no UTF-8, and the first half of a character */
    {"\xC3(", "\"?(\""},              /* a character that does not go on */
    {"\xC0\xAF", "\"??\""},           /* a longer form of a shorter one */
    {"\xE0\x80\xAF", "\"???\""},      /* likewise */
    {"\xED\xA0\x80", "\"???\""},      /* half of a pair of UTF-16 */
    {"\xF4\x90\x80\x80", "\"????\""}, /* beyond what there is */
    {"\xF8\x88\x80\x80", "\"????\""}, /* likewise */
    {FORTY_FIVE "ab", "\"" FORTY_FIVE "ab\""},
    {FORTY_FIVE "abc", "\"" FORTY_FIVE "ab\""},
    {FORTY_FIVE FORTY_FIVE, "\"" FORTY_FIVE "12\""},
    {FORTY_FIVE "a\xC3\xA4", "\"" FORTY_FIVE "a\""}, /* not half a character */
    {FORTY_FIVE "\xC3\xA4", "\"" FORTY_FIVE "\xC3\xA4\""},
};

START_TEST(names_are_shown)
{
    static char memory[SIZE];
    char name[200];
    Mem_Options options = {.name = names[_i].name};
    Mem_Region *mapped, *inside;

    if (names[_i].name != NULL) { /* a copy, which ends where a page of its own might */
        strcpy(name, names[_i].name);
        options.name = name;
    }
    mapped = Mem_RegionCreate(SIZE, &options);
    inside = Mem_RegionCreateAt(memory, SIZE, &options);
    ck_assert_int_eq(Mem_InitWith(SIZE, &options), 0);
    memset(name, 'x', sizeof name);
    verify(mapped, names[_i].quoted);
    verify(inside, names[_i].quoted);
    verify(NULL, names[_i].quoted);
    ck_assert_int_eq(Mem_RegionReset(mapped), 0);
    verify(mapped, names[_i].quoted);
}
END_TEST

START_TEST(init_with_options)
{
    Mem_Options wrong = {.alignment = 3};
    Mem_Options options = {.alignment = 64, .flags = MEM_EXACT};

    errno = 0;
    ck_assert_int_eq(Mem_InitWith(SIZE, &wrong), -1);
    ck_assert_int_eq(errno, EINVAL);
    wrong = (Mem_Options){.reserved = {0, 0, 0, 0, 1}};
    ck_assert_int_eq(Mem_InitWith(SIZE, &wrong), -1);
    errno = 0;
    ck_assert_int_eq(Mem_InitWith(0, &options), -1);
    ck_assert_int_eq(errno, EINVAL);
    ck_assert_int_eq(Mem_InitWith((size_t)PTRDIFF_MAX + 1, &options), -1);
    errno = ERANGE;
    ck_assert_int_eq(Mem_InitWith(SIZE, &options), 0);
    ck_assert_int_eq(errno, ERANGE);
    ck_assert_uint_eq((uintptr_t)Mem_Alloc(1) % 64, 0);
    ck_assert_uint_eq((uintptr_t)Mem_Alloc(1) % 64, 0);
    ck_assert_int_eq(Mem_InitWith(SIZE, NULL), -1);
    ck_assert_int_eq(errno, EBUSY);
    ck_assert_int_eq(Mem_Init(SIZE), -1);
    ck_assert_int_eq(errno, EBUSY);
    ck_assert_int_eq(Mem_Exit(), 0);
    ck_assert_int_eq(Mem_InitWith(SIZE, NULL), 0);
    ck_assert_uint_eq(Mem_Size(Mem_Alloc(1)), 8);
    ck_assert_int_eq(Mem_Exit(), 0);
}
END_TEST

int main(void)
{
    TCase *tests = support_begin("name");

    tcase_add_loop_test(tests, names_are_shown, 0, (int)(sizeof names / sizeof names[0]));
    tcase_add_test(tests, init_with_options);
    return support_end();
}
