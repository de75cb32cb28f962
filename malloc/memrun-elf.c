/* SPDX-License-Identifier: MIT */
#include "memrun-elf.h"

#include <fcntl.h>
#include <link.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/xattr.h>
#include <unistd.h>

/* As in the kernel: scripts whose interpreters are scripts, and the bytes of a script's first line
 * that count. */
enum { SCRIPTS_MAX = 5, LINE_MAX_BYTES = 256 };

/* The start of a program. */
typedef union Head {
    ElfW(Ehdr) elf;            /* valid if is_elf() */
    char line[LINE_MAX_BYTES]; /* of a script; ends with a null byte */
} Head;

/* The ELF header of this program, under the name that linkers give it. */
extern const ElfW(Ehdr) own_header __asm__("__ehdr_start")
    __attribute__((__visibility__("hidden")));

static bool is_elf(const Head *head)
{
    return memcmp(head->elf.e_ident, ELFMAG, SELFMAG) == 0;
}

/* Returns whether a file has this program's word size, order of bytes, and machine. */
static bool is_of_this_kind(const Head *head)
{
    return head->elf.e_ident[EI_CLASS] == own_header.e_ident[EI_CLASS] &&
           head->elf.e_ident[EI_DATA] == own_header.e_ident[EI_DATA] &&
           head->elf.e_machine == own_header.e_machine;
}

/* Reads the start of a file; what is missing is null bytes. */
static bool read_head(int file, Head *head)
{
    memset(head, 0, sizeof *head);
    return pread(file, head->line, sizeof head->line - 1, 0) >= 0;
}

bool memrun_is_module(int file)
{
    Head head;

    return read_head(file, &head) && is_elf(&head) && is_of_this_kind(&head) &&
           head.elf.e_type == ET_DYN;
}

/* ------------------------------------------------------------------------------------------------
 * Finding the program
 * --------------------------------------------------------------------------------------------- */

static bool allows(const char *path, int mode)
{
    struct stat status;

    return faccessat(AT_FDCWD, path, mode, AT_EACCESS) == 0 &&
           (mode == F_OK || (stat(path, &status) == 0 && S_ISREG(status.st_mode)));
}

bool memrun_find(const char *program, int mode, char path[static PATH_MAX])
{
    const char *place = getenv("PATH");
    const char *end;
    int length;

    if (strchr(program, '/') != NULL) {
        length = snprintf(path, PATH_MAX, "%s", program);
        return length < PATH_MAX && allows(path, mode);
    }
    for (place = place == NULL ? "/bin:/usr/bin" : place; place != NULL;
         place = *end == '\0' ? NULL : end + 1) {
        end = strchrnul(place, ':');
        length = snprintf(path, PATH_MAX, "%.*s%s%s", (int)(end - place), place,
                          end == place ? "" : "/", program);
        if (length > 0 && length < PATH_MAX && allows(path, mode)) {
            return true;
        }
    }
    return false;
}

/* ------------------------------------------------------------------------------------------------
 * What is in the way
 * --------------------------------------------------------------------------------------------- */

/* Returns whether a program names a loader. Programs that are linked statically name none. */
static bool has_loader(int file, const ElfW(Ehdr) * elf)
{
    ElfW(Phdr) segment;

    for (size_t i = 0; i < elf->e_phnum; i++) {
        off_t place = (off_t)(elf->e_phoff + i * elf->e_phentsize);

        if (pread(file, &segment, sizeof segment, place) != (ssize_t)sizeof segment) {
            return false;
        }
        if (segment.p_type == PT_INTERP) {
            return true;
        }
    }
    return false;
}

/* Returns whether the kernel heeds set-user-ID and the like for files at a path. */
static bool may_gain(const char *path)
{
    struct statvfs place;

    return prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 0 &&
           (statvfs(path, &place) != 0 || (place.f_flag & ST_NOSUID) == 0);
}

/* Returns why the loader would ignore LD_PRELOAD: the program runs with rights that its caller does
 * not have. */
static const char *find_rights(const char *path)
{
    const mode_t set_group = S_ISGID | S_IXGRP;
    struct stat status;

    if (!may_gain(path) || stat(path, &status) != 0) {
        return NULL;
    }
    if ((status.st_mode & S_ISUID) != 0 && status.st_uid != getuid()) {
        return "is set-user-ID";
    }
    if ((status.st_mode & set_group) == set_group && status.st_gid != getgid()) {
        return "is set-group-ID";
    }
    return getuid() != 0 && getxattr(path, "security.capability", NULL, 0) > 0
               ? "has file capabilities"
               : NULL;
}

/* Replaces a path by the interpreter that a script names. Returns false if it names none. */
static bool follow_script(const char *line, char path[static PATH_MAX])
{
    const char *name = line + 2 + strspn(line + 2, " \t");
    size_t length = strcspn(name, " \t\n");

    if (strncmp(line, "#!", 2) != 0 || length == 0) {
        return false;
    }
    memcpy(path, name, length);
    path[length] = '\0';
    return true;
}

/* Opens what the kernel will run, and reads its start: the program, or its interpreter. Returns
 * its descriptor, or -1. */
static int open_program(char path[static PATH_MAX], Head *head)
{
    for (int scripts = 0; scripts <= SCRIPTS_MAX; scripts++) {
        int file = open(path, O_RDONLY | O_CLOEXEC);

        if (file < 0 || (read_head(file, head) && is_elf(head))) {
            return file;
        }
        close(file);
        if (!follow_script(head->line, path)) {
            snprintf(path, PATH_MAX, "/bin/sh"); /* as execvp() does */
        }
    }
    return -1;
}

const char *memrun_obstacle(const char *program, char path[static PATH_MAX])
{
    const char *obstacle = NULL;
    Head head;
    int file;

    if (!memrun_find(program, X_OK, path)) {
        return NULL;
    }
    file = open_program(path, &head);
    if (file < 0) {
        return allows(path, X_OK) ? "cannot be read" : NULL;
    }
    if (!is_of_this_kind(&head)) {
        obstacle = "is for another machine or word size";
    } else if (!has_loader(file, &head.elf)) {
        obstacle = "is linked statically";
    } else {
        obstacle = find_rights(path);
    }
    close(file);
    return obstacle;
}
