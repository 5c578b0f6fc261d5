#include "os/arena.h"

#include <errno.h>
#include <sys/mman.h>

enum { HUGE_PAGE = 2 * 1024 * 1024 };

#ifndef MAP_POPULATE
#define MAP_POPULATE 0
#endif

ck_status ck_arena_map(ck_arena *arena, size_t nbytes, bool shared, ck_error *err)
{
    /* First touch of 4 KiB pages costs as much as a filter: small arenas get theirs at once, large ones huge pages. */
    int flags = MAP_ANONYMOUS | (shared ? MAP_SHARED : MAP_PRIVATE) | (nbytes < 2 * HUGE_PAGE ? MAP_POPULATE : 0);
    void *base = mmap(NULL, nbytes, PROT_READ | PROT_WRITE, flags, -1, 0);

    *arena = (ck_arena){NULL, 0};
    if (base == MAP_FAILED)
        return ck_fail_os(err, errno, "mapping %zu bytes for bands and tiles", nbytes);
#ifdef MADV_HUGEPAGE
    /* A refusal only means small pages. */
    if (nbytes >= 2 * HUGE_PAGE)
        (void)madvise(base, nbytes, MADV_HUGEPAGE);
#endif
    arena->base = base;
    arena->nbytes = nbytes;
    return CK_OK;
}

ck_status ck_arena_own(const ck_arena *arena, size_t offset, ck_error *err)
{
    size_t nbytes = arena->nbytes - offset;
    void *at = mmap(arena->base + offset, nbytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);

    return at == MAP_FAILED ? ck_fail_os(err, errno, "mapping %zu bytes for a process's own bands", nbytes) : CK_OK;
}

void ck_arena_unmap(ck_arena *arena)
{
    if (arena->base)
        munmap(arena->base, arena->nbytes);
    *arena = (ck_arena){NULL, 0};
}
