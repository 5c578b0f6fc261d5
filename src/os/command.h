/* A command of the user's as a filter: bytes to its standard input, bytes back from its standard output. */
#ifndef CK_OS_COMMAND_H
#define CK_OS_COMMAND_H

#include "base/error.h"

typedef struct ck_command {
    const char *line; /* run by /bin/sh -c */
    const void *in;
    size_t in_nbytes;
    void *out;
    size_t out_room;
    size_t out_nbytes; /* of what it wrote; out_room + 1 where it wrote more */
    bool (*stopped)(void *self); /* asked while it runs, by the same thread: whether to end it. NULL: never */
    void *self;
} ck_command;

/*
 * Runs the command to its end. It is fed and heard at the same time, so it may
 * read and write in any order; what it leaves unread is no failure. Nothing
 * but its three standard descriptors is open in it. CHUNKIMG_SYSTEM where it
 * cannot be started, or ends with a status other than 0 or by a signal, with
 * the last line that it said on standard error. CHUNKIMG_INTERRUPTED where it
 * was stopped: SIGTERM, and soon SIGKILL, to all processes of its group. Any
 * thread.
 */
ck_status ck_command_run(ck_command *command, ck_error *err);

#endif
