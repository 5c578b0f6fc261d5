/*
 * A pool of pthreads around one mutex and one condition variable.
 *
 * The calling thread is worker 0; the others are created once, before the
 * first ticket, and joined at the end. A worker holds the mutex only for the
 * bookkeeping (next, done), never while it carries. One that finds nothing to
 * do waits on the condition. Whoever brings a ticket back wakes one waiter,
 * and whoever was given a ticket while others wait wakes the next: so one
 * returned ticket that enables many wakes many, one after another, and none
 * is woken for nothing. Nobody can wait for ever: next() says LATER only while
 * some ticket is out, and its return wakes a waiter; END is told to all.
 *
 * With --schedule a rule says who carries which tile, and sharing.h does the
 * waiting.
 *
 * Where the system refuses a thread the pool goes on with those it has.
 */
#include <pthread.h>
#include <stdlib.h>

#include "base/clock.h"
#include "exec/exec.h"
#include "exec/pthreads.h"
#include "exec/sharing.h"

typedef struct pool {
    const ck_exec_config *config;
    const ck_work *work;
    pthread_mutex_t lock;
    pthread_cond_t change;
    unsigned waiting; /* under lock */
    ck_pins *pins;    /* NULL: workers are not bound; read-only while they run */
} pool;

/* Written by its own thread, read by the caller once that is joined. */
typedef struct worker {
    pthread_t thread; /* first, as ck_pthreads has it */
    pool *pool;
    unsigned id;
    uint64_t acquisitions, lock_ns, queue_ns;
} worker;

/* The clock is only looked at where there is something to wait for. */
static void take_lock(worker *me)
{
    pool *p = me->pool;

    me->acquisitions++;
    if (!pthread_mutex_trylock(&p->lock))
        return;
    uint64_t began = ck_now_ns();
    pthread_mutex_lock(&p->lock);
    me->lock_ns += ck_now_ns() - began;
}

/* Worker 0 looks at the clock while it waits, so that a signal is noticed when every ticket is long. */
static void wait_locked(worker *me)
{
    pool *p = me->pool;
    uint64_t began = ck_now_ns();

    p->waiting++;
    me->acquisitions++; /* the condition gives the lock back and takes it again */
    if (me->id == 0)
        ck_pthreads_wait_until(&p->change, &p->lock, began + 50 * 1000 * 1000);
    else
        pthread_cond_wait(&p->change, &p->lock);
    p->waiting--;
    me->queue_ns += ck_now_ns() - began;
}

static void carry_until_end(worker *me, void *mine)
{
    pool *p = me->pool;
    const ck_work *w = p->work;
    ck_ticket ticket;
    ck_next next;

    take_lock(me);
    while ((next = w->next(w->self, CK_ALL_ROLES, &ticket)) != CK_END) {
        if (next == CK_LATER) {
            wait_locked(me);
        } else {
            if (p->waiting)
                pthread_cond_signal(&p->change);
            pthread_mutex_unlock(&p->lock);
            w->carry(w->self, mine, ticket);
            take_lock(me);
            w->done(w->self, ticket);
        }
        if (me->id == 0) {
            pthread_mutex_unlock(&p->lock);
            p->config->pulse(p->config->user);
            take_lock(me);
        }
    }
    pthread_cond_broadcast(&p->change);
    pthread_mutex_unlock(&p->lock);
}

static void *worker_main(void *arg)
{
    worker *me = arg;
    pool *p = me->pool;
    void *mine;
    ck_error err;

    if (p->pins)
        ck_pin(p->pins, me->id);
    if (p->work->enter(p->work->self, me->id, &mine, &err)) {
        pthread_mutex_lock(&p->lock);
        p->work->fail(p->work->self, &err);
        pthread_cond_broadcast(&p->change);
        pthread_mutex_unlock(&p->lock);
        return NULL;
    }
    carry_until_end(me, mine);
    p->work->leave(p->work->self, mine);
    return NULL;
}

static ck_status init_pool(pool *p, ck_error *err)
{
    int why = ck_pthreads_condition(&p->change);

    if (!why)
        why = pthread_mutex_init(&p->lock, NULL);
    return why ? ck_fail_os(err, why, "preparing the threads") : CK_OK;
}

static void count(ck_exec_stats *stats, const worker *workers, unsigned n)
{
    uint64_t lock_ns = 0, queue_ns = 0;

    stats->lock_acquisitions = stats->bytes_copied = 0;
    for (unsigned i = 0; i < n; i++) {
        stats->lock_acquisitions += workers[i].acquisitions;
        lock_ns += workers[i].lock_ns;
        queue_ns += workers[i].queue_ns;
    }
    stats->lock_wait_s = ck_seconds(lock_ns);
    stats->queue_wait_s = ck_seconds(queue_ns);
}

