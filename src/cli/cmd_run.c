/* chunkimg INPUT...: split, process, write, and print the throughput. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/session.h"

static void warn(void *user, const char *text)
{
    const cli *c = user;

    if (!c->quiet)
        fprintf(stderr, "chunkimg: warning: %s\n", text);
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
    if (s->mode_count == CLI_MODES_MOST)
        return cli_usage("--mode: more than %d modes", CLI_MODES_MOST);
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
        return cli_no_memory();
    for (char *word = strtok_r(s->mode_text, ",", &rest); word && !code; word = strtok_r(NULL, ",", &rest))
        code = add_mode(s, word);
    if (!code && !s->mode_count)
        return cli_usage("--mode: no mode was named");
    return code ? code : check_modes(s);
}

/* ---- one run, here -------------------------------------------------------------------- */

/* What else there is to do while a job runs. */
typedef struct ticker {
    cli *c;
    cli_meter *meter;
} ticker;

static int tick(void *user, const chunkimg_progress *progress)
{
    const ticker *t = user;

    if (t->c->downloads)
        chunkimg_downloads_turn(t->c->downloads);
    return cli_meter_tick(t->meter, progress);
}

/* A run that only left tiles out is reported like any other, and remembered. */
static int run_failed(session *s, const char *input, const char *mode, const chunkimg_error *err)
{
    if (err->status != CHUNKIMG_PARTIAL)
        return cli_failed(s, input, mode, "run", err);
    s->partial = cli_error(err);
    return 0;
}

static int trace(const session *s, const outcome *o, const cli_events *events)
{
    return cli_write_trace(s->c->job.trace, s->c->job.input, chunkimg_job_plan(o->job)->mode, s->mode_count > 1, events);
}

static int run_here(session *s, outcome *o)
{
    cli_meter *meter = cli_meter_start(s->c);
    ticker t = {s->c, meter};
    chunkimg_error err;
    chunkimg_status status;

    chunkimg_on_tick(o->job, tick, &t);
    status = chunkimg_run(o->job, &err);
    cli_meter_stop(&meter);
    int code = status ? run_failed(s, s->c->job.input, cli_mode_of(o), &err) : 0;
    if (code)
        return code;
    o->result = *chunkimg_job_result(o->job);
    o->walls[o->runs++] = o->result.wall_s;
    if (!s->c->job.trace)
        return 0;
    cli_events events;
    events.list = chunkimg_job_events(o->job, &events.count, &events.lost);
    return trace(s, o, &events);
}

/* ---- several runs, each apart ----------------------------------------------------------- */

static int by_wall(const void *a, const void *b)
{
    double x = ((const chunkimg_result *)a)->wall_s, y = ((const chunkimg_result *)b)->wall_s;

    return (x > y) - (x < y);
}

/* The timeline of the last run of all is the one that stays. */
static int run_once_apart(session *s, const outcome *o, chunkimg_result *result)
{
    chunkimg_error err;
    cli_events events;
    int code;

    if (!s->c->job.trace)
        return cli_run_apart(&s->c->job, result, &err) ? run_failed(s, s->c->job.input, cli_mode_of(o), &err) : 0;
    code = cli_run_traced(&s->c->job, result, &events, &err) ? run_failed(s, s->c->job.input, cli_mode_of(o), &err) : 0;
    if (!code && events.list)
        code = trace(s, o, &events);
    free((void *)(uintptr_t)events.list);
    return code;
}

