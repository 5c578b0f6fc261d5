/*
 * Processes that each run threads, over one shared arena. The supervisor, its
 * rings and what happens at a death are those of exec_processes.c; a child has
 * several threads that take tickets from its one ring (proc_child.c), so fewer
 * processes are started, and one that dies takes more with it: all that its
 * threads had in hand. Each of those is then suspected, and carried by a
 * process that has nothing else, so a poison tile never pulls others down.
 *
 * FILLs of a chain go to one process, where any thread may carry one: one at a
 * time, each after the last has come back.
 */
#include "exec/proc.h"

/* Processes and threads whose product is near `workers`: what was asked for, else the fewest processes that divide it. */
static void team(const chunkimg_options *o, unsigned workers, unsigned *processes, unsigned *threads)
{
    unsigned p = (unsigned)o->processes, t = (unsigned)o->threads;

    if (p && !t) {
        t = (workers + p - 1) / p;
    } else if (t && !p) {
        p = (workers + t - 1) / t;
    } else if (!p) {
        for (p = 2; p < workers && workers % p; p++)
            ;
        t = workers > 1 ? workers / p : 1;
        p = workers > 1 ? p : 1;
    }
    *processes = p;
    *threads = t < CK_SEAT_THREADS_MOST ? t : CK_SEAT_THREADS_MOST;
}

static ck_status workers(const chunkimg_options *o, unsigned *wanted, unsigned *processes, ck_error *err)
{
    unsigned threads, asked = (unsigned)o->workers;

    team(o, *wanted, processes, &threads);
    if (asked && asked != *processes * threads)
        return ck_fail(err, CHUNKIMG_USAGE, "workers: %u are not %u processes of %u threads", asked, *processes, threads);
    *wanted = *processes * threads;
    return CK_OK;
}

static ck_status run(const ck_exec_config *config, const ck_work *work, ck_exec_stats *stats, ck_error *err)
{
    unsigned processes, threads;

    team(config->options, config->workers, &processes, &threads);
    return ck_proc_run(config, threads, work, stats, err);
}

static const char *const honoured[] = {"processes", "threads", "sandbox", "start", "tile-timeout", "worker-program", NULL};

const ck_exec ck_exec_hybrid = {
    .name = "hybrid",
    .summary = "worker processes that each run threads, over one shared arena",
    .about = {.unit = "a thread of one of several processes",
              .memory = "pixels in one shared mapping; the rest shared in each process",
              .lock = "one worker in each process",
              .strength = "fewer processes for as many workers: less memory, fewer page tables",
              .weakness = "a crash loses what all threads of its process had in hand",
              .suits = "many cores, several sockets, libraries with a lock of their own",
              .options = honoured},
    .traits = CK_EXEC_PROCESSES,
    .shared_size = ck_proc_shared_size,
    .workers = workers,
    .fills_ahead = 2, /* one in hand, and the next one with it */
    .run = run,
};
