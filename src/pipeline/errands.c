#include "pipeline/errands.h"

#include <stdio.h>
#include <unistd.h>

#include "base/clock.h"
#include "os/pin.h"

enum { PULSE_NS = 50000000 };

typedef struct board {
    _Alignas(64) atomic_uint stop; /* anyone sets it */
} board;

static board *board_of(const ck_errands *e)
{
    return (board *)(void *)e->arena.base;
}

bool ck_errands_stopped(const ck_errands *e)
{
    return atomic_load_explicit(&board_of(e)->stop, memory_order_relaxed) != 0;
}

static void pulse(void *self)
{
    ck_errands *e = self;
    unsigned long long last = atomic_load(&e->pulse_ns);
    uint64_t now = ck_now_ns();
    chunkimg_progress p = {.tiles = e->count};

    if (!e->tick || now - last < PULSE_NS || getpid() != e->home ||
        !atomic_compare_exchange_strong(&e->pulse_ns, &last, now) ||
        atomic_exchange_explicit(&e->ticking, true, memory_order_acquire))
        return;
    p.tiles_done = atomic_load(&e->back);
    p.elapsed_s = ck_seconds(now - e->began_ns);
    if (e->tick(e->tick_user, &p))
        atomic_store(&board_of(e)->stop, 1);
    (void)atomic_exchange_explicit(&e->ticking, false, memory_order_release); /* helgrind takes a plain store for a race */
}

bool ck_errands_pulse(ck_errands *e)
{
    pulse(e);
    return ck_errands_stopped(e);
}

/* ---- labour -------------------------------------------------------------------- */

static void carry(void *self, void *mine, ck_ticket t)
{
    ck_errands *e = self;

    (void)mine;
    e->carry(e->user, t.id);
}

static ck_status enter(void *self, unsigned worker, void **mine, ck_error *err)
{
    const ck_errands *e = self;

    (void)err;
    if (worker && worker < e->workers)
        ck_spread(e->home_cpu, worker);
    *mine = self;
    return CK_OK;
}

static void leave(void *self, void *mine)
{
    (void)self;
    (void)mine;
}

static void in_turns(void *self, const ck_turns *turns)
{
    ck_errands *e = self;

    e->turns = turns;
}

/* ---- bookkeeping ------------------------------------------------------------------ */

static ck_next next(void *self, unsigned roles, ck_ticket *out)
{
    ck_errands *e = self;
    bool more = e->next < e->count && !ck_errands_stopped(e);

    if (more && roles & CK_TILES) {
        *out = (ck_ticket){.kind = CK_TILE, .id = (uint32_t)e->next, .seq = e->next};
        e->next++;
        e->out++;
        return CK_HAVE;
    }
    return more || e->out ? CK_LATER : CK_END;
}

static void back(ck_errands *e, ck_ticket t, const ck_error *lost)
{
    e->out--;
    atomic_fetch_add(&e->back, 1);
    e->settled(e->user, t.id, lost);
}

static void done(void *self, ck_ticket t)
{
    back(self, t, NULL);
}

static void lost(void *self, ck_ticket t, const ck_error *why)
{
    back(self, t, why);
}

static void fail(void *self, const ck_error *why)
{
    ck_errands *e = self;

    if (!e->failure.status)
        e->failure = *why;
    atomic_store(&board_of(e)->stop, 1);
}

/* An errand begins from its beginning, whatever a carrier that died had done of it. */
static void again(void *self, ck_ticket t)
{
    (void)self;
    (void)t;
}

static bool stopping(void *self)
{
    return ck_errands_stopped(self);
}

static const char *describe(void *self, ck_ticket t, char *to, size_t size)
{
    const ck_errands *e = self;

    snprintf(to, size, "the input %s", e->name(e->user, t.id));
    return to;
}

/* ---- all of them --------------------------------------------------------------------- */

ck_status ck_errands_open(ck_errands *e, ck_error *err)
{
    size_t entries = (sizeof(board) + 63) / 64 * 64;
    ck_status status;

    e->executor = (entries + e->count * e->entry_nbytes + 63) / 64 * 64;
    status = ck_arena_map(&e->arena, e->executor + (e->exec->shared_size ? e->exec->shared_size(e->workers) : 0), true, err);
    if (!status)
        e->entries = e->arena.base + entries;
    return status;
}

void ck_errands_close(ck_errands *e)
{
    ck_arena_unmap(&e->arena);
}

ck_status ck_errands_run(ck_errands *e, ck_error *err)
{
    ck_work work = {.self = e, .next = next, .done = done, .lost = lost, .fail = fail, .again = again, .stopping = stopping,
                    .enter = enter, .carry = carry, .leave = leave, .in_turns = in_turns, .describe = describe};
    ck_exec_config config = {.workers = e->workers, .rereadable = true, .tiles = e->count, .slots = (uint32_t)e->count,
                             .arena = -1, .input = -1, .input_folder = -1, .shared = e->arena.base + e->executor,
                             .options = e->options, .pulse = pulse, .user = e};
    ck_exec_stats stats = CK_EXEC_STATS_UNKNOWN;
    ck_status status;

    e->home = getpid();
    e->home_cpu = ck_current_cpu();
    e->began_ns = ck_now_ns();
    status = e->exec->run(&config, &work, &stats, err);
    if (!status && e->failure.status) {
        *err = e->failure;
        status = err->status;
    }
    return status;
}
