/* median: the middle value of a square window. */
#include "op/clones.h"
#include "op/median_wide.h"
#include "op/op.h"
#include "op/square.h"

#include <stddef.h>

#include "base/checked.h"

/* Up to these, each way is the fastest one. */
enum { NETWORK_RADIUS = 2, BITS_RADIUS_8 = 4, BITS_RADIUS_16 = 5 };

#define NAME(x) x##_8
#define SAMPLE uint8_t
#include "op/median_net.inc"

#define NAME(x) x##_16
#define SAMPLE uint16_t
#include "op/median_net.inc"

#define NAME(x) x##_8
#define SAMPLE uint8_t
#define TOP 0x80
#include "op/median_bits.inc"

#define NAME(x) x##_16
#define SAMPLE uint16_t
#define TOP 0x8000
#include "op/median_bits.inc"

static size_t scratch(const void *p, ck_shape out)
{
    int32_t radius = ck_square_halo(p);
    size_t rows = 2 * (size_t)radius + 1, nbytes;

    if (radius > NETWORK_RADIUS)
        return out.depth == 8 ? ck_median_wide8_scratch() : ck_median_wide16_scratch();
    return ck_mul((size_t)out.w + 2 * (size_t)radius, rows * ck_pixel_nbytes(out), &nbytes) ? nbytes : SIZE_MAX;
}

static void apply(const void *p, const void *state, void *work, ck_view in, ck_view out)
{
    int32_t radius = ck_square_halo(p);
    bool wide = radius > NETWORK_RADIUS;

    (void)state;
    if (wide && radius <= (out.shape.depth == 8 ? BITS_RADIUS_8 : BITS_RADIUS_16) &&
        (out.shape.depth == 8 ? bits_8 : bits_16)(radius, in, out))
        return;
    if (out.shape.depth == 8)
        (wide ? ck_median_wide8 : small_8)(radius, work, in, out);
    else
        (wide ? ck_median_wide16 : small_16)(radius, work, in, out);
}

/* Networks up to radius 2, then bit counts and histograms, the latter at a cost that does not grow with the radius. */
static double cost(const void *p)
{
    int32_t radius = ck_square_halo(p);

    return radius <= NETWORK_RADIUS ? 0.5 * radius * radius : radius < 7 ? 1.4 * radius * radius : 50;
}

static const chunkimg_option options[] = {
    CK_SQUARE_RADIUS(50),
    {.name = NULL},
};

const ck_op ck_op_median = {
    .name = "median",
    .summary = "median of a square window: removes specks, keeps edges",
    .details = "out = the middle one of the (2 RADIUS + 1)^2 sorted samples, for each channel by itself, exact at "
               "either depth. Comparator networks up to RADIUS 2, bit by bit up to 4 (16 bit: 5); above, counts in constant time at 8 bit "
               "(Perreault and Hebert 2007), and sliding counts at 16 bit (Huang, Yang and Tang 1979). Borders are "
               "reflected; alpha is premultiplied (Porter and Duff 1984) and filtered like the colours.",
    .traits = CK_OP_PREMULTIPLY,
    .options = options,
    .params_size = sizeof(ck_square),
    .halo = ck_square_halo,
    .scratch = scratch,
    .apply = apply,
    .cost = cost,
};
