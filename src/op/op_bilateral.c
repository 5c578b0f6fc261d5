/*
 * bilateral: a mean of neighbours that are near in place and alike in colour.
 *
 * The weights are whole numbers computed, not looked up: lookups would go one
 * by one, while the arithmetic of 16-bit lanes goes for a whole vector of
 * pixels. exp(-x) is exp(-x / 16)^16: a cubic where it is nearly straight,
 * squared four times.
 */
#include "op/clones.h"
#include "op/op.h"

#include <math.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "base/checked.h"

enum {
    RADIUS_MOST = 15,
    TAPS_MOST = (2 * RADIUS_MOST + 1) * (2 * RADIUS_MOST + 1),
    CHUNK = 128,       /* pixels at a time: their sums stay in the L1 cache */
    CHANNELS_MOST = 4,
    SIXTH = 10923      /* of 2^16 */
};

typedef struct params {
    double space; /* pixels */
    double range; /* levels of 255 */
} params;

typedef struct state {
    int32_t count;
    int16_t dx[TAPS_MOST], dy[TAPS_MOST]; /* from -radius on */
    uint16_t weight[TAPS_MOST];           /* of the place; they sum to less than 2^31 over the maximum */
    uint16_t share;  /* differences times this are 2^16 where exp(-16) is reached */
    uint16_t most;   /* the largest difference for which that stays below 2^16 */
    uint8_t shift;   /* of differences, at 16 bit */
} state;

static int32_t halo(const void *p)
{
    return (int32_t)ceil(1.5 * ((const params *)p)->space);
}

/* ---- weights -------------------------------------------------------------------- */

static void weigh_places(state *s, double space, int32_t radius, double sum_most)
{
    double total = 0, most;

    for (int32_t y = -radius; y <= radius; y++)
        for (int32_t x = -radius; x <= radius; x++)
            if (x * x + y * y <= radius * radius) {
                s->dx[s->count] = (int16_t)x;
                s->dy[s->count++] = (int16_t)y;
                total += exp(-(x * x + y * y) / (2 * space * space));
            }
    most = sum_most / total < 65535 ? sum_most / total : 65535;
    for (int32_t k = 0; k < s->count; k++)
        s->weight[k] = (uint16_t)(most * exp(-(s->dx[k] * s->dx[k] + s->dy[k] * s->dy[k]) / (2 * space * space)));
}

/* (d share / 2^16)^2 = d^2 / (2 range^2 16) */
static void weigh_differences(state *s, double range, uint8_t depth)
{
    double share = 65536 / (sqrt(32) * range);

    if (depth == 16)
        for (share /= 257, s->shift = 2, share *= 4; share < 64 && s->shift < 8; s->shift++)
            share *= 2;
    s->share = (uint16_t)(share < 65535 ? share + 0.5 : 65535);
    s->most = (uint16_t)(65535 / s->share);
}

static ck_status prepare(const void *p, ck_shape in, void *s, ck_error *err)
{
    const params *given = p;

    (void)err;
    weigh_places(s, given->space, halo(p), in.depth == 16 ? 32767 : 8388607);
    weigh_differences(s, given->range, in.depth);
    return CK_OK;
}

/* ---- arithmetic on runs of pixels ---------------------------------------------------- */

/* Weights of n pixels for one tap. `middle` and `other`: samples of the first channel, `stride` before the next one's. */
typedef void (*weigher)(const state *s, int32_t tap, const uint16_t *middle, const uint16_t *other, size_t c,
                        size_t stride, uint16_t *weights, size_t n);

/* The upper half of a product: of two fractions of 2^16. */
static inline uint16_t times(uint16_t a, uint16_t b)
{
    return (uint16_t)(((uint32_t)a * b) >> 16);
}

static inline uint32_t least(int32_t a, int32_t b)
{
    return (uint32_t)(a < b ? a : b);
}

static void plain_weigh(const state *s, int32_t tap, const uint16_t *middle, const uint16_t *other, size_t c,
                        size_t stride, uint16_t *weights, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        uint32_t d = 0;
        for (size_t k = 0; k < c; k++)
            d += least(abs(middle[k * stride + i] - other[k * stride + i]) + (1 << s->shift >> 1), 65535) >> s->shift;
        d = d < s->most ? d : s->most;
        uint16_t e = (uint16_t)(d * s->share), z = times(e, e), z2 = times(z, z), z3 = times(z2, z);
        uint16_t y = (uint16_t)(65535 - z + (z2 >> 1) - times(z3, SIXTH));
        y = times(y, y);
        y = times(y, y);
        y = times(y, y);
        y = times(y, y);
        weights[i] = times(y, s->weight[tap]);
    }
}

