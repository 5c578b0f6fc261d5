/*
 * box: the mean of a square window.
 *
 * Down the columns running sums take one row in and one out, in vectors.
 * Along the row a running sum of eight samples, two pixels and what follows
 * them, does the same: one addition for two pixels is all that has to wait
 * for the one before. Windows up to 7 x 7 add their columns outright. All sums are whole numbers, so where a block begins
 * makes no difference.
 */
#include "op/clones.h"
#include "op/op.h"
#include "op/square.h"

#include <stddef.h>
#include <string.h>

#include "base/checked.h"

enum {
    RADIUS_MOST = 127,      /* 255 samples of 8 bit fit 16 bits, 255^2 of 16 bit fit 32 */
    NARROW_RADIUS = 7,      /* 15^2 samples of 8 bit fit 16 bits */
    FLOAT_RADIUS = 50,      /* see QUOTIENT */
    SPARE = 16              /* samples that are touched beyond a row */
};

/* Scratch: sums of columns of the input's width, then sums of windows of the output's. */
static size_t columns_nbytes(int32_t radius, ck_shape out)
{
    return ck_round_up((((size_t)out.w + 2 * (size_t)radius) * out.channels + SPARE) * sizeof(uint32_t), 64);
}

static size_t scratch(const void *p, ck_shape out)
{
    return columns_nbytes(ck_square_halo(p), out) + ck_round_up(((size_t)out.w * out.channels + SPARE) * sizeof(uint32_t), 64);
}

/* ---- down the columns ----------------------------------------------------- */

#define DOWN(name, sample, difference, total)                                                                         \
    CK_CLONES static void come##name(const sample *restrict in, total *restrict columns, size_t n)                    \
    {                                                                                                                 \
        for (size_t i = 0; i < n; i++)                                                                                \
            columns[i] = (total)(columns[i] + in[i]);                                                                 \
    }                                                                                                                 \
    CK_CLONES static void exchange##name(const sample *restrict come, const sample *restrict gone,                    \
                                            total *restrict columns, size_t n)                                        \
    {                                                                                                                 \
        for (size_t i = 0; i < n; i++)                                                                                \
            columns[i] = (total)(columns[i] + (total)(difference)(come[i] - gone[i]));                                \
    }

DOWN(_narrow, uint8_t, int16_t, uint16_t)
DOWN(8, uint8_t, int16_t, uint32_t)
DOWN(16, uint16_t, int32_t, uint32_t)

/* ---- along the row ---------------------------------------------------------- */

/* Eight samples: at least two pixels, with what follows them. They need not be aligned. */
typedef uint16_t narrow __attribute__((vector_size(16), aligned(2), may_alias));
typedef uint32_t wide __attribute__((vector_size(32), aligned(4), may_alias));

/* sums[i] = columns[i] + columns[i + c] + ... ; two pixels a step. SPARE more of both are touched. */
#define ALONG(name, type, vector)                                                                                     \
    CK_CLONES static void name(const type *restrict columns, size_t c, size_t window, type *restrict sums, size_t n)  \
    {                                                                                                                 \
        vector sum = {0};                                                                                             \
        for (size_t k = 0; k < window; k++)                                                                           \
            sum += *(const vector *)(columns + k * c);                                                                \
        for (size_t i = 0; i < n; i += 2 * c) {                                                                       \
            const type *gone = columns + i, *come = gone + window * c;                                                \
            *(vector *)(sums + i) = sum;                                                                              \
            sum += *(const vector *)come - *(const vector *)gone +                                                    \
                   (*(const vector *)(come + c) - *(const vector *)(gone + c));                                       \
        }                                                                                                             \
    }

ALONG(along_narrow, uint16_t, narrow)
ALONG(along, uint32_t, wide)

/* ---- from sums to means -------------------------------------------------------- */

/* sum / area, rounded to the nearest: (sum + area / 2) factor / 2^(16 + shift), rounded down. */
typedef struct quotient {
    uint16_t half, factor;
    uint8_t shift;
    double share; /* 1 / area */
} quotient;

/*
 * factor = 2^(16 + shift) / area, rounded up, 16 bits long: too large by less
 * than 1, so that the quotient is right while sum + half stays below
 * 2^(16 + shift) / (what it is too large by, times area); it does for each of
 * the areas up to 15 x 15 (every sum was tried).
 */
static quotient quotient_of(int32_t area)
{
    quotient q = {.half = (uint16_t)(area / 2), .share = 1.0 / area};

    while (area >> (q.shift + 1))
        q.shift++;
    q.factor = (uint16_t)((((uint32_t)1 << (16 + q.shift)) + (uint32_t)area - 1) / (uint32_t)area);
    return q;
}

static inline uint8_t narrow_mean(uint16_t sum, quotient q)
{
    uint16_t high = (uint16_t)(((uint32_t)(uint16_t)(sum + q.half) * q.factor) >> 16);

    return (uint8_t)(high >> q.shift);
}

