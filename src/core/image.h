/* Pixels: rectangles, shapes and views. Samples are interleaved; 16-bit samples are native uint16_t. */
#ifndef CK_CORE_IMAGE_H
#define CK_CORE_IMAGE_H

#include <chunkimg/chunkimg_op.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Operations of users speak of them too, so they are born in the public header. */
typedef chunkimg_rect ck_rect;
typedef chunkimg_shape ck_shape;
typedef chunkimg_view ck_view;

static inline size_t ck_pixel_nbytes(ck_shape s)
{
    return (size_t)s.channels * (s.depth / 8u);
}

static inline size_t ck_row_nbytes(ck_shape s)
{
    return (size_t)s.w * ck_pixel_nbytes(s);
}

static inline bool ck_has_alpha(ck_shape s)
{
    return s.channels == 2 || s.channels == 4;
}

/* Channels that carry colour: 1 or 3. */
static inline unsigned ck_colours(ck_shape s)
{
    return s.channels - (unsigned)ck_has_alpha(s);
}

static inline uint8_t *ck_row(ck_view v, int32_t y)
{
    return v.px + (ptrdiff_t)y * v.stride;
}

/* The window of v at (x, y), w x h; must lie inside. */
static inline ck_view ck_window(ck_view v, int32_t x, int32_t y, int32_t w, int32_t h)
{
    ck_view r = v;
    r.px = v.px + (ptrdiff_t)y * v.stride + (ptrdiff_t)x * (ptrdiff_t)ck_pixel_nbytes(v.shape);
    r.shape.w = w;
    r.shape.h = h;
    return r;
}

/* What the pixels of an image are indices into, where it has few colours. */
typedef struct ck_palette {
    uint16_t count;         /* 1..256, and no index is as much; 0: there is no palette */
    uint8_t channels;       /* of the colours: 3, or 4 where one may be transparent */
    uint8_t colour[256][4]; /* red, green, blue, alpha; opaque black beyond count */
} ck_palette;

/* n indices to pixels of palette->channels bytes each. to and from do not overlap. */
void ck_palette_look_up(const ck_palette *palette, const uint8_t *from, uint8_t *to, size_t n);

/* r grown by n on each side and clipped to w x h. */
ck_rect ck_rect_grow(ck_rect r, int32_t n, int32_t w, int32_t h);

/* The common part; w and h are 0 where there is none. */
ck_rect ck_rect_meet(ck_rect a, ck_rect b);

/* What of an image in units of unit_w x unit_h pixels covers r, whose left and top lie on the border of one. */
ck_rect ck_rect_in_units(ck_rect r, int32_t unit_w, int32_t unit_h);

/*
 * The index inside [0, n) that position i stands for when the image is
 * mirrored at its borders without repeating the border itself: for n = 4,
 * ... 2 1 | 0 1 2 3 | 2 1 ... ("reflect" in NumPy, BORDER_REFLECT_101 in OpenCV).
 */
int32_t ck_reflect(int32_t i, int32_t n);

/* The same with the border repeated: ... 1 0 | 0 1 2 3 | 3 2 ... ("symmetric" in NumPy, BORDER_REFLECT in OpenCV). */
int32_t ck_reflect_symmetric(int32_t i, int32_t n);

#endif
