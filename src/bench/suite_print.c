/* The comparison as a table for a terminal, as Markdown and as CSV. */
#include <math.h>
#include <string.h>

#include "bench/suite.h"

/* ---- the head ------------------------------------------------------------------------------------------- */

void ck_suite_head(FILE *to, const ck_suite *s)
{
    const ck_machine *m = &s->machine;
    const ck_case *c = s->case_count ? &s->cases[0] : NULL;

    fprintf(to, "%-10s %s, %s, %d x %d, %d channel%s of %d bit, %.1f MP, %.1f MB\n", "input", s->input, s->input_format, s->width,
            s->height, s->channels, s->channels == 1 ? "" : "s", s->depth, (double)s->width * s->height * 1e-6,
            (double)s->input_bytes * 1e-6);
    size_t sizes = s->groups - (s->slow.count ? 1 : 0);
    if (c && sizes == 1)
        fprintf(to, "%-10s %llu tiles (%d x %d, %d x %d), %s, %s%s%s\n", "work", (unsigned long long)c->tile_count, c->columns, c->rows,
                c->tile_width, c->tile_height, s->ops, s->output_format, *s->output_format ? ", " : "", s->output_why);
    else
        fprintf(to, "%-10s %zu tile sizes, %s, %s%s%s\n", "work", sizes, s->ops, s->output_format, *s->output_format ? ", " : "",
                s->output_why);
    fprintf(to, "%-10s %s, %u of %u CPUs, governor %s, %.1f GiB, %s, %s; load %.2f before the start\n", "machine", m->cpu, m->allowed,
            m->online, m->governor, (double)m->memory_bytes / 1073741824, m->kernel, m->file_system, m->load);
    fprintf(to, "%-10s %s, %s\n%-10s %s\n", "build", m->compiler, m->flags, "", m->libraries);
    for (size_t i = 0; i < m->omp_count; i++)
        fprintf(to, "%-10s %s\n", i ? "" : "set", m->omp[i]);
    fprintf(to, "%-10s %zu case%s in random order, seed %llu, at least %lld runs and %.3g s each, %lld to warm up; 95 %% intervals\n", "runs",
            s->case_count, s->case_count == 1 ? "" : "s", (unsigned long long)s->config.seed, (long long)s->config.runs,
            ck_suite_min_time(s),
            (long long)s->config.warmup);
    for (size_t i = 0; i < s->left_out_count; i++)
        fprintf(to, "%-10s %s: %s\n", i ? "" : "left out", s->left_out[i].what, s->left_out[i].why);
}

/* ---- the table -------------------------------------------------------------------------------------------- */

static double best_mpps(const ck_suite *s)
{
    double best = 0;

    for (size_t i = 0; i < s->case_count; i++)
        if (ck_case_counts(&s->cases[i]) && s->cases[i].mpps > best)
            best = s->cases[i].mpps;
    return best;
}

static const char *verdict_sign(const ck_case *c)
{
    return c->reference || c->speedup.value <= 0 ? "" : c->verdict == CK_FASTER ? "faster" : c->verdict == CK_SLOWER ? "slower" : "level";
}

static void interval(FILE *to, ck_interval i)
{
    char text[64];

    snprintf(text, sizeof text, "%.2f %.2f..%.2f", i.value, i.low, i.high);
    fprintf(to, " %17s", i.value > 0 ? text : "-");
}

static void number(FILE *to, int width, int decimals, double value)
{
    if (isnan(value))
        fprintf(to, " %*s", width, "-");
    else
        fprintf(to, " %*.*f", width, decimals, value);
}

static void row(FILE *to, const ck_suite *s, const ck_case *c, int width, double best, bool colour)
{
    enum { BAR = 20 };
    bool chosen = s->best < s->case_count && c == &s->cases[s->best];
    int bar = best > 0 ? (int)(BAR * c->mpps / best + 0.5) : 0;

    fprintf(to, "%s%-*s %5zu %9.4f %5.1f%s %8.1f", chosen && colour ? "\033[32m" : "", width, c->label, c->run_count,
            c->wall.median.value, 100 * (c->wall.median.high - c->wall.median.low) / 2 / c->wall.median.value,
            c->wall.unstable ? "~" : " ", c->mpps);
    interval(to, c->speedup);
    interval(to, c->scaling);
    number(to, 5, 0, 100 * c->efficiency);
    number(to, 6, 3, c->karp_flatt);
    number(to, 7, 2, c->middle[CK_F_USER] + c->middle[CK_F_SYS]);
    number(to, 6, 0, c->middle[CK_F_PEAK] / 1048576);
    if (s->chain_s > 0)
        number(to, 7, 0, 100 * c->of_limit);
    fprintf(to, "  %-20.*s %s%s%s\n", bar, "####################", verdict_sign(c), chosen ? " *" : "", chosen && colour ? "\033[0m" : "");
}

