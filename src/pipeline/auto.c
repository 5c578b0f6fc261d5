/*
 * Who carries the tickets where the user did not say: chosen by what the job
 * is, and said in one line.
 *
 * An option that only some modes honour decides first: it was set for one of
 * them (--sandbox require: processes; --async-pool: async; --pin: threads).
 * Then the rules below are asked in their order, and the first that has
 * something to say wants a mode with certain traits, the first of the list that
 * has them. `hybrid` is wanted by no rule: what it saves over processes shows
 * with more workers than a machine that was measured has, so it is for those
 * who ask by --processes and --threads.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "os/fetch.h"
#include "os/process.h"
#include "pipeline/job.h"

enum {
    DIGEST_PS = 100,     /* for a byte */
    START_US = 100,      /* until threads run */
    LITTLE_US = 50000    /* of work between two looks at downloads: a job that is not done by then is worth sharing */
};

/* What the rules look at. Seconds are of one core, and rough: good enough to tell work worth sharing from work that is not. */
typedef struct facts {
    const chunkimg_job *job;
    unsigned workers;
    uint64_t tiles;
    double chain, shared; /* of the one decoder; of what tiles can share */
    double gain;          /* seconds that all workers save against one */
} facts;

/* ---- what there is to do ------------------------------------------------------------ */

static double nbytes(int32_t w, int32_t h, int channels, int depth)
{
    return (double)w * h * channels * (depth / 8);
}

/* Costs are those that codecs and operations tell of themselves. */
static void estimate(facts *f)
{
    const chunkimg_plan *p = &f->job->plan;
    double in = nbytes(p->width, p->height, p->channels, p->depth);
    double out = nbytes(p->out_width, p->out_height, p->out_channels, p->out_depth);
    double decode = 1e-9 * in * ck_source_codec(f->job->source)->decoder->cost;
    double each = DIGEST_PS * 1e-3 + ck_chain_cost(f->job->chain) / 3;
    int32_t rows;
    uint64_t memory;

    if (f->job->codec)
        each += f->job->codec->encoder->cost(&f->job->encode);
    f->chain = decode;
    f->shared = 1e-9 * out * each;
    if (ck_source_in_pieces(f->job->source, f->workers, &rows, &memory)) {
        f->shared += f->chain;
        f->chain = 0;
    }
}

/* Decoding goes on while tiles are made; one tile can only be made after it. */
static double time_of(const facts *f)
{
    double even = (f->chain + f->shared) / f->workers;
    double tile = f->shared / (double)f->tiles;

    return even > f->chain + tile ? even : f->chain + tile;
}

static double alone(const facts *f)
{
    return f->chain + f->shared;
}

/* ---- what modes are looked for ------------------------------------------------------- */

const ck_exec *ck_mode_with(unsigned traits)
{
    const ck_exec *e;

    for (size_t i = 0; (e = ck_exec_at(i)); i++)
        if ((e->traits & traits) == traits && !e->about.missing)
            return e;
    return NULL;
}

/* The reference, which is the first of the list. */
static const ck_exec *one_worker(void)
{
    return ck_exec_at(0);
}

static const char *variable_set(const ck_exec *e)
{
    for (const char *const *name = e->environment; name && *name; name++)
        if (getenv(*name) && *getenv(*name))
            return *name;
    return NULL;
}

const ck_exec *ck_sharing_mode(const char **variable)
{
    const ck_exec *e, *plain = NULL;

    for (size_t i = 0; (e = ck_exec_at(i)); i++) {
        if (!(e->traits & CK_EXEC_SHARES) || e->about.missing)
            continue;
        if ((*variable = variable_set(e)))
            return e;
        plain = !e->environment ? e : plain;
    }
    return plain;
}

/* ---- the rules ------------------------------------------------------------------------- */

/* A command or a file of the user's can crash: that shall cost a tile and not the run. */
static const ck_exec *foreign_code(const facts *f, char *why, size_t size)
{
    const char *stage = ck_chain_foreign(f->job->chain);

    if (!stage)
        return NULL;
    if (!ck_process_is_single())
        return NULL; /* nothing is forked from a program that has threads of its own */
    snprintf(why, size, "%.60s is not chunkimg's own: if it crashes, that is one tile's worker", stage);
    return ck_mode_with(CK_EXEC_PROCESSES);
}

