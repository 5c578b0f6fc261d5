/* How a child comes to be. */
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "exec/proc_supervisor.h"
#include "os/process.h"

/* In the child: what it inherited and must not hold, so that the end of each process is seen by its partner alone. */
static void forget_others(const ck_supervisor *s)
{
    for (unsigned i = 0; i < s->processes; i++)
        if (s->children[i].bell >= 0) {
            close(s->children[i].bell);
            if (s->children[i].data >= 0)
                close(s->children[i].data);
        }
}

static int make_pair(int *ours, int *theirs)
{
    int pair[2];

    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair))
        return errno;
    *ours = pair[0];
    *theirs = pair[1];
    return 0;
}

static void close_ends(ck_ends *e)
{
    if (e->bell >= 0)
        close(e->bell);
    if (e->data >= 0)
        close(e->data);
    *e = (ck_ends){-1, -1};
}

static int make_ends(const ck_supervisor *s, ck_ends *ours, ck_ends *theirs)
{
    int why = make_pair(&ours->bell, &theirs->bell);

    if (!why && s->config->options->ipc == CHUNKIMG_IPC_PIPE)
        why = make_pair(&ours->data, &theirs->data);
    if (why) {
        close_ends(ours);
        close_ends(theirs);
    }
    return why;
}

static _Noreturn void become_child(const ck_supervisor *s, unsigned id, const ck_ends *mine, pid_t parent)
{
    ck_seat seat = {.work = s->work, .shared = s->shared, .id = id, .threads = s->threads, .bell = mine->bell,
                    .data = mine->data, .config = s->config};

    if (!ck_process_follow(parent))
        _exit(1);
    forget_others(s);
    ck_proc_child(&seat);
}

static int fork_child(ck_supervisor *s, unsigned id, ck_ends *ours, const ck_ends *theirs, pid_t *pid)
{
    pid_t parent = getpid();

    *pid = fork();
    if (*pid == 0) {
        close_ends(ours);
        become_child(s, id, theirs, parent);
    }
    return *pid < 0 ? errno : 0;
}

int ck_child_start(ck_supervisor *s, unsigned id)
{
    ck_channel *channel = &s->shared->channels[id];
    ck_child *c = &s->children[id];
    ck_ends ours = {-1, -1}, theirs = {-1, -1};
    pid_t pid = 0;
    int why = make_ends(s, &ours, &theirs);

    if (why)
        return why;
    memset(channel, 0, sizeof *channel); /* what a dead one left there was heard */
    switch (s->config->options->start) {
    case CHUNKIMG_START_SPAWN: why = ck_spawn_child(s, id, &ours, &theirs, &pid); break;
    case CHUNKIMG_START_FORKSERVER: why = ck_request_child(s, id, &theirs, &pid); break;
    default: why = fork_child(s, id, &ours, &theirs, &pid);
    }
    close_ends(&theirs);
    if (why) {
        close_ends(&ours);
        return why;
    }
    c->pid = pid;
    c->bell = ours.bell;
    c->data = ours.data;
    c->carriers = 0;
    c->room = CK_RING_ROOM;
    c->ended = false;
    c->next_fill = 0;
    s->alive++;
    return 0;
}

void ck_child_close(ck_supervisor *s, unsigned id)
{
    ck_ends e = {s->children[id].bell, s->children[id].data};

    close_ends(&e);
    s->children[id].bell = s->children[id].data = -1;
}

int ck_child_reap(ck_supervisor *s, unsigned id)
{
    int status = 0;

    if (s->server)
        return ck_request_reaping(s, s->children[id].pid);
    while (waitpid(s->children[id].pid, &status, 0) < 0 && errno == EINTR)
        ;
    return status;
}
