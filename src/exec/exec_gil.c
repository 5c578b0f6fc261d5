/*
 * Pthreads under one global lock (gil.h), as threads of CPython run: whoever
 * carries a ticket, or does the books, holds the lock. It is handed over
 * between rows where a waiter asked for it, let go around reads and writes,
 * and let go inside --gil-release percent of the native kernels, as libraries
 * behind a foreign function interface do.
 *
 * Who waits for what: for the lock, by its protocol; and, without the lock,
 * for a ticket: a worker that is told LATER remembers how often tickets came
 * back (`returns`) while it still holds the lock, lets go, and waits until
 * that number moves. A return that comes in between has moved it already, so
 * none is missed. Whoever brings a ticket back wakes one waiter; one that was
 * woken and is given a ticket wakes the next; END is told to all.
 */
#include <pthread.h>
#include <stdlib.h>

#include "base/clock.h"
#include "exec/exec.h"
#include "exec/gil.h"
#include "exec/pthreads.h"

typedef struct pool {
    const ck_exec_config *config;
    const ck_work *work;
    ck_gil gil;
    pthread_mutex_t idle;    /* around the next three; nothing else is taken while it is held */
    pthread_cond_t returned;
    uint64_t returns;
    unsigned waiting;
} pool;

/* Written by its own thread, read by the caller once that is joined. */
typedef struct worker {
    pthread_t thread; /* first, as ck_pthreads has it */
    pool *pool;
    unsigned id;
    ck_gil_user lock;
    uint64_t queue_ns;
} worker;

static _Thread_local worker *self; /* the labour's callbacks come without a word on who calls */

/* ---- what the labour calls ------------------------------------------------------- */

static void turn_check(void *p)
{
    if (!self->lock.depth)
        ck_gil_check(&((pool *)p)->gil, &self->lock);
}

static void turn_let_go(void *p)
{
    if (!self->lock.depth++)
        ck_gil_drop(&((pool *)p)->gil, &self->lock);
}

static void turn_take(void *p)
{
    if (!--self->lock.depth)
        ck_gil_take(&((pool *)p)->gil, &self->lock);
}

static bool turn_native(void *p, enum ck_native kind)
{
    bool release = !self->lock.depth && ck_gil_share(&((pool *)p)->gil, kind);

    if (release)
        turn_let_go(p);
    return release;
}

static uint64_t turn_waited(void *p)
{
    (void)p;
    return self->lock.waited_ns;
}

/* ---- waiting for tickets ------------------------------------------------------------ */

static uint64_t returns_so_far(pool *p)
{
    pthread_mutex_lock(&p->idle);
    uint64_t n = p->returns;
    pthread_mutex_unlock(&p->idle);
    return n;
}

/* Worker 0 comes back every 50 ms to look at the clock. */
static void wait_for_return(pool *p, uint64_t seen, bool home)
{
    uint64_t until_ns = ck_now_ns() + 50 * 1000 * 1000;
    int late = 0;

    pthread_mutex_lock(&p->idle);
    p->waiting++;
    while (p->returns == seen && !late)
        late = home ? ck_pthreads_wait_until(&p->returned, &p->idle, until_ns)
                    : pthread_cond_wait(&p->returned, &p->idle);
    p->waiting--;
    pthread_mutex_unlock(&p->idle);
}

static void wait_for_ticket(worker *me)
{
    pool *p = me->pool;
    uint64_t seen = returns_so_far(p), began = ck_now_ns();

    ck_gil_drop(&p->gil, &me->lock);
    wait_for_return(p, seen, me->id == 0);
    me->queue_ns += ck_now_ns() - began;
    ck_gil_take(&p->gil, &me->lock);
}

static void wake_one(pool *p)
{
    pthread_mutex_lock(&p->idle);
    p->returns++;
    if (p->waiting)
        pthread_cond_signal(&p->returned);
    pthread_mutex_unlock(&p->idle);
}

static void wake_all(pool *p)
{
    pthread_mutex_lock(&p->idle);
    p->returns++;
    pthread_cond_broadcast(&p->returned);
    pthread_mutex_unlock(&p->idle);
}

/* ---- workers ------------------------------------------------------------------------- */

static void carry_until_end(worker *me, void *mine)
{
    pool *p = me->pool;
    const ck_work *w = p->work;
    bool woken = false;
    ck_ticket ticket;
    ck_next next;

    while ((next = w->next(w->self, CK_ALL_ROLES, &ticket)) != CK_END) {
        if (next == CK_LATER) {
            wait_for_ticket(me);
            woken = true;
        } else {
            if (woken)
                wake_one(p);
            woken = false;
            w->carry(w->self, mine, ticket);
            w->done(w->self, ticket);
            wake_one(p);
        }
        if (me->id == 0)
            p->config->pulse(p->config->user);
        ck_gil_check(&p->gil, &me->lock);
    }
    wake_all(p);
}

