/* A run with processes from its beginning to its end: who is started, counted and dismissed. proc_supervise.c is between. */
#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "exec/proc_supervisor.h"
#include "os/usage.h"

enum { LEAVE_MS = 1000 }; /* from the word to leave to the end of a child that has nothing left to do */

/* The tables, with nobody in them: until then there is nothing to dismiss. */
static ck_status make_tables(ck_supervisor *s, ck_error *err)
{
    unsigned n = s->processes, room = ck_leases_most(s);

    s->polls = calloc(n, sizeof *s->polls);
    s->children = calloc(n, sizeof *s->children);
    if (!s->polls || !s->children || !ck_leases_init(&s->orphans, n * room + 1)) {
        free(s->children);
        s->children = NULL;
        return ck_fail_memory(err, n * sizeof *s->children, "starting the processes");
    }
    for (unsigned id = 0; id < n; id++) /* before anything can fail: 0 would be a descriptor, and process 0 the whole group */
        s->children[id].bell = s->children[id].data = -1;
    for (unsigned id = 0; id < n; id++)
        if (!ck_leases_init(&s->children[id].leases, room))
            return ck_fail_memory(err, room * sizeof(ck_lease), "starting the processes");
    return CK_OK;
}

static ck_status start_all(ck_supervisor *s, ck_error *err)
{
    ck_status status = make_tables(s, err);
    int why;

    if (status)
        return status;
    why = ck_server_start(s);
    for (unsigned id = 0; id < s->processes && !why; id++)
        why = ck_child_start(s, id);
    if (!s->alive)
        return ck_fail_os(err, why, "starting a worker process");
    while (s->processes > s->alive) /* a refused process only means fewer */
        ck_leases_release(&s->children[--s->processes].leases);
    return CK_OK;
}

/* While everybody is still there: shares of common pages add up to the whole. */
static void count(const ck_supervisor *s, ck_exec_stats *stats)
{
    stats->workers = s->processes * s->threads;
    stats->spawn_s = s->spawn_s > 0 ? s->spawn_s : ck_seconds(ck_now_ns() - s->began_ns); /* it was over before all were */
    stats->replaced = s->replaced;
    stats->confined = s->confined;
    stats->peak_bytes = ck_usage_peak_share(0);
    stats->rss_bytes = ck_usage_peak_rss(0);
    for (unsigned id = 0; id < s->processes; id++)
        if (s->children[id].bell >= 0) {
            stats->peak_bytes += ck_usage_peak_share(s->children[id].pid);
            stats->rss_bytes += ck_usage_peak_rss(s->children[id].pid);
        }
    if (s->server) {
        stats->peak_bytes += ck_usage_peak_share(s->server);
        stats->rss_bytes += ck_usage_peak_rss(s->server);
    }
    stats->lock_acquisitions = 0;
    stats->bytes_copied = s->copied;
    if (ck_leases_copy(s))
        stats->bytes_by_reference = 0;
    stats->lock_wait_s = 0;
}

/* Nothing is said any more: the next thing at the socket is its end. */
static void wait_for_end(ck_child *c)
{
    uint64_t until = ck_now_ns() + LEAVE_MS * 1000000ull;
    struct pollfd p = {.fd = c->bell, .events = POLLIN};
    char bytes[64];

    for (uint64_t now; (now = ck_now_ns()) < until;) {
        if (poll(&p, 1, (int)((until - now) / 1000000) + 1) > 0 && recv(c->bell, bytes, sizeof bytes, MSG_DONTWAIT) == 0)
            return;
    }
    kill(c->pid, SIGKILL);
}

static void dismiss(ck_supervisor *s)
{
    for (unsigned id = 0; s->children && id < s->processes; id++) {
        if (s->children[id].bell < 0)
            continue;
        ck_proc_say(&s->shared->channels[id].to, (ck_ticket){.kind = CK_SAY_QUIT}, &s->shared->channels[id].asleep,
                    s->children[id].bell);
    }
    for (unsigned id = 0; s->children && id < s->processes; id++) {
        ck_child *c = &s->children[id];

        if (c->bell >= 0) {
            wait_for_end(c);
            ck_child_reap(s, id);
            ck_child_close(s, id);
        }
        ck_leases_release(&c->leases);
    }
    ck_server_end(s);
    ck_leases_release(&s->orphans);
    free(s->children);
    free(s->polls);
}

ck_status ck_proc_run(const ck_exec_config *config, unsigned threads, const ck_work *work, ck_exec_stats *stats,
                      ck_error *err)
{
    ck_supervisor s = {.config = config,
                       .work = work,
                       .shared = config->shared,
                       .threads = threads,
                       .processes = config->workers / threads,
                       .confined = UINT_MAX,
                       .to_server = -1,
                       .began_ns = ck_now_ns()};
    void *mine = NULL;
    int spare = eventfd(0, EFD_CLOEXEC); /* a descriptor that is left for files when processes have taken all others */
    ck_status status = start_all(&s, err);

    /* The supervisor only drains, which needs no scratch: after the forks, so that children do not inherit it. */
    if (!status)
        status = work->enter(work->self, config->workers, &mine, err);
    if (spare >= 0)
        close(spare);
    if (!status) {
        ck_supervise(&s, mine);
        count(&s, stats);
        work->leave(work->self, mine);
    }
    dismiss(&s);
    return status;
}
