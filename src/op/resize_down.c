/* resize: columns of 8 bit. */
#include <string.h>

#include "op/clones.h"
#include "op/resize_rows.h"

enum {
    RUN = 512,       /* samples whose sums stay in the L1 cache */
    PAIRS_MOST = 16  /* in registers; of more rows each has pages of its own, and is better read along */
};

#define LANES_TEMPLATE "op/resize_lanes.inc"
#include "op/lanes_each.inc"

typedef void (*down8)(const ck_axis *y, int32_t at, const uint8_t *in, ptrdiff_t stride, int16_t *mid, size_t n);

CK_CLONES
static void add_rows8(const uint8_t *restrict a, const uint8_t *restrict b, const int16_t *two, int32_t *restrict sums, size_t n)
{
    int32_t v = two[0], w = two[1];

    for (size_t i = 0; i < n; i++)
        sums[i] += a[i] * v + b[i] * w;
}

CK_CLONES
static void end_rows8(const int32_t *restrict sums, int16_t *restrict mid, size_t n)
{
    for (size_t i = 0; i < n; i++)
        mid[i] = (int16_t)((sums[i] + (1 << (CK_WEIGHT_BITS_8 - CK_RESIZE_MORE_8 - 1))) >> (CK_WEIGHT_BITS_8 - CK_RESIZE_MORE_8));
}

static void plain_down8(const ck_axis *y, int32_t at, const uint8_t *in, ptrdiff_t stride, int16_t *mid, size_t n)
{
    int32_t sums[RUN], count = y->count[at];

    for (size_t i = 0; i < n; i += RUN) {
        size_t run = n - i < RUN ? n - i : RUN;

        memset(sums, 0, run * sizeof *sums);
        for (int32_t k = 0; k < count; k += 2) {
            const uint8_t *row = in + k * stride + i;
            add_rows8(row, k + 1 < count ? row + stride : row, ck_axis_pair(y, k / 2, at), sums, run);
        }
        end_rows8(sums, mid + i, run);
    }
}

void ck_resize_down8(const ck_axis *y, int32_t at, const uint8_t *in, ptrdiff_t stride, int16_t *mid, size_t n)
{
    down8 down = y->count[at] <= 2 * PAIRS_MOST ? LANES_BEST(n, plain_down8, down8) : plain_down8;

    down(y, at, in, stride, mid, n);
}
