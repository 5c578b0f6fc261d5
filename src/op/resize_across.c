/* resize: rows of 8 bit. */
#include <string.h>

#include "op/clones.h"
#include "op/lane_pixels.h"
#include "op/resize_rows.h"

enum { SHIFT_8 = CK_WEIGHT_BITS_8 + CK_RESIZE_MORE_8 };

/* Where the row in between has input pixel x->start[i]. */
#define MID(type, mids, x, i, channels) ((const type *)(mids)->px + (ptrdiff_t)((x)->start[i] - (mids)->first) * (channels))

/* One row; with alpha the samples are premultiplied, in 16 bit: 8 bit has 1 or 3 channels. */
#define PLAIN8(name, channels)                                                                                        \
    static inline void name(const ck_axis *restrict x, const ck_mids *mids, int32_t from, int32_t n,                  \
                            uint8_t *restrict out)                                                                    \
    {                                                                                                                 \
        for (int32_t i = from; i < from + n; i++) {                                                                   \
            const int16_t *m = MID(int16_t, mids, x, i, channels);                                                    \
            int32_t sum[channels];                                                                                    \
            for (int c = 0; c < (channels); c++)                                                                      \
                sum[c] = 1 << (SHIFT_8 - 1);                                                                          \
            for (int32_t k = 0; k < x->count[i]; k++) {                                                               \
                int32_t w = ck_axis_pair(x, k / 2, i)[k % 2];                                                         \
                for (int c = 0; c < (channels); c++)                                                                  \
                    sum[c] += m[k * (channels) + c] * w;                                                              \
            }                                                                                                         \
            for (int c = 0; c < (channels); c++) {                                                                    \
                int32_t v = sum[c] >> SHIFT_8;                                                                        \
                *out++ = (uint8_t)(v < 0 ? 0 : v > 255 ? 255 : v);                                                    \
            }                                                                                                         \
        }                                                                                                             \
    }

PLAIN8(plain8_1, 1)

#if CK_X86_LANES

static inline int32_t two_weights(const int16_t *p)
{
    int32_t v;

    memcpy(&v, p, sizeof v);
    return v;
}

/* ---- any x86: a pixel of three channels at a time, or four of one ---- */

static inline __m128i ended(__m128i sum)
{
    sum = _mm_packs_epi32(_mm_srai_epi32(sum, SHIFT_8), _mm_setzero_si128());
    return _mm_packus_epi16(sum, _mm_setzero_si128());
}

__attribute__((always_inline)) static inline void sse8_3_of(const ck_axis *x, const ck_mids *mids, int32_t from, int32_t n,
                                                            uint8_t *out, int32_t pairs)
{
    for (int32_t i = from; i < from + n; i++, out += 3) {
        const int16_t *m = MID(int16_t, mids, x, i, 3);
        __m128i sum = _mm_set1_epi32(1 << (SHIFT_8 - 1));

        for (int32_t k = 0; k < pairs; k++, m += 6) {
            __m128i two = _mm_unpacklo_epi16(_mm_loadl_epi64((const __m128i *)m), _mm_loadl_epi64((const __m128i *)(m + 3)));
            sum = _mm_add_epi32(sum, _mm_madd_epi16(two, _mm_set1_epi32(two_weights(ck_axis_pair(x, k, i)))));
        }
        int32_t px = _mm_cvtsi128_si32(ended(sum));
        memcpy(out, &px, i + 1 < from + n ? 4 : 3); /* the fourth byte is the next pixel's */
    }
}

static void sse8_3(const ck_axis *x, const ck_mids *mids, int32_t from, int32_t n, uint8_t *out)
{
    int32_t pairs = (x->taps + 1) / 2;

    if (pairs == 1) /* few and known: no loop is left of them */
        sse8_3_of(x, mids, from, n, out, 1);
    else if (pairs == 2)
        sse8_3_of(x, mids, from, n, out, 2);
    else
        sse8_3_of(x, mids, from, n, out, pairs);
}

static void sse8_1(const ck_axis *x, const ck_mids *mids, int32_t from, int32_t n, uint8_t *out)
{
    int32_t i = from, pairs = (x->taps + 1) / 2;

    for (; i + 4 <= from + n; i += 4, out += 4) {
        const int16_t *a = MID(int16_t, mids, x, i, 1), *b = MID(int16_t, mids, x, i + 1, 1);
        const int16_t *c = MID(int16_t, mids, x, i + 2, 1), *d = MID(int16_t, mids, x, i + 3, 1);
        __m128i sum = _mm_set1_epi32(1 << (SHIFT_8 - 1));

        for (int32_t k = 0; k < pairs; k++) {
            __m128i two = _mm_setr_epi32(two_weights(a + 2 * k), two_weights(b + 2 * k), two_weights(c + 2 * k),
                                         two_weights(d + 2 * k));
            sum = _mm_add_epi32(sum, _mm_madd_epi16(two, _mm_loadu_si128((const __m128i *)ck_axis_pair(x, k, i))));
        }
        int32_t px = _mm_cvtsi128_si32(ended(sum));
        memcpy(out, &px, 4);
    }
    plain8_1(x, mids, i, from + n - i, out);
}

/* ---- AVX-512: 16 samples, wherever in the next 64 they come from ---- */

enum { WINDOW = 64 };

