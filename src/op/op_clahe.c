/* clahe: equalisation that keeps to the neighbourhood, and to a limit. */
#include "op/histogram.h"
#include "op/op.h"

#include <math.h>
#include <stddef.h>
#include <stdlib.h>


enum {
    CELLS_MOST = 64,   /* a side */
    FINE_SHIFT = 4,    /* 16 bit: bins of 16 values, between which is interpolated */
    PLACE_BITS = 11    /* of a pixel's place between the middles of two cells */
};

typedef struct params {
    double clip;
    chunkimg_pair grid;
} params;

/* Where a column or row lies: between the middles of cells `cell` and `next`, so far towards the second. */
typedef struct place {
    uint16_t cell, next;
    uint16_t far; /* 0 .. 2^PLACE_BITS */
} place;

typedef struct state {
    ck_shape in;
    int32_t columns, rows; /* of cells */
    unsigned shift;
    size_t bins, edges;    /* of a cell and colour; edges: entries of its table */
    place *x, *y;          /* per column and row of the image */
    int32_t ends[CELLS_MOST]; /* per column of cells: the first pixel after those whose `cell` it is */
    /* [row][column][colour][edges]: what a value becomes in this cell, and, in the upper half, in the one to the right of it */
    uint64_t *tables;
} state;

static unsigned shift_of(ck_shape in)
{
    return in.depth == 8 ? 0 : FINE_SHIFT;
}

/* ---- cells ---------------------------------------------------------------------- */

static int32_t cells(int64_t asked, int32_t pixels)
{
    return asked < pixels ? (int32_t)asked : pixels;
}

/* Cell i of n is [i total / n, (i + 1) total / n); the cell of a pixel: */
static int32_t cell_of(int32_t pixel, int32_t n, int32_t total)
{
    return (int32_t)((((int64_t)pixel + 1) * n - 1) / total);
}

static int32_t cell_begin(int32_t i, int32_t n, int32_t total)
{
    return (int32_t)((int64_t)total * i / n);
}

/* With cells of total / n pixels, pixel p is at (p + 1/2) n / total - 1/2 in units of cells, counted from the first middle. */
static place *make_places(int32_t n, int32_t total)
{
    place *places = malloc((size_t)total * sizeof *places);

    for (int32_t p = 0; places && p < total; p++) {
        int64_t at = (2 * (int64_t)p + 1) * n - total, whole = 2 * (int64_t)total;
        int64_t cell = at < 0 ? 0 : at / whole, far = at < 0 ? 0 : (at % whole << PLACE_BITS) / whole;

        places[p].cell = (uint16_t)cell;
        places[p].next = (uint16_t)(cell + 1 < n ? cell + 1 : cell);
        places[p].far = (uint16_t)far;
    }
    return places;
}

static size_t table_entries(const state *s)
{
    return (size_t)s->columns * (size_t)s->rows * ck_colours(s->in) * s->edges;
}

static uint64_t *table_of(const state *s, int32_t row, int32_t column, unsigned colour)
{
    return s->tables + (((size_t)row * (size_t)s->columns + (size_t)column) * ck_colours(s->in) + colour) * s->edges;
}

static ck_status prepare(const void *params_, ck_shape in, void *st, ck_error *err)
{
    const params *p = params_;
    state *s = st;

    s->in = in;
    s->columns = cells(p->grid.a, in.w);
    s->rows = cells(p->grid.b ? p->grid.b : p->grid.a, in.h);
    s->shift = shift_of(in);
    s->bins = ck_histogram_bins(in) >> s->shift;
    s->edges = in.depth == 8 ? s->bins : s->bins + 1;
    s->x = make_places(s->columns, in.w);
    s->y = make_places(s->rows, in.h);
    for (int32_t i = 0; s->x && i < in.w; i++)
        s->ends[s->x[i].cell] = i + 1;
    s->tables = calloc(table_entries(s), sizeof *s->tables);
    return s->x && s->y && s->tables ? CK_OK : ck_fail_memory(err, table_entries(s) * sizeof *s->tables, "preparing clahe");
}

static void release(void *st)
{
    state *s = st;

    free(s->x);
    free(s->y);
    free(s->tables);
}

/* ---- the survey -------------------------------------------------------------------- */

static size_t size(const void *params_, ck_shape in)
{
    const params *p = params_;
    size_t bins = ck_histogram_bins(in) >> shift_of(in);

    return (size_t)cells(p->grid.a, in.w) * (size_t)cells(p->grid.b ? p->grid.b : p->grid.a, in.h) * ck_colours(in) * bins *
           sizeof(uint64_t);
}

