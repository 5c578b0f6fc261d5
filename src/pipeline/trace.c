#include "pipeline/trace.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"

enum { ROOM_MOST = 1 << 15, LINE = 64 };

/* `written` counts on when the ring is full; only the ring's writer changes it, and it is read after the run. */
typedef struct ring {
    _Alignas(64) uint64_t written;
    _Alignas(64) chunkimg_event events[];
} ring;

size_t ck_trace_room(const chunkimg_options *options, uint64_t tiles, uint64_t fills)
{
    uint64_t tickets = 2 * tiles + fills; /* one worker may carry them all */

    if (!options->trace)
        return 0;
    return (size_t)(2 * tickets < ROOM_MOST ? 2 * tickets : ROOM_MOST); /* the counts change twice for each */
}

static size_t ring_nbytes(size_t room)
{
    return (sizeof(ring) + room * sizeof(chunkimg_event) + LINE - 1) / LINE * LINE;
}

size_t ck_trace_nbytes(unsigned workers, size_t room)
{
    return room ? (workers + 2) * ring_nbytes(room) : 0;
}

static ring *ring_at(const chunkimg_job *job, unsigned i)
{
    return (ring *)(void *)(job->arena.base + job->layout.trace + i * ring_nbytes(job->layout.trace_room));
}

static chunkimg_event *next_event(const chunkimg_job *job, unsigned i)
{
    ring *r = ring_at(job, i);

    return &r->events[r->written++ % job->layout.trace_room];
}

/* The FILL that decoded the last row which tiles of that grid row read. */
static uint64_t last_fill(const chunkimg_job *job, int32_t row)
{
    const ck_sched_config *c = &job->sched_config;

    return c->rows_there ? CHUNKIMG_UNKNOWN : (uint64_t)(c->need[row].to - 1) / (uint64_t)c->fill_rows;
}

static void describe_fill(const chunkimg_job *job, ck_ticket t, chunkimg_event *e)
{
    int32_t from, count;

    ck_sched_fill_range(&job->sched, t.seq, &from, &count);
    e->row = from * job->unit_h;
    e->rows = count * job->unit_h;
    e->nbytes = (uint64_t)count * job->rows.stride;
}

static void describe_tile(const chunkimg_job *job, ck_ticket t, chunkimg_event *e)
{
    ck_tile at = ck_grid_tile(&job->grid, t.seq);

    e->col = at.col;
    e->row = at.row;
    e->nbytes = ck_job_slot(job, t.id)->outcome.nbytes;
    if (t.kind == CK_TILE)
        e->after = last_fill(job, at.row);
}

void ck_trace_carried(chunkimg_job *job, unsigned worker, ck_ticket t, uint64_t began_ns, const uint64_t before[CHUNKIMG_STAGES])
{
    static const uint32_t kinds[] = {[CK_FILL] = CHUNKIMG_EVENT_FILL, [CK_TILE] = CHUNKIMG_EVENT_TILE, [CK_DRAIN] = CHUNKIMG_EVENT_DRAIN};
    const uint64_t *after = ck_job_tally(job, worker)->stage_ns;
    chunkimg_event *e = next_event(job, worker);

    *e = (chunkimg_event){.begin_ns = began_ns, .end_ns = ck_now_ns(), .kind = kinds[t.kind], .worker = worker, .index = t.seq,
                          .after = CHUNKIMG_UNKNOWN, .col = -1};
    for (unsigned s = 0; s < CHUNKIMG_STAGE_WAIT; s++)
        e->stage_us[s] = (uint32_t)((after[s] - before[s]) / 1000);
    if (t.kind == CK_FILL)
        describe_fill(job, t, e);
    else
        describe_tile(job, t, e);
}

void ck_trace_counts(chunkimg_job *job)
{
    chunkimg_event *e = next_event(job, job->plan.workers + 1);
    int32_t rows;

    *e = (chunkimg_event){.begin_ns = ck_now_ns(), .kind = CHUNKIMG_EVENT_COUNTS, .worker = job->plan.workers, .col = -1, .row = -1,
                          .after = CHUNKIMG_UNKNOWN};
    e->end_ns = e->begin_ns;
    ck_sched_counts(&job->sched, &e->ready, &e->free_slots, &rows);
    e->nbytes = (uint64_t)rows * job->rows.stride + (uint64_t)(job->sched_config.slots - e->free_slots) * job->layout.slot_room;
}

/* ---- after the run -------------------------------------------------------------------------------------- */

static int by_time(const void *a, const void *b)
{
    const chunkimg_event *x = a, *y = b;

    if (x->begin_ns != y->begin_ns)
        return x->begin_ns < y->begin_ns ? -1 : 1;
    return (x->kind > y->kind) - (x->kind < y->kind);
}

static size_t held(const chunkimg_job *job, unsigned i)
{
    uint64_t written = ring_at(job, i)->written;

    return (size_t)(written < job->layout.trace_room ? written : job->layout.trace_room);
}

void ck_trace_collect(chunkimg_job *job)
{
    unsigned rings = job->plan.workers + 2;
    size_t n = 0;

    if (!ck_trace_on(job) || !job->arena.base)
        return;
    free(job->events); /* of an attempt before this one */
    job->event_count = 0;
    job->events_lost = 0;
    for (unsigned i = 0; i < rings; i++)
        n += held(job, i);
    job->events = malloc((n ? n : 1) * sizeof *job->events);
    for (unsigned i = 0; i < rings && job->events; i++) {
        memcpy(job->events + job->event_count, ring_at(job, i)->events, held(job, i) * sizeof *job->events);
        job->event_count += held(job, i);
        job->events_lost += ring_at(job, i)->written - held(job, i);
    }
    for (size_t i = 0; i < job->event_count; i++) {
        job->events[i].begin_ns -= job->began_ns;
        job->events[i].end_ns -= job->began_ns;
    }
    if (job->events)
        qsort(job->events, job->event_count, sizeof *job->events, by_time);
}

const chunkimg_event *chunkimg_job_events(const chunkimg_job *job, size_t *count, uint64_t *lost)
{
    *count = job->event_count;
    *lost = job->events_lost;
    return job->events;
}
