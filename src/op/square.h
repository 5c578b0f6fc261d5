/* Operations on a square window that take its radius: box, median, and the morphology. */
#ifndef CK_OP_SQUARE_H
#define CK_OP_SQUARE_H

#include <stddef.h>

#include "op/op.h"

typedef struct ck_square {
    int64_t radius; /* pixels */
} ck_square;

/* The one row of their options, with the largest radius, for the params ck_square. */
#define CK_SQUARE_RADIUS(greatest)                                                                                    \
    {.name = "radius", .type = CHUNKIMG_INT, .offset = offsetof(ck_square, radius), .least = 1, .most = greatest,     \
     .unit = "pixels", .fallback = "1", .value = "RADIUS", .help = "the window is 2 RADIUS + 1 pixels wide and high"}

/* Their halo: the radius. */
static inline int32_t ck_square_halo(const void *params)
{
    return (int32_t)((const ck_square *)params)->radius;
}

#endif
