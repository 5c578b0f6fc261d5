/* chunkimg bench --ops: what each operation costs. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/ops.h"
#include "cli/cli.h"

static bool write_ops(FILE *to, const void *ops)
{
    return ck_ops_json(to, ops);
}

int cli_bench_ops(cli *c)
{
    bool quiet = cli_is_silent(c);
    ck_ops_config config = {.job = &c->job, .apart = cli_run_apart, .stopped = cli_signal_caught, .to = quiet ? NULL : stdout};
    chunkimg_error err;
    int code = 0;

    if (c->input_count > 1)
        return cli_usage("bench: --ops takes one input, or none: not %zu", c->input_count);
    if (c->input_count && !strcmp(c->inputs[0], "-"))
        return cli_usage("bench: standard input can be read once: give a file");
    if (c->job.output)
        return cli_usage("bench: --ops keeps no output");
    ck_ops *o = calloc(1, sizeof *o);
    if (!o) {
        fprintf(stderr, "chunkimg: out of memory\n");
        return 1;
    }
    cli_catch_signals();
    c->job.input = c->input_count ? c->inputs[0] : NULL;
    code = c->job.input ? cli_load(c, c->job.input) : 0;
    if (!code && ck_ops_measure(o, &config, &err))
        code = cli_error(&err);
    if (c->json && o->count) {
        int failed = cli_write_report(c->json, write_ops, o);
        code = code ? code : failed;
    }
    cli_drop_loaded(c);
    free(o);
    return code;
}
