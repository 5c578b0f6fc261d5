/* How often each value occurs: what operations that look at the whole image first count. */
#ifndef CK_OP_HISTOGRAM_H
#define CK_OP_HISTOGRAM_H

#include "core/image.h"

/* Bins of a channel: one for every value. */
static inline size_t ck_histogram_bins(ck_shape s)
{
    return (size_t)1 << s.depth;
}

/*
 * Adds the colour samples of `in` to counts[c * bins + (value >> shift)] for channel c, bins being 2^(depth - shift).
 * Pixels that are wholly transparent have no colour and are left out.
 */
void ck_histogram_add(ck_view in, unsigned shift, uint64_t *counts);

/* into[i] += from[i] */
void ck_histogram_join(uint64_t *into, const uint64_t *from, size_t n);

#endif
