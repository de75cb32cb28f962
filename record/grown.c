/* SPDX-License-Identifier: MIT */
#include "record/grown.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "base/bits.h"
#include "os/environment.h"
#include "os/kernel.h"
#include "os/pages.h"
#include "os/spin.h"
#include "record/record.h"
#include "record/stamp.h"
#include "record/tell.h"

#define VARIABLE "LIBMEM_RECORD"

enum {
    PAGE_MAX = 64 << 10, /* bytes of a page at most */
    NAMES = 99           /* files of one process, which becomes other programs */
};

/* The file. It is opened anew each time that it grows: programs close descriptors that they do not know. */
static struct {
    char path[PATH_MAX];
    uint64_t device, inode; /* that it must be */
    uint64_t bytes;         /* that it has: a multiple of a page */
    bool is_over;           /* it must not grow any more */
    Spin lock;              /* held while it grows */
} file;

/* ------------------------------------------------------------------------------------------------
 * Opening
 * --------------------------------------------------------------------------------------------- */

static bool has_process(const char *name)
{
    return strstr(name, "%p") != NULL;
}

/* Appends a part of a path. False: it is too long. */
static bool append(const char *part, size_t length)
{
    size_t used = strlen(file.path);

    if (length >= sizeof file.path - used) {
        return false;
    }
    memcpy(file.path + used, part, length);
    file.path[used + length] = '\0';
    return true;
}

static bool append_number(unsigned long number)
{
    char digits[24];
    int length = snprintf(digits, sizeof digits, "%lu", number);

    return append(digits, (size_t)length);
}

/* Makes the path absolute, as programs change their directory, and puts the process's number into it. */
static bool make_path(const char *name, unsigned number)
{
    file.path[0] = '\0';
    if (*name != '/') {
        if (kernel_call(SYS_getcwd, (long)(uintptr_t)file.path, sizeof file.path - 1, 0, 0, 0, 0) <=
                0 ||
            !append("/", 1)) {
            return false;
        }
    }
    for (const char *mark; (mark = strstr(name, "%p")) != NULL; name = mark + 2) {
        if (!append(name, (size_t)(mark - name)) ||
            !append_number((unsigned long)kernel_call(SYS_getpid, 0, 0, 0, 0, 0, 0))) {
            return false;
        }
    }
    return append(name, strlen(name)) && (number < 2 || (append(".", 1) && append_number(number)));
}

static long open_path(int flags)
{
    return kernel_call(SYS_openat, AT_FDCWD, (long)(uintptr_t)file.path, flags | O_CLOEXEC, 0600, 0,
                       0);
}

static void close_file(long descriptor)
{
    kernel_call(SYS_close, descriptor, 0, 0, 0, 0, 0);
}

static bool look_at(long descriptor, struct statx *status)
{
    return kernel_call(SYS_statx, descriptor, (long)(uintptr_t) "", AT_EMPTY_PATH,
                       STATX_BASIC_STATS, (long)(uintptr_t)status, 0) == 0;
}

static uint64_t device_of(const struct statx *status)
{
    return (uint64_t)status->stx_dev_major << 32 | status->stx_dev_minor;
}

/* Writes what the file begins with: a page. */
static long write_header(long descriptor, uint64_t start)
{
    static unsigned char page[PAGE_MAX];
    size_t bytes = pages_size() < sizeof page ? pages_size() : sizeof page;
    TraceHeader header = {.version_major = TRACE_VERSION_MAJOR,
                          .version_minor = TRACE_VERSION_MINOR,
                          .header_bytes = (uint32_t)bytes,
                          .start = start};

    memcpy(header.magic, TRACE_MAGIC, sizeof header.magic);
    memcpy(page, &header, sizeof header);
    file.bytes = bytes;
    return kernel_call(SYS_write, descriptor, (long)(uintptr_t)page, (long)bytes, 0, 0, 0);
}

/* Begins the file at the path. Returns 0 or an errno; EEXIST: it has something. */
static int begin_file(uint64_t start)
{
    long descriptor = open_path(O_RDWR | O_CREAT | O_NOFOLLOW);
    struct statx status = {.stx_size = 0};
    long result = 0;

    if (descriptor < 0) {
        return (int)-descriptor;
    }
    if (!look_at(descriptor, &status) || !S_ISREG(status.stx_mode)) {
        result = -EINVAL;
    } else if (status.stx_size != 0) {
        result = -EEXIST;
    } else {
        result = write_header(descriptor, start);
        result = result < 0 || result == (long)file.bytes ? result : -ENOSPC;
    }
    close_file(descriptor);
    file.inode = status.stx_ino;
    file.device = device_of(&status);
    return result < 0 ? (int)-result : 0;
}

