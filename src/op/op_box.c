/*
 * box: the mean of a square window.
 *
 * The sum of a window is that of the one above, more a row that came and less
 * one that went: see box_rows.h for how rows of 8 bit do that. Small windows
 * add sums of columns outright. At 16 bit running sums go down the
 * columns, and along the rows of them eight samples at a time, two pixels and
 * what follows them: one addition for two pixels is all that has to wait for
 * the one before. All sums are whole numbers, so where a block begins makes no
 * difference.
 */
#include "op/box_rows.h"
#include "op/clones.h"
#include "op/op.h"
#include "op/square.h"

#include <stddef.h>
#include <string.h>

#include "base/checked.h"

enum {
    RADIUS_MOST = 127,      /* 255 samples of 8 bit fit 16 bits, 255^2 of 16 bit fit 32 */
    SMALL_RADIUS = 3,       /* columns are added outright; AVX-512 has running sums that are faster from 3 on */
    STRIP_MOST = 1 << 13,   /* samples of a row that are done at once, so that what is kept of them stays in a near cache */
    SPARE = CK_BOX_LANES    /* samples that are touched beyond a row in scratch */
};

/* ---- scratch ---------------------------------------------------------------- */

/* A row of `wanted` samples at *at, with room on both sides; *at moves behind it. */
static size_t row_of(size_t *at, size_t wanted, size_t size)
{
    size_t begin = *at + SPARE * size;

    *at = ck_round_up(begin + (wanted + 2 * SPARE) * size, 64);
    return begin;
}

/* Bytes from the beginning of scratch. */
typedef struct layout {
    size_t columns; /* sums of columns of the input's width */
    size_t running; /* 8 bit: sums along a row of it */
    size_t totals;  /* sums of windows */
    size_t all;
} layout;

static layout lay_out(int32_t radius, ck_shape out)
{
    size_t c = out.channels, n = (size_t)out.w * c, size = out.depth == 8 ? sizeof(uint16_t) : sizeof(uint32_t);
    layout l = {.all = 0};

    if (out.depth == 8 && n > STRIP_MOST)
        n = STRIP_MOST;
    l.columns = row_of(&l.all, n + 2 * (size_t)radius * c, size);
    if (out.depth == 8)
        l.running = row_of(&l.all, n + 2 * (size_t)radius * c, size);
    l.totals = row_of(&l.all, n, sizeof(uint32_t));
    return l;
}

static size_t scratch(const void *p, ck_shape out)
{
    return lay_out(ck_square_halo(p), out).all;
}

/* ---- down the columns ----------------------------------------------------- */

/* Eight samples: at least two pixels, with what follows them. They need not be aligned. */
typedef uint16_t eight16 __attribute__((vector_size(16), aligned(2), may_alias));
typedef uint32_t eight32 __attribute__((vector_size(32), aligned(4), may_alias));

#define DOWN(name, sample, difference, total)                                                                         \
    CK_CLONES static void come##name(const sample *restrict in, total *restrict columns, size_t n)                    \
    {                                                                                                                 \
        for (size_t i = 0; i < n; i++)                                                                                \
            columns[i] = (total)(columns[i] + in[i]);                                                                 \
    }                                                                                                                 \
    CK_CLONES static void two##name(const sample *restrict a, const sample *restrict b, total *restrict columns,      \
                                    size_t n)                                                                         \
    {                                                                                                                 \
        for (size_t i = 0; i < n; i++)                                                                                \
            columns[i] = (total)(columns[i] + a[i] + b[i]);                                                           \
    }                                                                                                                 \
    CK_CLONES static void exchange##name(const sample *restrict come, const sample *restrict gone,                    \
                                            total *restrict columns, size_t n)                                        \
    {                                                                                                                 \
        for (size_t i = 0; i < n; i++)                                                                                \
            columns[i] = (total)(columns[i] + (total)(difference)(come[i] - gone[i]));                                \
    }

DOWN(8, uint8_t, int16_t, uint16_t)
DOWN(16, uint16_t, int32_t, uint32_t)

/* The sums of the first rows, an even number of them, and zeros behind them. */
#define START(name, sample, total)                                                                                    \
    static void start##name(ck_view in, int32_t rows, total *columns, size_t n)                                       \
    {                                                                                                                 \
        memset(columns, 0, (n + SPARE) * sizeof *columns);                                                            \
        for (int32_t y = 0; y < rows; y += 2)                                                                         \
            two##name((const sample *)ck_row(in, y), (const sample *)ck_row(in, y + 1), columns, n);                  \
    }

