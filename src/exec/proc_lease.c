#include "exec/proc_lease.h"

#include <stdlib.h>
#include <string.h>

bool ck_leases_init(ck_leases *l, unsigned room)
{
    *l = (ck_leases){.items = calloc(room, sizeof *l->items), .room = room};
    return l->items != NULL;
}

void ck_leases_release(ck_leases *l)
{
    free(l->items);
    *l = (ck_leases){0};
}

void ck_leases_add(ck_leases *l, ck_lease lease)
{
    l->items[l->count++] = lease;
}

ck_lease ck_leases_take(ck_leases *l, unsigned i)
{
    ck_lease lease = l->items[i];

    l->count--;
    memmove(l->items + i, l->items + i + 1, (l->count - i) * sizeof *l->items);
    return lease;
}

int ck_leases_index(const ck_leases *l, ck_ticket t)
{
    for (unsigned i = 0; i < l->count; i++)
        if (l->items[i].ticket.kind == t.kind && l->items[i].ticket.seq == t.seq)
            return (int)i;
    return -1;
}

void ck_leases_begin(ck_leases *l, unsigned carriers, bool chain, uint64_t now_ns)
{
    bool filling = false;

    for (unsigned i = 0, begun = 0; i < l->count && begun < carriers; i++) {
        bool fill = l->items[i].ticket.kind == CK_FILL;

        if (fill && chain && filling)
            continue;
        filling |= fill;
        begun++;
        if (!l->items[i].began_ns)
            l->items[i].began_ns = now_ns;
    }
}

unsigned ck_leases_load(const ck_leases *l, bool chain)
{
    unsigned fills = 0;

    for (unsigned i = 0; i < l->count; i++)
        fills += l->items[i].ticket.kind == CK_FILL;
    return l->count - (chain && fills ? fills - 1 : 0);
}

int ck_leases_next(const ck_leases *l, unsigned roles)
{
    int found = -1;

    for (unsigned i = 0; i < l->count; i++) {
        const ck_ticket *t = &l->items[i].ticket;

        if (!(roles & 1u << t->kind))
            continue;
        if (found < 0 || (t->kind == CK_FILL &&
                          (l->items[found].ticket.kind != CK_FILL || t->seq < l->items[found].ticket.seq)))
            found = (int)i;
    }
    return found;
}

bool ck_leases_suspect(const ck_leases *l)
{
    for (unsigned i = 0; i < l->count; i++)
        if (l->items[i].deaths)
            return true;
    return false;
}
