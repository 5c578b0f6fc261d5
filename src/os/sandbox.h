/*
 * What a process gives up before it touches an image: all system calls but
 * those that computing, and reading and writing open files, take (seccomp, the
 * list made by libseccomp), files that it could reach by a path (Landlock),
 * core dumps, large files, new processes and more memory than the plan gives
 * reason for (rlimits).
 *
 * No call that is left takes a path: what is written was opened by another
 * process, which sends the descriptor. There is one exception, where an image
 * is made of several files: those of one folder may be read, by openat on that
 * very descriptor, for reading, through no symbolic link. seccomp does not see
 * the name; only Landlock, where the kernel has it, holds it inside the folder.
 */
#ifndef CK_OS_SANDBOX_H
#define CK_OS_SANDBOX_H

#include "base/error.h"

enum { CK_SANDBOX_SECCOMP = 1, CK_SANDBOX_LANDLOCK = 2 };

typedef struct ck_sandbox ck_sandbox;

/*
 * Loads libseccomp. NULL where this build, its sanitizers or the kernel do not
 * let a process be confined: *why says so, a text that lives as long as the
 * program.
 */
ck_sandbox *ck_sandbox_load(const char **why);
/* Whether this build never does, which is known to whoever made it. */
bool ck_sandbox_never(void);

void ck_sandbox_free(ck_sandbox **s);

/* "seccomp, Landlock": what the kernel has of it. */
const char *ck_sandbox_layers(const ck_sandbox *s);

/*
 * For the whole process, with its threads started but not yet confined: limits.
 * file_nbytes: the largest file it will write. memory_nbytes: private memory
 * that it is planned to take beside what it has; it may have four times as much
 * and 64 MiB, after which memory is refused (RLIMIT_DATA: shared memory and
 * what it has already do not count).
 */
void ck_sandbox_limit(const ck_sandbox *s, uint64_t file_nbytes, uint64_t memory_nbytes);

/*
 * From here on the calling thread is confined, for good. from: where it may
 * open files to read, a descriptor; -1: nowhere. *layers: what holds it.
 * Children are forked before, each with a copy of s.
 */
ck_status ck_sandbox_enter(const ck_sandbox *s, int from, unsigned *layers, ck_error *err);

#endif
