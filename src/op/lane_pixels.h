/*
 * AVX-512 of resize: 16 samples of the output at once, whose pixels are `c`
 * samples each. Sixteen pixels are c such parts. What they are made of lies
 * near each other in the row in between, in a window that one permutation
 * reads: sample c (start of its pixel) + its channel, and c more for each tap.
 */
#ifndef CK_OP_LANE_PIXELS_H
#define CK_OP_LANE_PIXELS_H

#include "op/clones.h"
#include "op/resample.h"

#if CK_X86_LANES
#include <immintrin.h>

#define CK_AVX512 __attribute__((target("avx512f,avx512bw"), always_inline)) static inline

#define CK_LANE(part, c, lane) ((16 * (part) + (lane)) / (c))

/* Which of the sixteen pixels each lane belongs to; both arguments are known to the compiler. */
#define CK_LANE_PIXELS(part, c)                                                                                       \
    _mm512_setr_epi32(CK_LANE(part, c, 0), CK_LANE(part, c, 1), CK_LANE(part, c, 2), CK_LANE(part, c, 3),             \
                      CK_LANE(part, c, 4), CK_LANE(part, c, 5), CK_LANE(part, c, 6), CK_LANE(part, c, 7),             \
                      CK_LANE(part, c, 8), CK_LANE(part, c, 9), CK_LANE(part, c, 10), CK_LANE(part, c, 11),           \
                      CK_LANE(part, c, 12), CK_LANE(part, c, 13), CK_LANE(part, c, 14), CK_LANE(part, c, 15))

/* Where each lane's first tap is, in samples from pixel `base` on, which is that of the first lane. */
CK_AVX512 __m512i ck_lane_index(const ck_axis *x, int32_t i, int32_t base, const int c, const int part)
{
    const __m512i pixels = CK_LANE_PIXELS(part, c), lanes = _mm512_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
    const __m512i channels = _mm512_sub_epi32(_mm512_add_epi32(lanes, _mm512_set1_epi32(16 * part)),
                                              _mm512_mullo_epi32(pixels, _mm512_set1_epi32(c)));
    __m512i starts = _mm512_permutexvar_epi32(pixels, _mm512_loadu_si512(x->start + i));

    return _mm512_add_epi32(_mm512_mullo_epi32(_mm512_sub_epi32(starts, _mm512_set1_epi32(base)), _mm512_set1_epi32(c)), channels);
}

/* The lanes of a part that lie among the first `left` of the sixteen pixels, of which it has one at least. */
static inline __mmask16 ck_lane_mask(int32_t left, int c, int part)
{
    int32_t wanted = left * c - 16 * part;

    return (__mmask16)(wanted >= 16 ? 0xFFFF : (1 << wanted) - 1);
}

#endif

#endif
