/*
 * The job as executors see it: tickets out of the scheduler, and the labour
 * behind each kind of ticket.
 *
 * Who writes what: a FILL writes rows of the ring that the scheduler says
 * nobody reads, and its error on the board. A TILE reads rows of the ring and
 * writes its slot. Both write the tally of the worker that carries them.
 * DRAIN, next, done, lost and fail run at home, one at a time. So nothing here
 * takes a lock; the executor's hand-over of a ticket orders memory.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "os/checksum.h"
#include "pipeline/disturb.h"
#include "pipeline/job.h"
#include "pipeline/trace.h"

/* One worker's private memory. */
typedef struct worker {
    chunkimg_job *job;
    ck_tally *tally;
    uint64_t migrations; /* of its thread before it entered */
    int sched;           /* to read them, held open where paths may be out of reach later; else -1 */
    uint8_t *memory;  /* all of the next three */
    uint8_t *scratch, *block, *encoded;
    void *encoder;    /* its state; NULL: nothing is encoded */
    ck_disturb disturb;
    void *piece;      /* state for decoding pieces; NULL: the decoder is one chain */
} worker;

/* What a tile says whose rows are missing; the decoder's own words stand in for it when it is noted. */
#define UNDECODED "the rows it needs could not be decoded"

/* ---- small things ------------------------------------------------------------ */

/* A clock that stands still while the calling thread waits for a global lock. */
static uint64_t work_ns(const chunkimg_job *job)
{
    uint64_t now = ck_now_ns();

    return job->turns ? now - job->turns->waited_ns(job->turns->self) : now;
}

/* Adds the time since *since to a stage and moves *since on. */
static void spend(worker *w, unsigned stage, uint64_t *since)
{
    uint64_t now = work_ns(w->job);

    w->tally->stage_ns[stage] += now - *since;
    *since = now;
}

static bool stopped(const chunkimg_job *job)
{
    return atomic_load_explicit(&job->board->stop, memory_order_relaxed) != 0;
}

void ck_job_pulse(void *self)
{
    enum { EVERY_NS = 50 * 1000 * 1000 };
    chunkimg_job *job = self;
    uint64_t now = ck_now_ns();
    unsigned long long last = atomic_load_explicit(&job->pulse_ns, memory_order_relaxed);
    int32_t rows = atomic_load(&job->board->rows_decoded) * job->unit_h;

    if (!job->tick || now - last < EVERY_NS || getpid() != job->home ||
        !atomic_compare_exchange_strong(&job->pulse_ns, &last, now))
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
}

static void lower(atomic_int *to, int value)
{
    int now = atomic_load(to);

    while (value < now && !atomic_compare_exchange_weak(to, &now, value))
        ;
}

/* What the figures of the run need of each ticket. */
static void note_carried(worker *w, ck_ticket t, uint64_t began, uint64_t worked)
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

/* ---- FILL ---------------------------------------------------------------------- */

static ck_view ring_rows(const chunkimg_job *job, int32_t y, int32_t y_end)
{
    return ck_rows_piece(&job->rows, (ck_rect){0, 0, job->rows.whole.w, 0}, y, y_end);
}

/*
 * Where the decoder's holder died, the process in its place begins at the
 * first row: what comes before row y is decoded once more, and thrown away.
 */
static ck_status catch_up(const chunkimg_job *job, int32_t y, ck_error *err)
{
    ck_shape piece = ck_source_shape(job->source);
    ck_status status = CK_OK;
    uint8_t *nowhere;

    if (ck_source_row(job->source) >= y)
        return CK_OK;
    nowhere = malloc(job->rows.stride * (size_t)job->sched_config.fill_rows);
    if (!nowhere)
        return ck_fail_memory(err, job->rows.stride * (size_t)job->sched_config.fill_rows, "decoding once more");
    for (int32_t row; (row = ck_source_row(job->source)) < y && !status && !stopped(job);) {
        piece.h = y - row < job->sched_config.fill_rows ? y - row : job->sched_config.fill_rows;
        status = ck_source_rows(job->source, (ck_view){nowhere, (ptrdiff_t)job->rows.stride, piece}, err);
    }
    free(nowhere);
    return status;
}

