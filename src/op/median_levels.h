/* Medians of 8 bit by levels: how often a window's samples are below each value that a median may have. */
#ifndef CK_OP_MEDIAN_LEVELS_H
#define CK_OP_MEDIAN_LEVELS_H

#include "core/image.h"

/* Whether this processor can. */
bool ck_median_levels_suit(void);

size_t ck_median_levels_scratch(void);

/* Radius 1 .. 50 pixels; `in` has a halo of it; scratch is 64-byte aligned. */
void ck_median_levels(int32_t radius, void *scratch, ck_view in, ck_view out);

#endif
