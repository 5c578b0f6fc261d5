/*
 * A supervisor and child processes over one shared arena.
 *
 * Who creates what: the arena is mapped by the caller; for every child the
 * supervisor makes a socket pair and forks, before any thread exists in this
 * process (a forked OpenMP runtime hangs). Child 0 holds the decoder: only it
 * gets FILL tickets, and TILEs besides, unless the file has segments that any
 * process can decode by itself. All others get TILEs. DRAINs are
 * carried by the supervisor itself, the only one that touches the scheduler.
 *
 * How tickets travel: each child has two rings in the arena, one in each
 * direction, each with one writer and one reader and no lock, so a child that
 * dies at any point holds nothing. Pixels, results and errors are in the slots
 * already; only the ticket moves. A ticket is leased, not given: the
 * supervisor remembers what each child has.
 *
 * Who waits for what: a child that finds its ring empty waits on its socket;
 * the supervisor waits in poll on all sockets. Each sets a flag before it
 * waits, and the other side writes one byte to the socket only where the flag
 * was set (os/ring.h says why no wake-up is lost). Neither can wait for ever:
 * the end of either process closes its end of the socket, which wakes the
 * other. A child that sees that ends; the supervisor takes what the child had
 * still pushed, and reports its leases as lost.
 *
 * Who frees: the supervisor tells each child to quit, reaps all of them, and
 * closes the sockets; the arena is the caller's.
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "exec/exec.h"
#include "os/ring.h"
#include "os/usage.h"

enum {
    LEASES_MOST = 2,        /* the one being carried and the next one */
    SHORT_TICKET_NS = 2000000, /* a second lease hides the way there and back where tickets are shorter than this */
    POLL_MS = 20
};

/* Beyond the kinds of tickets: what child and supervisor say to each other. */
enum { SAY_QUIT = 100, SAY_READY, SAY_FAILED };

/* In the arena, one per child. */
typedef struct channel {
    ck_ring to;          /* supervisor writes, child reads */
    ck_ring from;        /* child writes, supervisor reads */
    atomic_uint asleep;  /* the child sets it before it waits; either clears it */
    ck_error enter_error;/* the child, before it says SAY_FAILED */
} channel;

/* In the arena, at its front. */
typedef struct shared {
    _Alignas(64) atomic_uint asleep; /* the supervisor sets it before it waits; anyone clears it */
    _Alignas(64) channel channels[];
} shared;

/* The supervisor's view of a child. */
typedef struct child {
    pid_t pid;
    int bell; /* socket; -1: gone */
    ck_ticket leases[LEASES_MOST];
    unsigned leased;
    uint64_t began_ns; /* when the oldest lease was handed out */
} child;

typedef struct supervisor {
    const ck_exec_config *config;
    const ck_work *work;
    shared *shared;
    child *children;
    struct pollfd *polls;
    unsigned forked, ready, alive;
    uint64_t began_ns, ticket_ns; /* a running mean of how long tickets take */
    double spawn_s;
} supervisor;

static size_t shared_size(unsigned workers)
{
    return sizeof(shared) + workers * sizeof(channel);
}

static ck_ring_item item_of(ck_ticket t)
{
    ck_ring_item item;

    memcpy(&item, &t, sizeof item);
    return item;
}

static ck_ticket ticket_of(ck_ring_item item)
{
    ck_ticket t;

    memcpy(&t, &item, sizeof t);
    return t;
}

static void ring_bell(int fd)
{
    /* A full socket has a byte in it already; a closed one is seen by whoever reads it. */
    while (send(fd, "!", 1, MSG_NOSIGNAL | MSG_DONTWAIT) < 0 && errno == EINTR)
        ;
}

/* ---- the child --------------------------------------------------------------- */

static void child_say(shared *s, channel *c, int bell, ck_ticket t)
{
    /* The supervisor leases at most LEASES_MOST tickets, so there is always room. */
    ck_ring_push(&c->from, item_of(t));
    if (ck_bell_due(&s->asleep))
        ring_bell(bell);
}

/* Waits for the next ticket; false when the supervisor is gone. */
static bool child_wait(channel *c, int bell, ck_ring_item *item)
{
    char bytes[64];

    while (!ck_ring_take(&c->to, item)) {
        ck_bell_sleep(&c->asleep);
        if (ck_ring_empty(&c->to)) {
            ssize_t n = recv(bell, bytes, sizeof bytes, 0);
            if (n == 0 || (n < 0 && errno != EINTR))
                return false;
        }
        ck_bell_wake(&c->asleep);
    }
    return true;
}

