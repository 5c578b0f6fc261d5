/* open: erode, then dilate. */
#include "op/extreme.h"
#include "op/op.h"

#include <stddef.h>

#include "base/checked.h"

typedef struct params {
    int64_t radius; /* pixels */
} params;

static int32_t halo(const void *p)
{
    return 2 * (int32_t)((const params *)p)->radius;
}

/* Between the two: the block with the halo of the second. */
static ck_shape between(const void *p, ck_shape out)
{
    out.w += halo(p);
    out.h += halo(p);
    return out;
}

static size_t stride_of(ck_shape shape)
{
    return ck_round_up(ck_row_nbytes(shape), 64);
}

static size_t scratch(const void *p, ck_shape out)
{
    size_t nbytes;

    if (out.w > INT32_MAX - 2 * halo(p) || out.h > INT32_MAX - 2 * halo(p))
        return SIZE_MAX;
    ck_shape middle = between(p, out);
    if (!ck_mul(stride_of(middle), (size_t)middle.h, &nbytes) ||
        !ck_add(nbytes, ck_extreme_scratch(halo(p) / 2, middle), &nbytes))
        return SIZE_MAX;
    return nbytes;
}

static void apply(const void *p, const void *state, void *work, ck_view in, ck_view out)
{
    ck_shape shape = between(p, out.shape);
    ck_view middle = {work, (ptrdiff_t)stride_of(shape), shape};
    void *rest = middle.px + stride_of(shape) * (size_t)shape.h;

    (void)state;
    ck_extreme(false, halo(p) / 2, rest, in, middle);
    ck_extreme(true, halo(p) / 2, rest, middle, out);
}

static const chunkimg_option options[] = {
    {.name = "radius", .type = CHUNKIMG_INT, .offset = offsetof(params, radius), .least = 1, .most = CK_EXTREME_RADIUS_MOST,
     .unit = "pixels", .fallback = "1", .value = "RADIUS", .help = "the window is 2 RADIUS + 1 pixels wide and high"},
    {.name = NULL},
};

const ck_op ck_op_open = {
    .name = "open",
    .summary = "erode, then dilate: light specks go, the rest keeps its place",
    .details = "erode with RADIUS, then dilate with RADIUS: gray-scale morphology with a flat square (Serra, Image Analysis "
               "and Mathematical Morphology, 1982). What is beyond the border is that of the reflected image, which makes "
               "it the same as the two operations one after the other. Alpha is premultiplied (Porter and Duff 1984) and "
               "filtered like the colours.",
    .traits = CK_OP_PREMULTIPLY,
    .options = options,
    .params_size = sizeof(params),
    .halo = halo,
    .scratch = scratch,
    .apply = apply,
};
