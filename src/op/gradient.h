/* Gradients by 3 x 3 kernels that are (-1 0 1) across and (side, middle, side) along: sobel and scharr. */
#ifndef CK_OP_GRADIENT_H
#define CK_OP_GRADIENT_H

#include "op/op.h"

enum { CK_GRADIENT_MAGNITUDE, CK_GRADIENT_X, CK_GRADIENT_Y };

extern const char *const ck_gradient_parts[]; /* "magnitude", "x", "y", NULL */

typedef struct ck_gradient {
    int32_t side, middle; /* 2 side + middle is 4 or 16 */
} ck_gradient;

size_t ck_gradient_scratch(ck_shape out);

/*
 * `in` has a halo of 1. As Sobel's in scale, k = 2 side + middle:
 * magnitude: sqrt(gx^2 + gy^2) 4 / k, rounded half up and clamped
 * x, y: g / 2 k, rounded half up, plus 128 or 32768: never clamped but at one end, by 1
 */
void ck_gradient_apply(ck_gradient g, int part, void *scratch, ck_view in, ck_view out);

#endif
