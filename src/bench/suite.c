/*
 * The rounds. In each, every case that is not finished runs once, in an order drawn for this round, so that a machine
 * that gets slower or busier for a while slows all cases and not one of them. Each run is a process of its own.
 */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "bench/limits.h"
#include "bench/suite.h"
#include "bench/ticker.h"

enum { RUNS_MOST = 5000 };

bool ck_case_counts(const ck_case *c)
{
    return !c->failed && c->run_count > 0;
}

static double now(const ck_suite *s)
{
    return s->config.now ? s->config.now() : ck_limits_now();
}

/* ---- one run ---------------------------------------------------------------------------------------------- */

static void fail_case(ck_case *c, const char *why)
{
    c->failed = true;
    snprintf(c->why, sizeof c->why, "%.*s", (int)sizeof c->why - 1, why);
}

static bool make_room(ck_case *c)
{
    size_t room = c->room ? 2 * c->room : 16;

    if (c->run_count < c->room)
        return true;
    double *grown = realloc(c->figures, room * CK_FIGURE_ROWS * sizeof *grown);
    if (!grown)
        return false;
    c->figures = grown;
    c->room = room;
    return true;
}

/* A case whose pixels are not those of its group's serial case is an error, not a row. */
static void check_digest(const ck_suite *s, ck_case *c, uint32_t digest)
{
    char why[CK_WHY];

    for (size_t i = 0; i < s->case_count; i++) {
        const ck_case *other = &s->cases[i];

        if (other->group != c->group || !other->reference || other == c || !other->room)
            continue;
        if (other->digest != digest) {
            snprintf(why, sizeof why, "made other pixels than serial (digest %08x, serial %08x)", digest, other->digest);
            fail_case(c, why);
        }
    }
}

static void keep_run(ck_suite *s, ck_case *c, const chunkimg_result *r, double total_s, const ck_ticks *ticks, bool counts)
{
    if (c->room && c->digest != r->digest)
        fail_case(c, "made other pixels in one run than in another");
    c->digest = r->digest;
    if (!make_room(c)) {
        fail_case(c, "out of memory for its figures");
        return;
    }
    check_digest(s, c, r->digest);
    if (!counts || c->failed)
        return;
    double *to = c->figures + c->run_count++ * CK_FIGURE_ROWS;
    ck_figures_of(r, total_s, to);
    to[CK_F_JITTER] = ticks->count ? ticks->late_p99_s : NAN;
    to[CK_F_JITTER_WORST] = ticks->count ? ticks->late_worst_s : NAN;
    c->spent_s += r->wall_s;
}

static chunkimg_status run_case(ck_suite *s, ck_case *c, bool counts, chunkimg_error *err)
{
    chunkimg_options o;
    chunkimg_result r;
    chunkimg_error why;
    ck_ticks ticks = {.count = 0};
    ck_ticker ticker = {.pid = -1};
    chunkimg_status status = ck_case_options(s, c, &o, &why);

    if (s->config.preset && s->config.preset->ticks)
        ck_ticker_start(&ticker);
    double began = now(s);
    if (!status && c->slow_inputs)
        status = s->config.apart_each(&o, s->slow.addresses, c->slow_inputs, &r, &why);
    else if (!status)
        status = s->config.apart(&o, &r, &why);
    double total_s = now(s) - began;
    ck_ticker_stop(&ticker, &ticks);
    if (*s->folder)
        ck_limits_remove(s->inside);
    if (s->config.stopped && s->config.stopped())
        return ck_limits_failed(err, CHUNKIMG_INTERRUPTED, 0, "interrupted");
    if (status)
        fail_case(c, why.text);
    else
        keep_run(s, c, &r, total_s, &ticks, counts);
    return CHUNKIMG_OK;
}

/* ---- rounds ------------------------------------------------------------------------------------------------- */

double ck_suite_min_time(const ck_suite *s)
{
    const ck_preset *p = s->config.preset;

    return s->config.min_time_s > 0 ? s->config.min_time_s : p && p->min_time_s > 0 ? p->min_time_s : CK_SUITE_MIN_TIME_S;
}

