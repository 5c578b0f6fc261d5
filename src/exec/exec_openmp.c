/*
 * OpenMP tasks. The first thread asks for tickets and makes a task of each; a
 * task carries its ticket, asks for the next one and goes on, and makes tasks
 * of further tickets as long as there are threads without one. A task that
 * finds nothing ends, and its thread is the runtime's to keep: all waiting is
 * in the barrier at the end of the parallel region. Progress is certain: next()
 * says LATER only while a ticket is out, and whoever brings that one back asks
 * again on everybody's behalf.
 *
 * With --schedule, or where OMP_SCHEDULE is set, tiles are the iterations of a
 * work-sharing loop with schedule(runtime), and who has an iteration whose
 * rows are not there decodes meanwhile (sharing.h).
 *
 * So OMP_PROC_BIND, OMP_PLACES, OMP_WAIT_POLICY and OMP_DYNAMIC act as they do
 * for any OpenMP program; OMP_NUM_THREADS is the default of --workers.
 *
 * GCC's runtime ends the program when the system refuses a thread, so the
 * number that can be had is found out with plain threads first.
 */
#include <limits.h>
#include <omp.h>
#include <stdlib.h>

#include "base/clock.h"
#include "exec/exec.h"
#include "exec/probe.h"
#include "exec/sharing.h"

typedef struct team {
    const ck_exec_config *config;
    const ck_work *work;
    void **mine;      /* per thread, written by that thread */
    bool *entered;    /* likewise */
    omp_lock_t books; /* around next, done and fail */
    unsigned workers;
    unsigned active;  /* tasks that have a ticket; under books */
    uint64_t acquisitions, lock_ns; /* of books; under books */
    ck_pins *pins;    /* NULL: threads are not bound; read-only while they run */
} team;

/* The clock is only looked at where there is something to wait for. */
static void open_books(team *t)
{
    uint64_t began;

    if (!omp_test_lock(&t->books)) {
        began = ck_now_ns();
        omp_set_lock(&t->books);
        t->lock_ns += ck_now_ns() - began;
    }
    t->acquisitions++;
}

