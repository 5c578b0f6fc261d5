/* Memory: how fast it is copied, and what the first touch of fresh memory costs. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>

#include "bench/limits.h"

enum { MIB = 1 << 20, PAGE = 4096, HUGE = 2 << 20 };

/* ---- copy -------------------------------------------------------------------------------- */

typedef struct copy {
    uint8_t *from, *to;
    size_t nbytes;
    unsigned threads;
} copy;

/* Parts end on pages, so that no two threads write one line. */
static size_t part(const copy *c, unsigned index, unsigned threads)
{
    return c->nbytes / PAGE * index / threads * PAGE;
}

static void copy_part(void *user, unsigned index, unsigned threads)
{
    const copy *c = user;
    size_t start = part(c, index, threads), end = part(c, index + 1, threads);

    memcpy(c->to + start, c->from + start, end - start);
    ck_limits_keep(c->to);
}

static double copy_once(void *user)
{
    const copy *c = user;

    return ck_limits_team(c->threads, copy_part, user);
}

static chunkimg_status copy_at(ck_limits *l, copy *c, unsigned threads, chunkimg_error *err)
{
    ck_figure f = {.group = "memory", .unit = "GB/s"};

    c->threads = threads;
    snprintf(f.name, sizeof f.name, "copy_%u_threads", threads);
    snprintf(f.text, sizeof f.text, "copy, %u thread%s", threads, threads == 1 ? "" : "s");
    snprintf(f.note, sizeof f.note, "%zu to %zu MiB, a byte counts once", c->nbytes / MIB, c->nbytes / MIB);
    return ck_limits_rate(l, f, (double)c->nbytes * 1e-9, copy_once, c, NULL, err);
}

/* At 1, 2, 4 ... and all CPUs. */
static chunkimg_status copies(ck_limits *l, chunkimg_error *err)
{
    size_t nbytes = l->spare_memory >= (uint64_t)512 * MIB ? (size_t)128 * MIB : (size_t)32 * MIB;
    copy c = {.from = malloc(nbytes), .to = malloc(nbytes), .nbytes = nbytes};
    chunkimg_status status = CHUNKIMG_OK;

    if (!c.from || !c.to) {
        status = ck_limits_failed(err, CHUNKIMG_SYSTEM, ENOMEM, "measuring memory");
    } else {
        memset(c.from, 1, nbytes);
        memset(c.to, 2, nbytes);
        for (unsigned n = 1; n < l->cpus && !status; n *= 2)
            status = copy_at(l, &c, n, err);
        if (!status)
            status = copy_at(l, &c, l->cpus, err);
    }
    free(c.from);
    free(c.to);
    return status;
}

/* ---- first touch ---------------------------------------------------------------------------- */

typedef struct touch {
    size_t nbytes;
    int advice;
    long faults; /* of the last run */
} touch;

static long minor_faults(void)
{
    struct rusage r;

    return getrusage(RUSAGE_SELF, &r) ? 0 : r.ru_minflt;
}

/* One byte a page: the rest of the time is the kernel's, which clears the page. */
static double touch_once(void *user)
{
    touch *t = user;
    size_t mapped = t->nbytes + HUGE;
    uint8_t *p = mmap(NULL, mapped, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    if (p == MAP_FAILED)
        return -1;
    volatile uint8_t *start = (uint8_t *)(((uintptr_t)p + HUGE - 1) / HUGE * HUGE);
    madvise((void *)start, t->nbytes, t->advice);
    long before = minor_faults();
    double begin = ck_limits_now();
    for (size_t at = 0; at < t->nbytes; at += PAGE)
        start[at] = 1;
    double taken = ck_limits_now() - begin;
    t->faults = minor_faults() - before;
    munmap(p, mapped);
    return taken;
}

static chunkimg_status first_touch(ck_limits *l, chunkimg_error *err)
{
    touch small = {.nbytes = (size_t)64 * MIB, .advice = MADV_NOHUGEPAGE}, large = small;
    ck_figure f = {.group = "memory", .name = "first_touch", .text = "first touch, 4 KiB pages", .unit = "GB/s"};
    ck_figure g = {.group = "memory", .name = "first_touch_huge", .text = "first touch, huge pages", .unit = "GB/s"};
    chunkimg_status status = ck_limits_rate(l, f, (double)small.nbytes * 1e-9, touch_once, &small, NULL, err);

    if (status)
        return status;
    large.advice = MADV_HUGEPAGE;
    touch_once(&large); /* whether the kernel does what it is advised to */
    if (large.faults > (long)(large.nbytes / HUGE) * 4)
        snprintf(g.note, sizeof g.note, "the kernel gave no huge pages");
    return ck_limits_rate(l, g, (double)large.nbytes * 1e-9, touch_once, &large, NULL, err);
}

chunkimg_status ck_limits_of_memory(ck_limits *l, chunkimg_error *err)
{
    chunkimg_status status = copies(l, err);

    return status ? status : first_touch(l, err);
}
