/* Pixels to other places, unchanged: what flips and quarter turns share. */
#ifndef CK_OP_TURN_H
#define CK_OP_TURN_H

#include "core/image.h"

/*
 * out(x, y) is the pixel of `in` at (x0, y0) + x (ax, ay) + y (bx, by), where
 * each step is 0, 1 or -1 and one of ax, ay and of bx, by is 0.
 */
typedef struct ck_turn {
    int32_t x0, y0, ax, ay, bx, by;
} ck_turn;

void ck_turn_pixels(ck_turn t, ck_view in, ck_view out);

#endif