/* The calling thread's own state, made when it gets its first ticket. */
static bool enter(team *t, int me)
{
    ck_error err;

    if (t->entered[me])
        return true;
    if (t->work->enter(t->work->self, (unsigned)me, &t->mine[me], &err)) {
        open_books(t);
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
        open_books(t);
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

    open_books(t);
    n = take_more_locked(t, first);
    omp_unset_lock(&t->books);
    spawn(t, first, n);
}

/* Every thread of the region. Each leaves by itself: what it counted is its own. */
static void work_in_team(team *t, ck_exec_stats *stats, uint64_t began)
{
    int me = omp_get_thread_num();

    if (t->pins)
        ck_pin(t->pins, (unsigned)me);
#pragma omp master
    {
        t->workers = (unsigned)omp_get_num_threads();
        stats->workers = t->workers;
        stats->spawn_s = ck_seconds(ck_now_ns() - began);
        first_tickets(t);
    }
#pragma omp barrier
    if (t->entered[me])
        t->work->leave(t->work->self, t->mine[me]);
    if (t->pins)
        ck_unpin(t->pins);
}

static ck_status run(const ck_exec_config *config, const ck_work *work, ck_exec_stats *stats, ck_error *err)
{
    uint64_t began = ck_now_ns();
    team t = {.config = config, .work = work};

    t.workers = ck_threads_to_be_had(config->workers);
    t.mine = calloc(t.workers, sizeof *t.mine);
    t.entered = calloc(t.workers, sizeof *t.entered);
    if (!t.mine || !t.entered) {
        free(t.mine);
        free(t.entered);
        return ck_fail_memory(err, t.workers * sizeof *t.mine, "starting the OpenMP team");
    }
    if (config->options->pin && ck_pins_make(&t.pins, err)) {
        free(t.mine);
        free(t.entered);
        return err->status;
    }
    omp_init_lock(&t.books);
#pragma omp parallel num_threads((int)t.workers) shared(t)
    work_in_team(&t, stats, began);
    stats->lock_acquisitions = t.acquisitions;
    stats->lock_wait_s = ck_seconds(t.lock_ns);
    stats->bytes_copied = 0;
    ck_pins_free(&t.pins);
    omp_destroy_lock(&t.books);
    free(t.mine);
    free(t.entered);
    return CK_OK;
}

/* ---- tiles by a rule ------------------------------------------------------------ */

static omp_sched_t kind_of(ck_schedule s)
{
    static const omp_sched_t kinds[] = {omp_sched_static, omp_sched_dynamic, omp_sched_guided};

    return kinds[s.kind];
}

/* Ascending in each thread, so that the waiting comes to an end: hence monotonic. */
static void work_in_loop(ck_sharer *sharers, const ck_exec_config *config, const ck_pins *pins, ck_exec_stats *stats,
                         uint64_t began)
{
    unsigned me = (unsigned)omp_get_thread_num();

    if (pins)
        ck_pin(pins, me);
#pragma omp master
    {
        stats->workers = (unsigned)omp_get_num_threads();
        stats->spawn_s = ck_seconds(ck_now_ns() - began);
    }
    ck_sharing_enter(&sharers[me], me);
#pragma omp for schedule(monotonic : runtime) nowait
    for (uint64_t i = 0; i < config->tiles; i++)
        (void)ck_sharing_tile(&sharers[me], i); /* where the work is over early, the rest of the iterations is short */
    ck_sharing_help(&sharers[me]);
    ck_sharing_leave(&sharers[me]);
    if (pins)
        ck_unpin(pins);
}

static ck_status run_loop(const ck_exec_config *config, const ck_work *work, ck_exec_stats *stats, ck_error *err)
{
    uint64_t began = ck_now_ns();
    unsigned n = ck_threads_to_be_had(config->workers);
    ck_sharer *sharers = calloc(n, sizeof *sharers);
    ck_schedule schedule;
    ck_sharing sharing;
    ck_pins *pins = NULL;
    omp_sched_t kind;
    int chunk;
    ck_status status = sharers ? CK_OK : ck_fail_memory(err, n * sizeof *sharers, "starting the OpenMP team");

    omp_get_schedule(&kind, &chunk);
    if (!status && config->options->schedule)
        status = ck_schedule_parse(config->options->schedule, &schedule, err);
    if (!status && config->options->pin)
        status = ck_pins_make(&pins, err);
    if (!status)
        status = ck_sharing_init(&sharing, config, work, err);
    if (!status) {
        if (config->options->schedule)
            omp_set_schedule(kind_of(schedule), (int)(schedule.chunk < INT_MAX ? schedule.chunk : INT_MAX));
        for (unsigned i = 0; i < n; i++)
            sharers[i] = (ck_sharer){.sharing = &sharing, .home = i == 0};
#pragma omp parallel num_threads((int)n) shared(sharers)
        work_in_loop(sharers, config, pins, stats, began);
        omp_set_schedule(kind, chunk);
        ck_sharing_count(stats, sharers, stats->workers);
        ck_sharing_destroy(&sharing);
    }
    ck_pins_free(&pins);
    free(sharers);
    return status;
}

static ck_status run_openmp(const ck_exec_config *config, const ck_work *work, ck_exec_stats *stats, ck_error *err)
{
    const char *set = getenv("OMP_SCHEDULE");
    bool by_rule = config->options->schedule || (set && *set);

    return by_rule ? run_loop(config, work, stats, err) : run(config, work, stats, err);
}

/* OMP_NUM_THREADS is the default of --workers in every mode. */
static const char *const obeyed[] = {"OMP_SCHEDULE", "OMP_PROC_BIND", "OMP_PLACES", "OMP_WAIT_POLICY", "OMP_DYNAMIC", "GOMP_CPU_AFFINITY", NULL};

static const char *const honoured[] = {"schedule", "pin", NULL};

const ck_exec ck_exec_openmp = {
    .name = "openmp",
    .summary = "OpenMP tasks, or a loop by --schedule or OMP_SCHEDULE; honours OMP_PROC_BIND, OMP_PLACES, OMP_WAIT_POLICY",
    .about = {.unit = "a task on a thread of the OpenMP team",
              .memory = "shared, nothing is copied",
              .lock = "would make it one worker: see gil",
              .strength = "the runtime places threads and shares them with other OpenMP code",
              .weakness = "idle threads spin a while; a team cannot be carried through fork",
              .suits = "programs that use OpenMP already",
              .options = honoured},
    .check = ck_schedule_check,
    .traits = CK_EXEC_WHOLE_INPUTS | CK_EXEC_SHARES,
    .environment = obeyed,
    .fills_ahead = 1,
    .run = run_openmp,
};
