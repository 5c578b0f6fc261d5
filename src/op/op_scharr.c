/* scharr: gradients. */
#include "op/gradient.h"

static void apply(const void *p, const void *state, void *work, ck_view in, ck_view out)
{
    (void)state;
    ck_gradient_apply((ck_gradient){.side = 3, .middle = 10}, p, work, in, out);
}

const ck_op ck_op_scharr = {
    .name = "scharr",
    .summary = "edges: Scharr gradient of each colour",
    .details = "magnitude: out = sqrt(gx^2 + gy^2) / 4, rounded half up and clamped, for each gray or colour sample, with "
               "the 3 x 3 kernels of Scharr (2000): gx = [-3 0 3; -10 0 10; -3 0 3], gy its transpose. "
               "x, y: out = g / 32 + 128 (16 bit: 32768), rounded half up. Borders are as --border says. Colours are "
               "premultiplied for it (Porter and Duff 1984); alpha stays.",
    .traits = CK_OP_PREMULTIPLY | CK_OP_KEEPS_ALPHA,
    .options = ck_gradient_options,
    .params_size = sizeof(ck_gradient_params),
    .halo = ck_gradient_halo,
    .scratch = ck_gradient_scratch,
    .apply = apply,
};