static void child_main(supervisor *s, unsigned id, int bell, pid_t parent)
{
    const ck_work *w = s->work;
    channel *c = &s->shared->channels[id];
    ck_ring_item item;
    ck_error err;
    void *mine;

    /* Sent when the parent ends; it may have ended before this line. Ctrl-C reaches the whole group: the supervisor decides. */
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent)
        _exit(1);
    signal(SIGINT, SIG_IGN);
    signal(SIGTERM, SIG_DFL);
    for (unsigned i = 0; i < id; i++)
        if (s->children[i].bell >= 0)
            close(s->children[i].bell);
    if (w->enter(w->self, id, &mine, &err)) {
        c->enter_error = err;
        child_say(s->shared, c, bell, (ck_ticket){.kind = SAY_FAILED});
        _exit(1);
    }
    child_say(s->shared, c, bell, (ck_ticket){.kind = SAY_READY});
    while (child_wait(c, bell, &item)) {
        ck_ticket t = ticket_of(item);

        if (t.kind == SAY_QUIT) {
            w->leave(w->self, mine);
            _exit(0);
        }
        w->carry(w->self, mine, t);
        child_say(s->shared, c, bell, t);
    }
    _exit(1);
}

/* ---- starting ------------------------------------------------------------------ */

static int fork_child(supervisor *s, unsigned id)
{
    pid_t parent = getpid();
    int bells[2];

    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, bells))
        return errno;
    pid_t pid = fork();
    if (pid == 0) {
        close(bells[0]);
        child_main(s, id, bells[1], parent); /* never returns */
    }
    int why = errno;
    close(bells[1]);
    if (pid < 0) {
        close(bells[0]);
        return why;
    }
    s->children[id] = (child){.pid = pid, .bell = bells[0]};
    return 0;
}

static ck_status start(supervisor *s, ck_error *err)
{
    unsigned workers = s->config->workers;
    int why = 0;

    s->children = calloc(workers, sizeof *s->children);
    s->polls = calloc(workers, sizeof *s->polls);
    if (!s->children || !s->polls)
        return ck_fail_memory(err, workers * sizeof *s->children, "starting the processes");
    for (; s->forked < workers && !why; s->forked += !why)
        why = fork_child(s, s->forked);
    if (!s->forked)
        return ck_fail_os(err, why, "starting a worker process");
    s->alive = s->forked;
    return CK_OK;
}

/* ---- supervising ---------------------------------------------------------------- */

static void drop_lease(child *c, ck_ticket t)
{
    for (unsigned i = 0; i < c->leased; i++)
        if (c->leases[i].kind == t.kind && c->leases[i].seq == t.seq) {
            c->leases[i] = c->leases[--c->leased];
            return;
        }
}

/* Takes everything a child has said. */
static bool hear(supervisor *s, unsigned id)
{
    child *c = &s->children[id];
    ck_ring_item item;
    bool heard = false;

    while (ck_ring_take(&s->shared->channels[id].from, &item)) {
        ck_ticket t = ticket_of(item);

        heard = true;
        if (t.kind == SAY_READY) {
            if (++s->ready == s->forked)
                s->spawn_s = ck_seconds(ck_now_ns() - s->began_ns);
        } else if (t.kind == SAY_FAILED) {
            s->work->fail(s->work->self, &s->shared->channels[id].enter_error);
        } else {
            uint64_t now = ck_now_ns();
            s->ticket_ns = (3 * s->ticket_ns + (now - c->began_ns)) / 4;
            c->began_ns = now;
            drop_lease(c, t);
            s->work->done(s->work->self, t);
        }
    }
    return heard;
}

/* Gives one ticket to a child that has fewer than `most`. */
static bool lease_one(supervisor *s, unsigned id, unsigned roles, unsigned most, ck_next *next)
{
    child *c = &s->children[id];
    ck_ticket t;

    if (c->bell < 0 || c->leased >= most)
        return false;
    *next = s->work->next(s->work->self, roles, &t);
    if (*next != CK_HAVE)
        return false;
    if (!c->leased)
        c->began_ns = ck_now_ns();
    c->leases[c->leased++] = t;
    ck_ring_push(&s->shared->channels[id].to, item_of(t));
    if (ck_bell_due(&s->shared->channels[id].asleep))
        ring_bell(c->bell);
    return true;
}

/*
 * First everybody one ticket, then second ones where tickets are short. The
 * decoder's holder always has its next FILL at hand: decoding is the chain
 * that everybody waits for in the end.
 */
static bool hand_out(supervisor *s, ck_next *next)
{
    unsigned most = s->ticket_ns < SHORT_TICKET_NS ? LEASES_MOST : 1;
    bool any = false;

    for (unsigned lease = 1; lease <= most; lease++)
        for (unsigned id = 0; id < s->forked; id++)
            any |= lease_one(s, id, id == 0 || s->config->fill_anywhere ? CK_FILLS | CK_TILES : CK_TILES, lease, next);
    return s->config->fill_anywhere ? any : any | lease_one(s, 0, CK_FILLS, LEASES_MOST, next);
}

static bool drain_at_home(supervisor *s, void *mine, ck_next *next)
{
    const ck_work *w = s->work;
    ck_ticket t;
    bool any = false;

    while ((*next = w->next(w->self, CK_DRAINS, &t)) == CK_HAVE) {
        w->carry(w->self, mine, t);
        w->done(w->self, t);
        any = true;
    }
    return any;
}

static const char *cause_of_death(int status, char *to, size_t size)
{
    if (WIFSIGNALED(status))
        snprintf(to, size, "was killed by signal %d (%s)", WTERMSIG(status), strsignal(WTERMSIG(status)));
    else
        snprintf(to, size, "ended with status %d", WEXITSTATUS(status));
    return to;
}