static int label_width(const ck_suite *s)
{
    size_t width = 4;

    for (size_t i = 0; i < s->case_count; i++)
        width = strlen(s->cases[i].label) > width ? strlen(s->cases[i].label) : width;
    return (int)width;
}

static void table(FILE *to, const ck_suite *s, bool colour)
{
    int width = label_width(s);
    double best = best_mpps(s);

    fprintf(to, "\n%s%-*s %5s %9s %6s %8s %17s %17s %5s %6s %7s %6s%s  %-20s against serial%s\n", colour ? "\033[1m" : "", width, "case", "runs",
            "wall s", "+-%", "MP/s", "x serial", "x one worker", "eff.%", "K-F", "CPU s", "MiB", s->chain_s > 0 ? "  limit%" : "", "MP/s", colour ? "\033[0m" : "");
    for (size_t i = 0; i < s->case_count; i++)
        if (ck_case_counts(&s->cases[i]))
            row(to, s, &s->cases[i], width, best, colour);
    for (size_t i = 0; i < s->case_count; i++)
        if (s->cases[i].failed)
            fprintf(to, "%-*s failed: %s\n", width, s->cases[i].label, s->cases[i].why);
        else if (!s->cases[i].run_count)
            fprintf(to, "%-*s was not run\n", width, s->cases[i].label);
}

/* ---- more about each case ------------------------------------------------------------------------------------ */

static const char *with_unit(double value, const char *unit, char to[32])
{
    static const char *const sizes[] = {"B", "KiB", "MiB", "GiB"};
    int i = 0;

    if (isnan(value)) {
        snprintf(to, 32, "-");
    } else if (!strcmp(unit, "bytes")) {
        for (; value >= 1024 && i < 3; i++)
            value /= 1024;
        snprintf(to, 32, i ? "%.1f %s" : "%.0f %s", value, sizes[i]);
    } else if (!strcmp(unit, "s")) {
        snprintf(to, 32, value < 0.1 ? "%.2f ms" : "%.3f s", value < 0.1 ? 1e3 * value : value);
    } else {
        snprintf(to, 32, value < 10 && value > floor(value) ? "%.2f" : "%.0f", value);
    }
    return to;
}

/* What every case has or none has is a column; figures that no case knows are not shown. */
static bool any_knows(const ck_suite *s, unsigned figure)
{
    for (size_t i = 0; i < s->case_count; i++)
        if (ck_case_counts(&s->cases[i]) && !isnan(s->cases[i].middle[figure]))
            return true;
    return false;
}

static void figure_table(FILE *to, const ck_suite *s, const char *title, const unsigned *columns, size_t n)
{
    int width = label_width(s);

    fprintf(to, "\n%-*s", width, title);
    for (size_t k = 0; k < n; k++)
        if (any_knows(s, columns[k]))
            fprintf(to, " %*s", (int)strlen(ck_figure_rows[columns[k]].text) > 10 ? (int)strlen(ck_figure_rows[columns[k]].text) : 10,
                    ck_figure_rows[columns[k]].text);
    fputc('\n', to);
    for (size_t i = 0; i < s->case_count; i++) {
        const ck_case *c = &s->cases[i];
        char text[32];

        if (!ck_case_counts(c))
            continue;
        fprintf(to, "%-*s", width, c->label);
        for (size_t k = 0; k < n; k++)
            if (any_knows(s, columns[k]))
                fprintf(to, " %*s", (int)strlen(ck_figure_rows[columns[k]].text) > 10 ? (int)strlen(ck_figure_rows[columns[k]].text) : 10,
                        with_unit(c->middle[columns[k]], ck_figure_rows[columns[k]].unit, text));
        fputc('\n', to);
    }
}

