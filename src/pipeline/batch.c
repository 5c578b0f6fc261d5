/*
 * Many small inputs: a ticket is a whole input, which one worker opens, cuts,
 * encodes and writes by itself, as the mode serial would. The executors are
 * those of any other job, and know no more of inputs than of tiles.
 *
 * It is cheaper than sharing each input: nothing is started or waited for
 * between two of them, and the decoder of one runs beside that of the next.
 *
 * What became of an input lies in its own entry of an arena, which workers
 * that are processes share. Bookkeeping (next, done, lost) is at home; `stop`
 * is read by every job between its blocks. A user's tick is called by whoever
 * moves `pulse_ns` on, in the process that is home.
 */
#include <limits.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "pipeline/job.h"

enum { SMALL_NBYTES = 8 << 20, PULSE_NS = 50000000 };

typedef struct board {
    _Alignas(64) atomic_uint stop;
} board;

typedef struct batch {
    const chunkimg_options *options;
    const chunkimg_item *items;
    chunkimg_item_result *results; /* in the arena */
    board *board;                  /* in the arena */
    const ck_exec *exec;
    unsigned workers;
    size_t count;
    chunkimg_tick tick;
    void *tick_user;
    pid_t home;
    uint64_t began_ns;
    atomic_ullong pulse_ns;
    atomic_size_t settled; /* at home */
    size_t next, out;  /* at home */
    ck_error failure;  /* at home: the executor's own */
} batch;

/* ---- which, and who ---------------------------------------------------------------- */

bool chunkimg_is_small(const char *input)
{
    struct stat st;

    return !stat(input, &st) && S_ISREG(st.st_mode) && st.st_size <= SMALL_NBYTES;
}

static const ck_exec *carrier(const chunkimg_options *o)
{
    bool automatic = !o->mode || !strcmp(o->mode, "auto");
    const ck_exec *e = ck_exec_find(automatic ? "threads" : o->mode);
    chunkimg_options others = *o;

    if (!e || !(e->traits & CK_EXEC_WHOLE_INPUTS))
        return NULL;
    /* A process that opens files by their paths cannot be confined: only where the user does without that. */
    if (e->traits & CK_EXEC_PROCESSES) {
        if (o->sandbox != CHUNKIMG_SANDBOX_OFF)
            return NULL;
        others.sandbox = CHUNKIMG_SANDBOX_AUTO;
    }
    return ck_mode_options_set(&others) ? NULL : e;
}

const char *chunkimg_each_mode(const chunkimg_options *options, size_t count)
{
    const ck_exec *e = carrier(options);
    unsigned workers;

    if (!e || ck_wanted_workers(options, count, &workers, NULL) || workers < 2 || count < 2 * (size_t)workers)
        return NULL;
    return e->name;
}

/* ---- labour ------------------------------------------------------------------------- */

static bool stopped(const batch *b)
{
    return atomic_load_explicit(&b->board->stop, memory_order_relaxed) != 0;
}

static void pulse(void *self)
{
    batch *b = self;
    unsigned long long last = atomic_load(&b->pulse_ns);
    uint64_t now = ck_now_ns();
    chunkimg_progress p = {.tiles = b->count};

    if (!b->tick || now - last < PULSE_NS || getpid() != b->home ||
        !atomic_compare_exchange_strong(&b->pulse_ns, &last, now))
        return;
    p.tiles_done = atomic_load(&b->settled);
    p.elapsed_s = ck_seconds(now - b->began_ns);
    if (b->tick(b->tick_user, &p))
        atomic_store(&b->board->stop, 1);
}

/* Of a job that is one ticket. */
static int on_tick(void *user, const chunkimg_progress *progress)
{
    batch *b = user;

    (void)progress;
    pulse(b);
    return stopped(b);
}

static const char *keep(char *to, size_t size, const char *text)
{
    if (!text)
        return NULL;
    snprintf(to, size, "%s", text);
    return to;
}

/* The plan without its job: texts that were the job's are the result's. */
static void keep_plan(chunkimg_item_result *r, const chunkimg_plan *plan)
{
    r->plan = *plan;
    r->plan.input = keep(r->input, sizeof r->input, plan->input);
    r->plan.output = keep(r->output, sizeof r->output, plan->output);
    r->plan.ops = keep(r->ops, sizeof r->ops, plan->ops);
    r->plan.note = keep(r->note, sizeof r->note, plan->note);
}

static chunkimg_options options_of(const batch *b, const chunkimg_item *item)
{
    chunkimg_options o = *b->options;

    chunkimg_options_for_mode(&o, "serial");
    o.workers = 1;
    o.input = item->input;
    o.output = item->output;
    o.body = item->body;
    o.max_memory = ck_memory_limit(b->options) / b->workers;
    return o;
}

