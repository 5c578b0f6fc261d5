/* The supervisor's side: hands out tickets, hears what became of them, and puts a new child in the place of a dead one. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include "base/clock.h"
#include "exec/proc_supervisor.h"

enum {
    DEATHS_MOST = 3,           /* a ticket is carried once and then again twice */
    FALSE_STARTS_MOST = 3,     /* in a row: what does not even start is not tried for ever */
    SHORT_TICKET_NS = 2000000, /* a second lease hides the way there and back where tickets are shorter than this */
    POLL_MS = 20,
    GIVE_UP_NS = 200000000,    /* for what is in hand when the job is being given up */
    START_S = 10,              /* more than --tile-timeout, from a child's start until it is ready */
    SPAWN_S = 60               /* a program that is run and never answers is not one of ours */
};

static bool chain(const ck_supervisor *s)
{
    return !s->config->fill_anywhere;
}

/* ---- hearing ------------------------------------------------------------------ */

static void hear_back(ck_supervisor *s, unsigned id, ck_ticket t)
{
    ck_child *c = &s->children[id];
    uint64_t now = ck_now_ns();
    bool lost_file = t.kind & CK_LOST_FILE;
    int i;

    t.kind &= ~CK_LOST_FILE;
    i = ck_leases_index(&c->leases, t);
    if (i < 0)
        return; /* never leased: not a word of a child that is in its senses */
    s->no_file = false;
    if (lost_file) {
        ck_lease lease = ck_leases_take(&c->leases, (unsigned)i);
        ck_leases_begin(&c->leases, s->threads, chain(s), now);
        ck_file_lost(s, c, &lease);
        return;
    }
    if (ck_leases_copy(s) && !ck_cargo_move(s, id, t, true))
        return; /* it died over it: the lease is settled when it is buried */
    ck_lease lease = ck_leases_take(&c->leases, (unsigned)i);
    if (lease.began_ns)
        s->ticket_ns = (3 * s->ticket_ns + (now - lease.began_ns)) / 4;
    ck_leases_begin(&c->leases, s->threads, chain(s), now);
    if (t.kind == CK_FILL)
        c->next_fill = t.seq + 1;
    if (lease.file_errno)
        ck_file_lose(s, &lease, lease.file_errno, "closing the file of");
    else
        s->work->done(s->work->self, t);
}

static void hear_ready(ck_supervisor *s, unsigned id, ck_ticket t)
{
    ck_child *c = &s->children[id];

    s->last_ready_ns = s->last_ready_ns > s->shared->channels[id].ready_ns ? s->last_ready_ns : s->shared->channels[id].ready_ns;
    c->carriers = t.id;
    s->confined &= (unsigned)t.seq;
    s->false_starts = 0;
    if (++s->ready == s->processes && s->spawn_s == 0)
        s->spawn_s = ck_seconds(s->last_ready_ns - s->began_ns);
    /* what was leased before it was ready began now */
    for (unsigned i = 0; i < c->leases.count; i++)
        c->leases.items[i].began_ns = 0;
    ck_leases_begin(&c->leases, s->threads, chain(s), ck_now_ns());
}

/* Takes everything a child has said. */
static bool hear(ck_supervisor *s, unsigned id)
{
    bool heard = false;
    ck_ticket t;

    while (ck_proc_hear(&s->shared->channels[id].from, &t)) {
        heard = true;
        if (t.kind == CK_SAY_READY)
            hear_ready(s, id, t);
        else if (t.kind == CK_SAY_FAILED)
            s->work->fail(s->work->self, &s->shared->channels[id].enter_error);
        else
            hear_back(s, id, t);
    }
    return heard;
}

/* ---- handing out ---------------------------------------------------------------- */

/*
 * The ticket for a child that has room: one that lost its carrier, or a new
 * one. A ticket that somebody died with is carried by a process that has
 * nothing else in hand, so that no other is suspected for what it does.
 */
