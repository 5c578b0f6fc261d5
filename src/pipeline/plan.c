/*
 * The plan: every choice and every size, fixed and checked for overflow before
 * anything large is allocated. What it says is what the run takes.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/checked.h"
#include "base/text.h"
#include "os/cpus.h"
#include "os/usage.h"
#include "pipeline/job.h"
#include "pipeline/trace.h"

enum {
    FILL_NBYTES = 1 << 20, /* decoded in one go: a few milliseconds, and it fits the L2 cache */
    LINE = 64
};

static ck_status too_large(const chunkimg_job *job, ck_error *err)
{
    return ck_fail(err, CHUNKIMG_LIMIT, "%s: the plan needs more bytes than this machine can address", job->plan.input);
}

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

/* ---- memory ----------------------------------------------------------------------- */

/* Strips go through the blocks that tiles have. */
static bool plan_survey_worker(ck_worker_plan *w, const ck_survey *s)
{
    ck_shape strip = ck_chain_shape(s->before);
    size_t scratch = ck_chain_scratch(s->before, strip.w, s->block_rows), block;

    if (scratch > SIZE_MAX / 8 || !ck_mul(ck_round_up(ck_row_nbytes(strip), LINE), (size_t)s->block_rows, &block))
        return false;
    w->scratch = scratch > w->scratch ? scratch : w->scratch;
    if (!ck_chain_is_copy(s->before))
        w->block = block > w->block ? block : w->block;
    return true;
}

/* A worker's own blocks, and what its encoder holds. */
static bool plan_worker(chunkimg_job *job)
{
    ck_worker_plan *w = &job->worker;
    ck_shape block = job->shape, file = job->shape;
    const ck_encoder *e = job->codec ? job->codec->encoder : NULL;

    ck_grid_largest(&job->grid, &file.w, &file.h);
    w->block_rows = ck_chain_block_rows(job->chain, file.w, file.h);
    block.w = file.w;
    block.h = w->block_rows;
    w->scratch = ck_chain_scratch(job->chain, block.w, block.h);
    if (w->scratch == SIZE_MAX || !ck_mul(ck_round_up(ck_row_nbytes(block), LINE), (size_t)block.h, &w->block))
        return false;
    if (ck_chain_is_copy(job->chain) && job->grid.edge != CHUNKIMG_EDGE_PAD)
        w->block = 0; /* the encoder reads the band */
    for (size_t i = 0; i < job->survey_count; i++)
        if (!plan_survey_worker(w, &job->surveys[i]))
            return false;
    w->encoded = e && !job->layout.slot_room ? e->bound(file, &job->encode) : 0;
    w->encoder = e ? e->memory(file, &job->encode) : 0;
    w->piece = job->in_pieces ? job->piece_memory : 0;
    return w->scratch < SIZE_MAX / 8 && w->encoded < SIZE_MAX / 8 && w->encoder < SIZE_MAX / 8;
}

static bool add_region(size_t *total, size_t *at, size_t count, size_t each)
{
    *at = *total;
    if (!ck_add_mul(total, count, each) || *total > SIZE_MAX / 4)
        return false;
    *total = ck_round_up(*total, LINE);
    return true;
}

/* Whether what a worker makes of a tile has to come home as bytes. */
static size_t slot_room(const chunkimg_job *job, ck_shape file)
{
    bool writes_later = job->codec && job->exec->traits & CK_EXEC_WRITES_LATER;
    size_t nbytes = 0;

    if (!(job->sink->traits & CK_SINK_STRIPS) && !job->by_copy && !writes_later)
        return 0;
    if (job->codec)
        nbytes = job->codec->encoder->bound(file, &job->encode);
    else if (!ck_mul(ck_row_nbytes(file), (size_t)file.h, &nbytes))
        return SIZE_MAX;
    return nbytes < SIZE_MAX / 8 ? ck_round_up(nbytes, LINE) : SIZE_MAX;
}

/* From here on each process may have pages of its own. */
static bool add_page(const chunkimg_job *job, size_t *total)
{
    long page = sysconf(_SC_PAGESIZE);

    if (job->by_copy)
        *total = ck_round_up(*total, page > 0 ? (size_t)page : 4096);
    return *total <= SIZE_MAX / 4;
}

