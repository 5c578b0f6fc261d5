/*
 * resize: 16 bit, in single precision. Sums are made in one order, tap after
 * tap, wherever their sample lies in a vector, and nothing is fused, so that
 * every processor gives the same bytes. As errors would add up over thousands
 * of taps, each GROUP of them goes to a sum in double precision; a sum of no
 * more than that stays as it is.
 */
#include <string.h>

#include "op/clones.h"
#include "op/lane_pixels.h"
#include "op/resize_rows.h"

enum {
    GROUP = 16, /* taps; a multiple of 4 */
    RUN = 512   /* samples whose sums stay in the L1 cache */
};

/* ---- down ----------------------------------------------------------------- */

/* Up to four rows more; those that are missing have a weight of 0. */
CK_CLONES
static void add_rows(const uint16_t *const *rows, const float *w, bool more, float *restrict sums, size_t n)
{
    const uint16_t *a = rows[0], *b = rows[1], *c = rows[2], *d = rows[3];
    float s = w[0], t = w[1], u = w[2], v = w[3];

    if (more)
        for (size_t i = 0; i < n; i++)
            sums[i] = sums[i] + (float)a[i] * s + (float)b[i] * t + (float)c[i] * u + (float)d[i] * v;
    else
        for (size_t i = 0; i < n; i++)
            sums[i] = (float)a[i] * s + (float)b[i] * t + (float)c[i] * u + (float)d[i] * v;
}

CK_CLONES
static void two_rows(const uint16_t *restrict a, const uint16_t *restrict b, float s, float t, float *restrict sums, size_t n)
{
    for (size_t i = 0; i < n; i++)
        sums[i] = (float)a[i] * s + (float)b[i] * t;
}

CK_CLONES
static void add_group(const float *restrict sums, double *restrict totals, size_t n)
{
    for (size_t i = 0; i < n; i++)
        totals[i] += (double)sums[i];
}

CK_CLONES
static void end_groups(const double *restrict totals, float *restrict mid, size_t n)
{
    for (size_t i = 0; i < n; i++)
        mid[i] = (float)totals[i];
}

/* Taps [k, end) of n samples. */
static void sum_rows(const ck_axis *y, int32_t at, const uint16_t *in, ptrdiff_t stride, int32_t k, int32_t end, float *sums,
                     size_t n)
{
    for (int32_t begin = k; k < end; k += 4) {
        const uint16_t *rows[4];
        float w[4];

        for (int32_t t = 0; t < 4; t++) {
            bool there = k + t < end;
            rows[t] = in + (there ? k + t : k) * stride;
            w[t] = there ? *ck_axis_real(y, k + t, at) : 0;
        }
        if (end - begin <= 2)
            two_rows(rows[0], rows[1], w[0], w[1], sums, n);
        else
            add_rows(rows, w, k > begin, sums, n);
    }
}

void ck_resize_down16(const ck_axis *y, int32_t at, const uint16_t *in, ptrdiff_t stride, float *mid, size_t n)
{
    ptrdiff_t step = stride / (ptrdiff_t)sizeof *in;
    int32_t count = y->count[at];
    double totals[RUN];

    if (count <= GROUP) {
        sum_rows(y, at, in, step, 0, count, mid, n);
        return;
    }
    for (size_t i = 0; i < n; i += RUN) {
        size_t run = n - i < RUN ? n - i : RUN;

        memset(totals, 0, run * sizeof *totals);
        for (int32_t k = 0; k < count; k += GROUP) {
            sum_rows(y, at, in + i, step, k, k + GROUP < count ? k + GROUP : count, mid + i, run);
            add_group(mid + i, totals, run);
        }
        end_groups(totals, mid + i, run);
    }
}

/* ---- across: four samples at a time, which are one pixel, or four pixels of one channel ---- */

typedef float real4 __attribute__((vector_size(16)));
typedef double double4 __attribute__((vector_size(32)));
typedef int32_t int4 __attribute__((vector_size(16)));
typedef uint16_t uint4 __attribute__((vector_size(8)));