/* The compiler multiplies in 32 bits where the upper half of 16 is wanted: the templates are three times as fast. */
#define LANES_TEMPLATE "op/bilateral_lanes.inc"
#include "op/lanes_each.inc"

/* Runs have room for whole vectors, however few their pixels. */
static weigher best_weigher(void)
{
    return LANES_BEST(CHUNK, &plain_weigh, weigh);
}

CK_CLONES
static void gather(const uint16_t *restrict weights, const uint16_t *restrict samples, uint32_t *restrict sums, size_t n)
{
    for (size_t i = 0; i < n; i++)
        sums[i] += (uint32_t)weights[i] * samples[i];
}

CK_CLONES
static void count(const uint16_t *restrict weights, uint32_t *restrict total, size_t n)
{
    for (size_t i = 0; i < n; i++)
        total[i] += weights[i];
}

/* Both are below 2^31. */
CK_CLONES
static void divide8(const uint32_t *restrict sums, const uint32_t *restrict total, uint16_t *restrict out, size_t n)
{
    for (size_t i = 0; i < n; i++)
        out[i] = (uint16_t)(int32_t)((float)(int32_t)sums[i] / (float)(int32_t)total[i] + 0.5f);
}

CK_CLONES
static void divide16(const uint32_t *restrict sums, const uint32_t *restrict total, uint16_t *restrict out, size_t n)
{
    for (size_t i = 0; i < n; i++)
        out[i] = (uint16_t)(int32_t)((double)(int32_t)sums[i] / (double)(int32_t)total[i] + 0.5);
}

/* ---- the block ------------------------------------------------------------------------- */

/* Scratch: all rows of the input, channel by channel. Bytes of one channel's row. */
static size_t plane_nbytes(int32_t w)
{
    return ck_round_up(((size_t)w + CHUNK) * sizeof(uint16_t), 64);
}

static size_t scratch(const void *p, ck_shape out)
{
    size_t radius = (size_t)halo(p), nbytes;

    if (out.w > INT32_MAX - 2 * (int32_t)radius - CHUNK)
        return SIZE_MAX;
    return ck_mul(plane_nbytes(out.w + 2 * (int32_t)radius) * out.channels, (size_t)out.h + 2 * radius, &nbytes) ? nbytes
                                                                                                                : SIZE_MAX;
}

/* One channel of a row of `c`, out of the others and back: the compiler shuffles where it knows their number. */
#define CHANNEL(bits, sample)                                                                                         \
    CK_CLONES static void apart##bits(const sample *restrict in, size_t c, uint16_t *restrict planes, size_t stride,  \
                                      size_t n)                                                                       \
    {                                                                                                                 \
        if (c == 3)                                                                                                   \
            for (size_t i = 0; i < n; i++) {                                                                          \
                planes[i] = in[3 * i];                                                                                \
                planes[i + stride] = in[3 * i + 1];                                                                   \
                planes[i + 2 * stride] = in[3 * i + 2];                                                               \
            }                                                                                                         \
        else                                                                                                          \
            for (size_t k = 0; k < c; k++)                                                                            \
                for (size_t i = 0; i < n; i++)                                                                        \
                    planes[i + k * stride] = in[i * c + k];                                                           \
    }                                                                                                                 \
    CK_CLONES static void together##bits(const uint16_t *restrict planes, size_t stride, size_t c,                    \
                                         sample *restrict out, size_t n)                                              \
    {                                                                                                                 \
        if (c == 3)                                                                                                   \
            for (size_t i = 0; i < n; i++) {                                                                          \
                out[3 * i] = (sample)planes[i];                                                                       \
                out[3 * i + 1] = (sample)planes[i + stride];                                                          \
                out[3 * i + 2] = (sample)planes[i + 2 * stride];                                                      \
            }                                                                                                         \
        else                                                                                                          \
            for (size_t k = 0; k < c; k++)                                                                            \
                for (size_t i = 0; i < n; i++)                                                                        \
                    out[i * c + k] = (sample)planes[i + k * stride];                                                  \
    }

