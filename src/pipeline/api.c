/* The public functions but chunkimg_run: open, close, and what is built in. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "exec/proc.h"
#include "pipeline/job.h"
#include "sink/template.h"

/* ---- open and close ------------------------------------------------------------- */

static void pass_warning(void *user, const char *text)
{
    const chunkimg_job *job = user;

    if (job->warn)
        job->warn(job->warn_user, text);
}

ck_status ck_job_open_source(chunkimg_job *job, ck_error *err)
{
    const chunkimg_options *o = &job->options;
    ck_limits limits = {.max_pixels = (uint64_t)o->max_pixels,
                        .max_memory = o->max_memory ? o->max_memory : UINT64_MAX,
                        .max_scans = (int)o->max_scans};
    ck_warnings warnings = {job->ran ? NULL : pass_warning, job}; /* opened once more: they were said */

    return ck_source_open(o->input, o->body, o->lossless, &limits, &warnings, &job->source, err);
}

ck_status ck_job_open_again(chunkimg_job *job, ck_error *err)
{
    const ck_shape planned = job->rows.whole;
    char stamp[sizeof job->stamp];
    ck_status status;

    ck_source_close(&job->source);
    status = ck_job_open_source(job, err);
    if (status)
        return status;
    ck_plan_take_from_source(job);
    ck_shape now = ck_source_shape(job->source);
    const char *again = ck_source_stamp(job->source, stamp, sizeof stamp);

    if (now.w != planned.w || now.h != planned.h || now.channels != planned.channels || now.depth != planned.depth ||
        (again && strcmp(again, job->stamp)))
        return ck_fail(err, CHUNKIMG_BAD_INPUT, "%s: was changed between two readings", job->plan.input);
    return CK_OK;
}

static ck_status check_options(const chunkimg_options *o, ck_error *err)
{
    if (!o || o->struct_size != sizeof *o)
        return ck_fail(err, CHUNKIMG_USAGE, "the options were not made by chunkimg_options_init of this version");
    if (!o->input || !*o->input)
        return ck_fail(err, CHUNKIMG_USAGE, "no input was given");
    return CK_OK;
}

/* A name that is not in a table of modules, with the names that are. */
static ck_status unknown_name(const char *option, const char *name, chunkimg_kind kind, const char *also, ck_error *err)
{
    char known[300];
    size_t used = (size_t)snprintf(known, sizeof known, "%s", also);
    chunkimg_module m;

    for (size_t i = 0; chunkimg_module_at(kind, i, &m) && used < sizeof known; i++)
        used += (size_t)snprintf(known + used, sizeof known - used, "%s%s", used ? ", " : "", m.name);
    return ck_fail(err, CHUNKIMG_USAGE, "%s: there is no '%.40s'; there are: %s", option, name, known);
}

/* Everything that can be said without a look at the input: said before it is read. */
static ck_status check_names(const chunkimg_options *o, ck_error *err)
{
    const ck_codec *by_path = o->output ? ck_codec_of_path(o->output) : NULL;
    bool tiles = !by_path && !(o->output && !strcmp(o->output, "none"));
    const char *mode = o->mode ? o->mode : "auto";
    ck_status status = ck_chain_check(&o->ops, err);
    ck_grid grid;

    if (status)
        return status;
    if (strcmp(mode, "auto") != 0 && !ck_exec_find(mode))
        return unknown_name("mode", mode, CHUNKIMG_MODES, "auto", err);
    status = chunkimg_options_check_modes(o, &mode, 1, err);
    if (status)
        return status;
    if (o->format && !ck_codec_find(o->format))
        return unknown_name("format", o->format, CHUNKIMG_CODECS, "", err);
    if (o->format && by_path && ck_codec_find(o->format) != by_path)
        return ck_fail(err, CHUNKIMG_USAGE, "format: '%s' contradicts the output's name, which says %s", o->format,
                       by_path->name);
    if (o->output && !*o->output)
        return ck_fail(err, CHUNKIMG_USAGE, "output: needs the name of a folder or file");
    if (o->tiles.a && o->tile_size.a)
        return ck_fail(err, CHUNKIMG_USAGE, "tiles and tile-size cannot both be given");
    if (by_path && (o->overlap || o->edge != CHUNKIMG_EDGE_KEEP))
        return ck_fail(err, CHUNKIMG_USAGE, "overlap and edge are for tiles; the output is one image");
    if (o->resume && o->force)
        return ck_fail(err, CHUNKIMG_USAGE, "resume and force cannot both be given");
    if (o->resume && !tiles)
        return ck_fail(err, CHUNKIMG_USAGE, "resume is for a folder of tiles");
    if (o->tile_size.a && o->overlap >= o->tile_size.a)
        return ck_fail(err, CHUNKIMG_USAGE, "overlap: %lld pixels are not less than a tile has", (long long)o->overlap);
    if (!tiles)
        return CK_OK;
    /* whether names are distinct depends on the grid, and is checked with it */
    status = ck_grid_of_shape(1 << 20, 1 << 20, 1, 1, &grid, err);
    return status ? status : ck_template_check(o->name, "stem", "ext", &grid, err);
}

