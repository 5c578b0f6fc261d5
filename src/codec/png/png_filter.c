#include "codec/png/png_filter.h"

#include <string.h>

#include "codec/png/png_predict.h"
#include "codec/png/png_score.h"

/* ---- the choice -------------------------------------------------------- */

/*
 * Of a long row only every fourth block is looked at: blocks as long as the
 * grain of an image is wide say the same as the whole.
 */
enum { BLOCK = CK_PNG_SCORE_MOST, LONG_ROW = 4096, LONG_STRIDE = 4 * BLOCK };

/*
 * The first pixel is left out: it has no left neighbour, and weighs nothing.
 * Equals are decided for the filter that looks at most neighbours, as rows
 * that differ little then have the same one.
 */
ck_png_filter ck_png_filter_choose(const uint8_t *row, const uint8_t *prior, size_t nbytes, size_t pixel_nbytes)
{
    ck_png_scores s = {0};
    size_t stride = nbytes < LONG_ROW ? BLOCK : LONG_STRIDE;
    ck_png_filter best = prior ? CK_PNG_PAETH : CK_PNG_SUB;

    for (size_t i = pixel_nbytes; i < nbytes; i += stride) {
        size_t n = nbytes - i < BLOCK ? nbytes - i : BLOCK;

        if (prior)
            ck_png_score(&s, row + i, row + i - pixel_nbytes, prior + i, prior + i - pixel_nbytes, n);
        else
            ck_png_score_first_row(&s, row + i, row + i - pixel_nbytes, n);
    }
    for (int f = (int)best - 1; f >= CK_PNG_NONE; f--)
        if (s.of[f] < s.of[best])
            best = (ck_png_filter)f;
    return best;
}

/* ---- the filters ------------------------------------------------------- */

CK_PNG_CLONES
static void subtract(uint8_t *restrict out, const uint8_t *restrict x, const uint8_t *restrict p, size_t n)
{
    for (size_t i = 0; i < n; i++)
        out[i] = (uint8_t)(x[i] - p[i]);
}

CK_PNG_CLONES
static void subtract_average(uint8_t *restrict out, const uint8_t *restrict x, const uint8_t *restrict a,
                             const uint8_t *restrict b, size_t n)
{
    for (size_t i = 0; i < n; i++)
        out[i] = (uint8_t)(x[i] - ck_png_average(a[i], b[i]));
}

CK_PNG_CLONES
static void subtract_paeth(uint8_t *restrict out, const uint8_t *restrict x, const uint8_t *restrict a,
                           const uint8_t *restrict b, const uint8_t *restrict c, size_t n)
{
    for (size_t i = 0; i < n; i++)
        out[i] = (uint8_t)(x[i] - ck_png_paeth(a[i], b[i], c[i]));
}

void ck_png_filter_row(ck_png_filter filter, uint8_t *out, const uint8_t *row, const uint8_t *prior, size_t nbytes,
                       size_t pixel_nbytes)
{
    const uint8_t *x = row + pixel_nbytes, *a = row;
    size_t n = nbytes - pixel_nbytes;

    *out++ = (uint8_t)filter;
    if (filter == CK_PNG_NONE) {
        memcpy(out, row, nbytes);
        return;
    }
    /* The first pixel's left neighbours count as 0: SUB keeps it, and the Paeth predictor is the pixel above. */
    for (size_t i = 0; i < pixel_nbytes; i++)
        out[i] = (uint8_t)(row[i] - (filter == CK_PNG_SUB ? 0 : filter == CK_PNG_AVERAGE ? prior[i] >> 1 : prior[i]));
    out += pixel_nbytes;
    switch (filter) {
    case CK_PNG_SUB: subtract(out, x, a, n); break;
    case CK_PNG_UP: subtract(out, x, prior + pixel_nbytes, n); break;
    case CK_PNG_AVERAGE: subtract_average(out, x, a, prior + pixel_nbytes, n); break;
    default: subtract_paeth(out, x, a, prior + pixel_nbytes, prior, n); break;
    }
}