static ck_status decode(chunkimg_job *job, ck_view rows, ck_error *err)
{
    bool native = ck_turns_native(job->turns, CK_NATIVE_DECODE);
    ck_status status = ck_source_rows(job->source, rows, err);

    if (native)
        ck_turns_take(job->turns);
    ck_turns_check(job->turns);
    return status;
}

static ck_status decode_piece(worker *w, uint64_t seq, int32_t from, int32_t count, ck_error *err)
{
    chunkimg_job *job = w->job;
    bool native = ck_turns_native(job->turns, CK_NATIVE_DECODE);
    ck_status status = ck_source_piece(job->source, w->piece, from, ring_rows(job, from, from + count), err);

    ck_source_piece_check(job->source, w->piece, &job->board->fill_checks[seq % CK_FILLS_MOST].check,
                          &job->board->fill_checks[seq % CK_FILLS_MOST].nbytes);
    if (native)
        ck_turns_take(job->turns);
    return status;
}

static void fill(worker *w, ck_ticket t)
{
    chunkimg_job *job = w->job;
    ck_error *err = &job->board->fill_errors[t.seq % CK_FILLS_MOST];
    uint64_t since = work_ns(job), read_ns = ck_source_read_ns(job->source);
    int32_t from, count;
    ck_status status = CK_OK;

    ck_sched_fill_range(&job->sched, t.seq, &from, &count);
    if (job->all_kept || from >= atomic_load_explicit(&job->board->bad_row, memory_order_relaxed))
        return;
    if (w->piece)
        status = decode_piece(w, t.seq, from, count, err);
    else
        status = catch_up(job, from, err);
    for (int32_t y = from; !w->piece && y < from + count && !status && !stopped(job);) {
        ck_view rows = ring_rows(job, y, from + count);

        status = decode(job, rows, err);
        y += rows.shape.h;
    }
    /* The next FILL may lie behind this one already: a decoder that failed is not asked again. */
    if (status && job->skips)
        lower(&job->board->bad_row, from);
    else if (status)
        atomic_store(&job->board->stop, 1);
    atomic_fetch_add_explicit(&job->board->rows_decoded, count, memory_order_relaxed);
    read_ns = ck_source_read_ns(job->source) - read_ns;
    spend(w, CHUNKIMG_STAGE_DECODE, &since);
    w->tally->stage_ns[CHUNKIMG_STAGE_DECODE] -= read_ns;
    w->tally->stage_ns[CHUNKIMG_STAGE_READ] += read_ns;
}

/* ---- TILE ---------------------------------------------------------------------- */

/* A tile being made. */
typedef struct making {
    worker *w;
    ck_tile file;    /* in pixels */
    ck_tile tile;    /* in units: what is read of the ring */
    ck_slot *slot;
    uint8_t *bytes;  /* where its encoded bytes go */
    uint64_t since;
    size_t copied;   /* bytes of output pixels, where those come home */
    ck_chain_run run;
} making;

/* The digest is of colours, whatever the rows hold: one for every way to make the same picture. */
static uint32_t crc_of_pixels(const chunkimg_job *job, const uint8_t *px, size_t n)
{
    enum { PIXELS = 2048 };
    uint8_t colours[PIXELS * 4];
    uint32_t crc = 0;

    if (!job->palette.count)
        return ck_crc32(0, px, n * job->digest_pixel);
    for (size_t at = 0; at < n; at += PIXELS) {
        size_t some = n - at < PIXELS ? n - at : PIXELS;

        ck_palette_look_up(&job->palette, px + at, colours, some);
        crc = ck_crc32(crc, colours, some * job->digest_pixel);
    }
    return crc;
}

/* Rows of a tile lie an image's width apart, farther than any processor foresees. */
static void prefetch(const uint8_t *row, size_t nbytes)
{
    for (size_t at = 0; at < nbytes; at += 64)
        __builtin_prefetch(row + at);
}

