/*
 * The library's own runs, and what they are a share of. Every run is a process of its own, and all are done before
 * this process has threads or much memory, so that they start as a user's run does.
 */
#include <string.h>

#include "bench/limits.h"

typedef struct kind {
    const char *name, *text, *mode;
    bool tiles; /* tiles are made and written; else decoding only */
} kind;

static const kind kinds[CK_LIMITS_RUNS] = {
    [CK_DECODE_SERIAL] = {"decode_serial", "decode only, serial", "serial", false},
    [CK_DECODE_THREADS] = {"decode_threads", "decode only, threads", "threads", false},
    [CK_TILES_SERIAL] = {"tiles_serial", "tiles, serial", "serial", true},
    [CK_TILES_THREADS] = {"tiles_threads", "tiles, threads", "threads", true},
};

static chunkimg_options options_of(const ck_limits *l, const kind *k, const char *output)
{
    chunkimg_options o = *l->config.job;

    o.mode = k->mode;
    o.output = output;
    o.force = false;
    if (!k->tiles) { /* nothing but the way through the pipeline */
        o.output = "none";
        o.format = NULL;
        o.ops.count = 0;
    }
    return o;
}

/* The result of the run that is nearest to the median stands for all. */
static chunkimg_status run_kind(ck_limits *l, int which, chunkimg_error *err)
{
    const kind *k = &kinds[which];
    ck_limits_run *run = &l->runs[which];
    chunkimg_result results[CK_TIMING_MOST];
    char output[sizeof l->folder + 8];
    ck_timing t = {.runs = 0};

    snprintf(output, sizeof output, "%s/tiles", l->folder);
    chunkimg_options o = options_of(l, k, output);
    while (ck_timing_wants_more(&t)) {
        if (l->config.stopped && l->config.stopped())
            return ck_limits_failed(err, CHUNKIMG_INTERRUPTED, 0, "interrupted while measuring %s", k->text);
        chunkimg_status status = l->config.apart(&o, &results[t.runs], err);
        if (k->tiles)
            ck_limits_remove(output);
        if (status)
            return status;
        ck_timing_add(&t, results[t.runs].wall_s);
    }
    run->wall_s = ck_timing_median(&t);
    run->runs = t.runs;
    run->result = results[0];
    for (unsigned i = 1; i < t.runs; i++) {
        double now = results[i].wall_s - run->wall_s, best = run->result.wall_s - run->wall_s;
        if (now * now < best * best)
            run->result = results[i];
    }
    return CHUNKIMG_OK;
}

static void add_run(ck_limits *l, int which)
{
    const ck_limits_run *run = &l->runs[which];
    const chunkimg_result *r = &run->result;
    ck_figure f = {.group = "runs", .unit = "s", .value = run->wall_s, .runs = run->runs};

    snprintf(f.name, sizeof f.name, "%s", kinds[which].name);
    snprintf(f.text, sizeof f.text, "%s", kinds[which].text);
    snprintf(f.note, sizeof f.note, "CPU %.3f s, %u worker%s, decode %.3f s, encode %.3f s, write %.3f s",
             r->user_s + r->sys_s, r->workers, r->workers == 1 ? "" : "s", r->stage_s[CHUNKIMG_STAGE_DECODE],
             r->stage_s[CHUNKIMG_STAGE_ENCODE], r->stage_s[CHUNKIMG_STAGE_WRITE]);
    ck_limits_add(l, &f);
}

chunkimg_status ck_limits_of_runs(ck_limits *l, chunkimg_error *err)
{
    for (int i = 0; i < CK_LIMITS_RUNS; i++) {
        chunkimg_status status = run_kind(l, i, err);
        if (status)
            return status;
        add_run(l, i);
    }
    return CHUNKIMG_OK;
}

/* ---- shares ------------------------------------------------------------------------------------------- */

/* What the serial chain of this format is made of. */
typedef struct chain {
    const char *decode_formula, *chain_formula, *cpu_formula, *work_formula;
    double decode_s; /* decoding by one core, every step after the other */
    double chain_s;  /* the steps of it that no second core can share */
    double work_s;   /* CPU seconds of decoding and encoding with the fastest engines */
} chain;

static chain chain_of(const ck_limits *l)
{
    const ck_floors *f = &l->floors;

    if (!strcmp(l->format, "jpeg"))
        return (chain){"read + libjpeg's decode", "read + entropy code", "read + entropy code, or CPU / CPUs",
                       "(read + decode + encode) / CPUs, at least read + entropy code",
                       f->decode_s > 0 ? f->read_s + f->decode_s : 0, f->entropy_s > 0 ? f->read_s + f->entropy_s : 0,
                       f->encode_s > 0 ? f->read_s + f->decode_s + f->encode_s : 0};
    return (chain){"read + inflate + plain unfilter", "read + inflate", "read + inflate, or CPU / CPUs",
                   "(read + inflate + fastest deflate, no filters) / CPUs, at least read + inflate",
                   f->inflate_s > 0 ? f->read_s + f->inflate_s + f->unfilter_s : 0,
                   f->inflate_s > 0 ? f->read_s + f->inflate_s : 0,
                   f->deflate_s > 0 ? f->read_s + f->inflate_s + f->deflate_s : 0};
}

static void add_share(ck_limits *l, int which, const char *name, double limit_s, const char *formula)
{
    ck_share s = {.name = name, .text = kinds[which].text, .formula = formula, .wall_s = l->runs[which].wall_s,
                  .limit_s = limit_s, .runs = l->runs[which].runs};

    ck_limits_add_share(l, &s);
}

static double greater(double a, double b)
{
    return a > b ? a : b;
}

/* CPU seconds of the run over the CPUs that it could use. */
static double shared_cpu(const ck_limits *l, int which)
{
    const chunkimg_result *r = &l->runs[which].result;
    unsigned cpus = r->workers < l->cpus ? r->workers : l->cpus;

    return (r->user_s + r->sys_s) / (cpus ? cpus : 1);
}

void ck_limits_shares(ck_limits *l)
{
    chain c = chain_of(l);

    if (c.decode_s <= 0 || c.chain_s <= 0)
        return;
    add_share(l, CK_DECODE_SERIAL, "decode_serial", c.decode_s, c.decode_formula);
    add_share(l, CK_DECODE_THREADS, "decode_threads", c.decode_s, c.decode_formula);
    add_share(l, CK_DECODE_SERIAL, "decode_serial_chain", c.chain_s, c.chain_formula);
    add_share(l, CK_DECODE_THREADS, "decode_threads_chain", c.chain_s, c.chain_formula);
    add_share(l, CK_TILES_SERIAL, "tiles_serial", greater(c.chain_s, shared_cpu(l, CK_TILES_SERIAL)),
              "its own CPU seconds");
    add_share(l, CK_TILES_THREADS, "tiles_threads", greater(c.chain_s, shared_cpu(l, CK_TILES_THREADS)), c.cpu_formula);
    if (!l->config.job->ops.count && c.work_s > 0)
        add_share(l, CK_TILES_THREADS, "tiles_threads_machine", greater(c.chain_s, c.work_s / l->cpus), c.work_formula);
}

double ck_limits_chain_s(const ck_limits *l)
{
    return chain_of(l).chain_s;
}
