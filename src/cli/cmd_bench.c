/* chunkimg bench: which way is faster here, how sure that is, and why; the machine's own floors; what operations cost. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/bench.h"
#include "cli/cli.h"

#define AT(field) offsetof(cli, bench.field)

static const chunkimg_option rows[] = {
    {.name = "modes", .type = CHUNKIMG_TEXT, .offset = AT(modes), .value = "NAME,...", .help = "modes to compare; all of this build by default"},
    {.name = "workers", .letter = 'j', .type = CHUNKIMG_TEXT, .offset = AT(workers), .value = "N,...",
     .help = "numbers of workers to compare; 1 to the CPUs by default"},
    {.name = "tile-sizes", .type = CHUNKIMG_TEXT, .offset = AT(tile_sizes), .value = "N|WxH,...",
     .help = "sizes of tiles to compare, pixels; what --tiles or --tile-size says by default"},
    {.name = "runs", .type = CHUNKIMG_INT, .offset = AT(runs), .least = 1, .most = 5000, .unit = "runs", .fallback = "10", .value = "N",
     .help = "of each case, at least"},
    {.name = "min-time", .type = CHUNKIMG_REAL, .offset = AT(min_time), .least = 0, .most = 86400, .unit = "seconds", .value = "S",
     .help = "of each case, at least; 3 by default, or what the preset says"},
    {.name = "budget", .type = CHUNKIMG_REAL, .offset = AT(budget), .least = 0, .most = 604800, .unit = "seconds", .value = "S",
     .help = "begin no further round after that time; what is finished is judged"},
    {.name = "seed", .type = CHUNKIMG_INT, .offset = AT(seed), .least = 0, .most = 9007199254740992.0, .value = "N",
     .help = "of the order of runs and of the intervals; drawn and printed by default"},
    {.name = "threshold", .type = CHUNKIMG_REAL, .offset = AT(threshold), .least = 0, .most = 50, .unit = "per cent", .fallback = "1",
     .value = "PCT", .help = "differences below it are none"},
    {.name = "preset", .type = CHUNKIMG_TEXT, .offset = AT(preset), .value = "NAME",
     .help = "a comparison that shows one thing; see chunkimg list presets"},
    {.name = "compare", .type = CHUNKIMG_FLAG, .offset = AT(compare), .help = "set two files of --json side by side: --compare BEFORE AFTER"},
    {.name = "limits", .type = CHUNKIMG_FLAG, .offset = AT(limits),
     .help = "measure this machine's own floors for the file; with --modes or --preset: and every case as a share of them"},
    {.name = "ops", .type = CHUNKIMG_FLAG, .offset = AT(ops),
     .help = "megapixels a second of every operation, or of each --op, on one core"},
    {.name = "csv", .type = CHUNKIMG_TEXT, .offset = AT(csv), .value = "FILE", .help = "every run as a line; -: standard output"},
    {.name = "markdown", .type = CHUNKIMG_TEXT, .offset = AT(markdown), .value = "FILE", .help = "the table for a README; -: standard output"},
    {.name = "report", .type = CHUNKIMG_TEXT, .offset = AT(report), .value = "FILE",
     .help = "one self-contained HTML page with curves, distributions, memory and the data"},
    {.name = NULL},
};

static bool write_limits(FILE *to, const void *limits)
{
    return ck_limits_json(to, limits);
}

static int measure_limits(cli *c)
{
    bool quiet = cli_is_silent(c);
    ck_limits_config config = {.job = &c->job, .apart = cli_run_apart, .stopped = cli_signal_caught,
                               .to = quiet ? NULL : stdout};
    ck_limits *l = calloc(1, sizeof *l);
    chunkimg_error err;
    int code = 0;

    if (!l) {
        fprintf(stderr, "chunkimg: out of memory\n");
        return 1;
    }
    c->job.input = c->inputs[0];
    code = cli_load(c, c->job.input);
    if (code) {
        free(l);
        return code;
    }
    if (ck_limits_measure(l, &config, &err))
        code = cli_error(&err);
    if (c->json && l->figure_count) {
        int failed = cli_write_report(c->json, write_limits, l);
        code = code ? code : failed;
    }
    cli_drop_loaded(c);
    free(l);
    return code;
}

static int limits(cli *c)
{
    if (c->input_count != 1)
        return cli_usage("bench: --limits takes one input, not %zu", c->input_count);
    if (!strcmp(c->inputs[0], "-"))
        return cli_usage("bench: standard input can be read once: give a file");
    if (c->job.output)
        return cli_usage("bench: --limits keeps no output; it is measured on the disk of the current folder");
    cli_catch_signals();
    return measure_limits(c);
}

/* Floors and operations are measured with one number of workers: the job's own option. */
static int take_workers(cli *c)
{
    chunkimg_error err;

    if (c->bench.workers && chunkimg_option_set(chunkimg_job_options(), &c->job, "workers", c->bench.workers, &err))
        return cli_usage("--%s", err.text);
    return 0;
}

static int run(cli *c)
{
    const cli_bench *b = &c->bench;
    bool compares = b->modes || b->tile_sizes || b->preset || b->report || b->csv || b->markdown;
    int code = 0;

    if (b->compare)
        return cli_bench_compare(c);
    if (b->ops || (b->limits && !compares)) {
        code = take_workers(c);
        return code ? code : b->ops ? cli_bench_ops(c) : limits(c);
    }
    return cli_bench_suite(c);
}

const cli_command cli_command_bench = {.name = "bench", .arguments = "INPUT... [options]",
                                       .summary = "compare modes, workers and tile sizes, with error bars and a conclusion",
                                       .options = rows, .run = run};
