/* chunkimg INPUT...: split, process, write, and print the throughput. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/cli.h"
#include "report/report.h"

enum { MODES_MOST = 32 };

/* One input in one mode, done. The job stays open for its plan. */
typedef struct outcome {
    chunkimg_job *job;
    chunkimg_result result;
    double *walls;
    size_t runs;
} outcome;

/* Everything that is done so far, for --json and the tables. */
typedef struct session {
    cli *c;
    const char *modes[MODES_MOST];
    size_t mode_count;
    outcome *outcomes;
    size_t count;
    char *mode_text; /* what modes points into */
    int partial;     /* exit code of runs that left something out, 0: none did */
} session;

static void warn(void *user, const char *text)
{
    const cli *c = user;

    if (!c->quiet)
        fprintf(stderr, "chunkimg: warning: %s\n", text);
}

static ck_report report_of(const outcome *o)
{
    return (ck_report){chunkimg_job_plan(o->job), &o->result, o->walls, o->runs};
}

/* ---- modes --------------------------------------------------------------------------- */

static int add_mode(session *s, const char *name)
{
    chunkimg_module m;
    bool known = !strcmp(name, "auto");

    for (size_t i = 0; chunkimg_module_at(CHUNKIMG_MODES, i, &m) && !known; i++)
        known = !strcmp(m.name, name);
    if (!known)
        return cli_usage("--mode: there is no mode '%s'; see chunkimg list modes", name);
    if (s->mode_count == MODES_MOST)
        return cli_usage("--mode: more than %d modes", MODES_MOST);
    s->modes[s->mode_count++] = name;
    return 0;
}

/* An option that none of them honours would be given for nothing. */
static int check_modes(const session *s)
{
    chunkimg_error err;

    if (chunkimg_options_check_modes(&s->c->job, s->modes, s->mode_count, &err))
        return cli_usage("--%s", err.text);
    return 0;
}

static int parse_modes(session *s)
{
    chunkimg_module m;
    char *rest = NULL;
    int code = 0;

    if (!strcmp(s->c->job.mode, "all")) {
        for (size_t i = 0; chunkimg_module_at(CHUNKIMG_MODES, i, &m) && !code; i++)
            if (!m.mode->missing)
                code = add_mode(s, m.name);
        return code ? code : check_modes(s);
    }
    s->mode_text = strdup(s->c->job.mode);
    if (!s->mode_text)
        return 1;
    for (char *word = strtok_r(s->mode_text, ",", &rest); word && !code; word = strtok_r(NULL, ",", &rest))
        code = add_mode(s, word);
    if (!code && !s->mode_count)
        return cli_usage("--mode: no mode was named");
    return code ? code : check_modes(s);
}

/* ---- one run, here -------------------------------------------------------------------- */

static outcome *new_outcome(session *s, size_t runs)
{
    outcome *grown = realloc(s->outcomes, (s->count + 1) * sizeof *grown);

    if (!grown)
        return NULL;
    s->outcomes = grown;
    grown[s->count] = (outcome){.walls = calloc(runs, sizeof(double)), .runs = 0};
    return grown[s->count].walls ? &grown[s->count++] : NULL;
}

static int no_memory(void)
{
    fprintf(stderr, "chunkimg: out of memory\n");
    return 1;
}

/* Says what failed. A run that only left tiles out is reported like any other, and remembered. */
static int run_failed(session *s, const chunkimg_error *err)
{
    int code = cli_error(err);

    if (err->status != CHUNKIMG_PARTIAL)
        return code;
    s->partial = code;
    return 0;
}

static int run_here(session *s, outcome *o)
{
    cli_meter *meter = cli_meter_start(s->c);
    chunkimg_error err;
    chunkimg_status status;

    chunkimg_on_tick(o->job, cli_meter_tick, meter);
    status = chunkimg_run(o->job, &err);
    cli_meter_stop(&meter);
    int code = status ? run_failed(s, &err) : 0;
    if (code)
        return code;
    o->result = *chunkimg_job_result(o->job);
    o->walls[o->runs++] = o->result.wall_s;
    return 0;
}

/* ---- several runs, each apart ----------------------------------------------------------- */

static int by_wall(const void *a, const void *b)
{
    double x = ((const chunkimg_result *)a)->wall_s, y = ((const chunkimg_result *)b)->wall_s;

    return (x > y) - (x < y);
}

