/*
 * The inside of a job's work, shared by its contract and books (work.c), its
 * workers (workers.c), the labour behind each kind of ticket (labour_fill.c,
 * labour_tile.c, labour_drain.c) and what goes to carriers that share no
 * pixels (cargo.c).
 *
 * Who writes what: a FILL writes rows of the ring that the scheduler says
 * nobody reads, and its error on the board. A TILE reads rows of the ring and
 * writes its slot. Both write the tally of the worker that carries them.
 * DRAIN, next, done, lost and fail run at home, one at a time. So nothing here
 * takes a lock; the executor's hand-over of a ticket orders memory.
 */
#ifndef CK_PIPELINE_WORK_INSIDE_H
#define CK_PIPELINE_WORK_INSIDE_H

#include "base/clock.h"
#include "pipeline/disturb.h"
#include "pipeline/job.h"

/* One worker's private memory. */
typedef struct ck_worker {
    chunkimg_job *job;
    ck_tally *tally;
    uint64_t migrations; /* of its thread before it entered */
    int sched;       /* to read them, held open where paths may be out of reach later; else -1 */
    uint8_t *memory; /* all of the next three */
    uint8_t *scratch, *block, *encoded;
    void *encoder;   /* its state; NULL: nothing is encoded */
    ck_disturb disturb;
    int file;        /* of the tile in hand, where it was brought; -1: it was not, or is closed */
    void *piece;     /* state for decoding pieces; NULL: the decoder is one chain */
} ck_worker;

/* What a tile says whose rows are missing; the decoder's own words stand in for it when it is noted. */
#define CK_UNDECODED "the rows it needs could not be decoded"

/* labour_fill.c, labour_tile.c (and a strip of a pass before the tiles), labour_drain.c: what a carrier does. */
void ck_labour_fill(ck_worker *w, ck_ticket t);
void ck_labour_tile(ck_worker *w, ck_ticket t);
void ck_labour_strip(ck_worker *w, ck_ticket t);
void ck_labour_drain(ck_worker *w, ck_ticket t);

/* workers.c, cargo.c: as the contract (core/work.h) has them. */
ck_status ck_work_enter(void *job, unsigned id, void **mine, ck_error *err);
void ck_work_leave(void *job, void *mine);
bool ck_work_cargo(void *job, ck_ticket t, bool back, size_t i, ck_piece *out);
ck_status ck_work_apart(void *job, ck_error *err);

/* A clock that stands still while the calling thread waits for a global lock. */
static inline uint64_t ck_work_ns(const chunkimg_job *job)
{
    uint64_t now = ck_now_ns();

    return job->turns ? now - job->turns->waited_ns(job->turns->self) : now;
}

/* Adds the time since *since to a stage and moves *since on. */
static inline void ck_work_spend(ck_worker *w, unsigned stage, uint64_t *since)
{
    uint64_t now = ck_work_ns(w->job);

    w->tally->stage_ns[stage] += now - *since;
    *since = now;
}

static inline bool ck_work_stopped(const chunkimg_job *job)
{
    return atomic_load_explicit(&job->board->stop, memory_order_relaxed) != 0;
}

/* To the least of both, whoever else is at it. */
static inline void ck_work_lower(atomic_int *to, int value)
{
    int now = atomic_load(to);

    while (value < now && !atomic_compare_exchange_weak(to, &now, value))
        ;
}

static inline bool ck_work_may_skip(const chunkimg_job *job, const ck_error *err)
{
    return job->skips && err->status != CHUNKIMG_INTERRUPTED;
}

static inline uint8_t *ck_slot_bytes(const chunkimg_job *job, uint32_t id)
{
    return job->arena.base + job->layout.slot_bytes + id * job->layout.slot_room;
}

static inline ck_tile ck_tile_in_units(const chunkimg_job *job, ck_tile t)
{
    if (job->unit_w == 1 && job->unit_h == 1)
        return t;
    t.own = ck_rect_in_units(t.own, job->unit_w, job->unit_h);
    t.held = ck_rect_in_units(t.held, job->unit_w, job->unit_h);
    t.file_w = t.held.w; /* such tiles are not padded */
    t.file_h = t.held.h;
    return t;
}

#endif
