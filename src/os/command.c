/*
 * posix_spawn, not fork: other threads may hold any lock at this moment. Pipes
 * close on exec, so that a command that another thread starts meanwhile does
 * not inherit them and keep ours from ending.
 *
 * One loop of poll feeds and hears. It also looks at the process itself: when
 * that has ended, what is still in the pipes is read and nothing is waited
 * for, though something the command left in the background may hold them open.
 *
 * The command leads a process group of its own, so that ending it ends what it
 * started, too. A terminal's Ctrl-C does therefore not reach it: that is this
 * program's business, which asks while it waits.
 *
 * Writing to a command that does not read raises SIGPIPE, which this thread
 * blocks meanwhile and takes back if it was its own.
 */
#include "os/command.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/text.h"

extern char **environ;

enum { FEED, HEAR, WORDS, PIPES };

enum {
    ASK_MS = 50,   /* how often it is asked whether to stop */
    GRACE_MS = 100 /* from SIGTERM to SIGKILL */
};

typedef struct talk {
    ck_command *command;
    int ours[PIPES], its[PIPES]; /* -1: closed */
    pid_t pid;
    size_t fed;
    char words[160]; /* the end of what it said on standard error */
    size_t words_nbytes;
} talk;

/* ---- pipes ------------------------------------------------------------------ */

static void close_one(int *fd)
{
    if (*fd >= 0)
        close(*fd);
    *fd = -1;
}

static void close_all(talk *t)
{
    for (int i = 0; i < PIPES; i++) {
        close_one(&t->ours[i]);
        close_one(&t->its[i]);
    }
}

