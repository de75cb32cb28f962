/* SPDX-License-Identifier: MIT
 *
 * Dumps of a region: the part that both formats share. */
#include "api/dump.h"

#include <errno.h>

int Mem_RegionDump(Mem_Region *handle, FILE *stream, Mem_Format format)
{
    Region *region;
    int saved = errno;

    if (stream == NULL || (format != MEM_TEXT && format != MEM_JSON)) {
        errno = EINVAL;
        return -1;
    }
    region = region_wanted(handle);
    if (region == NULL) {
        if (format == MEM_TEXT) {
            fprintf(stream, "no region: Mem_Init was not called\n");
            errno = EINVAL;
        }
        return -1;
    }
    errno = 0;
    if (format == MEM_TEXT) {
        dump_text(region, stream);
    } else {
        dump_json(region, stream);
    }
    if (fflush(stream) != 0 || ferror(stream)) {
        errno = errno == 0 ? EIO : errno;
        return -1;
    }
    if (region->heap.broken) {
        errno = ENOTRECOVERABLE;
        return -1;
    }
    errno = saved;
    return 0;
}

void Mem_Dump(void)
{
    Mem_RegionDump(NULL, stdout, MEM_TEXT);
}