/* How much of what the workers gain arrives at the end of the process. */
static void region_table(FILE *to, const ck_suite *s)
{
    int width = label_width(s);

    fprintf(to, "\n%-*s %15s %10s %10s\n", width, "times serial", "parallel region", "wall", "end to end");
    for (size_t i = 0; i < s->case_count; i++) {
        const ck_case *c = &s->cases[i];

        if (!ck_case_counts(c) || c->reference || c->speedup.value <= 0)
            continue;
        fprintf(to, "%-*s", width, c->label);
        number(to, 15, 2, c->region_speedup);
        number(to, 10, 2, c->speedup.value);
        number(to, 10, 2, c->total_speedup);
        fputc('\n', to);
    }
}

static void details(FILE *to, const ck_suite *s)
{
    static const unsigned phases[] = {CK_F_TOTAL, CK_F_REGION, CK_F_SPAWN, CK_F_TEARDOWN, CK_F_FIRST_TILE};
    static const unsigned stages[] = {CK_F_READ, CK_F_DECODE, CK_F_PROCESS, CK_F_ENCODE, CK_F_WRITE, CK_F_WAIT};
    static const unsigned costs[] = {CK_F_SYS, CK_F_LOCK_WAIT, CK_F_QUEUE_WAIT, CK_F_VOLUNTARY, CK_F_INVOLUNTARY, CK_F_MIGRATIONS, CK_F_MINOR};
    static const unsigned memory[] = {CK_F_PEAK, CK_F_RSS, CK_F_PSS, CK_F_COPIED, CK_F_BY_REFERENCE, CK_F_IMBALANCE};
    static const unsigned delays[] = {CK_F_LOOP_MEAN, CK_F_LOOP_WORST, CK_F_JITTER, CK_F_JITTER_WORST};

    figure_table(to, s, "medians", phases, sizeof phases / sizeof *phases);
    region_table(to, s);
    figure_table(to, s, "busy seconds", stages, sizeof stages / sizeof *stages);
    figure_table(to, s, "costs", costs, sizeof costs / sizeof *costs);
    figure_table(to, s, "memory", memory, sizeof memory / sizeof *memory);
    if (any_knows(s, CK_F_LOOP_MEAN) || any_knows(s, CK_F_JITTER))
        figure_table(to, s, "delays", delays, sizeof delays / sizeof *delays);
}

static void laws(FILE *to, const ck_suite *s)
{
    bool any = false;

    for (size_t i = 0; i < s->curve_count; i++) {
        const ck_curve *k = &s->curves[i];
        const ck_case *c = &s->cases[k->cases[0]];

        if (!k->usl.valid)
            continue;
        if (!any)
            fprintf(to, "\nlaws of scaling (points miss a law by +-%%)\n");
        any = true;
        fprintf(to, "  %-12s %-18s Amdahl: serial %5.2f %%, +-%.1f    USL: sigma %.4f, kappa %.6f, peak ", k->mode,
                s->groups > 1 ? strchr(c->label, ',') ? strchr(c->label, ',') + 2 : "" : k->setting, 100 * k->amdahl.sigma, 100 * k->amdahl.error,
                k->usl.sigma, k->usl.kappa);
        if (isinf(k->usl.peak))
            fprintf(to, "none, +-%.1f\n", 100 * k->usl.error);
        else
            fprintf(to, "at %.1f workers, +-%.1f\n", k->usl.peak, 100 * k->usl.error);
    }
}

static void words(FILE *to, const ck_suite *s, const char *before)
{
    for (size_t i = 0; i < s->conclusion_count; i++)
        fprintf(to, "%s%s%s\n", i ? "" : "\n", before, s->conclusion[i]);
    if (*s->command)
        fprintf(to, "%s%s%s\n", *before ? "\n    " : "    ", s->command, *before ? "\n" : "");
    for (size_t i = 0; i < s->finding_count; i++)
        fprintf(to, "%s%s\n", *before ? before : "  - ", s->findings[i]);
}

static size_t outliers(const ck_suite *s)
{
    size_t n = 0;

    for (size_t i = 0; i < s->case_count; i++)
        if (ck_case_counts(&s->cases[i]))
            n += s->cases[i].wall.outliers;
    return n;
}

