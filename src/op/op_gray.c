/* gray: luma of Rec. ITU-R BT.601. */
#include "op/clones.h"
#include "op/op.h"

#include <string.h>

/* 0.299, 0.587 and 0.114 times 65536, rounded; they sum to 65536, so that white stays white. */
enum { RED = 19595, GREEN = 38470, BLUE = 7471, HALF = 32768 };

static ck_shape shape(const void *params, ck_shape in)
{
    (void)params;
    in.channels = ck_has_alpha(in) ? 2 : 1;
    return in;
}

#define LUMA(p) (((p)[0] * (uint32_t)RED + (p)[1] * (uint32_t)GREEN + (p)[2] * (uint32_t)BLUE + HALF) >> 16)

#define ROW(name, sample, from, to)                                                                                   \
    CK_CLONES static void name(const sample *restrict in, sample *restrict out, size_t n)                             \
    {                                                                                                                 \
        for (size_t i = 0; i < n; i++)                                                                                \
            out[(to) * i] = (sample)LUMA(in + (from) * i);                                                            \
    }

ROW(rgb8, uint8_t, 3, 1)
ROW(rgb16, uint16_t, 3, 1)
ROW(rgba8, uint8_t, 4, 2)
ROW(rgba16, uint16_t, 4, 2)

static void gray_row(const uint8_t *in, uint8_t *out, ck_shape from)
{
    size_t n = (size_t)from.w;

    if (from.channels < 3)
        memcpy(out, in, ck_row_nbytes(from));
    else if (from.depth == 8)
        (from.channels == 3 ? rgb8 : rgba8)(in, out, n);
    else
        (from.channels == 3 ? rgb16 : rgba16)((const uint16_t *)in, (uint16_t *)out, n);
}

static void apply(const void *params, const void *state, void *scratch, ck_view in, ck_view out)
{
    (void)params, (void)state, (void)scratch;
    for (int32_t y = 0; y < out.shape.h; y++)
        gray_row(ck_row(in, y), ck_row(out, y), in.shape);
}

const ck_op ck_op_gray = {
    .name = "gray",
    .summary = "luma of the colours: RGB becomes one channel, RGBA two",
    .details = "out = (19595 R + 38470 G + 7471 B + 32768) / 65536, rounded down: the luma of Rec. ITU-R BT.601 "
               "(0.299, 0.587, 0.114) on the samples as they are stored. Alpha stays; a gray image stays as it is.",
    .traits = CK_OP_KEEPS_ALPHA,
    .shape = shape,
    .apply = apply,
};
