/*
 * The ticker is a child that sleeps until absolute times 1 ms apart and notes how late it woke. Its parent ends it by
 * closing a pipe, which it looks at after each tick; it then writes what it found into another pipe and exits, so
 * neither can wait for the other for ever: where the parent dies, its end of the pipe is closed too.
 */
#include "bench/ticker.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { TICK_NS = 1000000, TICKS_MOST = 120000 }; /* two minutes */

static int by_value(const void *a, const void *b)
{
    float x = *(const float *)a, y = *(const float *)b;

    return (x > y) - (x < y);
}

static double late_s(const struct timespec *due)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)(t.tv_sec - due->tv_sec) + (double)(t.tv_nsec - due->tv_nsec) * 1e-9;
}

static bool ended(int fd)
{
    struct pollfd p = {.fd = fd, .events = POLLIN};

    return poll(&p, 1, 0) > 0;
}

static void tick_main(int end, int tell)
{
    float *late = malloc(TICKS_MOST * sizeof *late);
    ck_ticks found = {.count = 0};
    struct timespec due;
    size_t n = 0;

    clock_gettime(CLOCK_MONOTONIC, &due);
    while (late && n < TICKS_MOST && !ended(end)) {
        due.tv_nsec += TICK_NS;
        due.tv_sec += due.tv_nsec / 1000000000;
        due.tv_nsec %= 1000000000;
        while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &due, NULL) == EINTR)
            ;
        late[n++] = (float)late_s(&due);
        if (late[n - 1] > TICK_NS * 1e-9f) /* ticks that were slept through are not each late again */
            clock_gettime(CLOCK_MONOTONIC, &due);
    }
    if (n) {
        qsort(late, n, sizeof *late, by_value);
        found = (ck_ticks){n, late[n * 99 / 100], late[n - 1]};
    }
    ssize_t written = write(tell, &found, sizeof found);
    _exit(written == (ssize_t)sizeof found ? 0 : 1);
}

void ck_ticker_start(ck_ticker *t)
{
    int end[2], tell[2];

    t->pid = -1;
    if (pipe(end))
        return;
    if (pipe(tell)) {
        close(end[0]);
        close(end[1]);
        return;
    }
    t->pid = fork();
    if (t->pid == 0) {
        close(end[1]);
        close(tell[0]);
        signal(SIGINT, SIG_IGN); /* the parent ends it, and wants its figures */
        tick_main(end[0], tell[1]);
    }
    close(end[0]);
    close(tell[1]);
    t->end = end[1];
    t->told = tell[0];
    if (t->pid < 0) {
        close(t->end);
        close(t->told);
    }
}

void ck_ticker_stop(ck_ticker *t, ck_ticks *ticks)
{
    ck_ticks found;

    if (t->pid < 0)
        return;
    close(t->end);
    ssize_t n = read(t->told, &found, sizeof found);
    while (n < 0 && errno == EINTR)
        n = read(t->told, &found, sizeof found);
    if (n == (ssize_t)sizeof found)
        *ticks = found;
    close(t->told);
    while (waitpid(t->pid, NULL, 0) < 0 && errno == EINTR)
        ;
    t->pid = -1;
}
