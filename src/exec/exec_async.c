/*
 * One event loop (libuv) that carries tickets, as programs on asyncio or
 * Node.js do their work.
 *
 * Inline, the loop's thread carries one ticket a turn, and between two tickets
 * looks at whatever else has happened: so CPU work gains nothing, and every
 * event waits for the ticket that is being carried. With --async-pool N,
 * FILLs and TILEs are handed to N threads of a pool (async_pool.h;
 * asyncio.to_thread), and the loop only hands out, drains and writes.
 *
 * The input is read by the loop, a block ahead of the decoder (os/ahead.h); tile
 * files are written by the loop (async_write.h): a ticket whose bytes are
 * to be written counts as carried when its file is closed, so a slot is not
 * free before its bytes are on their way to the disk.
 *
 * Who waits for what: the loop, in the kernel, for its files, its pool and a
 * timer. It has the idle handle `turn` as long as next() may have something;
 * LATER stops it, and every ticket that comes back starts it again. LATER is
 * only said while a ticket is out, and each of those is an open request of the
 * loop, whose end wakes it.
 *
 * A request that has ended wakes the loop by a word to its eventfd, and libuv
 * says no second one until the first was heard: where the system refuses that
 * one word (EAGAIN), all that end later are silent, too, and the loop would
 * sleep on. So the timer looks whether anything came back since it last went
 * off, and if not, says a word of its own: whatever wakes the loop lets it take
 * all that has ended.
 *
 * Downloads of inputs that are still to come go on meanwhile (os/fetch_loop.h):
 * their sockets and their timer are watched by the same loop, until it ends.
 *
 * Threads: the pool's threads touch the ticket they carry and nothing else of
 * this file, and say by the handle `came` that there is something to take back;
 * the timer looks, too. Memory is ordered by the pool's lock. Files are read
 * and written by libuv's own threads, or by the loop where those cannot be had.
 * The library is unloaded at the end, which joins them.
 */
#include "exec/exec.h"

#ifdef CK_HAVE_LIBUV

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "exec/async_pool.h"
#include "exec/async_write.h"
#include "os/fetch.h"

enum { PULSE_MS = 20, WORDS = 2 };

typedef struct loop loop;

/* A ticket on its way. The loop's, but while a thread of the pool carries it. */
typedef struct errand {
    loop *loop;
    ck_ticket ticket;
    unsigned worker;
    ck_async_item item; /* of the pool */
    ck_async_write writes[CK_PUTS_MOST]; /* one after another */
    unsigned wanted, written;            /* of them */
    struct errand *next; /* in the list of those that are free */
} errand;

struct loop {
    const ck_exec_config *config;
    const ck_work *work;
    ck_uv uv;
    uv_loop_t uv_loop;
    uv_idle_t turn;
    uv_prepare_t mark;
    uv_timer_t heart;
    uv_async_t words[WORDS]; /* one is stuck when it was not heard either; then comes the other's turn */
    uint64_t ended, ended_before; /* requests, until now and until the timer last went off */
    unsigned beats;      /* that found nothing ended */
    ck_async_pool *pool; /* NULL: the loop carries itself */
    uv_async_t came;     /* said by the pool's threads */
    bool blocks;         /* for files: libuv can have no threads */
    bool over;
    void **mine;        /* per worker; pooled: one more, which drains */
    unsigned entered;
    unsigned *resting;  /* workers without a ticket */
    unsigned resting_count;
    errand *spare;

    ck_ahead *ahead;    /* NULL: the input cannot be read ahead */
    uv_fs_t reading;
    bool is_reading;

    /* How long a turn keeps all events waiting: its time less what the loop slept. */
    uint64_t turns, busy_ns, worst_ns, marked_ns, slept_ns;
};

static _Thread_local errand *carried; /* what this thread carries: labour that gives bytes away does not say whose */

/* ---- errands ------------------------------------------------------------------------ */

static errand *new_errand(loop *l, ck_ticket t, unsigned worker)
{
    errand *e = l->spare;

    if (e)
        l->spare = e->next;
    else
        e = malloc(sizeof *e);
    if (e) {
        *e = (errand){.loop = l, .ticket = t, .worker = worker};
        e->item.what = e;
    }
    return e;
}

static void on_turn(uv_idle_t *turn);