/* The output of one run is not in the way of the next: it is replaced, as the user would say it with --force. */
static int run_apart(session *s, outcome *o)
{
    size_t repeat = (size_t)s->c->repeat, total = repeat + (size_t)s->c->warmup;
    chunkimg_result *results = calloc(total, sizeof *results);
    chunkimg_error err;
    int code = 0;

    if (!results)
        return no_memory();
    for (size_t i = 0; i < total && !code; i++) {
        if (cli_run_apart(&s->c->job, &results[i], &err))
            code = run_failed(s, &err);
        s->c->job.force = true;
        if (cli_signal_caught())
            code = 128 + cli_signal_caught();
    }
    if (!code) {
        chunkimg_result *counted = results + s->c->warmup;

        for (size_t i = 0; i < repeat; i++)
            o->walls[o->runs++] = counted[i].wall_s;
        qsort(counted, repeat, sizeof *counted, by_wall);
        o->result = counted[(repeat - 1) / 2];
    }
    free(results);
    return code;
}

/* ---- one input ------------------------------------------------------------------------- */

static int run_one_mode(session *s, bool apart)
{
    outcome *o = new_outcome(s, (size_t)s->c->repeat);
    chunkimg_error err;

    if (!o)
        return no_memory();
    if (chunkimg_open_warn(&s->c->job, warn, s->c, &o->job, &err)) {
        free(s->outcomes[--s->count].walls);
        return cli_error(&err);
    }
    if (s->c->dry_run || s->c->verbose)
        ck_report_plan(stdout, chunkimg_job_plan(o->job));
    int code = s->c->dry_run ? 0 : apart ? run_apart(s, o) : run_here(s, o);
    if (code || s->c->dry_run) {
        free(o->walls);
        chunkimg_close(&o->job);
        s->count--;
    }
    return code;
}

/* Each mode gets the options that it honours. */
static int run_mode(session *s, const char *mode, bool apart)
{
    chunkimg_options all = s->c->job;
    int code;

    chunkimg_options_for_mode(&s->c->job, mode);
    code = run_one_mode(s, apart);
    all.force = s->c->job.force;
    s->c->job = all;
    return code;
}

static int check_same(const session *s, size_t first)
{
    for (size_t i = first + 1; i < s->count; i++)
        if (s->outcomes[i].result.digest != s->outcomes[first].result.digest) {
            fprintf(stderr, "chunkimg: %s: the modes %s and %s made different pixels (%08x, %08x)\n",
                    chunkimg_job_plan(s->outcomes[i].job)->input, chunkimg_job_plan(s->outcomes[first].job)->mode,
                    chunkimg_job_plan(s->outcomes[i].job)->mode, s->outcomes[first].result.digest,
                    s->outcomes[i].result.digest);
            return 1;
        }
    return 0;
}

static bool wants_colour(const cli *c)
{
    const char *no = getenv("NO_COLOR"); /* https://no-color.org: set and not empty */

    return isatty(STDOUT_FILENO) && !c->no_color && !(no && *no);
}

static void print_reports(const session *s, size_t first)
{
    ck_report rows[MODES_MOST];
    size_t n = s->count - first;

    for (size_t i = 0; i < n; i++)
        rows[i] = report_of(&s->outcomes[first + i]);
    if (n == 1) {
        ck_report_text(stdout, &rows[0]);
        if (s->c->verbose)
            ck_report_workers(stdout, rows[0].result);
    } else if (n > 1) {
        ck_report_work(stdout, rows[0].plan);
        ck_report_compare(stdout, rows, n, wants_colour(s->c));
    }
}

static int run_input(session *s, const char *input)
{
    bool apart = s->mode_count > 1 || s->c->repeat > 1 || s->c->warmup > 0;
    bool force = s->c->job.force, quiet = s->c->quiet || (s->c->json && !strcmp(s->c->json, "-"));
    size_t first = s->count;
    int code = 0;

    if (apart && !strcmp(input, "-") && !s->c->dry_run)
        return cli_usage("standard input can be read once: give a file for several modes or --repeat");
    s->c->job.input = input;
    for (size_t i = 0; i < s->mode_count && !code; i++)
        code = run_mode(s, s->modes[i], apart);
    s->c->job.force = force;
    if (!code)
        code = check_same(s, first);
    if (!code && !quiet && !s->c->dry_run)
        print_reports(s, first);
    return code;
}

