/* The least or greatest sample of a square window, for erode, dilate, open and close. */
#ifndef CK_OP_EXTREME_H
#define CK_OP_EXTREME_H

#include "core/image.h"

enum { CK_EXTREME_RADIUS_MOST = 200 };

/* Bytes of scratch for an output of this shape; SIZE_MAX where they cannot be counted. Radius from 1 on. */
size_t ck_extreme_scratch(int32_t radius, ck_shape out);

/* `in` has a halo of `radius`. `greatest`: dilate, else erode. */
void ck_extreme(bool greatest, int32_t radius, void *scratch, ck_view in, ck_view out);

#endif