static void come_back(errand *e)
{
    loop *l = e->loop;

    l->ended++;
    l->work->done(l->work->self, e->ticket);
    e->next = l->spare;
    l->spare = e;
    if (!l->over)
        l->uv.idle_start(&l->turn, on_turn);
}

static void settle(errand *e);

static void written(void *user)
{
    errand *e = user;

    e->loop->ended++;
    e->written++;
    settle(e);
}

/* The labour on it is done; what it has for files comes next. */
static void settle(errand *e)
{
    loop *l = e->loop;

    if (e->written < e->wanted)
        ck_async_write_start(&e->writes[e->written], &l->uv, &l->uv_loop, l->blocks, written, e);
    else
        come_back(e);
}

/* What sinks call instead of writing, in whichever thread carries the ticket. */
static ck_status put(void *self, const ck_put *what)
{
    (void)self;
    if (carried->wanted == CK_PUTS_MOST)
        return ck_outdir_put_failed(what, false, ENOBUFS); /* against the contract: not to be lost in silence */
    ck_async_write_take(&carried->writes[carried->wanted++], what);
    return CK_OK;
}

static void carry(errand *e)
{
    loop *l = e->loop;

    carried = e;
    l->work->carry(l->work->self, l->mine[e->worker], e->ticket);
    carried = NULL;
}

/* A ticket for which there is no memory comes back undone. */
static errand *errand_or_fail(loop *l, ck_ticket t, unsigned worker)
{
    errand *e = new_errand(l, t, worker);
    ck_error err;

    if (e)
        return e;
    ck_fail_memory(&err, sizeof *e, "carrying a ticket");
    l->work->lost(l->work->self, t, &err);
    l->work->fail(l->work->self, &err);
    return NULL;
}

/* ---- the input ------------------------------------------------------------------------- */

static void end_quietly(loop *l);

static void read_ended(loop *l, ssize_t n)
{
    l->ended++;
    l->is_reading = false;
    ck_ahead_end(l->ahead, n);
    end_quietly(l);
}

static void on_read(uv_fs_t *request)
{
    loop *l = request->data;
    ssize_t n = request->result;

    l->uv.fs_req_cleanup(request);
    read_ended(l, n);
}

/* Begins with the block that the decoder will want next, unless one is on its way. */
static void read_ahead(loop *l)
{
    uv_buf_t buffer;

    if (l->over || !l->ahead || !ck_ahead_begin(l->ahead))
        return;
    buffer = (uv_buf_t){.base = (char *)l->ahead->bytes, .len = sizeof l->ahead->bytes};
    l->reading.data = l;
    l->is_reading = true;
    if (l->uv.fs_read(&l->uv_loop, &l->reading, l->ahead->file, &buffer, 1, l->ahead->offset, on_read) < 0)
        read_ended(l, -1);
}

/* ---- turns ---------------------------------------------------------------------------- */

/* The timer goes last: what is still read ahead may need to be woken for. */
static void end_quietly(loop *l)
{
    if (!l->over || l->is_reading)
        return;
    l->uv.close((uv_handle_t *)&l->heart, NULL);
    l->uv.close((uv_handle_t *)&l->came, NULL);
    for (int i = 0; i < WORDS; i++)
        l->uv.close((uv_handle_t *)&l->words[i], NULL);
}

static void end(loop *l)
{
    l->over = true;
    if (l->config->downloads)
        ck_fetches_detach(l->config->downloads);
    l->uv.close((uv_handle_t *)&l->turn, NULL);
    l->uv.close((uv_handle_t *)&l->mark, NULL);
    end_quietly(l);
}

static ck_next carry_inline(loop *l, unsigned roles, unsigned worker)
{
    ck_ticket t;
    ck_next next = l->work->next(l->work->self, roles, &t);
    errand *e = next == CK_HAVE ? errand_or_fail(l, t, worker) : NULL;

    if (e) {
        carry(e);
        settle(e);
    }
    return next;
}

static void in_pool(void *what)
{
    carry(what);
}

/* By a thread of the pool, while the handle is there: it is closed only after the last ticket was taken back. */
static void say_came(void *user)
{
    loop *l = user;

    l->uv.async_send(&l->came);
}

