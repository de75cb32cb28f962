/* SPDX-License-Identifier: MIT
 *
 * A signal handler forks, in the middle of whatever malloc() does to get memory that was never
 * used. The program has one thread, so that this is allowed. */
#include <signal.h>
#include <string.h>
#include <sys/time.h>
#include <sys/wait.h>

#include "expect.h"

enum { FORKS = 40, BLOCK = 20000, BLOCKS_MAX = 20000, PATIENCE = 6000 /* times 10 ms */ };

static volatile sig_atomic_t forks;

static void set_timer(void)
{
    const struct itimerval once = {.it_value = {.tv_usec = 500}};

    setitimer(ITIMER_REAL, &once, NULL);
}

static void handle(int signal)
{
    int saved = errno;
    pid_t child = fork();

    (void)signal;
    if (child == 0) {
        _exit(0);
    }
    waitpid(child, NULL, 0);
    forks++;
    set_timer();
    errno = saved;
}

static void allocate(void)
{
    const struct sigaction action = {.sa_handler = handle, .sa_flags = SA_RESTART};

    sigaction(SIGALRM, &action, NULL);
    set_timer();
    for (int i = 0; i < BLOCKS_MAX && forks < FORKS; i++) {
        char *block = malloc(BLOCK);

        EXPECT(block != NULL);
        memset(block, 'f', BLOCK);
    }
    _exit(0);
}

int main(void)
{
    int status = -1;
    pid_t child = fork();

    if (child == 0) {
        allocate();
    }
    for (int i = 0; i < PATIENCE && waitpid(child, &status, WNOHANG) == 0; i++) {
        usleep(10000);
    }
    kill(child, SIGKILL);
    EXPECT(status == 0);
    return EXIT_SUCCESS;
}
