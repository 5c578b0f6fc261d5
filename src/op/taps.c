#include "op/taps.h"

#include <stdlib.h>
#include <string.h>

#include "base/checked.h"
#include "op/clones.h"

enum {
    SEPARABLE_SIDE = 5,
    TURN = 32 /* samples */
};

/* ---- making ------------------------------------------------------------------- */

static int32_t common_divisor(int32_t a, int32_t b)
{
    return b ? common_divisor(b, a % b) : abs(a);
}

/* Whether the kernel is column x row in whole numbers: the row is its first one that is not zero, without common factors. */
static bool separate(ck_taps *t, int32_t side, const int32_t *weights)
{
    int32_t first = 0, x0 = 0, divisor = 0;

    while (first < side * side && !weights[first])
        first++;
    if (first == side * side)
        return false;
    x0 = first % side;
    for (int32_t x = 0; x < side; x++)
        divisor = common_divisor(divisor, weights[first - x0 + x]);
    for (int32_t x = 0; x < side; x++)
        t->row[x] = (int16_t)(weights[first - x0 + x] / divisor);
    for (int32_t y = 0; y < side; y++) {
        t->column[y] = (int16_t)(weights[y * side + x0] / t->row[x0]);
        for (int32_t x = 0; x < side; x++)
            if (weights[y * side + x] != t->column[y] * t->row[x])
                return false;
    }
    return true;
}

void ck_taps_init(ck_taps *t, int32_t side, const int32_t *weights)
{
    memset(t, 0, sizeof *t);
    t->radius = side / 2;
    for (int32_t i = 0; i < side * side; i++) {
        t->sum += abs(weights[i]);
        if (weights[i]) {
            t->dx[t->count] = (int16_t)(i % side);
            t->dy[t->count] = (int16_t)(i / side);
            t->weight[t->count++] = (int16_t)weights[i];
        }
    }
    if (!t->count)
        t->count = 1; /* one weight of 0 */
    t->separable = side >= SEPARABLE_SIDE && t->count > 2 * side && separate(t, side, weights);
}

/* ---- scratch --------------------------------------------------------------------- */

static size_t row_nbytes(ck_shape in)
{
    return ck_round_up((size_t)in.w * in.channels * sizeof(int32_t), 64);
}

size_t ck_taps_scratch(int32_t radius, ck_shape out)
{
    ck_shape in = out;

    if (out.w > INT32_MAX - 2 * radius)
        return SIZE_MAX;
    in.w += 2 * radius;
    return row_nbytes(in) + row_nbytes(out);
}

/* ---- running ---------------------------------------------------------------------- */

/* k for 2^k, -1 for what is no power of two. */
static int power_of_two(int32_t n)
{
    int k = 0;

    while (n >> (k + 1))
        k++;
    return n == (int32_t)1 << k ? k : -1;
}

/* ---- vectors: twice as fast for large kernels as what the compiler finds ---- */

typedef void (*sum_rows)(const uint8_t *const *rows, const int16_t *weights, size_t count, int32_t *out, size_t n);

#define LANES_TEMPLATE "op/taps_lanes.inc"
#include "op/lanes_each.inc"

/* False: no vectors, or too few samples for one; nothing was done. */
static bool fast_rows8(const uint8_t *const *rows, const int16_t *weights, size_t count, int32_t *out, size_t n)
{
    sum_rows sum = LANES_BEST(n, (sum_rows)NULL, rows8);

    if (sum)
        sum(rows, weights, count, out, n);
    return sum != NULL;
}

static bool no_fast(const void *rows, const int16_t *weights, size_t count, void *out, size_t n)
{
    (void)rows, (void)weights, (void)count, (void)out, (void)n;
    return false;
}

/* ---- one block ---- */

/* Small sums at 8 bit: twice as many fit a vector. Float is exact enough for them: 2 s + d is below 2^22. */
#define NAME(x) small8_##x
#define SAMPLE uint8_t
#define SUM int16_t
#define REAL float
#define FAST no_fast
#include "op/taps.inc"

#define NAME(x) large8_##x
#define SAMPLE uint8_t
#define SUM int32_t
#define REAL double
#define FAST fast_rows8
#include "op/taps.inc"

#define NAME(x) large16_##x
#define SAMPLE uint16_t
#define SUM int32_t
#define REAL double
#define FAST no_fast
#include "op/taps.inc"

void ck_taps_apply(const ck_taps *t, ck_taps_end end, void *scratch, ck_view in, ck_view out)
{
    bool small = t->sum * 255 + end.divisor / 2 <= INT16_MAX;

    if (in.shape.depth == 16)
        large16_block(t, end, scratch, in, out);
    else
        (small ? small8_block : large8_block)(t, end, scratch, in, out);
}
