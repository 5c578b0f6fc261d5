#include "op/gauss_wide.h"

#include <math.h>
#include <string.h>

#include "base/checked.h"
#include "op/clones.h"

/*
 * Ranges at 8 bit: the columns' means keep 3 more bits, so the sums along the
 * row are at most 2040 * 2^20 < 2^31. At 16 bit sums have 64 bits. What the
 * knots alone sum to fits 32 bits at either depth.
 */
enum { TOTAL_MOST = 1 << 20, KNOT_SUM_MOST = 4096, MORE = 8 /* 2^3 */, SPARE = 16 };

/* ---- the weights ---------------------------------------------------------- */

static int32_t apart_of(double sigma)
{
    return (int32_t)(sigma / 3 + 0.75);
}

static int32_t knots_of(double sigma)
{
    return (int32_t)ceil(3.25 * sigma / apart_of(sigma));
}

int32_t ck_wide_radius(double sigma)
{
    return apart_of(sigma) * knots_of(sigma) - 1;
}

/*
 * The Gaussian less 1/12 of its second derivative times apart^2 - 1: straight lines
 * between knots lie above a curve that bends upwards, and this takes back what
 * they add to the variance.
 */
static double knot(double sigma, double apart, int32_t k)
{
    double x = k * apart / sigma, bend = (apart * apart - 1) / (12 * sigma * sigma);

    return exp(-x * x / 2) * (1 - bend * (x * x - 1));
}

void ck_wide_init(ck_wide *w, double sigma)
{
    double total = 0, carry = 0;
    int32_t at[CK_WIDE_PAIRS_MOST + 1] = {0}, sum, rest;

    memset(w, 0, sizeof *w);
    w->apart = apart_of(sigma);
    w->knots = knots_of(sigma);
    sum = TOTAL_MOST / (w->apart * w->apart) - 1;
    sum = sum < KNOT_SUM_MOST ? sum : KNOT_SUM_MOST;
    rest = sum;
    for (int32_t k = 0; k < w->knots; k++)
        total += (k ? 2 : 1) * knot(sigma, w->apart, k);
    for (int32_t k = w->knots - 1; k > 0; k--) {
        double exact = sum * knot(sigma, w->apart, k) / total + carry;
        at[k] = (int32_t)floor(exact + 0.5);
        carry = exact - at[k];
        rest -= 2 * at[k];
    }
    at[0] = rest;
    w->bend[0] = at[1] - at[0];
    for (int32_t k = 1; k <= w->knots; k++)
        w->bend[k] = at[k - 1] - 2 * at[k] + at[k + 1];
    w->total = (double)w->apart * w->apart * sum;
}

/* ---- scratch -------------------------------------------------------------------- */

/* Bytes from its beginning; total SIZE_MAX: cannot be counted. */
typedef struct layout {
    size_t zeros;        /* a row for those that are not there */
    size_t slope, value; /* running sums of each column */
    size_t columns;      /* means of columns, behind a margin of zeros */
    size_t bends;        /* sums at the knots */
    size_t sums;         /* of windows along the row */
    size_t margin;       /* samples */
    size_t total;
} layout;

static layout lay_out(int32_t radius, ck_shape out)
{
    layout l = {.total = SIZE_MAX};
    size_t wide = out.depth == 8 ? sizeof(uint32_t) : sizeof(uint64_t), samples, all;

    l.margin = (2 * (size_t)radius + 2) * out.channels;
    if (!ck_mul((size_t)out.w + 2 * (size_t)radius, out.channels, &samples) || !ck_mul(samples + l.margin, 64, &all))
        return l;
    samples += SPARE;
    l.slope = ck_round_up(samples * sizeof(uint16_t), 64);
    l.value = l.slope + ck_round_up(samples * wide, 64);
    l.columns = l.value + ck_round_up(samples * wide, 64);
    l.bends = l.columns + ck_round_up((samples + l.margin) * sizeof(uint16_t), 64);
    l.sums = l.bends + ck_round_up(samples * sizeof(int32_t), 64);
    l.total = l.sums + ck_round_up(samples * wide, 64);
    return l;
}

size_t ck_wide_scratch(double sigma, ck_shape out)
{
    return lay_out(ck_wide_radius(sigma), out).total;
}

/* ---- sums at the knots ------------------------------------------------------------- */

/* Samples at the same distance on both sides of the middle, and their weights. Unused weights are 0. */
typedef struct pairs {
    const void *a[CK_WIDE_PAIRS_MOST + 1], *b[CK_WIDE_PAIRS_MOST + 1];
    int16_t weight[CK_WIDE_PAIRS_MOST + 1];
    size_t count; /* at least 1 */
} pairs;

