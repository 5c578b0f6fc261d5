/*
 * Files for children that may open no path. The supervisor opens what a ticket
 * is to be written to, pushes the ticket, sends the descriptor over the bell's
 * socket, where its byte rings the bell as well, and closes its own copy. That
 * may be after the child has written and closed: so either close can be the
 * one that tells of an error, and both are heeded.
 *
 * Descriptors come in the order of the tickets, on whose kind a bit says that
 * one belongs to it; where one cannot be sent, a byte of its own stands in for
 * it, and the child gives the ticket back. One read takes many bytes but never
 * more than one descriptor, which belongs to the last of them: the kernel ends
 * the read there.
 */
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "exec/proc_supervisor.h"

enum { REFUSALS_MOST = 3 }; /* of a file, while nothing else is out */

static const char lost_byte = '-'; /* in place of a descriptor; all others only ring */

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

/* The child asks no further; one that cannot even be told would wait for ever. */
static void say_it_is_lost(const ck_child *c)
{
    ssize_t n;

    do
        n = send(c->bell, &lost_byte, 1, MSG_NOSIGNAL | MSG_DONTWAIT);
    while (n < 0 && errno == EINTR);
    if (n < 0)
        kill(c->pid, SIGKILL); /* its end is seen at its socket, as any other's */
}

void ck_file_give(const ck_child *c, ck_lease *lease, int file)
{
    lease->file_errno = ck_file_send(c->bell, file);
    if (lease->file_errno)
        say_it_is_lost(c);
    if (close(file) && errno != EINTR && !lease->file_errno)
        lease->file_errno = errno;
}

/* ---- the supervisor: what could not be had ------------------------------------------ */

void ck_file_lose(ck_supervisor *s, const ck_lease *lease, int why, const char *doing)
{
    char what[96];
    ck_error err;

    ck_fail_os(&err, why, "%s %s", doing, s->work->describe(s->work->self, lease->ticket, what, sizeof what));
    s->work->lost(s->work->self, lease->ticket, &err);
}

static bool anything_out(const ck_supervisor *s)
{
    for (unsigned id = 0; id < s->processes; id++)
        if (s->children[id].leases.count)
            return true;
    return false;
}

/* False: nothing that is out can make room for it, and it was tried often enough. */
static bool wait_for_file(ck_supervisor *s, ck_lease *lease)
{
    s->no_file = anything_out(s);
    if (!s->no_file && ++lease->refusals == REFUSALS_MOST)
        return false;
    ck_leases_add(&s->orphans, *lease);
    return true;
}

void ck_file_lost(ck_supervisor *s, ck_child *c, ck_lease *lease)
{
    if (!lease->file_errno)
        c->room = c->leases.count ? c->leases.count : 1;
    s->work->again(s->work->self, lease->ticket);
    if (!wait_for_file(s, lease))
        ck_file_lose(s, lease, lease->file_errno ? lease->file_errno : EMFILE, "giving a worker process the file of");
}

/* There was none for want of what there is more of once less is out. */
static bool may_come(int why)
{
    return why == EMFILE || why == ENFILE || why == ENOMEM;
}

void ck_file_refused(ck_supervisor *s, ck_lease *lease, int why, const ck_error *err)
{
    if (!may_come(why) || !wait_for_file(s, lease))
        s->work->lost(s->work->self, lease->ticket, err);
}

/* ---- the child --------------------------------------------------------------------- */

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
    for (ssize_t i = 0; i < n; i++)
        if (bytes[i] == lost_byte)
            keep(f, -1);
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
