/*
 * Gaussian smoothing in fixed point, for blur and sharpen: down the columns
 * first, then along the row, each a symmetric sum of products.
 *
 * From CK_GAUSS_WIDE on sigma is the business of gauss_wide.c. Below, the kernel is exp(-k^2 / 2 sigma^2), cut at ceil(3 sigma) and scaled to sum
 * to exactly 65536, the rounding error of each weight carried to the next one
 * nearer the middle. 8 bit: the column sums keep 6 more bits; 16 bit: they are
 * rounded to whole samples. Sums are exact; every rounding is half up.
 */
#ifndef CK_OP_GAUSS_H
#define CK_OP_GAUSS_H

#include "core/image.h"
#include "op/gauss_wide.h"

#define CK_GAUSS_WIDE 7.5 /* pixels; below it fewer sums are needed than at the knots of gauss_wide.c */

enum { CK_GAUSS_RADIUS_MOST = 23 };

typedef struct ck_gauss {
    int32_t radius; /* of the halo */
    int32_t last;   /* distance of the last weight that is not 0; 0: the kernel is a single one and nothing changes */
    /* [0]: half the middle weight; [k]: the weight at distance k; they sum to 32768. One more zero at the end. */
    int16_t half[CK_GAUSS_RADIUS_MOST + 2];
    ck_wide wide;   /* in use where its `apart` is not 0; radius is its radius then */
} ck_gauss;

/* The option row of a sigma, in pixels, which is a double of the operation's params. */
#define CK_GAUSS_SIGMA(params_, member)                                                                               \
    {.name = "sigma", .type = CHUNKIMG_REAL, .offset = offsetof(params_, member), .least = 0.1, .most = 100,          \
     .unit = "pixels", .fallback = "1", .value = "SIGMA", .help = "standard deviation of the Gaussian"}

/* Pixels, for sigma in 0.1 .. 100. */
int32_t ck_gauss_radius(double sigma);

void ck_gauss_init(ck_gauss *g, double sigma);

/* Bytes of scratch for rows of an output of this shape, SIZE_MAX where they cannot be counted. */
size_t ck_gauss_scratch(double sigma, ck_shape out);

/* Before the first row of a block; `in` has a halo of g->radius. */
void ck_gauss_start(const ck_gauss *g, void *scratch, ck_view in);

/*
 * The next row of the smoothed block, y = 0, 1, 2, ... : as samples of in's
 * depth, or, in ck_gauss_fine, 8-bit samples times 128.
 */
void ck_gauss_row(const ck_gauss *g, void *scratch, ck_view in, int32_t y, uint8_t *out);
void ck_gauss_fine(const ck_gauss *g, void *scratch, ck_view in, int32_t y, int16_t *out);

#endif
