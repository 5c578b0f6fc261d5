/*
 * Sums of neighbours times whole weights, for conv and the kernels that have
 * operations of their own. Exact: the order of summing makes no difference.
 */
#ifndef CK_OP_TAPS_H
#define CK_OP_TAPS_H

#include "core/image.h"

enum { CK_TAPS_SIDE_MOST = 15, CK_TAPS_MOST = CK_TAPS_SIDE_MOST * CK_TAPS_SIDE_MOST, CK_TAPS_SUM_MOST = 32767 };

/* What becomes of a sum: out = floor(sum / divisor + 1/2) + offset, clamped; of its absolute value where `magnitude`. */
typedef struct ck_taps_end {
    int32_t divisor; /* from 1 on */
    int32_t offset;  /* sample units */
    bool magnitude;
} ck_taps_end;

typedef struct ck_taps {
    int32_t radius; /* pixels */
    int32_t count;  /* of weights that are not 0 */
    int32_t sum;    /* of the weights' absolute values, at most CK_TAPS_SUM_MOST */
    int16_t dx[CK_TAPS_MOST], dy[CK_TAPS_MOST], weight[CK_TAPS_MOST]; /* dx, dy from 0 on */
    /* Where the kernel is the product of a column and a row, these, and it is large enough to pay. */
    bool separable;
    int16_t column[CK_TAPS_SIDE_MOST], row[CK_TAPS_SIDE_MOST];
} ck_taps;

/* `weights`: side x side of them, row by row; side odd, the sum of absolute values within CK_TAPS_SUM_MOST. */
void ck_taps_init(ck_taps *t, int32_t side, const int32_t *weights);

/* Bytes of scratch for an output of this shape; SIZE_MAX where they cannot be counted. */
size_t ck_taps_scratch(int32_t radius, ck_shape out);

/* Slots of operations whose kernel is always 3 x 3. */
static inline int32_t ck_taps_halo_of_3(const void *params)
{
    (void)params;
    return 1;
}

static inline size_t ck_taps_scratch_of_3(const void *params, ck_shape out)
{
    (void)params;
    return ck_taps_scratch(1, out);
}

/* `in` has a halo of t->radius. */
void ck_taps_apply(const ck_taps *t, ck_taps_end end, void *scratch, ck_view in, ck_view out);

#endif
