/* Medians of windows by networks that the windows of a tile share. */
#ifndef CK_OP_MEDIAN_TILES_H
#define CK_OP_MEDIAN_TILES_H

#include "base/error.h"
#include "core/image.h"
#include "op/sortnet.h"

enum { CK_MEDIAN_TILES_MOST = 20 /* the largest radius */ };

/* Zeros: none. */
typedef struct ck_median_tiles {
    ck_net_code code;
    int32_t radius, w, h; /* of a tile */
} ck_median_tiles;

/* Makes the network for a radius of 3 .. CK_MEDIAN_TILES_MOST pixels and samples of this shape. */
ck_status ck_median_tiles_make(int32_t radius, ck_shape shape, ck_median_tiles *m, ck_error *err);

void ck_median_tiles_release(ck_median_tiles *m);

/*
 * Whether it is worth it for an output of this shape: a network takes as long for a few tiles as for its lanes full of
 * them.
 */
bool ck_median_tiles_suit(const ck_median_tiles *m, ck_shape out);

/* Bytes of scratch for an output of this shape, SIZE_MAX where it cannot be counted. */
size_t ck_median_tiles_scratch(const ck_median_tiles *m, ck_shape out);

/* `in` has a halo of the radius. Any thread. */
void ck_median_tiles_run(const ck_median_tiles *m, void *scratch, ck_view in, ck_view out);

#endif
