/*
 * The inputs of a command, one after another, each for itself: where each goes, what is downloaded for it, and what
 * the failures of some mean for the whole.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "cli/cli.h"
#include "report/report.h"

typedef struct each {
    cli *c;
    cli_tally *tally;
    const cli_each *how;
    bool *settled;      /* inputs that were carried whole */
    const char *output; /* what the user said */
    char **outputs;     /* of each input; NULL: as the user said it */
    int code;           /* of the failure that stands first in the list, whatever came first */
    size_t code_at;
} each;

double cli_now_s(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* ---- where each goes ---------------------------------------------------------- */

/* STEM_tiles, with several inputs in the folder that --output names. */
static char *output_of(const cli *c, const char *input)
{
    const char *folder = c->input_count > 1 ? c->job.output : NULL;
    char stem[4096];
    size_t size = strlen(chunkimg_stem(input, stem, sizeof stem)) + (folder ? strlen(folder) : 0) + sizeof "/_tiles";
    char *path = malloc(size);

    if (path)
        snprintf(path, size, "%s%s%s_tiles", folder ? folder : "", folder ? "/" : "", stem);
    return path;
}

static int by_text(const void *a, const void *b)
{
    return strcmp(**(char **const *)a, **(char **const *)b);
}

/* Two inputs for one folder are refused while nothing has been read. */
static int check_distinct(const each *e)
{
    size_t n = e->c->input_count;
    char ***sorted = malloc(n * sizeof *sorted);
    int code = 0;

    if (!sorted)
        return cli_no_memory();
    for (size_t i = 0; i < n; i++)
        sorted[i] = &e->outputs[i];
    qsort(sorted, n, sizeof *sorted, by_text);
    for (size_t i = 1; i < n && !code; i++)
        if (!strcmp(*sorted[i - 1], *sorted[i])) {
            char *const *first = sorted[i - 1] < sorted[i] ? sorted[i - 1] : sorted[i];
            char *const *second = sorted[i - 1] < sorted[i] ? sorted[i] : sorted[i - 1];

            code = cli_usage("%s and %s would both be written to %s: run them apart, with an --output for each",
                             e->c->inputs[first - e->outputs], e->c->inputs[second - e->outputs], *sorted[i]);
        }
    free(sorted);
    return code;
}

static int choose_outputs(each *e)
{
    const cli *c = e->c;
    size_t pipes = 0;

    for (size_t i = 0; i < c->input_count; i++)
        pipes += !strcmp(c->inputs[i], "-");
    if (pipes > 1)
        return cli_usage("standard input can be read once");
    if (c->input_count == 1 || (e->output && !strcmp(e->output, "none")))
        return 0;
    if (e->output && chunkimg_is_image(e->output))
        return cli_usage("--output: %s is one image, for one input; with several give a folder", e->output);
    e->outputs = calloc(c->input_count, sizeof *e->outputs);
    for (size_t i = 0; i < c->input_count; i++)
        if (!e->outputs || !(e->outputs[i] = output_of(c, c->inputs[i])))
            return cli_no_memory();
    return check_distinct(e);
}

/* ---- one -------------------------------------------------------------------------- */

static void note(each *e, size_t i, int failed)
{
    if (!failed) {
        e->tally->done++;
        return;
    }
    e->tally->failed++;
    if (!e->code || i < e->code_at) {
        e->code = failed;
        e->code_at = i;
    }
}

static void do_one(each *e, size_t i, chunkimg_body *body)
{
    e->c->job.output = e->outputs ? e->outputs[i] : e->output;
    e->c->job.body = body;
    note(e, i, e->how->one(e->how->user, e->c->inputs[i]));
    fflush(stdout);
    e->c->job.body = NULL;
    chunkimg_body_free(&body);
}

static void do_files(each *e)
{
    for (size_t i = 0; i < e->c->input_count && !cli_signal_caught(); i++)
        if (!chunkimg_is_address(e->c->inputs[i]) && !e->settled[i])
            do_one(e, i, NULL);
}

/* ---- small ones, whole --------------------------------------------------------------- */

enum { WINDOW = 256 }; /* inputs whose results are waited for together */

/* From *at on; their places in places[]. */
static size_t next_small(const each *e, size_t *at, chunkimg_item items[WINDOW], size_t places[WINDOW])
{
    const cli *c = e->c;
    size_t n = 0;

    for (; *at < c->input_count && n < WINDOW; (*at)++) {
        const char *input = c->inputs[*at];

        if (chunkimg_is_address(input) || !strcmp(input, "-") || !chunkimg_is_small(input))
            continue;
        items[n] = (chunkimg_item){.input = input, .output = e->outputs ? e->outputs[*at] : e->output};
        places[n++] = *at;
    }
    return n;
}

/* What needs more memory than a share of the limit is done again, alone. */
static void take_results(each *e, const chunkimg_item_result *results, const size_t *places, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (results[i].err.status == CHUNKIMG_LIMIT)
            continue;
        e->settled[places[i]] = true;
        e->tally->whole++;
        note(e, places[i], e->how->whole(e->how->user, e->c->inputs[places[i]], &results[i]));
    }
}