#define PAIR(k) w##k *((int32_t)a##k[i] + b##k[i])
#define TAKE(k, sample)                                                                                               \
    const sample *a##k = p->a[from + k], *b##k = p->b[from + k];                                                      \
    int32_t w##k = p->weight[from + k]

/* Two pairs at a time; an odd last one is taken twice, the second time with the weight 0. */
#define BENDS(name, sample)                                                                                           \
    CK_CLONES static void name##_two(const pairs *p, size_t from, int32_t *restrict bends, size_t n)                  \
    {                                                                                                                 \
        TAKE(0, sample);                                                                                              \
        TAKE(1, sample);                                                                                              \
        for (size_t i = 0; i < n; i++)                                                                                \
            bends[i] += PAIR(0) + PAIR(1);                                                                            \
    }                                                                                                                 \
    static void name(pairs *p, int32_t *bends, size_t n)                                                              \
    {                                                                                                                 \
        p->a[p->count] = p->a[0];                                                                                     \
        p->b[p->count] = p->b[0];                                                                                     \
        memset(bends, 0, n * sizeof *bends);                                                                          \
        for (size_t from = 0; from < p->count; from += 2)                                                             \
            name##_two(p, from, bends, n);                                                                            \
    }

BENDS(plain8, uint8_t)
BENDS(plain16, uint16_t)

typedef void (*sum_pairs)(pairs *p, int32_t *bends, size_t n);

/* 8: rows of 8-bit samples. means: of 16-bit samples below 16384, whose sums fit 16 bits with a sign. */
typedef struct bend_sums {
    sum_pairs of8, of_means;
} bend_sums;

static const bend_sums plain = {plain8, plain16};

#define LANES_TEMPLATE "op/gauss_wide_lanes.inc"
#include "op/lanes_each.inc"

static const bend_sums *sums_for(size_t n)
{
    return LANES_BEST(n, &plain, sums);
}

/* ---- down the columns ---------------------------------------------------------------- */

/* The bends of row y give the step from the value at y to that at y + 1. */
#define DOWN(name, wide, signed_wide, real)                                                                           \
    CK_CLONES static void name(const int32_t *restrict bends, wide *restrict slope, wide *restrict value, real scale, \
                               uint16_t *restrict means, size_t n)                                                    \
    {                                                                                                                 \
        for (size_t i = 0; i < n; i++) {                                                                              \
            wide s = slope[i] + (wide)bends[i], v = value[i] + s;                                                     \
            slope[i] = s;                                                                                             \
            value[i] = v;                                                                                             \
            means[i] = (uint16_t)(int32_t)((real)(signed_wide)v * scale + (real)0.5);                                 \
        }                                                                                                             \
    }

DOWN(down8, uint32_t, int32_t, float)
DOWN(down16, uint64_t, int64_t, double)

/* Rows at the knots around row y of the block, at least one pair. Above the halo there is nothing: zeros, or no pair. */
static void rows_around(const ck_wide *w, const void *zeros, ck_view in, int32_t y, pairs *p)
{
    int32_t middle = y + w->apart * w->knots - 1;

    *p = (pairs){.count = 0};
    for (int32_t k = 0; k <= w->knots; k++) {
        int32_t above = middle - k * w->apart, below = middle + k * w->apart;
        if (below < 0)
            continue;
        p->a[p->count] = above < 0 ? zeros : ck_row(in, above);
        p->b[p->count] = ck_row(in, below);
        p->weight[p->count++] = (int16_t)w->bend[k];
    }
}

static void step_down(const ck_wide *w, void *scratch, const layout *l, ck_view in, int32_t y)
{
    uint8_t *at = scratch;
    size_t n = (size_t)in.shape.w * in.shape.channels;
    int32_t *bends = (int32_t *)(at + l->bends);
    uint16_t *means = (uint16_t *)(at + l->columns) + l->margin;
    pairs p;

    rows_around(w, at + l->zeros, in, y, &p);
    if (in.shape.depth == 8) {
        sums_for(n)->of8(&p, bends, n);
        down8(bends, (uint32_t *)(at + l->slope), (uint32_t *)(at + l->value), (float)(MORE / w->total), means, n);
    } else {
        plain16(&p, bends, n);
        down16(bends, (uint64_t *)(at + l->slope), (uint64_t *)(at + l->value), 1 / w->total, means, n);
    }
}

