/*
 * The plan: every choice and every size, fixed and checked for overflow before
 * anything large is allocated. What it says is what the run takes. Sizes are
 * planned in plan_memory.c, once it is known what is to be made and by whom.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "os/cpus.h"
#include "pipeline/job.h"

enum { FILL_NBYTES = 1 << 20 }; /* decoded in one go: a few milliseconds, and it fits the L2 cache */

/* Names were checked before the input was opened (api.c); here they are only looked up. */

void ck_plan_note(chunkimg_job *job, const char *format, ...)
{
    size_t used = strlen(job->note);
    va_list args;

    if (used && used + 2 < sizeof job->note)
        used += (size_t)snprintf(job->note + used, sizeof job->note - used, "; ");
    va_start(args, format);
    vsnprintf(job->note + used, sizeof job->note - used, format, args);
    va_end(args);
    job->plan.note = job->note;
}

/* ---- what is to be made ------------------------------------------------------ */

/* Tiles are of the input's own format; where that cannot be written, of the one it is made of. */
static const ck_codec *codec_of_input(const chunkimg_job *job)
{
    const ck_codec *like = ck_source_image(job->source)->like;

    return like ? like : ck_source_codec(job->source);
}

static ck_status choose_output(chunkimg_job *job, ck_error *err)
{
    const chunkimg_options *o = &job->options;
    const ck_codec *by_name = NULL;
    const char *sink = "tiles";
    char stem[4096];
    size_t size;

    job->stem = strdup(chunkimg_stem(o->input, stem, sizeof stem));
    if (!job->stem)
        return ck_fail_memory(err, strlen(o->input), "reading the input's name");
    if (o->output && !strcmp(o->output, "none")) {
        sink = "none";
    } else if (o->output) {
        job->output = strdup(o->output);
        by_name = ck_codec_of_path(o->output);
    } else {
        size = strlen(job->stem) + sizeof "_tiles";
        job->output = malloc(size);
        if (job->output)
            snprintf(job->output, size, "%s_tiles", job->stem);
    }
    if (!job->output && strcmp(sink, "none") != 0)
        return ck_fail_memory(err, 256, "reading the output's name");
    if (by_name)
        sink = "image";
    job->sink = ck_sink_find(sink);

    job->codec = by_name ? by_name : job->sink->traits & CK_SINK_ENCODES ? codec_of_input(job) : NULL;
    if (o->format)
        job->codec = o->lossless ? ck_source_codec(job->source) : ck_codec_find(o->format);
    return CK_OK;
}

static ck_status choose_chain(chunkimg_job *job, ck_error *err)
{
    const chunkimg_options *o = &job->options;
    ck_shape in = ck_source_shape(job->source), out;
    ck_error why;
    ck_status status = ck_chain_make(&o->ops, in, (chunkimg_border)o->border, &job->chain, &why);
    const char *far;
    int32_t reach;

    if (status)
        return ck_fail(err, status, "%s: %.400s", job->plan.input, why.text);
    far = ck_chain_overreach(job->chain, &reach);
    if (far)
        return ck_fail(err, CHUNKIMG_USAGE, "%s: %s reaches %d pixels around each, further than the image is (%d x %d)",
                       job->plan.input, far, reach, in.w, in.h);
    job->shape = out = ck_chain_shape(job->chain);
    if ((uint64_t)out.w * (uint64_t)out.h > (uint64_t)o->max_pixels)
        return ck_fail(err, CHUNKIMG_LIMIT, "%s: the output would have %d x %d pixels, more than --max-pixels allows (%lld)",
                       job->plan.input, out.w, out.h, (long long)o->max_pixels);
    return CK_OK;
}

static ck_status check_encoder(chunkimg_job *job, ck_error *err)
{
    ck_error why;
    ck_shape stored;

    if (!job->codec)
        return CK_OK;
    if (!job->codec->encoder)
        return ck_fail(err, CHUNKIMG_USAGE, "format: %s can be read but not written", job->codec->name);
    if (job->codec->encoder->accepts(job->shape, &stored, &why))
        return ck_fail(err, CHUNKIMG_USAGE, "%s: %s", job->plan.input, why.text);
    return CK_OK;
}

