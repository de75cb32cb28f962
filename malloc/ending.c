/* SPDX-License-Identifier: MIT
 *
 * Where a signal has its default action, a handler of this module writes the report, restores the
 * default, and raises the signal again. The program does not notice: sigaction() and its relatives
 * are wrapped here, and show the default action for that handler. When the program sets the default
 * action, it gets the handler again. The kernel itself restores the default in a program that this
 * one executes. */
#include "ending.h"

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <unistd.h>

#include "family.h"
#include "next.h"
#include "report-exit.h"

typedef void Handler(int number);
typedef Handler *SetHandler(int number, Handler *handler);
typedef int SetAction(int number, const struct sigaction *action, struct sigaction *before);

/* In C these names would belong to functions that headers declare, or do not, as programs wish. */
EXPORT SetAction ending_sigaction __asm__("sigaction");
EXPORT SetHandler ending_signal __asm__("signal");
EXPORT SetHandler ending_bsd_signal __asm__("bsd_signal");
EXPORT SetHandler ending_ssignal __asm__("ssignal");
EXPORT SetHandler ending_sysv_signal __asm__("sysv_signal");
EXPORT SetHandler ending_sysv_signal_of_glibc __asm__("__sysv_signal");
EXPORT SetHandler ending_sigset __asm__("sigset");

/* A function pointer, and what dlsym() returns. */
typedef union Function {
    void *address;
    SetAction *set_action;
    SetHandler *set_handler;
} Function;

static Function next_sigaction, next_signal, next_sysv_signal, next_sigset;

static bool is_watching;

/* Returns the function that the program would call without this module. */
static Function find_next(Function *next, const char *name)
{
    return (Function){.address = next_find(&next->address, name)};
}

/* A constructor: these may be called where dlsym() may not be, in signal handlers and after
 * vfork(). */
__attribute__((__constructor__)) static void find_all(void)
{
    find_next(&next_sigaction, "sigaction");
    find_next(&next_signal, "signal");
    find_next(&next_sysv_signal, "__sysv_signal");
    find_next(&next_sigset, "sigset");
}

static int set_action(int number, const struct sigaction *action, struct sigaction *before)
{
    return find_next(&next_sigaction, "sigaction").set_action(number, action, before);
}

/* ------------------------------------------------------------------------------------------------
 * The handler
 * --------------------------------------------------------------------------------------------- */

/* Ends the process as the signal does. The signal is blocked until the handler returns. */
static void end_by_signal(int number)
{
    report_at_signal();
    set_action(number, &(struct sigaction){.sa_handler = SIG_DFL}, NULL);
    raise(number);
}

/* The handler's action. Runs on the alternate stack if the program has set one. */
static const struct sigaction ending = {.sa_handler = end_by_signal, .sa_flags = SA_ONSTACK};

/* Returns whether a default action gives way to the handler. */
static bool is_watched(int number)
{
    return is_watching && (number == SIGTERM || number == SIGINT);
}

void ending_watch(void)
{
    static const int numbers[] = {SIGTERM, SIGINT};
    struct sigaction before;

    /* The kernel ignores the default action of a container's first process. */
    is_watching = getpid() != 1;
    for (size_t i = 0; is_watching && i < sizeof numbers / sizeof numbers[0]; i++) {
        if (set_action(numbers[i], NULL, &before) == 0 && before.sa_handler == SIG_DFL) {
            set_action(numbers[i], &ending, NULL);
        }
    }
}

/* ------------------------------------------------------------------------------------------------
 * What the program calls
 * --------------------------------------------------------------------------------------------- */

int ending_sigaction(int number, const struct sigaction *action, struct sigaction *before)
{
    bool is_default = action != NULL && action->sa_handler == SIG_DFL && is_watched(number);
    int result = set_action(number, is_default ? &ending : action, before);

    if (result == 0 && before != NULL && before->sa_handler == end_by_signal) {
        *before = (struct sigaction){.sa_handler = SIG_DFL};
    }
    return result;
}

static Handler *set_handler(Function set, int number, Handler *handler)
{
    bool is_default = handler == SIG_DFL && is_watched(number);
    Handler *before = set.set_handler(number, is_default ? end_by_signal : handler);

    return before == end_by_signal ? SIG_DFL : before;
}

Handler *ending_signal(int number, Handler *handler)
{
    return set_handler(find_next(&next_signal, "signal"), number, handler);
}

Handler *ending_bsd_signal(int number, Handler *handler)
{
    return ending_signal(number, handler);
}

Handler *ending_ssignal(int number, Handler *handler)
{
    return ending_signal(number, handler);
}

Handler *ending_sysv_signal_of_glibc(int number, Handler *handler)
{
    return set_handler(find_next(&next_sysv_signal, "__sysv_signal"), number, handler);
}

Handler *ending_sysv_signal(int number, Handler *handler)
{
    return ending_sysv_signal_of_glibc(number, handler);
}

Handler *ending_sigset(int number, Handler *handler)
{
    return set_handler(find_next(&next_sigset, "sigset"), number, handler);
}
