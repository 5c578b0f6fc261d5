#include "os/pin.h"

#include <errno.h>
#include <sched.h>
#include <stdlib.h>

struct ck_pins {
    size_t most, size; /* CPUs that the sets have room for; bytes of one set */
    unsigned count;
    cpu_set_t *all, *one; /* one: count sets with one CPU each, one after another */
};

static cpu_set_t *nth(const ck_pins *p, unsigned i)
{
    return (cpu_set_t *)(void *)((char *)p->one + i * p->size);
}

/* Machines with more CPUs than a set has room for answer EINVAL until it is large enough. */
static int read_mask(ck_pins *p)
{
    for (p->most = 1024; p->most <= 1u << 20; p->most *= 4) {
        p->size = CPU_ALLOC_SIZE(p->most);
        p->all = CPU_ALLOC(p->most);
        if (!p->all)
            return ENOMEM;
        if (!sched_getaffinity(0, p->size, p->all))
            return 0;
        int why = errno;
        CPU_FREE(p->all);
        p->all = NULL;
        if (why != EINVAL)
            return why;
    }
    return EINVAL;
}

ck_status ck_pins_make(ck_pins **out, ck_error *err)
{
    ck_pins *p = calloc(1, sizeof *p);
    int why = p ? read_mask(p) : ENOMEM;

    *out = p;
    if (!why) {
        p->one = calloc((size_t)CPU_COUNT_S(p->size, p->all), p->size);
        why = p->one ? 0 : ENOMEM;
    }
    if (why) {
        ck_pins_free(out);
        return ck_fail_os(err, why, "reading the CPUs that workers may be bound to");
    }
    for (size_t cpu = 0; cpu < p->most; cpu++)
        if (CPU_ISSET_S(cpu, p->size, p->all)) {
            CPU_SET_S(cpu, p->size, nth(p, p->count));
            p->count++;
        }
    return CK_OK;
}

void ck_pin(const ck_pins *p, unsigned worker)
{
    (void)sched_setaffinity(0, p->size, nth(p, worker % p->count));
}

void ck_unpin(const ck_pins *p)
{
    (void)sched_setaffinity(0, p->size, p->all);
}

/* The CPU of `p->all` that many places behind `from`; p->most: there is none. */
static size_t behind(const ck_pins *p, int from, unsigned places)
{
    unsigned count = (unsigned)CPU_COUNT_S(p->size, p->all), before = 0;

    for (size_t cpu = 0; cpu < p->most && (int)cpu < from; cpu++)
        before += CPU_ISSET_S(cpu, p->size, p->all) != 0;
    unsigned left = count ? (before + places % count) % count : 0;
    for (size_t cpu = 0; cpu < p->most; cpu++)
        if (CPU_ISSET_S(cpu, p->size, p->all) && !left--)
            return cpu;
    return p->most;
}

void ck_spread(int from, unsigned worker)
{
    ck_pins p = {0};
    cpu_set_t *one;

    if (read_mask(&p))
        return;
    size_t cpu = CPU_COUNT_S(p.size, p.all) > 1 ? behind(&p, from, worker) : p.most;
    if (cpu < p.most && (one = CPU_ALLOC(p.most))) {
        CPU_ZERO_S(p.size, one);
        CPU_SET_S(cpu, p.size, one);
        if (!sched_setaffinity(0, p.size, one))
            ck_unpin(&p);
        CPU_FREE(one);
    }
    CPU_FREE(p.all);
}

int ck_current_cpu(void)
{
    return sched_getcpu();
}

void ck_pins_free(ck_pins **handle)
{
    ck_pins *p = handle ? *handle : NULL;

    if (!p)
        return;
    *handle = NULL;
    if (p->all)
        CPU_FREE(p->all);
    free(p->one);
    free(p);
}
