/* invert: the negative. */
#include "op/clones.h"
#include "op/op.h"

CK_CLONES
static void invert_row(const uint8_t *restrict in, uint8_t *restrict out, size_t nbytes)
{
    for (size_t i = 0; i < nbytes; i++)
        out[i] = (uint8_t)~in[i];
}

static void apply(const void *params, const void *state, void *scratch, ck_view in, ck_view out)
{
    (void)params, (void)state, (void)scratch;
    /* max - v flips every bit at either depth. */
    for (int32_t y = 0; y < out.shape.h; y++)
        invert_row(ck_row(in, y), ck_row(out, y), ck_row_nbytes(out.shape));
}

const ck_op ck_op_invert = {
    .name = "invert",
    .summary = "the negative: colours flipped, alpha kept",
    .details = "out = max - in for gray and colour samples, max being 255 at 8 bit and 65535 at 16 bit. Alpha "
               "stays.",
    .traits = CK_OP_KEEPS_ALPHA,
    .apply = apply,
};
