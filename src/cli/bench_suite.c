/* chunkimg bench INPUT: the comparison, its reports, and what an interrupt leaves of it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "bench/bench.h"
#include "bench/suite.h"
#include "cli/cli.h"
#include "report/page.h"

/* ---- writers of cli_write_report ---------------------------------------------------------------------------- */

static bool write_json(FILE *to, const void *suite)
{
    return ck_suite_json(to, suite);
}

static bool write_csv(FILE *to, const void *suite)
{
    return ck_suite_csv(to, suite);
}

static bool write_markdown(FILE *to, const void *suite)
{
    return ck_suite_markdown(to, suite);
}

static bool write_page(FILE *to, const void *suite)
{
    char *json = ck_suite_json_text(suite);
    bool ok = json && ck_report_page(to, json);

    free(json);
    return ok;
}

/* The timeline of the case that is to be used. */
static int write_timeline(const cli *c, const ck_suite *s)
{
    for (size_t i = 0; i < s->timeline_count; i++) {
        const ck_timeline *t = &s->timelines[i];
        cli_events events = {t->events.list, t->events.count, t->events.lost};

        if (!strcmp(s->cases[t->index].mode, s->cases[s->best].mode))
            return cli_write_trace(c->job.trace, s->input, s->cases[t->index].mode, false, &events);
    }
    return 0;
}

static int write_reports(const cli *c, const ck_suite *s)
{
    const struct {
        const char *path;
        bool (*write)(FILE *to, const void *what);
    } reports[] = {{c->json, write_json}, {c->bench.csv, write_csv}, {c->bench.markdown, write_markdown}, {c->bench.report, write_page}};
    int code = c->job.trace ? write_timeline(c, s) : 0;

    for (size_t i = 0; i < sizeof reports / sizeof *reports; i++) {
        int failed = reports[i].path ? cli_write_report(reports[i].path, reports[i].write, s) : 0;

        code = code ? code : failed;
    }
    return code;
}

/* ---- progress -------------------------------------------------------------------------------------------------- */

static void show(void *user, size_t run, size_t runs, size_t round, const char *label)
{
    (void)user;
    fprintf(stderr, "\rround %zu: %zu of %zu, %-50.50s", round, run, runs, label);
}

static bool shows(const cli *c)
{
    return c->progress == PROGRESS_ALWAYS || (c->progress == PROGRESS_AUTO && !c->quiet && isatty(STDERR_FILENO));
}

/* ---- the command ------------------------------------------------------------------------------------------------- */

static bool is_dash(const char *path)
{
    return path && !strcmp(path, "-");
}

