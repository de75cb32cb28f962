/* SPDX-License-Identifier: MIT
 *
 * corpus FILE...: gives files to a fuzzer's function: unchanged, cut at each byte, and with single
 * bytes changed. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "random.h"
#include "sanitized.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum {
    CUTS = 400,     /* of each file */
    CHANGES = 1000, /* of each file */
    MEMORY = 256    /* MiB that this may take */
};

/* Passes a copy without spare bytes, so that a sanitizer detects reads beyond them. */
static void give(const uint8_t *data, size_t size)
{
    uint8_t *copy = malloc(size == 0 ? 1 : size);

    if (copy == NULL)
        abort();
    memcpy(copy, data, size);
    LLVMFuzzerTestOneInput(copy, size);
    free(copy);
}

static void try_file(uint8_t *data, size_t size)
{
    Random source = {.state = size};
    static const uint8_t bytes[] = {0, 1, 9, ' ', '\n', '0', 'f', 0x7f, 0x80, 0xff};
    size_t step = size / CUTS + 1;

    give(data, size);
    for (size_t cut = 0; cut < size; cut += step)
        give(data, cut);
    for (unsigned i = 0; size > 0 && i < CHANGES; i++) {
        size_t at = random_below(&source, size);
        uint8_t old = data[at];

        if (random_below(&source, 2) == 0) {
            data[at] = bytes[random_below(&source, sizeof bytes)];
        } else {
            data[at] = (uint8_t)(old ^ 1u << random_below(&source, 8));
        }
        give(data, size);
        data[at] = old;
    }
}

int main(int argc, char **argv)
{
    struct rlimit limit = {.rlim_cur = (rlim_t)MEMORY << 20, .rlim_max = (rlim_t)MEMORY << 20};

    if (!SANITIZED && setrlimit(RLIMIT_AS, &limit) != 0)
        return EXIT_FAILURE;
    for (int i = 1; i < argc; i++) {
        static uint8_t data[1 << 20];
        FILE *file = fopen(argv[i], "rb");

        if (file == NULL) {
            perror(argv[i]);
            return EXIT_FAILURE;
        }
        size_t size = fread(data, 1, sizeof data, file);
        fclose(file);
        printf("%s: %zu bytes\n", argv[i], size);
        fflush(stdout);
        try_file(data, size);
    }
    return argc > 1 ? EXIT_SUCCESS : EXIT_FAILURE;
}