static ck_status run(const ck_exec_config *config, const ck_work *work, ck_exec_stats *stats, ck_error *err)
{
    pool p = {.config = config, .work = work};
    uint64_t began = ck_now_ns();
    worker *workers = calloc(config->workers, sizeof *workers);
    ck_pthreads threads = {.members = workers, .each = sizeof *workers, .main = worker_main};
    ck_status status;

    if (!workers)
        return ck_fail_memory(err, config->workers * sizeof *workers, "starting the threads");
    status = config->options->pin ? ck_pins_make(&p.pins, err) : CK_OK;
    if (!status)
        status = init_pool(&p, err);
    if (status) {
        ck_pins_free(&p.pins);
        free(workers);
        return status;
    }
    for (unsigned i = 0; i < config->workers; i++)
        workers[i] = (worker){.pool = &p, .id = i};
    ck_pthreads_start(&threads, config->workers);
    stats->workers = threads.count;
    stats->spawn_s = ck_seconds(ck_now_ns() - began);
    ck_pthreads_work(&threads);
    count(stats, workers, threads.count);
    if (p.pins)
        ck_unpin(p.pins);
    ck_pins_free(&p.pins);
    pthread_cond_destroy(&p.change);
    pthread_mutex_destroy(&p.lock);
    free(workers);
    return CK_OK;
}

/* ---- tiles by a rule ------------------------------------------------------------ */

typedef struct team {
    ck_sharing sharing;
    ck_dealer dealer; /* under the sharing's lock */
    ck_pins *pins;    /* NULL: workers are not bound */
} team;

typedef struct member {
    pthread_t thread; /* first, as ck_pthreads has it */
    ck_sharer sharer;
    team *team;
    unsigned id;
} member;

static bool deal(member *me, uint64_t last, uint64_t *from, uint64_t *to)
{
    ck_sharing_lock(&me->sharer);
    bool any = ck_deal(&me->team->dealer, me->id, last, from, to);
    ck_sharing_unlock(&me->sharer);
    return any;
}

static void *member_main(void *arg)
{
    member *me = arg;
    uint64_t from, to = 0;
    bool going = true;

    if (me->team->pins)
        ck_pin(me->team->pins, me->id);
    ck_sharing_enter(&me->sharer, me->id);
    while (going && deal(me, to, &from, &to))
        for (uint64_t i = from; i < to && going; i++)
            going = ck_sharing_tile(&me->sharer, i);
    ck_sharing_help(&me->sharer);
    ck_sharing_leave(&me->sharer);
    return NULL;
}

/* The lock is held while threads are made: none is dealt a tile before their number is known. */
static void start_members(team *t, ck_pthreads *threads, unsigned wanted)
{
    member *members = threads->members;

    for (unsigned i = 0; i < wanted; i++)
        members[i] = (member){.sharer = {.sharing = &t->sharing, .home = i == 0}, .team = t, .id = i};
    pthread_mutex_lock(&t->sharing.lock);
    ck_pthreads_start(threads, wanted);
    t->dealer.workers = threads->count;
    pthread_mutex_unlock(&t->sharing.lock);
}

static void work_as_team(team *t, member *members, ck_sharer *counted, ck_exec_stats *stats)
{
    uint64_t began = ck_now_ns();
    ck_pthreads threads = {.members = members, .each = sizeof *members, .main = member_main};

    start_members(t, &threads, t->sharing.config->workers);
    stats->workers = threads.count;
    stats->spawn_s = ck_seconds(ck_now_ns() - began);
    ck_pthreads_work(&threads);
    for (unsigned i = 0; i < threads.count; i++)
        counted[i] = members[i].sharer;
    ck_sharing_count(stats, counted, threads.count);
    if (t->pins)
        ck_unpin(t->pins);
}

static ck_status run_by_rule(const ck_exec_config *config, const ck_work *work, ck_exec_stats *stats, ck_error *err)
{
    team t = {.dealer = {.tiles = config->tiles}};
    member *members = calloc(config->workers, sizeof *members);
    ck_sharer *counted = calloc(config->workers, sizeof *counted);
    ck_status status = members && counted ? CK_OK
                                          : ck_fail_memory(err, config->workers * sizeof *members, "starting the threads");

    if (!status)
        status = ck_schedule_parse(config->options->schedule, &t.dealer.schedule, err);
    if (!status && config->options->pin)
        status = ck_pins_make(&t.pins, err);
    if (!status)
        status = ck_sharing_init(&t.sharing, config, work, err);
    if (!status) {
        work_as_team(&t, members, counted, stats);
        ck_sharing_destroy(&t.sharing);
    }
    ck_pins_free(&t.pins);
    free(counted);
    free(members);
    return status;
}

static ck_status run_threads(const ck_exec_config *config, const ck_work *work, ck_exec_stats *stats, ck_error *err)
{
    return config->options->schedule ? run_by_rule(config, work, stats, err) : run(config, work, stats, err);
}

static const char *const honoured[] = {"schedule", "pin", NULL};

const ck_exec ck_exec_threads = {
    .name = "threads",
    .summary = "a pool of pthreads, one mutex, one condition variable",
    .about = {.unit = "a pthread",
              .memory = "shared, nothing is copied",
              .lock = "would make it one worker: see gil",
              .strength = "the cheapest way to use every core",
              .weakness = "a crash anywhere ends the whole run",
              .suits = "image chunking on one machine",
              .options = honoured},
    .check = ck_schedule_check,
    .traits = CK_EXEC_WHOLE_INPUTS | CK_EXEC_SHARES,
    .fills_ahead = 1,
    .run = run_threads,
};
