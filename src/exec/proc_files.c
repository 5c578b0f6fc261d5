/*
 * Files for children that may open no path. The supervisor opens what a ticket
 * is to be written to, sends the descriptor over the bell's socket, closes its
 * own copy and only then pushes the ticket: so nothing is written before there
 * is one holder of it, whose close tells of every error. Descriptors come in
 * the order of the tickets, on whose kind a bit says that one belongs to it.
 *
 * A byte goes with each descriptor, which may wake the child for nothing: it
 * finds no ticket and sleeps again. One read never takes more than one
 * descriptor: the kernel ends it there.
 */
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "exec/proc_supervisor.h"

typedef union control {
    struct cmsghdr align;
    char bytes[CMSG_SPACE(sizeof(int))];
} control;

int ck_file_send(int bell, int file)
{
    control c = {0};
    char byte = '!';
    struct iovec what = {&byte, 1};
    struct msghdr m = {.msg_iov = &what, .msg_iovlen = 1, .msg_control = c.bytes, .msg_controllen = sizeof c.bytes};
    struct cmsghdr *h = CMSG_FIRSTHDR(&m);
    ssize_t n;

    *h = (struct cmsghdr){.cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS, .cmsg_len = CMSG_LEN(sizeof(int))};
    memcpy(CMSG_DATA(h), &file, sizeof file);
    do
        n = sendmsg(bell, &m, MSG_NOSIGNAL | MSG_DONTWAIT);
    while (n < 0 && errno == EINTR);
    return n < 0 ? errno : 0;
}

bool ck_file_may_come(int why)
{
    return why == EMFILE || why == ENFILE || why == ENOMEM || why == ENOBUFS || why == ETOOMANYREFS || why == EAGAIN;
}

int ck_file_give(ck_supervisor *s, const ck_child *c, ck_ticket *t, ck_error *err)
{
    int file = -1, why = 0;

    if (!s->work->file || (!s->work->file(s->work->self, *t, &file, &why, err) && file < 0))
        return 0;
    if (file < 0)
        return why ? why : EINVAL; /* a name that cannot be made: no matter of the system's */
    why = ck_file_send(c->bell, file);
    close(file); /* nothing was written through it, so there is nothing that this could tell */
    if (why == EPIPE || why == ECONNRESET) /* to one that is gone: its lease is settled when it is buried */
        why = 0;
    if (why) {
        s->work->again(s->work->self, *t);
        ck_fail_os(err, why, "giving a worker process a file to write");
    }
    t->kind |= CK_WITH_FILE;
    return why;
}

static void keep(ck_files *f, int file)
{
    /* There is always room: fewer tickets are leased than a ring holds. */
    f->fds[(f->first + f->count++) % CK_RING_ROOM] = file;
}

bool ck_files_hear(ck_files *f, int bell)
{
    char bytes[64];
    control c;
    struct iovec what = {bytes, sizeof bytes};
    struct msghdr m = {.msg_iov = &what, .msg_iovlen = 1, .msg_control = c.bytes, .msg_controllen = sizeof c.bytes};
    ssize_t n = recvmsg(bell, &m, MSG_CMSG_CLOEXEC);
    int file = -1;

    if (n <= 0)
        return n < 0 && errno == EINTR;
    struct cmsghdr *h = CMSG_FIRSTHDR(&m);
    if (h && h->cmsg_type == SCM_RIGHTS)
        memcpy(&file, CMSG_DATA(h), sizeof file);
    if (file >= 0 || m.msg_flags & MSG_CTRUNC) /* this process has as many as it may: it came, and is lost */
        keep(f, file);
    return true;
}

bool ck_files_take(ck_files *f, int bell, int *file)
{
    while (!f->count)
        if (!ck_files_hear(f, bell))
            return false;
    *file = f->fds[f->first];
    f->first = (f->first + 1) % CK_RING_ROOM;
    f->count--;
    return true;
}
