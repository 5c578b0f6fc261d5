/*
 * A square window is a column, then a row. The best of 2n neighbours is that
 * of two bests of n, so whole rows are doubled until two overlapping ones
 * cover the window: log n vector operations a sample, and for small windows
 * the samples themselves. (Van Herk 1992 and Gil and Werman 1993 need three
 * whatever the size, but one after the other along the row.)
 */
#include "op/extreme.h"

#include "base/checked.h"
#include "op/clones.h"

enum { DIRECT_WINDOW = 7 };

static size_t row_nbytes(ck_shape in)
{
    size_t nbytes = ck_round_up(ck_row_nbytes(in), 64);

    return nbytes % 4096 ? nbytes : nbytes + 64; /* rows a page apart would share sets of the cache */
}

#define NAME(x) least8_##x
#define SAMPLE uint8_t
#define BEST(a, b) ((a) < (b) ? (a) : (b))
#include "op/extreme.inc"

#define NAME(x) most8_##x
#define SAMPLE uint8_t
#define BEST(a, b) ((a) > (b) ? (a) : (b))
#include "op/extreme.inc"

#define NAME(x) least16_##x
#define SAMPLE uint16_t
#define BEST(a, b) ((a) < (b) ? (a) : (b))
#include "op/extreme.inc"

#define NAME(x) most16_##x
#define SAMPLE uint16_t
#define BEST(a, b) ((a) > (b) ? (a) : (b))
#include "op/extreme.inc"

size_t ck_extreme_scratch(int32_t radius, ck_shape out)
{
    ck_shape in = out;
    size_t rows = 3, nbytes;

    if (out.w > INT32_MAX - 2 * radius)
        return SIZE_MAX;
    in.w += 2 * radius;
    if (2 * radius + 1 > DIRECT_WINDOW)
        rows += (size_t)out.h + 2 * (size_t)radius;
    return ck_mul(row_nbytes(in), rows, &nbytes) ? nbytes : SIZE_MAX;
}

void ck_extreme(bool greatest, int32_t radius, void *scratch, ck_view in, ck_view out)
{
    size_t window = 2 * (size_t)radius + 1;

    if (out.shape.depth == 8)
        (greatest ? most8_block : least8_block)(window, scratch, in, out);
    else
        (greatest ? most16_block : least16_block)(window, scratch, in, out);
}
