#include "os/outdir.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/text.h"

#define INFIX ".chunkimg-"
enum { SUFFIX_LENGTH = 6 };

struct ck_outdir {
    pid_t owner;
    int parent;         /* the folder that holds the target */
    int dir;            /* the staging folder; -1 for a single file */
    int file;           /* of begin .. end; -1: none */
    int lock;           /* of a single file: keeps its lock when it is closed, until it has its name; -1: none */
    bool is_file, force, sync;
    const ck_writer *writer; /* NULL: whoever calls */
    char *target;       /* name inside parent */
    char *staging;      /* name inside parent */
    char growing[256];  /* name of the file of begin, escaped */
    char shown[256];    /* the target's path, escaped, for messages */
};

/* ---- names ---------------------------------------------------------------- */

/* Splits a path into a folder ("." where none is named) and a last name without trailing slashes. */
static ck_status split_path(const char *path, char **folder, char **name, ck_error *err)
{
    size_t n = strlen(path), start;

    while (n > 1 && path[n - 1] == '/')
        n--;
    for (start = n; start && path[start - 1] != '/'; start--)
        ;
    *name = strndup(path + start, n - start);
    *folder = start ? strndup(path, start) : strdup(".");
    if (!*name || !*folder)
        return ck_fail_memory(err, n, "reading the output's name");
    if (!**name || !strcmp(*name, ".") || !strcmp(*name, ".."))
        return ck_fail(err, CHUNKIMG_USAGE, "output: '%s' is not the name of a new folder or file", path);
    return CK_OK;
}

static bool random_suffix(char to[SUFFIX_LENGTH + 1])
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyz0123456789";
    uint8_t bytes[SUFFIX_LENGTH];

    if (getrandom(bytes, sizeof bytes, 0) != sizeof bytes)
        return false;
    for (int i = 0; i < SUFFIX_LENGTH; i++)
        to[i] = letters[bytes[i] % (sizeof letters - 1)];
    to[SUFFIX_LENGTH] = 0;
    return true;
}

/* ---- removing ------------------------------------------------------------- */

/* Removes the files in the folder `fd`; false where there was none left that could be. Takes no memory: none may be left. */
static bool remove_files(int fd)
{
    _Alignas(struct dirent64) char buffer[4096];
    bool any = false;
    ssize_t n;

    if (lseek(fd, 0, SEEK_SET))
        return false;
    while ((n = getdents64(fd, buffer, sizeof buffer)) > 0)
        for (ssize_t at = 0; at < n;) {
            const struct dirent64 *e = (const struct dirent64 *)(const void *)(buffer + at);

            if (strcmp(e->d_name, ".") && strcmp(e->d_name, ".."))
                any |= !unlinkat(fd, e->d_name, 0);
            at += e->d_reclen;
        }
    return any;
}

/* Removes a folder of plain files. A folder inside it stays, and so does the folder then. */
static void remove_flat_folder(int parent, const char *name)
{
    int fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

    if (fd < 0)
        return;
    while (remove_files(fd))
        ;
    close(fd);
    unlinkat(parent, name, AT_REMOVEDIR);
}

/* Who asks for a leftover to go on with. */
typedef struct wish {
    bool (*fits)(void *user, int dir); /* NULL: nobody */
    void *user;
} wish;

/*
 * Whoever works in a staging place holds a lock on it, which ends with the
 * last process that inherited it. Returns the descriptor of a leftover that is
 * wished for, locked, or -1: then it is gone, or somebody works in it.
 */