static ck_status choose_grid(chunkimg_job *job, ck_error *err)
{
    const chunkimg_options *o = &job->options;
    int32_t w = job->plan.out_width, h = job->plan.out_height;
    ck_status status;

    if (job->sink->traits & CK_SINK_STRIPS) {
        int64_t strips = o->tiles.b ? o->tiles.a * o->tiles.b : o->tiles.a;
        if (strips > h)
            strips = h;
        return ck_grid_of_strips(job->shape, strips, job->codec->encoder->strip_align, &job->grid, err);
    }
    if (o->tiles.b)
        status = ck_grid_of_shape(w, h, o->tiles.a, o->tiles.b, &job->grid, err);
    else if (o->tiles.a)
        status = ck_grid_of_count(w, h, o->tiles.a, &job->grid, err);
    else
        status = ck_grid_of_size(w, h, o->tile_size.a ? o->tile_size.a : 512,
                                 o->tile_size.b ? o->tile_size.b : o->tile_size.a ? o->tile_size.a : 512,
                                 (chunkimg_edge)o->edge, &job->grid, err);
    job->grid.overlap = (int32_t)o->overlap;
    job->grid.edge = (chunkimg_edge)o->edge;
    if (!status && o->tiles.a && !o->tiles.b && ck_grid_count(&job->grid) != (uint64_t)o->tiles.a) {
        ck_plan_note(job, "asked %lld, made %llu (%dx%d)", (long long)o->tiles.a,
                     (unsigned long long)ck_grid_count(&job->grid), job->grid.columns, job->grid.rows);
    }
    return status;
}

/* Where the operations want the rows in another order than the input has them, that may be all rows at once. */
static void note_order(chunkimg_job *job)
{
    int32_t rows = ck_source_shape(job->source).h, n = job->units.rows;

    if (n > 1 && job->need[0].to == rows && job->need[n - 1].from == 0 && ck_chain_halo(job->chain) < rows)
        ck_plan_note(job, "%s needs the whole image in memory", ck_chain_text(job->chain));
}

/* The rows of the input that each grid row takes. */
static ck_status choose_rows(chunkimg_job *job, ck_error *err)
{
    size_t n = (size_t)job->units.rows;

    job->need = malloc(n * sizeof *job->need);
    if (!job->need)
        return ck_fail_memory(err, n * sizeof *job->need, "planning the tiles");
    for (size_t i = 0; i < n; i++) {
        ck_rect held = {0, 0, job->units.w, 0};

        ck_grid_row_held(&job->units, (int32_t)i, &held.y, &held.h);
        held.h -= held.y;
        held = ck_chain_need(job->chain, held);
        job->need[i] = (ck_row_need){held.y, held.y + held.h};
    }
    ck_sched_in_order(job->need, job->units.rows);
    note_order(job);
    return CK_OK;
}

/* ---- how many workers ----------------------------------------------------------- */

/* OMP_NUM_THREADS may be a list, one number per nesting level; the first counts. */
static bool first_number(const char *text, int64_t *out)
{
    char digits[16];
    size_t n = strcspn(text, ", ");

    if (n >= sizeof digits)
        return false;
    memcpy(digits, text, n);
    digits[n] = 0;
    return ck_text_int(digits, out) && *out >= 1;
}

ck_status ck_wanted_workers(const chunkimg_options *options, uint64_t most, unsigned *out, ck_error *err)
{
    const chunkimg_option *row = chunkimg_option_find(chunkimg_job_options(), "workers", NULL);
    const char *own = getenv("CHUNKIMG_WORKERS"), *omp = getenv("OMP_NUM_THREADS");
    int64_t n = options->workers;

    if (!n && own && *own) {
        if (!ck_text_int(own, &n) || n < 1 || (double)n > row->most)
            return ck_fail(err, CHUNKIMG_USAGE, "CHUNKIMG_WORKERS: '%.40s' is not a number of workers, 1 to %.0f", own,
                           row->most);
    } else if (!n && omp && first_number(omp, &n)) {
        n = (double)n > row->most ? (int64_t)row->most : n;
    } else if (!n) {
        n = ck_cpus();
        if ((uint64_t)n > most) /* nobody asked for more workers than there is work */
            n = (int64_t)most;
    }
    *out = (unsigned)n;
    return CK_OK;
}

