/* How a figure is taken: the clock, the number of runs, the median, several threads at once. */
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "bench/limits.h"

double ck_limits_now(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

/* ---- runs and their median ---------------------------------------------------------------- */

enum { RUNS_LEAST = 5 };
static const double long_run_s = 1, long_total_s = 2; /* long runs: no more of them than this takes */
static const double short_total_s = 0.05;             /* very short runs: as many as fill this time */

bool ck_timing_wants_more(const ck_timing *t)
{
    if (!t->runs)
        return true;
    if (t->s[t->runs - 1] > long_run_s && t->total_s > long_total_s)
        return false;
    return t->runs < RUNS_LEAST || (t->total_s < short_total_s && t->runs < CK_TIMING_MOST);
}

void ck_timing_add(ck_timing *t, double seconds)
{
    t->s[t->runs++] = seconds;
    t->total_s += seconds;
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

double ck_timing_median(const ck_timing *t)
{
    ck_timing sorted = *t;
    unsigned n = t->runs;

    if (!n)
        return 0;
    qsort(sorted.s, n, sizeof *sorted.s, by_value);
    return (sorted.s[(n - 1) / 2] + sorted.s[n / 2]) / 2;
}

/* ---- figures --------------------------------------------------------------------------------- */

static chunkimg_status measure(const ck_limits *l, ck_figure *f, ck_work work, void *user, double *seconds,
                               chunkimg_error *err)
{
    ck_timing t = {.runs = 0};

    while (ck_timing_wants_more(&t)) {
        if (l->config.stopped && l->config.stopped())
            return ck_limits_failed(err, CHUNKIMG_INTERRUPTED, 0, "interrupted while measuring %s", f->text);
        errno = 0;
        double s = work(user);
        if (s < 0 && errno == EBADMSG)
            return ck_limits_failed(err, CHUNKIMG_BAD_INPUT, 0, "%s: measuring %s: the file cannot be decoded",
                                    l->input, f->text);
        if (s < 0)
            return ck_limits_failed(err, CHUNKIMG_SYSTEM, errno, "measuring %s", f->text);
        ck_timing_add(&t, s);
    }
    f->runs = t.runs;
    *seconds = ck_timing_median(&t);
    return CHUNKIMG_OK;
}

chunkimg_status ck_limits_rate(ck_limits *l, ck_figure f, double amount, ck_work work, void *user, double *seconds,
                               chunkimg_error *err)
{
    double s;
    chunkimg_status status = measure(l, &f, work, user, &s, err);

    if (status)
        return status;
    f.value = s > 0 ? amount / s : 0;
    if (seconds)
        *seconds = s;
    ck_limits_add(l, &f);
    return CHUNKIMG_OK;
}

chunkimg_status ck_limits_time(ck_limits *l, ck_figure f, double scale, ck_work work, void *user, chunkimg_error *err)
{
    double s;
    chunkimg_status status = measure(l, &f, work, user, &s, err);

    if (status)
        return status;
    f.value = s * scale;
    ck_limits_add(l, &f);
    return CHUNKIMG_OK;
}

/* ---- several threads -----------------------------------------------------------------------------
 *
 * The caller holds the gate while it creates the others, which wait at it. When all are there it takes the time and
 * opens; each goes through, and nobody holds the gate while working. Where a thread cannot be created, the gate opens
 * with `called_off` set and all go home. The caller joins every thread that it created, and only then ends the time.
 */

typedef struct team {
    pthread_mutex_t gate;
    bool called_off; /* written by the caller while it holds the gate */
    unsigned threads;
    void (*work)(void *user, unsigned index, unsigned threads);
    void *user;
} team;

typedef struct member {
    team *of;
    unsigned index;
    pthread_t id;
} member;

static void *member_main(void *arg)
{
    member *m = arg;

    pthread_mutex_lock(&m->of->gate);
    bool go = !m->of->called_off;
    pthread_mutex_unlock(&m->of->gate);
    if (go)
        m->of->work(m->of->user, m->index, m->of->threads);
    return NULL;
}

double ck_limits_team(unsigned threads, void (*work)(void *user, unsigned index, unsigned threads), void *user)
{
    team t = {.gate = PTHREAD_MUTEX_INITIALIZER, .threads = threads, .work = work, .user = user};
    member *members = calloc(threads, sizeof *members);
    unsigned made = 1;
    int failed = 0;

    if (!members)
        return -1;
    pthread_mutex_lock(&t.gate);
    for (; made < threads; made++) {
        members[made] = (member){.of = &t, .index = made};
        failed = pthread_create(&members[made].id, NULL, member_main, &members[made]);
        if (failed)
            break;
    }
    t.called_off = failed != 0;
    double start = ck_limits_now();
    pthread_mutex_unlock(&t.gate);
    if (!failed)
        work(user, 0, threads);
    for (unsigned i = 1; i < made; i++)
        pthread_join(members[i].id, NULL);
    double taken = ck_limits_now() - start;
    pthread_mutex_destroy(&t.gate);
    free(members);
    errno = failed;
    return failed ? -1 : taken;
}
