#include "core/grid.h"

/* More rows and columns than this are a mistake, and would not fit a folder. */
#define TILES_MOST 100000000

/* Where part i of n begins when `total` is cut into equal shares. */
static int32_t share(int32_t total, int32_t n, int32_t i)
{
    return (int32_t)((int64_t)total * i / n);
}

static int32_t ceil_div(int64_t a, int64_t b)
{
    return (int32_t)((a + b - 1) / b);
}

static ck_status too_many(int64_t columns, int64_t rows, ck_error *err)
{
    return ck_fail(err, CHUNKIMG_LIMIT, "%lld x %lld tiles are more than %d", (long long)columns, (long long)rows,
                   TILES_MOST);
}

ck_status ck_grid_of_shape(int32_t w, int32_t h, int64_t columns, int64_t rows, ck_grid *out, ck_error *err)
{
    if (columns > w || rows > h)
        return ck_fail(err, CHUNKIMG_USAGE, "tiles: %lld columns by %lld rows need at least as many pixels, the image has %d x %d",
                       (long long)columns, (long long)rows, w, h);
    if (columns * rows > TILES_MOST)
        return too_many(columns, rows, err);
    *out = (ck_grid){.w = w,
                     .h = h,
                     .columns = (int32_t)columns,
                     .rows = (int32_t)rows,
                     .tile_w = ceil_div(w, columns),
                     .tile_h = ceil_div(h, rows),
                     .even = true};
    return CK_OK;
}

/* The most square columns x rows = n that the image has room for, the longer side along the longer side of the image. */
static bool best_factors(int64_t n, int32_t w, int32_t h, int64_t *columns, int64_t *rows)
{
    int64_t longer = w >= h ? w : h, shorter = w >= h ? h : w;

    for (int64_t small = 1; small * small <= n; small++) {
        int64_t large = n / small;

        if (n % small || small > shorter || large > longer)
            continue;
        *columns = w >= h ? large : small; /* the last that fits is the most square */
        *rows = w >= h ? small : large;
    }
    return *columns > 0;
}

static bool good_factors(int64_t columns, int64_t rows, int32_t w, int32_t h)
{
    int64_t large = columns > rows ? columns : rows, small = columns > rows ? rows : columns;

    /* A side as long as the image allows cannot be made longer. */
    return large <= 4 * small || columns == w || rows == h;
}

ck_status ck_grid_of_count(int32_t w, int32_t h, int64_t asked, ck_grid *out, ck_error *err)
{
    if (asked > (int64_t)w * h)
        return ck_fail(err, CHUNKIMG_USAGE, "tiles: %lld are more than the image has pixels (%d x %d)", (long long)asked, w, h);
    if (asked > TILES_MOST)
        return too_many(asked, 1, err);
    for (int64_t n = asked;; n++) {
        int64_t columns = 0, rows = 0;

        if (best_factors(n, w, h, &columns, &rows) && good_factors(columns, rows, w, h))
            return ck_grid_of_shape(w, h, columns, rows, out, err);
    }
}

ck_status ck_grid_of_size(int32_t w, int32_t h, int64_t tile_w, int64_t tile_h, chunkimg_edge edge, ck_grid *out,
                          ck_error *err)
{
    ck_grid g = {.w = w, .h = h, .edge = edge};
    bool drop = edge == CHUNKIMG_EDGE_DROP;

    if (drop && (tile_w > w || tile_h > h))
        return ck_fail(err, CHUNKIMG_USAGE, "edge: drop leaves no tile: the image (%d x %d) is smaller than one (%lld x %lld)",
                       w, h, (long long)tile_w, (long long)tile_h);
    /* Only pad makes a tile larger than the image; otherwise a larger size means one tile. */
    if (edge != CHUNKIMG_EDGE_PAD) {
        tile_w = tile_w < w ? tile_w : w;
        tile_h = tile_h < h ? tile_h : h;
    }
    g.tile_w = (int32_t)tile_w;
    g.tile_h = (int32_t)tile_h;
    g.columns = drop ? w / g.tile_w : ceil_div(w, tile_w);
    g.rows = drop ? h / g.tile_h : ceil_div(h, tile_h);
    if ((int64_t)g.columns * g.rows > TILES_MOST)
        return too_many(g.columns, g.rows, err);
    *out = g;
    return CK_OK;
}

