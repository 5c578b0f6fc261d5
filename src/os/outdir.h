/*
 * Where bytes go, and how they appear: everything is written under a name of
 * its own beside the target (".NAME.chunkimg-XXXXXX") and gets its final name
 * by one rename when all of it is there. Every write, close and rename is
 * checked. The staging place remembers the process that made it: a forked
 * child never removes its parent's.
 */
#ifndef CK_OS_OUTDIR_H
#define CK_OS_OUTDIR_H

#include <fcntl.h>

#include "base/error.h"

typedef struct ck_outdir ck_outdir;

/*
 * Prepares a folder at `path`. One that exists is refused, with --force
 * replaced at publication if it is empty or holds a manifest.json of ours.
 * Leftovers of killed runs for the same target are swept.
 */
ck_status ck_outdir_open(const char *path, bool force, ck_outdir **out, ck_error *err);

/*
 * As ck_outdir_open; but a leftover of a killed run for the same target that
 * `fits` says yes to, looking at the folder `dir` (a descriptor), is not swept
 * but taken over with what is in it, and *taken is true.
 */
ck_status ck_outdir_resume(const char *path, bool force, bool (*fits)(void *user, int dir), void *user, ck_outdir **out,
                           bool *taken, ck_error *err);

/* The same for a single file, which is written by begin/append. */
ck_status ck_outfile_open(const char *path, bool force, ck_outdir **out, ck_error *err);

/* Whether `path` may be written (as open would decide); nothing is made. */
ck_status ck_out_check(const char *path, bool is_file, bool force, ck_error *err);

/* One whole file inside the folder. Any thread or process that inherited the folder. */
ck_status ck_outdir_put(ck_outdir *dir, const char *name, const void *bytes, size_t nbytes, ck_error *err);

/*
 * ck_outdir_put in two steps, for a process that may open no path: another one
 * makes the file (*file: its descriptor, -1 after a failure; *why: its errno),
 * and whoever was given the descriptor writes all of it and closes it, also
 * after a failure. What was written is sure only then: whoever made the file
 * closes its own descriptor before anything is written.
 */
ck_status ck_outdir_make(const ck_outdir *dir, const char *name, int *file, int *why, ck_error *err);
ck_status ck_outdir_fill(const ck_outdir *dir, const char *name, int file, const void *bytes, size_t nbytes, ck_error *err);

/*
 * Bytes on their way to a file, for a writer that does the work of
 * ck_outdir_put and ck_outdir_append_kept in its own way and time. All but the
 * name is borrowed: bytes and err stay valid until the ticket is done that
 * brought them.
 */
typedef struct ck_put {
    const ck_outdir *dir; /* for words */
    int folder;           /* a descriptor: a new file `name` in there, with the flags and mode below */
    int file;             /* >= 0: no new file; the bytes go to this one's end, and it stays open */
    bool sync;            /* a new file is on the disk before it is closed */
    char name[256];       /* file >= 0: of that one, for words; empty: dir says it */
    const void *bytes;
    size_t nbytes;
    ck_error *err;
} ck_put;

enum { CK_PUTS_MOST = 2 }; /* that one ticket brings, to different files */

#define CK_PUT_FLAGS (O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC)
#define CK_PUT_MODE 0666

typedef struct ck_writer {
    void *self;
    ck_status (*put)(void *self, const ck_put *what); /* by whichever thread calls ck_outdir_put */
} ck_writer;

/* From now on files are written by `writer`, which outlives this; NULL: by the callers again. While nobody writes. */
void ck_outdir_through(ck_outdir *dir, const ck_writer *writer);

/* Puts words to a failure into what->err. created: the file could be opened. */
ck_status ck_outdir_put_failed(const ck_put *what, bool created, int os_errno);

/* A file inside the folder (or, for a single file, that file with name NULL) that grows; one at a time. */
ck_status ck_outdir_begin(ck_outdir *dir, const char *name, ck_error *err);
ck_status ck_outdir_append(ck_outdir *dir, const void *bytes, size_t nbytes, ck_error *err);
/* The same for bytes that stay valid until the caller's ticket is done: a writer may take its time. */
ck_status ck_outdir_append_kept(ck_outdir *dir, const void *bytes, size_t nbytes, ck_error *err);
/* Likewise to where `file` stands, which is open in the folder as `name`. */
ck_status ck_outdir_write_kept(ck_outdir *dir, int file, const char *name, const void *bytes, size_t nbytes, ck_error *err);

ck_status ck_outdir_end(ck_outdir *dir, ck_error *err);

/* In a process that did not open it: for ck_outdir_fill and nothing else. ck_outdir_leave frees it. */
ck_status ck_outdir_join(const char *path, ck_outdir **out, ck_error *err);

/* The staging folder: to look at what is in it. Owned by dir. */
int ck_outdir_fd(const ck_outdir *dir);

/* From now on every file is on the disk before it counts as written, and so is the final name once it is given. */
void ck_outdir_sync(ck_outdir *dir);

/* Removes a file inside the folder, if it is there. */
void ck_outdir_remove(ck_outdir *dir, const char *name);

/* A file of the folder `from` (a descriptor) gets the same name in this one too, as a hard link. False: it cannot. */
bool ck_outdir_link(ck_outdir *dir, int from, const char *name);

/* Gives the output its final name and frees dir (also on failure, when nothing is left). */
ck_status ck_outdir_publish(ck_outdir **dir, ck_error *err);

/* Leaves what was written where it is, for a later ck_outdir_resume, and frees dir. */
void ck_outdir_leave(ck_outdir **dir);

/* Removes what was written and frees dir. In a process other than the one that opened it: frees only. */
void ck_outdir_abandon(ck_outdir **dir);

#endif
