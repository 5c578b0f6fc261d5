#include "op/alpha.h"

#include <string.h>

#include "op/clones.h"

/*
 * Colours and alpha go through the same loops, sample by sample, with a row of
 * factors beside them: the pixel's alpha for its colours, the maximum for its
 * alpha. Times (or divided by) the maximum, alpha changes its depth and
 * nothing else. The factors are made in short runs that stay in the L1 cache.
 */
enum { RUN = 512 /* samples */ };

/* `word` holds a pixel: `ones` has a 1 in each of its samples, `last` the maximum in that of alpha. */
#define FACTORS(name, sample, word, ones)                                                                             \
    CK_CLONES static void name(const sample *restrict in, sample *restrict factors, size_t n)                         \
    {                                                                                                                 \
        const size_t c = sizeof(word) / sizeof(sample);                                                               \
        sample pixel[sizeof(word) / sizeof(sample)] = {0};                                                            \
        word last, w;                                                                                                 \
        pixel[c - 1] = (sample)-1;                                                                                    \
        memcpy(&last, pixel, sizeof last);                                                                            \
        for (size_t i = 0; i < n; i += c) {                                                                           \
            w = (word)(in[i + c - 1] * (word)(ones)) | last;                                                          \
            memcpy(factors + i, &w, sizeof w);                                                                        \
        }                                                                                                             \
    }

FACTORS(factors8_gray, uint8_t, uint16_t, 0x0101u)
FACTORS(factors8_rgb, uint8_t, uint32_t, 0x01010101u)
FACTORS(factors16_gray, uint16_t, uint32_t, 0x00010001u)
FACTORS(factors16_rgb, uint16_t, uint64_t, 0x0001000100010001u)

/*
 * round(t 65535 / 65025) for t = v a: 65535/65025 = 257/255 = 1 + 2/255.
 * No t falls half-way, the divisor being odd; opaque pixels get exactly 257 v.
 */
CK_CLONES
static void multiply8(const uint8_t *restrict in, const uint8_t *restrict factors, uint16_t *restrict out, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        uint32_t t = (uint32_t)in[i] * factors[i];
        out[i] = (uint16_t)(t + (2 * t + 127) / 255);
    }
}

/* round(t / 65535) without a division, t = v a: two terms of the geometric series of 1/65535, exact up to 65535^2. */
CK_CLONES
static void multiply16(const uint16_t *restrict in, const uint16_t *restrict factors, uint16_t *restrict out, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        uint32_t t = (uint32_t)in[i] * factors[i] + 32768;
        out[i] = (uint16_t)((t + (t >> 16)) >> 16);
    }
}

/*
 * Floating point lets the divisions run in vectors, and is exact: with v <= a
 * the numerator is below 2^24, and a quotient that is not whole is at least
 * 1/a from the next whole number, more than float's rounding below 256.
 * The 1e-30 vanishes in every a but 0, where it makes 0 / 0 a 0 without the
 * branch that a test would become.
 */
CK_CLONES
static void divide8(const uint16_t *restrict in, const uint16_t *restrict factors, uint8_t *restrict out, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        int32_t a = factors[i], v = in[i] < a ? in[i] : a;
        out[i] = (uint8_t)(int32_t)((float)(v * 255 + a / 2) / ((float)a + 1e-30f));
    }
}

/* The same in double: the numerator is below 2^32. */
CK_CLONES
static void divide16(const uint16_t *restrict in, const uint16_t *restrict factors, uint16_t *restrict out, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        int32_t a = factors[i], v = in[i] < a ? in[i] : a;
        double numerator = (double)v * 65535.0 + (double)(a / 2);
        out[i] = (uint16_t)(int32_t)(numerator / ((double)a + 1e-30));
    }
}

static void multiply_row8(const uint8_t *in, uint16_t *out, size_t n, bool gray)
{
    uint8_t factors[RUN];

    for (size_t i = 0; i < n; i += RUN) {
        size_t run = n - i < RUN ? n - i : RUN;
        (gray ? factors8_gray : factors8_rgb)(in + i, factors, run);
        multiply8(in + i, factors, out + i, run);
    }
}

static void multiply_row16(const uint16_t *in, uint16_t *out, size_t n, bool gray)
{
    uint16_t factors[RUN];

    for (size_t i = 0; i < n; i += RUN) {
        size_t run = n - i < RUN ? n - i : RUN;
        (gray ? factors16_gray : factors16_rgb)(in + i, factors, run);
        multiply16(in + i, factors, out + i, run);
    }
}

static void divide_row(const uint16_t *in, uint8_t *out, size_t n, ck_shape shape)
{
    uint16_t factors[RUN];

    for (size_t i = 0; i < n; i += RUN) {
        size_t run = n - i < RUN ? n - i : RUN;
        (shape.channels == 2 ? factors16_gray : factors16_rgb)(in + i, factors, run);
        if (shape.depth == 8)
            divide8(in + i, factors, out + i, run);
        else
            divide16(in + i, factors, (uint16_t *)out + i, run);
    }
}

void ck_alpha_multiply(ck_view in, ck_view out)
{
    size_t n = (size_t)in.shape.w * in.shape.channels;
    bool gray = in.shape.channels == 2;

    for (int32_t y = 0; y < in.shape.h; y++) {
        if (in.shape.depth == 8)
            multiply_row8(ck_row(in, y), (uint16_t *)ck_row(out, y), n, gray);
        else
            multiply_row16((const uint16_t *)ck_row(in, y), (uint16_t *)ck_row(out, y), n, gray);
    }
}

void ck_alpha_divide(ck_view in, ck_view out)
{
    size_t n = (size_t)in.shape.w * in.shape.channels;

    for (int32_t y = 0; y < in.shape.h; y++)
        divide_row((const uint16_t *)ck_row(in, y), ck_row(out, y), n, out.shape);
}

void ck_alpha_copy(ck_view in, int32_t halo, ck_view out)
{
    unsigned ic = in.shape.channels, oc = out.shape.channels;

    for (int32_t y = 0; y < out.shape.h; y++) {
        const uint8_t *from8 = ck_row(in, y + halo) + (size_t)halo * ck_pixel_nbytes(in.shape);
        uint8_t *to8 = ck_row(out, y);
        const uint16_t *from16 = (const uint16_t *)from8;
        uint16_t *to16 = (uint16_t *)to8;
        if (out.shape.depth == 8)
            for (int32_t x = 0; x < out.shape.w; x++, from8 += ic, to8 += oc)
                to8[oc - 1] = from8[ic - 1];
        else
            for (int32_t x = 0; x < out.shape.w; x++, from16 += ic, to16 += oc)
                to16[oc - 1] = from16[ic - 1];
    }
}