static uint64_t draw_seed(void)
{
    struct timespec t;

    clock_gettime(CLOCK_REALTIME, &t);
    return ((uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000) % 1000000000;
}

static int usage(const cli *c)
{
    const cli_bench *b = &c->bench;

    if (!c->input_count)
        return cli_usage("bench: no input was given: chunkimg bench INPUT, bench --limits INPUT, or bench --ops");
    for (size_t i = 0; i < c->input_count; i++)
        if (is_dash(c->inputs[i]))
            return cli_usage("bench: standard input can be read once: give a file");
    if (c->input_count > 1 && (c->json || b->csv || b->markdown || b->report || c->job.trace))
        return cli_usage("bench: a report is of one input, not of %zu", c->input_count);
    if (is_dash(c->json) + is_dash(b->csv) + is_dash(b->markdown) + is_dash(b->report) + is_dash(c->job.trace) > 1)
        return cli_usage("bench: only one report can go to standard output");
    if (b->preset && !ck_preset_find(b->preset)) {
        char known[200] = "";

        for (size_t i = 0; ck_preset_at(i); i++)
            snprintf(known + strlen(known), sizeof known - strlen(known), "%s%s", i ? ", " : "", ck_preset_at(i)->name);
        return cli_usage("bench: there is no preset '%.40s'; there are: %s", b->preset, known);
    }
    return 0;
}

static chunkimg_status traced(const chunkimg_options *options, chunkimg_result *result, ck_suite_events *events, chunkimg_error *err)
{
    cli_events e;
    chunkimg_status status = cli_run_traced(options, result, &e, err);

    *events = (ck_suite_events){(chunkimg_event *)(uintptr_t)e.list, e.count, e.lost};
    return status;
}

/* After the runs that count, which shall find this process small. */
static int measure_floors(cli *c, ck_suite *s)
{
    chunkimg_options job = c->job;
    ck_limits_config config = {.job = &job, .apart = cli_run_apart, .stopped = cli_signal_caught};
    ck_limits *l = calloc(1, sizeof *l);
    chunkimg_error err;
    int code = 0;

    if (!l)
        return cli_no_memory();
    chunkimg_options_for_mode(&job, "serial"); /* options of modes do not matter to a floor */
    job.workers = 0;
    job.output = job.trace = NULL;
    if (ck_limits_measure(l, &config, &err))
        code = cli_error(&err);
    s->chain_s = ck_limits_chain_s(l);
    free(l);
    return code;
}

static int measure(cli *c, ck_suite *s, bool quiet)
{
    chunkimg_error err;
    int code = 0;

    if (!quiet) {
        ck_suite_head(stdout, s);
        fflush(stdout);
    }
    chunkimg_status status = ck_suite_measure(s, &err);
    if (shows(c))
        fprintf(stderr, "\r%-72s\r", "");
    int floors = c->bench.limits && !status ? measure_floors(c, s) : 0;
    ck_suite_judge(s);
    if (!status)
        ck_suite_trace(s);
    if (!quiet)
        ck_suite_text(stdout, s, cli_wants_colour(c));
    if (status)
        code = cli_error(&err);
    int failed = write_reports(c, s);
    return code ? code : floors ? floors : failed;
}

static int one_input(cli *c, const char *input)
{
    const cli_bench *b = &c->bench;
    bool quiet = cli_is_silent(c);
    chunkimg_error err;
    ck_suite *s;

    int code = cli_load(c, input);
    if (code)
        return code;
    c->job.input = input;
    ck_suite_config config = {.job = &c->job,
                              .preset = b->preset ? ck_preset_find(b->preset) : NULL,
                              .modes = b->modes ? b->modes : strcmp(c->job.mode, "auto") ? c->job.mode : NULL,
                              .workers = b->workers,
                              .tile_sizes = b->tile_sizes,
                              .runs = b->runs,
                              .min_time_s = b->min_time,
                              .budget_s = b->budget,
                              .warmup = c->warmup ? c->warmup : 1,
                              .seed = b->seed ? (uint64_t)b->seed : draw_seed(),
                              .threshold = b->threshold / 100,
                              .apart = cli_run_apart,
                              .apart_each = cli_run_each_apart,
                              .traced = b->report || c->job.trace ? traced : NULL,
                              .stopped = cli_signal_caught,
                              .progress = shows(c) ? show : NULL};
    if (ck_suite_plan(&config, &s, &err)) {
        code = err.status == CHUNKIMG_USAGE ? cli_usage("bench: %s", err.text) : cli_error(&err);
    } else {
        code = measure(c, s, quiet);
        ck_suite_free(&s);
    }
    cli_drop_loaded(c);
    return code;
}

int cli_bench_suite(cli *c)
{
    int code = usage(c);

    if (code)
        return code;
    cli_catch_signals();
    for (size_t i = 0; i < c->input_count && !cli_signal_caught(); i++) {
        int failed = one_input(c, c->inputs[i]);

        code = code ? code : failed;
    }
    return code;
}

/* ---- before and after ----------------------------------------------------------------------------------------------- */

/* The document is there before its file is opened, so that a failure leaves none. */
static bool write_text(FILE *to, const void *text)
{
    return fputs(text, to) >= 0;
}

int cli_bench_compare(cli *c)
{
    uint64_t seed = c->bench.seed ? (uint64_t)c->bench.seed : draw_seed();
    char *text = NULL, *table = NULL;
    size_t text_size, table_size;
    chunkimg_error err;
    int code = 0;

    if (c->input_count != 2)
        return cli_usage("bench: --compare takes two files of bench --json, before and after, not %zu", c->input_count);
    FILE *json = open_memstream(&text, &text_size), *to = open_memstream(&table, &table_size);
    if (!json || !to) {
        fprintf(stderr, "chunkimg: out of memory\n");
        code = 1;
    } else if (ck_suite_compare(to, json, c->inputs[0], c->inputs[1], c->bench.threshold / 100, seed, &err)) {
        code = cli_error(&err);
    }
    if (json)
        fclose(json);
    if (to)
        fclose(to);
    if (!code && !c->quiet && !is_dash(c->json))
        fputs(table, stdout);
    if (!code && c->json)
        code = cli_write_report(c->json, write_text, text);
    free(text);
    free(table);
    return code;
}
