#include "op/morphology.h"

#include "base/checked.h"
#include "op/extreme.h"

const chunkimg_option ck_morphology_options[] = {
    CK_SQUARE_RADIUS(CK_EXTREME_RADIUS_MOST),
    {.name = NULL},
};

/* ---- one pass ----------------------------------------------------------------- */

size_t ck_morphology_scratch(const void *params, ck_shape out)
{
    return ck_extreme_scratch(ck_square_halo(params), out);
}

void ck_morphology_erode(const void *params, const void *state, void *scratch, ck_view in, ck_view out)
{
    (void)state;
    ck_extreme(false, ck_square_halo(params), scratch, in, out);
}

void ck_morphology_dilate(const void *params, const void *state, void *scratch, ck_view in, ck_view out)
{
    (void)state;
    ck_extreme(true, ck_square_halo(params), scratch, in, out);
}

/* ---- two passes ---------------------------------------------------------------- */

int32_t ck_morphology_halo_twice(const void *params)
{
    return 2 * ck_square_halo(params);
}

/* Between the two: the block with the halo of the second. */
static ck_shape between(int32_t radius, ck_shape out)
{
    out.w += 2 * radius;
    out.h += 2 * radius;
    return out;
}

static size_t stride_of(ck_shape shape)
{
    return ck_round_up(ck_row_nbytes(shape), 64);
}

size_t ck_morphology_scratch_twice(const void *params, ck_shape out)
{
    int32_t radius = ck_square_halo(params);
    size_t nbytes;

    if (out.w > INT32_MAX - 4 * radius || out.h > INT32_MAX - 4 * radius)
        return SIZE_MAX;
    ck_shape middle = between(radius, out);
    if (!ck_mul(stride_of(middle), (size_t)middle.h, &nbytes) ||
        !ck_add(nbytes, ck_extreme_scratch(radius, middle), &nbytes))
        return SIZE_MAX;
    return nbytes;
}

/* `greatest`: which the first pass takes; the second takes the other. */
static void twice(bool greatest, int32_t radius, void *scratch, ck_view in, ck_view out)
{
    ck_shape shape = between(radius, out.shape);
    ck_view middle = {scratch, (ptrdiff_t)stride_of(shape), shape};
    void *rest = middle.px + stride_of(shape) * (size_t)shape.h;

    ck_extreme(greatest, radius, rest, in, middle);
    ck_extreme(!greatest, radius, rest, middle, out);
}

void ck_morphology_open(const void *params, const void *state, void *scratch, ck_view in, ck_view out)
{
    (void)state;
    twice(false, ck_square_halo(params), scratch, in, out);
}

void ck_morphology_close(const void *params, const void *state, void *scratch, ck_view in, ck_view out)
{
    (void)state;
    twice(true, ck_square_halo(params), scratch, in, out);
}
