/*
 * Processes that are not forked from the caller's: spawn runs the program's
 * file anew for each worker; forkserver runs it once, and that process, which
 * has one thread and has opened the same job, forks the workers. Either way
 * the program that called the library may have threads, and nothing of its
 * memory is in its workers but the arena, by descriptor.
 *
 * A spawned process finds its sockets and the arena at fixed descriptors. It
 * reads what it is (ck_recruit) and the order from its bell's socket before
 * the first bell rings; the pipeline makes a job of the order.
 *
 * The server waits for requests on its socket: to fork a worker, whose sockets
 * come along, or to wait for one that has died, since only a parent can. It
 * ends when the supervisor closes the socket or dies, and its workers with it.
 */
#include <errno.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "exec/proc_supervisor.h"
#include "os/process.h"

typedef struct request {
    uint32_t reap; /* pid, of a worker that has died; 0: fork one */
    uint32_t id;
} request;

typedef struct answer {
    int32_t why;   /* an errno */
    int32_t value; /* the pid, or the status */
} answer;

/* ---- the supervisor's side --------------------------------------------------------- */

static const char *program_of(const ck_supervisor *s)
{
    const char *given = s->config->options->worker_program;

    return given ? given : "/proc/self/exe";
}

/* Runs the program, and tells the process at the other end of `bell` what it is. */
static int recruit(const ck_supervisor *s, const ck_recruit *what, int ours, const ck_ends *theirs, pid_t *pid)
{
    int fds[CK_FDS_MOST] = {theirs->bell, s->config->arena, theirs->data, s->config->input};
    int why = ck_process_spawn(program_of(s), CK_RECRUIT_WORD, CK_RECRUIT_MARK "=1", fds, pid);

    /* What it does not read is seen as its end. */
    if (!why && ck_socket_send(ours, what, sizeof *what))
        (void)ck_socket_send(ours, s->config->order, s->config->order_nbytes);
    return why;
}

static ck_recruit describe(const ck_supervisor *s, unsigned id, const ck_ends *theirs)
{
    return (ck_recruit){.order_nbytes = s->config->order_nbytes,
                        .arena_nbytes = s->config->arena_nbytes,
                        .shared_at = s->config->shared_at,
                        .parent = getpid(),
                        .id = id,
                        .threads = s->threads,
                        .data = theirs->data >= 0,
                        .input = s->config->input >= 0};
}

int ck_spawn_child(ck_supervisor *s, unsigned id, const ck_ends *ours, const ck_ends *theirs, pid_t *pid)
{
    ck_recruit what = describe(s, id, theirs);

    return recruit(s, &what, ours->bell, theirs, pid);
}

int ck_server_start(ck_supervisor *s)
{
    ck_ends theirs = {-1, -1};
    int pair[2], why;

    if (s->config->options->start != CHUNKIMG_START_FORKSERVER)
        return 0;
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair))
        return errno;
    ck_recruit what = describe(s, 0, &theirs);
    what.server = 1;
    theirs.bell = pair[1];
    why = recruit(s, &what, pair[0], &theirs, &s->server);
    close(pair[1]);
    if (why) {
        close(pair[0]);
        s->server = 0;
        return why;
    }
    s->to_server = pair[0];
    return 0;
}

void ck_server_end(ck_supervisor *s)
{
    if (!s->server)
        return;
    close(s->to_server);
    while (waitpid(s->server, NULL, 0) < 0 && errno == EINTR)
        ;
    s->server = 0;
}

static int ask(const ck_supervisor *s, request r, const int fds[CK_FDS_MOST], int32_t *value)
{
    answer a;

    if (!ck_socket_send_fds(s->to_server, &r, sizeof r, fds) || !ck_socket_receive(s->to_server, &a, sizeof a))
        return ECHILD;
    *value = a.value;
    return a.why;
}

int ck_request_child(ck_supervisor *s, unsigned id, const ck_ends *theirs, pid_t *pid)
{
    const int fds[CK_FDS_MOST] = {theirs->bell, theirs->data, -1, -1};
    int32_t value = 0;
    int why = ask(s, (request){.id = id}, fds, &value);

    *pid = value;
    return why;
}

int ck_request_reaping(ck_supervisor *s, pid_t pid)
{
    static const int none[CK_FDS_MOST] = {-1, -1, -1, -1};
    int32_t status = 0;

    /* A server that is gone has taken its workers along: they were killed. */
    return ask(s, (request){.reap = (uint32_t)pid}, none, &status) ? SIGKILL : status;
}

/* ---- the server ---------------------------------------------------------------------- */

static answer fork_worker(const ck_seat *seat, unsigned id, const int fds[CK_FDS_MOST])
{
    pid_t parent = getpid(), pid = fork();

    if (pid == 0) {
        ck_seat own = *seat;

        own.id = id;
        own.bell = fds[0];
        own.data = fds[1];
        close(seat->bell);
        if (!ck_process_follow(parent))
            _exit(1);
        ck_proc_child(&own);
    }
    return (answer){.why = pid < 0 ? errno : 0, .value = pid};
}

static answer reap_worker(pid_t pid)
{
    int status = 0;

    while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
        ;
    return (answer){.value = status};
}

void ck_proc_serve(const ck_seat *seat)
{
    int fds[CK_FDS_MOST];
    request r;

    signal(SIGINT, SIG_IGN);
    signal(SIGTERM, SIG_IGN);
    signal(SIGHUP, SIG_IGN);
    while (ck_socket_receive_fds(seat->bell, &r, sizeof r, fds)) {
        answer a = r.reap ? reap_worker((pid_t)r.reap) : fork_worker(seat, r.id, fds);

        for (int i = 0; i < CK_FDS_MOST; i++)
            if (fds[i] >= 0)
                close(fds[i]);
        if (!ck_socket_send(seat->bell, &a, sizeof a))
            break;
    }
    _exit(0);
}
