/* How many bits each filter leaves of a stretch of a row: see ck_png_filter_choose. */
#ifndef CK_CODEC_PNG_SCORE_H
#define CK_CODEC_PNG_SCORE_H

#include <stddef.h>
#include <stdint.h>

#include "codec/png/png_filter.h"

typedef struct ck_png_scores {
    uint64_t of[CK_PNG_FILTERS];
} ck_png_scores;

enum { CK_PNG_SCORE_MOST = 512, CK_PNG_SCORE_AVX2_LEAST = 32 };

/*
 * Adds the bits of n bytes at x, of which a are the left, b the upper and c the
 * upper left neighbours; n is at most CK_PNG_SCORE_MOST. By the fastest way that
 * this processor has; all give the same sums.
 */
void ck_png_score(ck_png_scores *s, const uint8_t *x, const uint8_t *a, const uint8_t *b, const uint8_t *c, size_t n);

/* The same in plain C. */
void ck_png_score_plain(ck_png_scores *s, const uint8_t *restrict x, const uint8_t *restrict a,
                        const uint8_t *restrict b, const uint8_t *restrict c, size_t n);

/* Of NONE and SUB alone. */
void ck_png_score_first_row(ck_png_scores *s, const uint8_t *restrict x, const uint8_t *restrict a, size_t n);

#if defined(__x86_64__) && defined(__GNUC__)
#define CK_PNG_SCORE_X86 1
void ck_png_score_avx2(ck_png_scores *s, const uint8_t *x, const uint8_t *a, const uint8_t *b, const uint8_t *c,
                       size_t n);
#endif

#endif
