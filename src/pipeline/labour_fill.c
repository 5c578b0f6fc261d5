/*
 * The labour of a FILL: rows out of the decoder into the ring, from its one
 * chain or from a piece that can be decoded by itself.
 *
 * It writes rows that the scheduler says nobody reads, its error on the board,
 * and how far the good rows reach. A decoder that is one chain stays with one
 * worker, so its state needs no lock.
 */
#include <stdlib.h>

#include "base/checked.h"
#include "pipeline/work_inside.h"

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
    for (int32_t row; (row = ck_source_row(job->source)) < y && !status && !ck_work_stopped(job);) {
        piece.h = y - row < job->sched_config.fill_rows ? y - row : job->sched_config.fill_rows;
        status = ck_source_rows(job->source, (ck_view){nowhere, (ptrdiff_t)job->rows.stride, piece}, err);
    }
    free(nowhere);
    return status;
}

/*
 * By whoever is about to write the rows, as far as they are the ring's first
 * round, and so in step with the decoding: a system that has to find the memory
 * first takes its time. A chunk is asked for with its first row, since a call
 * may wait for a busy CPU.
 */
void ck_job_back_rows(const chunkimg_job *job, int32_t from, int32_t count)
{
    enum { CHUNK = 32 << 20 };
    size_t stride = job->rows.stride, all = (size_t)job->rows.ring * stride;
    int64_t end = (int64_t)from + count < job->rows.ring ? (int64_t)from + count : job->rows.ring;

    if (from >= end || atomic_load_explicit(&job->board->pass, memory_order_relaxed))
        return;
    for (size_t at = ck_round_up((size_t)from * stride, CHUNK); at < (size_t)end * stride; at += CHUNK)
        if (!ck_arena_back(&job->arena, job->layout.bands + at, all - at < CHUNK ? all - at : CHUNK))
            return;
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

static ck_status decode_piece(ck_worker *w, uint64_t seq, int32_t from, int32_t count, ck_error *err)
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

void ck_labour_fill(ck_worker *w, ck_ticket t)
{
    chunkimg_job *job = w->job;
    ck_error *err = &job->board->fill_errors[t.seq % CK_FILLS_MOST];
    uint64_t since = ck_work_ns(job), read_ns = ck_source_read_ns(job->source);
    int32_t from, count;
    ck_status status = CK_OK;

    ck_sched_fill_range(&job->sched, t.seq, &from, &count);
    if (job->all_kept || from >= atomic_load_explicit(&job->board->bad_row, memory_order_relaxed))
        return;
    if (!job->by_copy)
        ck_job_back_rows(job, from, count);
    if (w->piece)
        status = decode_piece(w, t.seq, from, count, err);
    else
        status = catch_up(job, from, err);
    for (int32_t y = from; !w->piece && y < from + count && !status && !ck_work_stopped(job);) {
        ck_view rows = ring_rows(job, y, from + count);

        status = decode(job, rows, err);
        y += rows.shape.h;
    }
    /* The next FILL may lie behind this one already: a decoder that failed is not asked again. */
    if (status && job->skips)
        ck_work_lower(&job->board->bad_row, from);
    else if (status)
        atomic_store(&job->board->stop, 1);
    atomic_fetch_add_explicit(&job->board->rows_decoded, count, memory_order_relaxed);
    read_ns = ck_source_read_ns(job->source) - read_ns;
    ck_work_spend(w, CHUNKIMG_STAGE_DECODE, &since);
    w->tally->stage_ns[CHUNKIMG_STAGE_DECODE] -= read_ns;
    w->tally->stage_ns[CHUNKIMG_STAGE_READ] += read_ns;
}
