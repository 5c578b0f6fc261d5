/* median: the middle value of a square window. */
#include "op/clones.h"
#include "op/median_levels.h"
#include "op/median_tiles.h"
#include "op/median_wide.h"
#include "op/op.h"
#include "op/square.h"

#include <stddef.h>

#include "base/checked.h"

/* Up to these, each way is the fastest one. */
enum {
    NETWORK_RADIUS = 2,
    TILES_RADIUS_8 = 15,
    TILES_BEFORE_LEVELS = 8, /* where the processor is quick with levels */
    TILES_RADIUS_16 = CK_MEDIAN_TILES_MOST
};

#define NAME(x) x##_8
#define SAMPLE uint8_t
#include "op/median_net.inc"

#define NAME(x) x##_16
#define SAMPLE uint16_t
#include "op/median_net.inc"

static int32_t tiles_most(int32_t depth)
{
    return depth == 16 ? TILES_RADIUS_16 : ck_median_levels_suit() ? TILES_BEFORE_LEVELS : TILES_RADIUS_8;
}

static ck_status prepare(const void *p, ck_shape in, void *state, ck_error *err)
{
    int32_t radius = ck_square_halo(p);

    if (radius <= NETWORK_RADIUS || radius > tiles_most(in.depth))
        return CK_OK;
    return ck_median_tiles_make(radius, in, state, err);
}

static void release(void *state)
{
    ck_median_tiles_release(state);
}

/* A smaller block may be one that tiles do not suit. */
static size_t scratch(const void *p, const void *state, ck_shape in, ck_shape out)
{
    size_t rows = 2 * (size_t)ck_square_halo(p) + 1, nbytes, tiles = 0;
    const ck_median_tiles *m = state;

    if (ck_square_halo(p) <= NETWORK_RADIUS)
        return ck_mul((size_t)in.w, rows * ck_pixel_nbytes(out), &nbytes) ? nbytes : SIZE_MAX;
    nbytes = out.depth == 8 ? ck_median_levels_scratch() : ck_median_wide16_scratch();
    if (m->code.words)
        tiles = ck_median_tiles_scratch(m, out);
    return tiles > nbytes ? tiles : nbytes;
}

static void apply(const void *p, const void *state, void *work, ck_view in, ck_view out)
{
    int32_t radius = ck_square_halo(p);
    bool wide = radius > NETWORK_RADIUS;

    if (wide && ck_median_tiles_suit(state, out.shape))
        ck_median_tiles_run(state, work, in, out);
    else if (out.shape.depth == 8 && wide)
        (ck_median_levels_suit() ? ck_median_levels : ck_median_wide8)(radius, work, in, out);
    else if (out.shape.depth == 8)
        small_8(radius, work, in, out);
    else
        (wide ? ck_median_wide16 : small_16)(radius, work, in, out);
}

/* Networks of windows, of tiles, and histograms, at a cost that does not grow with the radius. */
static double cost(const void *p)
{
    int32_t radius = ck_square_halo(p);

    return radius <= NETWORK_RADIUS ? 0.5 * radius * radius : radius <= TILES_RADIUS_8 ? 2.3 * radius - 2 : 50;
}

static const chunkimg_option options[] = {
    CK_SQUARE_RADIUS(50),
    {.name = NULL},
};

const ck_op ck_op_median = {
    .name = "median",
    .summary = "median of a square window: removes specks, keeps edges",
    .details = "out = the middle one of the (2 RADIUS + 1)^2 sorted samples, for each channel by itself, exact at "
               "either depth. Up to RADIUS 15 (16 bit: 20) by networks of comparators that the windows of a tile share "
               "(Adams 2021, Sugy 2025); above, at 8 bit, counts of what lies below each value (with AVX-512, from RADIUS 9 "
               "on) or histograms in constant time (Perreault and Hebert 2007), and "
               "sliding counts at 16 bit (Huang, Yang and Tang 1979). Borders are as --border says; alpha is premultiplied "
               "(Porter and Duff 1984) and filtered like the colours.",
    .traits = CK_OP_PREMULTIPLY,
    .options = options,
    .params_size = sizeof(ck_square),
    .state_size = sizeof(ck_median_tiles),
    .halo = ck_square_halo,
    .prepare = prepare,
    .scratch_at = scratch,
    .apply = apply,
    .cost = cost,
    .release = release,
};
