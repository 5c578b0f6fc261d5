#include "os/input.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/text.h"
#include "os/manifest.h"

/* Large enough that the read calls do not show, small enough to stay in the L2 cache until it is decoded. */
enum { BUFFER_NBYTES = 256 * 1024, HEAD_NBYTES = 16 };

struct ck_input {
    int fd;
    int folder; /* the file lies in; -1: not opened */
    char *path; /* as it was given; NULL: none was */
    bool in_folder; /* path is that folder */
    bool owned; /* standard input is not ours to close */
    bool ended, seekable;
    const ck_turns *turns;
    ck_ahead *ahead; /* NULL: nobody reads ahead */
    const ck_body *body; /* what is read in place of a file of ours */
    struct stat opened; /* of a regular file, as it was when it was opened; else all zeros */
    uint64_t size, read_ns;
    off_t base; /* where in the file the input begins: standard input may stand anywhere */
    off_t read; /* bytes from there on that were read */
    size_t at, end; /* buffer[at .. end) is not consumed */
    char name[256];
    uint8_t buffer[BUFFER_NBYTES];
};

/* What kind of file it is; a folder becomes the manifest in it, where there is one. */
static ck_status examine(ck_input *in, bool in_folder, ck_error *err)
{
    struct stat st;
    int why;

    if (in->fd < 0 || fstat(in->fd, &st) < 0)
        return ck_fail_os(err, errno, "%s: cannot be opened", in->name);
    if (S_ISDIR(st.st_mode)) {
        in->folder = in->fd;
        in->fd = in_folder ? -1 : openat(in->folder, CK_MANIFEST_NAME, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NOCTTY | O_NONBLOCK);
        why = errno;
        if (in->fd < 0 && (in_folder || why == ENOENT))
            return ck_fail_os(err, EISDIR, "%s: cannot be read as an image", in->name);
        if (in->fd < 0 || fstat(in->fd, &st))
            return ck_fail_os(err, why, "%s: its %s cannot be opened", in->name, CK_MANIFEST_NAME);
        in->in_folder = in_folder = true;
    }
    if (in_folder && !S_ISREG(st.st_mode))
        return ck_fail(err, CHUNKIMG_SYSTEM, "%s: not a plain file", in->name);
    if (S_ISREG(st.st_mode)) {
        in->opened = st;
        in->size = (uint64_t)st.st_size;
        in->base = lseek(in->fd, 0, SEEK_CUR);
        in->seekable = in->base >= 0;
        (void)posix_fadvise(in->fd, 0, 0, POSIX_FADV_SEQUENTIAL); /* a hint; its failure changes nothing */
    }
    return CK_OK;
}

static ck_input *new_input(ck_error *err)
{
    ck_input *in = calloc(1, sizeof *in);

    if (!in)
        ck_fail_memory(err, sizeof *in, "opening the input");
    else
        in->folder = in->fd = -1;
    return in;
}

ck_status ck_input_open(const char *path, ck_input **out, ck_error *err)
{
    ck_input *in = new_input(err);
    ck_status status = CK_OK;

    *out = in;
    if (!in)
        return CHUNKIMG_SYSTEM;
    if (!strcmp(path, "-")) {
        strcpy(in->name, "standard input");
        in->fd = STDIN_FILENO;
    } else {
        ck_text_escape(in->name, sizeof in->name, path);
        in->path = strdup(path);
        in->owned = true;
        if (!in->path)
            status = ck_fail_memory(err, strlen(path), "opening the input");
        else
            in->fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    }
    if (!status)
        status = examine(in, false, err);
    if (status)
        ck_input_close(out);
    return status;
}

ck_status ck_input_open_at(int dir, const char *file, const char *folder, ck_input **out, ck_error *err)
{
    ck_input *in = new_input(err);
    char shown[sizeof in->name];
    ck_status status;

    *out = in;
    if (!in)
        return CHUNKIMG_SYSTEM;
    snprintf(in->name, sizeof in->name, "%.120s/%.130s", folder, ck_text_escape(shown, sizeof shown, file));
    in->fd = openat(dir, file, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NOCTTY | O_NONBLOCK);
    in->owned = true;
    status = examine(in, true, err);
    if (status)
        ck_input_close(out);
    return status;
}