/* The output of one run is not in the way of the next: it is replaced, as the user would say it with --force. */
static int run_apart(session *s, outcome *o)
{
    size_t repeat = (size_t)s->c->repeat, total = repeat + (size_t)s->c->warmup;
    chunkimg_result *results = calloc(total, sizeof *results);
    int code = 0;

    if (!results)
        return cli_no_memory();
    for (size_t i = 0; i < total && !code; i++) {
        code = run_once_apart(s, o, &results[i]);
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
    outcome *o = cli_new_outcome(s, (size_t)s->c->repeat);
    chunkimg_error err;

    if (!o)
        return cli_no_memory();
    s->c->job.downloads = apart ? NULL : s->c->downloads; /* another process must not read our sockets */
    if (chunkimg_open_warn(&s->c->job, warn, s->c, &o->job, &err)) {
        cli_drop_outcome(s);
        return cli_failed(s, s->c->job.input, s->c->job.mode, "open", &err);
    }
    if (s->c->dry_run || s->c->verbose)
        ck_report_plan(stdout, chunkimg_job_plan(o->job));
    int code = s->c->dry_run ? 0 : apart ? run_apart(s, o) : run_here(s, o);
    if (code || s->c->dry_run)
        cli_drop_outcome(s);
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

static int check_same(session *s, size_t first)
{
    const outcome *a = &s->outcomes[first], *b;

    for (size_t i = first + 1; i < s->count; i++)
        if ((b = &s->outcomes[i])->result.digest != a->result.digest)
            return cli_failed_here(s, s->c->job.input, "compare", CHUNKIMG_SYSTEM,
                                   "%s: the modes %s and %s made different pixels (%08x, %08x)", chunkimg_job_plan(b->job)->input,
                                   cli_mode_of(a), cli_mode_of(b), a->result.digest, b->result.digest);
    return 0;
}

/* Whether each run is a process of its own: this one must have no threads, then. */
static bool runs_apart(const session *s)
{
    return s->mode_count > 1 || s->c->repeat > 1 || s->c->warmup > 0;
}

static int run_input(void *user, const char *input)
{
    session *s = user;
    bool apart = runs_apart(s);
    bool force = s->c->job.force;
    size_t first = s->count;
    int code = 0;

    if (apart && !strcmp(input, "-") && !s->c->dry_run)
        return cli_failed_here(s, input, "open", CHUNKIMG_USAGE,
                               "standard input can be read once: give a file for several modes or --repeat");
    s->c->job.input = input;
    for (size_t i = 0; i < s->mode_count && !code; i++)
        code = run_mode(s, s->modes[i], apart);
    s->c->job.force = force;
    if (!code)
        code = check_same(s, first);
    if (!code && !cli_is_silent(s->c) && !s->c->dry_run)
        cli_print_reports(s, first);
    return code;
}

/* ---- several inputs --------------------------------------------------------------------- */

static int take_whole(void *user, const char *input, const chunkimg_item_result *r)
{
    session *s = user;
    int code = !r->err.status ? 0 : r->plan.input ? run_failed(s, input, r->plan.mode, &r->err)
                                                  : cli_failed(s, input, s->c->job.mode, "open", &r->err);
    outcome *o = code ? NULL : cli_new_outcome(s, 1);

    if (!o)
        return code ? code : cli_no_memory();
    o->whole = cli_copy_result(r);
    o->result = r->result;
    o->walls[o->runs++] = r->result.wall_s;
    if (!o->whole) {
        cli_drop_outcome(s);
        return cli_no_memory();
    }
    if (!cli_is_silent(s->c))
        ck_report_short(stdout, &(ck_report){&o->whole->plan, &o->result, o->walls, 1});
    return 0;
}

static int unloaded(void *user, const char *input, const chunkimg_error *err)
{
    return cli_failed(user, input, NULL, "download", err);
}

static int run_inputs(session *s)
{
    cli *c = s->c;
    bool alone = !runs_apart(s) && !c->dry_run && !c->verbose;
    cli_meter *meter = cli_meter_start(c);
    ticker t = {c, meter};
    cli_each how = {.here = runs_apart(s), .one = run_input, .whole = alone ? take_whole : NULL, .unloaded = unloaded, .user = s,
                    .tick = tick, .tick_user = &t};
    cli_tally tally;
    int code = cli_each_input(c, &how, &tally);

    cli_meter_stop(&meter);
    if (c->input_count > 1 && tally.done + tally.failed && !c->dry_run && !cli_is_silent(c))
        cli_print_total(s, &tally);
    return code;
}

static int run(cli *c)
{
    session s = {.c = c};
    int code;

    if (!c->input_count)
        return cli_usage("no input was given; see chunkimg --help");
    if (c->job.trace && c->input_count > 1)
        return cli_usage("--trace: one timeline is of one input, not of %zu", c->input_count);
    cli_catch_signals();
    code = parse_modes(&s);
    if (!code) {
        code = run_inputs(&s);
        int unwritten = cli_write_session(&s);
        code = code ? code : unwritten;
    }
    code = code ? code : s.partial;
    cli_session_release(&s);
    return code;
}

const cli_command cli_command_run = {.name = "", .arguments = "INPUT... [options]",
                                     .summary = "split, process, write, and print the throughput", .run = run};
