/* Sentences out of figures. Every one of them is made of numbers that were measured; where one is missing, so is the sentence. */
#include <math.h>
#include <stdarg.h>
#include <string.h>

#include "bench/suite.h"

static void add(char (*list)[CK_WORDS], size_t *count, const char *format, ...) __attribute__((format(printf, 3, 4)));

static void add(char (*list)[CK_WORDS], size_t *count, const char *format, ...)
{
    va_list args;

    if (*count == CK_WORDS_MOST)
        return;
    va_start(args, format);
    vsnprintf(list[(*count)++], CK_WORDS, format, args);
    va_end(args);
}

static const char *workers_text(const ck_case *c, char to[24])
{
    snprintf(to, 24, "%u worker%s", c->workers, c->workers == 1 ? "" : "s");
    return to;
}

static double cpu_of(const ck_case *c)
{
    return c->middle[CK_F_USER] + c->middle[CK_F_SYS];
}

/* ---- the command line that does it ------------------------------------------------------------------------ */

size_t ck_append(char *to, size_t size, size_t n, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    int more = n < size ? vsnprintf(to + n, size - n, format, args) : 0;
    va_end(args);
    return more > 0 ? n + (size_t)more : n;
}

/* A word as a shell reads it. */
static size_t append_word(char *to, size_t size, size_t n, const char *word)
{
    if (*word && strspn(word, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_./=,:%+@-") == strlen(word))
        return ck_append(to, size, n, " %s", word);
    n = ck_append(to, size, n, " '");
    for (const char *p = word; *p; p++)
        n = *p == '\'' ? ck_append(to, size, n, "'\\''") : ck_append(to, size, n, "%c", *p);
    return ck_append(to, size, n, "'");
}

/* The value of a row as one would type it; false: it is the default, or not one that is typed. */
static bool typed(const chunkimg_option *row, const chunkimg_options *o, const chunkimg_options *defaults, char *to, size_t size)
{
    const void *at = (const char *)o + row->offset, *was = (const char *)defaults + row->offset;

    switch (row->type) {
    case CHUNKIMG_INT:
        snprintf(to, size, "%lld", (long long)*(const int64_t *)at);
        return *(const int64_t *)at != *(const int64_t *)was;
    case CHUNKIMG_REAL:
        snprintf(to, size, "%.10g", *(const double *)at);
        return *(const double *)at < *(const double *)was || *(const double *)at > *(const double *)was;
    case CHUNKIMG_SIZE:
        snprintf(to, size, "%llu", (unsigned long long)*(const uint64_t *)at);
        return *(const uint64_t *)at != *(const uint64_t *)was;
    case CHUNKIMG_CHOICE:
        snprintf(to, size, "%s", row->choices[*(const int *)at]);
        return *(const int *)at != *(const int *)was;
    case CHUNKIMG_PAIR: {
        const chunkimg_pair *p = at, *q = was;

        snprintf(to, size, p->b ? "%lldx%lld" : "%lld", (long long)p->a, (long long)p->b);
        return p->a != q->a || p->b != q->b;
    }
    case CHUNKIMG_TEXT: {
        const char *text = *(const char *const *)at, *old = *(const char *const *)was;

        snprintf(to, size, "%s", text ? text : "");
        return text && (!old || strcmp(text, old) != 0);
    }
    case CHUNKIMG_FLAG:
    case CHUNKIMG_LIST: break;
    }
    return false;
}

static size_t append_option(char *to, size_t size, size_t n, const chunkimg_option *row, const chunkimg_options *o,
                            const chunkimg_options *defaults)
{
    const void *at = (const char *)o + row->offset;
    char value[200];

    if (row->type == CHUNKIMG_FLAG)
        return *(const bool *)at ? ck_append(to, size, n, " --%s", row->name) : n;
    if (row->type == CHUNKIMG_LIST) {
        const chunkimg_list *l = at;

        for (size_t i = 0; i < l->count; i++) {
            n = ck_append(to, size, n, " --%s", row->name);
            n = append_word(to, size, n, l->items[i]);
        }
        return n;
    }
    if (!typed(row, o, defaults, value, sizeof value))
        return n;
    n = ck_append(to, size, n, " --%s", row->name);
    return append_word(to, size, n, value);
}

/* What the user would type to run this case for good: the output is the user's, not that of the measurement. */
static void write_command(ck_suite *s, const ck_case *c)
{
    chunkimg_options o, defaults;
    chunkimg_error err;
    size_t n = ck_append(s->command, sizeof s->command, 0, "chunkimg");

    chunkimg_options_init(&defaults);
    if (ck_case_options(s, c, &o, &err))
        return;
    o.output = s->config.job->output;
    o.format = s->config.job->format;
    n = append_word(s->command, sizeof s->command, n, o.input);
    for (const chunkimg_option *row = chunkimg_job_options(); row->name; row++)
        n = append_option(s->command, sizeof s->command, n, row, &o, &defaults);
}

/* ---- three sentences ------------------------------------------------------------------------------------------ */

/* Modes whose best case the runs cannot tell from the chosen one; empty: none. */
static void level_with(ck_suite *s, const ck_case *best, char *to, size_t size)
{
    size_t n = 0;

    *to = 0;
    for (size_t i = 0; i < s->case_count; i++) {
        const ck_case *c = &s->cases[i];
        ck_interval ignored;

        if (c == best || !ck_case_counts(c) || c->group != best->group || !strcmp(c->mode, best->mode) || strstr(to, c->mode))
            continue;
        if (ck_suite_versus(s, c, best, &ignored) == CK_NO_DIFFERENCE)
            n = ck_append(to, size, n, "%s%s", n ? ", " : "", c->mode);
    }
}

static void say_which(ck_suite *s, const ck_case *b)
{
    char level[160], tail[240] = "", workers[24];

    level_with(s, b, level, sizeof level);
    if (*level)
        snprintf(tail, sizeof tail, "; these runs cannot tell it from %s", level);
    const char *unsure = b->wall.unstable ? "These runs are too unstable to be sure, but as far as they go: use" : "Use";

    if (b->reference || b->speedup.value <= 0)
        add(s->conclusion, &s->conclusion_count,
            "%s serial: no other case is faster here (%.1f MP/s, %.4g s, 95 %% %.4g to %.4g)%s.", unsure, b->mpps, b->wall.median.value,
            b->wall.median.low, b->wall.median.high, tail);
    else
        add(s->conclusion, &s->conclusion_count,
            "%s %s with %s: %.1f MP/s (%.4g s, 95 %% %.4g to %.4g), %.2f times serial (%.2f to %.2f)%s.", unsure, b->mode,
            workers_text(b, workers), b->mpps, b->wall.median.value, b->wall.median.low, b->wall.median.high, b->speedup.value,
            b->speedup.low, b->speedup.high, tail);
}

/* The stage with the most busy seconds. */
static unsigned largest_stage(const ck_case *c)
{
    unsigned best = CK_F_READ;

    for (unsigned f = CK_F_READ; f < CK_F_WAIT; f++)
        if (c->middle[f] > c->middle[best])
            best = f;
    return best;
}

static void say_why(ck_suite *s, const ck_case *b)
{
    unsigned stage = largest_stage(b), cpus = b->workers < s->machine.allowed ? b->workers : s->machine.allowed;
    double busy = 0, chain = b->middle[CK_F_READ] + b->middle[CK_F_DECODE], wall = b->wall.median.value;

    for (unsigned f = CK_F_READ; f < CK_F_WAIT; f++)
        busy += b->middle[f];
    if (b->workers > 1 && chain > 0.85 * wall && chain < 1.15 * wall)
        add(s->conclusion, &s->conclusion_count,
            "Why: reading and decoding is one chain that takes %.3g s of the %.3g s, so that further workers only wait for it "
            "(%.0f %% of the workers' time is waiting).",
            chain, wall, 100 * b->middle[CK_F_WAIT] / (wall * b->workers));
    else if (b->utilisation > 0.85)
        add(s->conclusion, &s->conclusion_count,
            "Why: its %s kept %.0f %% of %u CPU%s busy, and %s is %.0f %% of that work; only less work or more CPUs would make "
            "it faster.",
            b->workers == 1 ? "worker" : "workers", 100 * b->utilisation, cpus, cpus == 1 ? "" : "s", ck_figure_rows[stage].text,
            busy > 0 ? 100 * b->middle[stage] / busy : 0);
    else
        add(s->conclusion, &s->conclusion_count,
            "Why: %s takes most of the work (%.3g of %.3g busy seconds), and with %.0f %% of %u CPU%s used the rest is waiting "
            "(%.3g s), start and end.",
            ck_figure_rows[stage].text, b->middle[stage], busy, 100 * b->utilisation, cpus, cpus == 1 ? "" : "s",
            b->middle[CK_F_WAIT]);
}

/* The best case of each other mode that is slower. */
static void say_others(ck_suite *s, const ck_case *b)
{
    char text[360] = "";
    size_t n = 0;

    for (size_t i = 0; i < s->curve_count; i++) {
        const ck_curve *k = &s->curves[i];
        const ck_case *fastest = NULL;
        ck_interval faster;

        if (k->group != b->group || !strcmp(k->mode, b->mode))
            continue;
        for (size_t j = 0; j < k->count; j++)
            if (!fastest || s->cases[k->cases[j]].wall.median.value < fastest->wall.median.value)
                fastest = &s->cases[k->cases[j]];
        if (fastest && ck_suite_versus(s, fastest, b, &faster) == CK_SLOWER)
            n = ck_append(text, sizeof text, n, "%s%s%s%s at %.2f of its speed", n ? ", " : "", k->mode, *k->setting ? " with " : "",
                       k->setting, faster.value);
    }
    if (n)
        add(s->conclusion, &s->conclusion_count, "Slower: %s.", text);
    else if (b->scaling.value > 0 && b->workers > 1)
        add(s->conclusion, &s->conclusion_count,
            "No other mode is slower by more than these runs can show; against itself with one worker it is %.2f times as fast "
            "(%.2f to %.2f).",
            b->scaling.value, b->scaling.low, b->scaling.high);
}

/* ---- what else the figures say ---------------------------------------------------------------------------------- */

static void find_tile_size(ck_suite *s, const ck_case *b)
{
    const ck_case *best = NULL, *worst = NULL;

    for (size_t i = 0; i < s->case_count; i++) {
        const ck_case *c = &s->cases[i];

        if (!ck_case_counts(c) || c->slow_inputs || strcmp(c->mode, b->mode) != 0 || c->workers != b->workers)
            continue;
        if (!best || c->wall.median.value < best->wall.median.value)
            best = c;
        if (!worst || c->wall.median.value > worst->wall.median.value)
            worst = c;
    }
    if (s->groups < 2 || !best || best->group == worst->group)
        return;
    add(s->findings, &s->finding_count, "Tile size: with %s x %u, tiles of %d x %d are fastest (%.1f MP/s), %d x %d slowest (%.1f).",
        b->mode, b->workers, best->tile_width, best->tile_height, best->mpps, worst->tile_width, worst->tile_height, worst->mpps);
}

/* Processes pay once at the start; where their rate is better than that of threads, a larger image earns it back. */
static void find_break_even(ck_suite *s, const ck_case *b)
{
    const ck_case *p = ck_suite_find(s, b->group, "processes", b->workers, NULL), *t = ck_suite_find(s, b->group, "threads", b->workers, NULL);

    if (!p || !t || isnan(p->middle[CK_F_REGION]) || isnan(t->middle[CK_F_REGION]))
        return;
    double mp = (double)s->width * s->height * 1e-6;
    double fixed = (p->wall.median.value - t->wall.median.value) - (p->middle[CK_F_REGION] - t->middle[CK_F_REGION]) +
                   (p->middle[CK_F_SPAWN] - t->middle[CK_F_SPAWN]) + (p->middle[CK_F_TEARDOWN] - t->middle[CK_F_TEARDOWN]);
    double rate = (p->wall.median.value - t->wall.median.value - fixed) / mp; /* seconds a megapixel that processes cost more */
    ck_interval faster;
    char workers[24];
    ck_verdict v = ck_suite_versus(s, p, t, &faster);

    if (isnan(fixed) || (v == CK_NO_DIFFERENCE && fixed <= 0))
        return;
    if (v == CK_NO_DIFFERENCE)
        add(s->findings, &s->finding_count,
            "Processes against threads, %s: no difference that these runs can show; they take %.1f ms more to start and end, "
            "which is 1 %% of a run from %.0f MP on.",
            workers_text(b, workers), 1e3 * fixed, fixed > 0 ? 100 * fixed * t->mpps : 0);
    else if (rate < 0 && fixed > 0)
        add(s->findings, &s->finding_count,
            "Processes against threads, %s: %.2f times as fast; they take %.1f ms more to start and end and less for each "
            "pixel, so they break even at %.1f MP.",
            workers_text(b, workers), faster.value, 1e3 * fixed, fixed / -rate);
    else
        add(s->findings, &s->finding_count,
            "Processes against threads, %s: %.2f times as fast, %.1f ms of it start and end, and %.2f ms a megapixel; with a "
            "rate that is no better they never break even.",
            workers_text(b, workers), faster.value, 1e3 * fixed, 1e3 * rate);
}

static void find_laws(ck_suite *s, const ck_case *b)
{
    for (size_t i = 0; i < s->curve_count; i++) {
        const ck_curve *k = &s->curves[i];

        if (k->group != b->group || strcmp(k->mode, b->mode) != 0 || !k->usl.valid)
            continue;
        if (k->usl.error > 0.1 || k->amdahl.sigma > 1)
            add(s->findings, &s->finding_count,
                "%s: no law of scaling describes these points (they miss Amdahl's by %.0f %%, the scalability law by %.0f %%).", k->mode,
                100 * k->amdahl.error, 100 * k->usl.error);
        else if (isinf(k->usl.peak) && k->amdahl.sigma <= 0)
            add(s->findings, &s->finding_count, "%s: no serial share can be seen in these points (they miss Amdahl's law by %.1f %%).",
                k->mode, 100 * k->amdahl.error);
        else if (isinf(k->usl.peak))
            add(s->findings, &s->finding_count,
                "%s follows Amdahl's law with a serial share of %.1f %%: at most %.1f times one worker (points miss it by %.1f %%).",
                k->mode, 100 * k->amdahl.sigma, 1 / k->amdahl.sigma, 100 * k->amdahl.error);
        else
            add(s->findings, &s->finding_count,
                "%s follows the scalability law with sigma %.3f, kappa %.5f: the peak is at %.1f workers (points miss it by %.1f %%).",
                k->mode, k->usl.sigma, k->usl.kappa, k->usl.peak, 100 * k->usl.error);
        return;
    }
}

static void find_memory(ck_suite *s, const ck_case *b)
{
    const ck_case *p = ck_suite_find(s, b->group, "processes", b->workers, NULL), *t = ck_suite_find(s, b->group, "threads", b->workers, NULL);
    char workers[24];

    if (!p || !t || isnan(p->middle[CK_F_RSS]) || isnan(p->middle[CK_F_PSS]))
        return;
    add(s->findings, &s->finding_count,
        "Memory, %s: threads %.0f MiB; processes %.0f MiB where shared pages are divided (PSS) and %.0f MiB where each counts "
        "them (RSS).",
        workers_text(b, workers), t->middle[CK_F_PEAK] / 1048576, p->middle[CK_F_PSS] / 1048576, p->middle[CK_F_RSS] / 1048576);
}

static void find_unstable(ck_suite *s)
{
    size_t unstable = 0;

    for (size_t i = 0; i < s->case_count; i++)
        unstable += ck_case_counts(&s->cases[i]) && s->cases[i].wall.unstable;
    if (unstable)
        add(s->findings, &s->finding_count,
            "%zu case%s unstable (~): the interval is wider than %d %% of the median; more runs, or a quieter machine, would say more.",
            unstable, unstable == 1 ? " is" : "s are", CK_UNSTABLE_PERCENT);
}

static void find_few_points(ck_suite *s)
{
    for (size_t i = 0; i < s->curve_count; i++)
        if (s->curves[i].usl.valid || s->curves[i].count == 0)
            return;
    add(s->findings, &s->finding_count, "No law of scaling was fitted: that takes four numbers of workers (--workers 1,2,3,4).");
}

void ck_suite_conclude(ck_suite *s)
{
    const ck_preset *p = s->config.preset;

    s->conclusion_count = s->finding_count = 0;
    if (s->best == s->case_count)
        return;
    const ck_case *b = &s->cases[s->best];
    write_command(s, b);
    if (p && p->sentence && p->sentence(s, s->conclusion[0], CK_WORDS)) {
        s->conclusion_count = 1;
    } else {
        say_which(s, b);
        say_why(s, b);
        say_others(s, b);
    }
    find_tile_size(s, b);
    find_break_even(s, b);
    find_memory(s, b);
    find_laws(s, b);
    find_few_points(s);
    find_unstable(s);
    if (cpu_of(b) > 0 && b->middle[CK_F_SYS] > 0.25 * cpu_of(b))
        add(s->findings, &s->finding_count, "%.0f %% of the CPU time of %s is the system's.", 100 * b->middle[CK_F_SYS] / cpu_of(b), b->label);
}