static bool finished(const ck_suite *s, const ck_case *c)
{
    return c->failed || c->run_count >= RUNS_MOST ||
           (c->run_count >= (size_t)s->config.runs && c->spent_s >= ck_suite_min_time(s));
}

/* Serial first where nothing is known yet: its digest is what the others are held against. */
static size_t order(ck_suite *s, size_t *to, bool first)
{
    size_t n = 0, references = 0;

    for (size_t i = 0; i < s->case_count && first; i++)
        if (s->cases[i].reference)
            to[n++] = i;
    references = n;
    for (size_t i = 0; i < s->case_count; i++)
        if (!(first && s->cases[i].reference) && !finished(s, &s->cases[i]))
            to[n++] = i;
    ck_random_shuffle(&s->random, to + references, n - references);
    return n;
}

static bool out_of_time(const ck_suite *s, double began)
{
    double budget = s->config.budget_s > 0 ? s->config.budget_s : s->config.preset ? s->config.preset->budget_s : 0;

    return budget > 0 && s->rounds > (size_t)s->config.warmup + 1 && now(s) - began > budget;
}

static chunkimg_status all_rounds(ck_suite *s, size_t *todo, double began, chunkimg_error *err)
{
    chunkimg_status status = CHUNKIMG_OK;

    for (size_t n = order(s, todo, true); n && !status; n = order(s, todo, false)) {
        bool counts = s->rounds >= (size_t)s->config.warmup;

        s->rounds++;
        if (out_of_time(s, began))
            break;
        for (size_t i = 0; i < n && !status; i++) {
            ck_case *c = &s->cases[todo[i]];

            if (s->config.progress)
                s->config.progress(s->config.user, i + 1, n, s->rounds, c->label);
            status = run_case(s, c, counts, err);
        }
    }
    return status;
}

/* ---- timelines ------------------------------------------------------------------------------------------------- */

static size_t fastest_of(const ck_suite *s, const ck_curve *k)
{
    size_t best = k->cases[0];

    for (size_t i = 1; i < k->count; i++)
        if (s->cases[k->cases[i]].wall.median.value < s->cases[best].wall.median.value)
            best = k->cases[i];
    return best;
}

void ck_suite_trace(ck_suite *s)
{
    chunkimg_options o;
    chunkimg_result r;
    chunkimg_error ignored;

    for (size_t i = 0; i < s->curve_count && s->config.traced && s->timeline_count < CK_TIMELINES_MOST; i++) {
        ck_timeline *t = &s->timelines[s->timeline_count];

        if (s->curves[i].group != s->cases[s->best].group || (s->config.stopped && s->config.stopped()))
            continue;
        t->index = fastest_of(s, &s->curves[i]);
        if (ck_case_options(s, &s->cases[t->index], &o, &ignored))
            continue;
        o.trace = "timeline";
        if (!s->config.traced(&o, &r, &t->events, &ignored) && t->events.count)
            s->timeline_count++;
        if (*s->folder)
            ck_limits_remove(s->inside);
    }
}

/* ---- all of it ---------------------------------------------------------------------------------------------------- */

chunkimg_status ck_suite_measure(ck_suite *s, chunkimg_error *err)
{
    size_t *todo = calloc(s->case_count ? s->case_count : 1, sizeof *todo);
    double began = now(s);

    if (!todo)
        return ck_limits_failed(err, CHUNKIMG_SYSTEM, ENOMEM, "ordering the cases");
    chunkimg_status status = all_rounds(s, todo, began, err);
    free(todo);
    s->elapsed_s = now(s) - began;
    s->complete = !status;
    ck_machine_look_back(&s->machine);
    for (size_t i = 0; i < s->case_count && !status; i++)
        if (s->cases[i].failed)
            status = ck_limits_failed(err, CHUNKIMG_SYSTEM, 0, "%s: %.300s", s->cases[i].label, s->cases[i].why);
    return status;
}
