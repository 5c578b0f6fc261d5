/*
 * The job as executors see it: tickets out of the scheduler, the labour behind
 * each kind of ticket, and the books of what came back.
 *
 * The books (next, done, lost, again, fail) are kept at home, one call at a
 * time; who writes what while tickets are out is told in work_inside.h.
 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "pipeline/trace.h"
#include "pipeline/work_inside.h"

void ck_job_pulse(void *self)
{
    enum { EVERY_NS = 50 * 1000 * 1000 };
    chunkimg_job *job = self;
    uint64_t now = ck_now_ns();
    unsigned long long last = atomic_load_explicit(&job->pulse_ns, memory_order_relaxed);
    int32_t rows = atomic_load(&job->board->rows_decoded) * job->unit_h;

    if (!job->tick || now - last < EVERY_NS || getpid() != job->home ||
        !atomic_compare_exchange_strong(&job->pulse_ns, &last, now) ||
        atomic_exchange_explicit(&job->ticking, true, memory_order_acquire))
        return;
    chunkimg_progress p = {.tiles_done = atomic_load(&job->board->tiles_done),
                           .tiles = job->plan.tiles,
                           .rows_decoded = rows < job->plan.height ? rows : job->plan.height,
                           .rows = job->plan.height,
                           .elapsed_s = ck_seconds(now - job->began_ns)};
    if (job->tick(job->tick_user, &p)) {
        atomic_store(&job->board->interrupted, 1);
        atomic_store(&job->board->stop, 1);
    }
    (void)atomic_exchange_explicit(&job->ticking, false, memory_order_release); /* helgrind takes a plain store for a race */
}

/* ---- bookkeeping, at home -------------------------------------------------------- */

/* Keeps the failure that comes first in the order of the image; `seq` 0 is before every tile. */
static void keep_failure(chunkimg_job *job, const ck_error *err, uint64_t seq)
{
    if (!job->failure.status || (seq < job->failure_seq && err->status != CHUNKIMG_INTERRUPTED) ||
        job->failure.status == CHUNKIMG_INTERRUPTED) {
        job->failure = *err;
        job->failure_seq = seq;
    }
    atomic_store(&job->board->stop, 1);
    ck_sched_stop(&job->sched);
}

static void prepare_slot(chunkimg_job *job, ck_slot *slot, uint64_t tile)
{
    *slot = (ck_slot){.err = {.col = -1, .row = -1}};
    slot->kept = !job->survey && job->sink->kept && job->sink->kept(job->sink_state, tile, &slot->outcome);
    /* What a carrier that never came to write would leave behind must read as a failure. */
    if (!slot->kept)
        ck_fail(&slot->err, CHUNKIMG_INTERRUPTED, "stopped before the tile was begun");
}

/* What was drawn and not handed out comes back as it is once the job is given up: nobody may be left to carry it. */
static ck_next shuffled_next(chunkimg_job *job, unsigned roles, ck_ticket *out)
{
    ck_ticket t;

    if (!job->sched.stopped)
        return ck_shuffle_next(&job->shuffle, &job->sched, roles, out);
    while (ck_shuffle_left(&job->shuffle, &t))
        ck_sched_done(&job->sched, t);
    return ck_sched_next(&job->sched, roles, out);
}

static ck_next work_next(void *self, unsigned roles, ck_ticket *out)
{
    chunkimg_job *job = self;

    if (ck_work_stopped(job))
        ck_sched_stop(&job->sched);
    ck_next next = job->shuffle.seed ? shuffled_next(job, roles, out) : ck_sched_next(&job->sched, roles, out);
    if (next == CK_HAVE && out->kind == CK_TILE)
        prepare_slot(job, ck_job_slot(job, out->id), out->seq);
    if (next == CK_END && !job->end_ns)
        job->end_ns = ck_now_ns();
    if (next == CK_HAVE && ck_trace_on(job))
        ck_trace_counts(job);
    return next;
}

