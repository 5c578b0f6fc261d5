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

static void apply8(const uint16_t *tables, ck_view in, ck_view out)
{
    unsigned colours = ck_colours(in.shape), step = in.shape.channels;

    for (int32_t y = 0; y < in.shape.h; y++) {
        const uint8_t *from = ck_row(in, y);
        uint8_t *to = ck_row(out, y);

        for (int32_t x = 0; x < in.shape.w; x++, from += step, to += step)
            for (unsigned c = 0; c < colours; c++)
                to[c] = (uint8_t)tables[c * 256 + from[c]];
    }
}

static void apply16(const uint16_t *tables, ck_view in, ck_view out)
{
    unsigned colours = ck_colours(in.shape), step = in.shape.channels;

    for (int32_t y = 0; y < in.shape.h; y++) {
        const uint16_t *from = (const uint16_t *)(const void *)ck_row(in, y);
        uint16_t *to = (uint16_t *)(void *)ck_row(out, y);

        for (int32_t x = 0; x < in.shape.w; x++, from += step, to += step)
            for (unsigned c = 0; c < colours; c++)
                to[c] = tables[c * 65536 + from[c]];
    }
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
    (in.shape.depth == 8 ? apply8 : apply16)(tables, in, out);
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