static const ck_exec *little_beside_downloads(const facts *f, char *why, size_t size)
{
    struct ck_fetches *downloads = ck_job_downloads(f->job);
    size_t left = downloads ? ck_fetches_left(downloads) : 0;

    if (!left || alone(f) > 1e-6 * LITTLE_US)
        return NULL;
    snprintf(why, size, "%zu download%s still to come, which go on in its loop, and little to compute", left, left == 1 ? "" : "s");
    return ck_mode_with(CK_EXEC_EVENTS);
}

static const ck_exec *nothing_to_share(const facts *f, char *why, size_t size)
{
    if (f->workers == 1)
        snprintf(why, size, "one worker");
    else if (alone(f) < 10e-6 * START_US)
        snprintf(why, size, "a small image, done before threads would have started");
    else if (f->gain >= 0.1 * alone(f))
        return NULL;
    else if (f->tiles == 1)
        snprintf(why, size, "one tile, which no two can share");
    else
        snprintf(why, size, "decoding is one chain, and little else is to be done");
    return one_worker();
}

static const ck_exec *shared_memory(const facts *f, char *why, size_t size)
{
    const char *variable;
    const ck_exec *e = ck_sharing_mode(&variable);
    int n = variable ? snprintf(why, size, "%s is set, which only it obeys, and ", variable) : 0;

    snprintf(why + n, size - (size_t)n, "%.0f %% of the work, in %llu tiles, can be shared by %u workers", 100 * f->shared / alone(f),
             (unsigned long long)f->tiles, f->workers);
    return e;
}

static const ck_exec *(*const rules[])(const facts *f, char *why, size_t size) = {foreign_code, little_beside_downloads,
                                                                                 nothing_to_share, shared_memory};

const char *chunkimg_auto_details(void)
{
    return "The first of these that holds. An option that only some modes honour: the first of those. An operation of the user's "
           "own, a file or a command: processes, unless the program has threads already. Little to compute while downloads are "
           "to come: async. One worker, a small image, one tile, or little that others could share of the decoder's work: serial. "
           "A variable that only OpenMP obeys (OMP_PROC_BIND, OMP_PLACES, OMP_SCHEDULE): openmp. Else: threads. Where the plan "
           "does not fit --max-memory: half as many workers, and half of those, down to serial. Sizes, tiles, workers, and what "
           "codecs and operations cost come from the plan; the report's line `mode` says which rule it was.";
}

/* ---- the choice -------------------------------------------------------------------------- */

static const ck_exec *by_rules(chunkimg_job *job, unsigned workers)
{
    facts f = {.job = job, .workers = workers, .tiles = ck_grid_count(&job->grid)};
    const ck_exec *e = NULL;

    estimate(&f);
    f.gain = alone(&f) - time_of(&f);
    for (size_t i = 0; !e && i < sizeof rules / sizeof *rules; i++)
        e = rules[i](&f, job->reason, sizeof job->reason);
    return e;
}

const ck_exec *ck_mode_asked_for(const chunkimg_options *o, const ck_exec *wanted, const char **option)
{
    const char *variable, *other;
    const ck_exec *e = wanted ? wanted : ck_sharing_mode(&variable);

    *option = NULL;
    if (ck_mode_fits(e, o, option))
        return wanted;
    e = ck_sharing_mode(&variable);
    for (size_t i = 0; e && (e->about.missing || !ck_mode_fits(e, o, &other)); i++)
        e = ck_exec_at(i);
    return e ? e : wanted; /* options that no mode honours were refused before */
}

void ck_choose_mode(chunkimg_job *job, unsigned workers)
{
    const char *name = job->options.mode ? job->options.mode : "auto", *option;
    const ck_exec *wanted;

    if (strcmp(name, "auto") != 0) {
        job->exec = ck_exec_find(name);
        return;
    }
    wanted = by_rules(job, workers);
    job->exec = ck_mode_asked_for(&job->options, wanted, &option);
    if (job->exec != wanted)
        snprintf(job->reason, sizeof job->reason, "--%s asks for it", option);
    job->plan.mode_reason = job->reason;
}

/* Half as many workers hold about half as many blocks and slots; one needs the least of all. */
bool ck_choose_less(chunkimg_job *job, unsigned *workers)
{
    const char *option;

    if (!job->plan.mode_reason || *workers == 1 || job->exec->workers)
        return false;
    *workers = (*workers + 1) / 2;
    if (*workers == 1 && ck_mode_fits(one_worker(), &job->options, &option))
        job->exec = one_worker();
    if (*workers == 1)
        snprintf(job->reason, sizeof job->reason, "memory for one worker only");
    else
        snprintf(job->reason, sizeof job->reason, "memory for %u workers only", *workers);
    return true;
}
