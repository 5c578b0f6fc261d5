/* chunkimg info: header facts and the plan, without running it. */
#include <stdio.h>

#include "cli/cli.h"
#include "report/report.h"

static int one(const chunkimg_options *options)
{
    chunkimg_job *job;
    chunkimg_error err;

    if (chunkimg_open(options, &job, &err))
        return cli_error(&err);
    ck_report_plan(stdout, chunkimg_job_plan(job));
    chunkimg_close(&job);
    return 0;
}

static int run(cli *c)
{
    int code = 0;

    if (!c->input_count)
        return cli_usage("info: no input was given");
    /* Looking is no writing: an output that exists is no reason to refuse. */
    if (!c->job.output)
        c->job.output = "none";
    for (size_t i = 0; i < c->input_count; i++) {
        c->job.input = c->inputs[i];
        int failed = one(&c->job);
        code = code ? code : failed;
    }
    return code;
}

const cli_command cli_command_info = {
    .name = "info", .arguments = "INPUT... [options]", .summary = "header facts and the plan", .run = run};
