#include "codec/png/png_score.h"

#include "codec/png/png_predict.h"

/* The bits that |residual| has, 0..8: what a Huffman code will need grows with the logarithm, not with the value. */
static inline uint8_t weight(uint8_t residual)
{
    uint8_t negative = (uint8_t)-residual;
    uint8_t m = residual < negative ? residual : negative;

    return (uint8_t)((m > 0) + (m > 1) + (m > 3) + (m > 7) + (m > 15) + (m > 31) + (m > 63) + (m > 127));
}

/* The weights of a block fit 16-bit sums, which vectorise twice as wide as 32-bit ones. */
void ck_png_score_plain(ck_png_scores *s, const uint8_t *restrict x, const uint8_t *restrict a,
                        const uint8_t *restrict b, const uint8_t *restrict c, size_t n)
{
    uint16_t none = 0, sub = 0, up = 0, avg = 0, pth = 0;

    for (size_t i = 0; i < n; i++) {
        none = (uint16_t)(none + weight(x[i]));
        sub = (uint16_t)(sub + weight((uint8_t)(x[i] - a[i])));
        up = (uint16_t)(up + weight((uint8_t)(x[i] - b[i])));
        avg = (uint16_t)(avg + weight((uint8_t)(x[i] - ck_png_average(a[i], b[i]))));
        pth = (uint16_t)(pth + weight((uint8_t)(x[i] - ck_png_paeth(a[i], b[i], c[i]))));
    }
    s->of[CK_PNG_NONE] += none;
    s->of[CK_PNG_SUB] += sub;
    s->of[CK_PNG_UP] += up;
    s->of[CK_PNG_AVERAGE] += avg;
    s->of[CK_PNG_PAETH] += pth;
}

void ck_png_score_first_row(ck_png_scores *s, const uint8_t *restrict x, const uint8_t *restrict a, size_t n)
{
    uint16_t none = 0, sub = 0;

    for (size_t i = 0; i < n; i++) {
        none = (uint16_t)(none + weight(x[i]));
        sub = (uint16_t)(sub + weight((uint8_t)(x[i] - a[i])));
    }
    s->of[CK_PNG_NONE] += none;
    s->of[CK_PNG_SUB] += sub;
}

void ck_png_score(ck_png_scores *s, const uint8_t *x, const uint8_t *a, const uint8_t *b, const uint8_t *c, size_t n)
{
#ifdef CK_PNG_SCORE_X86
    if (n >= CK_PNG_SCORE_AVX2_LEAST && __builtin_cpu_supports("avx2")) {
        ck_png_score_avx2(s, x, a, b, c, n);
        return;
    }
#endif
    ck_png_score_plain(s, x, a, b, c, n);
}