CHANNEL(8, uint8_t)
CHANNEL(16, uint16_t)

static void take_apart(ck_view in, uint16_t *planes, size_t stride)
{
    size_t c = in.shape.channels, n = (size_t)in.shape.w;

    for (int32_t y = 0; y < in.shape.h; y++, planes += c * stride) {
        if (in.shape.depth == 8)
            apart8(ck_row(in, y), c, planes, stride, n);
        else
            apart16((const uint16_t *)ck_row(in, y), c, planes, stride, n);
    }
}

/* n pixels; `middle`: their samples of the first channel, `stride` samples before those of the next. */
static void run(const state *s, const uint16_t *middle, size_t stride, ck_shape shape, uint8_t *row, size_t x, size_t n)
{
    uint32_t sums[CHANNELS_MOST][CHUNK], total[CHUNK];
    uint16_t weights[CHUNK], means[CHANNELS_MOST][CHUNK];
    size_t c = shape.channels;
    weigher weigh = best_weigher();

    memset(sums, 0, sizeof sums);
    memset(total, 0, sizeof total);
    for (int32_t t = 0; t < s->count; t++) {
        const uint16_t *other = middle + (ptrdiff_t)s->dy[t] * (ptrdiff_t)(c * stride) + s->dx[t];
        weigh(s, t, middle, other, c, stride, weights, n);
        count(weights, total, n);
        for (size_t k = 0; k < c; k++)
            gather(weights, other + k * stride, sums[k], n);
    }
    for (size_t k = 0; k < c; k++)
        (shape.depth == 8 ? divide8 : divide16)(sums[k], total, means[k], n);
    if (shape.depth == 8)
        together8(means[0], CHUNK, c, row + x * c, n);
    else
        together16(means[0], CHUNK, c, (uint16_t *)row + x * c, n);
}

static void apply(const void *p, const void *s, void *work, ck_view in, ck_view out)
{
    size_t stride = plane_nbytes(in.shape.w) / sizeof(uint16_t), w = (size_t)out.shape.w, radius = (size_t)halo(p);

    take_apart(in, work, stride);
    for (int32_t y = 0; y < out.shape.h; y++) {
        const uint16_t *middle = (const uint16_t *)work + ((size_t)y + radius) * out.shape.channels * stride + radius;
        for (size_t x = 0; x < w; x += CHUNK)
            run(s, middle + x, stride, out.shape, ck_row(out, y), x, w - x < CHUNK ? w - x : CHUNK);
    }
}

/* For each place of the disc. */
static double cost(const void *p)
{
    return 2.8 * halo(p) * halo(p);
}

static const chunkimg_option options[] = {
    {.name = "space", .type = CHUNKIMG_REAL, .offset = offsetof(params, space), .least = 0.5, .most = 10, .unit = "pixels",
     .fallback = "1.3", .value = "SIGMA_SPACE", .help = "standard deviation in place; the disc has 1.5 times that as radius"},
    {.name = "range", .type = CHUNKIMG_REAL, .offset = offsetof(params, range), .least = 1, .most = 255,
     .unit = "levels of 255", .fallback = "30", .value = "SIGMA_RANGE", .help = "standard deviation in colour"},
    {.name = NULL},
};

const ck_op ck_op_bilateral = {
    .name = "bilateral",
    .summary = "smooths surfaces and keeps edges",
    .details = "out = the mean of the pixels no farther than ceil(1.5 SIGMA_SPACE), each weighted by exp(-distance^2 / (2 "
               "SIGMA_SPACE^2)) exp(-difference^2 / (2 SIGMA_RANGE^2)), the difference being the sum over the channels of "
               "their absolute differences, at either depth in 255ths of the maximum (Tomasi and Manduchi 1998, with the "
               "distance of colours that OpenCV takes). Weights are whole numbers of up to 16 bits, within 1/1000 of the "
               "formula's largest; 65536 / (5.66 SIGMA_RANGE) is rounded to a whole number. Borders are as --border says; alpha is "
               "premultiplied (Porter and Duff 1984) and is a channel like the colours.",
    .traits = CK_OP_PREMULTIPLY,
    .options = options,
    .params_size = sizeof(params),
    .state_size = sizeof(state),
    .halo = halo,
    .prepare = prepare,
    .scratch = scratch,
    .apply = apply,
    .cost = cost,
};
