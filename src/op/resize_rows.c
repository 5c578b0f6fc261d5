#include "op/resize_rows.h"

#include <string.h>

#include "op/clones.h"

enum {
    MORE_8 = 6,  /* bits that a sum in between has more than a sample */
    MORE_16 = 8,
    RUN = 512    /* samples whose sums stay in the L1 cache */
};

/* ---- down ----------------------------------------------------------------- */

#define DOWN(name, taps, sum)                                                                                         \
    CK_CLONES static void name(const uint8_t *restrict in, ptrdiff_t stride, const int16_t *restrict w,               \
                               int16_t *restrict mid, size_t n)                                                       \
    {                                                                                                                 \
        const uint8_t *a = in, *b = a + stride * ((taps) > 1), *c = b + stride * ((taps) > 2);                        \
        const uint8_t *d = c + stride * ((taps) > 3);                                                                 \
        int32_t v = w[0], x = (taps) > 1 ? w[1] : 0, y = (taps) > 2 ? w[2] : 0, z = (taps) > 3 ? w[3] : 0;            \
        for (size_t i = 0; i < n; i++)                                                                                \
            mid[i] = (int16_t)(((sum) + (1 << (CK_WEIGHT_BITS_8 - MORE_8 - 1))) >> (CK_WEIGHT_BITS_8 - MORE_8));      \
        (void)b, (void)c, (void)d, (void)x, (void)y, (void)z;                                                         \
    }

DOWN(down1, 1, a[i] * v)
DOWN(down2, 2, a[i] * v + b[i] * x)
DOWN(down3, 3, a[i] * v + b[i] * x + c[i] * y)
DOWN(down4, 4, a[i] * v + b[i] * x + c[i] * y + d[i] * z)

CK_CLONES
static void add_rows8(const uint8_t *restrict in, ptrdiff_t stride, const int16_t *restrict w, int32_t *restrict sums,
                      size_t n)
{
    const uint8_t *a = in, *b = a + stride, *c = b + stride, *d = c + stride;
    int32_t v = w[0], x = w[1], y = w[2], z = w[3];

    for (size_t i = 0; i < n; i++)
        sums[i] += a[i] * v + b[i] * x + c[i] * y + d[i] * z;
}

CK_CLONES
static void add_row8(const uint8_t *restrict in, int32_t w, int32_t *restrict sums, size_t n)
{
    for (size_t i = 0; i < n; i++)
        sums[i] += in[i] * w;
}

CK_CLONES
static void end_rows8(const int32_t *restrict sums, int16_t *restrict mid, size_t n)
{
    for (size_t i = 0; i < n; i++)
        mid[i] = (int16_t)((sums[i] + (1 << (CK_WEIGHT_BITS_8 - MORE_8 - 1))) >> (CK_WEIGHT_BITS_8 - MORE_8));
}

static void down_many8(const uint8_t *in, ptrdiff_t stride, const int16_t *weights, int32_t taps, int16_t *mid, size_t n)
{
    int32_t sums[RUN];

    for (size_t i = 0; i < n; i += RUN) {
        size_t run = n - i < RUN ? n - i : RUN;
        int32_t k = 0;

        memset(sums, 0, run * sizeof *sums);
        for (; k + 4 <= taps; k += 4)
            add_rows8(in + i + k * stride, stride, weights + k, sums, run);
        for (; k < taps; k++)
            add_row8(in + i + k * stride, weights[k], sums, run);
        end_rows8(sums, mid + i, run);
    }
}

void ck_resize_down8(const uint8_t *in, ptrdiff_t stride, const int16_t *weights, int32_t taps, int16_t *mid, size_t n)
{
    static void (*const few[])(const uint8_t *, ptrdiff_t, const int16_t *, int16_t *, size_t) = {NULL, down1, down2, down3,
                                                                                                  down4};
    if (taps <= 4)
        few[taps](in, stride, weights, mid, n);
    else
        down_many8(in, stride, weights, taps, mid, n);
}

CK_CLONES
static void add_row16(const uint16_t *restrict in, int32_t w, int64_t *restrict sums, size_t n)
{
    for (size_t i = 0; i < n; i++)
        sums[i] += (int64_t)(int32_t)in[i] * w;
}

