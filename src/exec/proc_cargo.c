/*
 * Pixels by socket, for the comparison with shared memory: what a ticket reads
 * is sent after it, and what its carrier made is sent back, as a pool of
 * processes does that pickles its arguments and results.
 *
 * Nobody can wait for the other in a circle: a child is sent rows only while
 * it has nothing in hand, so it reads all of them before it writes; and the
 * supervisor reads what comes back as soon as it has heard of it. It never
 * blocks in a call: while the socket is full or empty it looks after the clock
 * and after children that are stuck.
 *
 * sendmsg and not a pipe's write, which would raise SIGPIPE in the program
 * that called this library when a child has died.
 */
#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include "exec/proc_supervisor.h"

enum { PIECES = 256, WAIT_MS = 20 };

/* Pieces on their way, as many as one call takes. */
typedef struct batch {
    struct iovec pieces[PIECES];
    size_t first, count;
} batch;

/* False: there are no more. */
static bool fill_batch(batch *b, const ck_work *w, ck_ticket t, bool back, size_t *next)
{
    ck_piece piece;

    b->first = b->count = 0;
    while (b->count < PIECES && w->cargo(w->self, t, back, *next, &piece)) {
        b->pieces[b->count++] = (struct iovec){piece.at, piece.nbytes};
        ++*next;
    }
    return b->count > 0;
}

static void advance(batch *b, size_t nbytes)
{
    while (b->first < b->count && nbytes >= b->pieces[b->first].iov_len)
        nbytes -= b->pieces[b->first++].iov_len;
    if (nbytes) {
        b->pieces[b->first].iov_base = (char *)b->pieces[b->first].iov_base + nbytes;
        b->pieces[b->first].iov_len -= nbytes;
    }
}

/* One call; 0: try again, -1: the other side is gone. */
static ssize_t move_some(batch *b, int socket, bool send, int flags)
{
    struct msghdr m = {.msg_iov = b->pieces + b->first, .msg_iovlen = b->count - b->first};
    ssize_t n = send ? sendmsg(socket, &m, flags | MSG_NOSIGNAL) : recvmsg(socket, &m, flags);

    if (n > 0)
        return n;
    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return 0;
    return -1;
}

bool ck_cargo_move_child(const ck_seat *seat, ck_ticket t, bool back)
{
    size_t next = 0;
    batch b;

    while (fill_batch(&b, seat->work, t, back, &next))
        while (b.first < b.count) {
            ssize_t n = move_some(&b, seat->data, back, 0);

            if (n < 0)
                return false;
            advance(&b, (size_t)n);
        }
    return true;
}

bool ck_cargo_move(ck_supervisor *s, unsigned id, ck_ticket t, bool back)
{
    struct pollfd p = {.fd = s->children[id].data, .events = back ? POLLIN : POLLOUT};
    size_t next = 0;
    batch b;

    while (fill_batch(&b, s->work, t, back, &next))
        while (b.first < b.count) {
            ssize_t n = move_some(&b, p.fd, !back, MSG_DONTWAIT);

            if (n < 0)
                return false;
            s->copied += (uint64_t)n;
            advance(&b, (size_t)n);
            if (n == 0) {
                (void)poll(&p, 1, WAIT_MS);
                s->config->pulse(s->config->user);
                ck_supervisor_end_stuck(s);
            }
        }
    return true;
}
