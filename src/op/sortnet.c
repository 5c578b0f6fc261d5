/* Making networks of comparators. */
#include <stdlib.h>
#include <string.h>

#include "op/sortnet_inside.h"

enum { NODES_AT_FIRST = 1 << 13, STACK = 1 << 16 };

ck_net *ck_net_create(void)
{
    ck_net *net = calloc(1, sizeof *net);

    if (!net)
        return NULL;
    net->room = NODES_AT_FIRST;
    net->table_size = 2 * net->room;
    net->nodes = malloc(net->room * sizeof *net->nodes);
    net->table = calloc(net->table_size, sizeof *net->table);
    net->stack = malloc(STACK * sizeof *net->stack);
    if (!net->nodes || !net->table || !net->stack)
        ck_net_free(&net);
    return net;
}

void ck_net_free(ck_net **net)
{
    if (!*net)
        return;
    free((*net)->stack);
    free((*net)->table);
    free((*net)->nodes);
    free(*net);
    *net = NULL;
}

/* ---- nodes ------------------------------------------------------------------- */

static size_t hash(const ck_node *n)
{
    uint64_t h = n->a.id * 0x9E3779B97F4A7C15u + n->b.id;

    h = (h ^ (h >> 29)) * 0xBF58476D1CE4E5B9u + (uint32_t)n->b.at;
    return (size_t)(h ^ (h >> 32));
}

/* The place of `n` in the table: where it is, or where it would be. */
static uint32_t *place_of(const ck_net *net, const ck_node *n)
{
    size_t mask = net->table_size - 1, i = hash(n) & mask;

    while (net->table[i] && memcmp(&net->nodes[net->table[i] - 1], n, sizeof *n) != 0)
        i = (i + 1) & mask;
    return &net->table[i];
}

static bool grow(ck_net *net)
{
    ck_node *nodes = realloc(net->nodes, 2 * net->room * sizeof *nodes);
    uint32_t *table = nodes ? calloc(2 * net->table_size, sizeof *table) : NULL;

    if (nodes)
        net->nodes = nodes;
    if (!table)
        return false;
    free(net->table);
    net->table = table;
    net->room *= 2;
    net->table_size *= 2;
    for (size_t i = 0; i < net->count; i++)
        *place_of(net, &net->nodes[i]) = (uint32_t)i + 1;
    return true;
}

/* The number of the node, made where there is none yet. */
static uint32_t node(ck_net *net, ck_node n)
{
    uint32_t *place = place_of(net, &n);

    if (*place)
        return *place - 1;
    if (net->failed || (net->count == net->room && !grow(net))) {
        net->failed = true;
        return 0;
    }
    place = place_of(net, &n);
    net->nodes[net->count] = n;
    *place = (uint32_t)++net->count;
    return *place - 1;
}

ck_wire ck_net_input(ck_net *net, uint32_t index, int32_t at)
{
    return (ck_wire){2 * node(net, (ck_node){{CK_WIRE_NONE, 0}, {index, 0}}), at};
}

/* The comparator's node; *at: where its wires are read to be those of a and b. */
static uint32_t comparator(ck_net *net, ck_wire a, ck_wire b, int32_t *at)
{
    if (b.at < a.at || (b.at == a.at && b.id < a.id)) {
        ck_wire t = a;
        a = b;
        b = t;
    }
    *at = a.at;
    b.at -= a.at;
    a.at = 0;
    return node(net, (ck_node){a, b});
}

ck_wire ck_net_least(ck_net *net, ck_wire a, ck_wire b)
{
    int32_t at;
    uint32_t i = comparator(net, a, b, &at);

    return (ck_wire){2 * i, at};
}

ck_wire ck_net_most(ck_net *net, ck_wire a, ck_wire b)
{
    int32_t at;
    uint32_t i = comparator(net, a, b, &at);

    return (ck_wire){2 * i + 1, at};
}

/* ---- lists --------------------------------------------------------------------- */

/* Room for n wires, until net->used is put back. */
static ck_wire *take(ck_net *net, size_t n)
{
    if (STACK - net->used < n) {
        net->failed = true;
        return NULL;
    }
    net->used += n;
    return net->stack + net->used - n;
}

/*
 * A bitonic merge (Batcher, "Sorting Networks and Their Applications", 1968):
 * one list, then the other backwards, and comparators over half the length, a
 * quarter, and so on. Any length is brought to a power of two by values that
 * are less or greater than all samples; comparators with them are none. Where
 * only some ranks are wanted, how many are put below decides how much of the
 * first steps falls away.
 */
enum { WIRES_MOST = 2048, STEPS_MOST = 11 };

static const ck_wire below = {UINT32_MAX - 1, 0}, above = {UINT32_MAX - 2, 0};

typedef struct padding {
    size_t length;       /* a power of two */
    size_t low, low_first; /* values below all; how many of them before the first list, the others after the second */
} padding;

/* The places of the two lists and the padding: `low`, `mid` and `high` in turn. */
static void spread(const padding *p, size_t m, size_t n, uint8_t *kind)
{
    memset(kind, 0, p->length);
    memset(kind + p->low_first, 1, p->length - p->low);
    memset(kind + p->low_first + m, 2, p->length - p->low - m - n);
}