/* Nothing is encoded, and workers share no pixels: the tile comes home as it is. */
static void keep_rows(making *m, ck_view rows)
{
    size_t n = ck_row_nbytes(rows.shape);

    for (int32_t i = 0; i < rows.shape.h; i++, m->copied += n)
        memcpy(m->bytes + m->copied, ck_row(rows, i), n);
}

/* The tile's own pixels among the held rows [y, y + rows.h), added to its share of the digest. */
static void digest_rows(making *m, ck_view rows, int32_t y)
{
    const ck_rect own = m->tile.own;
    enum { AHEAD = 5 };
    size_t pixel = ck_pixel_nbytes(rows.shape);
    uint32_t crc = m->slot->outcome.digest;

    for (int32_t i = 0; i < rows.shape.h; i++)
        if (y + i >= own.y && y + i < own.y + own.h) {
            const uint8_t *px = ck_row(rows, i) + (size_t)(own.x - m->tile.held.x) * pixel;

            if (i + AHEAD < rows.shape.h)
                prefetch(px + AHEAD * rows.stride, (size_t)own.w * pixel);
            crc = ck_crc32_shift_by(&m->w->job->digest_row, crc) ^ crc_of_pixels(m->w->job, px, (size_t)own.w);
        }
    m->slot->outcome.digest = crc;
}

/* From the end of the tile's last own row to the end of the image's last row. */
static void place_digest(making *m)
{
    const ck_rect own = m->tile.own, all = m->w->job->covered;
    size_t pixel = m->w->job->digest_pixel;
    uint64_t after = ((uint64_t)(all.h - own.y - own.h) * (uint64_t)all.w + (uint64_t)(all.w - own.x - own.w)) * pixel;

    m->slot->outcome.digest = ck_crc32_shift(m->slot->outcome.digest, ck_crc32_operator(after));
}

static ck_status encode_rows(making *m, ck_view rows)
{
    const chunkimg_job *job = m->w->job;
    ck_status status = CK_OK;

    if (job->codec) {
        bool native = ck_turns_native(job->turns, CK_NATIVE_ENCODE);

        status = job->codec->encoder->rows(m->w->encoder, rows, &m->slot->err);
        if (native)
            ck_turns_take(job->turns);
        spend(m->w, CHUNKIMG_STAGE_ENCODE, &m->since);
    }
    return status;
}

/* The worker's block as a view of the file's width. */
static ck_view block_view(const making *m, int32_t rows)
{
    ck_shape shape = m->w->job->shape;
    ck_view v;

    shape.w = m->tile.file_w;
    shape.h = rows;
    v = (ck_view){m->w->block, (ptrdiff_t)((ck_row_nbytes(shape) + 63) / 64 * 64), shape};
    return v;
}

/* *rows: the held rows [y, y_end) or as many of them as one block takes. */
static ck_status compute_rows(making *m, int32_t y, int32_t y_end, ck_view *rows)
{
    const chunkimg_job *job = m->w->job;
    int32_t n = y_end - y < job->worker.block_rows ? y_end - y : job->worker.block_rows;
    ck_rect at = {m->tile.held.x, y, m->tile.held.w, n};

    if (!m->w->block) { /* nothing to compute, nothing to pad: the encoder reads the ring */
        at = ck_chain_need(job->chain, at);
        *rows = ck_rows_piece(&job->rows, at, at.y, at.y + n);
        return CK_OK;
    }
    *rows = block_view(m, n);
    if (m->tile.file_w != at.w)
        memset(rows->px, 0, (size_t)rows->stride * (size_t)n);
    bool native = ck_turns_native(job->turns, CK_NATIVE_PROCESS);
    ck_status status = ck_chain_step(job->chain, &m->run, m->w->scratch, &job->rows, at,
                                     ck_window(*rows, m->tile.pad_left, 0, at.w, n), &m->slot->err);
    if (native)
        ck_turns_take(job->turns);
    return status;
}

static ck_status pad_rows(making *m, int32_t rows)
{
    ck_status status = CK_OK;

    while (rows > 0 && !status) {
        int32_t n = rows < m->w->job->worker.block_rows ? rows : m->w->job->worker.block_rows;
        ck_view out = block_view(m, n);

        memset(out.px, 0, (size_t)out.stride * (size_t)n);
        status = encode_rows(m, out);
        rows -= n;
    }
    return status;
}