/* Offsets of everything in the arena, for `ahead` rows decoded beyond what a grid row needs. */
static bool plan_arena(chunkimg_job *job, unsigned workers, int64_t ahead)
{
    ck_layout *l = &job->layout;
    ck_sched_config *c = &job->sched_config;
    ck_shape in = ck_source_shape(job->source), file = job->shape;
    size_t total = ck_round_up(sizeof(ck_board), LINE);
    int64_t ring = ck_sched_least_ring(c->need, c->grid.rows, c->rows, c->fill_rows);
    size_t slots = c->slots;

    for (size_t i = 0; i < job->survey_count; i++) {
        const ck_survey *s = &job->surveys[i];
        int32_t other = ck_sched_least_ring(s->need, s->grid.rows, c->rows, c->fill_rows);
        ring = other > ring ? other : ring;
        slots = s->slots > slots ? s->slots : slots;
    }
    ring = job->keeps_image ? in.h : ring + ahead;

    if (job->in_pieces) /* a piece must not wrap: it is decoded in one go */
        ring = (ring + c->fill_rows - 1) / c->fill_rows * c->fill_rows;
    c->ring_rows = ring < in.h ? (int32_t)ring : in.h;
    job->rows = (ck_rows){.stride = ck_round_up(ck_row_nbytes(in), LINE), .ring = c->ring_rows, .whole = in};
    ck_grid_largest(&job->grid, &file.w, &file.h);
    l->trace_room = ck_trace_room(&job->options, ck_grid_count(&job->grid), ((uint64_t)in.h + (uint64_t)c->fill_rows - 1) / (uint64_t)c->fill_rows);
    l->slot_room = slot_room(job, file);
    if (l->slot_room > SIZE_MAX / 8 || !add_region(&total, &l->tallies, workers + 1, sizeof(ck_tally)) ||
        !add_region(&total, &l->slots, slots, sizeof(ck_slot)) ||
        !add_region(&total, &l->executor, 1, job->exec->shared_size ? job->exec->shared_size(workers) : 0) ||
        !add_region(&total, &l->trace, 1, ck_trace_nbytes(workers, l->trace_room)) || !ck_survey_lay_out(job, &total) ||
        !add_page(job, &total) || !add_region(&total, &l->bands, (size_t)c->ring_rows, job->rows.stride) ||
        !add_region(&total, &l->slot_bytes, c->slots, l->slot_room))
        return false;
    l->total = total;
    return true;
}

/* Memory of the program itself: what is resident now, and what threads and libraries will add to it. */
static uint64_t base_memory(const chunkimg_job *job, unsigned workers)
{
    enum { LATER = 3 << 20, PER_THREAD = 128 << 10, PER_PROCESS = 1536 << 10 };
    uint64_t now = ck_usage_peak_rss(0), threads = workers > job->plan.processes ? workers - job->plan.processes : 0;

    return (now ? now : 8 << 20) + LATER + threads * PER_THREAD + (uint64_t)job->plan.processes * PER_PROCESS;
}

static bool add_up(chunkimg_job *job, unsigned workers, uint64_t codec_bytes)
{
    chunkimg_plan *p = &job->plan;
    const ck_worker_plan *w = &job->worker;

    p->band_bytes = (uint64_t)job->sched_config.ring_rows * job->rows.stride;
    p->slot_bytes = job->layout.total - p->band_bytes + ck_trace_nbytes(workers, job->layout.trace_room); /* kept after the run */
    p->worker_bytes = workers * (uint64_t)(w->scratch + w->block + w->encoded + w->encoder + w->piece);
    if (job->by_copy)
        p->worker_bytes += workers * (uint64_t)(job->layout.total - job->layout.bands);
    p->codec_bytes = codec_bytes;
    p->base_bytes = base_memory(job, workers);
    p->body_bytes = job->options.body && job->options.body->in_memory ? job->options.body->nbytes : 0;
    p->memory_bytes = p->band_bytes + p->slot_bytes + p->worker_bytes + p->codec_bytes + p->body_bytes + p->base_bytes;
    return p->codec_bytes < UINT64_MAX / 8;
}

