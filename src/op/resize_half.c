/* resize: the mean of 2 x 2 pixels, in integers. */
#include "op/clones.h"
#include "op/resize_rows.h"

/* Pixels [i, n): the plain loop, which also ends what vectors began. */
#define PLAIN(name, sample)                                                                                           \
    static inline void name(const sample *upper, const sample *lower, size_t c, size_t i, size_t n, sample *out)      \
    {                                                                                                                 \
        for (; i < n; i++)                                                                                            \
            for (size_t k = 0; k < c; k++) {                                                                          \
                size_t at = 2 * i * c + k;                                                                            \
                out[i * c + k] = (sample)((upper[at] + upper[at + c] + lower[at] + lower[at + c] + 2) >> 2);          \
            }                                                                                                         \
    }

PLAIN(plain_half8, uint8_t)
PLAIN(plain_half16, uint16_t)

#if CK_X86_LANES
#include <immintrin.h>

#define AVX2 __attribute__((target("avx2"))) static

/* Neighbouring bytes added, of both rows; a quarter of them, rounded half up. */
AVX2 inline __m256i quarter(__m256i upper, __m256i lower)
{
    const __m256i ones = _mm256_set1_epi8(1);
    __m256i sum = _mm256_add_epi16(_mm256_maddubs_epi16(upper, ones), _mm256_maddubs_epi16(lower, ones));

    return _mm256_srli_epi16(_mm256_add_epi16(sum, _mm256_set1_epi16(2)), 2);
}

AVX2 size_t half1(const uint8_t *upper, const uint8_t *lower, size_t n, uint8_t *out)
{
    size_t i = 0;

    for (; i + 32 <= n; i += 32) {
        const __m256i *u = (const __m256i *)(upper + 2 * i), *l = (const __m256i *)(lower + 2 * i);
        __m256i left = quarter(_mm256_loadu_si256(u), _mm256_loadu_si256(l));
        __m256i right = quarter(_mm256_loadu_si256(u + 1), _mm256_loadu_si256(l + 1));
        __m256i px = _mm256_permute4x64_epi64(_mm256_packus_epi16(left, right), 0xD8);
        _mm256_storeu_si256((__m256i *)(out + i), px);
    }
    return i;
}

/* Twelve bytes, four pixels, in each half of a vector: those that are added beside one another. */
AVX2 inline __m256i paired(const uint8_t *p)
{
    const __m256i order = _mm256_setr_epi8(0, 3, 1, 4, 2, 5, 6, 9, 7, 10, 8, 11, -1, -1, -1, -1, 0, 3, 1, 4, 2, 5, 6, 9, 7,
                                           10, 8, 11, -1, -1, -1, -1);
    __m256i v = _mm256_castsi128_si256(_mm_loadu_si128((const __m128i *)p));

    return _mm256_shuffle_epi8(_mm256_inserti128_si256(v, _mm_loadu_si128((const __m128i *)(p + 24)), 1), order);
}

/* Eight pixels a turn; four bytes more are read and written than they take, which the pixels after them must have. */
AVX2 size_t half3(const uint8_t *upper, const uint8_t *lower, size_t n, uint8_t *out)
{
    const __m256i order = _mm256_setr_epi8(0, 1, 2, 3, 4, 5, 8, 9, 10, 11, 12, 13, -1, -1, -1, -1, 0, 1, 2, 3, 4, 5, 8, 9, 10,
                                           11, 12, 13, -1, -1, -1, -1);
    size_t i = 0;

    for (; i + 10 <= n; i += 8) {
        const uint8_t *u = upper + 6 * i, *l = lower + 6 * i;
        __m256i even = quarter(paired(u), paired(l)), odd = quarter(paired(u + 12), paired(l + 12));
        __m256i px = _mm256_shuffle_epi8(_mm256_packus_epi16(even, odd), order);
        _mm_storeu_si128((__m128i *)(out + 3 * i), _mm256_castsi256_si128(px));
        _mm_storeu_si128((__m128i *)(out + 3 * i + 12), _mm256_extracti128_si256(px, 1));
    }
    return i;
}

/* Of one row: neighbouring pixels' samples added, less 65536, of what the halves of a vector hold. */
AVX2 inline __m256i added(const uint16_t *p, size_t apart, __m256i order)
{
    __m256i v = _mm256_castsi128_si256(_mm_loadu_si128((const __m128i *)p));

    v = _mm256_shuffle_epi8(_mm256_inserti128_si256(v, _mm_loadu_si128((const __m128i *)(p + apart)), 1), order);
    return _mm256_madd_epi16(_mm256_xor_si256(v, _mm256_set1_epi16((int16_t)0x8000)), _mm256_set1_epi16(1));
}

