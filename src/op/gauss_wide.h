/*
 * The wide Gaussians of gauss.c: weights that are a piecewise linear function
 * of the distance, so that what a sample costs does not depend on sigma.
 *
 * The second difference of such weights is zero but at the knots. A row, or a
 * column, is therefore summed with about twenty weights at the knots alone,
 * and two running sums turn that into the smoothed samples: a spline filter in
 * the manner of Hogenauer ("An Economical Class of Digital Filters for
 * Decimation and Interpolation", 1981), with knots where Elboher and Werman
 * ("Efficient and Accurate Gaussian Image Filtering Using Running Sums", 2012)
 * have steps. All sums are whole numbers, so a running sum never drifts and
 * where it begins makes no difference.
 */
#ifndef CK_OP_GAUSS_WIDE_H
#define CK_OP_GAUSS_WIDE_H

#include "core/image.h"

enum { CK_WIDE_PAIRS_MOST = 16 };

typedef struct ck_wide {
    int32_t apart; /* pixels from a knot to the next; 0: not prepared */
    int32_t knots; /* on each side, the last with weight 0 */
    int32_t bend[CK_WIDE_PAIRS_MOST]; /* second difference at distance k * apart; [0] is half of the middle's */
    double total;  /* sum of all weights, below 2^20 */
} ck_wide;

/* Pixels of the halo, for sigma in 6 .. 100: about 3.3 sigma. */
int32_t ck_wide_radius(double sigma);

void ck_wide_init(ck_wide *w, double sigma);

/* Bytes of scratch for an output of this shape; SIZE_MAX where they cannot be counted. */
size_t ck_wide_scratch(double sigma, ck_shape out);

/* Prepares `scratch` for the rows of a block; `in` has a halo of the radius. */
void ck_wide_start(const ck_wide *w, void *scratch, ck_view in);

/*
 * The next row of the smoothed block, y = 0, 1, 2, ... : samples of in's
 * depth, or in ck_wide_fine 8-bit samples times 128.
 */
void ck_wide_row(const ck_wide *w, void *scratch, ck_view in, int32_t y, uint8_t *out);
void ck_wide_fine(const ck_wide *w, void *scratch, ck_view in, int32_t y, int16_t *out);

#endif
