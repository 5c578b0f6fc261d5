/*
 * A supervisor and child processes over one shared arena.
 *
 * Who creates what: the arena is mapped by the caller; for every child the
 * supervisor makes a socket pair and starts a process, before any thread
 * exists in this one (a forked OpenMP runtime hangs). One child, the first,
 * holds the decoder: only it gets FILL tickets, and TILEs besides, unless the
 * file has segments that any process can decode by itself. All others get
 * TILEs. DRAINs are carried by the supervisor itself, the only one that
 * touches the scheduler.
 *
 * How tickets travel: each child has two rings in the arena, one in each
 * direction, each with one writer and one reader and no lock, so a child that
 * dies at any point holds nothing. Pixels, results and errors are in the slots
 * already; only the ticket moves. The file that a tile goes to is opened by
 * the supervisor and follows the ticket through the socket (proc_files.c), so
 * that no child ever opens a path. A ticket is leased, not given: the
 * supervisor remembers what each child has.
 *
 * Who waits for what: a child that finds its ring empty waits on its socket;
 * the supervisor waits in poll on all sockets. Each sets a flag before it
 * waits, and the other side writes one byte to the socket only where the flag
 * was set (os/ring.h says why no wake-up is lost). Neither can wait for ever:
 * the end of either process closes its end of the socket, which wakes the
 * other. A child that sees that ends.
 *
 * When a child dies: the supervisor takes what it had still said, waits for
 * its exit status (so it writes nothing any more), starts another process in
 * its place, and leases what it had to whoever is free. The ticket that it had
 * in hand is suspected: it goes to a process that has nothing else, and after
 * the third death it is given up with a message that names it. Rows are
 * decoded again from the first one: every process still has the decoder as it
 * was before the first row, and the rows of the ring that others read are not
 * written a second time. Only what cannot be read again (a pipe) ends with its
 * holder. A child that is stuck is killed, and then it is a dead one.
 *
 * Who frees: the supervisor tells each child to quit, waits for all of them
 * (and ends one that does not come), and closes the sockets; the arena is the
 * caller's.
 */
#include "exec/proc.h"

static ck_status run(const ck_exec_config *config, const ck_work *work, ck_exec_stats *stats, ck_error *err)
{
    return ck_proc_run(config, 1, work, stats, err);
}

static const char *const honoured[] = {"ipc", "sandbox", "start", "tile-timeout", "worker-program", NULL};

const ck_exec ck_exec_processes = {
    .name = "processes",
    .summary = "worker processes over one shared arena, rings of tickets, no shared locks",
    .details = "Several addresses are loaded by processes of their own, which need the network and are not confined by --sandbox; "
               "those that decode what came are.",
    .about = {.unit = "a process",
              .memory = "pixels in one shared mapping, all else private",
              .lock = "none: each process has its own",
              .strength = "a worker that crashes loses one tile, which another makes again",
              .weakness = "start-up, and a supervisor that hands out every ticket",
              .suits = "untrusted input, libraries that are not thread-safe",
              .options = honoured},
    .traits = CK_EXEC_PROCESSES | CK_EXEC_WHOLE_INPUTS,
    .shared_size = ck_proc_shared_size,
    .fills_ahead = 2, /* one in hand, and the next one in the ring */
    .run = run,
};