static void take_back(loop *l)
{
    ck_async_item *item;

    while (l->pool && (item = ck_async_pool_take(l->pool))) {
        errand *e = item->what;

        l->resting[l->resting_count++] = e->worker;
        settle(e);
    }
}

static void on_came(uv_async_t *came)
{
    take_back(came->data);
}

/* All that can be handed out now. The loop itself drains, one ticket a turn. */
static ck_next hand_out(loop *l)
{
    ck_next next = carry_inline(l, CK_DRAINS, l->config->workers);
    ck_ticket t;

    while (l->resting_count && next != CK_END) {
        ck_next more = l->work->next(l->work->self, CK_FILLS | CK_TILES, &t);
        errand *e;

        if (more != CK_HAVE)
            return next == CK_HAVE ? next : more;
        e = errand_or_fail(l, t, l->resting[l->resting_count - 1]);
        if (!e)
            return CK_HAVE;
        l->resting_count--;
        ck_async_pool_hand(l->pool, &e->item);
    }
    return next;
}

static void on_turn(uv_idle_t *turn)
{
    loop *l = turn->data;
    ck_next next;

    read_ahead(l);
    next = l->pool ? hand_out(l) : carry_inline(l, CK_ALL_ROLES, 0);
    read_ahead(l); /* before the loop sleeps */
    if (next == CK_END)
        end(l);
    else if (next == CK_LATER)
        l->uv.idle_stop(turn);
    l->config->pulse(l->config->user);
}

static void on_heart(uv_timer_t *heart)
{
    loop *l = heart->data;

    take_back(l); /* where the word of it was refused */
    if (l->ended == l->ended_before)
        l->uv.async_send(&l->words[l->beats++ % WORDS]);
    l->ended_before = l->ended;
    l->config->pulse(l->config->user);
    if (!l->over) /* the pulse may have stopped the work */
        l->uv.idle_start(&l->turn, on_turn);
}

/* Once a turn, before the loop may sleep. */
static void on_mark(uv_prepare_t *mark)
{
    loop *l = mark->data;
    uint64_t now = ck_now_ns(), slept = l->uv.metrics_idle_time(&l->uv_loop);

    if (l->marked_ns) {
        uint64_t all = now - l->marked_ns, asleep = slept - l->slept_ns, busy = all > asleep ? all - asleep : 0;

        l->turns++;
        l->busy_ns += busy;
        l->worst_ns = busy > l->worst_ns ? busy : l->worst_ns;
    }
    l->marked_ns = now;
    l->slept_ns = slept;
}

/* ---- beginning and end ------------------------------------------------------------------ */

static ck_status make_loop(loop *l, ck_error *err)
{
    int why = l->uv.loop_init(&l->uv_loop);

    if (why)
        return ck_fail(err, CHUNKIMG_SYSTEM, "there can be no event loop: %s", l->uv.strerror(why));
    l->uv_loop.data = l->came.data = l->turn.data = l->mark.data = l->heart.data = l;
    l->uv.loop_configure(&l->uv_loop, UV_METRICS_IDLE_TIME); /* one that cannot sleeps 0 ns */
    l->uv.idle_init(&l->uv_loop, &l->turn);
    l->uv.prepare_init(&l->uv_loop, &l->mark);
    l->uv.timer_init(&l->uv_loop, &l->heart);
    l->uv.async_init(&l->uv_loop, &l->came, on_came);
    for (int i = 0; i < WORDS; i++)
        l->uv.async_init(&l->uv_loop, &l->words[i], NULL); /* the loop has its eventfd, which is all that could fail */
    if (l->config->downloads)
        ck_fetches_attach(l->config->downloads, &l->uv, &l->uv_loop);
    l->uv.idle_start(&l->turn, on_turn);
    l->uv.prepare_start(&l->mark, on_mark);
    l->uv.timer_start(&l->heart, on_heart, PULSE_MS, PULSE_MS);
    return CK_OK;
}

static ck_status enter_all(loop *l, ck_error *err)
{
    unsigned wanted = l->config->workers + (l->pool != NULL);
    ck_status status = CK_OK;

    l->mine = calloc(wanted, sizeof *l->mine);
    l->resting = calloc(wanted, sizeof *l->resting);
    if (!l->mine || !l->resting)
        return ck_fail_memory(err, wanted * sizeof *l->mine, "starting the event loop");
    for (; l->entered < wanted && !status; l->entered += !status)
        status = l->work->enter(l->work->self, l->entered, &l->mine[l->entered], err);
    for (unsigned i = l->pool ? ck_async_pool_threads(l->pool) : 0; i-- > 0;)
        l->resting[l->resting_count++] = i;
    return status;
}

