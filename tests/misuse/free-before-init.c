/* SPDX-License-Identifier: MIT
 *
 * A pointer freed before there is a region. */
#include "misuse.h"

int main(void)
{
    int local = 0;

    expect(NULL, NO_REGION, &local);
    return Mem_Free(&local) == -1 ? EXIT_SUCCESS : EXIT_FAILURE;
}
