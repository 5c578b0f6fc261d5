/* chunkimg bench: what this machine can do with a file at most, and how near the library comes. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/bench.h"
#include "cli/cli.h"

static bool write_limits(FILE *to, const void *limits)
{
    return ck_limits_json(to, limits);
}

static int measure(cli *c)
{
    bool quiet = c->quiet || (c->json && !strcmp(c->json, "-"));
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
    if (ck_limits_measure(l, &config, &err))
        code = cli_error(&err);
    if (c->json && l->figure_count) {
        int failed = cli_write_report(c->json, write_limits, l);
        code = code ? code : failed;
    }
    free(l);
    return code;
}

static int run(cli *c)
{
    if (c->ops)
        return cli_bench_ops(c);
    if (!c->limits)
        return cli_usage("bench: say what to measure: chunkimg bench --limits INPUT, or chunkimg bench --ops [INPUT]");
    if (c->input_count != 1)
        return cli_usage("bench: --limits takes one input, not %zu", c->input_count);
    if (!strcmp(c->inputs[0], "-"))
        return cli_usage("bench: standard input can be read once: give a file");
    if (c->job.output)
        return cli_usage("bench: --limits keeps no output; it is measured on the disk of the current folder");
    cli_catch_signals();
    return measure(c);
}

const cli_command cli_command_bench = {.name = "bench", .arguments = "--limits INPUT | --ops [INPUT] [options]",
                                       .summary = "this machine's floors for a file, and runs as a share of them",
                                       .run = run};
