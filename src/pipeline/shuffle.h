/*
 * For tests of what may depend on the order in which tickets are handed out:
 * with CHUNKIMG_TEST_SHUFFLE=SEED in the environment a job draws, from all
 * tiles (and rows, where they are no chain) that could be begun, the one that
 * is begun next; and whether that comes before what the scheduler prefers. A
 * SEED of 0 is as none. Everything here is called by whoever calls next().
 */
#ifndef CK_PIPELINE_SHUFFLE_H
#define CK_PIPELINE_SHUFFLE_H

#include "core/sched.h"

enum { CK_SHUFFLED_MOST = 64 };

typedef struct ck_shuffle {
    uint64_t seed; /* 0: nothing is shuffled */
    ck_ticket held[CK_SHUFFLED_MOST]; /* the scheduler has given them out, and nobody has them */
    unsigned count;
} ck_shuffle;

void ck_shuffle_read(ck_shuffle *s);

/* As ck_sched_next, of a scheduler that was not stopped. */
ck_next ck_shuffle_next(ck_shuffle *s, ck_sched *sched, unsigned roles, ck_ticket *out);

/* A ticket that nobody will carry, to be given back; false: there is none. */
bool ck_shuffle_left(ck_shuffle *s, ck_ticket *out);

#endif
