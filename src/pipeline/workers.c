/*
 * Workers of a job: what each has for itself, made where it enters and by the
 * thread that enters, and given back where it leaves. The tally alone outlives
 * it, in the arena.
 */
#include <stdlib.h>
#include <unistd.h>

#include "os/pin.h"
#include "os/usage.h"
#include "pipeline/work_inside.h"

static void note_begin(ck_worker *w)
{
    w->sched = ck_usage_sched_open();
    w->migrations = ck_usage_migrations(w->sched);
    if (w->sched >= 0 && !w->job->plan.processes) {
        close(w->sched);
        w->sched = -1;
    }
}

/* By the thread that entered: the kernel counts for each. */
static void note_end(ck_worker *w)
{
    int sched = w->sched >= 0 || w->migrations == CHUNKIMG_UNKNOWN ? w->sched : ck_usage_sched_open();
    uint64_t now = ck_usage_migrations(sched);

    if (sched >= 0)
        close(sched);
    w->tally->migrations = now == CHUNKIMG_UNKNOWN ? now : now - w->migrations;
    w->tally->left = true;
}

void ck_work_leave(void *self, void *mine)
{
    const chunkimg_job *job = self;
    ck_worker *w = mine;

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

static ck_status make_encoder(ck_worker *w, ck_error *err)
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

static ck_status make_memory(ck_worker *w, ck_error *err)
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

ck_status ck_work_enter(void *self, unsigned id, void **mine, ck_error *err)
{
    chunkimg_job *job = self;
    ck_worker *w = calloc(1, sizeof *w);
    ck_status status = CK_OK;

    if (!w)
        return ck_fail_memory(err, sizeof *w, "preparing a worker");
    w->job = job;
    w->file = -1;
    w->tally = ck_job_tally(job, id);
    if (id < job->plan.workers && (id || job->plan.processes)) /* the first thread is where it is */
        ck_spread(job->board->home_cpu, id);
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
        ck_work_leave(self, w);
    else
        *mine = w;
    return status;
}