/* The part of the block in each cell that it touches. */
static void add(const void *p, const void *st, ck_view in, int32_t x, int32_t y, void *account)
{
    const state *s = st;
    ck_rect block = {x, y, in.shape.w, in.shape.h};

    (void)p;
    for (int32_t j = cell_of(y, s->rows, s->in.h); j < s->rows && cell_begin(j, s->rows, s->in.h) < y + block.h; j++)
        for (int32_t i = cell_of(x, s->columns, s->in.w); i < s->columns && cell_begin(i, s->columns, s->in.w) < x + block.w;
             i++) {
            int32_t left = cell_begin(i, s->columns, s->in.w), top = cell_begin(j, s->rows, s->in.h);
            ck_rect cell = {left, top, cell_begin(i + 1, s->columns, s->in.w) - left,
                            cell_begin(j + 1, s->rows, s->in.h) - top};
            ck_rect part = ck_rect_meet(block, cell);
            size_t at = ((size_t)j * (size_t)s->columns + (size_t)i) * ck_colours(s->in) * s->bins;

            ck_histogram_add(ck_window(in, part.x - x, part.y - y, part.w, part.h), s->shift, (uint64_t *)account + at);
        }
}

static size_t fills(const void *params_, ck_shape in)
{
    size_t bins = ck_histogram_bins(in) >> shift_of(in);

    return size(params_, in) / bins * (bins + (in.depth == 16)); /* entries are as large as counts */
}

static void merge(const void *p, ck_shape in, void *into, const void *from)
{
    ck_histogram_join(into, from, size(p, in) / sizeof(uint64_t));
}

/* Counts above the limit are taken off and dealt out to all bins alike, what is left over to every so-manieth. */
static void limit(uint64_t *counts, size_t bins, double clip, uint64_t all)
{
    uint64_t most = (uint64_t)(clip * (double)all / (double)bins), excess = 0, rest;

    most = most ? most : 1;
    for (size_t v = 0; v < bins; v++)
        if (counts[v] > most) {
            excess += counts[v] - most;
            counts[v] = most;
        }
    for (size_t v = 0; v < bins; v++)
        counts[v] += excess / bins;
    rest = excess % bins;
    for (size_t v = 0, step = rest ? bins / rest : 1; v < bins && rest; v += step, rest--)
        counts[v]++;
}

static void make_table(const state *s, double clip, const uint64_t *counts, uint64_t *own, uint64_t *table)
{
    uint64_t all = 0, sum = 0, most = ck_histogram_bins(s->in) - 1;

    for (size_t v = 0; v < s->bins; v++)
        all += own[v] = counts[v];
    if (!all) { /* nothing but transparent pixels: any table will do */
        for (size_t v = 0; v < s->edges; v++)
            table[v] = v * most / (s->edges - 1);
        return;
    }
    if (clip > 0)
        limit(own, s->bins, clip, all);
    for (size_t v = 0; v < s->edges; v++) {
        /* 8 bit: the samples up to v. 16 bit: those below the bin, whose inside is interpolated. */
        sum += s->shift ? v ? own[v - 1] : 0 : own[v];
        table[v] = (2 * sum * most + all) / (2 * all);
    }
}

/* Each cell's table into the upper half of the one to the left; the last column's into its own. */
static void join_columns(const state *s)
{
    size_t one = ck_colours(s->in) * s->edges;

    for (int32_t j = 0; j < s->rows; j++)
        for (int32_t i = 0; i < s->columns; i++) {
            uint64_t *to = table_of(s, j, i, 0), *from = i + 1 < s->columns ? to + one : to;

            for (size_t v = 0; v < one; v++)
                to[v] |= from[v] << 32;
        }
}

static void end(const void *p, ck_shape in, const void *account, void *st)
{
    state *s = st;
    size_t n = table_entries(s) / s->edges;
    uint64_t own[1 << 12];

    (void)in;
    for (size_t i = 0; i < n; i++)
        make_table(s, ((const params *)p)->clip, (const uint64_t *)account + i * s->bins, own, s->tables + i * s->edges);
    join_columns(s);
}

/* ---- the pixels ----------------------------------------------------------------------- */

/*
 * Both columns of cells at once: each has half of a uint64_t, in which no sum exceeds 16 + FINE_SHIFT + PLACE_BITS = 31
 * bits. What is borrowed from the upper half where a difference is negative comes back when it is added.
 */
static inline uint64_t between(uint64_t a, uint64_t b, uint32_t far, unsigned bits)
{
    return (a << bits) + (b - a) * far;
}

/* What value v becomes in two cells beside each other: the tables' entry, or between two of them. */
static inline uint64_t entry(const uint64_t *table, uint32_t v, unsigned shift)
{
    const uint64_t *at = table + (v >> shift);

    return shift ? between(at[0], at[1], v & ((1u << shift) - 1), shift) : *at;
}

