/* emboss: light from the upper left. */
#include "op/op.h"
#include "op/taps.h"

static ck_status prepare(const void *p, ck_shape in, void *s, ck_error *err)
{
    static const int32_t weights[9] = {-2, -1, 0, -1, 1, 1, 0, 1, 2};

    (void)p, (void)in, (void)err;
    ck_taps_init(s, 3, weights);
    return CK_OK;
}

static void apply(const void *p, const void *state, void *work, ck_view in, ck_view out)
{
    (void)p;
    ck_taps_apply(state, (ck_taps_end){.divisor = 1}, work, in, out);
}

const ck_op ck_op_emboss = {
    .name = "emboss",
    .summary = "relief, lit from the upper left",
    .details = "out = the sum of the neighbours times [-2 -1 0; -1 1 1; 0 1 2], clamped, for each gray or colour sample: "
               "the sample and its slope towards the lower right. Borders are as --border says. Colours are premultiplied for it "
               "(Porter and Duff 1984); alpha stays.",
    .traits = CK_OP_PREMULTIPLY | CK_OP_KEEPS_ALPHA,
    .state_size = sizeof(ck_taps),
    .halo = ck_taps_halo_of_3,
    .prepare = prepare,
    .scratch = ck_taps_scratch_of_3,
    .apply = apply,
};