static bool find_ticket(ck_supervisor *s, const ck_child *c, unsigned roles, ck_lease *lease, ck_next *next)
{
    int i = ck_leases_next(&s->orphans, roles);

    if (i >= 0) {
        if (s->orphans.items[i].deaths && c->leases.count)
            return false;
        *lease = ck_leases_take(&s->orphans, (unsigned)i);
        return true;
    }
    *lease = (ck_lease){0};
    *next = s->work->next(s->work->self, roles, &lease->ticket);
    return *next == CK_HAVE;
}

/*
 * What it has, against what it shall have at once. A single thread carries the
 * FILLs that it has before any TILE that came later; several leave them to one.
 */
static bool has_enough(const ck_supervisor *s, const ck_child *c, unsigned most)
{
    unsigned load = s->threads > 1 ? ck_leases_load(&c->leases, chain(s)) : c->leases.count;

    return load >= most || c->leases.count >= ck_leases_most(s) || c->leases.count >= c->room;
}

/* Adds the lease and says so, with the ticket's file; -1: it has none. */
static void give(ck_supervisor *s, unsigned id, const ck_lease *lease, int file)
{
    ck_channel *channel = &s->shared->channels[id];
    ck_child *c = &s->children[id];
    ck_ticket word = lease->ticket;

    ck_leases_add(&c->leases, *lease);
    ck_leases_begin(&c->leases, s->threads, chain(s), ck_now_ns());
    if (file < 0) {
        ck_proc_say(&channel->to, word, &channel->asleep, c->bell);
        return;
    }
    word.kind |= CK_WITH_FILE;
    ck_proc_say_with_file(&channel->to, word, &channel->asleep);
    ck_file_give(c, &c->leases.items[c->leases.count - 1], file);
}

/* Gives one ticket to a child that has fewer than `most`. */
static bool lease_one(ck_supervisor *s, unsigned id, unsigned roles, unsigned most, ck_next *next)
{
    ck_child *c = &s->children[id];
    ck_lease lease;
    int file = -1, why = 0;
    ck_error err;

    /* rows are sent to a child that reads: to one that has nothing in hand */
    if (ck_leases_copy(s) && c->leases.count)
        roles &= CK_FILLS;
    if (s->no_file)
        roles &= CK_FILLS;
    if (c->bell < 0 || !roles || has_enough(s, c, most) || ck_leases_suspect(&c->leases) ||
        !find_ticket(s, c, roles, &lease, next))
        return false;
    if (lease.ticket.kind == CK_FILL && s->decoder_lost.status) {
        s->work->lost(s->work->self, lease.ticket, &s->decoder_lost);
        return true;
    }
    s->decoder_used |= lease.ticket.kind == CK_FILL;
    lease.began_ns = 0;
    lease.file_errno = 0;
    if (s->work->file && s->work->file(s->work->self, lease.ticket, &file, &why, &err)) {
        ck_file_refused(s, &lease, why, &err);
        return true;
    }
    give(s, id, &lease, file);
    if (ck_leases_copy(s))
        (void)ck_cargo_move(s, id, lease.ticket, false); /* to one that is gone: its lease is settled when it is buried */
    return true;
}

/*
 * First everybody one ticket for each thread, then more where tickets are
 * short. The decoder's holder always has its next FILL at hand: decoding is
 * the chain that everybody waits for in the end. So it comes last where tiles
 * are given: one that it takes while another has nothing to do keeps both from
 * the rows after it.
 */
static bool hand_out(ck_supervisor *s, ck_next *next)
{
    unsigned most = s->ticket_ns < SHORT_TICKET_NS ? ck_leases_most(s) : s->threads;
    bool any = chain(s) && lease_one(s, s->holder, CK_FILLS, ck_leases_most(s), next);

    most = most < ck_leases_most(s) ? most : ck_leases_most(s);
    for (unsigned lease = 1; lease <= most; lease++)
        for (unsigned i = 1; i <= s->processes; i++) {
            unsigned id = (s->holder + i) % s->processes;
            any |= lease_one(s, id, id == s->holder || !chain(s) ? CK_FILLS | CK_TILES : CK_TILES, lease, next);
        }
    return any;
}