static int do_small(each *e)
{
    chunkimg_item items[WINDOW];
    size_t places[WINDOW], at = 0, n = next_small(e, &at, items, places);
    chunkimg_item_result *results;
    chunkimg_error err;
    int code = 0;

    if (!e->how->whole || !chunkimg_each_mode(&e->c->job, n))
        return 0;
    results = calloc(WINDOW, sizeof *results);
    if (!results)
        return cli_no_memory();
    for (; n && !code && !cli_signal_caught(); n = next_small(e, &at, items, places)) {
        if (chunkimg_run_each(&e->c->job, items, n, e->how->tick, e->how->tick_user, results, &err))
            code = cli_error(&err);
        take_results(e, results, places, n);
    }
    free(results);
    return code;
}

/* ---- downloads ----------------------------------------------------------------------- */

static void say_loaded(const cli *c, const chunkimg_download *got)
{
    char size[32];

    if (!cli_is_silent(c))
        printf("%-12s %s, %s in %.2f s\n", "loaded", got->name, ck_report_size(got->nbytes, size, sizeof size),
               got->seconds);
    fflush(stdout); /* a process that is forked next must not have it, too */
}

int cli_load(cli *c, const char *input)
{
    chunkimg_downloads *downloads;
    chunkimg_download got = {.body = NULL};
    chunkimg_error err;
    int found = 0;

    if (!chunkimg_is_address(input))
        return 0;
    if (chunkimg_downloads_open(&c->job, &input, 1, true, &downloads, &err))
        return cli_error(&err);
    while (!found && !cli_signal_caught())
        found = chunkimg_downloads_next(downloads, 0.1, &got);
    if (got.body)
        say_loaded(c, &got);
    chunkimg_downloads_close(&downloads);
    c->job.body = got.body;
    return got.body ? 0 : found ? cli_error(&got.err) : 128 + cli_signal_caught();
}

void cli_drop_loaded(cli *c)
{
    chunkimg_body *body = (chunkimg_body *)(uintptr_t)c->job.body; /* nobody else's: see cli_load */

    c->job.body = NULL;
    chunkimg_body_free(&body);
}

static void loaded(each *e, const chunkimg_download *got)
{
    e->tally->loaded++;
    e->tally->loaded_nbytes += got->nbytes;
    say_loaded(e->c, got);
}

/* Where each address stands among the inputs; its downloads know it by its place among the addresses. */
static size_t *list_addresses(const cli *c, const char **addresses, size_t *n)
{
    size_t *places = malloc((c->input_count + 1) * sizeof *places);

    *n = 0;
    for (size_t i = 0; places && i < c->input_count; i++)
        if (chunkimg_is_address(c->inputs[i])) {
            addresses[*n] = c->inputs[i];
            places[(*n)++] = i;
        }
    return places;
}

static void do_downloads(each *e, const size_t *places)
{
    chunkimg_download got;
    int found;

    while (!cli_signal_caught() && (found = chunkimg_downloads_next(e->c->downloads, 0.1, &got)) >= 0) {
        if (!found)
            continue;
        if (got.body) {
            loaded(e, &got);
            do_one(e, places[got.index], got.body);
        } else {
            note(e, places[got.index], e->how->unloaded(e->how->user, e->c->inputs[places[got.index]], &got.err));
        }
    }
}

/* The files come first: meanwhile downloads that no worker blocks for go on. */
static int do_all(each *e)
{
    cli *c = e->c;
    const char **addresses = malloc((c->input_count + 1) * sizeof *addresses);
    size_t n, *places = addresses ? list_addresses(c, addresses, &n) : NULL;
    chunkimg_error err;
    int code = 0;

    if (!places)
        code = cli_no_memory();
    else if (n && chunkimg_downloads_open(&c->job, addresses, n, e->how->here, &c->downloads, &err))
        code = cli_error(&err);
    if (!code)
        code = do_small(e);
    if (!code) {
        do_files(e);
        if (n)
            chunkimg_downloads_on_tick(c->downloads, e->how->tick, e->how->tick_user);
        if (n)
            do_downloads(e, places);
    }
    chunkimg_downloads_close(&c->downloads);
    free(places);
    free(addresses);
    return code;
}

/* ---- all -------------------------------------------------------------------------------- */

/* Inputs that failed beside others that did not may be such as --on-error skip allows. */
static int of_the_whole(const each *e)
{
    bool may = e->c->job.on_error == CHUNKIMG_ON_ERROR_SKIP && e->tally->done && !cli_signal_caught();

    return e->code && may && e->code != chunkimg_status_exit_code(CHUNKIMG_USAGE) ? chunkimg_status_exit_code(CHUNKIMG_PARTIAL)
                                                                                   : e->code;
}

int cli_each_input(cli *c, const cli_each *how, cli_tally *tally)
{
    each e = {.c = c, .tally = tally, .how = how, .output = c->job.output,
              .settled = calloc(c->input_count, sizeof *e.settled)};
    double began = cli_now_s();
    bool made = false;
    int code = e.settled ? choose_outputs(&e) : cli_no_memory();

    *tally = (cli_tally){0};
    if (!code) {
        /* A folder that is there already, or cannot be made, shows in the runs. */
        made = e.outputs && e.output && !c->dry_run && !mkdir(e.output, 0777);
        code = do_all(&e);
    }
    if (made)
        rmdir(e.output); /* only succeeds where nothing came into it */
    for (size_t i = 0; e.outputs && i < c->input_count; i++)
        free(e.outputs[i]);
    free(e.outputs);
    free(e.settled);
    c->job.output = e.output;
    tally->seconds = cli_now_s() - began;
    if (!code && !e.code && tally->done + tally->failed < c->input_count)
        return 128 + cli_signal_caught(); /* it came between two inputs: nobody was there to be interrupted */
    return code ? code : of_the_whole(&e);
}