static int sweep_one(int parent, const char *name, wish wanted)
{
    int fd = openat(parent, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
    struct stat st;

    if (fd < 0)
        return -1;
    if (!flock(fd, LOCK_EX | LOCK_NB) && !fstat(fd, &st) && st.st_nlink > 0) {
        if (S_ISDIR(st.st_mode) && wanted.fits && wanted.fits(wanted.user, fd))
            return fd;
        if (S_ISDIR(st.st_mode))
            remove_flat_folder(parent, name);
        else if (S_ISREG(st.st_mode))
            unlinkat(parent, name, 0);
    }
    close(fd);
    return -1;
}

/* The first leftover that is wished for becomes the staging folder; all others are swept. */
static void take_or_sweep(ck_outdir *dir, const char *name, wish wanted)
{
    int fd = sweep_one(dir->parent, name, dir->dir < 0 ? wanted : (wish){0});

    if (fd < 0)
        return;
    /* The sweeper's lock is kept as it is: to exchange it for a shared one would let somebody else in between. */
    dir->staging = strdup(name);
    if (dir->staging)
        dir->dir = fd;
    else
        close(fd);
}

static void sweep_leftovers(ck_outdir *dir, wish wanted)
{
    int fd = openat(dir->parent, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *d = fd < 0 ? NULL : fdopendir(fd);
    size_t n = strlen(dir->target), infix = strlen(INFIX);
    struct dirent *e;

    if (!d) {
        if (fd >= 0)
            close(fd);
        return;
    }
    while ((e = readdir(d))) {
        const char *s = e->d_name;
        if (s[0] == '.' && !strncmp(s + 1, dir->target, n) && !strncmp(s + 1 + n, INFIX, infix) &&
            strlen(s + 1 + n + infix) == SUFFIX_LENGTH)
            take_or_sweep(dir, s, wanted);
    }
    closedir(d);
}

/* ---- what is there already ------------------------------------------------ */

/* Whether the folder that was opened by that name still has it. */
static bool still_named(int fd, int parent, const char *name)
{
    struct stat opened, named;

    return !fstat(fd, &opened) && !fstatat(parent, name, &named, AT_SYMLINK_NOFOLLOW) && opened.st_ino == named.st_ino &&
           opened.st_dev == named.st_dev;
}

typedef enum verdict { MINE, NOT_MINE, GONE } verdict;

/* An empty folder, or one that a run of this program finished. GONE: another run replaced it while it was looked at. */
static verdict look_at_folder(int parent, const char *name)
{
    int fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    DIR *d = fd < 0 ? NULL : fdopendir(fd);
    struct dirent *e;
    bool empty = true, manifest = false, plain = true;

    if (!d) {
        if (fd >= 0)
            close(fd);
        return NOT_MINE;
    }
    while ((e = readdir(d))) {
        if (!strcmp(e->d_name, ".") || !strcmp(e->d_name, ".."))
            continue;
        empty = false;
        manifest |= !strcmp(e->d_name, "manifest.json");
        plain &= e->d_type == DT_REG || e->d_type == DT_UNKNOWN;
    }
    verdict v = empty || (manifest && plain) ? MINE : still_named(fd, parent, name) ? NOT_MINE : GONE;
    closedir(d);
    return v;
}

static bool may_replace_folder(int parent, const char *name)
{
    verdict v = GONE;

    for (int tries = 0; tries < 1000 && v == GONE; tries++)
        v = look_at_folder(parent, name);
    return v == MINE;
}

static ck_status check_target(const ck_outdir *dir, ck_error *err)
{
    struct stat st;

    if (fstatat(dir->parent, dir->target, &st, AT_SYMLINK_NOFOLLOW)) {
        if (errno == ENOENT)
            return CK_OK;
        return ck_fail_os(err, errno, "%s: the output cannot be looked up", dir->shown);
    }
    if (!dir->force)
        return ck_fail(err, CHUNKIMG_SYSTEM, "%s: the output exists already; --force replaces it", dir->shown);
    if (dir->is_file ? !S_ISREG(st.st_mode) : !S_ISDIR(st.st_mode))
        return ck_fail(err, CHUNKIMG_SYSTEM, "%s: exists and is not a %s; it is not replaced", dir->shown,
                       dir->is_file ? "plain file" : "folder");
    if (!dir->is_file && !may_replace_folder(dir->parent, dir->target))
        return ck_fail(err, CHUNKIMG_SYSTEM,
                       "%s: holds files that are not tiles of an earlier run (no manifest.json, or a folder); it is not replaced",
                       dir->shown);
    return CK_OK;
}

/* ---- open ------------------------------------------------------------------ */

static void free_dir(ck_outdir *dir)
{
    if (dir->file >= 0)
        close(dir->file);
    if (dir->lock >= 0)
        close(dir->lock);
    if (dir->dir >= 0)
        close(dir->dir);
    if (dir->parent >= 0)
        close(dir->parent);
    free(dir->target);
    free(dir->staging);
    free(dir);
}

static ck_status make_handle(const char *path, bool is_file, bool force, ck_outdir **out, ck_error *err)
{
    ck_outdir *dir = calloc(1, sizeof *dir);
    char *folder = NULL;
    ck_status status;

    *out = NULL;
    if (!dir)
        return ck_fail_memory(err, sizeof *dir, "opening the output");
    *dir = (ck_outdir){.owner = getpid(), .parent = -1, .dir = -1, .file = -1, .lock = -1, .is_file = is_file, .force = force};
    ck_text_escape(dir->shown, sizeof dir->shown, path);
    status = split_path(path, &folder, &dir->target, err);
    if (!status) {
        dir->parent = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (dir->parent < 0)
            status = ck_fail_os(err, errno, "%s: the folder for the output cannot be opened", dir->shown);
    }
    if (!status)
        status = check_target(dir, err);
    free(folder);
    if (status)
        free_dir(dir);
    else
        *out = dir;
    return status;
}

ck_status ck_out_check(const char *path, bool is_file, bool force, ck_error *err)
{
    ck_outdir *dir;
    ck_status status = make_handle(path, is_file, force, &dir, err);

    if (!status)
        free_dir(dir);
    return status;
}

/* Creates the staging name; the descriptor to lock, or -1. */
static int create_staging(ck_outdir *dir)
{
    if (dir->is_file)
        return dir->file =
                   openat(dir->parent, dir->staging, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0666);
    if (mkdirat(dir->parent, dir->staging, 0777))
        return -1;
    dir->dir = openat(dir->parent, dir->staging, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (dir->dir < 0) {
        int why = errno;
        unlinkat(dir->parent, dir->staging, AT_REMOVEDIR);
        errno = why;
    }
    return dir->dir;
}

/*
 * Holds the lock that sweepers look at. A sweeper may come between creation
 * and lock; then the place has lost its name, and another one is made. A file
 * system without locks loses the sweep, nothing else.
 */
static bool lock_staging(int fd)
{
    struct stat st;

    (void)flock(fd, LOCK_SH);
    return !fstat(fd, &st) && st.st_nlink > 0;
}

/* Makes the staging folder or file under a name that nobody else has. */
static ck_status make_staging(ck_outdir *dir, ck_error *err)
{
    size_t size = strlen(dir->target) + sizeof INFIX + SUFFIX_LENGTH + 2;

    dir->staging = malloc(size);
    if (!dir->staging)
        return ck_fail_memory(err, size, "opening the output");
    for (int tries = 0; tries < 100; tries++) {
        char suffix[SUFFIX_LENGTH + 1];

        if (!random_suffix(suffix))
            break;
        snprintf(dir->staging, size, ".%s" INFIX "%s", dir->target, suffix);
        int fd = create_staging(dir);
        if (fd >= 0) {
            if (lock_staging(fd)) {
                dir->lock = dir->is_file ? fcntl(fd, F_DUPFD_CLOEXEC, 0) : -1;
                return CK_OK;
            }
            close(fd);
            dir->dir = dir->file = -1;
        } else if (errno != EEXIST && errno != EINTR && errno != ENOENT) {
            break; /* ENOENT: swept between creation and opening */
        }
    }
    int why = errno;
    free(dir->staging);
    dir->staging = NULL; /* there is nothing to remove */
    return ck_fail_os(err, why, "%s: the output cannot be created", dir->shown);
}

static ck_status open_output(const char *path, bool is_file, bool force, wish wanted, ck_outdir **out, bool *taken,
                             ck_error *err)
{
    ck_outdir *dir;
    ck_status status = make_handle(path, is_file, force, &dir, err);

    *out = NULL;
    if (status)
        return status;
    sweep_leftovers(dir, wanted);
    *taken = dir->dir >= 0;
    if (!*taken)
        status = make_staging(dir, err);
    if (status)
        ck_outdir_abandon(&dir);
    *out = dir;
    return status;
}

ck_status ck_outdir_open(const char *path, bool force, ck_outdir **out, ck_error *err)
{
    bool taken;

    return open_output(path, false, force, (wish){0}, out, &taken, err);
}

ck_status ck_outdir_resume(const char *path, bool force, bool (*fits)(void *user, int dir), void *user, ck_outdir **out,
                           bool *taken, ck_error *err)
{
    return open_output(path, false, force, (wish){fits, user}, out, taken, err);
}

ck_status ck_outfile_open(const char *path, bool force, ck_outdir **out, ck_error *err)
{
    bool taken;

    return open_output(path, true, force, (wish){0}, out, &taken, err);
}

ck_status ck_outdir_join(const char *path, ck_outdir **out, ck_error *err)
{
    ck_outdir *joined = calloc(1, sizeof *joined);

    *out = joined;
    if (!joined)
        return ck_fail_memory(err, sizeof *joined, "opening the output");
    *joined = (ck_outdir){.parent = -1, .dir = -1, .file = -1, .lock = -1}; /* the owner is nobody here */
    ck_text_escape(joined->shown, sizeof joined->shown, path);
    return CK_OK;
}

int ck_outdir_fd(const ck_outdir *dir)
{
    return dir->dir;
}

void ck_outdir_sync(ck_outdir *dir)
{
    dir->sync = true;
}

void ck_outdir_remove(ck_outdir *dir, const char *name)
{
    unlinkat(dir->dir, name, 0);
}

bool ck_outdir_link(ck_outdir *dir, int from, const char *name)
{
    return !linkat(from, name, dir->dir, name, 0);
}

/* ---- writing ---------------------------------------------------------------- */

static int write_all(int fd, const void *bytes, size_t nbytes)
{
    const uint8_t *at = bytes;

    while (nbytes) {
        ssize_t n = write(fd, at, nbytes);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return errno;
        if (n == 0)
            return ENOSPC;
        at += n;
        nbytes -= (size_t)n;
    }
    return 0;
}

/*
 * The end of a file that was written. close reports delayed write errors;
 * EINTR: Linux has closed it all the same, and a second close would hit another file.
 */
static int close_checked(const ck_outdir *dir, int fd)
{
    int why = dir->sync && fsync(fd) ? errno : 0;

    if (close(fd) && errno != EINTR && !why)
        why = errno;
    return why;
}

static int open_new(const ck_outdir *dir, const char *name)
{
    int fd;

    do
        fd = openat(dir->dir, name, CK_PUT_FLAGS, CK_PUT_MODE);
    while (fd < 0 && errno == EINTR);
    return fd;
}

void ck_outdir_through(ck_outdir *dir, const ck_writer *writer)
{
    dir->writer = writer;
}

ck_status ck_outdir_put_failed(const ck_put *what, bool created, int os_errno)
{
    char shown[200];

    if (what->file >= 0 && !*what->name)
        return ck_fail_os(what->err, os_errno, "%s: cannot be written", what->dir->shown);
    return ck_fail_os(what->err, os_errno, "%s: '%s' cannot be %s", what->dir->shown,
                      ck_text_escape(shown, sizeof shown, what->name), created ? "written" : "created");
}

/* Closes it whatever happens. */
static ck_status fill_and_close(const ck_put *what, int fd)
{
    int why = write_all(fd, what->bytes, what->nbytes), closed = close_checked(what->dir, fd);

    return why || closed ? ck_outdir_put_failed(what, true, why ? why : closed) : CK_OK;
}

static ck_status put_now(const ck_put *what)
{
    int fd = open_new(what->dir, what->name);

    return fd < 0 ? ck_outdir_put_failed(what, false, errno) : fill_and_close(what, fd);
}

/* A put of a whole file, or words for why the name will not do. */
static ck_status new_put(const ck_outdir *dir, const char *name, ck_put *out, ck_error *err)
{
    *out = (ck_put){.dir = dir, .folder = dir->dir, .file = -1, .sync = dir->sync, .err = err};
    if (strlen(name) >= sizeof out->name) {
        strcpy(out->name, "...");
        return ck_outdir_put_failed(out, false, ENAMETOOLONG);
    }
    strcpy(out->name, name);
    return CK_OK;
}

ck_status ck_outdir_put(ck_outdir *dir, const char *name, const void *bytes, size_t nbytes, ck_error *err)
{
    ck_put what;
    ck_status status = new_put(dir, name, &what, err);

    if (status)
        return status;
    what.bytes = bytes;
    what.nbytes = nbytes;
    return dir->writer ? dir->writer->put(dir->writer->self, &what) : put_now(&what);
}

ck_status ck_outdir_make(const ck_outdir *dir, const char *name, int *file, int *why, ck_error *err)
{
    ck_put what;
    ck_status status = new_put(dir, name, &what, err);

    *file = -1;
    *why = status ? ENAMETOOLONG : 0;
    if (status)
        return status;
    *file = open_new(dir, name);
    *why = *file < 0 ? errno : 0;
    return *file < 0 ? ck_outdir_put_failed(&what, false, *why) : CK_OK;
}

ck_status ck_outdir_fill(const ck_outdir *dir, const char *name, int file, const void *bytes, size_t nbytes, ck_error *err)
{
    ck_put what;
    ck_status status = new_put(dir, name, &what, err);

    what.bytes = bytes;
    what.nbytes = nbytes;
    if (!status)
        return fill_and_close(&what, file);
    close(file);
    return status;
}

ck_status ck_outdir_begin(ck_outdir *dir, const char *name, ck_error *err)
{
    if (dir->is_file)
        return CK_OK; /* the staging file is open already */
    ck_text_escape(dir->growing, sizeof dir->growing, name);
    dir->file = open_new(dir, name);
    if (dir->file < 0)
        return ck_fail_os(err, errno, "%s: '%s' cannot be created", dir->shown, dir->growing);
    return CK_OK;
}

ck_status ck_outdir_append(ck_outdir *dir, const void *bytes, size_t nbytes, ck_error *err)
{
    int why = write_all(dir->file, bytes, nbytes);

    if (!why)
        return CK_OK;
    return ck_fail_os(err, why, "%s%s%s: cannot be written", dir->shown, dir->is_file ? "" : ": ", dir->growing);
}

ck_status ck_outdir_append_kept(ck_outdir *dir, const void *bytes, size_t nbytes, ck_error *err)
{
    if (!dir->writer)
        return ck_outdir_append(dir, bytes, nbytes, err);
    return ck_outdir_write_kept(dir, dir->file, dir->is_file ? "" : dir->growing, bytes, nbytes, err);
}

ck_status ck_outdir_write_kept(ck_outdir *dir, int file, const char *name, const void *bytes, size_t nbytes, ck_error *err)
{
    ck_put what = {.dir = dir, .folder = dir->dir, .file = file, .bytes = bytes, .nbytes = nbytes, .err = err};
    int why;

    snprintf(what.name, sizeof what.name, "%s", name);
    if (dir->writer)
        return dir->writer->put(dir->writer->self, &what);
    why = write_all(file, bytes, nbytes);
    return why ? ck_outdir_put_failed(&what, true, why) : CK_OK;
}

ck_status ck_outdir_end(ck_outdir *dir, ck_error *err)
{
    int why = close_checked(dir, dir->file);

    dir->file = -1;
    if (!why)
        return CK_OK;
    return ck_fail_os(err, why, "%s%s%s: cannot be written", dir->shown, dir->is_file ? "" : ": ", dir->growing);
}

/* ---- publishing -------------------------------------------------------------- */

static int rename_new(const ck_outdir *dir)
{
    if (!renameat2(dir->parent, dir->staging, dir->parent, dir->target, RENAME_NOREPLACE))
        return 0;
    if (errno != EINVAL && errno != ENOSYS)
        return errno;
    /* A file system without RENAME_NOREPLACE: link and mkdir are the calls that refuse an existing name. */
    if (dir->is_file) {
        if (linkat(dir->parent, dir->staging, dir->parent, dir->target, 0))
            return errno;
        return unlinkat(dir->parent, dir->staging, 0) ? errno : 0;
    }
    if (mkdirat(dir->parent, dir->target, 0777))
        return errno;
    return renameat(dir->parent, dir->staging, dir->parent, dir->target) ? errno : 0;
}

/*
 * Where two names cannot be exchanged: the old output steps aside, under a name that no sweeper takes, and comes back
 * where the new one cannot have its place.
 */
static int rename_aside(const ck_outdir *dir)
{
    char aside[NAME_MAX + 1];
    int why;

    if ((size_t)snprintf(aside, sizeof aside, "%s.old", dir->staging) >= sizeof aside)
        return ENAMETOOLONG;
    if (renameat(dir->parent, dir->target, dir->parent, aside))
        return errno;
    why = rename_new(dir);
    if (why)
        (void)renameat(dir->parent, aside, dir->parent, dir->target);
    else
        remove_flat_folder(dir->parent, aside);
    return why;
}

/* The old output stays under its name until the new one takes it. */
static int rename_over(const ck_outdir *dir)
{
    if (dir->is_file)
        return renameat(dir->parent, dir->staging, dir->parent, dir->target) ? errno : 0;
    if (!renameat2(dir->parent, dir->staging, dir->parent, dir->target, RENAME_EXCHANGE)) {
        remove_flat_folder(dir->parent, dir->staging);
        return 0;
    }
    if (errno == ENOENT)
        return rename_new(dir);
    return errno == EINVAL || errno == ENOSYS ? rename_aside(dir) : errno;
}

/* What would get the final name must be what was written, and not what somebody put in its place. */
static ck_status check_staging(const ck_outdir *dir, ck_error *err)
{
    int fd = dir->is_file ? dir->lock : dir->dir;

    if (fd < 0 || still_named(fd, dir->parent, dir->staging))
        return CK_OK;
    return ck_fail(err, CHUNKIMG_SYSTEM, "%s: what was written for it was moved or removed by somebody else meanwhile", dir->shown);
}

ck_status ck_outdir_publish(ck_outdir **handle, ck_error *err)
{
    ck_outdir *dir = *handle;
    ck_status status = check_target(dir, err); /* somebody may have made it in the meantime */
    int why;

    if (!status)
        status = check_staging(dir, err);

    if (!status) {
        why = dir->sync && dir->dir >= 0 && fsync(dir->dir) ? errno : 0;
        if (!why)
            why = dir->force ? rename_over(dir) : rename_new(dir);
        if (!why && dir->sync && fsync(dir->parent))
            status = ck_fail_os(err, errno, "%s: the output has its name, but the disk may forget it", dir->shown);
        else if (why == EEXIST)
            status = ck_fail(err, CHUNKIMG_SYSTEM, "%s: the output was made by somebody else meanwhile", dir->shown);
        else if (why)
            status = ck_fail_os(err, why, "%s: the finished output cannot be given its name", dir->shown);
    }
    if (status) {
        ck_outdir_abandon(handle);
        return status;
    }
    ck_outdir_leave(handle);
    return CK_OK;
}

void ck_outdir_leave(ck_outdir **handle)
{
    if (*handle)
        free_dir(*handle);
    *handle = NULL;
}

void ck_outdir_abandon(ck_outdir **handle)
{
    ck_outdir *dir = *handle;

    *handle = NULL;
    if (!dir)
        return;
    if (dir->owner == getpid() && dir->staging) {
        if (dir->is_file)
            unlinkat(dir->parent, dir->staging, 0);
        else
            remove_flat_folder(dir->parent, dir->staging);
    }
    free_dir(dir);
}
