/*
 * The plan's sizes: what each worker holds, where everything lies in the
 * arena, and how many rows are decoded ahead: enough that the tiles of the
 * grid rows in flight keep every worker busy while the next rows are decoded;
 * fewer where the memory limit says so, down to none.
 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/checked.h"
#include "os/usage.h"
#include "pipeline/job.h"
#include "pipeline/trace.h"

enum { LINE = 64 };

static ck_status too_large(const chunkimg_job *job, ck_error *err)
{
    return ck_fail(err, CHUNKIMG_LIMIT, "%s: the plan needs more bytes than this machine can address", job->plan.input);
}

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
    job->rows = (ck_rows){.stride = ck_rows_stride(ck_row_nbytes(in)), .ring = c->ring_rows, .whole = in};
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
    p->worker_bytes += (p->processes + 1) * (uint64_t)ck_chain_fills(job->chain);
    p->codec_bytes = codec_bytes;
    p->base_bytes = base_memory(job, workers);
    p->body_bytes = job->options.body && job->options.body->in_memory ? job->options.body->nbytes : 0;
    p->memory_bytes = p->band_bytes + p->slot_bytes + p->worker_bytes + p->codec_bytes + p->body_bytes + p->base_bytes;
    return p->codec_bytes < UINT64_MAX / 8 && ck_chain_fills(job->chain) < SIZE_MAX / 8 / (p->processes + 1);
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

/*
 * Where a supervisor hands out every ticket, a worker may wait for its CPU: rows
 * that are there by then let the others go on. Only short strips need that: a
 * tall tile takes longer than any hand-over.
 */
static int64_t rows_of_hand_over(const chunkimg_job *job, int64_t step)
{
    enum { STEPS = 4, SHORT_NBYTES = 2 << 20 };
    int64_t stride = (int64_t)ck_rows_stride(ck_row_nbytes(ck_source_shape(job->source)));

    return job->plan.processes && step * stride <= SHORT_NBYTES ? STEPS * step : 0;
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

ck_status ck_plan_memory(chunkimg_job *job, unsigned workers, ck_error *err)
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
    int64_t step = rows_a_step(&job->sched_config), pieces = (int64_t)job->sched_config.fill_rows * workers;
    int64_t ahead = (in_flight - 1) * step + rows_of_hand_over(job, step);

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
