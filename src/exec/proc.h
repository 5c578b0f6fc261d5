/*
 * What the executors made of processes share: how a supervisor and its
 * children talk, and the two sides of it. exec_processes.c tells the story.
 */
#ifndef CK_EXEC_PROC_H
#define CK_EXEC_PROC_H

#include "exec/exec.h"
#include "os/ring.h"

/* Beyond the kinds of tickets: what child and supervisor say to each other on the rings. */
enum {
    CK_SAY_QUIT = 100, /* to the child: leave */
    CK_SAY_READY,      /* from the child; id: threads that carry tickets, seq: ck_sandbox layers that hold all of them */
    CK_SAY_FAILED      /* from the child: enter_error says why it leaves */
};

/* On a ticket's kind: to the child, its file comes along; from the child, its file was lost, and it was not carried. */
#define CK_WITH_FILE (1u << 30)
#define CK_LOST_FILE (1u << 31)

/* In the arena, one per child. */
typedef struct ck_channel {
    ck_ring to;           /* supervisor writes, child reads */
    ck_ring from;         /* child writes, supervisor reads */
    atomic_uint asleep;   /* the child sets it before it waits; either clears it */
    ck_error enter_error; /* the child, before it says FAILED */
    uint64_t ready_ns;    /* likewise, before it says READY: the supervisor may not listen at that moment */
} ck_channel;

/* In the arena: the executor's part of it. */
typedef struct ck_proc_shared {
    _Alignas(64) atomic_uint asleep; /* the supervisor sets it before it waits; anyone clears it */
    _Alignas(64) ck_channel channels[];
} ck_proc_shared;

_Static_assert(sizeof(ck_ticket) == sizeof(ck_ring_item), "a ticket travels as one ring item");

enum { CK_SEAT_THREADS_MOST = 32 }; /* twice as many leases still fit the rings */

/* A child's place, as the process in it sees it. */
typedef struct ck_seat {
    const ck_work *work;
    ck_proc_shared *shared;
    unsigned id;      /* of the process; its workers are id * threads and the next ones */
    unsigned threads; /* that carry tickets, >= 1 */
    int bell;         /* its end of the socket */
    int data;         /* its end of the socket for pixels; -1: they are shared */
    const ck_exec_config *config; /* of which a child reads how it is confined */
} ck_seat;

size_t ck_proc_shared_size(unsigned processes);

/* A push, and a byte to the socket `bell` where the other side announced its sleep. There must be room. */
void ck_proc_say(ck_ring *ring, ck_ticket t, atomic_uint *asleep, int bell);
/* The same, but the bell is rung by the file that comes after it. */
void ck_proc_say_with_file(ck_ring *ring, ck_ticket t, atomic_uint *asleep);
bool ck_proc_hear(ck_ring *ring, ck_ticket *out);
void ck_proc_ring_bell(int bell);

/* Files that have come to a child, in the order of their tickets; -1: one that it had no room for. */
typedef struct ck_files {
    int fds[CK_RING_ROOM];
    unsigned first, count;
} ck_files;

/* The supervisor: sends a descriptor, which stays the caller's. Never waits. 0, or an errno. */
int ck_file_send(int bell, int file);

/* A child, waiting for its bell: keeps what comes along. False: the supervisor is gone. One thread at a time. */
bool ck_files_hear(ck_files *f, int bell);

/* The next one, which the caller closes; waits for it. False: the supervisor is gone. */
bool ck_files_take(ck_files *f, int bell, int *file);

/* In a child: what the ticket reads (back: what it left) comes (goes) by the socket. False: the supervisor is gone. */
bool ck_cargo_move_child(const ck_seat *seat, ck_ticket t, bool back);

/* What a process that was spawned reads from its socket first; the order follows. */
typedef struct ck_recruit {
    uint64_t order_nbytes, arena_nbytes, shared_at; /* shared_at: of the ck_proc_shared in the arena */
    int32_t parent;  /* its pid */
    uint32_t server; /* it shall fork workers, and be none */
    uint32_t id, threads;
    uint32_t data, input; /* whether it was given them */
} ck_recruit;

/* Its descriptors, and how it knows what it is: its only argument, and a mark for whatever else it may start. */
enum { CK_RECRUIT_BELL = 3, CK_RECRUIT_ARENA, CK_RECRUIT_DATA, CK_RECRUIT_INPUT };
#define CK_RECRUIT_WORD "chunkimg-worker-process"
#define CK_RECRUIT_MARK "CHUNKIMG_WORKER_PROCESS"

/* A server's life: forks a worker for every request that comes by seat->bell, which are at seat but for id and sockets. */
_Noreturn void ck_proc_serve(const ck_seat *seat);

/* A child's life, from its first step to its end. */
_Noreturn void ck_proc_child(const ck_seat *seat);

/* A run with config->workers / threads processes. */
ck_status ck_proc_run(const ck_exec_config *config, unsigned threads, const ck_work *work, ck_exec_stats *stats,
                      ck_error *err);

#endif