static ck_status make_rows(making *m)
{
    const ck_rect held = m->tile.held;
    ck_status status = pad_rows(m, m->tile.pad_top);

    for (int32_t y = held.y; y < held.y + held.h && !status;) {
        ck_view rows;

        if (stopped(m->w->job))
            return ck_fail(&m->slot->err, CHUNKIMG_INTERRUPTED, "stopped");
        status = compute_rows(m, y, held.y + held.h, &rows);
        if (status)
            return status;
        spend(m->w, CHUNKIMG_STAGE_PROCESS, &m->since);
        uint64_t computed = m->since;
        ck_view own = ck_window(rows, m->w->block ? m->tile.pad_left : 0, 0, held.w, rows.shape.h);
        digest_rows(m, own, y);
        if (m->w->job->by_copy && !m->w->job->codec)
            keep_rows(m, own);
        spend(m->w, CHUNKIMG_STAGE_PROCESS, &m->since);
        m->w->tally->digest_ns += m->since - computed;
        status = encode_rows(m, rows);
        ck_turns_check(m->w->job->turns);
        y += rows.shape.h;
        ck_job_pulse(m->w->job);
    }
    return status ? status : pad_rows(m, m->tile.file_h - m->tile.pad_top - held.h);
}

static ck_status begin_file(making *m, ck_part *part)
{
    const chunkimg_job *job = m->w->job;
    ck_shape shape = job->shape;
    size_t room = job->layout.slot_room ? job->layout.slot_room : job->worker.encoded;
    bool strip = job->sink->traits & CK_SINK_STRIPS;

    shape.w = m->file.file_w;
    shape.h = m->file.file_h;
    *part = (ck_part){.whole = job->shape,
                      .y = m->tile.own.y,
                      .first = m->tile.index == 0,
                      .last = m->tile.index + 1 == job->plan.tiles};
    return job->codec->encoder->begin(m->w->encoder, shape, strip ? part : NULL, m->bytes, room, &m->slot->err);
}

static ck_status end_file(making *m)
{
    const chunkimg_job *job = m->w->job;
    ck_outcome *o = &m->slot->outcome;
    size_t n = 0;
    bool native = ck_turns_native(job->turns, CK_NATIVE_FINISH);
    ck_status status =
        job->codec->encoder->end(m->w->encoder, &n, &o->check, &o->check_nbytes, &m->slot->err);

    if (!status) {
        o->nbytes = n;
        o->crc = ck_crc32(0, m->bytes, n);
    }
    if (native)
        ck_turns_take(job->turns);
    if (status)
        return status;
    spend(m->w, CHUNKIMG_STAGE_ENCODE, &m->since);
    if (job->sink->store && !job->by_copy) {
        ck_turns_let_go(job->turns);
        status = job->sink->store(job->sink_state, &m->file, m->bytes, n, &m->slot->err);
        ck_turns_take(job->turns);
        spend(m->w, CHUNKIMG_STAGE_WRITE, &m->since);
    }
    return status;
}

static uint8_t *slot_bytes(const chunkimg_job *job, uint32_t id)
{
    return job->arena.base + job->layout.slot_bytes + id * job->layout.slot_room;
}

static ck_tile in_units(const chunkimg_job *job, ck_tile t)
{
    if (job->unit_w == 1 && job->unit_h == 1)
        return t;
    t.own = ck_rect_in_units(t.own, job->unit_w, job->unit_h);
    t.held = ck_rect_in_units(t.held, job->unit_w, job->unit_h);
    t.file_w = t.held.w; /* such tiles are not padded */
    t.file_h = t.held.h;
    return t;
}

/* Bytes of the ring that the tile reads, halo included. */
static uint64_t read_nbytes(const chunkimg_job *job, ck_rect held)
{
    ck_rect read = ck_chain_need(job->chain, held);

    return (uint64_t)read.w * (uint64_t)read.h * ck_pixel_nbytes(job->rows.whole);
}

