/*
 * What executors of pthreads share: starting as many as can be had, and
 * conditions that are waited on until a time.
 */
#ifndef CK_EXEC_PTHREADS_H
#define CK_EXEC_PTHREADS_H

#include <pthread.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Threads that all do the same, the calling one among them as the first. Each
 * has an element of the caller's array, filled before the start, whose first
 * field is its pthread_t.
 */
typedef struct ck_pthreads {
    void *members;
    size_t each;                  /* bytes of an element */
    void *(*main)(void *member);
    unsigned count;               /* that are there; set by the start */
} ck_pthreads;

/* Starts all but the first. Where the system refuses one, count is less than wanted; at the least it is 1. */
void ck_pthreads_start(ck_pthreads *t, unsigned wanted);

/* The first's part, then waits for the others. */
void ck_pthreads_work(const ck_pthreads *t);

/* Waits for the others alone. */
void ck_pthreads_join(const ck_pthreads *t);

/* A condition whose timed waits count by the clock of ck_now_ns; an errno value, or 0. */
int ck_pthreads_condition(pthread_cond_t *cond);

/* Waits until that time at most; an errno value, ETIMEDOUT among them, or 0. */
int ck_pthreads_wait_until(pthread_cond_t *cond, pthread_mutex_t *locked, uint64_t until_ns);

#endif
