/* Gradients by 3 x 3 kernels that are (-1 0 1) across and (side, middle, side) along: sobel and scharr. */
#ifndef CK_OP_GRADIENT_H
#define CK_OP_GRADIENT_H

#include "op/op.h"

extern const chunkimg_option ck_gradient_options[]; /* part: the magnitude, or the derivative along x or y */

typedef struct ck_gradient_params {
    int part; /* index into magnitude, x, y */
} ck_gradient_params;

typedef struct ck_gradient {
    int32_t side, middle; /* 2 side + middle is 4 or 16 */
} ck_gradient;

/* 1 */
int32_t ck_gradient_halo(const void *params);

size_t ck_gradient_scratch(const void *params, ck_shape out);

/*
 * The rest of an operation's apply, with its kernel. As Sobel's in scale, k = 2 side + middle:
 * magnitude: sqrt(gx^2 + gy^2) 4 / k, rounded half up and clamped
 * x, y: g / 2 k, rounded half up, plus 128 or 32768: never clamped but at one end, by 1
 */
void ck_gradient_apply(ck_gradient g, const void *params, void *scratch, ck_view in, ck_view out);

#endif
