/*
 * A global lock with the protocol of CPython's interpreter lock (Python
 * 3.2 and later, A. Pitrou's design): a waiter that has waited an interval
 * without the lock changing hands sets a request; the holder looks at it at
 * its next check, lets go, and waits until another thread has really taken the
 * lock ("forced switching"), so that it cannot win the race for it again.
 */
#ifndef CK_EXEC_GIL_H
#define CK_EXEC_GIL_H

#include <pthread.h>
#include <stdatomic.h>

#include "base/error.h"
#include "base/turns.h"

typedef struct ck_gil {
    uint64_t interval_ns;
    unsigned release; /* percent of native kernels that run without the lock */

    atomic_bool request;       /* a waiter's interval ran out; set by waiters, cleared by whoever takes the lock */
    pthread_mutex_t mutex;     /* around all of the rest */
    pthread_cond_t freed;      /* for waiters: locked became false */
    pthread_cond_t taken;      /* for the one that let go on request: holder changed */
    bool locked;
    const void *holder;        /* the last one, also while nobody holds it */
    uint64_t switches;         /* times that it went to another holder */

    unsigned share[CK_NATIVE_KINDS]; /* percent that were promised and not given yet; by the holder */
} ck_gil;

/* What one thread counted; only that thread writes it. It is also the thread's identity towards the lock. */
typedef struct ck_gil_user {
    uint64_t acquisitions, waited_ns;
    uint64_t requests; /* intervals that ran out while it waited */
    uint64_t forced;   /* times that it let go on request and waited for another to take the lock */
    unsigned depth;    /* of let_go: 0 while it holds the lock */
} ck_gil_user;

/* interval_s > 0; release 0 .. 100 */
ck_status ck_gil_init(ck_gil *g, double interval_s, unsigned release, ck_error *err);
void ck_gil_destroy(ck_gil *g);

void ck_gil_take(ck_gil *g, ck_gil_user *me);
void ck_gil_drop(ck_gil *g, ck_gil_user *me);

/* Lets another thread have the lock where one asked for it. */
void ck_gil_check(ck_gil *g, ck_gil_user *me);

/* Whether the next kernel of its kind is one of those that run without the lock: `release` of every 100, evenly. */
bool ck_gil_share(ck_gil *g, enum ck_native kind);

#endif