CK_CLONES
static void end_rows16(const int64_t *restrict sums, int32_t *restrict mid, size_t n)
{
    for (size_t i = 0; i < n; i++)
        mid[i] = (int32_t)((sums[i] + (1 << (CK_WEIGHT_BITS_16 - MORE_16 - 1))) >> (CK_WEIGHT_BITS_16 - MORE_16));
}

void ck_resize_down16(const uint16_t *in, ptrdiff_t stride, const int32_t *weights, int32_t taps, int32_t *mid, size_t n)
{
    int64_t sums[RUN];

    for (size_t i = 0; i < n; i += RUN) {
        size_t run = n - i < RUN ? n - i : RUN;

        memset(sums, 0, run * sizeof *sums);
        for (int32_t k = 0; k < taps; k++)
            add_row16((const uint16_t *)(const void *)((const uint8_t *)in + k * stride) + i, weights[k], sums, run);
        end_rows16(sums, mid + i, run);
    }
}

/* ---- across --------------------------------------------------------------- */

#define ACROSS(name, channels, real, sample, mids, weights, bits, most)                                               \
    CK_CLONES static void name(const ck_axis *restrict a, const mids *restrict mid, int32_t first, int32_t from,      \
                               int32_t n, sample *restrict out)                                                       \
    {                                                                                                                 \
        for (int32_t i = 0; i < n; i++) {                                                                             \
            const mids *m = mid + (ptrdiff_t)(a->start[from + i] - first) * (channels);                               \
            real sum[channels];                                                                                       \
            int32_t taps = a->count[from + i];                                                                        \
            for (int c = 0; c < (channels); c++)                                                                      \
                sum[c] = (real)1 << ((bits) - 1);                                                                     \
            for (int32_t k = 0; k < taps; k++)                                                                        \
                for (int c = 0; c < (channels); c++)                                                                  \
                    sum[c] += (real)m[k * (channels) + c] * a->weights[(size_t)(from + i) * (size_t)a->taps + (size_t)k]; \
            for (int c = 0; c < (channels); c++) {                                                                    \
                real v = sum[c] >> (bits);                                                                            \
                out[(ptrdiff_t)i * (channels) + c] = (sample)(v < 0 ? 0 : v > (most) ? (most) : v);                   \
            }                                                                                                         \
        }                                                                                                             \
    }

ACROSS(across16_1, 1, int64_t, uint16_t, int32_t, wide, CK_WEIGHT_BITS_16 + MORE_16, 65535)
ACROSS(across16_2, 2, int64_t, uint16_t, int32_t, wide, CK_WEIGHT_BITS_16 + MORE_16, 65535)
ACROSS(across16_3, 3, int64_t, uint16_t, int32_t, wide, CK_WEIGHT_BITS_16 + MORE_16, 65535)
ACROSS(across16_4, 4, int64_t, uint16_t, int32_t, wide, CK_WEIGHT_BITS_16 + MORE_16, 65535)

/* Four samples at a time, of which RGB uses three: the row in between is a few samples longer than its pixels. */
typedef int16_t four16 __attribute__((vector_size(8)));
typedef int32_t four32 __attribute__((vector_size(16)));
typedef uint8_t four8 __attribute__((vector_size(4)));

__attribute__((always_inline)) static inline four32 load(const int16_t *from)
{
    four16 v;

    memcpy(&v, from, sizeof v);
    return __builtin_convertvector(v, four32);
}

__attribute__((always_inline)) static inline four8 rounded(four32 sum)
{
    four32 v = sum >> (CK_WEIGHT_BITS_8 + MORE_8);

    v &= ~(v < 0);
    v = (v & ~(v > 255)) | (255 & (v > 255));
    return __builtin_convertvector(v, four8);
}

