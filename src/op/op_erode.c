/* erode: least sample of a square window: dark parts grow. */
#include "op/extreme.h"
#include "op/op.h"

#include <stddef.h>

typedef struct params {
    int64_t radius; /* pixels */
} params;

static int32_t halo(const void *p)
{
    return (int32_t)((const params *)p)->radius;
}

static size_t scratch(const void *p, ck_shape out)
{
    return ck_extreme_scratch(halo(p), out);
}

static void apply(const void *p, const void *state, void *work, ck_view in, ck_view out)
{
    (void)state;
    ck_extreme(false, halo(p), work, in, out);
}

static const chunkimg_option options[] = {
    {.name = "radius", .type = CHUNKIMG_INT, .offset = offsetof(params, radius), .least = 1, .most = CK_EXTREME_RADIUS_MOST,
     .unit = "pixels", .fallback = "1", .value = "RADIUS", .help = "the window is 2 RADIUS + 1 pixels wide and high"},
    {.name = NULL},
};

const ck_op ck_op_erode = {
    .name = "erode",
    .summary = "least sample of a square window: dark parts grow",
    .details = "out = the least of the (2 RADIUS + 1)^2 samples around it, for each channel by itself: gray-scale "
               "morphology with a flat square (Serra, Image Analysis and Mathematical Morphology, 1982). Borders are "
               "reflected; alpha is premultiplied (Porter and Duff 1984) and filtered like the colours.",
    .traits = CK_OP_PREMULTIPLY,
    .options = options,
    .params_size = sizeof(params),
    .halo = halo,
    .scratch = scratch,
    .apply = apply,
};
