/* The inside of the supervisor, which its files share: proc_supervise.c hands out and hears, proc_files.c
 * sends files along, proc_start.c starts a child, proc_run.c all of them. */
#ifndef CK_EXEC_PROC_SUPERVISOR_H
#define CK_EXEC_PROC_SUPERVISOR_H

#include <poll.h>
#include <sys/types.h>

#include "exec/proc.h"
#include "exec/proc_lease.h"

typedef struct ck_child {
    pid_t pid;
    int bell;           /* socket; -1: gone */
    int data;           /* socket for pixels; -1: they are shared */
    unsigned carriers;  /* threads in it; 0: it is not ready yet */
    unsigned room;      /* leases that it may have at once; fewer where it has no room for their files */
    bool ended;         /* by us: it was stuck */
    uint64_t next_fill; /* FILL of the chain that its decoder comes to next */
    ck_leases leases;
} ck_child;

typedef struct ck_supervisor {
    const ck_exec_config *config;
    const ck_work *work;
    ck_proc_shared *shared;
    ck_child *children;
    pid_t server;          /* that forks workers; 0: none */
    int to_server;         /* socket; -1: none */
    struct pollfd *polls;
    unsigned threads;      /* in each child */
    unsigned processes;    /* wanted; places in the tables */
    unsigned alive, ready; /* of them */
    unsigned holder;       /* the child that carries FILLs, where they are a chain */
    unsigned false_starts; /* children that ended before they were ready, since the last one that was */
    unsigned replaced;
    uint64_t copied;       /* bytes that went by sockets */
    unsigned confined;     /* ck_sandbox layers that hold every child so far */
    bool no_file;          /* one could not be had, and what is out will make room: no TILE until something comes back */
    bool decoder_used;     /* a FILL of the chain was handed out */
    ck_error decoder_lost; /* status set: the holder died, and nobody can begin again */
    ck_leases orphans;     /* their carriers died */
    uint64_t last_ready_ns; /* the latest of those that were ready */
    uint64_t began_ns, ticket_ns; /* ticket_ns: a running mean of how long tickets take */
    uint64_t stopping_ns;  /* since when the job is being given up; 0: it is not */
    double spawn_s;
} ck_supervisor;

/* Before the first child: starts the server where one is asked for. 0, or an errno. */
int ck_server_start(ck_supervisor *s);
void ck_server_end(ck_supervisor *s);

/* The sockets of a process that is to be: for bells, and for pixels (-1: they are shared). */
typedef struct ck_ends {
    int bell, data;
} ck_ends;

/* proc_spawn.c: a process by the program's file, or by the server. 0, or an errno. */
int ck_spawn_child(ck_supervisor *s, unsigned id, const ck_ends *ours, const ck_ends *theirs, pid_t *pid);
int ck_request_child(ck_supervisor *s, unsigned id, const ck_ends *theirs, pid_t *pid);
int ck_request_reaping(ck_supervisor *s, pid_t pid);

/* Starts the process for place `id`, with fresh rings; 0, or an errno. */
int ck_child_start(ck_supervisor *s, unsigned id);

/* Closes our ends of its sockets. */
void ck_child_close(ck_supervisor *s, unsigned id);

/* The exit status, as waitpid has it, of a child whose end is certain. */
int ck_child_reap(ck_supervisor *s, unsigned id);

/* Sends what a ticket reads to its child, or (back) takes what it left. False: the child is gone. */
bool ck_cargo_move(ck_supervisor *s, unsigned id, ck_ticket t, bool back);

/*
 * A file that was opened for the ticket of `lease`, which has been pushed, goes to child c, and is closed here. What fails
 * lies in the lease; a ticket whose file could not be sent comes back from the child as one that lost it.
 */
void ck_file_give(const ck_child *c, ck_lease *lease, int file);

/* The lease has come back without its file: that could not be sent, or child c has no room for more than it has. */
void ck_file_lost(ck_supervisor *s, ck_child *c, ck_lease *lease);

/* The file of a lease could not be opened: it waits for a time when less is out, or comes back as failed. */
void ck_file_refused(ck_supervisor *s, ck_lease *lease, int why, const ck_error *err);

/* It comes back as failed: "DOING the tile ...: WHY". */
void ck_file_lose(ck_supervisor *s, const ck_lease *lease, int why, const char *doing);

/* Leases that a child may have at once, at most. */
static inline unsigned ck_leases_most(const ck_supervisor *s)
{
    unsigned most = 2 * s->threads;

    return most < CK_RING_ROOM - 2 ? most : CK_RING_ROOM - 2; /* besides, a ring takes one word to quit */
}

/* Whether pixels go by sockets. */
static inline bool ck_leases_copy(const ck_supervisor *s)
{
    return s->config->options->ipc == CHUNKIMG_IPC_PIPE;
}

/* proc_supervise.c: until the work is over. mine: of the supervisor itself, who drains. */
void ck_supervise(ck_supervisor *s, void *mine);

/* Kills children that are stuck. Their ends are seen at their sockets. */
void ck_supervisor_end_stuck(ck_supervisor *s);

#endif
