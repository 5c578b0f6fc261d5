/* Files: reading the input from the page cache, and creating many small ones. */
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bench/limits.h"

enum { STEP = 1 << 20, FILES = 2000, FILE_NBYTES = 20 * 1024 };

/* ---- reading ------------------------------------------------------------------------------- */

typedef struct reading {
    const char *path;
    uint8_t *buffer; /* STEP */
} reading;

static double read_once(void *user)
{
    const reading *r = user;
    double start = ck_limits_now();
    int fd = open(r->path, O_RDONLY | O_CLOEXEC);
    ssize_t n;

    if (fd < 0)
        return -1;
    while ((n = TEMP_FAILURE_RETRY(read(fd, r->buffer, STEP))) > 0)
        ;
    close(fd);
    return n < 0 ? -1 : ck_limits_now() - start;
}

static chunkimg_status read_input(ck_limits *l, chunkimg_error *err)
{
    reading r = {.path = l->path, .buffer = malloc(STEP)};
    ck_figure f = {.group = "files", .name = "read", .text = "read the input, 1 MiB at a time", .unit = "GB/s",
                   .note = "from the page cache"};
    chunkimg_status status = r.buffer ? ck_limits_rate(l, f, (double)l->input_bytes * 1e-9, read_once, &r,
                                                       &l->floors.read_s, err)
                                      : ck_limits_failed(err, CHUNKIMG_SYSTEM, ENOMEM, "measuring files");

    free(r.buffer);
    return status;
}

/* ---- creating ------------------------------------------------------------------------------- */

typedef struct creating {
    int dir_fd;
    unsigned threads;
    const uint8_t *data;  /* FILE_NBYTES */
    atomic_int os_errno;  /* of any thread that failed */
} creating;

static bool create_file(int dir_fd, unsigned i, const uint8_t *data)
{
    char name[16];
    snprintf(name, sizeof name, "%u", i);
    int fd = openat(dir_fd, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);

    if (fd < 0)
        return false;
    errno = ENOSPC; /* what a short write means */
    bool whole = TEMP_FAILURE_RETRY(write(fd, data, FILE_NBYTES)) == FILE_NBYTES;
    int why = errno;
    if (close(fd))
        return false;
    errno = why;
    return whole;
}

static void create_part(void *user, unsigned index, unsigned threads)
{
    creating *c = user;

    for (unsigned i = index; i < FILES && !atomic_load_explicit(&c->os_errno, memory_order_relaxed); i += threads)
        if (!create_file(c->dir_fd, i, c->data))
            atomic_store_explicit(&c->os_errno, errno, memory_order_relaxed);
}

static double create_once(void *user)
{
    creating *c = user;
    double taken = ck_limits_team(c->threads, create_part, c);
    int why = taken < 0 ? errno : atomic_load_explicit(&c->os_errno, memory_order_relaxed);

    for (unsigned i = 0; i < FILES; i++) {
        char name[16];
        snprintf(name, sizeof name, "%u", i);
        unlinkat(c->dir_fd, name, 0);
    }
    errno = why;
    return why ? -1 : taken;
}

static chunkimg_status create_at(ck_limits *l, creating *c, unsigned threads, chunkimg_error *err)
{
    ck_figure f = {.group = "files", .unit = "files/s"};

    c->threads = threads;
    snprintf(f.name, sizeof f.name, "create_%u_threads", threads);
    snprintf(f.text, sizeof f.text, "create, %u thread%s", threads, threads == 1 ? "" : "s");
    snprintf(f.note, sizeof f.note, "%d files of %d KiB in one folder on this disk", FILES, FILE_NBYTES / 1024);
    return ck_limits_rate(l, f, FILES, create_once, c, NULL, err);
}

static chunkimg_status create_files(ck_limits *l, chunkimg_error *err)
{
    uint8_t data[FILE_NBYTES];
    creating c = {.data = data};
    char path[sizeof l->folder + 8];

    memset(data, 'x', sizeof data);
    snprintf(path, sizeof path, "%s/files", l->folder);
    if (mkdir(path, 0700))
        return ck_limits_failed(err, CHUNKIMG_SYSTEM, errno, "%s", path);
    c.dir_fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (c.dir_fd < 0)
        return ck_limits_failed(err, CHUNKIMG_SYSTEM, errno, "%s", path);
    chunkimg_status status = create_at(l, &c, 1, err);
    if (!status && l->cpus > 1)
        status = create_at(l, &c, l->cpus, err);
    close(c.dir_fd);
    return status;
}

chunkimg_status ck_limits_of_files(ck_limits *l, chunkimg_error *err)
{
    chunkimg_status status = read_input(l, err);

    return status ? status : create_files(l, err);
}