static bool drain_at_home(ck_supervisor *s, void *mine, ck_next *next)
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

/* ---- deaths ----------------------------------------------------------------------- */

static const char *cause_of_death(const ck_supervisor *s, const ck_child *c, int status, char *to, size_t size)
{
    if (c->ended)
        snprintf(to, size, "was stuck for more than %g s (--tile-timeout) and was ended", s->config->options->tile_timeout);
    else if (WIFSIGNALED(status))
        snprintf(to, size, "was killed by signal %d (%s)", WTERMSIG(status), strsignal(WTERMSIG(status)));
    else
        snprintf(to, size, "ended with status %d", WEXITSTATUS(status));
    return to;
}

/* A ticket whose carrier died: somebody else carries it, or it is given up. */
static void settle(ck_supervisor *s, const ck_lease *lease, const char *who)
{
    char what[96], many[48] = "";
    bool decoder = chain(s) && lease->ticket.kind == CK_FILL;
    ck_error err;

    if (s->stopping_ns) {
        ck_fail(&err, CHUNKIMG_INTERRUPTED, "stopped");
    } else if (lease->deaths < DEATHS_MOST && !(decoder && s->decoder_lost.status)) {
        s->work->again(s->work->self, lease->ticket);
        ck_leases_add(&s->orphans, *lease);
        return;
    } else {
        if (lease->deaths > 1)
            snprintf(many, sizeof many, "; %u workers died with it", lease->deaths);
        ck_fail(&err, CHUNKIMG_WORKER, "%s while it had %s%s%s", who,
                s->work->describe(s->work->self, lease->ticket, what, sizeof what), many,
                decoder && !s->config->rereadable ? ", and this input cannot be read from its beginning again" : "");
    }
    s->work->lost(s->work->self, lease->ticket, &err);
}

/* Nobody is left, and nobody can be started. */
static void give_up(ck_supervisor *s, const char *who)
{
    bool unanswered = s->false_starts >= FALSE_STARTS_MOST && s->config->options->start != CHUNKIMG_START_FORK;
    ck_error err;

    ck_fail(&err, CHUNKIMG_WORKER, "%s, and no worker is left%s", who,
            unanswered ? "; does the main of the worker program call chunkimg_worker_main?" : "");
    while (s->orphans.count)
        s->work->lost(s->work->self, ck_leases_take(&s->orphans, 0).ticket, &err);
    s->work->fail(s->work->self, &err);
}

/* A new process in a dead one's place, or the others go on without it. */
static void replace(ck_supervisor *s, unsigned id, const char *who)
{
    if (!s->work->stopping(s->work->self) && s->false_starts < FALSE_STARTS_MOST && !ck_child_start(s, id)) {
        s->replaced++;
        return;
    }
    if (!s->alive) {
        give_up(s, who);
        return;
    }
    while (s->children[s->holder].bell < 0) /* any process that has decoded nothing can be the holder */
        s->holder = (s->holder + 1) % s->processes;
}

/* A child's end of the socket closed. What it had said counts; what it had in hand goes to others. */
static void bury(ck_supervisor *s, unsigned id)
{
    ck_child *c = &s->children[id];
    char cause[96], who[160];

    hear(s, id);
    ck_child_close(s, id);
    s->alive--;
    if (c->carriers)
        s->ready--;
    else
        s->false_starts++;
    cause_of_death(s, c, ck_child_reap(s, id), cause, sizeof cause);
    snprintf(who, sizeof who, "worker %u (process %ld) %s", id, (long)c->pid, cause);
    if (chain(s) && id == s->holder && s->decoder_used && !s->config->rereadable)
        ck_fail(&s->decoder_lost, CHUNKIMG_WORKER,
                "%s while it held the decoder, and this input cannot be read from its beginning again", who);
    for (unsigned i = 0; i < c->leases.count; i++) {
        /* only what was in hand can have been its end */
        c->leases.items[i].deaths += c->carriers && c->leases.items[i].began_ns;
        settle(s, &c->leases.items[i], who);
    }
    c->leases.count = 0;
    s->no_file = false;
    replace(s, id, who);
}

