/* A line of progress on standard error that counts finished tiles, and the signals that stop a run. */
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "cli/cli.h"

struct cli_meter {
    int how; /* cli_progress; never AUTO */
    bool shown;
    double last_s;
};

enum { IMPATIENT_MS = 500 };

static atomic_int caught; /* the handler sets it, any thread reads it: lock-free, so both may */
static atomic_llong caught_ms;

static long long now_ms(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1000LL + t.tv_nsec / 1000000;
}

/*
 * A later Ctrl-C is somebody's who will not wait. One that comes at once is not: timeout(1) and terminals send the same
 * signal to the process and to its group.
 */
static void on_signal(int number)
{
    if (!atomic_load(&caught)) {
        atomic_store(&caught_ms, now_ms());
        atomic_store(&caught, number);
    } else if (now_ms() - atomic_load(&caught_ms) > IMPATIENT_MS) {
        _exit(128 + number);
    }
}

void cli_catch_signals(void)
{
    struct sigaction action;

    memset(&action, 0, sizeof action);
    action.sa_handler = on_signal;
    action.sa_flags = SA_RESTART;
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
    sigaction(SIGHUP, &action, NULL);
}

int cli_signal_caught(void)
{
    return atomic_load(&caught);
}

bool cli_wants_colour(const cli *c)
{
    const char *no = getenv("NO_COLOR"); /* https://no-color.org: set and not empty */

    return isatty(STDOUT_FILENO) && !c->no_color && !(no && *no);
}

cli_meter *cli_meter_start(const cli *c)
{
    cli_meter *m = calloc(1, sizeof *m);

    if (!m)
        return NULL;
    m->how = c->progress;
    if (m->how == PROGRESS_AUTO)
        m->how = isatty(STDERR_FILENO) && !c->quiet ? PROGRESS_ALWAYS : PROGRESS_NEVER;
    return m;
}

static void show_line(cli_meter *m, const chunkimg_progress *p)
{
    double share = p->tiles ? (double)p->tiles_done / (double)p->tiles : 0;

    fprintf(stderr, "\r%3.0f %%  %llu of %llu tiles", 100 * share, (unsigned long long)p->tiles_done,
            (unsigned long long)p->tiles);
    if (share > 0.02)
        fprintf(stderr, "  %.0f s left   ", p->elapsed_s * (1 - share) / share);
    m->shown = true;
}

int cli_meter_tick(void *meter, const chunkimg_progress *p)
{
    cli_meter *m = meter;
    double every = m && m->how == PROGRESS_JSON ? 0.5 : 0.2;

    if (m && m->how != PROGRESS_NEVER && p->elapsed_s - m->last_s >= every) {
        m->last_s = p->elapsed_s;
        if (m->how == PROGRESS_ALWAYS)
            show_line(m, p);
        else
            fprintf(stderr, "{\"tiles_done\": %llu, \"tiles\": %llu, \"rows_decoded\": %d, \"rows\": %d, \"elapsed_s\": %.3f}\n",
                    (unsigned long long)p->tiles_done, (unsigned long long)p->tiles, p->rows_decoded, p->rows,
                    p->elapsed_s);
    }
    return caught != 0;
}

void cli_meter_stop(cli_meter **meter)
{
    if (*meter && (*meter)->shown)
        fprintf(stderr, "\r%-60s\r", "");
    free(*meter);
    *meter = NULL;
}
