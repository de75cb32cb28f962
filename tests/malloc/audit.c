/* SPDX-License-Identifier: MIT
 *
 * A library for LD_AUDIT that follows calls: with it the loader allocates before the C library
 * knows the environment. */
#define _GNU_SOURCE
#include <link.h>
#include <stdint.h>

unsigned la_version(unsigned version)
{
    return version;
}

unsigned la_objopen(struct link_map *map, Lmid_t space, uintptr_t *cookie)
{
    (void)map;
    (void)space;
    (void)cookie;
    return LA_FLG_BINDTO | LA_FLG_BINDFROM;
}

#ifdef __x86_64__
Elf64_Addr la_x86_64_gnu_pltenter(Elf64_Sym *symbol, unsigned index, uintptr_t *from, uintptr_t *to,
                                  La_x86_64_regs *registers, unsigned *flags, const char *name,
                                  long *frame_size)
{
    (void)index;
    (void)from;
    (void)to;
    (void)registers;
    (void)flags;
    (void)name;
    (void)frame_size;
    return symbol->st_value;
}
#endif
