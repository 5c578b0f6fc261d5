/*
 * The network of a tile of medians: work shared between neighbouring rows and
 * within tiles (Adams, "Fast Median Filters using Separable Sorting Networks",
 * 2021), with the tiles halved until they are single windows (Sugy, "A Fast
 * Parallel Median Filtering Algorithm Using Hierarchical Tiling", 2025).
 *
 * The windows of a tile have a core in common, and it is sorted once. Then
 * the tile is cut in two, and each half merges the columns or rows that its
 * windows have in common beyond the core, which are sorted already. Of a
 * sorted core, what has too many below or above it to be the median of any
 * window is left out; so the cores shrink as the tiles do.
 *
 * Columns and rows are sorted in the same way, along the halves that they are
 * asked for; the network finds again what neighbours have made.
 */
#include "op/median_tiles_net.h"

#include <stdlib.h>
#include <string.h>

#include "op/median_tiles.h"

enum {
    SIZE_MOST = 2 * CK_MEDIAN_TILES_MOST + 1,
    ROOM = 16 * SIZE_MOST * SIZE_MOST /* far more than all lists that are in use at a time */
};

typedef struct maker {
    ck_net *net;
    int32_t size; /* of a window */
    int32_t w, h; /* of the tile */
    ck_wire *outs;
    ck_wire *room; /* for lists, the last ones given back first */
    size_t used;
} maker;

/* Outputs that share a core: the pixels x + w - 1 .. x + size - 1 of the rows y + h - 1 .. y + size - 1. */
typedef struct part {
    int32_t x, y, w, h;
} part;

/* Of `total` sorted wires, those that may be a median: `count`, above `below` others. */
typedef struct core {
    size_t total, below, count;
    ck_wire *wires;
} core;

static ck_wire *take(maker *m, size_t n)
{
    m->used += n;
    return m->room + m->used - n;
}

static ck_wire pixel(const maker *m, int32_t x, int32_t y)
{
    return ck_net_input(m->net, (uint32_t)(y * m->w + (x + 1) % m->w), (x + 1) / m->w);
}

/* Pixels first .. first + n - 1 of a column or row, in order. */
static void sort_pixels(maker *m, bool column, int32_t line, int32_t first, int32_t n, ck_wire *out)
{
    for (int32_t i = 0; i < n; i++)
        out[i] = column ? pixel(m, line, first + i) : pixel(m, first + i, line);
    ck_net_sort(m->net, out, (size_t)n);
}

/* What the windows of the outputs from .. from + n - 1 along a column or row have in common of it, in order. */
static size_t sort_line(maker *m, bool column, int32_t line, int32_t from, int32_t n, ck_wire *out)
{
    int32_t at = 0, part_size = column ? m->h : m->w;
    size_t count = (size_t)(m->size - part_size + 1);
    ck_wire more[SIZE_MOST], old[SIZE_MOST];

    sort_pixels(m, column, line, part_size - 1, (int32_t)count, out);
    while (part_size > n) {
        int32_t half = part_size / 2;
        bool upper = from >= at + half;

        sort_pixels(m, column, line, upper ? at + m->size : at + half - 1, half, more);
        memcpy(old, out, count * sizeof *old);
        ck_net_merge(m->net, old, count, more, (size_t)half, 0, count + (size_t)half, out);
        count += (size_t)half;
        at += upper ? half : 0;
        part_size = half;
    }
    return count;
}

/* Of `total` in order, the ranks that may be a window's median: those with at most half a window below and above. */
static void possible(const maker *m, size_t total, size_t *first, size_t *end)
{
    size_t all = (size_t)m->size * (size_t)m->size, median = all / 2, rest = all - total;

    *first = median > rest ? median - rest : 0;
    *end = median < total ? median + 1 : total;
}

/*
 * `lines` columns or rows beside each other, in one order. Split so that neighbours on the right share the pieces.
 * `whole`: they are all that a core is made of, and only what may be the median is asked for.
 */
static size_t sort_lines(maker *m, bool column, int32_t first, int32_t lines, int32_t from, int32_t n, bool whole,
                         ck_wire *out)
{
    size_t line_size = (size_t)(m->size - n + 1), used = m->used, a_count, b_count, from_rank = 0, to_rank;
    int32_t left = 1;
    ck_wire *a, *b;

    if (lines == 1)
        return sort_line(m, column, first, from, n, out);
    while (2 * left < lines)
        left *= 2;
    a = take(m, (size_t)left * line_size);
    b = take(m, (size_t)(lines - left) * line_size);
    a_count = sort_lines(m, column, first, left, from, n, false, a);
    b_count = sort_lines(m, column, first + left, lines - left, from, n, false, b);
    to_rank = a_count + b_count;
    if (whole)
        possible(m, to_rank, &from_rank, &to_rank);
    ck_net_merge(m->net, a, a_count, b, b_count, from_rank, to_rank, out);
    m->used = used;
    return to_rank - from_rank;
}

static void halve(maker *m, part p, const core *c);

/* The half `p` of a part with the core c; `more` is what its windows have beyond that. */
static void half(maker *m, part p, const core *c, const ck_wire *more, size_t count)
{
    core mine = {.total = c->total + count};
    size_t used = m->used, first, end;

    possible(m, mine.total, &first, &end);
    first = first > c->below ? first : c->below;
    end = end < c->below + c->count + count ? end : c->below + c->count + count;
    if (p.w * p.h == 1) {
        m->outs[p.y * m->w + p.x] = ck_net_pick(m->net, c->wires, c->count, more, count, first - c->below);
        return;
    }
    mine.below = first;
    mine.count = end - first;
    mine.wires = take(m, mine.count);
    ck_net_merge(m->net, c->wires, c->count, more, count, first - c->below, end - c->below, mine.wires);
    halve(m, p, &mine);
    m->used = used;
}

static void halve(maker *m, part p, const core *c)
{
    bool columns = p.w >= p.h;
    int32_t at = columns ? p.x : p.y, lines = (columns ? p.w : p.h) / 2;
    size_t used = m->used, line_size = (size_t)(m->size - (columns ? p.h : p.w) + 1);
    ck_wire *more = take(m, (size_t)lines * line_size);
    part one = p, other = p;

    if (columns)
        one.w = other.w = lines, other.x += lines;
    else
        one.h = other.h = lines, other.y += lines;
    size_t count = columns ? sort_lines(m, true, at + lines - 1, lines, p.y, p.h, false, more)
                           : sort_lines(m, false, at + lines - 1, lines, p.x, p.w, false, more);
    half(m, one, c, more, count);
    count = columns ? sort_lines(m, true, at + m->size, lines, p.y, p.h, false, more)
                    : sort_lines(m, false, at + m->size, lines, p.x, p.w, false, more);
    half(m, other, c, more, count);
    m->used = used;
}

bool ck_median_tiles_net(ck_net *net, int32_t radius, int32_t w, int32_t h, ck_wire *outs)
{
    maker m = {.net = net, .size = 2 * radius + 1, .w = w, .h = h, .outs = outs, .room = malloc(ROOM * sizeof(ck_wire))};
    core all = {.total = (size_t)((m.size - w + 1) * (m.size - h + 1))};
    size_t end;

    if (!m.room)
        return false;
    possible(&m, all.total, &all.below, &end);
    all.wires = take(&m, all.total);
    all.count = sort_lines(&m, true, w - 1, m.size - w + 1, 0, h, true, all.wires);
    halve(&m, (part){0, 0, w, h}, &all);
    free(m.room);
    return true;
}
