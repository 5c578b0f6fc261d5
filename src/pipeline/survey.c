/*
 * Operations that look at the whole image before its first pixel can be made:
 * each takes a pass of its own, over the same scheduler, executor and ring as
 * the tiles. A ticket is a strip of the image that the operation is given; its
 * carrier counts into the account of its slot, and at home the accounts are
 * joined in the order of the strips into one that stays in the arena, where
 * processes find it.
 *
 * Where the decoded image fits the memory limit the ring has room for all of
 * it, and the next pass finds every row there. Else each pass decodes the
 * input again, which must then be a file.
 */
#include <stdlib.h>
#include <string.h>

#include "base/checked.h"
#include "pipeline/job.h"

enum {
    STRIP_NBYTES = 1 << 20, /* as decoded in one go */
    ACCOUNTS = 4,           /* a strip has at least as many bytes as so many accounts: joining must not be the work */
    LINE = 64
};

/* ---- planning ----------------------------------------------------------------- */

static int32_t strip_rows(const ck_survey *s, ck_shape shape, unsigned workers)
{
    size_t row = ck_row_nbytes(shape), least = STRIP_NBYTES > ACCOUNTS * s->account ? STRIP_NBYTES : ACCOUNTS * s->account;
    size_t rows = least / row + 1, share = (size_t)shape.h / (4 * (size_t)workers) + 1;

    return (int32_t)(rows < share ? rows : share);
}

static ck_status plan_one(chunkimg_job *job, ck_survey *s, ck_error *err)
{
    ck_shape shape = ck_chain_shape(s->before);
    uint64_t strips;
    ck_status status = ck_grid_of_size(shape.w, shape.h, shape.w, strip_rows(s, shape, job->plan.workers),
                                       CHUNKIMG_EDGE_KEEP, &s->grid, err);

    if (status)
        return status;
    s->need = malloc((size_t)s->grid.rows * sizeof *s->need);
    if (!s->need)
        return ck_fail_memory(err, (size_t)s->grid.rows * sizeof *s->need, "planning a first look at the image");
    for (int32_t i = 0; i < s->grid.rows; i++) {
        ck_rect read = ck_chain_need(s->before, ck_grid_tile(&s->grid, (uint64_t)i).own);
        s->need[i] = (ck_row_need){read.y, read.y + read.h};
    }
    ck_sched_in_order(s->need, s->grid.rows);
    s->block_rows = ck_chain_block_rows(s->before, shape.w, s->grid.tile_h);
    strips = ck_grid_count(&s->grid);
    s->slots = strips < job->plan.workers + 1 ? (uint32_t)strips : job->plan.workers + 1;
    return CK_OK;
}

ck_status ck_survey_plan(chunkimg_job *job, ck_error *err)
{
    size_t n = ck_chain_surveys(job->chain);
    ck_status status = CK_OK;

    job->surveys = n ? calloc(n, sizeof *job->surveys) : NULL;
    if (n && !job->surveys)
        return ck_fail_memory(err, n * sizeof *job->surveys, "planning a first look at the image");
    job->survey_count = n;
    for (size_t i = 0; i < n && !status; i++) {
        job->surveys[i] = (ck_survey){.index = i,
                                      .before = ck_chain_before(job->chain, i),
                                      .account = ck_round_up(ck_chain_account(job->chain, i), LINE)};
        status = plan_one(job, &job->surveys[i], err);
    }
    return status;
}

bool ck_survey_lay_out(chunkimg_job *job, size_t *total)
{
    for (size_t i = 0; i < job->survey_count; i++) {
        ck_survey *s = &job->surveys[i];

        s->at = *total;
        if (!ck_add_mul(total, 1 + (size_t)s->slots, s->account) || *total > SIZE_MAX / 4)
            return false;
    }
    return true;
}

void ck_survey_free(chunkimg_job *job)
{
    for (size_t i = 0; i < job->survey_count; i++)
        free(job->surveys[i].need);
    free(job->surveys);
    job->surveys = NULL;
    job->survey_count = 0;
}

/* ---- a strip ------------------------------------------------------------------- */

static void *account_of_all(const chunkimg_job *job, const ck_survey *s)
{
    return job->arena.base + s->at;
}

static void *account_of(const chunkimg_job *job, const ck_survey *s, uint32_t slot)
{
    return job->arena.base + s->at + (1 + (size_t)slot) * s->account;
}

