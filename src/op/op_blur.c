/* blur: Gaussian. The arithmetic is in gauss.c. */
#include "op/gauss.h"
#include "op/op.h"

#include <stddef.h>

typedef struct params {
    double sigma; /* pixels */
} params;

static int32_t halo(const void *p)
{
    return ck_gauss_radius(((const params *)p)->sigma);
}

static ck_status prepare(const void *p, ck_shape in, void *state, ck_error *err)
{
    (void)in, (void)err;
    ck_gauss_init(state, ((const params *)p)->sigma);
    return CK_OK;
}

static size_t scratch(const void *p, ck_shape out)
{
    return ck_gauss_scratch(((const params *)p)->sigma, out);
}

static void apply(const void *p, const void *state, void *work, ck_view in, ck_view out)
{
    (void)p;
    ck_gauss_start(state, work, in);
    for (int32_t y = 0; y < out.shape.h; y++)
        ck_gauss_row(state, work, in, y, ck_row(out, y));
}

static const chunkimg_option options[] = {
    CK_GAUSS_SIGMA(params, sigma),
    {.name = NULL},
};

const ck_op ck_op_blur = {
    .name = "blur",
    .summary = "Gaussian blur",
    .details = "Weights exp(-k^2 / (2 SIGMA^2)) for k up to ceil(3 SIGMA), scaled to 16-bit fixed point that sums "
               "to exactly 1; columns first, then rows, each sum exact and rounded once (half up; 6 more bits are "
               "kept in between at 8 bit). From SIGMA 7.5 on the weights are straight lines between knots SIGMA / 3 apart, "
               "up to 3.25 SIGMA, and the cost does not depend on SIGMA: no image differs from the Gaussian by more than "
               "1.2 / 255 of the maximum, and 3 more bits are kept in between. Borders are as --border says. Alpha is "
               "premultiplied (Porter and Duff 1984), so transparent colours do not bleed.",
    .traits = CK_OP_PREMULTIPLY,
    .options = options,
    .params_size = sizeof(params),
    .state_size = sizeof(ck_gauss),
    .halo = halo,
    .prepare = prepare,
    .scratch = scratch,
    .apply = apply,
};