/* What the mode makes of that many. */
static ck_status spread_workers(chunkimg_job *job, unsigned *workers, ck_error *err)
{
    const chunkimg_option *row = chunkimg_option_find(chunkimg_job_options(), "workers", NULL);

    job->by_copy = job->options.ipc == CHUNKIMG_IPC_PIPE && job->exec->traits & CK_EXEC_PROCESSES;
    job->plan.processes = job->exec->traits & CK_EXEC_PROCESSES ? *workers : 0;
    if (job->exec->workers && job->exec->workers(&job->options, workers, &job->plan.processes, err))
        return err->status;
    if ((double)*workers > row->most)
        return ck_fail(err, CHUNKIMG_USAGE, "workers: %u are more than %.0f", *workers, row->most);
    return CK_OK;
}

/* ---- palettes ------------------------------------------------------------------------ */

void ck_plan_take_from_source(chunkimg_job *job)
{
    job->encode.meta = *ck_source_meta(job->source);
    job->encode.meta.orientation = 1; /* the rows stand upright now */
    job->encode.stored = ck_source_image(job->source)->stored;
    if (job->palette.count)
        ck_source_index(job->source);
}

/* Tiles of a palette's image stay so where their pixels are the image's own: a third of the bytes to encode. */
static void keep_palette(chunkimg_job *job)
{
    bool own_pixels = ck_chain_is_copy(job->chain) && job->options.edge != CHUNKIMG_EDGE_PAD && !job->options.lossless;
    const ck_palette *palette = NULL;

    if (own_pixels && job->codec && job->codec->encoder->indexed)
        palette = ck_source_index(job->source);
    if (!palette)
        return;
    job->palette = *palette;
    job->encode.palette = &job->palette;
    job->shape.channels = ck_source_shape(job->source).channels;
}

/* ---- all of it ---------------------------------------------------------------------- */

static void describe_images(chunkimg_job *job)
{
    chunkimg_plan *p = &job->plan;
    ck_shape in = ck_source_picture(job->source), out = job->options.lossless ? in : job->shape;

    p->input_format = ck_source_codec(job->source)->name;
    p->input_bytes = ck_source_bytes(job->source);
    p->width = in.w;
    p->height = in.h;
    p->channels = in.channels;
    p->depth = in.depth;
    p->out_width = out.w;
    p->out_height = out.h;
    p->out_channels = out.channels;
    p->out_depth = out.depth;
    p->lossless = job->options.lossless;
    p->ops = ck_chain_text(job->chain);
    p->border = chunkimg_option_find(chunkimg_job_options(), "border", NULL)->choices[job->options.border];
}

static void describe_work(chunkimg_job *job, unsigned workers)
{
    chunkimg_plan *p = &job->plan;

    p->output_format = job->codec ? job->codec->name : NULL;
    p->output = job->output;
    p->sink = job->sink->name;
    p->mode = job->exec->name;
    p->tiles = ck_grid_count(&job->grid);
    p->columns = job->grid.columns;
    p->rows = job->grid.rows;
    p->tile_width = job->grid.tile_w;
    p->tile_height = job->grid.tile_h;
    p->overlap = job->grid.overlap;
    p->workers = workers;
}

