/* The network of a tile of medians. */
#ifndef CK_OP_MEDIAN_TILES_NET_H
#define CK_OP_MEDIAN_TILES_NET_H

#include "op/sortnet.h"

/*
 * A tile has w x h outputs, powers of two below 2 radius + 1. Input
 * (row * w + column) is a plane of samples, every w-th of a row, from pixel
 * column - 1 beyond the left end of the tile's first window: the pixel x of a
 * window is plane (x + 1) % w at place (x + 1) / w. Rows 0 .. 2 radius + h - 1.
 * `outs` takes the w * h wires of the medians, row after row. False
 * without memory.
 */
bool ck_median_tiles_net(ck_net *net, int32_t radius, int32_t w, int32_t h, ck_wire *outs);

#endif
