#include "exec/pthreads.h"

#include <time.h>

static void *member_at(const ck_pthreads *t, unsigned i)
{
    return (char *)t->members + i * t->each;
}

void ck_pthreads_start(ck_pthreads *t, unsigned wanted)
{
    t->count = 1;
    while (t->count < wanted) {
        void *member = member_at(t, t->count);
        pthread_t thread;

        if (pthread_create(&thread, NULL, t->main, member))
            break;
        *(pthread_t *)member = thread; /* for this thread alone, which joins it */
        t->count++;
    }
}

void ck_pthreads_join(const ck_pthreads *t)
{
    for (unsigned i = 1; i < t->count; i++)
        pthread_join(*(pthread_t *)member_at(t, i), NULL);
}

void ck_pthreads_work(const ck_pthreads *t)
{
    t->main(t->members);
    ck_pthreads_join(t);
}

int ck_pthreads_condition(pthread_cond_t *cond)
{
    pthread_condattr_t attr;
    int why = pthread_condattr_init(&attr);

    if (why)
        return why;
    why = pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    if (!why)
        why = pthread_cond_init(cond, &attr);
    pthread_condattr_destroy(&attr);
    return why;
}

int ck_pthreads_wait_until(pthread_cond_t *cond, pthread_mutex_t *locked, uint64_t until_ns)
{
    struct timespec until = {.tv_sec = (time_t)(until_ns / 1000000000u), .tv_nsec = (long)(until_ns % 1000000000u)};

    return pthread_cond_timedwait(cond, locked, &until);
}
