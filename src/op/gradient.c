#include "op/gradient.h"

#include <math.h>
#include <stddef.h>

#include "base/checked.h"
#include "op/clones.h"

enum { MAGNITUDE, X }; /* else y */

static const char *const parts[] = {"magnitude", "x", "y", NULL};

const chunkimg_option ck_gradient_options[] = {
    {.name = "part", .type = CHUNKIMG_CHOICE, .offset = offsetof(ck_gradient_params, part), .choices = parts,
     .fallback = "magnitude", .value = "magnitude|x|y", .help = "x, y: that derivative with its sign, on mid-gray"},
    {.name = NULL},
};

int32_t ck_gradient_halo(const void *params)
{
    (void)params;
    return 1;
}

/* Two rows: the samples above and below less one another, and their weighted sum with those between. */
static size_t row_nbytes(ck_shape out)
{
    return ck_round_up(((size_t)out.w + 2) * out.channels * sizeof(int32_t), 64);
}

size_t ck_gradient_scratch(const void *params, ck_shape out)
{
    (void)params;
    return 2 * row_nbytes(out);
}

/*
 * The root is exact though it is taken in floating point: the sum of squares
 * is a whole number that the type holds (where it is larger, the result is
 * clamped), and the root of a whole number is a half (times k / 4) or at least
 * 1 / (8 max) away from one, far more than the type's rounding.
 */
#define GRADIENT(bits, sample, sum, real, root)                                                                       \
    CK_CLONES static void columns##bits(const sample *restrict above, const sample *restrict here,                    \
                                        const sample *restrict below, ck_gradient g, sum *restrict change,            \
                                        sum *restrict mean, size_t n)                                                 \
    {                                                                                                                 \
        const sum side = (sum)g.side, middle = (sum)g.middle;                                                         \
        for (size_t i = 0; i < n; i++) {                                                                              \
            change[i] = (sum)(below[i] - above[i]);                                                                   \
            mean[i] = (sum)(side * (sum)(above[i] + below[i]) + middle * (sum)here[i]);                               \
        }                                                                                                             \
    }                                                                                                                 \
    CK_CLONES static void magnitude##bits(const sum *restrict change, const sum *restrict mean, size_t c,             \
                                          ck_gradient g, sample *restrict out, size_t n)                              \
    {                                                                                                                 \
        const sum side = (sum)g.side, middle = (sum)g.middle;                                                         \
        const real share = (real)4 / (real)(2 * g.side + g.middle), most = (sample)-1;                                \
        for (size_t i = 0; i < n; i++) {                                                                              \
            sum x = (sum)(mean[i + 2 * c] - mean[i]);                                                                 \
            sum y = (sum)(side * (sum)(change[i] + change[i + 2 * c]) + middle * change[i + c]);                      \
            real m = root(SQUARES##bits(x, y)) * share + (real)0.5;                                                   \
            out[i] = (sample)(int32_t)(m < most ? m : most);                                                          \
        }                                                                                                             \
    }                                                                                                                 \
    CK_CLONES static void across##bits(const sum *restrict mean, size_t c, int shift, sample *restrict out, size_t n) \
    {                                                                                                                 \
        const int32_t half = 1 << (shift - 1), middle = (sample)-1 / 2 + 1, most = (sample)-1;                        \
        for (size_t i = 0; i < n; i++) {                                                                              \
            int32_t v = ((mean[i + 2 * c] - mean[i] + half) >> shift) + middle;                                       \
            out[i] = (sample)(v < most ? v : most);                                                                   \
        }                                                                                                             \
    }                                                                                                                 \
    CK_CLONES static void along##bits(const sum *restrict change, size_t c, ck_gradient g, int shift,                 \
                                      sample *restrict out, size_t n)                                                 \
    {                                                                                                                 \
        const int32_t half = 1 << (shift - 1), middle = (sample)-1 / 2 + 1, most = (sample)-1;                        \
        for (size_t i = 0; i < n; i++) {                                                                              \
            int32_t y = g.side * (change[i] + change[i + 2 * c]) + g.middle * change[i + c];                          \
            int32_t v = ((y + half) >> shift) + middle;                                                               \
            out[i] = (sample)(v < most ? v : most);                                                                   \
        }                                                                                                             \
    }                                                                                                                 \
    static void row##bits(const void *above, const void *here, const void *below, ck_gradient g, int part, size_t c,  \
                          sum *change, sum *mean, sample *out, size_t n)                                              \
    {                                                                                                                 \
        int shift = 2 * g.side + g.middle == 4 ? 3 : 5;                                                               \
        columns##bits(above, here, below, g, change, mean, n + 2 * c);                                                \
        if (part == MAGNITUDE)                                                                                        \
            magnitude##bits(change, mean, c, g, out, n);                                                              \
        else if (part == X)                                                                                           \
            across##bits(mean, c, shift, out, n);                                                                     \
        else                                                                                                          \
            along##bits(change, c, g, shift, out, n);                                                                 \
    }

#define SQUARES8(x, y) (float)((int32_t)(x) * (x) + (int32_t)(y) * (y))
#define SQUARES16(x, y) ((double)(x) * (double)(x) + (double)(y) * (double)(y))
GRADIENT(8, uint8_t, int16_t, float, sqrtf)
GRADIENT(16, uint16_t, int32_t, double, sqrt)

void ck_gradient_apply(ck_gradient g, const void *params, void *scratch, ck_view in, ck_view out)
{
    int part = ((const ck_gradient_params *)params)->part;
    size_t c = out.shape.channels, n = (size_t)out.shape.w * c;
    void *change = scratch, *mean = (uint8_t *)scratch + row_nbytes(out.shape);

    for (int32_t y = 0; y < out.shape.h; y++) {
        const void *above = ck_row(in, y), *here = ck_row(in, y + 1), *below = ck_row(in, y + 2);
        if (out.shape.depth == 8)
            row8(above, here, below, g, part, c, change, mean, ck_row(out, y), n);
        else
            row16(above, here, below, g, part, c, change, mean, (uint16_t *)ck_row(out, y), n);
    }
}
