/* Starting another program as a worker, and giving open files to a process that runs already. */
#ifndef CK_OS_PROCESS_H
#define CK_OS_PROCESS_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

enum { CK_FIRST_FD = 3, CK_FDS_MOST = 4 };

/*
 * Runs `program` with the arguments `program word` and this environment with
 * `mark` ("NAME=value") added. fds[i] is open in it as CK_FIRST_FD + i, -1: is
 * not; nothing else is but the standard streams and what was not opened with
 * O_CLOEXEC. 0, or an errno.
 */
int ck_process_spawn(const char *program, const char *word, const char *mark, const int fds[CK_FDS_MOST], pid_t *pid);

/* Whether this process has no other thread, so that one forked from it has nothing to miss. */
bool ck_process_is_single(void);

/* Ends with its parent, which must be `parent`: false where that is gone already. */
bool ck_process_follow(pid_t parent);

/* All of it over a stream socket, whatever signals come between. False: the other side is gone. */
bool ck_socket_send(int socket, const void *bytes, size_t nbytes);
bool ck_socket_receive(int socket, void *bytes, size_t nbytes);

/* A small message with up to CK_FDS_MOST descriptors, -1: none; the receiver's are its own to close, O_CLOEXEC. */
bool ck_socket_send_fds(int socket, const void *bytes, size_t nbytes, const int fds[CK_FDS_MOST]);
bool ck_socket_receive_fds(int socket, void *bytes, size_t nbytes, int fds[CK_FDS_MOST]);

#endif