/* Out of the way of the three that the command will have. */
static int above_standard(int fd)
{
    int moved = fd;

    if (fd >= 0 && fd <= STDERR_FILENO) {
        moved = fcntl(fd, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
        close(fd);
    }
    return moved;
}

static int open_pipes(talk *t)
{
    for (int i = 0; i < PIPES; i++)
        t->ours[i] = t->its[i] = -1;
    for (int i = 0; i < PIPES; i++) {
        int ends[2];

        if (pipe2(ends, O_CLOEXEC))
            return errno;
        t->its[i] = above_standard(ends[i == FEED ? 0 : 1]);
        t->ours[i] = above_standard(ends[i == FEED ? 1 : 0]);
        if (t->its[i] < 0 || t->ours[i] < 0)
            return errno;
        fcntl(t->ours[i], F_SETFL, O_NONBLOCK);
    }
    return 0;
}

/* ---- starting --------------------------------------------------------------- */

/* A worker ignores the signals that the user stops the program with; a command should not. */
static int set_signals(posix_spawnattr_t *attr)
{
    sigset_t none, usual;

    sigemptyset(&none);
    sigemptyset(&usual);
    sigaddset(&usual, SIGPIPE);
    sigaddset(&usual, SIGINT);
    sigaddset(&usual, SIGTERM);
    sigaddset(&usual, SIGHUP);
    posix_spawnattr_setsigmask(attr, &none);
    posix_spawnattr_setsigdefault(attr, &usual);
    posix_spawnattr_setpgroup(attr, 0);
    return posix_spawnattr_setflags(attr, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP);
}

static int start(talk *t)
{
    static const int standard[PIPES] = {[FEED] = STDIN_FILENO, [HEAR] = STDOUT_FILENO, [WORDS] = STDERR_FILENO};
    char *argv[] = {"sh", "-c", (char *)t->command->line, NULL};
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attr;
    int why = posix_spawn_file_actions_init(&actions);

    if (why)
        return why;
    why = posix_spawnattr_init(&attr);
    if (!why) {
        why = set_signals(&attr);
        for (int i = 0; i < PIPES && !why; i++)
            why = posix_spawn_file_actions_adddup2(&actions, t->its[i], standard[i]);
        if (!why)
            why = posix_spawn(&t->pid, "/bin/sh", &actions, &attr, argv, environ);
        posix_spawnattr_destroy(&attr);
    }
    posix_spawn_file_actions_destroy(&actions);
    for (int i = 0; i < PIPES; i++)
        close_one(&t->its[i]);
    return why;
}

/* ---- talking ---------------------------------------------------------------- */

static void feed(talk *t)
{
    const ck_command *c = t->command;
    ssize_t n = write(t->ours[FEED], (const char *)c->in + t->fed, c->in_nbytes - t->fed);

    if (n > 0)
        t->fed += (size_t)n;
    if (t->fed == c->in_nbytes || (n < 0 && errno != EAGAIN && errno != EINTR))
        close_one(&t->ours[FEED]);
}

/* False: nothing to hear now. */
static bool hear(talk *t)
{
    ck_command *c = t->command;
    char more[4096];
    bool full = c->out_nbytes >= c->out_room;
    ssize_t n = full ? read(t->ours[HEAR], more, sizeof more)
                     : read(t->ours[HEAR], (char *)c->out + c->out_nbytes, c->out_room - c->out_nbytes);

    if (n > 0) {
        c->out_nbytes = full ? c->out_room + 1 : c->out_nbytes + (size_t)n;
        return true;
    }
    if (n < 0 && errno == EINTR)
        return true;
    if (n == 0 || errno != EAGAIN)
        close_one(&t->ours[HEAR]);
    return false;
}

static bool hear_words(talk *t)
{
    char more[4096];
    ssize_t n = read(t->ours[WORDS], more, sizeof more);

    if (n <= 0) {
        if (n == 0 || (errno != EAGAIN && errno != EINTR))
            close_one(&t->ours[WORDS]);
        return false;
    }
    for (ssize_t i = 0; i < n; i++) {
        if (t->words_nbytes == sizeof t->words)
            memmove(t->words, t->words + 1, --t->words_nbytes);
        t->words[t->words_nbytes++] = more[i];
    }
    return true;
}

/* The whole group. The command is not waited for yet, so no other has its number. */
static void put_an_end(talk *t, int self)
{
    struct pollfd ended = {self, POLLIN, 0};

    kill(-t->pid, SIGTERM);
    poll(&ended, 1, GRACE_MS);
    kill(-t->pid, SIGKILL);
}

/* False: it was stopped. */
static bool talk_to_the_end(talk *t)
{
    const ck_command *c = t->command;
    int self = (int)syscall(SYS_pidfd_open, t->pid, 0); /* -1, which poll passes over, where the kernel is older */
    bool ended = false, stopped = false;

    if (!c->in_nbytes)
        close_one(&t->ours[FEED]);
    while (!ended && !stopped && (self >= 0 || t->ours[HEAR] >= 0 || t->ours[WORDS] >= 0)) {
        struct pollfd polls[] = {{t->ours[FEED], POLLOUT, 0}, {t->ours[HEAR], POLLIN, 0}, {t->ours[WORDS], POLLIN, 0},
                                 {self, POLLIN, 0}};

        if (poll(polls, 4, c->stopped ? ASK_MS : -1) < 0 && errno != EINTR)
            break;
        if (polls[FEED].revents)
            feed(t);
        if (polls[HEAR].revents)
            hear(t);
        if (polls[WORDS].revents)
            hear_words(t);
        ended = polls[PIPES].revents != 0;
        stopped = c->stopped && !ended && c->stopped(c->self);
    }
    if (stopped)
        put_an_end(t, self);
    while (t->ours[HEAR] >= 0 && ended && hear(t))
        ;
    if (self >= 0)
        close(self);
    return !stopped;
}

/* ---- ending ----------------------------------------------------------------- */

static const char *last_line(talk *t, char *to, size_t size)
{
    size_t end = t->words_nbytes, begin;
    char line[sizeof t->words + 1];

    while (end && (t->words[end - 1] == '\n' || t->words[end - 1] == ' '))
        end--;
    for (begin = end; begin && t->words[begin - 1] != '\n';)
        begin--;
    memcpy(line, t->words + begin, end - begin);
    line[end - begin] = 0;
    return ck_text_escape(to, size, line);
}

static ck_status judge(talk *t, int status, ck_error *err)
{
    char words[240], shown[120];

    if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
        return CK_OK;
    last_line(t, words, sizeof words);
    ck_text_escape(shown, sizeof shown, t->command->line);
    if (WIFSIGNALED(status))
        return ck_fail(err, CHUNKIMG_SYSTEM, "the command '%s' was killed by signal %d (%s)%s%s", shown, WTERMSIG(status),
                       strsignal(WTERMSIG(status)), *words ? ": " : "", words);
    return ck_fail(err, CHUNKIMG_SYSTEM, "the command '%s' ended with status %d%s%s", shown, WEXITSTATUS(status),
                   *words ? ": " : "", words);
}

/* The signal that a write of ours may have raised is taken back, one that was pending before is not. */
static void block_pipe_signal(sigset_t *pipe_only, sigset_t *before, bool *pending)
{
    sigset_t now;

    sigemptyset(pipe_only);
    sigaddset(pipe_only, SIGPIPE);
    sigpending(&now);
    *pending = sigismember(&now, SIGPIPE) == 1;
    pthread_sigmask(SIG_BLOCK, pipe_only, before);
}

static void restore_pipe_signal(const sigset_t *pipe_only, const sigset_t *before, bool pending)
{
    while (!pending && sigtimedwait(pipe_only, NULL, &(struct timespec){0, 0}) < 0 && errno == EINTR)
        ;
    pthread_sigmask(SIG_SETMASK, before, NULL);
}

ck_status ck_command_run(ck_command *command, ck_error *err)
{
    talk t = {.command = command};
    sigset_t pipe_only, before;
    char shown[120];
    bool pending;
    int why = open_pipes(&t), status = 0;

    command->out_nbytes = 0;
    if (!why)
        why = start(&t);
    if (why) {
        close_all(&t);
        return ck_fail_os(err, why, "the command '%s' cannot be started", ck_text_escape(shown, sizeof shown, command->line));
    }
    block_pipe_signal(&pipe_only, &before, &pending);
    bool whole = talk_to_the_end(&t);
    close_one(&t.ours[FEED]);
    close_one(&t.ours[HEAR]);
    while (!why && waitpid(t.pid, &status, 0) < 0)
        why = errno == EINTR ? 0 : errno;
    while (t.ours[WORDS] >= 0 && hear_words(&t))
        ;
    restore_pipe_signal(&pipe_only, &before, pending);
    close_all(&t);
    if (why) /* somebody ignores SIGCHLD */
        return ck_fail_os(err, why, "how the command '%s' ended is not to be learned", ck_text_escape(shown, sizeof shown, command->line));
    return whole ? judge(&t, status, err) : ck_fail(err, CHUNKIMG_INTERRUPTED, "the command '%s' was stopped", ck_text_escape(shown, sizeof shown, command->line));
}
