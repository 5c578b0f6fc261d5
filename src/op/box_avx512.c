/*
 * The rows of box with AVX-512.
 *
 * A vector of differences becomes running sums when what lies c, 2 c, 4 c ...
 * lanes before is added (Hillis and Steele, Data Parallel Algorithms, 1986);
 * the last pixel of the vector before is all that it has to wait for.
 */
#include "op/box_rows.h"
#include "op/clones.h"

#if CK_X86_LANES
#include <immintrin.h>

#define FOR_AVX512 __attribute__((target("avx512f,avx512bw")))
#define AVX512 FOR_AVX512 __attribute__((always_inline)) static inline

enum { LANES = CK_BOX_LANES };

#define FOUR(f, i) f(i + 3), f(i + 2), f(i + 1), f(i)
#define EACH(f) FOUR(f, 28), FOUR(f, 24), FOUR(f, 20), FOUR(f, 16), FOUR(f, 12), FOUR(f, 8), FOUR(f, 4), FOUR(f, 0)
#define BEFORE(i) ((i) - distance)
#define LAST(i) (LANES - c + (i) % c)

/* ---- running sums ----------------------------------------------------------- */

/* Of each channel, the sums of the lanes up to and with each lane. */
AVX512 __m512i running_in(__m512i v, const int c)
{
    for (int distance = c; distance < LANES; distance *= 2) {
        const __m512i from = _mm512_set_epi16(EACH(BEFORE));
        v = _mm512_add_epi16(v, _mm512_maskz_permutexvar_epi16(~(__mmask32)0 << distance, from, v));
    }
    return v;
}

AVX512 __m512i bytes(const uint8_t *p)
{
    return _mm512_cvtepu8_epi16(_mm256_loadu_si256((const __m256i *)p));
}

/* No byte is touched but the first n, at least one. */
AVX512 __m512i some_bytes(const uint8_t *p, size_t n)
{
    return _mm512_cvtepu8_epi16(_mm512_castsi512_si256(_mm512_maskz_loadu_epi8(~(__mmask64)0 >> (64 - n), p)));
}

AVX512 void run_by(const uint8_t *come, const uint8_t *gone, const int c, uint16_t *running, size_t n)
{
    const __m512i last = _mm512_set_epi16(EACH(LAST));
    __m512i sum = _mm512_setzero_si512();
    size_t i = 0;

    for (; i + LANES <= n; i += LANES) {
        __m512i change = running_in(_mm512_sub_epi16(bytes(come + i), bytes(gone + i)), c);
        sum = _mm512_add_epi16(change, _mm512_permutexvar_epi16(last, sum));
        _mm512_store_si512(running + i, sum);
    }
    if (i < n) {
        __m512i change = running_in(_mm512_sub_epi16(some_bytes(come + i, n - i), some_bytes(gone + i, n - i)), c);
        sum = _mm512_add_epi16(change, _mm512_permutexvar_epi16(last, sum));
        _mm512_store_si512(running + i, sum);
    }
}

FOR_AVX512
static void run(const uint8_t *come, const uint8_t *gone, size_t c, uint16_t *spare, uint16_t *running, size_t n)
{
    (void)spare;
    switch (c) {
    case 1: run_by(come, gone, 1, running, n); break;
    case 2: run_by(come, gone, 2, running, n); break;
    case 3: run_by(come, gone, 3, running, n); break;
    default: run_by(come, gone, 4, running, n); break;
    }
}

/* ---- totals and means --------------------------------------------------------- */

AVX512 void store_some(uint8_t *out, __m256i px, size_t n)
{
    _mm512_mask_storeu_epi8(out, ~(__mmask64)0 >> (64 - n), _mm512_castsi256_si512(px));
}

/* to[i] - from[i], a vector of them. */
AVX512 __m512i change(const uint16_t *from, const uint16_t *to)
{
    return _mm512_sub_epi16(_mm512_loadu_si512(to), _mm512_loadu_si512(from));
}

