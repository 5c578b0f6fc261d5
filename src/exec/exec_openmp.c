/*
 * OpenMP tasks. The first thread asks for tickets and makes a task of each; a
 * task carries its ticket, asks for the next one and goes on, and makes tasks
 * of further tickets as long as there are threads without one. A task that
 * finds nothing ends, and its thread is the runtime's to keep: all waiting is
 * in the barrier at the end of the parallel region. Progress is certain: next()
 * says LATER only while a ticket is out, and whoever brings that one back asks
 * again on everybody's behalf.
 *
 * So OMP_PROC_BIND, OMP_PLACES, OMP_WAIT_POLICY and OMP_DYNAMIC act as they do
 * for any OpenMP program; OMP_NUM_THREADS is the default of --workers.
 *
 * GCC's runtime ends the program when the system refuses a thread, so the
 * number that can be had is found out with plain threads first.
 */
#include <omp.h>
#include <pthread.h>
#include <stdlib.h>

#include "base/clock.h"
#include "exec/exec.h"

typedef struct team {
    const ck_exec_config *config;
    const ck_work *work;
    void **mine;      /* per thread, written by that thread */
    bool *entered;    /* likewise */
    omp_lock_t books; /* around next, done and fail */
    unsigned workers;
    unsigned active;  /* tasks that have a ticket; under books */
} team;

static void *probe_main(void *gate)
{
    pthread_mutex_lock(gate);
    pthread_mutex_unlock(gate);
    return NULL;
}

/* How many of `wanted` threads, the caller's included, can exist at once. */
static unsigned threads_to_be_had(unsigned wanted)
{
    pthread_mutex_t gate = PTHREAD_MUTEX_INITIALIZER;
    pthread_t *threads = calloc(wanted, sizeof *threads);
    unsigned n = 0;

    if (!threads)
        return 1;
    pthread_mutex_lock(&gate);
    while (n + 1 < wanted && !pthread_create(&threads[n], NULL, probe_main, &gate))
        n++;
    pthread_mutex_unlock(&gate);
    for (unsigned i = 0; i < n; i++)
        pthread_join(threads[i], NULL);
    free(threads);
    return n + 1;
}

/* The calling thread's own state, made when it gets its first ticket. */
static bool enter(team *t, int me)
{
    ck_error err;

    if (t->entered[me])
        return true;
    if (t->work->enter(t->work->self, (unsigned)me, &t->mine[me], &err)) {
        omp_set_lock(&t->books);
        t->work->fail(t->work->self, &err);
        omp_unset_lock(&t->books);
        return false;
    }
    t->entered[me] = true;
    return true;
}

enum { AT_ONCE = 64 }; /* tickets taken in one go; on larger teams the tasks made of them take the rest */

/* Tickets for threads that have none. Returns their number. */
static unsigned take_more_locked(team *t, ck_ticket more[AT_ONCE])
{
    unsigned n = 0;

    while (n < AT_ONCE && t->active < t->workers &&
           t->work->next(t->work->self, CK_ALL_ROLES, &more[n]) == CK_HAVE) {
        t->active++;
        n++;
    }
    return n;
}

static void carry_chain(team *t, ck_ticket ticket);

static void spawn(team *t, const ck_ticket *more, unsigned n)
{
    for (unsigned i = 0; i < n; i++) {
        ck_ticket ticket = more[i];
#pragma omp task firstprivate(t, ticket)
        carry_chain(t, ticket);
    }
}

static void carry_chain(team *t, ck_ticket ticket)
{
    const ck_work *w = t->work;
    int me = omp_get_thread_num();
    ck_next next;

    do {
        ck_ticket more[AT_ONCE];
        unsigned n = 0;

        /* A thread without its state brings the ticket back undone: fail() has stopped the work. */
        if (enter(t, me))
            w->carry(w->self, t->mine[me], ticket);
        omp_set_lock(&t->books);
        w->done(w->self, ticket);
        next = w->next(w->self, CK_ALL_ROLES, &ticket);
        if (next == CK_HAVE)
            n = take_more_locked(t, more);
        else
            t->active--;
        omp_unset_lock(&t->books);
        spawn(t, more, n);
        t->config->pulse(t->config->user);
    } while (next == CK_HAVE);
}

static void first_tickets(team *t)
{
    ck_ticket first[AT_ONCE];
    unsigned n;

    omp_set_lock(&t->books);
    n = take_more_locked(t, first);
    omp_unset_lock(&t->books);
    spawn(t, first, n);
}

static ck_status run(const ck_exec_config *config, const ck_work *work, ck_exec_stats *stats, ck_error *err)
{
    uint64_t began = ck_now_ns();
    team t = {.config = config, .work = work};

    t.workers = threads_to_be_had(config->workers);
    t.mine = calloc(t.workers, sizeof *t.mine);
    t.entered = calloc(t.workers, sizeof *t.entered);
    if (!t.mine || !t.entered) {
        free(t.mine);
        free(t.entered);
        return ck_fail_memory(err, t.workers * sizeof *t.mine, "starting the OpenMP team");
    }
    omp_init_lock(&t.books);
    *stats = (ck_exec_stats){.workers = t.workers};
#pragma omp parallel num_threads((int)t.workers) shared(t)
    {
#pragma omp master
        {
            t.workers = (unsigned)omp_get_num_threads();
            stats->workers = t.workers;
            stats->spawn_s = ck_seconds(ck_now_ns() - began);
            first_tickets(&t);
        }
    }
    for (unsigned i = 0; i < stats->workers; i++)
        if (t.entered[i])
            work->leave(work->self, t.mine[i]);
    omp_destroy_lock(&t.books);
    free(t.mine);
    free(t.entered);
    return CK_OK;
}

const ck_exec ck_exec_openmp = {
    .name = "openmp",
    .summary = "OpenMP tasks; honours OMP_PROC_BIND, OMP_PLACES, OMP_WAIT_POLICY",
    .details = "Unit of execution: a task on a thread of the OpenMP team. Memory: shared, nothing is copied. Strength: the "
               "runtime places threads and shares them with other OpenMP code. Weakness: its idle threads spin for a "
               "while; a team cannot be carried through fork. Suits: programs that use OpenMP already.",
    .fills_ahead = 1,
    .run = run,
};
