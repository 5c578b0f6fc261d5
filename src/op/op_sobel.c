/* sobel: gradients. */
#include "op/gradient.h"

#include <stddef.h>

typedef struct params {
    int part; /* index into ck_gradient_parts */
} params;

static const ck_gradient kernel = {.side = 1, .middle = 2};

static int32_t halo(const void *p)
{
    (void)p;
    return 1;
}

static size_t scratch(const void *p, ck_shape out)
{
    (void)p;
    return ck_gradient_scratch(out);
}

static void apply(const void *p, const void *state, void *work, ck_view in, ck_view out)
{
    (void)state;
    ck_gradient_apply(kernel, ((const params *)p)->part, work, in, out);
}

static const chunkimg_option options[] = {
    {.name = "part", .type = CHUNKIMG_CHOICE, .offset = offsetof(params, part), .choices = ck_gradient_parts,
     .fallback = "magnitude", .value = "magnitude|x|y", .help = "x, y: that derivative with its sign, on mid-gray"},
    {.name = NULL},
};

const ck_op ck_op_sobel = {
    .name = "sobel",
    .summary = "edges: Sobel gradient of each colour",
    .details = "magnitude: out = sqrt(gx^2 + gy^2), rounded half up and clamped, for each gray or colour sample, with "
               "the 3 x 3 kernels of Sobel and Feldman (1968): gx = [-1 0 1; -2 0 2; -1 0 1], gy its transpose. "
               "x, y: out = g / 8 + 128 (16 bit: 32768), rounded half up. Borders are reflected. Colours are "
               "premultiplied for it (Porter and Duff 1984); alpha stays.",
    .traits = CK_OP_PREMULTIPLY | CK_OP_KEEPS_ALPHA,
    .options = options,
    .params_size = sizeof(params),
    .halo = halo,
    .scratch = scratch,
    .apply = apply,
};