#define INLINE __attribute__((always_inline)) static inline

INLINE uint4 rounded(real4 sum)
{
    real4 v = sum + 0.5f;
    int4 some = v > 0, all = v >= 65535.0f;
    int4 whole = __builtin_convertvector((real4)((int4)v & some & ~all), int4);

    return __builtin_convertvector(whole | (all & 65535), uint4);
}

/* What tap k of the four samples is made of. */
INLINE real4 products(const ck_axis *x, const float *const *m, int32_t i, int32_t k, int c)
{
    real4 v, w;

    if (c == 1) {
        memcpy(&w, ck_axis_real(x, k, i), sizeof w);
        return (real4){m[0][k], m[1][k], m[2][k], m[3][k]} * w;
    }
    memcpy(&v, m[0] + k * c, sizeof v);
    return v * *ck_axis_real(x, k, i);
}

INLINE real4 sums_of(const ck_axis *x, const float *const *m, int32_t i, int c)
{
    double4 total = {0};
    real4 sum = {0};

    if (x->taps <= GROUP) {
        for (int32_t k = 0; k < x->taps; k++)
            sum += products(x, m, i, k, c);
        return sum;
    }
    for (int32_t begin = 0; begin < x->taps; begin += GROUP) {
        int32_t end = begin + GROUP < x->taps ? begin + GROUP : x->taps;

        sum = (real4){0};
        for (int32_t k = begin; k < end; k++)
            sum += products(x, m, i, k, c);
        total += __builtin_convertvector(sum, double4);
    }
    return __builtin_convertvector(total, real4);
}

INLINE void across(const ck_axis *x, const float *mid, int32_t first, int32_t from, int32_t n, uint16_t *out, int c)
{
    int32_t pixels = c == 1 ? 4 : 1;

    for (int32_t i = from; i < from + n; i += pixels, out += pixels * c) {
        const float *m[4];
        int32_t left = from + n - i;

        for (int32_t p = 0; p < pixels; p++)
            m[p] = mid + (ptrdiff_t)(x->start[p < left ? i + p : i] - first) * c; /* of pixels after the last one, nothing is there */
        uint4 px = rounded(sums_of(x, m, i, c));
        memcpy(out, &px, (size_t)(c > 1 ? c : left < 4 ? left : 4) * sizeof *out);
    }
}

#define ACROSS(name, c)                                                                                               \
    CK_CLONES static void name(const ck_axis *x, const float *mid, int32_t first, int32_t from, int32_t n, uint16_t *out) \
    {                                                                                                                 \
        across(x, mid, first, from, n, out, c);                                                                       \
    }

ACROSS(across1, 1)
ACROSS(across2, 2)
ACROSS(across3, 3)
ACROSS(across4, 4)

/* ---- AVX-512: 16 samples, wherever in the next 32 they come from ---- */

#if CK_X86_LANES

enum { WINDOW = 32 };

/* Samples [16 part, 16 part + 16) of the 16 pixels from x = i on, of which `left` are wanted, of four rows. */
CK_AVX512 void part16(const ck_axis *x, const float *const *mids, int32_t first, int32_t i, int32_t left, uint16_t *const *out,
                      const int c, const int part)
{
    const int32_t base = x->start[i + CK_LANE(part, c, 0)];
    const ptrdiff_t at = (ptrdiff_t)(base - first) * c;
    const __mmask16 mask = ck_lane_mask(left, c, part);
    const __m512i index = ck_lane_index(x, i, base, c, part);
    __m512 sum[CK_RESIZE_ROWS];

    for (int r = 0; r < CK_RESIZE_ROWS; r++)
        sum[r] = _mm512_setzero_ps();
    for (int32_t k = 0; k < x->taps; k++) {
        const __m512 w = _mm512_permutexvar_ps(CK_LANE_PIXELS(part, c), _mm512_loadu_ps(ck_axis_real(x, k, i)));
        for (int r = 0; r < CK_RESIZE_ROWS; r++) {
            const float *m = mids[r] + at + k * c;
            __m512 taps = _mm512_permutex2var_ps(_mm512_loadu_ps(m), index, _mm512_loadu_ps(m + WINDOW / 2));
            sum[r] = _mm512_add_ps(sum[r], _mm512_mul_ps(taps, w));
        }
    }
    for (int r = 0; r < CK_RESIZE_ROWS; r++) {
        __m512 v = _mm512_add_ps(sum[r], _mm512_set1_ps(0.5f));
        v = _mm512_min_ps(_mm512_max_ps(v, _mm512_setzero_ps()), _mm512_set1_ps(65535));
        _mm512_mask_cvtepi32_storeu_epi16(out[r] + 16 * part, mask, _mm512_cvttps_epi32(v));
    }
}

