/*
 * One mutex around two lists: what waits to be carried, and what was carried.
 * A thread waits on `come` for the first; the loop never waits here, it is
 * told by back(). Nobody can wait for ever: the list that a thread waits on
 * grows under the lock and wakes one, and `over` wakes all.
 */
#include "exec/async_pool.h"

#include <errno.h>
#include <stdlib.h>

#include "base/clock.h"
#include "exec/probe.h"
#include "exec/pthreads.h"

typedef struct list {
    ck_async_item *first, **end;
} list;

typedef struct member {
    pthread_t thread; /* first, as ck_pthreads has it */
    ck_async_pool *pool;
} member;

struct ck_async_pool {
    void (*carry)(void *what);
    void (*back)(void *user);
    void *user;
    ck_pthreads threads; /* the loop's own is the first of them */
    member *members;
    pthread_mutex_t lock; /* around the rest */
    pthread_cond_t come;
    list waiting, carried;
    bool over;
    uint64_t acquisitions, lock_ns, queue_ns;
};

static void append(list *l, ck_async_item *item)
{
    item->next = NULL;
    *l->end = item;
    l->end = &item->next;
}

static ck_async_item *take_first(list *l)
{
    ck_async_item *item = l->first;

    if (item && !(l->first = item->next))
        l->end = &l->first;
    return item;
}

/* The clock is only looked at where there is something to wait for. */
static void take_lock(ck_async_pool *p)
{
    uint64_t began;

    if (pthread_mutex_trylock(&p->lock)) {
        began = ck_now_ns();
        pthread_mutex_lock(&p->lock);
        p->lock_ns += ck_now_ns() - began;
    }
    p->acquisitions++;
}

/* NULL: it is over. */
static ck_async_item *wait_locked(ck_async_pool *p)
{
    ck_async_item *item;

    while (!(item = take_first(&p->waiting)) && !p->over) {
        uint64_t began = ck_now_ns();

        pthread_cond_wait(&p->come, &p->lock);
        p->acquisitions++;
        p->queue_ns += ck_now_ns() - began;
    }
    return item;
}

static void *member_main(void *arg)
{
    ck_async_pool *p = ((member *)arg)->pool;
    ck_async_item *item;

    take_lock(p);
    while ((item = wait_locked(p))) {
        pthread_mutex_unlock(&p->lock);
        p->carry(item->what);
        take_lock(p);
        append(&p->carried, item);
        p->back(p->user);
    }
    pthread_mutex_unlock(&p->lock);
    return NULL;
}

ck_status ck_async_pool_open(unsigned threads, void (*carry)(void *what), void (*back)(void *user), void *user,
                             ck_async_pool **out, ck_error *err)
{
    ck_async_pool *p = calloc(1, sizeof *p);
    member *members = calloc(threads + 1, sizeof *members);
    int why = p && members ? pthread_mutex_init(&p->lock, NULL) : 0;

    *out = NULL;
    if (!p || !members || why || (why = pthread_cond_init(&p->come, NULL))) {
        free(members);
        free(p);
        return why ? ck_fail_os(err, why, "starting the threads of the event loop")
                   : ck_fail_memory(err, threads * sizeof *members, "starting the threads of the event loop");
    }
    p->carry = carry;
    p->back = back;
    p->user = user;
    p->members = members;
    p->waiting.end = &p->waiting.first;
    p->carried.end = &p->carried.first;
    p->threads = (ck_pthreads){.members = members, .each = sizeof *members, .main = member_main};
    for (unsigned i = 0; i <= threads; i++)
        members[i].pool = p;
    ck_pthreads_start(&p->threads, threads + 1);
    *out = p;
    if (p->threads.count > 1)
        return CK_OK;
    ck_async_pool_close(out);
    return ck_fail_os(err, EAGAIN, "starting a thread of the event loop");
}

unsigned ck_async_pool_threads(const ck_async_pool *p)
{
    return p->threads.count - 1;
}

void ck_async_pool_hand(ck_async_pool *p, ck_async_item *item)
{
    take_lock(p);
    append(&p->waiting, item);
    pthread_cond_signal(&p->come);
    pthread_mutex_unlock(&p->lock);
}

ck_async_item *ck_async_pool_take(ck_async_pool *p)
{
    take_lock(p);
    ck_async_item *item = take_first(&p->carried);
    pthread_mutex_unlock(&p->lock);
    return item;
}

void ck_async_pool_count(ck_async_pool *p, ck_exec_stats *stats)
{
    pthread_mutex_lock(&p->lock);
    stats->lock_acquisitions = p->acquisitions;
    stats->lock_wait_s = ck_seconds(p->lock_ns);
    stats->queue_wait_s = ck_seconds(p->queue_ns);
    pthread_mutex_unlock(&p->lock);
}

void ck_async_pool_close(ck_async_pool **pool)
{
    ck_async_pool *p = *pool;

    if (!p)
        return;
    *pool = NULL;
    pthread_mutex_lock(&p->lock);
    p->over = true;
    pthread_cond_broadcast(&p->come);
    pthread_mutex_unlock(&p->lock);
    ck_pthreads_join(&p->threads);
    pthread_cond_destroy(&p->come);
    pthread_mutex_destroy(&p->lock);
    free(p->members);
    free(p);
}

/* As libuv reads it. */
static unsigned threads_for_files(void)
{
    enum { BY_ITSELF = 4, MOST = 1024 };
    const char *asked = getenv("UV_THREADPOOL_SIZE");
    int n = asked ? atoi(asked) : BY_ITSELF;

    return n < 1 ? 1 : n > MOST ? MOST : (unsigned)n;
}

bool ck_async_files_by_threads(void)
{
    unsigned wanted = threads_for_files();

    return ck_threads_to_be_had(wanted + 1) > wanted;
}
