/* sobel: magnitude of the gradient. */
#include "op/clones.h"
#include "op/op.h"

#include <math.h>

static int32_t halo(const void *params)
{
    (void)params;
    return 1;
}

/*
 * The root is exact though it is taken in floating point: the sum of squares
 * is a whole number that the type holds, and the root of a whole number is
 * never nearer to a half than 1 / (8 max), far more than the type's rounding.
 */
#define ROW(name, sample, real, root, most)                                                                           \
    CK_CLONES static void name(const sample *restrict above, const sample *restrict here,                             \
                               const sample *restrict below, size_t step, sample *restrict out, size_t n)             \
    {                                                                                                                 \
        for (size_t i = 0; i < n; i++) {                                                                              \
            int32_t a = above[i], b = above[i + step], c = above[i + 2 * step];                                       \
            int32_t d = here[i], f = here[i + 2 * step];                                                              \
            int32_t g = below[i], h = below[i + step], j = below[i + 2 * step];                                       \
            real x = (real)(c - a + 2 * (f - d) + j - g), y = (real)(g - a + 2 * (h - b) + j - c);                    \
            real magnitude = root(x * x + y * y) + (real)0.5;                                                         \
            out[i] = (sample)(int32_t)(magnitude < most ? magnitude : most);                                          \
        }                                                                                                             \
    }

ROW(row8, uint8_t, float, sqrtf, 255.0f)
ROW(row16, uint16_t, double, sqrt, 65535.0)

static void apply(const void *params, const void *state, void *scratch, ck_view in, ck_view out)
{
    size_t step = out.shape.channels, n = (size_t)out.shape.w * step;

    (void)params, (void)state, (void)scratch;
    for (int32_t y = 0; y < out.shape.h; y++) {
        const void *above = ck_row(in, y), *here = ck_row(in, y + 1), *below = ck_row(in, y + 2);
        if (out.shape.depth == 8)
            row8(above, here, below, step, ck_row(out, y), n);
        else
            row16(above, here, below, step, (uint16_t *)ck_row(out, y), n);
    }
}

const ck_op ck_op_sobel = {
    .name = "sobel",
    .summary = "edges: magnitude of the Sobel gradient of each colour",
    .details = "out = sqrt(gx^2 + gy^2), rounded and clamped, for each gray or colour sample, with the 3 x 3 "
               "kernels of Sobel and Feldman (1968): gx = [-1 0 1; -2 0 2; -1 0 1], gy its transpose. Borders are "
               "reflected. Colours are premultiplied for it (Porter and Duff 1984); alpha stays.",
    .traits = CK_OP_PREMULTIPLY | CK_OP_KEEPS_ALPHA,
    .halo = halo,
    .apply = apply,
};
