/* A run in a process of its own: fresh memory, fresh counters, and no thread of one run when the next one forks. */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cli/cli.h"

/* What comes back through the pipe; smaller than PIPE_BUF, so it comes whole or not at all. */
typedef struct message {
    chunkimg_status status;
    chunkimg_result result;
    chunkimg_error err;
} message;

_Static_assert(sizeof(message) <= 4096, "must fit PIPE_BUF");

/* All of it, or nothing that counts: the reader looks at the size. */
static void pass_events(const chunkimg_job *job, int fd)
{
    size_t count;
    uint64_t lost;
    const chunkimg_event *events = chunkimg_job_events(job, &count, &lost);
    const char *from = (const char *)events;
    size_t left = count * sizeof *events;

    if (write(fd, &lost, sizeof lost) != (ssize_t)sizeof lost)
        return;
    while (left) {
        ssize_t n = write(fd, from, left);

        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return;
        from += n;
        left -= (size_t)n;
    }
}

/* What a run does. */
typedef struct work {
    const chunkimg_options *options;
    const char *const *inputs; /* in place of options->input; NULL: there is that one */
    size_t count;
    int events_fd;             /* a file that gets what happened; -1: none */
} work;

static void run_one(const work *w, message *m)
{
    chunkimg_job *job;

    m->status = chunkimg_open(w->options, &job, &m->err);
    if (m->status)
        return;
    chunkimg_on_tick(job, cli_meter_tick, NULL);
    m->status = chunkimg_run(job, &m->err);
    m->result = *chunkimg_job_result(job);
    if (w->events_fd >= 0 && !m->status)
        pass_events(job, w->events_fd);
    chunkimg_close(&job);
}

static void child_main(const work *w, int pipe_fd, pid_t parent)
{
    message m;

    /* Nobody waits for a run whose parent ended: it stops, and leaves nothing. */
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    if (getppid() != parent)
        _exit(1);
    memset(&m, 0, sizeof m);
    if (w->inputs)
        m.status = cli_run_each(w->options, w->inputs, w->count, &m.result, &m.err);
    else
        run_one(w, &m);
    ssize_t n = write(pipe_fd, &m, sizeof m);
    _exit(n == (ssize_t)sizeof m ? 0 : 1);
}

static chunkimg_status failed(chunkimg_error *err, chunkimg_status status, const char *what, int number)
{
    memset(err, 0, sizeof *err);
    err->status = status;
    err->col = err->row = -1;
    snprintf(err->text, sizeof err->text, "%s: %s", what, status == CHUNKIMG_WORKER ? strsignal(number) : strerror(number));
    return status;
}

/*
 * Waits for what the run has to say; false where it ended without a word. A signal that reached only this process is
 * passed on: the run stops in its own time, and the same signal twice at once counts once.
 */
static bool hear(pid_t run, int from, message *m)
{
    struct pollfd waiting = {.fd = from, .events = POLLIN};
    bool passed_on = false;
    ssize_t n;

    memset(m, 0, sizeof *m);
    do {
        if (cli_signal_caught() && !passed_on)
            passed_on = !kill(run, SIGTERM);
    } while (poll(&waiting, 1, 50) <= 0);
    do
        n = read(from, m, sizeof *m);
    while (n < 0 && errno == EINTR);
    return n == (ssize_t)sizeof *m;
}

static chunkimg_status run_apart(const work *w, chunkimg_result *result, chunkimg_error *err)
{
    int ends[2], status = 0;
    pid_t parent = getpid();
    message m;

    if (pipe(ends))
        return failed(err, CHUNKIMG_SYSTEM, "starting a run", errno);
    fflush(NULL);
    pid_t pid = fork();
    if (pid == 0) {
        close(ends[0]);
        child_main(w, ends[1], parent);
    }
    int why = errno;
    close(ends[1]);
    if (pid < 0) {
        close(ends[0]);
        return failed(err, CHUNKIMG_SYSTEM, "starting a run", why);
    }
    bool told = hear(pid, ends[0], &m);
    close(ends[0]);
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
        ;
    if (!told)
        return WIFSIGNALED(status) ? failed(err, CHUNKIMG_WORKER, "the process of the run ended", WTERMSIG(status))
                                   : failed(err, CHUNKIMG_SYSTEM, "the process of the run ended", ECHILD);
    *result = m.result;
    *err = m.err;
    return m.status;
}

chunkimg_status cli_run_apart(const chunkimg_options *options, chunkimg_result *result, chunkimg_error *err)
{
    return run_apart(&(work){.options = options, .events_fd = -1}, result, err);
}

chunkimg_status cli_run_each_apart(const chunkimg_options *options, const char *const *inputs, size_t count, chunkimg_result *result,
                                   chunkimg_error *err)
{
    return run_apart(&(work){.options = options, .inputs = inputs, .count = count, .events_fd = -1}, result, err);
}

static void take_events(int fd, cli_events *to)
{
    struct stat s;
    size_t size;
    chunkimg_event *list;

    if (fstat(fd, &s) || (size_t)s.st_size < sizeof to->lost || pread(fd, &to->lost, sizeof to->lost, 0) < (ssize_t)sizeof to->lost)
        return;
    size = (size_t)s.st_size - sizeof to->lost;
    list = malloc(size ? size : 1);
    for (size_t at = 0; list && at < size;) {
        ssize_t n = pread(fd, (char *)list + at, size - at, (off_t)(sizeof to->lost + at));

        if (n <= 0) {
            free(list);
            return;
        }
        at += (size_t)n;
    }
    to->list = list;
    to->count = list ? size / sizeof *list : 0;
}

chunkimg_status cli_run_traced(const chunkimg_options *options, chunkimg_result *result, cli_events *events, chunkimg_error *err)
{
    int fd = memfd_create("chunkimg-events", MFD_CLOEXEC);
    chunkimg_status status;

    *events = (cli_events){.list = NULL};
    if (fd < 0)
        return failed(err, CHUNKIMG_SYSTEM, "preparing a trace", errno);
    status = run_apart(&(work){.options = options, .events_fd = fd}, result, err);
    if (!status)
        take_events(fd, events);
    close(fd);
    return status;
}