/* The rows of the strip from y on, or as many of them as a block takes: where they lie, or computed. */
static ck_status strip_block(const chunkimg_job *job, ck_chain_run *run, void *scratch, uint8_t *block, ck_rect strip,
                             int32_t y, ck_view *out, ck_error *err)
{
    const ck_survey *s = job->survey;
    int32_t rest = strip.y + strip.h - y, n = rest < s->block_rows ? rest : s->block_rows;
    ck_rect at = {strip.x, y, strip.w, n};
    ck_shape shape = ck_chain_shape(s->before);

    if (ck_chain_is_copy(s->before)) {
        at = ck_chain_need(s->before, at);
        *out = ck_rows_piece(&job->rows, at, at.y, at.y + n);
        return CK_OK;
    }
    shape.h = n;
    *out = (ck_view){block, (ptrdiff_t)ck_round_up(ck_row_nbytes(shape), LINE), shape};
    return ck_chain_step(s->before, run, scratch, &job->rows, at, *out, err);
}

ck_rect ck_survey_reads(const chunkimg_job *job, ck_ticket t)
{
    return ck_chain_need(job->survey->before, ck_grid_tile(&job->survey->grid, t.seq).own);
}

ck_status ck_survey_strip(chunkimg_job *job, void *scratch, uint8_t *block, ck_ticket t, ck_error *err)
{
    const ck_survey *s = job->survey;
    ck_rect strip = ck_grid_tile(&s->grid, t.seq).own, read = ck_survey_reads(job, t);
    void *account = account_of(job, s, t.id);
    ck_chain_run run = {0};
    ck_view rows;

    memset(account, 0, s->account);
    if (read.y + read.h > atomic_load_explicit(&job->board->bad_row, memory_order_relaxed))
        return ck_fail(err, CHUNKIMG_BAD_INPUT, "the rows that are looked at could not be decoded");
    for (int32_t y = strip.y; y < strip.y + strip.h; y += rows.shape.h) {
        if (atomic_load_explicit(&job->board->stop, memory_order_relaxed))
            return ck_fail(err, CHUNKIMG_INTERRUPTED, "stopped");
        bool native = ck_turns_native(job->turns, CK_NATIVE_PROCESS);
        ck_status status = strip_block(job, &run, scratch, block, strip, y, &rows, err);

        if (!status)
            ck_chain_survey(job->chain, s->index, rows, (ck_rect){strip.x, y, strip.w, rows.shape.h}, account);
        if (native)
            ck_turns_take(job->turns);
        if (status)
            return status;
        ck_turns_check(job->turns);
        ck_job_pulse(job);
    }
    return CK_OK;
}

void ck_survey_merge(chunkimg_job *job, ck_ticket t)
{
    const ck_survey *s = job->survey;

    ck_chain_survey_merge(job->chain, s->index, account_of_all(job, s), account_of(job, s, t.id));
}

/* ---- the passes ------------------------------------------------------------------ */

static void conclude(chunkimg_job *job, size_t i)
{
    ck_chain_survey_end(job->chain, i, account_of_all(job, &job->surveys[i]));
    job->surveyed = i + 1;
}

void ck_survey_join(chunkimg_job *job)
{
    size_t pass = atomic_load(&job->board->pass);

    while (job->surveyed < pass)
        conclude(job, job->surveyed);
}

static ck_sched_config config_of(const chunkimg_job *job, size_t pass)
{
    ck_sched_config c = job->sched_config;

    if (pass < job->survey_count) {
        c.grid = job->surveys[pass].grid;
        c.need = job->surveys[pass].need;
        c.slots = job->surveys[pass].slots;
    }
    c.rows_there = pass && job->keeps_image ? c.rows : 0;
    return c;
}

/* Everything as at the beginning of the run, but for the rows where they are kept. */
static ck_status begin_next(chunkimg_job *job, size_t pass, ck_error *err)
{
    ck_sched_config c = config_of(job, pass);
    size_t shared = job->exec->shared_size ? job->exec->shared_size(job->plan.workers) : 0;

    ck_sched_release(&job->sched);
    memset(job->arena.base + job->layout.executor, 0, shared);
    job->piece_check = 1;
    job->pieces_joined = 0;
    job->end_ns = 0;
    if (!job->keeps_image) {
        ck_status status = ck_job_open_again(job, err);

        if (status)
            return status;
        job->undecoded = (ck_error){0};
        atomic_store(&job->board->bad_row, INT32_MAX);
        atomic_store(&job->board->rows_decoded, 0);
    }
    return ck_sched_init(&job->sched, &c, err);
}

ck_status ck_survey_run(chunkimg_job *job, ck_exec_stats *stats, ck_error *err)
{
    ck_sched_config first = config_of(job, 0);
    ck_status status;

    ck_sched_release(&job->sched);
    status = ck_sched_init(&job->sched, &first, err);
    for (size_t i = 0; i < job->survey_count && !status; i++) {
        job->survey = &job->surveys[i];
        status = ck_job_carry(job, stats, err);
        if (status)
            break;
        conclude(job, i);
        atomic_store(&job->board->pass, (unsigned)i + 1);
        status = begin_next(job, i + 1, err);
    }
    job->survey = NULL;
    return status;
}