uint64_t ck_memory_limit(const chunkimg_options *options)
{
    long pages = sysconf(_SC_PHYS_PAGES), page = sysconf(_SC_PAGESIZE);

    if (options->max_memory)
        return options->max_memory;
    return pages > 0 && page > 0 ? (uint64_t)pages / 4 * 3 * (uint64_t)page : UINT64_MAX;
}

/* The most that the input moves on from one grid row to the next. */
static int64_t rows_a_step(const ck_sched_config *c)
{
    int64_t most = c->need[0].to - c->need[0].from;

    for (int32_t i = 1; i < c->grid.rows; i++) {
        int64_t step = c->need[i].to - c->need[i - 1].to;
        most = i == 1 || step > most ? step : most;
    }
    return most;
}

/* Standard input, or a pipe, comes once. */
static bool can_read_again(const chunkimg_job *job)
{
    return strcmp(job->options.input, "-") != 0 && ck_source_bytes(job->source) > 0;
}

/* For operations that look at the whole image first. */
static ck_status kept(chunkimg_job *job, uint64_t limit, ck_error *err)
{
    const chunkimg_plan *p = &job->plan;

    if (p->memory_bytes > limit)
        return ck_fail(err, CHUNKIMG_LIMIT,
                       "%s: %s looks at the whole image first, which can be read only once: keeping it needs %.1f MiB, more "
                       "than --max-memory allows (%.1f MiB)",
                       p->input, p->ops, (double)p->memory_bytes / 1048576, (double)limit / 1048576);
    ck_plan_note(job, "%s: looks at the whole image first, and so keeps it in memory", p->ops);
    return CK_OK;
}

/*
 * How many rows to decode ahead: enough that the tiles of the grid rows in
 * flight keep every worker busy while the next rows are decoded; fewer where
 * the memory limit says so, down to none.
 */
static ck_status plan_memory(chunkimg_job *job, unsigned workers, ck_error *err)
{
    int64_t in_flight = 1 + (workers + job->grid.columns - 1) / job->grid.columns;
    uint64_t limit = ck_memory_limit(&job->options), codec_bytes;
    char reach[80] = "";
    ck_status status = ck_source_memory(job->source, &codec_bytes, err);

    if (status)
        return status;
    if (job->settled) /* elsewhere, with the memory that was there */
        return plan_arena(job, workers, job->ahead) && plan_worker(job) && add_up(job, workers, codec_bytes)
                   ? CK_OK : too_large(job, err);
    int64_t ahead = (in_flight - 1) * rows_a_step(&job->sched_config), pieces = (int64_t)job->sched_config.fill_rows * workers;

    if (job->in_pieces && ahead < pieces)
        ahead = pieces;
    if (job->survey_count) {
        job->keeps_image = true;
        job->ahead = 0;
        if (!plan_arena(job, workers, 0) || !plan_worker(job) || !add_up(job, workers, codec_bytes))
            return too_large(job, err);
        if (job->plan.memory_bytes <= limit || !can_read_again(job))
            return kept(job, limit, err);
        job->keeps_image = false;
        ck_plan_note(job, "%s: looks at the whole image first, and so decodes the input %zu times",
                     ck_chain_text(job->chain), job->survey_count + 1);
    }
    for (;; ahead /= 2) {
        job->ahead = ahead;
        if (!plan_arena(job, workers, ahead) || !plan_worker(job) || !add_up(job, workers, codec_bytes))
            return too_large(job, err);
        if (job->plan.memory_bytes <= limit)
            return CK_OK;
        if (!ahead)
            break;
    }
    if (ck_chain_halo(job->chain) > job->units.tile_h)
        snprintf(reach, sizeof reach, " (the operations read %d rows around each tile)", ck_chain_halo(job->chain));
    return ck_fail(err, CHUNKIMG_LIMIT,
                   "%s: the plan needs %.1f MiB%s, more than --max-memory allows (%.1f MiB); smaller tiles or fewer workers need less",
                   job->plan.input, (double)job->plan.memory_bytes / 1048576, reach, (double)limit / 1048576);
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
    return status ? status : plan_memory(job, workers, err);
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
    status = plan_mode(job, workers, err);
    if (status == CHUNKIMG_LIMIT && ck_choose_less(job))
        status = plan_mode(job, workers, err);
    plan_sink(job);
    return status || !job->sink->check || job->settled ? status : job->sink->check(&job->sink_config, err);
}