ck_status ck_input_folder(ck_input *in, int *dir, ck_error *err)
{
    const char *slash = in->path ? strrchr(in->path, '/') : NULL;
    char folder[4096];

    if (in->folder < 0 && !in->path)
        return ck_fail(err, CHUNKIMG_USAGE, "%s: a manifest is read in its folder, which is given itself", in->name);
    if (in->folder < 0) {
        snprintf(folder, sizeof folder, "%.*s", slash ? (int)(slash - in->path) + 1 : 1, slash ? in->path : ".");
        in->folder = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    }
    *dir = in->folder;
    return in->folder < 0 ? ck_fail_os(err, errno, "%s: its folder cannot be opened", in->name) : CK_OK;
}

const char *ck_input_file(const ck_input *in)
{
    const char *slash = in->path ? strrchr(in->path, '/') : NULL;

    return in->in_folder || !in->path ? CK_MANIFEST_NAME : slash ? slash + 1 : in->path;
}

ck_status ck_input_open_body(const ck_body *body, ck_input **out, ck_error *err)
{
    ck_input *in = new_input(err);

    *out = in;
    if (!in)
        return CHUNKIMG_SYSTEM;
    snprintf(in->name, sizeof in->name, "%s", body->name);
    in->fd = body->fd;
    in->body = body;
    in->seekable = true;
    in->size = body->nbytes;
    return CK_OK;
}

void ck_input_close(ck_input **in)
{
    if (!*in)
        return;
    if ((*in)->owned && (*in)->fd >= 0)
        close((*in)->fd);
    if ((*in)->folder >= 0)
        close((*in)->folder);
    free((*in)->path);
    free((*in)->ahead);
    free(*in);
    *in = NULL;
}

/*
 * A file is read at a place of our own: the system's is shared with every
 * process that was forked since, and the one that takes over a decoder begins
 * where this one stood, whatever others have read.
 */
static ssize_t read_some(ck_input *in)
{
    size_t room = sizeof in->buffer - in->end;
    ssize_t n;

    do
        n = in->seekable ? pread(in->fd, in->buffer + in->end, room, in->base + in->read)
                         : read(in->fd, in->buffer + in->end, room);
    while (n < 0 && errno == EINTR);
    return n;
}

/* What a loop has read ahead, else by ourselves; then what comes after it is asked for. */
static ssize_t read_next(ck_input *in)
{
    size_t room = sizeof in->buffer - in->end;
    ck_ahead *a = in->ahead;
    ssize_t n;

    if (!a)
        return read_some(in);
    if (ck_ahead_ready(a, in->base + in->read) && a->got <= room) {
        n = (ssize_t)a->got;
        memcpy(in->buffer + in->end, a->bytes, a->got);
        a->used++;
    } else {
        n = read_some(in);
    }
    if (n > 0)
        ck_ahead_want(a, in->fd, in->base + in->read + n);
    return n;
}

/* Reads once into the free end of the buffer; the part in use is moved to its front first. */
static ck_status refill(ck_input *in, ck_error *err)
{
    uint64_t began;
    ssize_t n;

    if (in->at) {
        memmove(in->buffer, in->buffer + in->at, in->end - in->at);
        in->end -= in->at;
        in->at = 0;
    }
    ck_turns_let_go(in->turns);
    began = ck_now_ns();
    n = read_next(in);
    int why = errno;
    in->read_ns += ck_now_ns() - began;
    ck_turns_take(in->turns);
    if (n < 0)
        return ck_fail_os(err, why, "%s: cannot be read", in->name);
    if (n == 0)
        in->ended = true;
    in->end += (size_t)n;
    in->read += n;
    return CK_OK;
}

ck_status ck_input_peek(ck_input *in, const uint8_t **head, size_t *nbytes, ck_error *err)
{
    while (in->end - in->at < HEAD_NBYTES && !in->ended) {
        ck_status status = refill(in, err);
        if (status)
            return status;
    }
    *head = in->buffer + in->at;
    *nbytes = in->end - in->at < HEAD_NBYTES ? in->end - in->at : HEAD_NBYTES;
    return CK_OK;
}

