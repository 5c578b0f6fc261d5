/*
 * The labour of a TILE: its rows are computed block by block, each block is
 * added to the digest and given to the encoder, and the finished file is
 * stored, or stays in the slot where it has to come home as bytes.
 *
 * It reads rows of the ring that the scheduler keeps for it, and writes its
 * slot and its worker's own memory.
 */
#include <string.h>
#include <unistd.h>

#include "os/checksum.h"
#include "pipeline/work_inside.h"

/* A tile being made. */
typedef struct making {
    ck_worker *w;
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
        ck_work_spend(m->w, CHUNKIMG_STAGE_ENCODE, &m->since);
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

        if (ck_work_stopped(m->w->job))
            return ck_fail(&m->slot->err, CHUNKIMG_INTERRUPTED, "stopped");
        status = compute_rows(m, y, held.y + held.h, &rows);
        if (status)
            return status;
        ck_work_spend(m->w, CHUNKIMG_STAGE_PROCESS, &m->since);
        uint64_t computed = m->since;
        ck_view own = ck_window(rows, m->w->block ? m->tile.pad_left : 0, 0, held.w, rows.shape.h);
        digest_rows(m, own, y);
        if (m->w->job->by_copy && !m->w->job->codec)
            keep_rows(m, own);
        ck_work_spend(m->w, CHUNKIMG_STAGE_PROCESS, &m->since);
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
    ck_work_spend(m->w, CHUNKIMG_STAGE_ENCODE, &m->since);
    if (job->sink->store && !job->by_copy) {
        int file = m->w->file;

        m->w->file = -1;
        ck_turns_let_go(job->turns);
        status = job->sink->store(job->sink_state, &m->file, file, m->bytes, n, &m->slot->err);
        ck_turns_take(job->turns);
        ck_work_spend(m->w, CHUNKIMG_STAGE_WRITE, &m->since);
    }
    return status;
}

/* Bytes of the ring that the tile reads, halo included. */
static uint64_t read_nbytes(const chunkimg_job *job, ck_rect held)
{
    ck_rect read = ck_chain_need(job->chain, held);

    return (uint64_t)read.w * (uint64_t)read.h * ck_pixel_nbytes(job->rows.whole);
}

void ck_labour_tile(ck_worker *w, ck_ticket t)
{
    chunkimg_job *job = w->job;
    ck_tile file = ck_grid_tile(&job->grid, t.seq);
    making m = {.w = w,
                .file = file,
                .tile = ck_tile_in_units(job, file),
                .slot = ck_job_slot(job, t.id),
                .bytes = job->layout.slot_room ? ck_slot_bytes(job, t.id) : w->encoded,
                .since = ck_work_ns(job)};
    ck_part part;
    ck_status status = CK_OK;

    if (m.slot->kept) {
        atomic_fetch_add_explicit(&job->board->tiles_done, 1, memory_order_relaxed);
        return;
    }
    *m.slot = (ck_slot){.err = {.col = -1, .row = -1}};
    ck_rect read = ck_chain_need(job->chain, m.tile.held);
    if (read.y + read.h > atomic_load_explicit(&job->board->bad_row, memory_order_relaxed))
        status = ck_fail(&m.slot->err, CHUNKIMG_BAD_INPUT, CK_UNDECODED);
    if (!status && job->codec)
        status = begin_file(&m, &part);
    if (!status) {
        status = make_rows(&m);
        w->tally->passed_nbytes += read_nbytes(job, m.tile.held);
    }
    if (!status && job->codec)
        status = end_file(&m);
    if (w->file >= 0) { /* it was not even written to: the tile failed */
        close(w->file);
        w->file = -1;
    }
    if (status) {
        m.slot->err.col = m.tile.col;
        m.slot->err.row = m.tile.row;
    } else {
        place_digest(&m);
    }
    atomic_fetch_add_explicit(&job->board->tiles_done, 1, memory_order_relaxed);
}

void ck_labour_strip(ck_worker *w, ck_ticket t)
{
    ck_slot *slot = ck_job_slot(w->job, t.id);
    uint64_t since = ck_work_ns(w->job);

    *slot = (ck_slot){.err = {.col = -1, .row = -1}};
    ck_survey_strip(w->job, w->scratch, w->block, t, &slot->err);
    ck_work_spend(w, CHUNKIMG_STAGE_PROCESS, &since);
}