static void survey(worker *w, ck_ticket t)
{
    ck_slot *slot = ck_job_slot(w->job, t.id);
    uint64_t since = work_ns(w->job);

    *slot = (ck_slot){.err = {.col = -1, .row = -1}};
    ck_survey_strip(w->job, w->scratch, w->block, t, &slot->err);
    spend(w, CHUNKIMG_STAGE_PROCESS, &since);
}

static void tile(worker *w, ck_ticket t)
{
    chunkimg_job *job = w->job;
    ck_tile file = ck_grid_tile(&job->grid, t.seq);
    making m = {.w = w,
                .file = file,
                .tile = in_units(job, file),
                .slot = ck_job_slot(job, t.id),
                .bytes = job->layout.slot_room ? slot_bytes(job, t.id) : w->encoded,
                .since = work_ns(job)};
    ck_part part;
    ck_status status = CK_OK;

    if (m.slot->kept) {
        atomic_fetch_add_explicit(&job->board->tiles_done, 1, memory_order_relaxed);
        return;
    }
    *m.slot = (ck_slot){.err = {.col = -1, .row = -1}};
    ck_rect read = ck_chain_need(job->chain, m.tile.held);
    if (read.y + read.h > atomic_load_explicit(&job->board->bad_row, memory_order_relaxed))
        status = ck_fail(&m.slot->err, CHUNKIMG_BAD_INPUT, UNDECODED);
    if (!status && job->codec)
        status = begin_file(&m, &part);
    if (!status) {
        status = make_rows(&m);
        w->tally->passed_nbytes += read_nbytes(job, m.tile.held);
    }
    if (!status && job->codec)
        status = end_file(&m);
    if (status) {
        m.slot->err.col = m.tile.col;
        m.slot->err.row = m.tile.row;
    } else {
        place_digest(&m);
    }
    atomic_fetch_add_explicit(&job->board->tiles_done, 1, memory_order_relaxed);
}

/* ---- DRAIN ----------------------------------------------------------------------- */

/* A failed tile that the job goes on without: noted, and the slot's error is of the noting from here on. */
static ck_status skip_tile(chunkimg_job *job, const ck_tile *at, ck_slot *slot)
{
    ck_error why = slot->err;

    if (!strcmp(why.text, UNDECODED) && job->undecoded.status)
        why = job->undecoded;
    if (!job->skipped.status)
        job->skipped = why;
    slot->skipped = true;
    ck_error_clear(&slot->err);
    return job->sink->skip(job->sink_state, at, &why, &slot->err);
}

static bool may_skip(const chunkimg_job *job, const ck_error *err)
{
    return job->skips && err->status != CHUNKIMG_INTERRUPTED;
}

/* Workers that share no pixels store no files either: they gave the bytes to take home. */
static ck_status settle_tile(chunkimg_job *job, const ck_tile *at, ck_slot *slot, const void *bytes)
{
    if (job->by_copy && job->sink->store && !slot->kept && !slot->err.status)
        job->sink->store(job->sink_state, at, bytes, slot->outcome.nbytes, &slot->err);
    if (!slot->err.status)
        return job->sink->accept(job->sink_state, at, &slot->outcome, bytes, &slot->err);
    return may_skip(job, &slot->err) ? skip_tile(job, at, slot) : slot->err.status;
}

static void drain(worker *w, ck_ticket t)
{
    chunkimg_job *job = w->job;
    ck_slot *slot = ck_job_slot(job, t.id);
    ck_tile at = ck_grid_tile(&job->grid, t.seq);
    uint64_t since = work_ns(job);
    const void *bytes = job->sink->traits & CK_SINK_STRIPS || job->by_copy ? slot_bytes(job, t.id) : NULL;

    if (job->survey) {
        if (!slot->err.status)
            ck_survey_merge(job, t);
        ck_error_clear(&slot->err); /* the job goes on without this strip */
        spend(w, CHUNKIMG_STAGE_PROCESS, &since);
        return;
    }
    ck_turns_let_go(job->turns);
    ck_status status = settle_tile(job, &at, slot, bytes);
    ck_turns_take(job->turns);
    if (status) {
        slot->err.col = at.col;
        slot->err.row = at.row;
    }
    if (bytes)
        w->tally->passed_nbytes += slot->outcome.nbytes;
    spend(w, CHUNKIMG_STAGE_WRITE, &since);
}