/* Halves of comparators that the ranks first .. end - 1 take. */
static size_t count_halves(const padding *p, size_t m, size_t n, size_t first, size_t end)
{
    uint8_t kind[STEPS_MOST + 1][WIRES_MOST];
    bool need[WIRES_MOST] = {false};
    size_t steps = 0, halves = 0;

    spread(p, m, n, kind[0]);
    for (size_t d = p->length / 2; d; d /= 2, steps++)
        for (size_t i = 0; i < p->length; i++)
            kind[steps + 1][i] = i & d ? (kind[steps][i] > kind[steps][i ^ d] ? kind[steps][i] : kind[steps][i ^ d])
                                       : (kind[steps][i] < kind[steps][i ^ d] ? kind[steps][i] : kind[steps][i ^ d]);
    memset(need + p->low + first, true, end - first);
    for (size_t d = 1; steps-- > 0; d *= 2)
        for (size_t i = 0; i < p->length; i++) {
            size_t j = i ^ d;
            if (i & d)
                continue;
            if (kind[steps][i] == 1 && kind[steps][j] == 1) {
                halves += (size_t)need[i] + need[j];
                need[i] = need[j] = need[i] || need[j];
            } else if (kind[steps][i] > kind[steps][j]) {
                bool t = need[i];
                need[i] = need[j];
                need[j] = t;
            }
        }
    return halves;
}

/* The padding that takes the fewest halves, of those that put an end of what is wanted where the last steps begin anew. */
static padding choose_padding(ck_net *net, size_t m, size_t n, size_t first, size_t end)
{
    padding p = {.length = 2}, best = {.length = 0};
    size_t fewest = SIZE_MAX, grain;
    ck_net_choice *known = &net->choices[(m * 31 + n * 7 + first * 3 + end) % CK_NET_CHOICES];

    if (known->m == m && known->n == n && known->first == first && known->end == end)
        return (padding){known->length, known->low, known->low_first};
    while (p.length < m + n)
        p.length *= 2;
    grain = p.length > 64 ? p.length / 8 : 8;
    for (p.low = 0; p.low <= p.length - m - n; p.low++) {
        if (p.low && p.low != p.length - m - n && (p.low + first) % grain && (p.low + end) % grain)
            continue;
        for (p.low_first = 0; p.low_first <= p.low; p.low_first += p.low ? p.low : 1) {
            size_t halves = count_halves(&p, m, n, first, end);
            if (halves < fewest)
                fewest = halves, best = p;
        }
    }
    *known = (ck_net_choice){m, n, first, end, best.length, best.low, best.low_first};
    return best;
}

static void compare(ck_net *net, ck_wire *a, ck_wire *b)
{
    ck_wire x = *a, y = *b;

    if (x.id == below.id || y.id == above.id)
        return;
    if (x.id == above.id || y.id == below.id) {
        *a = y;
        *b = x;
        return;
    }
    *a = ck_net_least(net, x, y);
    *b = ck_net_most(net, x, y);
}

void ck_net_merge(ck_net *net, const ck_wire *a, size_t m, const ck_wire *b, size_t n, size_t first, size_t end,
                  ck_wire *out)
{
    size_t used = net->used;
    padding p;
    ck_wire *v;

    if (!m || !n) {
        memcpy(out, (m ? a : b) + first, (end - first) * sizeof *out);
        return;
    }
    if (net->failed || m + n > WIRES_MOST || !(v = take(net, WIRES_MOST)))
        return;
    p = choose_padding(net, m, n, first, end);
    for (size_t i = 0; i < p.length; i++)
        v[i] = i < p.low_first ? below : above;
    memcpy(v + p.low_first, a, m * sizeof *v);
    for (size_t i = 0; i < p.low - p.low_first; i++)
        v[p.length - 1 - i] = below;
    for (size_t i = 0; i < n; i++)
        v[p.length - 1 - (p.low - p.low_first) - i] = b[i];
    for (size_t d = p.length / 2; d; d /= 2)
        for (size_t i = 0; i < p.length; i++)
            if (!(i & d))
                compare(net, v + i, v + (i | d));
    memcpy(out, v + p.low + first, (end - first) * sizeof *out);
    net->used = used;
}

void ck_net_sort(ck_net *net, ck_wire *wires, size_t n)
{
    size_t used = net->used;
    ck_wire *sorted = n > 1 && !net->failed ? take(net, n) : NULL;

    if (!sorted)
        return;
    ck_net_sort(net, wires, n / 2);
    ck_net_sort(net, wires + n / 2, n - n / 2);
    ck_net_merge(net, wires, n / 2, wires + n / 2, n - n / 2, 0, n, sorted);
    memcpy(wires, sorted, n * sizeof *wires);
    net->used = used;
}

/* The least, over all ways to take rank + 1 wires from the two lists, of the greatest taken. */
ck_wire ck_net_pick(ck_net *net, const ck_wire *a, size_t m, const ck_wire *b, size_t n, size_t rank)
{
    size_t taken = rank + 1, first = taken > n ? taken - n : 0, end = (m < taken ? m : taken) + 1, used = net->used;
    ck_wire *v = net->failed ? NULL : take(net, end - first);
    size_t count = end - first;

    if (!v)
        return (ck_wire){0, 0};
    for (size_t i = first; i < end; i++) {
        v[i - first] = i ? a[i - 1] : b[taken - 1];
        if (i && i < taken)
            v[i - first] = ck_net_most(net, v[i - first], b[taken - i - 1]);
    }
    for (; count > 1; count = (count + 1) / 2)
        for (size_t i = 0; i < count; i += 2)
            v[i / 2] = i + 1 < count ? ck_net_least(net, v[i], v[i + 1]) : v[i];
    net->used = used;
    return v[0];
}