void ck_suite_text(FILE *to, const ck_suite *s, bool colour)
{
    table(to, s, colour);
    details(to, s);
    laws(to, s);
    if (s->chain_s > 0)
        fprintf(to, "\nlimit%%: the floor of the file's serial chain (%.4g s), or the case's own CPU time spread evenly over its CPUs where that is "
                    "more, as a share of its wall time\n", s->chain_s);
    fprintf(to, "\n%zu rounds in %.1f s; %zu outlier%s (modified z-score above %.1f), counted and kept; same pixels in every row\n", s->rounds,
            s->elapsed_s, outliers(s), outliers(s) == 1 ? "" : "s", CK_OUTLIER_SCORE);
    if (!s->complete)
        fprintf(to, "not complete: what is shown is what was finished\n");
    for (size_t i = 0; i < s->machine.warning_count; i++)
        fprintf(to, "warning: %s\n", s->machine.warnings[i]);
    words(to, s, "");
}

/* ---- Markdown -------------------------------------------------------------------------------------------------- */

static void markdown_row(FILE *to, const ck_suite *s, const ck_case *c)
{
    char memory[32];
    bool chosen = s->best < s->case_count && c == &s->cases[s->best];

    fprintf(to, "| %s%s%s | %zu | %.4f | %.4f to %.4f%s | %.1f | %.1f |", chosen ? "**" : "", c->label, chosen ? "**" : "", c->run_count,
            c->wall.median.value, c->wall.median.low, c->wall.median.high, c->wall.unstable ? " ~" : "", c->mpps, c->tiles_per_s);
    if (c->speedup.value > 0)
        fprintf(to, " %.2f (%.2f to %.2f) |", c->speedup.value, c->speedup.low, c->speedup.high);
    else
        fprintf(to, " - |");
    fprintf(to, " %.2f | %s | %s |\n", c->middle[CK_F_USER] + c->middle[CK_F_SYS], with_unit(c->middle[CK_F_PEAK], "bytes", memory),
            verdict_sign(c));
}

bool ck_suite_markdown(FILE *to, const ck_suite *s)
{
    fprintf(to, "`%s`, %.1f MP, %s, %s; %s, %u CPUs, %s; seed %llu\n\n", s->input, (double)s->width * s->height * 1e-6, s->ops,
            s->output_why, s->machine.cpu, s->machine.allowed, s->machine.kernel, (unsigned long long)s->config.seed);
    fprintf(to, "| case | runs | wall s | 95 %% | MP/s | tiles/s | x serial | CPU s | memory | |\n"
                "|---|---:|---:|---:|---:|---:|---:|---:|---:|---|\n");
    for (size_t i = 0; i < s->case_count; i++)
        if (ck_case_counts(&s->cases[i]))
            markdown_row(to, s, &s->cases[i]);
    words(to, s, "* ");
    return !ferror(to);
}

/* ---- CSV: RFC 4180 ------------------------------------------------------------------------------------------------- */

static void csv_text(FILE *to, const char *text)
{
    fputc('"', to);
    for (; *text; text++) {
        if (*text == '"')
            fputc('"', to);
        fputc(*text, to);
    }
    fputc('"', to);
}

static void csv_run(FILE *to, const ck_suite *s, const ck_case *c, size_t run)
{
    fprintf(to, "%s,", CK_SUITE_SCHEMA);
    csv_text(to, c->label);
    fprintf(to, ",%s,%u,%llu,%d,%d,", c->mode, c->workers, (unsigned long long)c->tile_count, c->tile_width, c->tile_height);
    csv_text(to, s->input);
    fprintf(to, ",%d,%d,%zu", s->width, s->height, run + 1);
    for (unsigned f = 0; f < CK_FIGURE_ROWS; f++) {
        double x = c->figures[run * CK_FIGURE_ROWS + f];

        if (isnan(x))
            fputc(',', to);
        else
            fprintf(to, ",%.9g", x);
    }
    fputs("\r\n", to);
}

bool ck_suite_csv(FILE *to, const ck_suite *s)
{
    fputs("schema,case,mode,workers,tiles,tile_width,tile_height,input,width,height,run", to);
    for (unsigned f = 0; f < CK_FIGURE_ROWS; f++)
        fprintf(to, ",%s", ck_figure_rows[f].name);
    fputs("\r\n", to);
    for (size_t i = 0; i < s->case_count; i++)
        for (size_t k = 0; k < s->cases[i].run_count && ck_case_counts(&s->cases[i]); k++)
            csv_run(to, s, &s->cases[i], k);
    return !ferror(to);
}
