/* How a child comes to be. */
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "exec/proc_supervisor.h"

/* In the child: what it inherited and must not hold, so that the end of each process is seen by its partner alone. */
static void forget_others(const ck_supervisor *s)
{
    for (unsigned i = 0; i < s->processes; i++)
        if (s->children[i].bell >= 0)
            close(s->children[i].bell);
}

static _Noreturn void become_child(const ck_supervisor *s, unsigned id, int bell, pid_t parent)
{
    ck_seat seat = {.work = s->work, .shared = s->shared, .id = id, .threads = s->threads, .bell = bell, .config = s->config};

    /* Sent when the parent ends; it may have ended before this line. */
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent)
        _exit(1);
    forget_others(s);
    ck_proc_child(&seat);
}

int ck_child_start(ck_supervisor *s, unsigned id)
{
    ck_channel *channel = &s->shared->channels[id];
    ck_child *c = &s->children[id];
    pid_t parent = getpid();
    int bells[2];

    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, bells))
        return errno;
    memset(channel, 0, sizeof *channel); /* what a dead one left there was heard */
    pid_t pid = fork();
    if (pid == 0) {
        close(bells[0]);
        become_child(s, id, bells[1], parent);
    }
    int why = errno;
    close(bells[1]);
    if (pid < 0) {
        close(bells[0]);
        return why;
    }
    c->pid = pid;
    c->bell = bells[0];
    c->carriers = 0;
    c->ended = false;
    c->next_fill = 0;
    s->alive++;
    return 0;
}

int ck_child_reap(ck_supervisor *s, unsigned id)
{
    int status = 0;

    while (waitpid(s->children[id].pid, &status, 0) < 0 && errno == EINTR)
        ;
    return status;
}