bool grown_is_wanted(void)
{
    return environment_get(VARIABLE) != NULL;
}

bool grown_is_each(void)
{
    const char *name = environment_get(VARIABLE);

    return name != NULL && has_process(name);
}

bool grown_open(uint64_t start)
{
    const char *name = environment_get(VARIABLE);
    unsigned number = 0;
    int error;

    do {
        number++;
        error = make_path(name, number) ? begin_file(start) : ENAMETOOLONG;
    } while (error == EEXIST && has_process(name) && number < NAMES);
    if (error != 0) {
        tell_line("not recorded: %s: %s%s", file.path, strerrordesc_np(error),
                  error == EEXIST
                      ? "; remove it, or put %p into the name for a file for each process"
                      : "");
    }
    file.is_over = error != 0;
    file.lock = (Spin){SPIN_FREE};
    return error == 0;
}

/* ------------------------------------------------------------------------------------------------
 * Growing
 * --------------------------------------------------------------------------------------------- */

/* A file that is as large as it may be is no reason for a signal. */
static int check_limit(uint64_t end)
{
    struct rlimit limit;

    return getrlimit(RLIMIT_FSIZE, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY &&
                   end > limit.rlim_cur
               ? EFBIG
               : 0;
}

/* Has the system keep room for more, so that writing to it is no error. Some file systems can't: they get zeros. */
static int reserve(int descriptor, size_t bytes)
{
    static const unsigned char zeros[4096];
    int error = fallocate(descriptor, 0, (off_t)file.bytes, (off_t)bytes) == 0 ? 0 : errno;

    if (error != EOPNOTSUPP) {
        return error;
    }
    for (size_t at = 0; at < bytes; at += sizeof zeros) {
        if (pwrite(descriptor, zeros, sizeof zeros, (off_t)(file.bytes + at)) !=
            (ssize_t)sizeof zeros) {
            return errno != 0 ? errno : ENOSPC;
        }
    }
    return 0;
}

/* Opens the file anew, if it is still the same. */
static int reopen(int *descriptor)
{
    struct statx status = {.stx_size = 0};
    long result = open_path(O_RDWR | O_NOFOLLOW);

    if (result < 0) {
        return (int)-result;
    }
    *descriptor = (int)result;
    if (look_at(result, &status) && status.stx_ino == file.inode &&
        device_of(&status) == file.device) {
        return 0;
    }
    close_file(result);
    return ESTALE;
}

/* Maps another piece of the file, which is locked. NULL: errno says why not. */
static void *grow(size_t bytes)
{
    int descriptor = -1;
    int error = file.is_over ? ECANCELED : check_limit(file.bytes + bytes);
    void *memory = MAP_FAILED;

    if (error == 0) {
        error = reopen(&descriptor);
    }
    if (error == 0) {
        error = reserve(descriptor, bytes);
        if (error == 0) {
            memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor,
                          (off_t)file.bytes);
            error = memory == MAP_FAILED ? errno : 0;
        }
        close_file(descriptor);
    }
    file.bytes += error == 0 ? bytes : 0;
    errno = error;
    return error == 0 ? memory : NULL;
}

void *grown_take(size_t bytes)
{
    void *memory;
    int error;

    spin_take(&file.lock);
    memory = grow(bytes);
    error = errno;
    if (memory == NULL) {
        file.is_over = true;
    }
    spin_release(&file.lock);
    if (memory == NULL && error != ECANCELED) {
        record_stop();
        tell_line("%s: %s; the program goes on unrecorded", file.path, strerrordesc_np(error));
    }
    return memory;
}

/* An empty index says that nothing is missing. */
void grown_end(void)
{
    struct {
        TraceFrame index;
        TraceEnd end;
    } last = {.index = {.magic = TRACE_FRAME_MAGIC, .kind = TRACE_INDEX}};
    int descriptor = -1;

    spin_take(&file.lock);
    last.end.index = file.bytes;
    memcpy(last.end.magic, TRACE_END_MAGIC, sizeof last.end.magic);
    if (!file.is_over && check_limit(file.bytes + sizeof last) == 0 && reopen(&descriptor) == 0) {
        const char *path = file.path;

        if (pwrite(descriptor, &last, sizeof last, (off_t)file.bytes) != (ssize_t)sizeof last) {
            tell_line("%s: %s; the end is missing", path, strerrordesc_np(errno));
        }
        close_file(descriptor);
    }
    file.is_over = true;
    spin_release(&file.lock);
}
