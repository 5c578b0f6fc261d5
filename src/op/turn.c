#include "op/turn.h"

#include <string.h>

/* A square of this side is read and written while its cache lines stay: 32 rows of up to 8 bytes x 32. */
enum { SIDE = 32 };

/* n pixels of one row; `spare`: a byte more than each pixel may be read. */
typedef void run(const uint8_t *from, ptrdiff_t step, uint8_t *to, int32_t n, bool spare);

/* Pixels of `size` bytes; a constant, so that a copy is a few moves. */
#define RUN(name, size)                                                                                               \
    static void name(const uint8_t *from, ptrdiff_t step, uint8_t *to, int32_t n, bool spare)                         \
    {                                                                                                                 \
        (void)spare;                                                                                                  \
        for (int32_t i = 0; i < n; i++, from += step, to += (size))                                                   \
            memcpy(to, from, size);                                                                                   \
    }

RUN(run1, 1)
RUN(run2, 2)
RUN(run4, 4)
RUN(run6, 6)
RUN(run8, 8)

/* One move of four bytes instead of two; the fourth is overwritten by the next pixel. */
static void run3(const uint8_t *from, ptrdiff_t step, uint8_t *to, int32_t n, bool spare)
{
    int32_t i = 0;

    for (; spare && i + 1 < n; i++, from += step, to += 3)
        memcpy(to, from, 4);
    for (; i < n; i++, from += step, to += 3)
        memcpy(to, from, 3);
}

void ck_turn_pixels(ck_turn t, ck_view in, ck_view out)
{
    static run *const by_size[9] = {[1] = run1, [2] = run2, [3] = run3, [4] = run4, [6] = run6, [8] = run8};
    size_t pixel = ck_pixel_nbytes(in.shape);
    ptrdiff_t n = (ptrdiff_t)pixel, across = t.ax * n + t.ay * in.stride, down = t.bx * n + t.by * in.stride;
    const uint8_t *from = ck_row(in, t.y0) + t.x0 * n;
    int32_t wide = t.ax ? out.shape.w : SIDE; /* a row that stays a row is in the cache as it is */
    int32_t last = in.shape.w - 1;

    for (int32_t y0 = 0; y0 < out.shape.h; y0 += SIDE)
        for (int32_t x0 = 0; x0 < out.shape.w; x0 += wide) {
            int32_t y1 = y0 + SIDE < out.shape.h ? y0 + SIDE : out.shape.h;
            int32_t x1 = x0 + wide < out.shape.w ? x0 + wide : out.shape.w;

            for (int32_t y = y0; y < y1; y++) {
                int32_t x = x0;
                const uint8_t *p = from + y * down + x0 * across;
                uint8_t *to = ck_row(out, y) + (size_t)x0 * pixel;

                if (t.ax && t.x0 == last) { /* nothing may be read beyond the last column */
                    memcpy(to, p, pixel);
                    x++;
                }
                by_size[pixel](p + (x - x0) * across, across, to + (size_t)(x - x0) * pixel, x1 - x,
                               t.ax ? t.x0 == last : t.x0 + t.bx * y < last);
            }
        }
}