/* Pieces come back in any order; their checksums are joined in the order of the file. */
static void join_checks(chunkimg_job *job)
{
    for (; job->pieces_joined < job->sched.fills_done; job->pieces_joined++) {
        uint64_t i = job->pieces_joined % CK_FILLS_MOST;

        job->piece_check = ck_source_piece_combine(job->source, job->piece_check, job->board->fill_checks[i].check,
                                                   job->board->fill_checks[i].nbytes);
    }
}

static void count_tile(chunkimg_job *job, const ck_slot *slot)
{
    if (slot->skipped)
        job->result.tiles_failed++;
    else
        job->digest ^= slot->outcome.digest;
    job->result.tiles_kept += slot->kept;
}

/* A file that the executor wrote failed without a word on whose it is. */
static void place_error(const chunkimg_job *job, ck_slot *slot, uint64_t tile)
{
    ck_tile at = ck_grid_tile(&job->grid, tile);

    if (slot->err.status && slot->err.col < 0) {
        slot->err.col = at.col;
        slot->err.row = at.row;
    }
}

static void work_done(void *self, ck_ticket t)
{
    chunkimg_job *job = self;

    ck_sched_done(&job->sched, t);
    if (ck_trace_on(job))
        ck_trace_counts(job);
    if (t.kind == CK_FILL) {
        const ck_error *err = &job->board->fill_errors[t.seq % CK_FILLS_MOST];
        if (err->status && job->skips)
            job->undecoded = job->undecoded.status ? job->undecoded : *err;
        else if (err->status)
            keep_failure(job, err, 0);
        else if (job->in_pieces)
            join_checks(job);
        return;
    }
    ck_slot *slot = ck_job_slot(job, t.id);
    place_error(job, slot, t.seq);
    if (slot->err.status && !(t.kind == CK_TILE && ck_work_may_skip(job, &slot->err)))
        keep_failure(job, &slot->err, t.seq + 1);
    else if (t.kind == CK_DRAIN && !job->survey)
        count_tile(job, slot);
}

static void work_fail(void *self, const ck_error *why)
{
    keep_failure(self, why, UINT64_MAX);
}

/* A tile that nobody could make comes back as one that failed; rows that nobody could decode, as rows that are missing. */
static void work_lost(void *self, ck_ticket t, const ck_error *why)
{
    chunkimg_job *job = self;
    int32_t from, count;

    if (t.kind == CK_FILL) {
        job->board->fill_errors[t.seq % CK_FILLS_MOST] = *why;
        ck_sched_fill_range(&job->sched, t.seq, &from, &count);
        ck_work_lower(&job->board->bad_row, from);
    } else if (job->survey) {
        ck_job_slot(job, t.id)->err = *why;
    } else {
        ck_tile at = ck_grid_tile(&job->grid, t.seq);
        ck_slot *slot = ck_job_slot(job, t.id);

        *slot = (ck_slot){.err = *why};
        slot->err.col = at.col;
        slot->err.row = at.row;
    }
    work_done(job, t);
}

static void work_again(void *self, ck_ticket t)
{
    chunkimg_job *job = self;
    ck_tile at = ck_grid_tile(&job->grid, t.seq);

    if (t.kind == CK_TILE && !job->survey && job->sink->unstore && !ck_job_slot(job, t.id)->kept)
        job->sink->unstore(job->sink_state, &at);
    if (t.kind == CK_FILL)
        job->board->fill_errors[t.seq % CK_FILLS_MOST] = (ck_error){0};
}

/* A worker process opens no path. */
static ck_status work_file(void *self, ck_ticket t, int *file, int *why, ck_error *err)
{
    chunkimg_job *job = self;
    ck_tile at = ck_grid_tile(&job->grid, t.seq);

    *file = -1;
    *why = 0;
    if (t.kind != CK_TILE || job->survey || job->by_copy || !job->sink->make || ck_job_slot(job, t.id)->kept)
        return CK_OK;
    return job->sink->make(job->sink_state, &at, file, why, err);
}

