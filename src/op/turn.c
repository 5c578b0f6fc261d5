#include "op/turn.h"

#include <string.h>

/* A square of this side is read and written while its cache lines stay: 32 rows of up to 8 bytes x 32. */
enum { SIDE = 32 };

/* Pixels of `n` bytes; a constant, so that a copy is a few moves. */
#define TURN(name, n)                                                                                                 \
    static void name(const uint8_t *from, ptrdiff_t across, ptrdiff_t down, ck_view out)                              \
    {                                                                                                                 \
        for (int32_t y0 = 0; y0 < out.shape.h; y0 += SIDE)                                                            \
            for (int32_t x0 = 0; x0 < out.shape.w; x0 += SIDE) {                                                      \
                int32_t y1 = y0 + SIDE < out.shape.h ? y0 + SIDE : out.shape.h;                                       \
                int32_t x1 = x0 + SIDE < out.shape.w ? x0 + SIDE : out.shape.w;                                       \
                for (int32_t y = y0; y < y1; y++) {                                                                   \
                    const uint8_t *p = from + y * down + x0 * across;                                                 \
                    uint8_t *to = ck_row(out, y) + (size_t)x0 * (n);                                                  \
                    for (int32_t x = x0; x < x1; x++, p += across, to += (n))                                         \
                        memcpy(to, p, n);                                                                             \
                }                                                                                                     \
            }                                                                                                         \
    }

TURN(turn1, 1)
TURN(turn2, 2)
TURN(turn3, 3)
TURN(turn4, 4)
TURN(turn6, 6)
TURN(turn8, 8)

void ck_turn_pixels(ck_turn t, ck_view in, ck_view out)
{
    static void (*const by_size[9])(const uint8_t *, ptrdiff_t, ptrdiff_t, ck_view) = {
        [1] = turn1, [2] = turn2, [3] = turn3, [4] = turn4, [6] = turn6, [8] = turn8};
    size_t pixel = ck_pixel_nbytes(in.shape);
    ptrdiff_t n = (ptrdiff_t)pixel;

    by_size[pixel](ck_row(in, t.y0) + t.x0 * n, t.ax * n + t.ay * in.stride, t.bx * n + t.by * in.stride, out);
}
