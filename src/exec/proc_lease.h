/*
 * Leases: which tickets a process has, and which wait for another one because
 * their carrier died. Bookkeeping of the supervisor; knows no process.
 */
#ifndef CK_EXEC_PROC_LEASE_H
#define CK_EXEC_PROC_LEASE_H

#include "core/work.h"

typedef struct ck_lease {
    ck_ticket ticket;
    unsigned deaths;   /* of carriers that had it in hand */
    uint64_t began_ns; /* when it came to be carried; 0: it waits its turn */
    unsigned refusals; /* times that its file could not be had while nothing else was out that could make room */
    int file_errno;    /* why its file could not be sent, or its descriptor here not be closed; 0: neither */
} ck_lease;

typedef struct ck_leases {
    ck_lease *items; /* oldest first */
    unsigned count, room;
} ck_leases;

/* False: out of memory. */
bool ck_leases_init(ck_leases *l, unsigned room);
void ck_leases_release(ck_leases *l);

/* There must be room. */
void ck_leases_add(ck_leases *l, ck_lease lease);

/* Takes item i out; the order of the others stays. */
ck_lease ck_leases_take(ck_leases *l, unsigned i);

/* Which item is that ticket, or -1. */
int ck_leases_index(const ck_leases *l, ck_ticket t);

/*
 * The oldest `carriers` leases are being carried, but of the FILLs of a chain
 * only the oldest one: those that were not until now began at now_ns.
 */
void ck_leases_begin(ck_leases *l, unsigned carriers, bool chain, uint64_t now_ns);

/* For how many carriers they are work at once: the FILLs of a chain are work for one. */
unsigned ck_leases_load(const ck_leases *l, bool chain);

/*
 * Of those that wait for a carrier, the one that somebody with these roles
 * should take: the FILL that comes first (a chain goes in order), else the
 * oldest TILE. -1: none.
 */
int ck_leases_next(const ck_leases *l, unsigned roles);

/* Whether a carrier has died with one of them. */
bool ck_leases_suspect(const ck_leases *l);

#endif