/* ---- bookkeeping, at home ----------------------------------------------------------- */

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

static ck_next work_next(void *self, unsigned roles, ck_ticket *out)
{
    chunkimg_job *job = self;

    if (stopped(job))
        ck_sched_stop(&job->sched);
    ck_next next = ck_sched_next(&job->sched, roles, out);
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
    if (slot->err.status && !(t.kind == CK_TILE && may_skip(job, &slot->err)))
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
        lower(&job->board->bad_row, from);
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

static bool work_stopping(void *self)
{
    return stopped(self);
}

/* ---- carriers that share no pixels ------------------------------------------------------ */

/* Full rows [y, y_end) of the ring lie in one run, or in two where they wrap. */
static bool run_of_rows(const chunkimg_job *job, int32_t y, int32_t y_end, size_t i, ck_piece *out)
{
    int32_t n = y_end - y, first = job->rows.ring - y % job->rows.ring;

    first = first < n ? first : n;
    if (i > 1 || (i == 1 && first == n) || n <= 0)
        return false;
    *out = (ck_piece){ck_rows_at(&job->rows, i ? y + first : y), (size_t)(i ? n - first : first) * job->rows.stride};
    return true;
}

static bool input_piece(const chunkimg_job *job, ck_rect rect, size_t i, ck_piece *out)
{
    size_t pixel = ck_pixel_nbytes(job->rows.whole);

    if (rect.w == job->rows.whole.w)
        return run_of_rows(job, rect.y, rect.y + rect.h, i, out);
    if (i >= (size_t)rect.h)
        return false;
    *out = (ck_piece){ck_rows_at(&job->rows, rect.y + (int32_t)i) + (size_t)rect.x * pixel, (size_t)rect.w * pixel};
    return true;
}

static bool output_piece(const chunkimg_job *job, ck_ticket t, const ck_slot *slot, ck_rect held, ck_piece *out)
{
    size_t n = job->codec ? slot->outcome.nbytes : (size_t)held.w * (size_t)held.h * ck_pixel_nbytes(job->shape);

    *out = (ck_piece){slot_bytes(job, t.id), n < job->layout.slot_room ? n : job->layout.slot_room};
    return n > 0 && !slot->err.status;
}

/* A FILL leaves rows; a TILE reads the rows of its tile with what operations reach beyond it, and leaves a slot's bytes. */
static bool work_cargo(void *self, ck_ticket t, bool back, size_t i, ck_piece *out)
{
    const chunkimg_job *job = self;
    const ck_slot *slot = ck_job_slot(job, t.id);
    int32_t from, count;

    if (t.kind == CK_FILL) {
        ck_sched_fill_range(&job->sched, t.seq, &from, &count);
        return back && run_of_rows(job, from, from + count, i, out);
    }
    if (job->survey) /* what it counts lies where all can reach it */
        return !back && input_piece(job, ck_survey_reads(job, t), i, out);
    if (slot->kept)
        return false;
    ck_rect held = in_units(job, ck_grid_tile(&job->grid, t.seq)).held;
    return back ? i == 0 && output_piece(job, t, slot, held, out) : input_piece(job, ck_chain_need(job->chain, held), i, out);
}

static ck_status work_apart(void *self, ck_error *err)
{
    const chunkimg_job *job = self;

    return ck_arena_own(&job->arena, job->layout.bands, err);
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

/* ---- workers --------------------------------------------------------------------------- */

static void note_begin(worker *w)
{
    w->sched = ck_usage_sched_open();
    w->migrations = ck_usage_migrations(w->sched);
    if (w->sched >= 0 && !w->job->plan.processes) {
        close(w->sched);
        w->sched = -1;
    }
}

/* By the thread that entered: the kernel counts for each. */
static void note_end(worker *w)
{
    int sched = w->sched >= 0 || w->migrations == CHUNKIMG_UNKNOWN ? w->sched : ck_usage_sched_open();
    uint64_t now = ck_usage_migrations(sched);

    if (sched >= 0)
        close(sched);
    w->tally->migrations = now == CHUNKIMG_UNKNOWN ? now : now - w->migrations;
    w->tally->left = true;
}

static void work_leave(void *self, void *mine)
{
    const chunkimg_job *job = self;
    worker *w = mine;

    note_end(w);
    if (w->encoder) {
        job->codec->encoder->release(w->encoder);
        free(w->encoder);
    }
    if (w->piece)
        ck_source_piece_release(job->source, w->piece);
    free(w->memory);
    free(w);
}

static ck_status make_encoder(worker *w, ck_error *err)
{
    const chunkimg_job *job = w->job;
    const ck_encoder *e = job->codec->encoder;
    ck_shape largest = job->shape;
    void *state = calloc(1, e->state_size);
    ck_status status;

    if (!state)
        return ck_fail_memory(err, e->state_size, "preparing a worker");
    ck_grid_largest(&job->grid, &largest.w, &largest.h);
    status = e->init(state, &job->encode, largest, err);
    if (status)
        free(state);
    else
        w->encoder = state;
    return status;
}

static ck_status make_memory(worker *w, ck_error *err)
{
    const ck_worker_plan *p = &w->job->worker;
    size_t scratch = (p->scratch + 63) / 64 * 64, block = (p->block + 63) / 64 * 64;
    size_t encoded = (p->encoded + 63) / 64 * 64;

    if (scratch + block + encoded == 0)
        return CK_OK;
    w->memory = aligned_alloc(64, scratch + block + encoded);
    if (!w->memory)
        return ck_fail_memory(err, scratch + block + encoded, "preparing a worker");
    w->scratch = w->memory;
    w->block = p->block ? w->memory + scratch : NULL;
    w->encoded = w->memory + scratch + block;
    return CK_OK;
}

static ck_status work_enter(void *self, unsigned id, void **mine, ck_error *err)
{
    chunkimg_job *job = self;
    worker *w = calloc(1, sizeof *w);
    ck_status status = CK_OK;

    if (!w)
        return ck_fail_memory(err, sizeof *w, "preparing a worker");
    w->job = job;
    w->tally = ck_job_tally(job, id);
    note_begin(w);
    ck_disturb_read(&w->disturb);
    ck_survey_join(job);
    /* the supervisor of processes is one worker more, and only drains */
    if (id < job->plan.workers) {
        status = make_memory(w, err);
        if (!status && job->codec)
            status = make_encoder(w, err);
        if (!status && job->in_pieces && !(w->piece = ck_source_piece_state(job->source)))
            status = ck_fail_memory(err, 0, "preparing a worker's decoder");
    }
    if (status)
        work_leave(self, w);
    else
        *mine = w;
    return status;
}

static void work_carry(void *self, void *mine, ck_ticket t)
{
    static void (*const carriers[])(worker *, ck_ticket) = {[CK_FILL] = fill, [CK_TILE] = tile, [CK_DRAIN] = drain};

    chunkimg_job *job = self;
    worker *w = mine;
    uint64_t began = ck_now_ns(), worked = work_ns(job), stages[CHUNKIMG_STAGES];

    if (ck_trace_on(job))
        memcpy(stages, w->tally->stage_ns, sizeof stages);
    ck_disturb_before(&w->disturb, job->board->disturbed, t);
    if (t.kind == CK_TILE && job->survey)
        survey(w, t);
    else
        carriers[t.kind](w, t);
    ck_disturb_after(&w->disturb, job->board->disturbed, t);
    note_carried(w, t, began, work_ns(job) - worked);
    if (ck_trace_on(job))
        ck_trace_carried(job, (unsigned)(w->tally - ck_job_tally(job, 0)), t, began, stages);
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
                     .cargo = work_cargo,
                     .apart = work_apart,
                     .enter = work_enter,
                     .carry = work_carry,
                     .leave = work_leave,
                     .in_turns = work_in_turns,
                     .write_through = work_write_through,
                     .read_ahead = work_read_ahead,
                     .describe = work_describe};
}