static void carry(void *self, void *mine, ck_ticket t)
{
    batch *b = self;
    chunkimg_options o = options_of(b, &b->items[t.seq]);
    chunkimg_item_result *r = &b->results[t.id];
    chunkimg_job *job;

    (void)mine;
    if (chunkimg_open(&o, &job, &r->err))
        return;
    keep_plan(r, chunkimg_job_plan(job));
    chunkimg_on_tick(job, on_tick, b);
    chunkimg_run(job, &r->err);
    r->result = *chunkimg_job_result(job);
    chunkimg_close(&job);
}

static ck_status enter(void *self, unsigned worker, void **mine, ck_error *err)
{
    (void)worker;
    (void)err;
    *mine = self;
    return CK_OK;
}

static void leave(void *self, void *mine)
{
    (void)self;
    (void)mine;
}

/* ---- bookkeeping ------------------------------------------------------------------------ */

static ck_next next(void *self, unsigned roles, ck_ticket *out)
{
    batch *b = self;
    bool more = b->next < b->count && !stopped(b);

    if (more && roles & CK_TILES) {
        *out = (ck_ticket){.kind = CK_TILE, .id = (uint32_t)b->next, .seq = b->next};
        b->next++;
        b->out++;
        return CK_HAVE;
    }
    return more || b->out ? CK_LATER : CK_END;
}

static void done(void *self, ck_ticket t)
{
    batch *b = self;

    (void)t;
    b->out--;
    atomic_fetch_add(&b->settled, 1);
}

static void lost(void *self, ck_ticket t, const ck_error *why)
{
    batch *b = self;

    b->results[t.id].err = *why;
    done(self, t);
}

static void fail(void *self, const ck_error *why)
{
    batch *b = self;

    if (!b->failure.status)
        b->failure = *why;
    atomic_store(&b->board->stop, 1);
}

/* A job that was cut short left nothing under a final name, and its temporaries are swept by the next. */
static void again(void *self, ck_ticket t)
{
    (void)self;
    (void)t;
}

static bool stopping(void *self)
{
    return stopped(self);
}

static const char *describe(void *self, ck_ticket t, char *to, size_t size)
{
    const batch *b = self;

    snprintf(to, size, "the input %s", b->items[t.seq].input);
    return to;
}

/* ---- all of it ---------------------------------------------------------------------------- */

static ck_status run_batch(batch *b, ck_arena *arena, size_t executor, ck_error *err)
{
    ck_work work = {.self = b, .next = next, .done = done, .lost = lost, .fail = fail, .again = again, .stopping = stopping,
                    .enter = enter, .carry = carry, .leave = leave, .describe = describe};
    ck_exec_config config = {.workers = b->workers, .rereadable = true, .tiles = b->count, .slots = (uint32_t)b->count,
                             .folder = -1, .shared = arena->base + executor, .options = b->options, .pulse = pulse, .user = b};
    ck_exec_stats stats = CK_EXEC_STATS_UNKNOWN;

    for (size_t i = 0; i < b->count; i++)
        ck_fail(&b->results[i].err, CHUNKIMG_INTERRUPTED, "%s: stopped before it was begun", b->items[i].input);
    ck_status status = b->exec->run(&config, &work, &stats, err);
    if (!status && b->failure.status) {
        *err = b->failure;
        status = err->status;
    }
    return status;
}

/* From the arena to the caller: what points to a result's own texts points to them there. */
static void give_results(const batch *b, chunkimg_item_result *to)
{
    for (size_t i = 0; i < b->count; i++) {
        chunkimg_plan *p = &to[i].plan;

        to[i] = b->results[i];
        p->input = p->input ? to[i].input : NULL;
        p->output = p->output ? to[i].output : NULL;
        p->ops = p->ops ? to[i].ops : NULL;
        p->note = p->note ? to[i].note : NULL;
        p->mode = b->exec->name;
        p->mode_reason = "many small inputs: each is carried whole by one worker";
    }
}

chunkimg_status chunkimg_run_each(const chunkimg_options *options, const chunkimg_item *items, size_t count,
                                  chunkimg_tick tick, void *user, chunkimg_item_result *results, chunkimg_error *err)
{
    batch b = {.options = options, .items = items, .count = count, .tick = tick, .tick_user = user, .home = getpid(),
               .began_ns = ck_now_ns(), .exec = carrier(options)};
    size_t entries = (sizeof(board) + 63) / 64 * 64, executor;
    ck_arena arena;
    ck_status status;

    ck_error_clear(err);
    if (!b.exec || count > UINT32_MAX)
        return ck_fail(err, CHUNKIMG_USAGE, "the mode carries no whole inputs");
    status = ck_wanted_workers(options, count, &b.workers, err);
    if (status)
        return status;
    executor = (entries + count * sizeof *results + 63) / 64 * 64;
    status = ck_arena_map(&arena, executor + (b.exec->shared_size ? b.exec->shared_size(b.workers) : 0), true, err);
    if (status)
        return status;
    b.board = (board *)(void *)arena.base;
    b.results = (chunkimg_item_result *)(void *)(arena.base + entries);
    status = run_batch(&b, &arena, executor, err);
    give_results(&b, results);
    ck_arena_unmap(&arena);
    return status;
}
