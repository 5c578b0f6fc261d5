#include "os/process.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

extern char **environ;

/* The environment, and one more; the strings are borrowed. */
static char **marked_environment(const char *mark)
{
    size_t n = 0;
    char **copy;

    while (environ && environ[n])
        n++;
    copy = malloc((n + 2) * sizeof *copy);
    if (!copy)
        return NULL;
    for (size_t i = 0; i < n; i++)
        copy[i] = environ[i];
    copy[n] = (char *)mark;
    copy[n + 1] = NULL;
    return copy;
}

/* Above every number that they shall have, so that none is overwritten before it is copied. */
static int lift(const int fds[CK_FDS_MOST], int lifted[CK_FDS_MOST])
{
    int why = 0;

    for (int i = 0; i < CK_FDS_MOST; i++) {
        lifted[i] = fds[i] < 0 || why ? -1 : fcntl(fds[i], F_DUPFD_CLOEXEC, CK_FIRST_FD + CK_FDS_MOST);
        if (fds[i] >= 0 && lifted[i] < 0 && !why)
            why = errno;
    }
    return why;
}

static int spawn_with(const char *program, const char *word, char **environment, const int fds[CK_FDS_MOST], pid_t *pid)
{
    char *argv[] = {(char *)program, (char *)word, NULL};
    posix_spawn_file_actions_t actions;
    int why = posix_spawn_file_actions_init(&actions);

    if (why)
        return why;
    for (int i = 0; i < CK_FDS_MOST && !why; i++)
        if (fds[i] >= 0)
            why = posix_spawn_file_actions_adddup2(&actions, fds[i], CK_FIRST_FD + i);
    if (!why)
        why = posix_spawn(pid, program, &actions, NULL, argv, environment);
    posix_spawn_file_actions_destroy(&actions);
    return why;
}

int ck_process_spawn(const char *program, const char *word, const char *mark, const int fds[CK_FDS_MOST], pid_t *pid)
{
    char **environment = marked_environment(mark);
    int lifted[CK_FDS_MOST], why = lift(fds, lifted);

    if (!environment)
        why = ENOMEM;
    if (!why)
        why = spawn_with(program, word, environment, lifted, pid);
    for (int i = 0; i < CK_FDS_MOST; i++)
        if (lifted[i] >= 0)
            close(lifted[i]);
    free(environment);
    return why;
}

/* The kernel lists a thread for a moment after it was joined. */
bool ck_process_is_single(void)
{
    const struct timespec moment = {.tv_nsec = 200000};
    struct stat tasks; /* a folder of one folder for each thread */

    for (int tries = 0; tries < 20; tries++) {
        if (stat("/proc/self/task", &tasks))
            return false;
        if (tasks.st_nlink == 3)
            return true;
        nanosleep(&moment, NULL);
    }
    return false;
}

bool ck_process_follow(pid_t parent)
{
    /* Sent when the parent ends; it may have ended before this line. */
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    return getppid() == parent;
}

bool ck_socket_send(int socket, const void *bytes, size_t nbytes)
{
    const char *at = bytes;

    while (nbytes) {
        ssize_t n = send(socket, at, nbytes, MSG_NOSIGNAL);

        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return false;
        at += n;
        nbytes -= (size_t)n;
    }
    return true;
}

bool ck_socket_receive(int socket, void *bytes, size_t nbytes)
{
    char *at = bytes;

    while (nbytes) {
        ssize_t n = recv(socket, at, nbytes, 0);

        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return false;
        at += n;
        nbytes -= (size_t)n;
    }
    return true;
}

/* Descriptors travel with the first byte; which of the places they are for, before it. */
typedef struct places {
    bool used[CK_FDS_MOST];
} places;

typedef union control {
    struct cmsghdr align;
    char bytes[CMSG_SPACE(CK_FDS_MOST * sizeof(int))];
} control;

bool ck_socket_send_fds(int socket, const void *bytes, size_t nbytes, const int fds[CK_FDS_MOST])
{
    places p;
    control c = {0};
    struct iovec what = {&p, sizeof p};
    struct msghdr m = {.msg_iov = &what, .msg_iovlen = 1, .msg_control = c.bytes};
    int given[CK_FDS_MOST];
    size_t n = 0;

    for (int i = 0; i < CK_FDS_MOST; i++) {
        p.used[i] = fds[i] >= 0;
        if (p.used[i])
            given[n++] = fds[i];
    }
    m.msg_controllen = CMSG_SPACE(n * sizeof(int));
    struct cmsghdr *h = CMSG_FIRSTHDR(&m);
    *h = (struct cmsghdr){.cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS, .cmsg_len = CMSG_LEN(n * sizeof(int))};
    memcpy(CMSG_DATA(h), given, n * sizeof(int));
    ssize_t sent;
    do
        sent = sendmsg(socket, &m, MSG_NOSIGNAL);
    while (sent < 0 && errno == EINTR);
    return sent == (ssize_t)sizeof p && ck_socket_send(socket, bytes, nbytes);
}

bool ck_socket_receive_fds(int socket, void *bytes, size_t nbytes, int fds[CK_FDS_MOST])
{
    places p;
    control c;
    struct iovec what = {&p, sizeof p};
    struct msghdr m = {.msg_iov = &what, .msg_iovlen = 1, .msg_control = c.bytes, .msg_controllen = sizeof c.bytes};
    ssize_t got;

    for (int i = 0; i < CK_FDS_MOST; i++)
        fds[i] = -1;
    do
        got = recvmsg(socket, &m, MSG_CMSG_CLOEXEC | MSG_WAITALL);
    while (got < 0 && errno == EINTR);
    struct cmsghdr *h = got == (ssize_t)sizeof p ? CMSG_FIRSTHDR(&m) : NULL;
    if (got != (ssize_t)sizeof p)
        return false;
    for (size_t i = 0, next = 0; h && i < CK_FDS_MOST; i++)
        if (p.used[i])
            memcpy(&fds[i], CMSG_DATA(h) + next++ * sizeof(int), sizeof(int));
    return ck_socket_receive(socket, bytes, nbytes);
}