CK_CLONES
static void means_narrow(const uint16_t *restrict sums, quotient q, uint8_t *restrict out, size_t n)
{
    for (size_t i = 0; i < n; i++)
        out[i] = narrow_mean(sums[i], q);
}

#define SMALL(window, sum)                                                                                            \
    CK_CLONES static void means_of_##window(const uint16_t *restrict p, size_t c, quotient q, uint8_t *restrict out,  \
                                            size_t n)                                                                 \
    {                                                                                                                 \
        for (size_t i = 0; i < n; i++, p++)                                                                           \
            out[i] = narrow_mean((uint16_t)(sum), q);                                                                 \
    }

SMALL(3, p[0] + p[c] + p[2 * c])
SMALL(5, p[0] + p[c] + p[2 * c] + p[3 * c] + p[4 * c])
SMALL(7, p[0] + p[c] + p[2 * c] + p[3 * c] + p[4 * c] + p[5 * c] + p[6 * c])

/*
 * There is no half-way, the area being odd: a quotient is at least
 * 1 / (2 area) away from where rounding changes. Float's error (below 4e-5
 * in 255) is less up to 101 x 101, double's always.
 */
#define MEANS(name, integer, real, sample)                                                                            \
    CK_CLONES static void name(const uint32_t *restrict sums, real share, sample *restrict out, size_t n)             \
    {                                                                                                                 \
        for (size_t i = 0; i < n; i++)                                                                                \
            out[i] = (sample)(int32_t)((real)(integer)sums[i] * share + (real)0.5);                                   \
    }

MEANS(means8, int32_t, float, uint8_t)
MEANS(means8_large, int32_t, double, uint8_t)
MEANS(means16, uint32_t, double, uint16_t)

/* ---- the block --------------------------------------------------------------- */

static void row_narrow(int32_t radius, quotient q, const uint16_t *columns, size_t c, uint16_t *sums, uint8_t *out,
                       size_t n)
{
    if (radius <= 3) {
        (radius == 1 ? means_of_3 : radius == 2 ? means_of_5 : means_of_7)(columns, c, q, out, n);
    } else {
        along_narrow(columns, c, 2 * (size_t)radius + 1, sums, n);
        means_narrow(sums, q, out, n);
    }
}

static void row8(int32_t radius, quotient q, const uint32_t *columns, size_t c, uint32_t *sums, uint8_t *out, size_t n)
{
    along(columns, c, 2 * (size_t)radius + 1, sums, n);
    if (radius <= FLOAT_RADIUS)
        means8(sums, (float)q.share, out, n);
    else
        means8_large(sums, q.share, out, n);
}

static void row16(int32_t radius, quotient q, const uint32_t *columns, size_t c, uint32_t *sums, uint16_t *out, size_t n)
{
    along(columns, c, 2 * (size_t)radius + 1, sums, n);
    means16(sums, q.share, out, n);
}

#define BLOCK(name, sample, total)                                                                                    \
    static void block##name(int32_t radius, total *columns, total *sums, ck_view in, ck_view out)                     \
    {                                                                                                                 \
        size_t c = in.shape.channels, padded = (size_t)in.shape.w * c, n = (size_t)out.shape.w * c;                   \
        quotient q = quotient_of((2 * radius + 1) * (2 * radius + 1));                                                \
        memset(columns, 0, (padded + SPARE) * sizeof *columns);                                                       \
        for (int32_t y = 0; y < 2 * radius; y++)                                                                      \
            come##name((const sample *)ck_row(in, y), columns, padded);                                               \
        for (int32_t y = 0; y < out.shape.h; y++) {                                                                   \
            const sample *come = (const sample *)ck_row(in, y + 2 * radius);                                          \
            if (y)                                                                                                    \
                exchange##name(come, (const sample *)ck_row(in, y - 1), columns, padded);                             \
            else                                                                                                      \
                come##name(come, columns, padded);                                                                    \
            row##name(radius, q, columns, c, sums, (sample *)ck_row(out, y), n);                                      \
        }                                                                                                             \
    }

BLOCK(_narrow, uint8_t, uint16_t)
BLOCK(8, uint8_t, uint32_t)
BLOCK(16, uint16_t, uint32_t)

static void apply(const void *p, const void *state, void *scratch_memory, ck_view in, ck_view out)
{
    int32_t radius = ck_square_halo(p);
    void *sums = (uint8_t *)scratch_memory + columns_nbytes(radius, out.shape);

    (void)state;
    if (out.shape.depth == 16)
        block16(radius, scratch_memory, sums, in, out);
    else if (radius > NARROW_RADIUS)
        block8(radius, scratch_memory, sums, in, out);
    else
        block_narrow(radius, scratch_memory, sums, in, out);
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