static bool is_choice(const chunkimg_option *row, int value)
{
    int n = 0;

    while (row->choices[n])
        n++;
    return value >= 0 && value < n;
}

/* Values that came past the parser are held against the same rows. */
static ck_status check_ranges(const chunkimg_options *o, ck_error *err)
{
    for (const chunkimg_option *row = chunkimg_job_options(); row->name; row++) {
        const void *at = (const char *)o + row->offset;
        double value = row->least;

        if (row->type == CHUNKIMG_INT)
            value = (double)*(const int64_t *)at;
        else if (row->type == CHUNKIMG_REAL)
            value = *(const double *)at;
        else if (row->type == CHUNKIMG_PAIR && ((const chunkimg_pair *)at)->a)
            value = (double)((const chunkimg_pair *)at)->a;
        else if (row->type == CHUNKIMG_CHOICE && !is_choice(row, *(const int *)at))
            return ck_fail(err, CHUNKIMG_USAGE, "%s: %d is not one of its choices", row->name, *(const int *)at);
        if (!(value >= row->least && value <= row->most))
            return ck_fail(err, CHUNKIMG_USAGE, "%s: %.10g is out of range: %.10g to %.10g", row->name, value,
                           row->least, row->most);
    }
    if (!o->name)
        return ck_fail(err, CHUNKIMG_USAGE, "name: not set by chunkimg_options_init");
    return CK_OK;
}

static void warn_of_oversubscription(chunkimg_job *job)
{
    unsigned cpus = chunkimg_cpus();
    char text[128];

    if (job->plan.workers <= cpus)
        return;
    snprintf(text, sizeof text, "%u workers share %u CPU%s: more workers than CPUs do not make it faster",
             job->plan.workers, cpus, cpus == 1 ? "" : "s");
    pass_warning(job, text);
}

/* The plan says in words what holds the workers; what should and does not is worth a warning. */
static ck_status choose_sandbox(chunkimg_job *job, ck_error *err)
{
    const char *why = "switched off";
    char text[160];

    if (!job->plan.processes)
        return CK_OK;
    if (ck_chain_starts_commands(job->chain) && job->options.sandbox == CHUNKIMG_SANDBOX_REQUIRE)
        return ck_fail(err, CHUNKIMG_USAGE, "sandbox: required, but %s starts commands, which it would forbid", job->plan.ops);
    if (ck_chain_starts_commands(job->chain)) {
        job->plan.sandbox = "none, since an operation starts commands";
        return CK_OK;
    }
    if (job->options.sandbox != CHUNKIMG_SANDBOX_OFF)
        job->sandbox = ck_sandbox_load(&why);
    job->plan.sandbox = job->sandbox ? ck_sandbox_layers(job->sandbox) : why;
    if (job->sandbox || job->options.sandbox == CHUNKIMG_SANDBOX_OFF)
        return CK_OK;
    if (job->options.sandbox == CHUNKIMG_SANDBOX_REQUIRE)
        return ck_fail(err, CHUNKIMG_SYSTEM, "%s: sandbox: required, but %s", job->plan.input, why);
    if (!ck_sandbox_never()) {
        snprintf(text, sizeof text, "worker processes are not confined: %s", why);
        pass_warning(job, text);
    }
    return CK_OK;
}

/* Processes that are not forked open the input themselves. */
static ck_status check_start(const chunkimg_job *job, ck_error *err)
{
    const chunkimg_option *row = chunkimg_option_find(chunkimg_job_options(), "start", NULL);
    const char *how = row->choices[job->options.start];

    if (!job->plan.processes || job->settled || job->options.start == CHUNKIMG_START_FORK)
        return CK_OK;
    if (getenv(CK_RECRUIT_MARK))
        return ck_fail(err, CHUNKIMG_USAGE, "start: %s: this program is a worker that was started so; does its main call "
                                            "chunkimg_worker_main?", how);
    if (!ck_source_rereadable(job->source))
        return ck_fail(err, CHUNKIMG_USAGE, "%s: start: %s opens the input again in each process, which only a file can be",
                       job->plan.input, how);
    return CK_OK;
}

