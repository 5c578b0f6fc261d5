/* Processes and threads: what one costs to start, and what a word between two of them takes. */
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench/limits.h"

enum { FORKS = 20, THREADS = 50, WORDS = 1000, SPINS = 10000000 };

static double fork_once(void *user)
{
    double start = ck_limits_now();

    (void)user;
    for (int i = 0; i < FORKS; i++) {
        pid_t pid = fork();
        if (pid == 0)
            _exit(0);
        if (pid < 0 || TEMP_FAILURE_RETRY(waitpid(pid, NULL, 0)) != pid)
            return -1;
    }
    return ck_limits_now() - start;
}

static void *nothing(void *arg)
{
    return arg;
}

static double thread_once(void *user)
{
    double start = ck_limits_now();

    (void)user;
    for (int i = 0; i < THREADS; i++) {
        pthread_t id;
        int failed = pthread_create(&id, NULL, nothing, NULL);
        if (failed) {
            errno = failed;
            return -1;
        }
        pthread_join(id, NULL);
    }
    return ck_limits_now() - start;
}

/* ---- a word there and back --------------------------------------------------------------------- */

static void echo(int fd)
{
    char word;

    while (TEMP_FAILURE_RETRY(read(fd, &word, 1)) == 1)
        if (TEMP_FAILURE_RETRY(write(fd, &word, 1)) != 1)
            break;
    _exit(0);
}

static double words_once(void *user)
{
    int fd = *(int *)user;
    char word = 'w';
    double start = ck_limits_now();

    for (int i = 0; i < WORDS; i++)
        if (TEMP_FAILURE_RETRY(write(fd, &word, 1)) != 1 || TEMP_FAILURE_RETRY(read(fd, &word, 1)) != 1)
            return -1;
    return ck_limits_now() - start;
}

static chunkimg_status round_trip(ck_limits *l, chunkimg_error *err)
{
    ck_figure f = {.group = "processes", .name = "round_trip", .text = "a byte to another process and back",
                   .unit = "us", .note = "over a socket pair"};
    int ends[2];

    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends))
        return ck_limits_failed(err, CHUNKIMG_SYSTEM, errno, "measuring processes");
    pid_t pid = fork();
    if (pid == 0) {
        signal(SIGINT, SIG_IGN); /* it ends when its socket does */
        close(ends[0]);
        echo(ends[1]);
    }
    int why = errno;
    close(ends[1]);
    chunkimg_status status = pid < 0 ? ck_limits_failed(err, CHUNKIMG_SYSTEM, why, "measuring processes")
                                     : ck_limits_time(l, f, 1e6 / WORDS, words_once, &ends[0], err);
    close(ends[0]);
    if (pid > 0)
        TEMP_FAILURE_RETRY(waitpid(pid, NULL, 0));
    return status;
}

/* ---- CPUs that really run at once -------------------------------------------------------------- */

/* Nothing but arithmetic in registers, so that neither memory nor the kernel can be what it waits for. */
static void spin(void *user, unsigned index, unsigned threads)
{
    uint64_t x = index + 1;

    (void)user;
    (void)threads;
    for (int i = 0; i < SPINS; i++) {
        x ^= x << 13;
        x ^= x >> 7;
        x ^= x << 17;
    }
    ck_limits_keep(&x);
}

/* What all CPUs together do in the time of one: fewer than there are where a quota or other work takes them away. */
static chunkimg_status cpus_at_once(ck_limits *l, chunkimg_error *err)
{
    ck_figure f = {.group = "processes", .name = "cpus_at_once", .text = "CPUs that arithmetic really gets",
                   .unit = "CPUs"};
    ck_timing t = {.runs = 0};

    while (t.runs < 5) {
        if (l->config.stopped && l->config.stopped())
            return ck_limits_failed(err, CHUNKIMG_INTERRUPTED, 0, "interrupted while measuring %s", f.text);
        double one = ck_limits_team(1, spin, NULL), all = ck_limits_team(l->cpus, spin, NULL);
        if (one < 0 || all < 0)
            return ck_limits_failed(err, CHUNKIMG_SYSTEM, errno, "measuring %s", f.text);
        ck_timing_add(&t, l->cpus * one / all);
    }
    f.value = l->cpus_at_once = ck_timing_median(&t);
    f.runs = t.runs;
    snprintf(f.note, sizeof f.note, "of %u; one thread against that many", l->cpus);
    ck_limits_add(l, &f);
    return CHUNKIMG_OK;
}

chunkimg_status ck_limits_of_processes(ck_limits *l, chunkimg_error *err)
{
    ck_figure forks = {.group = "processes", .name = "fork", .text = "fork and wait", .unit = "us",
                       .note = "of this process while it is small"};
    ck_figure threads = {.group = "processes", .name = "thread", .text = "thread, create and join", .unit = "us"};
    chunkimg_status status = ck_limits_time(l, forks, 1e6 / FORKS, fork_once, NULL, err);

    if (!status)
        status = round_trip(l, err);
    if (!status)
        status = ck_limits_time(l, threads, 1e6 / THREADS, thread_once, NULL, err);
    return status ? status : cpus_at_once(l, err);
}
