#include "pipeline/shuffle.h"

#include <stdlib.h>

void ck_shuffle_read(ck_shuffle *s)
{
    const char *text = getenv("CHUNKIMG_TEST_SHUFFLE");

    *s = (ck_shuffle){.seed = text ? strtoull(text, NULL, 10) : 0};
}

/* Marsaglia's xorshift with shifts 13, 7, 17 (Journal of Statistical Software 8 (2003), no. 14); its upper half is the better one. */
static uint32_t draw(ck_shuffle *s, uint32_t below)
{
    s->seed ^= s->seed << 13;
    s->seed ^= s->seed >> 7;
    s->seed ^= s->seed << 17;
    return (uint32_t)(s->seed >> 32) % below;
}

/* One of those that are held for these roles, drawn. */
static bool take(ck_shuffle *s, unsigned roles, ck_ticket *out)
{
    unsigned fit[CK_SHUFFLED_MOST], n = 0;

    for (unsigned i = 0; i < s->count; i++)
        if (roles & 1u << s->held[i].kind)
            fit[n++] = i;
    if (!n)
        return false;
    n = fit[draw(s, n)];
    *out = s->held[n];
    s->held[n] = s->held[--s->count];
    return true;
}

ck_next ck_shuffle_next(ck_shuffle *s, ck_sched *sched, unsigned roles, ck_ticket *out)
{
    unsigned may_be_held = roles & (sched->config.chain ? CK_TILES : CK_TILES | CK_FILLS);
    ck_next next;

    while (s->count < CK_SHUFFLED_MOST && ck_sched_next(sched, may_be_held, &s->held[s->count]) == CK_HAVE)
        s->count++;
    if (draw(s, 2) && take(s, roles, out))
        return CK_HAVE;
    next = ck_sched_next(sched, roles & ~may_be_held, out);
    return next != CK_HAVE && take(s, roles, out) ? CK_HAVE : next;
}

bool ck_shuffle_left(ck_shuffle *s, ck_ticket *out)
{
    return take(s, CK_ALL_ROLES, out);
}