/* Each half of a vector makes 4 / c pixels, or one of three channels; reads and writes two samples more for that. */
AVX2 size_t half16(const uint16_t *upper, const uint16_t *lower, size_t c, size_t n, uint16_t *out)
{
    static const int8_t orders[4][16] = {{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15},
                                         {0, 1, 4, 5, 2, 3, 6, 7, 8, 9, 12, 13, 10, 11, 14, 15},
                                         {0, 1, 6, 7, 2, 3, 8, 9, 4, 5, 10, 11, -1, -1, -1, -1},
                                         {0, 1, 8, 9, 2, 3, 10, 11, 4, 5, 12, 13, 6, 7, 14, 15}};
    const __m256i order = _mm256_broadcastsi128_si256(_mm_loadu_si128((const __m128i *)orders[c - 1]));
    const size_t pixels = c == 3 ? 1 : 4 / c, apart = 2 * pixels * c;
    size_t i = 0;

    for (; i + 2 * pixels + 1 <= n; i += 2 * pixels) {
        __m256i sum = _mm256_add_epi32(added(upper + 2 * i * c, apart, order), added(lower + 2 * i * c, apart, order));
        sum = _mm256_srli_epi32(_mm256_add_epi32(sum, _mm256_set1_epi32(2 * 65536 + 2)), 2);
        sum = _mm256_packus_epi32(sum, sum);
        _mm_storel_epi64((__m128i *)(out + i * c), _mm256_castsi256_si128(sum));
        _mm_storel_epi64((__m128i *)(out + (i + pixels) * c), _mm256_extracti128_si256(sum, 1));
    }
    return i;
}

/* How many pixels of one row are made of 64 samples of each of two. */
static inline size_t pixels_of_64(size_t c)
{
    return 32 / c;
}

/*
 * In 16-bit lanes, with the rounded mean of two that the processor has: where the
 * means x of a, b and y of c, d are added to an odd number, their mean is one
 * too much if any of them was rounded. Four samples more are read than are used of
 * three channels, which the pixels after them must have.
 */
__attribute__((target("avx512f,avx512bw"))) static size_t half16_wide(const uint16_t *upper, const uint16_t *lower, size_t c,
                                                                      size_t n, uint16_t *out)
{
    const size_t pixels = pixels_of_64(c);
    const __mmask32 mask = (__mmask32)((UINT64_C(1) << pixels * c) - 1);
    uint16_t at[32] = {0};
    size_t i = 0;

    for (size_t k = 0; k < pixels * c; k++)
        at[k] = (uint16_t)(k + k / c * c);
    const __m512i left = _mm512_loadu_si512(at), right = _mm512_add_epi16(left, _mm512_set1_epi16((int16_t)c));
    const __m512i one = _mm512_set1_epi16(1);
    for (; i + pixels + 1 <= n; i += pixels) {
        const uint16_t *u = upper + 2 * i * c, *l = lower + 2 * i * c;
        __m512i u0 = _mm512_loadu_si512(u), u1 = _mm512_loadu_si512(u + 32);
        __m512i l0 = _mm512_loadu_si512(l), l1 = _mm512_loadu_si512(l + 32);
        __m512i m0 = _mm512_avg_epu16(u0, l0), m1 = _mm512_avg_epu16(u1, l1);
        __m512i r0 = _mm512_xor_si512(u0, l0), r1 = _mm512_xor_si512(u1, l1);
        __m512i x = _mm512_permutex2var_epi16(m0, left, m1), y = _mm512_permutex2var_epi16(m0, right, m1);
        __m512i was_rounded = _mm512_or_si512(_mm512_permutex2var_epi16(r0, left, r1), _mm512_permutex2var_epi16(r0, right, r1));
        __m512i more = _mm512_and_si512(_mm512_and_si512(_mm512_xor_si512(x, y), was_rounded), one);
        _mm512_mask_storeu_epi16(out + i * c, mask, _mm512_sub_epi16(_mm512_avg_epu16(x, y), more));
    }
    return i;
}

static size_t begin16(const uint16_t *upper, const uint16_t *lower, size_t c, size_t n, uint16_t *out)
{
    size_t done = 0;

    if (__builtin_cpu_supports("avx512bw"))
        done = half16_wide(upper, lower, c, n, out);
    if (__builtin_cpu_supports("avx2"))
        done += half16(upper + 2 * done * c, lower + 2 * done * c, c, n - done, out + done * c);
    return done;
}

static size_t begin8(const uint8_t *upper, const uint8_t *lower, size_t c, size_t n, uint8_t *out)
{
    if (!__builtin_cpu_supports("avx2"))
        return 0;
    return (c == 1 ? half1 : half3)(upper, lower, n, out);
}

#else

static size_t begin8(const uint8_t *upper, const uint8_t *lower, size_t c, size_t n, uint8_t *out)
{
    (void)upper, (void)lower, (void)c, (void)n, (void)out;
    return 0;
}

static size_t begin16(const uint16_t *upper, const uint16_t *lower, size_t c, size_t n, uint16_t *out)
{
    (void)upper, (void)lower, (void)c, (void)n, (void)out;
    return 0;
}

#endif

void ck_resize_half8(const uint8_t *upper, const uint8_t *lower, unsigned channels, size_t n, uint8_t *out)
{
    size_t done = begin8(upper, lower, channels, n, out);

    if (channels == 1)
        plain_half8(upper, lower, 1, done, n, out);
    else
        plain_half8(upper, lower, channels, done, n, out);
}

void ck_resize_half16(const uint16_t *upper, const uint16_t *lower, unsigned channels, size_t n, uint16_t *out)
{
    size_t done = begin16(upper, lower, channels, n, out);

    if (channels == 1)
        plain_half16(upper, lower, 1, done, n, out);
    else
        plain_half16(upper, lower, channels, done, n, out);
}
