/*
 * Errands: independent things to do, each a ticket that one worker of a mode
 * carries from its beginning to its end. The executors are those of any job,
 * and know no more of errands than of tiles.
 *
 * What becomes of an errand lies in its own entry of an arena, which workers
 * that are processes share. Bookkeeping is at home; `stop` is read by errands
 * on their way. A user's tick is called by whoever moves the pulse on, in the
 * process that is home.
 */
#ifndef CK_PIPELINE_ERRANDS_H
#define CK_PIPELINE_ERRANDS_H

#include <chunkimg/chunkimg.h>
#include <stdatomic.h>
#include <sys/types.h>

#include "exec/exec.h"
#include "os/arena.h"

typedef struct ck_errands {
    /* given */
    const ck_exec *exec;
    const chunkimg_options *options; /* for the executor */
    unsigned workers;
    size_t count, entry_nbytes;
    void *user;
    void (*carry)(void *user, size_t i); /* any worker, many at once, maybe in another process; what it leaves goes into entry i */
    void (*settled)(void *user, size_t i, const ck_error *lost); /* at home; lost: its carriers died of it, and why; else NULL */
    const char *(*name)(void *user, size_t i);                   /* for messages */
    chunkimg_tick tick; /* counts errands as tiles; NULL: none */
    void *tick_user;

    /* its own */
    const ck_turns *turns; /* of a mode with a global lock, while it runs; errands let go of it while they wait. Else NULL */
    uint8_t *entries;      /* zeroed; from open to close */
    ck_arena arena;
    size_t executor;       /* where its part of the arena begins */
    pid_t home;
    int home_cpu;
    uint64_t began_ns;
    atomic_ullong pulse_ns; /* when tick was last called; whoever moves it calls */
    atomic_bool ticking;    /* somebody is in it */
    atomic_size_t back; /* at home */
    size_t next, out;   /* at home */
    ck_error failure;   /* at home: the executor's own */
} ck_errands;

/* Takes the memory. On failure there is nothing to close. */
ck_status ck_errands_open(ck_errands *e, ck_error *err);
void ck_errands_close(ck_errands *e);

/* Has all of them carried. CHUNKIMG_OK: each was, or was lost; else those that were not are not settled. */
ck_status ck_errands_run(ck_errands *e, ck_error *err);

static inline void *ck_errands_entry(const ck_errands *e, size_t i)
{
    return e->entries + i * e->entry_nbytes;
}

/* In an errand, between its steps: looks at the clock. True: give up. */
bool ck_errands_pulse(ck_errands *e);

/* The user, or a failure, stopped them. */
bool ck_errands_stopped(const ck_errands *e);

#endif
