/*
 * Who waits for what: a thread that wants the lock waits on `freed`, by
 * intervals; the thread that let go on request waits on `taken`. The latter
 * cannot wait for ever: a request is set only by a thread that stays until it
 * has the lock, and taking the lock clears the request and signals `taken`.
 */
#include "exec/gil.h"

#include <errno.h>

#include "base/clock.h"
#include "exec/pthreads.h"

ck_status ck_gil_init(ck_gil *g, double interval_s, unsigned release, ck_error *err)
{
    int why;

    *g = (ck_gil){.interval_ns = (uint64_t)(interval_s * 1e9), .release = release};
    why = pthread_mutex_init(&g->mutex, NULL);
    if (!why)
        why = ck_pthreads_condition(&g->freed);
    if (!why)
        why = pthread_cond_init(&g->taken, NULL);
    return why ? ck_fail_os(err, why, "making the global lock") : CK_OK;
}

void ck_gil_destroy(ck_gil *g)
{
    pthread_cond_destroy(&g->taken);
    pthread_cond_destroy(&g->freed);
    pthread_mutex_destroy(&g->mutex);
}

/* Waits an interval at most; whether all of it went by. */
static bool interval_ran_out(ck_gil *g)
{
    return ck_pthreads_wait_until(&g->freed, &g->mutex, ck_now_ns() + g->interval_ns) == ETIMEDOUT;
}

static void wait_locked(ck_gil *g, ck_gil_user *me)
{
    uint64_t began = ck_now_ns();

    while (g->locked) {
        uint64_t seen = g->switches;

        /* A lock that changed hands meanwhile is shared already: nobody is asked. */
        if (interval_ran_out(g) && g->locked && g->switches == seen) {
            me->requests++;
            atomic_store(&g->request, true);
        }
    }
    me->waited_ns += ck_now_ns() - began;
}

void ck_gil_take(ck_gil *g, ck_gil_user *me)
{
    pthread_mutex_lock(&g->mutex);
    if (g->locked)
        wait_locked(g, me);
    g->locked = true;
    me->acquisitions++;
    if (g->holder != me) {
        g->holder = me;
        g->switches++;
    }
    atomic_store(&g->request, false);
    pthread_cond_signal(&g->taken);
    pthread_mutex_unlock(&g->mutex);
}

void ck_gil_drop(ck_gil *g, ck_gil_user *me)
{
    uint64_t began;

    pthread_mutex_lock(&g->mutex);
    g->locked = false;
    pthread_cond_signal(&g->freed);
    if (atomic_load(&g->request)) {
        me->forced++;
        began = ck_now_ns();
        while (atomic_load(&g->request) && g->holder == me)
            pthread_cond_wait(&g->taken, &g->mutex);
        me->waited_ns += ck_now_ns() - began;
    }
    pthread_mutex_unlock(&g->mutex);
}

void ck_gil_check(ck_gil *g, ck_gil_user *me)
{
    if (!atomic_load_explicit(&g->request, memory_order_relaxed))
        return;
    ck_gil_drop(g, me);
    ck_gil_take(g, me);
}

bool ck_gil_share(ck_gil *g, enum ck_native kind)
{
    g->share[kind] += g->release;
    if (g->share[kind] < 100)
        return false;
    g->share[kind] -= 100;
    return true;
}
