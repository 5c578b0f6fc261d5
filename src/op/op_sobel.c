/* sobel: gradients. */
#include "op/gradient.h"

static void apply(const void *p, const void *state, void *work, ck_view in, ck_view out)
{
    (void)state;
    ck_gradient_apply((ck_gradient){.side = 1, .middle = 2}, p, work, in, out);
}

const ck_op ck_op_sobel = {
    .name = "sobel",
    .summary = "edges: Sobel gradient of each colour",
    .details = "magnitude: out = sqrt(gx^2 + gy^2), rounded half up and clamped, for each gray or colour sample, with "
               "the 3 x 3 kernels of Sobel and Feldman (1968): gx = [-1 0 1; -2 0 2; -1 0 1], gy its transpose. "
               "x, y: out = g / 8 + 128 (16 bit: 32768), rounded half up. Borders are as --border says. Colours are "
               "premultiplied for it (Porter and Duff 1984); alpha stays.",
    .traits = CK_OP_PREMULTIPLY | CK_OP_KEEPS_ALPHA,
    .options = ck_gradient_options,
    .params_size = sizeof(ck_gradient_params),
    .halo = ck_gradient_halo,
    .scratch = ck_gradient_scratch,
    .apply = apply,
};
