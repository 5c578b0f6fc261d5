/* copy: nothing. The chain leaves it out; the table needs it so that it has a name. */
#include <string.h>

#include "op/op.h"

static void apply(const void *params, const void *state, void *scratch, ck_view in, ck_view out)
{
    (void)params, (void)state, (void)scratch;
    for (int32_t y = 0; y < out.shape.h; y++)
        memcpy(ck_row(out, y), ck_row(in, y), ck_row_nbytes(out.shape));
}

const ck_op ck_op_copy = {
    .name = "copy",
    .summary = "leave the pixels as they are",
    .details = "Tiles are encoded straight from the decoded rows; nothing is computed.",
    .apply = apply,
};