START(8, uint8_t, uint16_t)
START(16, uint16_t, uint32_t)

/* The next row, read while there is other work. */
static void fetch(ck_view in, int32_t y)
{
    if (y < in.shape.h)
        for (size_t i = 0, n = ck_row_nbytes(in.shape); i < n; i += 64)
            __builtin_prefetch(ck_row(in, y) + i);
}

/* ---- small windows of 8 bit ------------------------------------------------- */

#define SMALL(window, sum)                                                                                            \
    CK_CLONES static void means_of_##window(const uint16_t *restrict p, size_t c, ck_box_quotient q,                  \
                                            uint8_t *restrict out, size_t n)                                          \
    {                                                                                                                 \
        for (size_t i = 0; i < n; i++, p++)                                                                           \
            out[i] = ck_box_mean((uint16_t)(sum), q);                                                                 \
    }

SMALL(3, p[0] + p[c] + p[2 * c])
SMALL(5, p[0] + p[c] + p[2 * c] + p[3 * c] + p[4 * c])
SMALL(7, p[0] + p[c] + p[2 * c] + p[3 * c] + p[4 * c] + p[5 * c] + p[6 * c])

static void block_small(int32_t radius, uint16_t *columns, ck_view in, ck_view out)
{
    size_t c = in.shape.channels, padded = (size_t)in.shape.w * c, n = (size_t)out.shape.w * c;
    ck_box_quotient q = ck_box_quotient_of(2 * radius + 1);

    start8(in, 2 * radius, columns, padded);
    for (int32_t y = 0; y < out.shape.h; y++) {
        const uint8_t *come = ck_row(in, y + 2 * radius);

        fetch(in, y + 2 * radius + 1);
        if (y)
            exchange8(come, ck_row(in, y - 1), columns, padded);
        else
            come8(come, columns, padded);
        (radius == 1 ? means_of_3 : radius == 2 ? means_of_5 : means_of_7)(columns, c, q, ck_row(out, y), n);
    }
}

/* ---- other windows of 8 bit --------------------------------------------------- */

/* Totals of the first row of windows: two pixels a step, as below. */
#define TOTALS(name, type, vector)                                                                                    \
    CK_CLONES static void name(const uint16_t *restrict columns, size_t c, size_t window, type start,                 \
                               type *restrict totals, size_t n)                                                       \
    {                                                                                                                 \
        vector sum = start - (vector){0};                                                                             \
        for (size_t k = 0; k < window; k++)                                                                           \
            sum += AT(columns + k * c, vector);                                                                       \
        for (size_t i = 0; i < n; i += 2 * c) {                                                                       \
            const uint16_t *gone = columns + i, *come = gone + window * c;                                            \
            *(vector *)(totals + i) = sum;                                                                            \
            sum += AT(come, vector) - AT(gone, vector) + (AT(come + c, vector) - AT(gone + c, vector));               \
        }                                                                                                             \
    }

#define AT(p, vector) __builtin_convertvector(*(const eight16 *)(p), vector)

TOTALS(first_narrow, uint16_t, eight16)
TOTALS(first_wide, uint32_t, eight32)

static void block8(int32_t radius, uint8_t *at, const layout *l, ck_view in, ck_view out)
{
    const ck_box_rows *rows = ck_box_rows_best();
    uint16_t *columns = (uint16_t *)(at + l->columns), *running = (uint16_t *)(at + l->running);
    size_t c = in.shape.channels, padded = (size_t)in.shape.w * c, window = 2 * (size_t)radius + 1;
    ck_box_row r = {running, c, window, (size_t)out.shape.w * c, ck_box_quotient_of((int32_t)window), 1 / (float)(window * window)};
    void *totals = at + l->totals;
    bool narrow = window <= CK_BOX_NARROW;

    start8(in, 2 * radius, columns, padded);
    come8(ck_row(in, 2 * radius), columns, padded);
    if (narrow) {
        first_narrow(columns, c, window, 0, totals, r.n);
    } else {
        first_wide(columns, c, window, (uint32_t)-128 * (uint32_t)(window * window), totals, r.n);
        rows->arrange(totals, r.n);
    }
    memset(running - SPARE, 0, (padded + 2 * SPARE) * sizeof *running);
    for (int32_t y = 0; y < out.shape.h; y++) {
        fetch(in, y + (int32_t)window);
        if (y)
            rows->run(ck_row(in, y + 2 * radius), ck_row(in, y - 1), c, columns, running, padded);
        if (narrow)
            rows->narrow(&r, totals, ck_row(out, y));
        else
            rows->wide(&r, totals, ck_row(out, y));
    }
}

