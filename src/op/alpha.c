#include "op/alpha.h"

#include "op/clones.h"

#include <string.h>

/*
 * round(t 65535 / 65025) for t = v a: 65535/65025 = 257/255 = 1 + 2/255.
 * No t falls half-way, the divisor being odd; opaque pixels get exactly 257 v.
 */
static inline uint16_t multiply8(uint32_t v, uint32_t a)
{
    uint32_t t = v * a;

    return (uint16_t)(t + (2 * t + 127) / 255);
}

/* round(t / 65535) without a division: the geometric series of 1/65535 cut after two terms, exact for all t <= 65535^2. */
static inline uint16_t multiply16(uint32_t v, uint32_t a)
{
    uint32_t t = v * a + 32768;

    return (uint16_t)((t + (t >> 16)) >> 16);
}

/*
 * Floating point lets these loops run in vectors, and is exact: with v <= a
 * the numerator is below 2^24, and a quotient that is not whole is at least
 * 1/a from the next whole number, more than float's rounding below 256.
 */
static inline uint8_t divide8(uint32_t v, uint32_t a)
{
    uint32_t d = a ? a : 1;
    uint32_t n = (v < a ? v : a) * 255 + a / 2;

    return (uint8_t)(int32_t)((float)(int32_t)n / (float)(int32_t)d);
}

/* The same in double: the numerator is below 2^32. */
static inline uint16_t divide16(uint32_t v, uint32_t a)
{
    uint32_t d = a ? a : 1;
    double n = (double)(int32_t)(v < a ? v : a) * 65535.0 + (double)(int32_t)(a / 2);

    return (uint16_t)(int32_t)(n / (double)(int32_t)d);
}

CK_CLONES
static void multiply8_gray(const uint8_t *restrict in, uint16_t *restrict out, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        out[2 * i] = multiply8(in[2 * i], in[2 * i + 1]);
        out[2 * i + 1] = (uint16_t)(in[2 * i + 1] * 257);
    }
}

CK_CLONES
static void multiply8_rgb(const uint8_t *restrict in, uint16_t *restrict out, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        uint32_t a = in[4 * i + 3];
        out[4 * i] = multiply8(in[4 * i], a);
        out[4 * i + 1] = multiply8(in[4 * i + 1], a);
        out[4 * i + 2] = multiply8(in[4 * i + 2], a);
        out[4 * i + 3] = (uint16_t)(a * 257);
    }
}

CK_CLONES
static void multiply16_gray(const uint16_t *restrict in, uint16_t *restrict out, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        out[2 * i] = multiply16(in[2 * i], in[2 * i + 1]);
        out[2 * i + 1] = in[2 * i + 1];
    }
}

CK_CLONES
static void multiply16_rgb(const uint16_t *restrict in, uint16_t *restrict out, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        uint32_t a = in[4 * i + 3];
        out[4 * i] = multiply16(in[4 * i], a);
        out[4 * i + 1] = multiply16(in[4 * i + 1], a);
        out[4 * i + 2] = multiply16(in[4 * i + 2], a);
        out[4 * i + 3] = (uint16_t)a;
    }
}

CK_CLONES
static void divide8_gray(const uint16_t *restrict in, uint8_t *restrict out, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        out[2 * i] = divide8(in[2 * i], in[2 * i + 1]);
        out[2 * i + 1] = (uint8_t)((in[2 * i + 1] + 128u) / 257);
    }
}

CK_CLONES
static void divide8_rgb(const uint16_t *restrict in, uint8_t *restrict out, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        uint32_t a = in[4 * i + 3];
        out[4 * i] = divide8(in[4 * i], a);
        out[4 * i + 1] = divide8(in[4 * i + 1], a);
        out[4 * i + 2] = divide8(in[4 * i + 2], a);
        out[4 * i + 3] = (uint8_t)((a + 128) / 257);
    }
}

CK_CLONES
static void divide16_gray(const uint16_t *restrict in, uint16_t *restrict out, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        out[2 * i] = divide16(in[2 * i], in[2 * i + 1]);
        out[2 * i + 1] = in[2 * i + 1];
    }
}

CK_CLONES
static void divide16_rgb(const uint16_t *restrict in, uint16_t *restrict out, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        uint32_t a = in[4 * i + 3];
        out[4 * i] = divide16(in[4 * i], a);
        out[4 * i + 1] = divide16(in[4 * i + 1], a);
        out[4 * i + 2] = divide16(in[4 * i + 2], a);
        out[4 * i + 3] = (uint16_t)a;
    }
}

void ck_alpha_multiply(ck_view in, ck_view out)
{
    size_t n = (size_t)in.shape.w;
    bool gray = in.shape.channels == 2;

    for (int32_t y = 0; y < in.shape.h; y++) {
        const uint8_t *from = ck_row(in, y);
        uint16_t *to = (uint16_t *)ck_row(out, y);
        if (in.shape.depth == 8)
            (gray ? multiply8_gray : multiply8_rgb)(from, to, n);
        else
            (gray ? multiply16_gray : multiply16_rgb)((const uint16_t *)from, to, n);
    }
}

void ck_alpha_divide(ck_view in, ck_view out)
{
    size_t n = (size_t)in.shape.w;
    bool gray = in.shape.channels == 2;

    for (int32_t y = 0; y < in.shape.h; y++) {
        const uint16_t *from = (const uint16_t *)ck_row(in, y);
        uint8_t *to = ck_row(out, y);
        if (out.shape.depth == 8)
            (gray ? divide8_gray : divide8_rgb)(from, to, n);
        else
            (gray ? divide16_gray : divide16_rgb)(from, (uint16_t *)to, n);
    }
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