static void *worker_main(void *arg)
{
    worker *me = arg;
    pool *p = me->pool;
    void *mine;
    ck_error err;
    ck_status status;

    self = me;
    ck_gil_take(&p->gil, &me->lock);
    status = p->work->enter(p->work->self, me->id, &mine, &err);
    if (status) {
        p->work->fail(p->work->self, &err);
        wake_all(p);
    } else {
        carry_until_end(me, mine);
        p->work->leave(p->work->self, mine);
    }
    ck_gil_drop(&p->gil, &me->lock);
    return NULL;
}

static ck_status init_pool(pool *p, ck_error *err)
{
    const chunkimg_options *o = p->config->options;
    ck_status status = ck_gil_init(&p->gil, o->gil_interval * 1e-3, (unsigned)o->gil_release, err);
    int why;

    if (status)
        return status;
    why = ck_pthreads_condition(&p->returned);
    if (!why)
        why = pthread_mutex_init(&p->idle, NULL);
    return why ? ck_fail_os(err, why, "preparing the threads") : CK_OK;
}

static void release_pool(pool *p)
{
    pthread_cond_destroy(&p->returned);
    pthread_mutex_destroy(&p->idle);
    ck_gil_destroy(&p->gil);
}

static void count(ck_exec_stats *stats, const worker *workers, unsigned n)
{
    uint64_t waited_ns = 0, queue_ns = 0;

    stats->lock_acquisitions = stats->lock_requests = stats->lock_forced = stats->bytes_copied = 0;
    for (unsigned i = 0; i < n; i++) {
        stats->lock_acquisitions += workers[i].lock.acquisitions;
        stats->lock_requests += workers[i].lock.requests;
        stats->lock_forced += workers[i].lock.forced;
        waited_ns += workers[i].lock.waited_ns;
        queue_ns += workers[i].queue_ns;
    }
    stats->lock_wait_s = ck_seconds(waited_ns);
    stats->queue_wait_s = ck_seconds(queue_ns);
}

static ck_status run(const ck_exec_config *config, const ck_work *work, ck_exec_stats *stats, ck_error *err)
{
    pool p = {.config = config, .work = work};
    const ck_turns turns = {&p, turn_check, turn_let_go, turn_take, turn_native, turn_waited};
    uint64_t began = ck_now_ns();
    worker *workers = calloc(config->workers, sizeof *workers);
    ck_pthreads threads = {.members = workers, .each = sizeof *workers, .main = worker_main};
    ck_status status;

    if (!workers)
        return ck_fail_memory(err, config->workers * sizeof *workers, "starting the threads");
    status = init_pool(&p, err);
    if (status) {
        free(workers);
        return status;
    }
    work->in_turns(work->self, &turns);
    for (unsigned i = 0; i < config->workers; i++)
        workers[i] = (worker){.pool = &p, .id = i};
    ck_pthreads_start(&threads, config->workers);
    stats->workers = threads.count;
    stats->spawn_s = ck_seconds(ck_now_ns() - began);
    ck_pthreads_work(&threads);
    work->in_turns(work->self, NULL);
    count(stats, workers, threads.count);
    release_pool(&p);
    free(workers);
    return CK_OK;
}

static const char *const honoured[] = {"gil-interval", "gil-release", NULL};

const ck_exec ck_exec_gil = {
    .name = "gil",
    .summary = "pthreads under one global lock with CPython's protocol: time slicing, not parallelism",
    .details = "A thread looks whether the lock is asked for between blocks of rows and between tickets, as CPython does between "
               "bytecodes. One call of a native kernel is not interrupted, there as here: the deflate of a tile is one call from "
               "--compression 3 on, and one that takes longer than --gil-interval holds the lock to its end, "
               "unless --gil-release lets go of it. Smaller tiles and --compression 1 or 2 are looked at more often.",
    .about = {.unit = "a pthread that holds the global lock",
              .memory = "shared, nothing is copied",
              .lock = "is what it shows: one worker at a time, but around I/O and in released kernels",
              .strength = "waits overlap; native code that lets go of the lock scales",
              .weakness = "CPU work gains nothing, and pays for switching",
              .suits = "showing what threads of Python do to this job",
              .options = honoured},
    .fills_ahead = 1,
    .run = run,
};