/* ---- stuck ones --------------------------------------------------------------------- */

/*
 * How long a ticket may be in hand. A decoder that begins anew decodes all
 * rows before its FILL as well; one that reads what cannot be read again may
 * have to wait for whoever writes it, without end.
 */
static double patience_s(const ck_supervisor *s, const ck_child *c, ck_ticket t)
{
    double one = s->config->options->tile_timeout;

    if (!c->carriers)
        return one > 0 ? one + START_S : s->config->options->start != CHUNKIMG_START_FORK ? SPAWN_S : 0;
    if (t.kind != CK_FILL || !chain(s))
        return one;
    return s->config->rereadable ? one * (double)(t.seq - c->next_fill + 1) : 0;
}

static bool stuck(const ck_supervisor *s, const ck_child *c, uint64_t now)
{
    for (unsigned i = 0; i < c->leases.count; i++) {
        const ck_lease *lease = &c->leases.items[i];
        double patience = patience_s(s, c, lease->ticket);

        if (lease->began_ns && patience > 0 && ck_seconds(now - lease->began_ns) > patience)
            return true;
    }
    return false;
}

/* A job that is given up, by its user or by a failure, does not wait for what takes long. */
static bool out_of_time(ck_supervisor *s, uint64_t now)
{
    if (!s->work->stopping(s->work->self))
        return false;
    if (!s->stopping_ns)
        s->stopping_ns = now;
    return now - s->stopping_ns > GIVE_UP_NS;
}

void ck_supervisor_end_stuck(ck_supervisor *s)
{
    uint64_t now = ck_now_ns();
    bool all = out_of_time(s, now);

    for (unsigned id = 0; id < s->processes; id++) {
        ck_child *c = &s->children[id];

        if (c->bell < 0 || c->ended || !((all && c->leases.count) || stuck(s, c, now)))
            continue;
        c->ended = true;
        kill(c->pid, SIGKILL); /* its end is seen at its socket, as any other's */
    }
}

/* ---- the loop ------------------------------------------------------------------------- */

static void wait_for_bells(ck_supervisor *s)
{
    char bytes[64];
    bool quiet = true;

    ck_bell_sleep(&s->shared->asleep);
    for (unsigned id = 0; id < s->processes; id++) {
        s->polls[id] = (struct pollfd){.fd = s->children[id].bell, .events = POLLIN};
        quiet &= s->children[id].bell < 0 || ck_ring_empty(&s->shared->channels[id].from);
    }
    if (poll(s->polls, s->processes, quiet ? POLL_MS : 0) > 0)
        for (unsigned id = 0; id < s->processes; id++) {
            if (!s->polls[id].revents)
                continue;
            ssize_t n = recv(s->children[id].bell, bytes, sizeof bytes, MSG_DONTWAIT);
            if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR))
                bury(s, id);
        }
    ck_bell_wake(&s->shared->asleep);
}

void ck_supervise(ck_supervisor *s, void *mine)
{
    for (;;) {
        ck_next next = CK_LATER;
        bool any = false;

        for (unsigned id = 0; id < s->processes; id++)
            any |= s->children[id].bell >= 0 && hear(s, id);
        any |= hand_out(s, &next);
        any |= drain_at_home(s, mine, &next);
        if (next == CK_END)
            return;
        s->config->pulse(s->config->user);
        ck_supervisor_end_stuck(s);
        if (!any)
            wait_for_bells(s);
    }
}