CK_AVX512 void avx512_16(const ck_axis *x, const ck_mids *mids, ck_view view, int32_t from, const int c)
{
    const float *m[CK_RESIZE_ROWS];
    uint16_t *out[CK_RESIZE_ROWS];

    for (int32_t r = 0; r < CK_RESIZE_ROWS; r++) { /* rows that are missing: the last one once more */
        int32_t row = r < view.shape.h ? r : view.shape.h - 1;
        m[r] = (const float *)mids->px + (size_t)row * mids->step;
        out[r] = (uint16_t *)(void *)ck_row(view, row);
    }
    for (int32_t i = 0; i < view.shape.w; i += 16) {
        int32_t left = view.shape.w - i;
        part16(x, m, mids->first, from + i, left, out, c, 0);
        if (c > 1 && left * c > 16)
            part16(x, m, mids->first, from + i, left, out, c, 1);
        if (c > 2 && left * c > 32)
            part16(x, m, mids->first, from + i, left, out, c, 2);
        if (c > 3 && left * c > 48)
            part16(x, m, mids->first, from + i, left, out, c, 3);
        for (int r = 0; r < CK_RESIZE_ROWS; r++)
            out[r] += 16 * c;
    }
}

#define AVX512_16(name, c)                                                                                            \
    __attribute__((target("avx512f,avx512bw"))) static void name(const ck_axis *x, const ck_mids *mids, ck_view out,  \
                                                                 int32_t from)                                        \
    {                                                                                                                 \
        avx512_16(x, mids, out, from, c);                                                                             \
    }

AVX512_16(avx512_16_1, 1)
AVX512_16(avx512_16_2, 2)
AVX512_16(avx512_16_3, 3)
AVX512_16(avx512_16_4, 4)

/* False: not to be had, or the samples are too far apart; nothing was done. */
static bool in_window(const ck_axis *x, const ck_mids *mids, ck_view out, int32_t from)
{
    static void (*const by_channels[])(const ck_axis *, const ck_mids *, ck_view, int32_t) = {NULL, avx512_16_1, avx512_16_2,
                                                                                             avx512_16_3, avx512_16_4};
    unsigned c = out.shape.channels;

    if ((x->spans[c - 1] + 1) * (int32_t)c > WINDOW || x->taps > GROUP || !__builtin_cpu_supports("avx512bw"))
        return false;
    by_channels[c](x, mids, out, from);
    return true;
}

#else

static bool in_window(const ck_axis *x, const ck_mids *mids, ck_view out, int32_t from)
{
    (void)x, (void)mids, (void)out, (void)from;
    return false;
}

#endif

void ck_resize_across16(const ck_axis *x, const ck_mids *mids, ck_view out, int32_t from)
{
    static void (*const by_channels[])(const ck_axis *, const float *, int32_t, int32_t, int32_t, uint16_t *) = {
        NULL, across1, across2, across3, across4};
    bool all = in_window(x, mids, out, from);

    for (int32_t r = 0; r < out.shape.h && !all; r++)
        by_channels[out.shape.channels](x, (const float *)mids->px + (size_t)r * mids->step, mids->first, from, out.shape.w,
                                        (uint16_t *)(void *)ck_row(out, r));
}
