/*
 * What carriers that share no pixels are sent and send back: the bytes that a
 * ticket reads and those that it leaves, as pieces of the arena, in an order
 * that both sides count the same way.
 */
#include "pipeline/work_inside.h"

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

    *out = (ck_piece){ck_slot_bytes(job, t.id), n < job->layout.slot_room ? n : job->layout.slot_room};
    return n > 0 && !slot->err.status;
}

/* A FILL leaves rows; a TILE reads the rows of its tile with what operations reach beyond it, and leaves a slot's bytes. */
bool ck_work_cargo(void *self, ck_ticket t, bool back, size_t i, ck_piece *out)
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
    ck_rect held = ck_tile_in_units(job, ck_grid_tile(&job->grid, t.seq)).held;
    return back ? i == 0 && output_piece(job, t, slot, held, out) : input_piece(job, ck_chain_need(job->chain, held), i, out);
}

ck_status ck_work_apart(void *self, ck_error *err)
{
    const chunkimg_job *job = self;

    return ck_arena_own(&job->arena, job->layout.bands, err);
}
