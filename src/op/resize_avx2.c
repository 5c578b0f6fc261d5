/* resize: rows of 8 bit with AVX2. Each half of a vector has a row of its own, so that what is read of the tables counts for both. */
#include <string.h>

#include "op/clones.h"
#include "op/resize_rows.h"

#if CK_X86_LANES
#include <immintrin.h>

#define AVX2 __attribute__((target("avx2"), always_inline)) static inline

enum { SHIFT = CK_WEIGHT_BITS_8 + CK_RESIZE_MORE_8, HALF = 1 << (SHIFT - 1) };

/* Two rows: where they are read from, and written to. */
typedef struct couple {
    const int16_t *from[2]; /* the first sample in between */
    uint8_t *to[2];
} couple;

AVX2 __m256i load(const couple *rows, ptrdiff_t at)
{
    __m256i v = _mm256_castsi128_si256(_mm_loadu_si128((const __m128i *)(rows->from[0] + at)));

    return _mm256_inserti128_si256(v, _mm_loadu_si128((const __m128i *)(rows->from[1] + at)), 1);
}

/* The first `wanted` bytes of each half, with no byte beyond those touched but where `room` says that there are 16. */
AVX2 void store(couple *rows, __m256i px, size_t wanted, bool room)
{
    __m128i half[2] = {_mm256_castsi256_si128(px), _mm256_extracti128_si256(px, 1)};

    for (int r = 0; r < 2; r++) {
        if (room)
            _mm_storeu_si128((__m128i *)rows->to[r], half[r]);
        else
            memcpy(rows->to[r], &half[r], wanted);
        rows->to[r] += wanted;
    }
}

AVX2 __m256i packed(__m256i a, __m256i b, __m256i c, __m256i d)
{
    __m256i ab = _mm256_packs_epi32(_mm256_srai_epi32(a, SHIFT), _mm256_srai_epi32(b, SHIFT));
    __m256i cd = _mm256_packs_epi32(_mm256_srai_epi32(c, SHIFT), _mm256_srai_epi32(d, SHIFT));

    return _mm256_packus_epi16(ab, cd);
}

/* ---- three channels: a pixel a time, four of them stored at once ---- */

AVX2 __m256i pixel(const ck_axis *x, const couple *rows, int32_t first, int32_t i, int32_t pairs)
{
    const __m256i order = _mm256_broadcastsi128_si256(
        _mm_setr_epi8(0, 1, 6, 7, 2, 3, 8, 9, 4, 5, 10, 11, -1, -1, -1, -1)); /* each channel of two pixels side by side */
    ptrdiff_t at = (ptrdiff_t)(x->start[i] - first) * 3;
    __m256i sum = _mm256_set1_epi32(HALF);

    for (int32_t k = 0; k < pairs; k++) {
        int32_t two;

        memcpy(&two, ck_axis_pair(x, k, i), sizeof two);
        sum = _mm256_add_epi32(sum, _mm256_madd_epi16(_mm256_shuffle_epi8(load(rows, at + 6 * k), order), _mm256_set1_epi32(two)));
    }
    return sum;
}

AVX2 void rows3(const ck_axis *x, couple rows, int32_t first, int32_t from, int32_t n, int32_t pairs)
{
    const __m256i order = _mm256_broadcastsi128_si256(_mm_setr_epi8(0, 1, 2, 4, 5, 6, 8, 9, 10, 12, 13, 14, -1, -1, -1, -1));

    for (int32_t i = from, left = n; left > 0; i += 4, left -= 4) {
        /* What pixels after the last one are made of is not there. */
        int32_t b = left > 1 ? i + 1 : i, c = left > 2 ? i + 2 : i, d = left > 3 ? i + 3 : i;
        __m256i px = packed(pixel(x, &rows, first, i, pairs), pixel(x, &rows, first, b, pairs), pixel(x, &rows, first, c, pairs),
                            pixel(x, &rows, first, d, pairs));
        store(&rows, _mm256_shuffle_epi8(px, order), left < 4 ? 3 * (size_t)left : 12, left >= 6);
    }
}

/* ---- one channel: four pixels a time, whose taps lie within 8 samples ---- */

AVX2 __m256i four(const ck_axis *x, const couple *rows, int32_t first, int32_t i, int32_t pairs)
{
    __m128i apart = _mm_sub_epi32(_mm_loadu_si128((const __m128i *)(x->start + i)), _mm_set1_epi32(x->start[i]));
    __m256i order = _mm256_broadcastsi128_si256(
        _mm_add_epi32(_mm_mullo_epi32(apart, _mm_set1_epi32(0x02020202)), _mm_set1_epi32(0x03020100)));
    ptrdiff_t at = x->start[i] - first;
    __m256i sum = _mm256_set1_epi32(HALF);

    for (int32_t k = 0; k < pairs; k++) {
        __m256i two = _mm256_broadcastsi128_si256(_mm_loadu_si128((const __m128i *)ck_axis_pair(x, k, i)));
        sum = _mm256_add_epi32(sum, _mm256_madd_epi16(_mm256_shuffle_epi8(load(rows, at + 2 * k), order), two));
    }
    return sum;
}

AVX2 void rows1(const ck_axis *x, couple rows, int32_t first, int32_t from, int32_t n, int32_t pairs)
{
    for (int32_t i = from, left = n; left > 0; i += 16, left -= 16) {
        /* Likewise; of the four that the last pixel is among, the first one's place is taken for all. */
        __m256i a = four(x, &rows, first, i, pairs), b = left > 4 ? four(x, &rows, first, i + 4, pairs) : a;
        __m256i c = left > 8 ? four(x, &rows, first, i + 8, pairs) : a, d = left > 12 ? four(x, &rows, first, i + 12, pairs) : a;

        store(&rows, packed(a, b, c, d), left < 16 ? (size_t)left : 16, left >= 16);
    }
}

/* ---- both ---- */

/* Few pairs and known: no loop is left of them. */
#define ROWS(c)                                                                                                       \
    __attribute__((target("avx2"))) static void rows_of_##c(const ck_axis *x, couple rows, int32_t first,             \
                                                            int32_t from, int32_t n)                                  \
    {                                                                                                                 \
        int32_t pairs = (x->taps + 1) / 2;                                                                            \
        if (pairs == 1)                                                                                               \
            rows##c(x, rows, first, from, n, 1);                                                                      \
        else if (pairs == 2)                                                                                          \
            rows##c(x, rows, first, from, n, 2);                                                                      \
        else                                                                                                          \
            rows##c(x, rows, first, from, n, pairs);                                                                  \
    }

ROWS(1)
ROWS(3)

bool ck_resize_across8_avx2(const ck_axis *x, const ck_mids *mids, ck_view out, int32_t from)
{
    /* Of four pixels of one channel the last one's two samples must be among the first one's eight. */
    bool gray = out.shape.channels == 1;

    if (!__builtin_cpu_supports("avx2") || (gray && x->spans[3] > 6))
        return false;
    for (int32_t r = 0; r < out.shape.h; r += 2) {
        int32_t other = r + 1 < out.shape.h ? r + 1 : r; /* a single row is made twice */
        couple rows = {{(const int16_t *)mids->px + (size_t)r * mids->step, (const int16_t *)mids->px + (size_t)other * mids->step},
                       {ck_row(out, r), ck_row(out, other)}};

        (gray ? rows_of_1 : rows_of_3)(x, rows, mids->first, from, out.shape.w);
    }
    return true;
}

#endif