static void strips8(int32_t radius, uint8_t *at, const layout *l, ck_view in, ck_view out)
{
    int32_t most = STRIP_MOST / in.shape.channels;
    bool small = radius < SMALL_RADIUS || (radius == SMALL_RADIUS && !ck_box_rows_avx512());

    for (int32_t x = 0; x < out.shape.w; x += most) {
        int32_t w = out.shape.w - x < most ? out.shape.w - x : most;
        ck_view from = ck_window(in, x, 0, w + 2 * radius, in.shape.h), to = ck_window(out, x, 0, w, out.shape.h);

        if (small)
            block_small(radius, (uint16_t *)(at + l->columns), from, to);
        else
            block8(radius, at, l, from, to);
    }
}

/* ---- 16 bit ------------------------------------------------------------------- */

/* sums[i] = columns[i] + columns[i + c] + ... ; two pixels a step. SPARE more of both are touched. */
CK_CLONES
static void along(const uint32_t *restrict columns, size_t c, size_t window, uint32_t *restrict sums, size_t n)
{
    eight32 sum = {0};

    for (size_t k = 0; k < window; k++)
        sum += *(const eight32 *)(columns + k * c);
    for (size_t i = 0; i < n; i += 2 * c) {
        const uint32_t *gone = columns + i, *come = gone + window * c;
        *(eight32 *)(sums + i) = sum;
        sum += *(const eight32 *)come - *(const eight32 *)gone + (*(const eight32 *)(come + c) - *(const eight32 *)(gone + c));
    }
}

/* There is no half-way, the area being odd: a quotient is further from it than double's error. */
CK_CLONES
static void means16(const uint32_t *restrict sums, double share, uint16_t *restrict out, size_t n)
{
    for (size_t i = 0; i < n; i++)
        out[i] = (uint16_t)(int32_t)((double)sums[i] * share + 0.5);
}

static void block16(int32_t radius, uint8_t *at, const layout *l, ck_view in, ck_view out)
{
    uint32_t *columns = (uint32_t *)(at + l->columns), *sums = (uint32_t *)(at + l->totals);
    size_t c = in.shape.channels, padded = (size_t)in.shape.w * c, n = (size_t)out.shape.w * c, window = 2 * (size_t)radius + 1;

    start16(in, 2 * radius, columns, padded);
    for (int32_t y = 0; y < out.shape.h; y++) {
        const uint16_t *come = (const uint16_t *)ck_row(in, y + 2 * radius);

        fetch(in, y + 2 * radius + 1);
        if (y)
            exchange16(come, (const uint16_t *)ck_row(in, y - 1), columns, padded);
        else
            come16(come, columns, padded);
        along(columns, c, window, sums, n);
        means16(sums, 1.0 / (double)(window * window), (uint16_t *)ck_row(out, y), n);
    }
}

static void apply(const void *p, const void *state, void *scratch_memory, ck_view in, ck_view out)
{
    int32_t radius = ck_square_halo(p);
    layout l = lay_out(radius, out.shape);

    (void)state;
    (out.shape.depth == 16 ? block16 : strips8)(radius, scratch_memory, &l, in, out);
}

static const chunkimg_option options[] = {
    CK_SQUARE_RADIUS(RADIUS_MOST),
    {.name = NULL},
};

const ck_op ck_op_box = {
    .name = "box",
    .summary = "mean of a square window",
    .details = "out = the mean of the (2 RADIUS + 1)^2 samples around it, rounded to the nearest, for each channel by "
               "itself; exact sums (McDonnell, Box-Filtering Techniques, 1981). The cost hardly depends on RADIUS. Borders "
               "are as --border says; alpha is premultiplied (Porter and Duff 1984) and averaged like the colours.",
    .traits = CK_OP_PREMULTIPLY,
    .options = options,
    .params_size = sizeof(ck_square),
    .halo = ck_square_halo,
    .scratch = scratch,
    .apply = apply,
};
