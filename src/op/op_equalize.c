/* equalize: every brightness as often as any other. */
#include "op/histogram.h"
#include "op/op.h"

#include <stddef.h>
#include <string.h>

enum { OF_IMAGE, OF_TILE };

typedef struct params {
    int scope;
} params;

/* Per colour, what each value becomes; at most three of 65536. */
typedef struct state {
    uint16_t tables[3 * 65536];
} state;

static bool of_tile(const void *p)
{
    return ((const params *)p)->scope == OF_TILE;
}

static size_t counts_nbytes(ck_shape s)
{
    return ck_colours(s) * ck_histogram_bins(s) * sizeof(uint64_t);
}

/* ---- the table ---------------------------------------------------------------- */

/* round((below(v) - first) max / (all - first)); a single value stays. */
static void make_table(const uint64_t *counts, size_t bins, uint16_t *table)
{
    uint64_t all = 0, first = 0, below = 0, most = bins - 1;

    for (size_t v = 0; v < bins; v++) {
        if (!first)
            first = counts[v];
        all += counts[v];
    }
    for (size_t v = 0; v < bins; v++) {
        below += counts[v];
        if (all == first)
            table[v] = (uint16_t)v;
        else if (below < first)
            table[v] = 0;
        else /* 2^40 pixels are counted without overflow */
            table[v] = (uint16_t)((2 * (below - first) * most + (all - first)) / (2 * (all - first)));
    }
}

static void make_tables(ck_shape s, const uint64_t *counts, uint16_t *tables)
{
    size_t bins = ck_histogram_bins(s);

    for (unsigned c = 0; c < ck_colours(s); c++)
        make_table(counts + c * bins, bins, tables + c * bins);
}

/* ---- the survey ---------------------------------------------------------------- */

static size_t size(const void *p, ck_shape in)
{
    return of_tile(p) ? 0 : counts_nbytes(in);
}

static void add(const void *p, const void *st, ck_view in, int32_t x, int32_t y, void *account)
{
    (void)p, (void)st, (void)x, (void)y;
    ck_histogram_add(in, 0, account);
}

static void merge(const void *p, ck_shape in, void *into, const void *from)
{
    (void)p;
    ck_histogram_join(into, from, counts_nbytes(in) / sizeof(uint64_t));
}

static void end(const void *p, ck_shape in, const void *account, void *st)
{
    (void)p;
    make_tables(in, account, ((state *)st)->tables);
}

/* ---- the pixels ------------------------------------------------------------------ */

/* One colour of a row; the loops of each know how far its samples lie apart. */
#define MAP(name, sample)                                                                                             \
    static inline void name##_by(const uint16_t *table, const sample *restrict in, sample *restrict out, int32_t n,   \
                                 unsigned step)                                                                       \
    {                                                                                                                 \
        for (int32_t i = 0; i < n; i++)                                                                               \
            out[(size_t)i * step] = (sample)table[in[(size_t)i * step]];                                              \
    }                                                                                                                 \
    static void name(const uint16_t *table, const sample *in, sample *out, int32_t n, unsigned step)                  \
    {                                                                                                                 \
        switch (step) {                                                                                               \
        case 1: name##_by(table, in, out, n, 1); break;                                                               \
        case 3: name##_by(table, in, out, n, 3); break;                                                               \
        default: name##_by(table, in, out, n, step);                                                                  \
        }                                                                                                             \
    }

MAP(map8, uint8_t)
MAP(map16, uint16_t)

static void map_rows(const uint16_t *tables, ck_view in, ck_view out)
{
    unsigned step = in.shape.channels;
    size_t bins = ck_histogram_bins(in.shape);

    for (int32_t y = 0; y < in.shape.h; y++)
        for (unsigned c = 0; c < ck_colours(in.shape); c++)
            if (in.shape.depth == 8)
                map8(tables + c * bins, ck_row(in, y) + c, ck_row(out, y) + c, in.shape.w, step);
            else
                map16(tables + c * bins, (const uint16_t *)(const void *)ck_row(in, y) + c,
                      (uint16_t *)(void *)ck_row(out, y) + c, in.shape.w, step);
}

/* Of a tile: its own counts, then its own tables. */
static size_t scratch(const void *p, ck_shape out)
{
    return of_tile(p) ? counts_nbytes(out) + sizeof(state) : 0;
}

static void apply(const void *p, const void *st, void *work, ck_view in, ck_view out)
{
    const uint16_t *tables = ((const state *)st)->tables;

    if (of_tile(p)) {
        size_t nbytes = counts_nbytes(in.shape);
        state *own = (state *)(void *)((uint8_t *)work + nbytes);

        memset(work, 0, nbytes);
        ck_histogram_add(in, 0, work);
        make_tables(in.shape, work, own->tables);
        tables = own->tables;
    }
    map_rows(tables, in, out);
}

static const char *const scopes[] = {"image", "tile", NULL};

static const chunkimg_option options[] = {
    {.name = "scope", .type = CHUNKIMG_CHOICE, .offset = offsetof(params, scope), .choices = scopes, .fallback = "image",
     .value = "SCOPE", .help = "image: counted in all of it first; tile: in each tile by itself, so that tiling shows"},
    {.name = NULL},
};

static const chunkimg_survey survey = {.size = size, .add = add, .merge = merge, .end = end};

const ck_op ck_op_equalize = {
    .name = "equalize",
    .summary = "every brightness as often as any other",
    .details = "out = round((n(v) - n0) max / (N - n0)) for each colour by itself, n(v) being the samples up to v, N all, n0 those "
               "of the darkest value there is: histogram equalisation as OpenCV and Pillow do it. The whole image is counted "
               "before the first tile is made. Wholly transparent pixels are not counted; alpha stays.",
    .traits = CK_OP_KEEPS_ALPHA,
    .options = options,
    .params_size = sizeof(params),
    .state_size = sizeof(state),
    .scratch = scratch,
    .apply = apply,
    .whole_tile = of_tile,
    .survey = &survey,
};
