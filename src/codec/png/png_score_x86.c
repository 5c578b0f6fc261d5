#include "codec/png/png_score.h"

#ifdef CK_PNG_SCORE_X86
#include <immintrin.h>

#define AVX2 __attribute__((target("avx2")))

enum { WIDTH = CK_PNG_SCORE_AVX2_LEAST };

static AVX2 inline __m256i load(const uint8_t *at)
{
    return _mm256_loadu_si256((const __m256i *)(const void *)at);
}

/* The bits that |residual| has, by a table for each half of the byte. */
static AVX2 inline __m256i weights(__m256i residual)
{
    const __m256i low = _mm256_setr_epi8(0, 1, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4, 4, 4, 4, 4,
                                         0, 1, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4, 4, 4, 4, 4);
    const __m256i high = _mm256_setr_epi8(0, 5, 6, 6, 7, 7, 7, 7, 8, 8, 8, 8, 8, 8, 8, 8,
                                          0, 5, 6, 6, 7, 7, 7, 7, 8, 8, 8, 8, 8, 8, 8, 8);
    const __m256i half = _mm256_set1_epi8(15);
    __m256i m = _mm256_abs_epi8(residual);

    return _mm256_max_epu8(_mm256_shuffle_epi8(low, _mm256_and_si256(m, half)),
                           _mm256_shuffle_epi8(high, _mm256_and_si256(_mm256_srli_epi16(m, 4), half)));
}

static AVX2 inline __m256i distance(__m256i a, __m256i b)
{
    return _mm256_or_si256(_mm256_subs_epu8(a, b), _mm256_subs_epu8(b, a));
}

static AVX2 inline __m256i at_most(__m256i a, __m256i b)
{
    return _mm256_cmpeq_epi8(_mm256_min_epu8(a, b), a);
}

/* As ck_png_paeth. */
static AVX2 inline __m256i paeth(__m256i a, __m256i b, __m256i c)
{
    __m256i pa = distance(b, c), pb = distance(a, c);
    __m256i same_side = _mm256_cmpeq_epi8(at_most(a, c), at_most(b, c));
    __m256i pc = _mm256_or_si256(distance(pa, pb), same_side);
    __m256i ab = _mm256_blendv_epi8(b, a, at_most(pa, pb));

    return _mm256_blendv_epi8(c, ab, at_most(_mm256_min_epu8(pa, pb), pc));
}

/* The instruction rounds up, the filter down. */
static AVX2 inline __m256i average(__m256i a, __m256i b)
{
    __m256i odd = _mm256_and_si256(_mm256_xor_si256(a, b), _mm256_set1_epi8(1));

    return _mm256_sub_epi8(_mm256_avg_epu8(a, b), odd);
}

static AVX2 inline __m256i add(__m256i sum, __m256i residual, __m256i counted)
{
    __m256i w = _mm256_and_si256(weights(residual), counted);

    return _mm256_add_epi64(sum, _mm256_sad_epu8(w, _mm256_setzero_si256()));
}

static AVX2 inline uint64_t total(__m256i sum)
{
    __m128i s = _mm_add_epi64(_mm256_castsi256_si128(sum), _mm256_extracti128_si256(sum, 1));

    return (uint64_t)_mm_cvtsi128_si64(s) + (uint64_t)_mm_extract_epi64(s, 1);
}

/* The last step looks at the last WIDTH bytes, and counts those that the step before has not. */
AVX2 void ck_png_score_avx2(ck_png_scores *s, const uint8_t *x, const uint8_t *a, const uint8_t *b, const uint8_t *c,
                            size_t n)
{
    const __m256i place = _mm256_setr_epi8(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22,
                                           23, 24, 25, 26, 27, 28, 29, 30, 31);
    __m256i none = _mm256_setzero_si256(), sub = none, up = none, avg = none, pth = none;

    for (size_t i = 0; i < n; i += WIDTH) {
        size_t left = n - i < WIDTH ? n - i : WIDTH, at = i + left - WIDTH;
        __m256i counted = _mm256_cmpgt_epi8(place, _mm256_set1_epi8((char)(WIDTH - 1 - (int)left)));
        __m256i vx = load(x + at), va = load(a + at), vb = load(b + at), vc = load(c + at);

        none = add(none, vx, counted);
        sub = add(sub, _mm256_sub_epi8(vx, va), counted);
        up = add(up, _mm256_sub_epi8(vx, vb), counted);
        avg = add(avg, _mm256_sub_epi8(vx, average(va, vb)), counted);
        pth = add(pth, _mm256_sub_epi8(vx, paeth(va, vb, vc)), counted);
    }
    s->of[CK_PNG_NONE] += total(none);
    s->of[CK_PNG_SUB] += total(sub);
    s->of[CK_PNG_UP] += total(up);
    s->of[CK_PNG_AVERAGE] += total(avg);
    s->of[CK_PNG_PAETH] += total(pth);
}

#else
typedef int ck_png_score_x86_is_empty; /* a file must declare something */
#endif
