/* Who carries the tickets where the user did not say: chosen by what the job is, and said in one line. */
#include <stdio.h>
#include <string.h>

#include "pipeline/job.h"

/*
 * What a byte costs on one core, ns: read off the benchmarks and rounded, good
 * enough to tell work that is worth sharing from work that is not. Nothing
 * else depends on it.
 */
static const double png_encode_ns[10] = {0.3, 2.2, 2.2, 4.4, 10, 14, 19, 34, 100, 300}; /* by --compression */
enum { PNG_DECODE_PS = 1200, JPEG_DECODE_PS = 2000, JPEG_ENCODE_NS = 5, OP_NS = 2, DIGEST_PS = 100, START_US = 100 };

typedef struct work_s {
    double chain, shared; /* seconds: of the one decoder; of what tiles can share */
} work_s;

static double nbytes(int32_t w, int32_t h, int channels, int depth)
{
    return (double)w * h * channels * (depth / 8);
}

static bool is_png(const ck_codec *codec)
{
    return !strcmp(codec->name, "png");
}

static work_s estimate(const chunkimg_job *job, unsigned workers)
{
    const chunkimg_plan *p = &job->plan;
    double in = nbytes(p->width, p->height, p->channels, p->depth);
    double out = nbytes(p->out_width, p->out_height, p->out_channels, p->out_depth);
    double each = DIGEST_PS * 1e-3, decode = in * (is_png(ck_source_codec(job->source)) ? PNG_DECODE_PS : JPEG_DECODE_PS) * 1e-12;
    int32_t rows;
    uint64_t memory;

    if (job->codec)
        each += is_png(job->codec) ? png_encode_ns[job->options.compression] : JPEG_ENCODE_NS;
    if (!ck_chain_is_copy(job->chain))
        each += OP_NS * (double)job->options.ops.count + ck_chain_halo(job->chain); /* windows cost more, the wider the more */
    if (ck_source_in_pieces(job->source, workers, &rows, &memory))
        return (work_s){0, decode + out * each * 1e-9};
    return (work_s){decode, out * each * 1e-9};
}

/* Decoding goes on while tiles are made; one tile can only be made after it. */
static double time_of(work_s w, unsigned workers, uint64_t tiles)
{
    double even = (w.chain + w.shared) / workers;
    double tile = w.shared / (double)tiles;

    return even > w.chain + tile ? even : w.chain + tile;
}

static const char *choose(chunkimg_job *job, unsigned workers)
{
    uint64_t tiles = ck_grid_count(&job->grid);
    work_s w = estimate(job, workers);
    double alone = w.chain + w.shared, gain = alone - time_of(w, workers, tiles);

    if (workers == 1)
        snprintf(job->reason, sizeof job->reason, "one worker");
    else if (alone < 10e-6 * START_US)
        snprintf(job->reason, sizeof job->reason, "a small image, done before threads would have started");
    else if (gain < 0.1 * alone && tiles == 1)
        snprintf(job->reason, sizeof job->reason, "one tile, which no two can share");
    else if (gain < 0.1 * alone)
        snprintf(job->reason, sizeof job->reason, "decoding is one chain, and little else is to be done");
    else {
        snprintf(job->reason, sizeof job->reason, "%.0f %% of the work, in %llu tiles, can be shared by %u workers",
                 100 * w.shared / alone, (unsigned long long)tiles, workers);
        return "threads";
    }
    return "serial";
}

/* The mode that the job suggests, unless an option was set that it does not honour: then the first that does. */
static const ck_exec *fit(chunkimg_job *job, const ck_exec *wanted)
{
    const char *option, *first = NULL;
    const ck_exec *e = wanted;

    for (size_t i = 0; e && (e->about.missing || !ck_mode_fits(e, &job->options, &option)); i++) {
        first = first ? first : option;
        e = i ? ck_exec_at(i - 1) : ck_exec_find("threads");
    }
    if (e && e != wanted)
        snprintf(job->reason, sizeof job->reason, "--%s asks for it", first);
    return e ? e : wanted; /* options that no mode honours were refused before */
}

void ck_choose_mode(chunkimg_job *job, unsigned workers)
{
    const char *name = job->options.mode ? job->options.mode : "auto";

    if (strcmp(name, "auto") != 0) {
        job->exec = ck_exec_find(name);
        return;
    }
    job->exec = fit(job, ck_exec_find(choose(job, workers)));
    job->plan.mode_reason = job->reason;
}

bool ck_choose_less(chunkimg_job *job)
{
    const ck_exec *serial = ck_exec_find("serial");
    const char *option;

    if (!job->plan.mode_reason || job->exec == serial || !ck_mode_fits(serial, &job->options, &option))
        return false;
    snprintf(job->reason, sizeof job->reason, "memory for one worker only");
    job->exec = serial;
    return true;
}
