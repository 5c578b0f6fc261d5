#include "os/arena.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

enum { HUGE_PAGE = 2 * 1024 * 1024 };

#ifndef MAP_POPULATE
#define MAP_POPULATE 0
#endif

static ck_status map_it(ck_arena *arena, size_t nbytes, int flags, int fd, ck_error *err)
{
    void *base = mmap(NULL, nbytes, PROT_READ | PROT_WRITE, flags, fd, 0);

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

    return at == MAP_FAILED ? ck_fail_os(err, errno, "mapping %zu bytes for a process's own bands", nbytes) : CK_OK;
}

void ck_arena_unmap(ck_arena *arena)
{
    if (arena->base) {
        munmap(arena->base, arena->nbytes);
        if (arena->fd >= 0)
            close(arena->fd);
    }
    *arena = (ck_arena){.fd = -1};
}