ck_status ck_job_open(const chunkimg_options *options, const ck_settled *settled, chunkimg_warn warn, void *user,
                      chunkimg_job **out, ck_error *err)
{
    uint64_t began = ck_now_ns();
    ck_status status;
    chunkimg_job *job;

    *out = NULL;
    status = check_options(options, err);
    if (!status)
        status = check_ranges(options, err);
    if (!status)
        status = check_names(options, err);
    if (!status)
        status = ck_lossless_check_options(options, err);
    if (!status)
        status = ck_formats_check_options(options, err);
    if (status)
        return status;
    job = calloc(1, sizeof *job);
    if (!job)
        return ck_fail_memory(err, sizeof *job, "opening a job");
    job->options = *options;
    job->warn = warn;
    job->warn_user = user;
    job->settled = settled != NULL;
    if (settled) {
        job->ahead = settled->ahead;
        job->keeps_image = settled->keeps_image;
    }
    if (!options->body && chunkimg_is_address(options->input))
        status = ck_job_download(job, err);
    if (!status)
        status = ck_job_open_source(job, err);
    if (!status)
        status = ck_plan_make(job, err);
    if (!status)
        status = choose_sandbox(job, err);
    if (!status)
        status = check_start(job, err);
    if (status) {
        chunkimg_close(&job);
        return status;
    }
    job->result.startup_s = ck_seconds(ck_now_ns() - began);
    warn_of_oversubscription(job);
    *out = job;
    return CK_OK;
}

chunkimg_status chunkimg_open_warn(const chunkimg_options *options, chunkimg_warn warn, void *user, chunkimg_job **out,
                                   chunkimg_error *err)
{
    ck_error scratch;

    err = err ? err : &scratch;
    ck_error_clear(err);
    return ck_job_open(options, NULL, warn, user, out, err);
}

chunkimg_status chunkimg_open(const chunkimg_options *options, chunkimg_job **out, chunkimg_error *err)
{
    return chunkimg_open_warn(options, NULL, NULL, out, err);
}

void chunkimg_close(chunkimg_job **handle)
{
    chunkimg_job *job = handle ? *handle : NULL;

    if (!job)
        return;
    *handle = NULL;
    ck_chain_free(&job->chain);
    ck_sandbox_free(&job->sandbox);
    ck_source_close(&job->source);
    free(job->need);
    ck_body_free(&job->body);
    free(job->events);
    ck_survey_free(job);
    free(job->output);
    free(job->stem);
    free(job);
}

const chunkimg_plan *chunkimg_job_plan(const chunkimg_job *job)
{
    return &job->plan;
}

const chunkimg_result *chunkimg_job_result(const chunkimg_job *job)
{
    return &job->result;
}

void chunkimg_on_tick(chunkimg_job *job, chunkimg_tick tick, void *user)
{
    job->tick = tick;
    job->tick_user = user;
}

/* ---- what is built in ---------------------------------------------------------------- */

static bool mode_at(size_t i, chunkimg_module *out)
{
    const ck_exec *e = ck_exec_at(i);

    if (e)
        *out = (chunkimg_module){.name = e->name, .summary = e->summary, .details = e->details, .mode = &e->about};
    return e != NULL;
}

static bool op_at(size_t i, chunkimg_module *out)
{
    const ck_op *o = ck_op_at(i);

    if (o)
        *out = (chunkimg_module){.name = o->name, .summary = o->summary, .details = o->details, .options = o->options};
    return o != NULL;
}

static bool codec_at(size_t i, chunkimg_module *out)
{
    const ck_codec *c = ck_codec_at(i);

    if (c)
        *out = (chunkimg_module){.name = c->name, .summary = c->summary};
    return c != NULL;
}

static bool sink_at(size_t i, chunkimg_module *out)
{
    const ck_sink *s = ck_sink_at(i);

    if (s)
        *out = (chunkimg_module){.name = s->name, .summary = s->summary};
    return s != NULL;
}

bool chunkimg_module_at(chunkimg_kind kind, size_t index, chunkimg_module *out)
{
    static bool (*const at[])(size_t, chunkimg_module *) = {
        [CHUNKIMG_MODES] = mode_at, [CHUNKIMG_OPS] = op_at, [CHUNKIMG_CODECS] = codec_at, [CHUNKIMG_SINKS] = sink_at};

    return (unsigned)kind < sizeof at / sizeof *at && at[kind](index, out);
}

const char *chunkimg_stage_name(unsigned stage)
{
    static const char *const names[] = {"read", "decode", "process", "encode", "write", "wait"};

    return stage < CHUNKIMG_STAGES ? names[stage] : NULL;
}

#define TEXT_OF(x) #x
#define TEXT(x) TEXT_OF(x)

const char *chunkimg_version(void)
{
    return TEXT(CHUNKIMG_VERSION_MAJOR) "." TEXT(CHUNKIMG_VERSION_MINOR) "." TEXT(CHUNKIMG_VERSION_PATCH);
}
