/*
 * One thread that polls. A connection is read until its request's head has ended, lies still until its time has come,
 * gets the file, and is closed. What was asked for does not matter: there is one file.
 */
#include "bench/feeder.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench/limits.h"

enum { READERS_MOST = 64, FIRST_READER = 2 };

/* What a reader is in: its request is being read, it waits, its answer is being written. */
typedef enum stage { ASKING, WAITING, READING } stage;

typedef struct reader {
    stage stage;
    double due_s;
    char last[4];     /* bytes of the request, to see its end */
    char head[128];   /* of the answer */
    size_t head_nbytes, head_sent;
    off_t sent;       /* of the file */
} reader;

typedef struct server {
    int file;
    off_t file_nbytes;
    double delay_s;
    reader readers[READERS_MOST];
    struct pollfd fds[FIRST_READER + READERS_MOST]; /* the end, the listening socket, readers */
    size_t count;                                   /* readers */
} server;

/* ---- a reader ------------------------------------------------------------------------------------------- */

static void take_reader(server *s)
{
    int fd = accept4(s->fds[1].fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

    if (fd < 0)
        return;
    s->readers[s->count] = (reader){.stage = ASKING};
    s->fds[FIRST_READER + s->count++] = (struct pollfd){.fd = fd, .events = POLLIN};
}

static void drop_reader(server *s, size_t i)
{
    close(s->fds[FIRST_READER + i].fd);
    s->count--;
    s->readers[i] = s->readers[s->count];
    s->fds[FIRST_READER + i] = s->fds[FIRST_READER + s->count];
}

/* False: the reader is gone. */
static bool hear(server *s, reader *r, struct pollfd *p)
{
    char some[1024];
    ssize_t n = read(p->fd, some, sizeof some);

    if (n <= 0)
        return n < 0 && (errno == EAGAIN || errno == EINTR);
    for (ssize_t i = 0; i < n; i++) {
        memmove(r->last, r->last + 1, 3);
        r->last[3] = some[i];
        if (!memcmp(r->last, "\r\n\r\n", 4)) {
            r->stage = WAITING;
            r->due_s = ck_limits_now() + s->delay_s;
            r->head_nbytes = (size_t)snprintf(r->head, sizeof r->head,
                                              "HTTP/1.1 200 OK\r\nContent-Length: %lld\r\nConnection: close\r\n\r\n",
                                              (long long)s->file_nbytes);
            p->events = 0;
            return true;
        }
    }
    return true;
}

/* False: all was sent, or the reader is gone. */
static bool answer(server *s, reader *r, int fd)
{
    ssize_t n = 1;

    while (r->head_sent < r->head_nbytes && n > 0) {
        n = send(fd, r->head + r->head_sent, r->head_nbytes - r->head_sent, MSG_NOSIGNAL | MSG_MORE);
        r->head_sent += n > 0 ? (size_t)n : 0;
    }
    while (r->head_sent == r->head_nbytes && r->sent < s->file_nbytes && n > 0)
        n = sendfile(fd, s->file, &r->sent, (size_t)(s->file_nbytes - r->sent));
    return n < 0 && (errno == EAGAIN || errno == EINTR);
}

static bool attend(server *s, size_t i, double now_s)
{
    reader *r = &s->readers[i];
    struct pollfd *p = &s->fds[FIRST_READER + i];

    if (p->revents & (POLLERR | POLLNVAL))
        return false;
    if (r->stage == ASKING && p->revents)
        return hear(s, r, p);
    if (r->stage == WAITING && r->due_s <= now_s) {
        r->stage = READING;
        p->events = p->revents = POLLOUT;
    }
    if (r->stage == READING && p->revents)
        return answer(s, r, p->fd);
    return r->stage == ASKING || !(p->revents & POLLHUP);
}

/* ---- all of them ------------------------------------------------------------------------------------------ */

/* Milliseconds until the next answer is due, rounded up; -1: none is. */
static int next_due(const server *s, double now_s)
{
    double next = -1;

    for (size_t i = 0; i < s->count; i++) {
        double left = s->readers[i].due_s - now_s;

        if (s->readers[i].stage == WAITING && (next < 0 || left < next))
            next = left > 0 ? left : 0;
    }
    return next < 0 ? -1 : (int)(next * 1e3) + 1;
}

static void serve(server *s)
{
    for (;;) {
        s->fds[1].events = s->count < READERS_MOST ? POLLIN : 0;
        if (poll(s->fds, FIRST_READER + s->count, next_due(s, ck_limits_now())) < 0 && errno != EINTR)
            return;
        if (s->fds[0].revents)
            return;
        double now_s = ck_limits_now();
        for (size_t i = s->count; i-- > 0;)
            if (!attend(s, i, now_s))
                drop_reader(s, i);
        if (s->fds[1].revents & POLLIN)
            take_reader(s);
    }
}

/* ---- start and stop ------------------------------------------------------------------------------------------ */

static int listen_somewhere(int *port)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof at;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), why;

    if (fd >= 0 && !bind(fd, (struct sockaddr *)&at, sizeof at) && !listen(fd, READERS_MOST) &&
        !getsockname(fd, (struct sockaddr *)&at, &size)) {
        *port = ntohs(at.sin_port);
        return fd;
    }
    why = errno;
    if (fd >= 0)
        close(fd);
    errno = why;
    return -1;
}

static chunkimg_status failed(const char *path, int file, int heard, chunkimg_error *err)
{
    int why = errno;

    if (file >= 0)
        close(file);
    if (heard >= 0)
        close(heard);
    return ck_limits_failed(err, CHUNKIMG_SYSTEM, why, "serving %.200s slowly on the loopback address", path);
}

chunkimg_status ck_feeder_start(ck_feeder *f, const char *path, double delay_s, chunkimg_error *err)
{
    int ends[2], file = open(path, O_RDONLY | O_CLOEXEC), heard = file < 0 ? -1 : listen_somewhere(&f->port);
    struct stat st;

    f->pid = -1;
    if (heard < 0 || fstat(file, &st) || pipe2(ends, O_CLOEXEC))
        return failed(path, file, heard, err);
    f->pid = fork();
    if (f->pid == 0) {
        static server s;

        close(ends[1]);
        signal(SIGINT, SIG_IGN); /* the parent ends it */
        s = (server){.file = file, .file_nbytes = st.st_size, .delay_s = delay_s};
        s.fds[0] = (struct pollfd){.fd = ends[0], .events = POLLIN};
        s.fds[1] = (struct pollfd){.fd = heard, .events = POLLIN};
        serve(&s);
        _exit(0);
    }
    f->end = ends[1];
    if (f->pid < 0) {
        close(ends[0]);
        close(ends[1]);
        return failed(path, file, heard, err);
    }
    close(ends[0]);
    close(file);
    close(heard);
    return CHUNKIMG_OK;
}

void ck_feeder_stop(ck_feeder *f)
{
    if (f->pid <= 0)
        return;
    close(f->end);
    kill(f->pid, SIGKILL); /* a run that is still ending may hold the other copy of that end */
    while (waitpid(f->pid, NULL, 0) < 0 && errno == EINTR)
        ;
    f->pid = -1;
}
