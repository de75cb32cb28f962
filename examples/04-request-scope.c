/* SPDX-License-Identifier: MIT
 *
 * A region for the length of a request. All memory for the request comes from one region, and
 * nothing is freed on the way. When the answer is out, Mem_RegionReset frees everything. No request
 * can leak memory, or take more than its budget. */
#include <errno.h>
#include <mem.h>
#include <stdio.h>
#include <string.h>

enum { BUDGET = 16384 };

typedef struct Field Field;
struct Field {
    Field *next;
    char *name;
    char *value;
};

static char *copy(Mem_Region *region, const char *text, size_t length)
{
    char *result = Mem_RegionAlloc(region, length + 1);

    if (result != NULL) {
        memcpy(result, text, length);
        result[length] = '\0';
    }
    return result;
}

/* Parses "name=value&name=value" into a list, last field first. Returns 0, or -1 if the request
 * exceeds its budget. In that case it just stops: there is nothing to clean up. */
static int parse(Mem_Region *region, const char *query, Field **fields)
{
    *fields = NULL;
    while (*query != '\0') {
        size_t length = strcspn(query, "&");
        size_t name = strcspn(query, "=&");
        size_t value = name < length ? name + 1 : length;

        Field *field = Mem_RegionAlloc(region, sizeof *field);
        if (field == NULL)
            return -1;
        field->name = copy(region, query, name);
        field->value = copy(region, query + value, length - value);
        if (field->name == NULL || field->value == NULL)
            return -1;
        field->next = *fields;
        *fields = field;
        query += length + (query[length] == '&');
    }
    return 0;
}

static int serve(Mem_Region *region, int number, const char *query)
{
    Field *fields;
    Mem_Stats stats;
    int status = parse(region, query, &fields);

    if (status != 0 && errno != ENOMEM)
        return -1;
    printf("request %d: %s\n", number, status == 0 ? "200 OK" : "413 too large for its budget");
    for (Field *field = fields; status == 0 && field != NULL; field = field->next)
        printf("  %-8s %s\n", field->name, field->value);

    if (Mem_RegionGetStats(region, &stats) != 0)
        return -1;
    printf("  took %zu of %zu bytes in %zu blocks\n", stats.bytes_in_use, stats.capacity,
           stats.blocks_in_use);
    return Mem_RegionReset(region); /* frees the whole request */
}

int main(void)
{
    static char flood[20000];
    Mem_Options options = {.flags = MEM_UNLOCKED};
    Mem_Stats stats;

    for (size_t i = 0; i < sizeof flood - 1; i++)
        flood[i] = "x=x&"[i % 4];

    Mem_Region *region = Mem_RegionCreate(BUDGET, &options);
    if (region == NULL) {
        perror("Mem_RegionCreate");
        return 1;
    }
    const char *queries[] = {"user=ada&page=12&sort=date", flood, "user=grace&flag"};
    for (int i = 0; i < (int)(sizeof queries / sizeof queries[0]); i++) {
        if (serve(region, i + 1, queries[i]) != 0) {
            perror("serve");
            return 1;
        }
    }
    if (Mem_RegionGetStats(region, &stats) != 0)
        return 1;
    printf("after the last one: %zu bytes in use\n", stats.bytes_in_use);
    return Mem_RegionDestroy(region) == 0 && stats.bytes_in_use == 0 ? 0 : 1;
}
