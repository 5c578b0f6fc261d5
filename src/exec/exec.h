/*
 * Executors: each decides who carries which ticket, and where. An executor
 * knows nothing about images; it is one function, and nothing it starts
 * outlives that function.
 *
 * To add one: a file exec_NAME.c whose last lines are the ck_exec, and a line
 * in execs.def. The conformance tests run it from then on.
 */
#ifndef CK_EXEC_EXEC_H
#define CK_EXEC_EXEC_H

#include "core/work.h"

enum ck_exec_traits {
    CK_EXEC_PROCESSES = 1u << 0, /* workers are processes: what they share must lie in a shared arena */
    CK_EXEC_ONE_WORKER = 1u << 1 /* never more than one worker */
};

typedef struct ck_exec_config {
    unsigned workers; /* wanted, >= 1 */
    bool fill_anywhere; /* any worker may carry FILLs; false: only worker 0 holds the decoder */
    void *shared;     /* shared_size bytes of zeroed arena, 64-byte aligned */

    /* To be called at least every 50 ms by somebody who is not carrying a ticket; looks at the clock itself. */
    void (*pulse)(void *user);
    void *user;
} ck_exec_config;

typedef struct ck_exec_stats {
    unsigned workers;    /* that really worked */
    double spawn_s;      /* until all of them were ready */
    uint64_t peak_bytes; /* memory of all processes together; 0: one process, ask the system */
} ck_exec_stats;

typedef struct ck_exec {
    const char *name, *summary;
    const char *details; /* unit of execution, memory, strength, weakness */
    unsigned traits;
    size_t (*shared_size)(unsigned workers); /* NULL: 0 */

    /*
     * FILLs of a chain that may be out at once, >= 1. More than one only where
     * the executor gives all of them to one worker, which carries them in order.
     */
    unsigned fills_ahead;

    /*
     * Carries tickets until next() says CK_END. Worker numbers are 0 ..
     * workers-1. A failure to begin at all is
     * returned; one on the way goes through work->fail or work->lost.
     */
    ck_status (*run)(const ck_exec_config *config, const ck_work *work, ck_exec_stats *stats, ck_error *err);
} ck_exec;

const ck_exec *ck_exec_find(const char *name);
const ck_exec *ck_exec_at(size_t i);

#endif