ck_status ck_grid_of_strips(ck_shape image, int64_t asked, int32_t align, ck_grid *out, ck_error *err)
{
    enum { STRIP_NBYTES = 1 << 20 };
    int64_t rows = asked ? ceil_div(image.h, asked) : (int64_t)(STRIP_NBYTES / ck_row_nbytes(image)) + 1;

    if (asked > image.h)
        return ck_fail(err, CHUNKIMG_USAGE, "tiles: %lld strips are more than the image has rows (%d)", (long long)asked,
                       image.h);
    rows = (rows + align - 1) / align * align;
    return ck_grid_of_size(image.w, image.h, image.w, rows, CHUNKIMG_EDGE_KEEP, out, err);
}

/* One axis of a tile: what it owns, holds, and how long its file is. */
typedef struct span {
    int32_t own, own_n, held, held_n, file_n, pad;
} span;

static span cut(const ck_grid *g, int32_t total, int32_t n, int32_t nominal, int32_t i)
{
    span s;
    int32_t end, over = g->overlap;

    if (g->even) {
        s.own = share(total, n, i);
        end = share(total, n, i + 1);
    } else {
        s.own = i * nominal;
        end = total - s.own < nominal ? total : s.own + nominal;
    }
    s.own_n = end - s.own;

    int32_t from = s.own, to = end;
    if (g->edge == CHUNKIMG_EDGE_SHIFT && s.own_n < nominal)
        from = end - nominal > 0 ? end - nominal : 0;
    s.held = from > over ? from - over : 0;
    s.held_n = (total - to < over ? total : to + over) - s.held;
    s.file_n = s.held_n;
    s.pad = 0;
    if (g->edge == CHUNKIMG_EDGE_PAD) {
        s.pad = over - (s.own - s.held);
        s.file_n = nominal + 2 * over;
    }
    return s;
}

ck_tile ck_grid_tile(const ck_grid *g, uint64_t index)
{
    ck_tile t = {.index = index,
                 .col = (int32_t)(index % (uint64_t)g->columns),
                 .row = (int32_t)(index / (uint64_t)g->columns)};
    span x = cut(g, g->w, g->columns, g->tile_w, t.col), y = cut(g, g->h, g->rows, g->tile_h, t.row);

    t.own = (ck_rect){x.own, y.own, x.own_n, y.own_n};
    t.held = (ck_rect){x.held, y.held, x.held_n, y.held_n};
    t.file_w = x.file_n;
    t.file_h = y.file_n;
    t.pad_left = x.pad;
    t.pad_top = y.pad;
    return t;
}

void ck_grid_row_held(const ck_grid *g, int32_t row, int32_t *top, int32_t *bottom)
{
    span y = cut(g, g->h, g->rows, g->tile_h, row);

    *top = y.held;
    *bottom = y.held + y.held_n;
}

/* The sizes of a grid repeat: the first two, the last two and, for equal shares, any of the middle ones stand for all. */
static void each_sample(int32_t n, int32_t out[8])
{
    int32_t picks[8] = {0, 1, 2, n / 2, n / 2 + 1, n - 3, n - 2, n - 1};

    for (int i = 0; i < 8; i++)
        out[i] = picks[i] < 0 ? 0 : picks[i] >= n ? n - 1 : picks[i];
}

void ck_grid_largest(const ck_grid *g, int32_t *file_w, int32_t *file_h)
{
    *file_w = *file_h = 0;
    if (g->even) { /* shares have the nominal size or one pixel less */
        *file_w = g->tile_w + 2 * g->overlap;
        *file_h = g->tile_h + 2 * g->overlap;
        if (g->edge != CHUNKIMG_EDGE_PAD) {
            *file_w = *file_w < g->w ? *file_w : g->w;
            *file_h = *file_h < g->h ? *file_h : g->h;
        }
        return;
    }
    int32_t sample[8];
    each_sample(g->columns, sample);
    for (int i = 0; i < 8; i++) {
        int32_t n = cut(g, g->w, g->columns, g->tile_w, sample[i]).file_n;
        *file_w = n > *file_w ? n : *file_w;
    }
    each_sample(g->rows, sample);
    for (int i = 0; i < 8; i++) {
        int32_t n = cut(g, g->h, g->rows, g->tile_h, sample[i]).file_n;
        *file_h = n > *file_h ? n : *file_h;
    }
}

ck_rect ck_grid_covered(const ck_grid *g)
{
    ck_tile last = ck_grid_tile(g, ck_grid_count(g) - 1);

    return (ck_rect){0, 0, last.own.x + last.own.w, last.own.y + last.own.h};
}