static void leave_all(loop *l)
{
    while (l->entered)
        l->work->leave(l->work->self, l->mine[--l->entered]);
    while (l->spare) {
        errand *e = l->spare;

        l->spare = e->next;
        free(e);
    }
    free(l->mine);
    free(l->resting);
}

static void count(ck_exec_stats *stats, const loop *l)
{
    stats->workers = l->pool ? ck_async_pool_threads(l->pool) : 1;
    stats->bytes_copied = 0;
    stats->lock_acquisitions = 0;
    stats->lock_wait_s = 0;
    if (l->pool)
        ck_async_pool_count(l->pool, stats);
    stats->loop_turns = l->turns;
    stats->loop_mean_s = l->turns ? ck_seconds(l->busy_ns) / (double)l->turns : 0;
    stats->loop_worst_s = ck_seconds(l->worst_ns);
}

static ck_status run_loop(loop *l, ck_exec_stats *stats, uint64_t began, ck_error *err)
{
    const ck_writer writer = {l, put};
    ck_status status = enter_all(l, err);

    if (!status)
        status = make_loop(l, err);
    if (!status) {
        stats->spawn_s = ck_seconds(ck_now_ns() - began);
        l->work->write_through(l->work->self, &writer);
        l->ahead = l->blocks ? NULL : l->work->read_ahead(l->work->self, true);
        l->uv.run(&l->uv_loop, UV_RUN_DEFAULT);
        l->work->write_through(l->work->self, NULL);
        l->work->read_ahead(l->work->self, false);
        if (l->uv.loop_close(&l->uv_loop))
            status = ck_fail(err, CHUNKIMG_SYSTEM, "the event loop ended with requests open");
        count(stats, l);
    }
    leave_all(l);
    return status;
}

static ck_status run(const ck_exec_config *config, const ck_work *work, ck_exec_stats *stats, ck_error *err)
{
    loop l = {.config = config, .work = work};
    uint64_t began = ck_now_ns();
    ck_status status = ck_uv_load(&l.uv, err);

    if (!status && config->options->async_pool)
        status = ck_async_pool_open(config->workers, in_pool, say_came, &l, &l.pool, err);
    if (!status) {
        l.blocks = !ck_async_files_by_threads();
        status = run_loop(&l, stats, began, err);
    }
    ck_async_pool_close(&l.pool);
    ck_uv_unload(&l.uv);
    return status;
}

#define RUN run
#define MISSING NULL
#else
#define RUN NULL
#define MISSING "libuv"
#endif

static ck_status workers(const chunkimg_options *o, unsigned *wanted, unsigned *processes, ck_error *err)
{
    (void)processes;
    (void)err;
    *wanted = o->async_pool ? (unsigned)o->async_pool : 1;
    return CK_OK;
}

static const char *const honoured[] = {"async-pool", NULL};

const ck_exec ck_exec_async = {
    .name = "async",
    .summary = "one event loop (libuv): tickets inline, files by the loop; --async-pool: tickets in its pool",
    .details = "The loop opens, writes and closes tile files, appends to manifest and journal, reads the input a block ahead and "
               "moves downloads along. Threads of --async-pool carry tickets; those for files are libuv's, UV_THREADPOOL_SIZE of "
               "them (4), or none where the system grants fewer: then the loop waits for each file.",
    .about = {.unit = "a turn of the loop; with a pool, a thread of it",
              .memory = "shared, nothing is copied",
              .lock = "nothing to contend for; a pool would wait for it",
              .strength = "many waits overlap in one thread, without switches",
              .weakness = "CPU work gains nothing and holds up every event",
              .suits = "many slow downloads; CPU work only with a pool",
              .options = honoured,
              .missing = MISSING},
    .traits = CK_EXEC_WRITES_LATER | CK_EXEC_WANDERS | CK_EXEC_EVENTS,
    .workers = workers,
    .fills_ahead = 1,
    .run = RUN,
};
