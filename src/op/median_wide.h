/* Medians of windows too large for networks, by counting. */
#ifndef CK_OP_MEDIAN_WIDE_H
#define CK_OP_MEDIAN_WIDE_H

#include "core/image.h"

/* Radius 1 .. 50 pixels; `in` has a halo of it. */
size_t ck_median_wide8_scratch(void);
void ck_median_wide8(int32_t radius, void *scratch, ck_view in, ck_view out);

size_t ck_median_wide16_scratch(void);
void ck_median_wide16(int32_t radius, void *scratch, ck_view in, ck_view out);

#endif