FOR_AVX512
static void narrow(const ck_box_row *r, uint16_t *totals, uint8_t *out)
{
    const uint16_t *from = r->running - r->channels, *to = from + r->window * r->channels;
    const __m512i half = _mm512_set1_epi16((int16_t)r->quotient.half), factor = _mm512_set1_epi16((int16_t)r->quotient.factor);
    const __m128i shift = _mm_cvtsi32_si128(r->quotient.shift);
    const size_t n = r->n;

    for (size_t i = 0; i < n; i += LANES) {
        __m512i total = _mm512_add_epi16(_mm512_load_si512(totals + i), change(from + i, to + i));
        _mm512_store_si512(totals + i, total);
        __m512i means = _mm512_srl_epi16(_mm512_mulhi_epu16(_mm512_add_epi16(total, half), factor), shift);
        if (n - i >= LANES)
            _mm256_storeu_si256((__m256i *)(out + i), _mm512_cvtepi16_epi8(means));
        else
            store_some(out + i, _mm512_cvtepi16_epi8(means), n - i);
    }
}

/*
 * Totals, less 128 area, have 24 bits with the sign, which float holds. 1 / area
 * as a float is wrong by at most 2^-24 of it, so a mean, of at most 128, by
 * 2^-17. The area being odd, that is at least 1 / (2 area) > 2^-17 from where
 * rounding changes. The multiplication and the addition round once, at
 * 2^23 + 2^22 to a whole number, whose lowest byte is the mean.
 *
 * Even samples and odd ones of a vector lie apart, as they are multiplied by 1
 * and by 0.
 */
AVX512 void wide_by(const ck_box_row *r, int32_t *totals, uint8_t *out, const int parts)
{
    const uint16_t *from = r->running - r->channels, *to = from + r->window * r->channels;
    const uint16_t *middle = from + CK_BOX_PART * r->channels;
    const __m512 share = _mm512_set1_ps(r->share), whole = _mm512_set1_ps((1 << 23) + (1 << 22) + 128);
    const __m512i first = _mm512_set1_epi32(1), second = _mm512_set1_epi32(1 << 16);
    const size_t n = r->n;

    for (size_t i = 0; i < n; i += LANES) {
        __m512i even = _mm512_load_si512(totals + i), odd = _mm512_load_si512(totals + i + LANES / 2);
        __m512i more = parts == 1 ? change(from + i, to + i) : change(from + i, middle + i);
        even = _mm512_add_epi32(even, _mm512_madd_epi16(more, first));
        odd = _mm512_add_epi32(odd, _mm512_madd_epi16(more, second));
        if (parts == 2) {
            more = change(middle + i, to + i);
            even = _mm512_add_epi32(even, _mm512_madd_epi16(more, first));
            odd = _mm512_add_epi32(odd, _mm512_madd_epi16(more, second));
        }
        _mm512_store_si512(totals + i, even);
        _mm512_store_si512(totals + i + LANES / 2, odd);
        even = _mm512_castps_si512(_mm512_fmadd_ps(_mm512_cvtepi32_ps(even), share, whole));
        odd = _mm512_castps_si512(_mm512_fmadd_ps(_mm512_cvtepi32_ps(odd), share, whole));
        __m256i px = _mm512_cvtepi16_epi8(_mm512_mask_blend_epi16(0xAAAAAAAA, even, _mm512_slli_epi32(odd, 16)));
        if (n - i >= LANES)
            _mm256_storeu_si256((__m256i *)(out + i), px);
        else
            store_some(out + i, px, n - i);
    }
}

FOR_AVX512
static void wide(const ck_box_row *r, int32_t *totals, uint8_t *out)
{
    if (r->window <= CK_BOX_PART)
        wide_by(r, totals, out, 1);
    else
        wide_by(r, totals, out, 2);
}

static void even_then_odd(int32_t *totals, size_t n)
{
    for (size_t at = 0; at < n; at += LANES) {
        int32_t odd[LANES / 2];

        for (size_t i = 0; i < LANES / 2; i++) {
            odd[i] = totals[at + 2 * i + 1];
            totals[at + i] = totals[at + 2 * i];
        }
        for (size_t i = 0; i < LANES / 2; i++)
            totals[at + LANES / 2 + i] = odd[i];
    }
}

const ck_box_rows *ck_box_rows_avx512(void)
{
    static const ck_box_rows rows = {run, narrow, wide, even_then_odd};

    return __builtin_cpu_supports("avx512bw") ? &rows : NULL;
}

#else

const ck_box_rows *ck_box_rows_avx512(void)
{
    return NULL;
}

#endif
