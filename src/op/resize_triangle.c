/*
 * resize: bilinear to half the size, where every pixel of the output away from
 * the edges is made of 4 x 4 of the input with weights 1 3 3 1 each way. In
 * whole numbers these are what the fixed point and the single precision of the
 * other files give: no product and no sum of them is rounded there but the last.
 */
#include "op/clones.h"
#include "op/resize_rows.h"

#if CK_X86_LANES
#include <immintrin.h>

#define WIDE __attribute__((target("avx512f,avx512bw,avx512vl")))

static bool can(void)
{
    return __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl");
}

/* The first n bits. */
static inline uint64_t ones(size_t n)
{
    return n < 64 ? (UINT64_C(1) << n) - 1 : ~UINT64_C(0);
}

static inline size_t smaller(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* Pixels that one turn makes of `samples` samples. */
static inline size_t pixels_of(size_t samples, size_t c)
{
    return (samples / c - 2) / 2;
}

/* ---- 8 bit: 64 samples of a row in 16-bit lanes ---------------------------- */

WIDE static inline __m512i row8(const uint8_t *p, uint64_t there)
{
    return _mm512_cvtepu8_epi16(_mm256_maskz_loadu_epi8((__mmask32)there, p));
}

WIDE static inline __m512i weighed16(__m512i a, __m512i b, __m512i c, __m512i d)
{
    __m512i inner = _mm512_add_epi16(b, c);

    return _mm512_add_epi16(_mm512_add_epi16(a, d), _mm512_add_epi16(inner, _mm512_slli_epi16(inner, 1)));
}

WIDE static inline __m512i columns8(const uint8_t *const rows[4], size_t at, uint64_t there)
{
    return weighed16(row8(rows[0] + at, there), row8(rows[1] + at, there), row8(rows[2] + at, there), row8(rows[3] + at, there));
}

WIDE static void triangle8(const uint8_t *const rows[4], size_t c, size_t n, uint8_t *out)
{
    const size_t pixels = pixels_of(64, c);
    uint16_t at[32] = {0};

    for (size_t k = 0; k < pixels * c; k++)
        at[k] = (uint16_t)(k + k / c * c);
    const __m512i next = _mm512_set1_epi16((int16_t)c);
    const __m512i i0 = _mm512_loadu_si512(at), i1 = _mm512_add_epi16(i0, next), i2 = _mm512_add_epi16(i1, next);
    const __m512i i3 = _mm512_add_epi16(i2, next);
    for (size_t i = 0; i < n; i += pixels) {
        uint64_t there = ones((2 * (n - i) + 2) * c);
        __m512i low = columns8(rows, 2 * i * c, there), high = columns8(rows, 2 * i * c + 32, there >> 32);
        __m512i sum = weighed16(_mm512_permutex2var_epi16(low, i0, high), _mm512_permutex2var_epi16(low, i1, high),
                                _mm512_permutex2var_epi16(low, i2, high), _mm512_permutex2var_epi16(low, i3, high));

        sum = _mm512_srli_epi16(_mm512_add_epi16(sum, _mm512_set1_epi16(32)), 6);
        _mm512_mask_cvtepi16_storeu_epi8(out + i * c, (__mmask32)ones(smaller(pixels, n - i) * c), sum);
    }
}

/* ---- 16 bit: 32 samples of a row in 32-bit lanes ---------------------------- */

WIDE static inline __m512i row16(const uint16_t *p, uint64_t there)
{
    return _mm512_cvtepu16_epi32(_mm256_maskz_loadu_epi16((__mmask16)there, p));
}

WIDE static inline __m512i weighed32(__m512i a, __m512i b, __m512i c, __m512i d)
{
    __m512i inner = _mm512_add_epi32(b, c);

    return _mm512_add_epi32(_mm512_add_epi32(a, d), _mm512_add_epi32(inner, _mm512_slli_epi32(inner, 1)));
}

WIDE static inline __m512i columns16(const uint16_t *const rows[4], size_t at, uint64_t there)
{
    return weighed32(row16(rows[0] + at, there), row16(rows[1] + at, there), row16(rows[2] + at, there),
                     row16(rows[3] + at, there));
}

WIDE static void triangle16(const uint16_t *const rows[4], size_t c, size_t n, uint16_t *out)
{
    const size_t pixels = pixels_of(32, c);
    uint32_t at[16] = {0};

    for (size_t k = 0; k < pixels * c; k++)
        at[k] = (uint32_t)(k + k / c * c);
    const __m512i next = _mm512_set1_epi32((int32_t)c);
    const __m512i i0 = _mm512_loadu_si512(at), i1 = _mm512_add_epi32(i0, next), i2 = _mm512_add_epi32(i1, next);
    const __m512i i3 = _mm512_add_epi32(i2, next);
    for (size_t i = 0; i < n; i += pixels) {
        uint64_t there = ones((2 * (n - i) + 2) * c);
        __m512i low = columns16(rows, 2 * i * c, there), high = columns16(rows, 2 * i * c + 16, there >> 16);
        __m512i sum = weighed32(_mm512_permutex2var_epi32(low, i0, high), _mm512_permutex2var_epi32(low, i1, high),
                                _mm512_permutex2var_epi32(low, i2, high), _mm512_permutex2var_epi32(low, i3, high));

        sum = _mm512_srli_epi32(_mm512_add_epi32(sum, _mm512_set1_epi32(32)), 6);
        _mm512_mask_cvtepi32_storeu_epi16(out + i * c, (__mmask16)ones(smaller(pixels, n - i) * c), sum);
    }
}

bool ck_resize_triangle(ck_view in, ck_view out)
{
    size_t c = in.shape.channels, n = (size_t)out.shape.w;

    if (!can())
        return false;
    for (int32_t y = 0; y < out.shape.h; y++) {
        const uint8_t *rows[4] = {ck_row(in, 2 * y), ck_row(in, 2 * y + 1), ck_row(in, 2 * y + 2), ck_row(in, 2 * y + 3)};
        const uint16_t *wide[4];

        for (int r = 0; r < 4; r++)
            wide[r] = (const uint16_t *)(const void *)rows[r];
        if (in.shape.depth == 8)
            triangle8(rows, c, n, ck_row(out, y));
        else
            triangle16(wide, c, n, (uint16_t *)(void *)ck_row(out, y));
    }
    return true;
}

#else

bool ck_resize_triangle(ck_view in, ck_view out)
{
    (void)in, (void)out;
    return false;
}

#endif
