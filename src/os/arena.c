#include "os/arena.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/checked.h"

enum { HUGE_PAGE = 2 * 1024 * 1024 };

#ifndef MAP_POPULATE
#define MAP_POPULATE 0
#endif
#ifndef MADV_COLLAPSE
#define MADV_COLLAPSE 25 /* Linux 6.1; headers before that do not have it */
#endif

static bool large(size_t nbytes)
{
    return nbytes >= 2 * HUGE_PAGE;
}

/* A large one is as long as whole huge pages; what is behind nbytes is never touched. */
static size_t mapped_nbytes(size_t nbytes)
{
    return large(nbytes) ? ck_round_up(nbytes, HUGE_PAGE) : nbytes;
}

/* Room where huge pages fit, which a mapping is to be put over; NULL: anywhere. */
static uint8_t *aligned_room(size_t mapped)
{
    uint8_t *room = mmap(NULL, mapped + HUGE_PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

    if (room == MAP_FAILED)
        return NULL;
    size_t before = (HUGE_PAGE - (uintptr_t)room % HUGE_PAGE) % HUGE_PAGE;
    if (before)
        munmap(room, before);
    munmap(room + before + mapped, HUGE_PAGE - before);
    return room + before;
}

/* Advice: a refusal only means small pages. */
static void want_huge_pages(void *at, size_t nbytes)
{
#ifdef MADV_HUGEPAGE
    (void)madvise(at, nbytes, MADV_HUGEPAGE);
#else
    (void)at;
    (void)nbytes;
#endif
}

static ck_status map_it(ck_arena *arena, size_t nbytes, int flags, int fd, ck_error *err)
{
    size_t mapped = mapped_nbytes(nbytes);
    uint8_t *room = large(nbytes) ? aligned_room(mapped) : NULL;
    void *base = mmap(room, mapped, PROT_READ | PROT_WRITE, flags | (room ? MAP_FIXED : 0), fd, 0);

    if (base == MAP_FAILED) {
        int why = errno;

        if (room)
            munmap(room, mapped);
        return ck_fail_os(err, why, "mapping %zu bytes for bands and tiles", nbytes);
    }
    if (large(nbytes))
        want_huge_pages(base, nbytes);
    arena->base = base;
    arena->nbytes = nbytes;
    arena->on_demand = large(nbytes) && flags & MAP_SHARED;
    return CK_OK;
}

static int sealed_memfd(size_t nbytes)
{
    int fd = memfd_create("chunkimg", MFD_CLOEXEC | MFD_ALLOW_SEALING);

    if (fd >= 0 && (ftruncate(fd, (off_t)nbytes) || fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL))) {
        int why = errno;
        close(fd);
        errno = why;
        fd = -1;
    }
    return fd;
}

ck_status ck_arena_map(ck_arena *arena, size_t nbytes, ck_sharing how, ck_error *err)
{
    /* First touch of 4 KiB pages costs as much as a filter: small arenas get theirs at once, large ones huge pages. */
    int populate = nbytes < 2 * HUGE_PAGE ? MAP_POPULATE : 0;
    ck_status status;

    *arena = (ck_arena){.fd = -1};
    if (how != CK_SHARED_FD)
        return map_it(arena, nbytes, MAP_ANONYMOUS | (how == CK_SHARED ? MAP_SHARED : MAP_PRIVATE) | populate, -1, err);
    arena->fd = sealed_memfd(nbytes);
    if (arena->fd < 0)
        return ck_fail_os(err, errno, "making %zu bytes of shared memory", nbytes);
    status = map_it(arena, nbytes, MAP_SHARED | populate, arena->fd, err);
    if (status) {
        close(arena->fd);
        arena->fd = -1;
    }
    return status;
}

ck_status ck_arena_join(ck_arena *arena, int fd, size_t nbytes, ck_error *err)
{
    struct stat st;
    int seals = fcntl(fd, F_GET_SEALS);

    *arena = (ck_arena){.fd = -1};
    if (seals < 0 || !(seals & F_SEAL_SHRINK) || fstat(fd, &st) || (uint64_t)st.st_size != nbytes)
        return ck_fail(err, CHUNKIMG_SYSTEM, "the shared memory is not the one that was planned");
    return map_it(arena, nbytes, MAP_SHARED, fd, err);
}

ck_status ck_arena_own(const ck_arena *arena, size_t offset, ck_error *err)
{
    size_t nbytes = arena->nbytes - offset;
    void *at = mmap(arena->base + offset, nbytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);

    if (at == MAP_FAILED)
        return ck_fail_os(err, errno, "mapping %zu bytes for a process's own bands", nbytes);
    if (large(nbytes))
        want_huge_pages(at, nbytes);
    return CK_OK;
}

bool ck_arena_back(const ck_arena *arena, size_t offset, size_t nbytes)
{
    size_t first = ck_round_up(offset, HUGE_PAGE), end = ck_round_up(offset + nbytes, HUGE_PAGE);

    if (end > arena->nbytes)
        end = arena->nbytes / HUGE_PAGE * HUGE_PAGE;
    if (!arena->on_demand)
        return false;
    if (first >= end)
        return true;
    for (size_t block = first; block < end; block += HUGE_PAGE)
        __atomic_fetch_or(arena->base + block, 0, __ATOMIC_RELAXED); /* one of which no page is there yet is refused */
    return madvise(arena->base + first, end - first, MADV_COLLAPSE) == 0;
}

void ck_arena_unmap(ck_arena *arena)
{
    if (arena->base) {
        munmap(arena->base, mapped_nbytes(arena->nbytes));
        if (arena->fd >= 0)
            close(arena->fd);
    }
    *arena = (ck_arena){.fd = -1};
}
