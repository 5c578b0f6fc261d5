/*
 * One mapping that holds everything workers share: bands, slots, rings,
 * counters. Shared where processes take part. It has no name, so nothing can
 * be left behind by it, and it does not depend on /dev/shm: processes that are
 * forked inherit it, others are given the descriptor of a memfd that is sealed
 * against shrinking (which would be a SIGBUS) and growing.
 */
#ifndef CK_OS_ARENA_H
#define CK_OS_ARENA_H

#include "base/error.h"

typedef enum ck_sharing { CK_PRIVATE, CK_SHARED, CK_SHARED_FD } ck_sharing;

typedef struct ck_arena {
    uint8_t *base; /* NULL: not mapped */
    size_t nbytes;
    int fd;        /* of CK_SHARED_FD; else -1 */
    bool on_demand; /* the kernel makes huge pages of it only where it is told to: see ck_arena_back */
} ck_arena;

/* Zeroed memory, aligned to a page, and to a huge page where it is large; those are asked for there. */
ck_status ck_arena_map(ck_arena *arena, size_t nbytes, ck_sharing how, ck_error *err);

/* The arena that another process mapped with CK_SHARED_FD, by its descriptor, which stays the caller's. */
ck_status ck_arena_join(ck_arena *arena, int fd, size_t nbytes, ck_error *err);

/*
 * In a worker's process: the bytes from `offset` on, a multiple of the page
 * size, to the arena's end are zeroed memory of its own from here on.
 */
ck_status ck_arena_own(const ck_arena *arena, size_t offset, ck_error *err);

/*
 * Huge pages for [offset, offset + nbytes), best before anybody has written
 * there; what lies there stays, whoever uses it meanwhile. Private memory gets
 * them at the first touch. Shared memory mostly does not (shmem_enabled is
 * "never" by default), and each small page costs every process a fault:
 * MADV_COLLAPSE of Linux 6.1 is not bound by that setting. A block belongs to
 * the range it begins in. Each call makes every CPU hand in what it has cached,
 * which may wait for a busy one: few calls, large ranges. A refusal only means
 * small pages, and that asking for more of them is no use: false.
 */
bool ck_arena_back(const ck_arena *arena, size_t offset, size_t nbytes);

void ck_arena_unmap(ck_arena *arena);

#endif
