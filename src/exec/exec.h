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

#include <chunkimg/chunkimg.h>

#include "core/work.h"

enum ck_exec_traits {
    CK_EXEC_PROCESSES = 1u << 0, /* workers are processes: what they share must lie in a shared arena */
    CK_EXEC_WRITES_LATER = 1u << 1, /* encoded bytes stay in their slots until it has written them */
    CK_EXEC_WANDERS = 1u << 2,      /* a worker is no thread of its own: what the kernel counts per thread says nothing */
    CK_EXEC_WHOLE_INPUTS = 1u << 3, /* a ticket may as well be a whole job: nothing stands in such a job's way */
    CK_EXEC_EVENTS = 1u << 4,       /* waiting is an event loop's: downloads go on there, and no worker blocks for one */
    CK_EXEC_SHARES = 1u << 5        /* workers all run at once in one process and one memory */
};

typedef struct ck_exec_config {
    unsigned workers; /* wanted, >= 1 */
    bool fill_anywhere; /* any worker may carry FILLs; false: only worker 0 holds the decoder */
    bool rereadable;  /* a decoder that was lost can begin again in another process */
    uint64_t tiles;   /* in all */
    uint32_t slots;   /* tiles that are out at once, at most */
    void *shared;     /* shared_size bytes of zeroed arena, 64-byte aligned */
    const struct ck_sandbox *sandbox; /* worker processes confine themselves with it; NULL: they do not */
    /* For processes that are not forked from this one: what they need to find the same work, in the pipeline's own words. */
    const void *order;
    size_t order_nbytes;
    int arena;                /* descriptor of the shared memory; -1: they are forked */
    size_t arena_nbytes, shared_at; /* its size, and where in it `shared` lies */
    int input;                /* a descriptor of an input without a name, for them to read; -1: they open it by its path */
    int input_folder;         /* a descriptor, where workers open files to read; -1: nowhere */
    uint64_t file_nbytes;     /* the largest file that a worker makes */
    uint64_t worker_nbytes;   /* private memory that the plan gives each worker */
    uint64_t decoder_nbytes;  /* and a process besides that decodes */
    struct ck_fetches *downloads; /* go on meanwhile; an event loop moves them as well, others let them be. NULL: none */
    const chunkimg_options *options; /* of which it reads those that its chunkimg_mode names */

    /* To be called at least every 50 ms by somebody who is not carrying a ticket; looks at the clock itself. */
    void (*pulse)(void *user);
    void *user;
} ck_exec_config;

/*
 * What only the executor can know. Given as CK_EXEC_STATS_UNKNOWN: it sets what
 * it knows, field by field. What it leaves unknown is found by the pipeline
 * where that is possible (a time by the gaps between tickets, memory of one
 * process by asking the system), and else reported as not known.
 */
typedef struct ck_exec_stats {
    unsigned workers;            /* that really worked */
    double spawn_s;              /* until all of them were ready */
    unsigned confined;           /* ck_sandbox layers that hold every worker process */
    unsigned replaced;           /* processes that died, and others went on in their place */
    uint64_t peak_bytes;         /* memory of all processes together */
    uint64_t rss_bytes;          /* sum of resident sets at their peaks */
    uint64_t lock_acquisitions;  /* of locks that workers share */
    double lock_wait_s;          /* all workers */
    uint64_t lock_requests;      /* of a global lock: intervals that ran out for a waiter */
    uint64_t lock_forced;        /* of a global lock: hand-overs that a request forced */
    double queue_wait_s;         /* all workers, for a ticket to come */
    uint64_t loop_turns;         /* of an event loop */
    double loop_mean_s, loop_worst_s; /* a turn without the loop's sleep: how long an event may wait */
    uint64_t bytes_copied;       /* between workers */
    uint64_t bytes_by_reference; /* unknown: all that tickets read of each other */
} ck_exec_stats;

#define CK_EXEC_STATS_UNKNOWN                                                                                     \
    ((ck_exec_stats){.peak_bytes = CHUNKIMG_UNKNOWN,                                                              \
                     .rss_bytes = CHUNKIMG_UNKNOWN,                                                               \
                     .lock_acquisitions = CHUNKIMG_UNKNOWN,                                                       \
                     .lock_wait_s = -1,                                                                           \
                     .lock_requests = CHUNKIMG_UNKNOWN,                                                           \
                     .lock_forced = CHUNKIMG_UNKNOWN,                                                             \
                     .loop_turns = CHUNKIMG_UNKNOWN,                                                              \
                     .loop_mean_s = -1,                                                                           \
                     .loop_worst_s = -1,                                                                          \
                     .queue_wait_s = -1,                                                                          \
                     .bytes_copied = CHUNKIMG_UNKNOWN,                                                            \
                     .bytes_by_reference = CHUNKIMG_UNKNOWN})

typedef struct ck_exec {
    const char *name, *summary;
    const char *details; /* what one must know to read its figures; NULL: nothing */
    chunkimg_mode about; /* what `help modes` sets side by side, and the options that it honours */
    unsigned traits;
    const char *const *environment; /* variables that it alone obeys: whoever set one wants it. Ends with NULL; NULL: none */
    size_t (*shared_size)(unsigned workers); /* NULL: 0 */
    ck_status (*check)(const chunkimg_options *options, ck_error *err); /* of those that it honours; NULL: rows say it all */

    /*
     * Workers that are made of *wanted (which may become another number), and
     * processes that they are spread over. CHUNKIMG_USAGE where the options
     * contradict each other. NULL: as many as wanted, each a process where
     * workers are processes.
     */
    ck_status (*workers)(const chunkimg_options *options, unsigned *wanted, unsigned *processes, ck_error *err);

    /*
     * FILLs of a chain that may be out at once, >= 1. More than one only where
     * the executor gives all of them to one process, which carries them in order.
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
