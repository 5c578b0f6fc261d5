/*
 * The labour of a DRAIN, at home and in the order of the image: the sink is
 * told of each tile, and takes its bytes where workers could not store them.
 * A tile that failed is noted and left out, where the job may go on without it.
 */
#include <string.h>

#include "pipeline/work_inside.h"

/* A failed tile that the job goes on without: noted, and the slot's error is of the noting from here on. */
static ck_status skip_tile(chunkimg_job *job, const ck_tile *at, ck_slot *slot)
{
    ck_error why = slot->err;

    if (!strcmp(why.text, CK_UNDECODED) && job->undecoded.status)
        why = job->undecoded;
    if (!job->skipped.status)
        job->skipped = why;
    slot->skipped = true;
    ck_error_clear(&slot->err);
    return job->sink->skip(job->sink_state, at, &why, &slot->err);
}

/* Workers that share no pixels store no files either: they gave the bytes to take home. */
static ck_status settle_tile(chunkimg_job *job, const ck_tile *at, ck_slot *slot, const void *bytes)
{
    if (job->by_copy && job->sink->store && !slot->kept && !slot->err.status)
        job->sink->store(job->sink_state, at, -1, bytes, slot->outcome.nbytes, &slot->err);
    if (!slot->err.status)
        return job->sink->accept(job->sink_state, at, &slot->outcome, bytes, &slot->err);
    return ck_work_may_skip(job, &slot->err) ? skip_tile(job, at, slot) : slot->err.status;
}

void ck_labour_drain(ck_worker *w, ck_ticket t)
{
    chunkimg_job *job = w->job;
    ck_slot *slot = ck_job_slot(job, t.id);
    ck_tile at = ck_grid_tile(&job->grid, t.seq);
    uint64_t since = ck_work_ns(job);
    const void *bytes = job->sink->traits & CK_SINK_STRIPS || job->by_copy ? ck_slot_bytes(job, t.id) : NULL;

    if (job->survey) {
        if (!slot->err.status)
            ck_survey_merge(job, t);
        ck_error_clear(&slot->err); /* the job goes on without this strip */
        ck_work_spend(w, CHUNKIMG_STAGE_PROCESS, &since);
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
    ck_work_spend(w, CHUNKIMG_STAGE_WRITE, &since);
}
