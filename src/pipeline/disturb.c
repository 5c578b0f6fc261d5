#include "pipeline/disturb.h"

#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "os/outdir.h"

enum { BEFORE_TILE, AFTER_TILE, BEFORE_FILL, STUCK };

static const char *const names[CK_DISTURBANCES] = {[BEFORE_TILE] = "CHUNKIMG_TEST_KILL",
                                                   [AFTER_TILE] = "CHUNKIMG_TEST_KILL_AFTER",
                                                   [BEFORE_FILL] = "CHUNKIMG_TEST_KILL_FILL",
                                                   [STUCK] = "CHUNKIMG_TEST_STUCK"};

static unsigned long number(const char *name)
{
    const char *text = getenv(name);

    return text ? strtoul(text, NULL, 10) : 0;
}

void ck_disturb_read(ck_disturb *d)
{
    *d = (ck_disturb){.stall_us = number("CHUNKIMG_TEST_STALL"), .memory_mib = number("CHUNKIMG_TEST_MEMORY"),
                      .open = getenv("CHUNKIMG_TEST_OPEN")};
    for (int i = 0; i < CK_DISTURBANCES; i++) {
        const char *text = getenv(names[i]);
        char *end;

        d->at[i].seq = UINT64_MAX;
        if (!text)
            continue;
        d->any = true;
        d->at[i].seq = strtoull(text, &end, 10);
        d->at[i].times = *end == ':' ? (unsigned)strtoul(end + 1, NULL, 10) : UINT_MAX;
    }
}

/* As somebody would who has taken a worker over: to read it, or to make it, in one way or another, in whatever folder is open. */
static bool can_open(const char *path)
{
    struct open_how how = {.flags = CK_PUT_FLAGS, .mode = CK_PUT_MODE};
    int fd = open(path, O_RDONLY | O_CLOEXEC);

    for (int dir = 3; dir < 32 && fd < 0; dir++) {
        fd = openat(dir, path, CK_PUT_FLAGS, CK_PUT_MODE);
        if (fd < 0)
            fd = (int)syscall(SYS_openat2, dir, path, &how, sizeof how);
        if (!mkdirat(dir, path, 0777) || !mknodat(dir, path, S_IFIFO | 0666, 0) || !symlinkat("/", dir, path) ||
            !renameat(dir, path, dir, path) || !unlinkat(dir, path, 0))
            return true;
    }
    if (fd >= 0)
        close(fd);
    return fd >= 0;
}

/* All of it is touched: what is only promised is no memory yet. */
static bool can_have(unsigned long mib)
{
    volatile char *at = malloc(mib << 20);

    for (size_t i = 0; at && i < mib << 20; i += 4096)
        at[i] = 1;
    free((void *)at);
    return at != NULL;
}

/* Whether it is time for disturbance i, and it has not happened often enough. */
static bool due(const ck_disturb *d, atomic_uint *happened, int i, uint64_t seq)
{
    return d->at[i].seq == seq && atomic_fetch_add(&happened[i], 1) < d->at[i].times;
}

void ck_disturb_before(const ck_disturb *d, atomic_uint *happened, ck_ticket t)
{
    if (d->stall_us)
        usleep((useconds_t)(t.seq * 7919 % 5 * d->stall_us));
    if (d->open && t.kind != CK_DRAIN && can_open(d->open))
        raise(SIGKILL);
    if (d->memory_mib && t.kind != CK_DRAIN && can_have(d->memory_mib))
        raise(SIGKILL);
    if (!d->any)
        return;
    if (t.kind == CK_TILE && due(d, happened, BEFORE_TILE, t.seq))
        raise(SIGKILL);
    if (t.kind == CK_TILE && due(d, happened, STUCK, t.seq))
        raise(SIGSTOP);
    if (t.kind == CK_FILL && due(d, happened, BEFORE_FILL, t.seq))
        raise(SIGKILL);
}

void ck_disturb_after(const ck_disturb *d, atomic_uint *happened, ck_ticket t)
{
    if (d->any && t.kind == CK_TILE && due(d, happened, AFTER_TILE, t.seq))
        raise(SIGKILL);
}