ck_status ck_input_more(ck_input *in, const uint8_t **data, size_t *nbytes, ck_error *err)
{
    if (in->at == in->end && !in->ended) {
        ck_status status = refill(in, err);
        if (status)
            return status;
    }
    *data = in->buffer + in->at;
    *nbytes = in->end - in->at;
    return CK_OK;
}

void ck_input_consume(ck_input *in, size_t nbytes)
{
    in->at += nbytes;
}

ck_status ck_input_read(ck_input *in, void *to, size_t n, size_t *got, ck_error *err)
{
    uint8_t *at = to;

    *got = 0;
    while (*got < n) {
        const uint8_t *data;
        size_t have;
        ck_status status = ck_input_more(in, &data, &have, err);

        if (status)
            return status;
        if (!have)
            break;
        if (have > n - *got)
            have = n - *got;
        memcpy(at + *got, data, have);
        ck_input_consume(in, have);
        *got += have;
    }
    return CK_OK;
}

bool ck_input_seekable(const ck_input *in)
{
    return in->seekable;
}

ck_status ck_input_at(const ck_input *in, uint64_t offset, void *to, size_t n, size_t *got, ck_error *err)
{
    uint8_t *at = to;

    *got = 0;
    while (*got < n) {
        ck_turns_let_go(in->turns);
        ssize_t some = pread(in->fd, at + *got, n - *got, in->base + (off_t)(offset + *got));
        int why = errno;
        ck_turns_take(in->turns);
        errno = why;

        if (some < 0 && errno == EINTR)
            continue;
        if (some < 0)
            return ck_fail_os(err, errno, "%s: cannot be read", in->name);
        if (some == 0)
            break;
        *got += (size_t)some;
    }
    return CK_OK;
}

void ck_input_in_turns(ck_input *in, const ck_turns *turns)
{
    in->turns = turns;
}

ck_ahead *ck_input_read_ahead(ck_input *in, bool on)
{
    free(in->ahead);
    in->ahead = on && in->seekable && !in->body ? malloc(sizeof *in->ahead) : NULL;
    if (in->ahead) {
        *in->ahead = (ck_ahead){.state = CK_AHEAD_IDLE};
        ck_ahead_want(in->ahead, in->fd, in->base + in->read);
    }
    return in->ahead;
}

const char *ck_input_name(const ck_input *in)
{
    return in->name;
}

uint64_t ck_input_size(const ck_input *in)
{
    return in->size;
}

const char *ck_input_stamp(const ck_input *in, char *to, size_t size)
{
    struct stat st;

    if (in->body)
        return ck_body_stamp(in->body, to, size);
    if (!in->seekable || !in->owned || fstat(in->fd, &st))
        return NULL;
    snprintf(to, size, "%jx-%jx-%jx.%09lx-%jx.%09lx", (uintmax_t)st.st_ino, (uintmax_t)st.st_size,
             (uintmax_t)st.st_mtim.tv_sec, (unsigned long)st.st_mtim.tv_nsec, (uintmax_t)st.st_ctim.tv_sec,
             (unsigned long)st.st_ctim.tv_nsec);
    return to;
}

static bool same_time(struct timespec a, struct timespec b)
{
    return a.tv_sec == b.tv_sec && a.tv_nsec == b.tv_nsec;
}

ck_status ck_input_unchanged(const ck_input *in, ck_error *err)
{
    const struct stat *then = &in->opened;
    struct stat now;

    if (!S_ISREG(then->st_mode))
        return CK_OK;
    if (fstat(in->fd, &now))
        return ck_fail_os(err, errno, "%s: cannot be looked at again", in->name);
    /* The time of the last change is no program's to set, but a name that comes or goes counts as one. */
    if (now.st_size == then->st_size && same_time(now.st_mtim, then->st_mtim) &&
        (now.st_nlink != then->st_nlink || same_time(now.st_ctim, then->st_ctim)))
        return CK_OK;
    return ck_fail(err, CHUNKIMG_BAD_INPUT, "%s: was changed while it was read", in->name);
}

uint64_t ck_input_read_ns(const ck_input *in)
{
    return in->read_ns;
}
