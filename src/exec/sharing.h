/*
 * Tiles handed out by a rule, where default handing out is "whoever is free":
 * the rule says which worker carries which tile, as a work-sharing loop of
 * OpenMP does, and each worker carries its own in ascending order.
 *
 * The scheduler hands out tiles in order and only when their rows are there.
 * So a worker that asks may be given a tile of another: it lies in a mailbox
 * until its worker comes for it. Meanwhile everybody decodes and drains.
 */
#ifndef CK_EXEC_SHARING_H
#define CK_EXEC_SHARING_H

#include <pthread.h>

#include "exec/exec.h"
#include "os/pin.h"

typedef enum ck_schedule_kind { CK_SCHEDULE_STATIC, CK_SCHEDULE_DYNAMIC, CK_SCHEDULE_GUIDED } ck_schedule_kind;

/* chunk 0: the kind's own: static a share each, dynamic and guided 1 */
typedef struct ck_schedule {
    ck_schedule_kind kind;
    uint64_t chunk;
} ck_schedule;

/* "static", "guided,4"; CHUNKIMG_USAGE names what there is. */
ck_status ck_schedule_parse(const char *text, ck_schedule *out, ck_error *err);

/* The check of an executor that honours --schedule. */
ck_status ck_schedule_check(const chunkimg_options *options, ck_error *err);

/* Which tiles a worker of `workers` gets next, of `tiles` in all. */
typedef struct ck_dealer {
    ck_schedule schedule;
    uint64_t tiles, dealt; /* dealt: of dynamic and guided */
    unsigned workers;
} ck_dealer;

/*
 * The next tiles of the worker, [*from, *to), or false: there are no more for
 * it. `last`: the end of those it was given before, 0 for the first call. One
 * caller at a time.
 */
bool ck_deal(ck_dealer *d, unsigned worker, uint64_t last, uint64_t *from, uint64_t *to);

typedef struct ck_sharing {
    const ck_exec_config *config;
    const ck_work *work;
    pthread_mutex_t lock;   /* around all that follows, and the work's books */
    pthread_cond_t change;
    unsigned waiting;
    ck_ticket *mail;        /* of tile i at i % slots */
    bool *mailed;
} ck_sharing;

/* One worker; written by its own thread. */
typedef struct ck_sharer {
    ck_sharing *sharing;
    void *mine;             /* NULL: it could not enter, and brings tickets back undone */
    bool home;              /* looks at the clock while it waits */
    uint64_t acquisitions, lock_ns, queue_ns;
} ck_sharer;

ck_status ck_sharing_init(ck_sharing *s, const ck_exec_config *config, const ck_work *work, ck_error *err);
void ck_sharing_destroy(ck_sharing *s);

/* By the worker's own thread, before all else. A failure has stopped the work. */
void ck_sharing_enter(ck_sharer *me, unsigned id);
void ck_sharing_leave(ck_sharer *me);

/* Carries tile `i` when it is ready, and other work until then. False: the work is over, without it. */
bool ck_sharing_tile(ck_sharer *me, uint64_t i);

/* Carries what is no tile until the work is over. */
void ck_sharing_help(ck_sharer *me);

/* For callers that keep books of their own under the same lock. */
void ck_sharing_lock(ck_sharer *me);
void ck_sharing_unlock(ck_sharer *me);

void ck_sharing_count(ck_exec_stats *stats, const ck_sharer *sharers, unsigned n);

#endif
