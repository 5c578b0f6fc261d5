/*
 * For tests of what happens when a worker dies, hangs or is slow: a job looks
 * at these variables of the environment, and does to itself what they say.
 *
 *   CHUNKIMG_TEST_STALL=US           every ticket waits 0 to 4 times US microseconds, by its number
 *   CHUNKIMG_TEST_KILL=SEQ[:TIMES]   a worker kills itself before it makes tile SEQ
 *   CHUNKIMG_TEST_KILL_AFTER=...     once it has made and stored the tile, but not said so
 *   CHUNKIMG_TEST_KILL_FILL=...      before it decodes the rows of FILL SEQ
 *   CHUNKIMG_TEST_STUCK=...          stops itself before it makes tile SEQ
 *   CHUNKIMG_TEST_OPEN=PATH          a worker kills itself if it can open that path, or make it by any descriptor it has
 *   CHUNKIMG_TEST_MEMORY=MIB         a worker kills itself if it can have that much memory
 *
 * TIMES: so often in the whole run, in whatever process; always by default.
 */
#ifndef CK_PIPELINE_DISTURB_H
#define CK_PIPELINE_DISTURB_H

#include "core/work.h"

enum { CK_DISTURBANCES = 4 };

typedef struct ck_disturb {
    unsigned long stall_us;
    const char *open;
    unsigned long memory_mib;
    bool any; /* of the next ones */
    struct {
        uint64_t seq; /* UINT64_MAX: never */
        unsigned times;
    } at[CK_DISTURBANCES];
} ck_disturb;

void ck_disturb_read(ck_disturb *d);

/* happened[CK_DISTURBANCES]: shared by all workers. */
void ck_disturb_before(const ck_disturb *d, atomic_uint *happened, ck_ticket t);
void ck_disturb_after(const ck_disturb *d, atomic_uint *happened, ck_ticket t);

#endif