__attribute__((always_inline)) static inline void pixels8(const ck_axis *a, const int16_t *mid, int32_t first, int32_t from,
                                                          int32_t n, uint8_t *out, int32_t taps)
{
    for (int32_t i = 0; i < n; i++, out += 3) {
        const int16_t *m = mid + (ptrdiff_t)(a->start[from + i] - first) * 3;
        const int16_t *w = a->narrow + (size_t)(from + i) * (size_t)a->taps;
        four32 half = {1 << (CK_WEIGHT_BITS_8 + MORE_8 - 1), 1 << (CK_WEIGHT_BITS_8 + MORE_8 - 1),
                       1 << (CK_WEIGHT_BITS_8 + MORE_8 - 1), 0}, sum = half;

        for (int32_t k = 0; k < taps; k++)
            sum += load(m + 3 * k) * w[k];
        four8 px = rounded(sum);
        memcpy(out, &px, i + 1 < n ? 4 : 3); /* the fourth byte is the next pixel's */
    }
}

CK_CLONES
static void across8_3(const ck_axis *a, const int16_t *mid, int32_t first, int32_t from, int32_t n, uint8_t *out)
{
    switch (a->taps) { /* few and known: no loop is left of them */
    case 1: pixels8(a, mid, first, from, n, out, 1); break;
    case 2: pixels8(a, mid, first, from, n, out, 2); break;
    case 3: pixels8(a, mid, first, from, n, out, 3); break;
    case 4: pixels8(a, mid, first, from, n, out, 4); break;
    case 6: pixels8(a, mid, first, from, n, out, 6); break;
    default: pixels8(a, mid, first, from, n, out, a->taps);
    }
}

CK_CLONES
static void across8_1(const ck_axis *a, const int16_t *mid, int32_t first, int32_t from, int32_t n, uint8_t *out)
{
    int32_t taps = a->taps;

    for (int32_t i = 0; i < n; i++) {
        const int16_t *m = mid + (a->start[from + i] - first), *w = a->narrow + (size_t)(from + i) * (size_t)taps;
        int32_t sum = 1 << (CK_WEIGHT_BITS_8 + MORE_8 - 1);

        for (int32_t k = 0; k < taps; k++)
            sum += m[k] * w[k];
        sum >>= CK_WEIGHT_BITS_8 + MORE_8;
        sum = sum < 0 ? 0 : sum;
        out[i] = (uint8_t)(sum > 255 ? 255 : sum);
    }
}

/* With alpha the samples are premultiplied, in 16 bit: 8 bit has 1 or 3 channels. */
void ck_resize_across8(const ck_axis *a, const int16_t *mid, int32_t first, int32_t from, int32_t n, unsigned channels,
                       uint8_t *out)
{
    (channels == 1 ? across8_1 : across8_3)(a, mid, first, from, n, out);
}

void ck_resize_across16(const ck_axis *a, const int32_t *mid, int32_t first, int32_t from, int32_t n, unsigned channels,
                        uint16_t *out)
{
    static void (*const by_channels[])(const ck_axis *, const int32_t *, int32_t, int32_t, int32_t, uint16_t *) = {
        NULL, across16_1, across16_2, across16_3, across16_4};

    by_channels[channels](a, mid, first, from, n, out);
}

/* ---- half ----------------------------------------------------------------- */

/* At every sample, as if each were the left one of a pair: half of them are not used, but nothing has to be sorted. */
CK_CLONES
static void means(const uint8_t *restrict upper, const uint8_t *restrict lower, uint8_t *restrict sums, size_t step,
                  size_t n)
{
    for (size_t i = 0; i < n; i++)
        sums[i] = (uint8_t)((upper[i] + upper[i + step] + lower[i] + lower[i + step] + 2) >> 2);
}

CK_CLONES
static void pick1(const uint8_t *restrict sums, uint8_t *restrict out, size_t n)
{
    for (size_t i = 0; i < n; i++)
        out[i] = sums[2 * i];
}

static void pick3(const uint8_t *sums, uint8_t *out, size_t n)
{
    /* Four bytes at a time, the fourth to be overwritten by the next pixel. */
    for (size_t i = 0; i + 1 < n; i++)
        memcpy(out + 3 * i, sums + 6 * i, 4);
    memcpy(out + 3 * (n - 1), sums + 6 * (n - 1), 3);
}

void ck_resize_half8(const uint8_t *upper, const uint8_t *lower, uint8_t *sums, unsigned channels, size_t n, uint8_t *out)
{
    means(upper, lower, sums, channels, (2 * n - 1) * channels);
    (channels == 1 ? pick1 : pick3)(sums, out, n);
}