static layout layout_of(const ck_wide *w, ck_view in)
{
    int32_t radius = w->apart * w->knots - 1;
    ck_shape out = in.shape;

    out.w -= 2 * radius;
    return lay_out(radius, out);
}

void ck_wide_start(const ck_wide *w, void *scratch, ck_view in)
{
    layout l = layout_of(w, in);
    int32_t radius = w->apart * w->knots - 1;

    memset(scratch, 0, l.bends);
    for (int32_t y = -2 * radius - 1; y < -1; y++)
        step_down(w, scratch, &l, in, y);
}

/* ---- along the row ---------------------------------------------------------------------- */

/* Four samples: a pixel and what follows it. They need not be aligned. */
typedef uint32_t wide4 __attribute__((vector_size(16), aligned(4), may_alias));
typedef uint64_t huge4 __attribute__((vector_size(32), aligned(8), may_alias));
typedef int32_t bends4 __attribute__((vector_size(16), aligned(4), may_alias));

/* `skip` samples lead up to the first of the n. */
#define ALONG(name, vector, wide)                                                                                     \
    CK_CLONES static void name(const int32_t *restrict bends, size_t c, size_t skip, wide *restrict sums, size_t n)   \
    {                                                                                                                 \
        vector slope = {0}, value = {0};                                                                              \
        for (size_t i = 0; i < skip; i += c) {                                                                        \
            slope += __builtin_convertvector(*(const bends4 *)(bends + i), vector);                                   \
            value += slope;                                                                                           \
        }                                                                                                             \
        for (size_t i = 0; i < n; i += c) {                                                                           \
            slope += __builtin_convertvector(*(const bends4 *)(bends + skip + i), vector);                            \
            value += slope;                                                                                           \
            *(vector *)(sums + i) = value;                                                                            \
        }                                                                                                             \
    }

ALONG(along8, wide4, uint32_t)
ALONG(along16, huge4, uint64_t)

#define MEANS(name, wide, real, sample)                                                                               \
    CK_CLONES static void name(const wide *restrict sums, real scale, sample *restrict out, size_t n)                 \
    {                                                                                                                 \
        for (size_t i = 0; i < n; i++)                                                                                \
            out[i] = (sample)(int32_t)((real)sums[i] * scale + (real)0.5);                                            \
    }

MEANS(means8, int32_t, float, uint8_t)
MEANS(means_fine, int32_t, float, int16_t)
MEANS(means16, int64_t, double, uint16_t)

/* Sums of the windows of row y, to scratch. Returns where. */
static void *sum_row(const ck_wide *w, void *scratch, const layout *l, ck_view in, int32_t y)
{
    size_t c = in.shape.channels, radius = (size_t)(w->apart * w->knots) - 1, all = (size_t)in.shape.w * c;
    uint8_t *at = scratch;
    const uint16_t *first = (const uint16_t *)(at + l->columns) + l->margin - (radius + 1) * c;
    int32_t *bends = (int32_t *)(at + l->bends);
    void *sums = at + l->sums;
    pairs p = {.count = 0};

    step_down(w, scratch, l, in, y - 1);
    for (int32_t k = 0; k <= w->knots; k++) {
        p.a[p.count] = first - (size_t)(k * w->apart) * c;
        p.b[p.count] = first + (size_t)(k * w->apart) * c;
        p.weight[p.count++] = (int16_t)w->bend[k];
    }
    (in.shape.depth == 8 ? sums_for(all)->of_means : plain16)(&p, bends, all);
    if (in.shape.depth == 8)
        along8(bends, c, 2 * radius * c, sums, all - 2 * radius * c);
    else
        along16(bends, c, 2 * radius * c, sums, all - 2 * radius * c);
    return sums;
}

static size_t samples_out(const ck_wide *w, ck_view in)
{
    return (size_t)(in.shape.w - 2 * (w->apart * w->knots - 1)) * in.shape.channels;
}

void ck_wide_row(const ck_wide *w, void *scratch, ck_view in, int32_t y, uint8_t *out)
{
    layout l = layout_of(w, in);
    const void *sums = sum_row(w, scratch, &l, in, y);

    if (in.shape.depth == 8)
        means8(sums, (float)(1 / (MORE * w->total)), out, samples_out(w, in));
    else
        means16(sums, 1 / w->total, (uint16_t *)out, samples_out(w, in));
}

void ck_wide_fine(const ck_wide *w, void *scratch, ck_view in, int32_t y, int16_t *out)
{
    layout l = layout_of(w, in);
    const void *sums = sum_row(w, scratch, &l, in, y);

    means_fine(sums, (float)(128 / (MORE * w->total)), out, samples_out(w, in));
}
