/* From runs to statements: medians, speed-ups with their intervals, laws of scaling, and the case to use. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "bench/suite.h"

/* ---- one case -------------------------------------------------------------------------------------------- */

static void column(const ck_case *c, unsigned figure, double *to)
{
    for (size_t i = 0; i < c->run_count; i++)
        to[i] = c->figures[i * CK_FIGURE_ROWS + figure];
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

/* Of the runs that know it. */
static double middle_of(const ck_case *c, unsigned figure, double *scratch)
{
    size_t n = 0;

    for (size_t i = 0; i < c->run_count; i++) {
        double x = c->figures[i * CK_FIGURE_ROWS + figure];

        if (!isnan(x))
            scratch[n++] = x;
    }
    if (!n)
        return NAN;
    qsort(scratch, n, sizeof *scratch, by_value);
    return ck_quantile(scratch, n, 0.5);
}

static void judge_case(ck_suite *s, ck_case *c)
{
    double *scratch = malloc(c->run_count * sizeof *scratch);
    unsigned cpus = s->machine.allowed < c->workers ? s->machine.allowed : c->workers;

    if (!scratch)
        return;
    column(c, CK_F_WALL, scratch);
    c->wall = ck_summarise(scratch, c->run_count, &s->random);
    for (unsigned f = 0; f < CK_FIGURE_ROWS; f++)
        c->middle[f] = middle_of(c, f, scratch);
    free(scratch);
    double inputs = c->slow_inputs ? c->slow_inputs : 1;
    c->mpps = inputs * s->width * s->height * 1e-6 / c->wall.median.value;
    c->tiles_per_s = inputs * (double)c->tile_count / c->wall.median.value;
    c->utilisation = (c->middle[CK_F_USER] + c->middle[CK_F_SYS]) / (c->wall.median.value * (cpus ? cpus : 1));
    double shared_cpu = (c->middle[CK_F_USER] + c->middle[CK_F_SYS]) / (cpus ? cpus : 1);
    c->of_limit = s->chain_s > 0 && !c->slow_inputs ? (shared_cpu > s->chain_s ? shared_cpu : s->chain_s) / c->wall.median.value : NAN;
}

/* How many times faster than `base`; the interval is that of the ratio of times, turned over. */
static ck_interval times_faster(ck_suite *s, const ck_case *c, const ck_case *base, ck_verdict *verdict)
{
    double *mine = malloc(c->run_count * sizeof *mine), *theirs = malloc(base->run_count * sizeof *theirs);
    ck_interval i = {0, 0, 0};

    if (mine && theirs) {
        column(c, CK_F_WALL, mine);
        column(base, CK_F_WALL, theirs);
        ck_interval ratio = ck_compare_times(mine, c->run_count, theirs, base->run_count, s->config.threshold, &s->random, verdict);
        i = (ck_interval){1 / ratio.value, 1 / ratio.high, 1 / ratio.low};
    }
    free(mine);
    free(theirs);
    return i;
}

ck_verdict ck_suite_versus(ck_suite *s, const ck_case *c, const ck_case *base, ck_interval *faster)
{
    ck_verdict v = CK_NO_DIFFERENCE;

    *faster = times_faster(s, c, base, &v);
    return v;
}

static bool same_settings(const ck_case *a, const ck_case *b)
{
    return a->setting_count == b->setting_count && !memcmp(a->settings, b->settings, a->setting_count * sizeof *a->settings);
}

const ck_case *ck_suite_find(const ck_suite *s, size_t group, const char *mode, unsigned workers, const ck_case *like)
{
    for (size_t i = 0; i < s->case_count; i++) {
        const ck_case *c = &s->cases[i];

        if (c->group == group && ck_case_counts(c) && !strcmp(c->mode, mode) && (!workers || c->workers == workers) &&
            (!like || same_settings(c, like)))
            return c;
    }
    return NULL;
}

static void compare_case(ck_suite *s, ck_case *c)
{
    const ck_case *serial = ck_suite_find(s, c->group, "serial", 1, NULL), *one = ck_suite_find(s, c->group, c->mode, 1, c);

    c->efficiency = c->karp_flatt = c->region_speedup = c->total_speedup = NAN;
    if (serial) {
        c->region_speedup = serial->middle[CK_F_REGION] / c->middle[CK_F_REGION];
        c->total_speedup = serial->middle[CK_F_TOTAL] / c->middle[CK_F_TOTAL];
        c->speedup = times_faster(s, c, serial, &c->verdict);
        c->efficiency = c->speedup.value / c->workers;
        if (c->workers > 1)
            c->karp_flatt = ck_karp_flatt(c->speedup.value, c->workers);
    }
    if (one)
        c->scaling = times_faster(s, c, one, &c->scaling_verdict);
}

/* ---- curves --------------------------------------------------------------------------------------------------- */

static void setting_text(const ck_case *c, char *to, size_t size)
{
    size_t n = 0;

    *to = 0;
    for (size_t i = 0; i < c->setting_count && n < size; i++)
        n += (size_t)snprintf(to + n, size - n, "%s%s=%s", i ? ", " : "", c->settings[i].name, c->settings[i].value);
}

static ck_curve *curve_of(ck_suite *s, const ck_case *c)
{
    char setting[sizeof s->curves[0].setting];

    setting_text(c, setting, sizeof setting);
    for (size_t i = 0; i < s->curve_count; i++) {
        ck_curve *k = &s->curves[i];

        if (k->group == c->group && !strcmp(k->mode, c->mode) && !strcmp(k->setting, setting))
            return k;
    }
    if (s->curve_count == CK_CURVES_MOST)
        return NULL;
    ck_curve *k = &s->curves[s->curve_count++];
    *k = (ck_curve){.group = c->group};
    snprintf(k->mode, sizeof k->mode, "%s", c->mode);
    snprintf(k->setting, sizeof k->setting, "%s", setting);
    return k;
}

static void add_to_curve(ck_suite *s, size_t index)
{
    ck_curve *k = curve_of(s, &s->cases[index]);
    size_t at;

    if (!k || k->count == sizeof k->cases / sizeof *k->cases)
        return;
    for (at = k->count++; at && s->cases[k->cases[at - 1]].workers > s->cases[index].workers; at--)
        k->cases[at] = k->cases[at - 1];
    k->cases[at] = index;
}

/* Points are the medians. Workers beyond the CPUs count too: that they gain nothing is what a law of contention says. */
static void fit_curve(const ck_suite *s, ck_curve *k)
{
    double workers[64], mpps[64];

    for (size_t i = 0; i < k->count; i++) {
        workers[i] = s->cases[k->cases[i]].workers;
        mpps[i] = s->cases[k->cases[i]].mpps;
    }
    k->amdahl = ck_fit_amdahl(workers, mpps, k->count);
    k->usl = ck_fit_usl(workers, mpps, k->count);
}

/* ---- the case to use --------------------------------------------------------------------------------------------- */

static bool differ(double a, double b, double share)
{
    return fabs(a - b) > share * (a > b ? a : b);
}

/* What an answer costs: CPU first, then workers, then memory; else the mode that stands first, for they stand in order. */
static bool cheaper(const ck_case *a, const ck_case *b)
{
    double cpu_a = a->middle[CK_F_USER] + a->middle[CK_F_SYS], cpu_b = b->middle[CK_F_USER] + b->middle[CK_F_SYS];

    if (differ(cpu_a, cpu_b, 0.05))
        return cpu_a < cpu_b;
    if (a->workers != b->workers)
        return a->workers < b->workers;
    if (differ(a->middle[CK_F_PEAK], b->middle[CK_F_PEAK], 0.25))
        return a->middle[CK_F_PEAK] < b->middle[CK_F_PEAK];
    return a < b;
}

/* Slow inputs are another work than the user's. */
static bool may_be_used(const ck_case *c)
{
    return ck_case_counts(c) && !c->slow_inputs;
}

/* Of the cases that the runs cannot tell from the fastest, and whose medians are close to its: the one that takes least. */
static void choose(ck_suite *s)
{
    const double close = 1.05;
    size_t fastest = s->case_count;

    for (size_t i = 0; i < s->case_count; i++)
        if (may_be_used(&s->cases[i]) &&
            (fastest == s->case_count || s->cases[i].wall.median.value < s->cases[fastest].wall.median.value))
            fastest = i;
    s->best = fastest;
    for (size_t i = 0; i < s->case_count && fastest < s->case_count; i++) {
        ck_verdict v = CK_SLOWER;
        ck_interval ignored;

        if (i == fastest || !may_be_used(&s->cases[i]))
            continue;
        v = ck_suite_versus(s, &s->cases[i], &s->cases[fastest], &ignored);
        if (v == CK_NO_DIFFERENCE && s->cases[i].wall.median.value <= close * s->cases[fastest].wall.median.value &&
            cheaper(&s->cases[i], &s->cases[s->best]))
            s->best = i;
    }
}

void ck_suite_judge(ck_suite *s)
{
    for (size_t i = 0; i < s->case_count; i++)
        if (ck_case_counts(&s->cases[i]))
            judge_case(s, &s->cases[i]);
    for (size_t i = 0; i < s->case_count; i++)
        if (ck_case_counts(&s->cases[i])) {
            compare_case(s, &s->cases[i]);
            add_to_curve(s, i);
        }
    for (size_t i = 0; i < s->curve_count; i++)
        fit_curve(s, &s->curves[i]);
    choose(s);
    ck_suite_conclude(s);
}
