/*
 * One anonymous mapping that holds everything workers share: bands, slots,
 * rings, counters. Shared where processes take part; nothing can be left
 * behind by it, since it has no name, and it does not depend on /dev/shm.
 */
#ifndef CK_OS_ARENA_H
#define CK_OS_ARENA_H

#include "base/error.h"

typedef struct ck_arena {
    uint8_t *base;
    size_t nbytes;
} ck_arena;

/* Zeroed memory, aligned to a page, huge pages asked for where it is large. */
ck_status ck_arena_map(ck_arena *arena, size_t nbytes, bool shared, ck_error *err);
/*
 * In a forked process: the bytes from `offset` on, a multiple of the page size,
 * to the arena's end are zeroed memory of its own from here on.
 */
ck_status ck_arena_own(const ck_arena *arena, size_t offset, ck_error *err);

void ck_arena_unmap(ck_arena *arena);

#endif