/* Samples [16 part, 16 part + 16) of the 16 pixels from x = i on, of which `left` are wanted, of four rows. */
CK_AVX512 void part8(const ck_axis *x, const int16_t *const *mids, int32_t first, int32_t i, int32_t left, uint8_t *const *out,
                  const int c, const int part, int32_t pairs)
{
    const int32_t base = x->start[i + CK_LANE(part, c, 0)];
    const ptrdiff_t at = (ptrdiff_t)(base - first) * c;
    const __mmask16 mask = ck_lane_mask(left, c, part);
    __m512i index = ck_lane_index(x, i, base, c, part), sum[CK_RESIZE_ROWS];

    index = _mm512_or_si512(index, _mm512_slli_epi32(_mm512_add_epi32(index, _mm512_set1_epi32(c)), 16));
    for (int r = 0; r < CK_RESIZE_ROWS; r++)
        sum[r] = _mm512_set1_epi32(1 << (SHIFT_8 - 1));
    for (int32_t k = 0; k < pairs; k++) {
        const __m512i two = _mm512_permutexvar_epi32(CK_LANE_PIXELS(part, c), _mm512_loadu_si512(ck_axis_pair(x, k, i)));
        for (int r = 0; r < CK_RESIZE_ROWS; r++) {
            const int16_t *m = mids[r] + at + 2 * k * c;
            __m512i taps = _mm512_permutex2var_epi16(_mm512_loadu_si512(m), index, _mm512_loadu_si512(m + WINDOW / 2));
            sum[r] = _mm512_add_epi32(sum[r], _mm512_madd_epi16(taps, two));
        }
    }
    for (int r = 0; r < CK_RESIZE_ROWS; r++) {
        __m512i v = _mm512_max_epi32(_mm512_srai_epi32(sum[r], SHIFT_8), _mm512_setzero_si512());
        _mm512_mask_cvtusepi32_storeu_epi8(out[r] + 16 * part, mask, v);
    }
}

CK_AVX512 void avx512_8(const ck_axis *x, const ck_mids *mids, ck_view view, int32_t from, const int c, int32_t pairs)
{
    const int16_t *m[CK_RESIZE_ROWS];
    uint8_t *out[CK_RESIZE_ROWS];

    for (int32_t r = 0; r < CK_RESIZE_ROWS; r++) { /* rows that are missing: the last one once more */
        int32_t row = r < view.shape.h ? r : view.shape.h - 1;
        m[r] = (const int16_t *)mids->px + (size_t)row * mids->step;
        out[r] = ck_row(view, row);
    }
    for (int32_t i = 0; i < view.shape.w; i += 16) {
        int32_t left = view.shape.w - i;
        part8(x, m, mids->first, from + i, left, out, c, 0, pairs);
        if (c == 3 && left * 3 > 16)
            part8(x, m, mids->first, from + i, left, out, c, 1, pairs);
        if (c == 3 && left * 3 > 32)
            part8(x, m, mids->first, from + i, left, out, c, 2, pairs);
        for (int r = 0; r < CK_RESIZE_ROWS; r++)
            out[r] += 16 * c;
    }
}

#define AVX512_8(name, c)                                                                                             \
    __attribute__((target("avx512f,avx512bw"))) static void name(const ck_axis *x, const ck_mids *mids, ck_view out,  \
                                                                 int32_t from)                                        \
    {                                                                                                                 \
        int32_t pairs = (x->taps + 1) / 2;                                                                            \
        if (pairs == 1)                                                                                               \
            avx512_8(x, mids, out, from, c, 1);                                                                       \
        else if (pairs == 2)                                                                                          \
            avx512_8(x, mids, out, from, c, 2);                                                                       \
        else                                                                                                          \
            avx512_8(x, mids, out, from, c, pairs);                                                                   \
    }

AVX512_8(avx512_8_1, 1)
AVX512_8(avx512_8_3, 3)

static void rows8(const ck_axis *x, const ck_mids *mids, ck_view out, int32_t from, unsigned c)
{
    /* The two samples that any lane takes lie in the window. */
    bool window = (x->spans[c - 1] + 2) * (int32_t)c <= WINDOW;

    if (window && __builtin_cpu_supports("avx512bw")) {
        (c == 1 ? avx512_8_1 : avx512_8_3)(x, mids, out, from);
        return;
    }
    if (ck_resize_across8_avx2(x, mids, out, from))
        return;
    for (int32_t r = 0; r < out.shape.h; r++) {
        ck_mids row = {(int16_t *)mids->px + (size_t)r * mids->step, mids->step, mids->first};
        (c == 1 ? sse8_1 : sse8_3)(x, &row, from, out.shape.w, ck_row(out, r));
    }
}

#else

PLAIN8(plain8_3, 3)

CK_CLONES
static void plain_row8(const ck_axis *x, const ck_mids *mids, int32_t from, int32_t n, uint8_t *out, unsigned c)
{
    if (c == 1)
        plain8_1(x, mids, from, n, out);
    else
        plain8_3(x, mids, from, n, out);
}

static void rows8(const ck_axis *x, const ck_mids *mids, ck_view out, int32_t from, unsigned c)
{
    for (int32_t r = 0; r < out.shape.h; r++) {
        ck_mids row = {(int16_t *)mids->px + (size_t)r * mids->step, mids->step, mids->first};
        plain_row8(x, &row, from, out.shape.w, ck_row(out, r), c);
    }
}

#endif

void ck_resize_across8(const ck_axis *x, const ck_mids *mids, ck_view out, int32_t from)
{
    rows8(x, mids, out, from, out.shape.channels);
}
