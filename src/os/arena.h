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
} ck_arena;

/* Zeroed memory, aligned to a page, huge pages asked for where it is large. */
ck_status ck_arena_map(ck_arena *arena, size_t nbytes, ck_sharing how, ck_error *err);

/* The arena that another process mapped with CK_SHARED_FD, by its descriptor, which stays the caller's. */
ck_status ck_arena_join(ck_arena *arena, int fd, size_t nbytes, ck_error *err);

/*
 * In a worker's process: the bytes from `offset` on, a multiple of the page
 * size, to the arena's end are zeroed memory of its own from here on.
 */
ck_status ck_arena_own(const ck_arena *arena, size_t offset, ck_error *err);

void ck_arena_unmap(ck_arena *arena);

#endif