/* ---- several inputs --------------------------------------------------------------------- */

/* With several inputs, --output is the folder that gets the STEM_tiles of each; NULL: the current one. */
static char *output_of(const char *folder, const char *input)
{
    folder = folder ? folder : ".";
    const char *slash = strrchr(input, '/'), *name = slash ? slash + 1 : input, *dot = strrchr(name, '.');
    size_t stem = dot && dot != name ? (size_t)(dot - name) : strlen(name);
    size_t size = strlen(folder) + stem + sizeof "/_tiles";
    char *path = malloc(size);

    if (path)
        snprintf(path, size, "%s/%.*s_tiles", folder, (int)stem, name);
    return path;
}

static int by_text(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* What stands second would replace what was written first, and nobody would miss it. */
static int check_outputs(const session *s, const char *folder)
{
    size_t count = s->c->input_count;
    char **own = calloc(count, sizeof *own);
    int code = own ? 0 : no_memory();

    for (size_t i = 0; i < count && !code; i++)
        if (!(own[i] = output_of(folder, s->c->inputs[i])))
            code = no_memory();
    if (!code)
        qsort(own, count, sizeof *own, by_text);
    for (size_t i = 1; i < count && !code; i++)
        if (!strcmp(own[i - 1], own[i]))
            code = cli_usage("two inputs of the same name would be written to the same place; give them to runs of their own");
    for (size_t i = 0; i < count && own; i++)
        free(own[i]);
    free(own);
    return code;
}

/* An input that failed beside others that did not, where such are to be skipped. */
static int skip_input(const session *s, int code)
{
    bool may = s->c->job.on_error == CHUNKIMG_ON_ERROR_SKIP && s->count > 0;

    return may && !cli_signal_caught() && code != chunkimg_status_exit_code(CHUNKIMG_USAGE)
               ? chunkimg_status_exit_code(CHUNKIMG_PARTIAL) : code;
}

static int run_inputs(session *s)
{
    const char *output = s->c->job.output;
    bool none = output && !strcmp(output, "none"), several = s->c->input_count > 1 && output && !none;
    int code = s->c->job.force && !none ? check_outputs(s, output) : 0;
    size_t i = 0;

    if (code)
        return code;
    bool made = several && !s->c->dry_run && !mkdir(output, 0777); /* one that is there, or cannot be, shows in the runs */
    for (; i < s->c->input_count && !cli_signal_caught(); i++) {
        char *own = several ? output_of(output, s->c->inputs[i]) : NULL;

        if (several && !own)
            return no_memory();
        s->c->job.output = several ? own : output;
        int failed = run_input(s, s->c->inputs[i]);
        code = code ? code : failed;
        free(own);
    }
    if (made)
        rmdir(output); /* only succeeds where nothing came into it */
    if (i < s->c->input_count && !code)
        return 128 + cli_signal_caught(); /* it came between two inputs: nobody was there to be interrupted */
    return code ? skip_input(s, code) : 0;
}

static bool write_reports(FILE *to, const void *what)
{
    const session *s = what;
    ck_report *rows = calloc(s->count ? s->count : 1, sizeof *rows);
    bool ok = rows != NULL;

    for (size_t i = 0; i < s->count && ok; i++)
        rows[i] = report_of(&s->outcomes[i]);
    ok = ok && ck_report_json(to, rows, s->count);
    free(rows);
    return ok;
}

static int run(cli *c)
{
    session s = {.c = c};
    int code;

    if (c->limits)
        return cli_usage("--limits belongs to bench: chunkimg bench --limits INPUT");
    if (!c->input_count)
        return cli_usage("no input was given; see chunkimg --help");
    cli_catch_signals();
    code = parse_modes(&s);
    if (!code) {
        code = run_inputs(&s);
        if (c->json && s.count) {
            int failed = cli_write_report(c->json, write_reports, &s);
            code = code ? code : failed;
        }
    }
    code = code ? code : s.partial;
    for (size_t i = 0; i < s.count; i++) {
        chunkimg_close(&s.outcomes[i].job);
        free(s.outcomes[i].walls);
    }
    free(s.outcomes);
    free(s.mode_text);
    return code;
}

const cli_command cli_command_run = {.name = "", .arguments = "INPUT... [options]",
                                     .summary = "split, process, write, and print the throughput", .run = run};