/* Pixels [x, x + n), all between the same four cells, of one colour: `far` from the upper table, a, to the lower one, b. */
#define RUN(name, sample, shift)                                                                                      \
    static inline void name##_by(const place *x, const uint64_t *a, const uint64_t *b, uint32_t far,                  \
                                 const sample *restrict in, sample *restrict out, unsigned step, int32_t n)           \
    {                                                                                                                 \
        const unsigned bits = 2 * PLACE_BITS + (shift);                                                               \
        for (int32_t i = 0; i < n; i++) {                                                                             \
            uint32_t v = in[(size_t)i * step];                                                                        \
            uint64_t both = between(entry(a, v, shift), entry(b, v, shift), far, PLACE_BITS);                         \
            uint64_t sum = between((uint32_t)both, both >> 32, x[i].far, PLACE_BITS);                                 \
            out[(size_t)i * step] = (sample)((sum + ((uint64_t)1 << (bits - 1))) >> bits);                            \
        }                                                                                                             \
    }                                                                                                                 \
    static void name(const place *x, const uint64_t *a, const uint64_t *b, uint32_t far, const sample *in, sample *out, \
                     unsigned step, int32_t n)                                                                        \
    {                                                                                                                 \
        if (step == 1)                                                                                                \
            name##_by(x, a, b, far, in, out, 1, n);                                                                   \
        else                                                                                                          \
            name##_by(x, a, b, far, in, out, step, n);                                                                \
    }

RUN(run8, uint8_t, 0)
RUN(run16, uint16_t, FINE_SHIFT)

/* One row from column x on, in runs between the same cells. */
static void map_row(const state *s, place y, const uint8_t *in, uint8_t *out, int32_t x, int32_t n)
{
    unsigned colours = ck_colours(s->in), step = s->in.channels;
    size_t sample = s->in.depth / 8u;

    for (int32_t i = 0, run; i < n; i += run) {
        const place *p = s->x + x + i;

        run = s->ends[p->cell] - (x + i);
        run = run < n - i ? run : n - i;
        for (unsigned c = 0; c < colours; c++) {
            const uint64_t *a = table_of(s, y.cell, p->cell, c), *b = table_of(s, y.next, p->cell, c);
            size_t at = ((size_t)i * step + c) * sample;

            if (sample == 1)
                run8(p, a, b, y.far, in + at, out + at, step, run);
            else
                run16(p, a, b, y.far, (const uint16_t *)(const void *)(in + at), (uint16_t *)(void *)(out + at), step, run);
        }
    }
}

static ck_status apply(const void *p, const void *st, void *work, ck_view in, ck_rect from, ck_view out, ck_rect at,
                       ck_error *err)
{
    const state *s = st;

    (void)p, (void)work, (void)from, (void)err;
    for (int32_t y = 0; y < at.h; y++)
        map_row(s, s->y[at.y + y], ck_row(in, y), ck_row(out, y), at.x, at.w);
    return CK_OK;
}

static const chunkimg_option options[] = {
    {.name = "clip", .type = CHUNKIMG_REAL, .offset = offsetof(params, clip), .least = 0, .most = 10000, .fallback = "2",
     .value = "CLIP", .help = "no bin counts more than CLIP times the mean; 0: no limit"},
    {.name = "grid", .type = CHUNKIMG_PAIR, .offset = offsetof(params, grid), .least = 1, .most = CELLS_MOST,
     .unit = "cells", .fallback = "8x8", .value = "CxR", .help = "columns and rows of the cells that are counted"},
    {.name = NULL},
};

static const chunkimg_survey survey = {.size = size, .add = add, .merge = merge, .end = end, .fills = fills};

static double cost(const void *p)
{
    (void)p;
    return 15;
}

const ck_op ck_op_clahe = {
    .name = "clahe",
    .summary = "contrast of each neighbourhood, limited: adaptive histogram equalisation",
    .details = "The image is cut into cells. In each, for each colour by itself, counts above CLIP N / bins are taken off and dealt "
               "out to all bins, and out = round(n(v) max / N), n(v) being the samples up to v (16 bit: 4096 bins, linear "
               "inside). A pixel's value is interpolated between the tables of the four cells whose middles surround it, at "
               "1/2048 of a cell. Zuiderveld, 'Contrast limited adaptive histogram equalization', 1994. The whole image is "
               "counted before the first tile is made. Wholly transparent pixels are not counted; alpha stays.",
    .traits = CK_OP_KEEPS_ALPHA,
    .options = options,
    .params_size = sizeof(params),
    .state_size = sizeof(state),
    .prepare = prepare,
    .apply_at = apply,
    .survey = &survey,
    .release = release,
    .cost = cost,
};