/* Pieces where the file has them and somebody to share them with; else rows of the one chain. */
static int32_t fill_rows(chunkimg_job *job, unsigned workers)
{
    int32_t piece;
    ck_shape in = ck_source_shape(job->source);
    size_t rows = FILL_NBYTES / ck_row_nbytes(in) + 1;
    size_t eighth = (size_t)in.h / 8 + 1; /* of a small image, so that decoding and tiles overlap there too */

    job->in_pieces = ck_source_in_pieces(job->source, workers, &piece, &job->piece_memory);
    if (job->in_pieces)
        return piece;
    rows = rows < eighth ? rows : eighth;
    /* JPEG decoders hand out rows in groups of up to 16 */
    return (int32_t)(rows > 16 ? rows / 16 * 16 : rows);
}

/* Tiles between hand-out and drain: each worker may be a tile ahead of the slowest. */
static uint32_t slots(const chunkimg_job *job, unsigned workers)
{
    uint64_t tiles = ck_grid_count(&job->grid), wanted = 2 * (uint64_t)workers + 2;

    return (uint32_t)(wanted < tiles ? wanted : tiles);
}

static void plan_sink(chunkimg_job *job)
{
    const ck_encoder *e = job->codec ? job->codec->encoder : NULL;

    job->sink_config = (ck_sink_config){.path = job->output,
                                        .force = job->options.force,
                                        .name = job->options.name,
                                        .stem = job->stem,
                                        .suffix = job->codec ? job->codec->suffixes[0] : "",
                                        .grid = &job->grid,
                                        .plan = &job->plan,
                                        .options = &job->options,
                                        .digest = &job->digest,
                                        .combine = e ? e->combine : NULL,
                                        .check_seed = e ? e->check_seed : 0,
                                        .tail = e ? e->tail : NULL,
                                        .stamp = ck_source_stamp(job->source, job->stamp, sizeof job->stamp)};
}

/* All that depends on who does the work. */
static ck_status plan_mode(chunkimg_job *job, unsigned workers, ck_error *err)
{
    ck_status status = spread_workers(job, &workers, err);

    if (status)
        return status;
    job->sched_config = (ck_sched_config){.grid = job->units,
                                          .rows = ck_source_shape(job->source).h,
                                          .need = job->need,
                                          .fill_rows = fill_rows(job, workers),
                                          .slots = slots(job, workers)};
    job->sched_config.chain = !job->in_pieces;
    job->sched_config.fills = job->in_pieces ? (workers < CK_FILLS_MOST ? workers : CK_FILLS_MOST) : job->exec->fills_ahead;
    describe_work(job, workers);
    ck_survey_free(job); /* of a mode that was planned before */
    status = ck_survey_plan(job, err);
    return status ? status : ck_plan_memory(job, workers, err);
}

ck_status ck_plan_make(chunkimg_job *job, ck_error *err)
{
    unsigned workers = 1;
    ck_status status;

    snprintf(job->input, sizeof job->input, "%s", ck_source_name(job->source));
    job->plan.input = job->input;
    status = choose_output(job, err);
    if (!status)
        status = choose_chain(job, err);
    if (status)
        return status;
    describe_images(job);
    job->encode = (ck_encode_params){.quality = (int)job->options.quality,
                                     .compression = (int)job->options.compression,
                                     .strips = (job->sink->traits & CK_SINK_STRIPS) != 0};
    ck_plan_take_from_source(job);
    status = check_encoder(job, err);
    if (!status) {
        keep_palette(job);
        status = choose_grid(job, err);
    }
    if (!status)
        status = ck_lossless_plan(job, err);
    if (!status)
        status = choose_rows(job, err);
    if (!status)
        status = ck_wanted_workers(&job->options, ck_grid_count(&job->grid) + 1, &workers, err); /* one decodes, the others each have a tile */
    if (!status)
        ck_choose_mode(job, workers);
    if (status)
        return status;
    size_t noted = strlen(job->note);
    do {
        job->note[noted] = 0; /* what a plan that is too large had to say is void */
        status = plan_mode(job, workers, err);
    } while (status == CHUNKIMG_LIMIT && ck_choose_less(job, &workers));
    if (!*job->note)
        job->plan.note = NULL;
    plan_sink(job);
    return status || !job->sink->check || job->settled ? status : job->sink->check(&job->sink_config, err);
}