/* ---- carrying -------------------------------------------------------------------- */

/* What the figures of the run need of each ticket. */
static void note_carried(ck_worker *w, ck_ticket t, uint64_t began, uint64_t worked)
{
    ck_board *board = w->job->board;
    uint64_t now = ck_now_ns();
    unsigned long long none = 0;

    if (!w->tally->tickets++)
        w->tally->first_ns = began;
    w->tally->last_ns = now;
    w->tally->busy_ns += worked;
    if (t.kind == CK_TILE && !w->job->survey && !atomic_load_explicit(&board->first_tile_ns, memory_order_relaxed))
        atomic_compare_exchange_strong(&board->first_tile_ns, &none, now);
}

static void work_bring(void *self, void *mine, int file)
{
    ck_worker *w = mine;

    (void)self;
    w->file = file;
}

static void work_carry(void *self, void *mine, ck_ticket t)
{
    static void (*const carriers[])(ck_worker *, ck_ticket) = {
        [CK_FILL] = ck_labour_fill, [CK_TILE] = ck_labour_tile, [CK_DRAIN] = ck_labour_drain};

    chunkimg_job *job = self;
    ck_worker *w = mine;
    uint64_t began = ck_now_ns(), worked = ck_work_ns(job), stages[CHUNKIMG_STAGES];

    if (ck_trace_on(job))
        memcpy(stages, w->tally->stage_ns, sizeof stages);
    ck_disturb_before(&w->disturb, job->board->disturbed, t);
    if (t.kind == CK_TILE && job->survey)
        ck_labour_strip(w, t);
    else
        carriers[t.kind](w, t);
    ck_disturb_after(&w->disturb, job->board->disturbed, t);
    note_carried(w, t, began, ck_work_ns(job) - worked);
    if (ck_trace_on(job))
        ck_trace_carried(job, (unsigned)(w->tally - ck_job_tally(job, 0)), t, began, stages);
}

/* ---- the contract ---------------------------------------------------------------- */

static bool work_stopping(void *self)
{
    return ck_work_stopped(self);
}

static const char *work_describe(void *self, ck_ticket t, char *to, size_t size)
{
    const chunkimg_job *job = self;
    ck_tile at = ck_grid_tile(&job->grid, t.seq);

    if (t.kind == CK_FILL)
        snprintf(to, size, "the decoder");
    else if (job->survey)
        snprintf(to, size, "strip %llu of the first look at the image", (unsigned long long)t.seq);
    else
        snprintf(to, size, "the tile in column %d, row %d", at.col, at.row);
    return to;
}

static ck_ahead *work_read_ahead(void *self, bool on)
{
    return ck_source_read_ahead(((chunkimg_job *)self)->source, on);
}

static void work_write_through(void *self, const ck_writer *writer)
{
    const chunkimg_job *job = self;

    if (job->sink->through)
        job->sink->through(job->sink_state, writer);
}

static void work_in_turns(void *self, const ck_turns *turns)
{
    chunkimg_job *job = self;

    job->turns = turns;
    ck_source_in_turns(job->source, turns);
}

ck_work ck_job_work(chunkimg_job *job)
{
    return (ck_work){.self = job,
                     .next = work_next,
                     .done = work_done,
                     .lost = work_lost,
                     .fail = work_fail,
                     .again = work_again,
                     .stopping = work_stopping,
                     .cargo = ck_work_cargo,
                     .apart = ck_work_apart,
                     .enter = ck_work_enter,
                     .carry = work_carry,
                     .leave = ck_work_leave,
                     .file = work_file,
                     .bring = work_bring,
                     .in_turns = work_in_turns,
                     .write_through = work_write_through,
                     .read_ahead = work_read_ahead,
                     .describe = work_describe};
}