/* A child's end of the socket closed. What it had pushed counts; the rest of its leases is lost. */
static void bury(supervisor *s, unsigned id)
{
    child *c = &s->children[id];
    char cause[96], what[96];
    ck_error err;
    int status = 0;

    hear(s, id);
    close(c->bell);
    c->bell = -1;
    s->alive--;
    while (waitpid(c->pid, &status, 0) < 0 && errno == EINTR)
        ;
    cause_of_death(status, cause, sizeof cause);
    ck_fail(&err, CHUNKIMG_WORKER, "worker %u (process %ld) %s%s%s", id, (long)c->pid, cause,
            c->leased ? " while it had " : "",
            c->leased ? s->work->describe(s->work->self, c->leases[0], what, sizeof what) : "");
    while (c->leased)
        s->work->lost(s->work->self, c->leases[--c->leased], &err);
    s->work->fail(s->work->self, &err);
}

static void wait_for_bells(supervisor *s)
{
    char bytes[64];
    bool quiet = true;

    ck_bell_sleep(&s->shared->asleep);
    for (unsigned id = 0; id < s->forked; id++) {
        s->polls[id] = (struct pollfd){.fd = s->children[id].bell, .events = POLLIN};
        quiet &= ck_ring_empty(&s->shared->channels[id].from);
    }
    if (poll(s->polls, s->forked, quiet ? POLL_MS : 0) > 0)
        for (unsigned id = 0; id < s->forked; id++)
            if (s->polls[id].revents && recv(s->children[id].bell, bytes, sizeof bytes, MSG_DONTWAIT) == 0)
                bury(s, id);
    ck_bell_wake(&s->shared->asleep);
}

static void supervise(supervisor *s, void *mine)
{
    for (;;) {
        ck_next next = CK_LATER;
        bool any = false;

        for (unsigned id = 0; id < s->forked; id++)
            any |= hear(s, id);
        any |= hand_out(s, &next);
        any |= drain_at_home(s, mine, &next);
        if (next == CK_END)
            return;
        s->config->pulse(s->config->user);
        if (!any)
            wait_for_bells(s);
    }
}

/* ---- ending ----------------------------------------------------------------------- */

/* While everybody is still there: shares of common pages add up to the whole. */
static uint64_t memory_of_all(const supervisor *s)
{
    uint64_t sum = ck_usage_peak_share(0);

    for (unsigned id = 0; id < s->forked; id++)
        if (s->children[id].bell >= 0)
            sum += ck_usage_peak_share(s->children[id].pid);
    return sum;
}

static uint64_t resident_of_all(const supervisor *s)
{
    uint64_t sum = ck_usage_peak_rss(0);

    for (unsigned id = 0; id < s->forked; id++)
        if (s->children[id].bell >= 0)
            sum += ck_usage_peak_rss(s->children[id].pid);
    return sum;
}

static void dismiss(supervisor *s)
{
    for (unsigned id = 0; id < s->forked; id++) {
        if (s->children[id].bell < 0)
            continue;
        ck_ring_push(&s->shared->channels[id].to, item_of((ck_ticket){.kind = SAY_QUIT}));
        ring_bell(s->children[id].bell);
    }
    for (unsigned id = 0; id < s->forked; id++) {
        if (s->children[id].bell < 0)
            continue;
        while (waitpid(s->children[id].pid, NULL, 0) < 0 && errno == EINTR)
            ;
        close(s->children[id].bell);
    }
}

static ck_status run(const ck_exec_config *config, const ck_work *work, ck_exec_stats *stats, ck_error *err)
{
    supervisor s = {.config = config, .work = work, .shared = config->shared, .began_ns = ck_now_ns()};
    void *mine = NULL;
    ck_status status = start(&s, err);

    /* The supervisor only drains, which needs no scratch: after the forks, so that children do not inherit it. */
    if (!status)
        status = work->enter(work->self, config->workers, &mine, err);
    if (!status) {
        supervise(&s, mine);
        stats->workers = s.forked;
        stats->spawn_s = s.spawn_s;
        stats->peak_bytes = memory_of_all(&s);
        stats->rss_bytes = resident_of_all(&s);
        stats->lock_acquisitions = stats->bytes_copied = 0;
        stats->lock_wait_s = 0;
        work->leave(work->self, mine);
    }
    dismiss(&s);
    free(s.children);
    free(s.polls);
    return status;
}

const ck_exec ck_exec_processes = {
    .name = "processes",
    .summary = "forked workers over one shared arena, rings of tickets, no shared locks",
    .about = {.unit = "a process",
              .memory = "pixels in one shared mapping, all else private",
              .lock = "none: each process has its own",
              .strength = "a worker that crashes takes nothing with it",
              .weakness = "start-up, and a supervisor that hands out every ticket",
              .suits = "untrusted input, libraries that are not thread-safe"},
    .traits = CK_EXEC_PROCESSES,
    .shared_size = shared_size,
    .fills_ahead = LEASES_MOST,
    .run = run,
};
