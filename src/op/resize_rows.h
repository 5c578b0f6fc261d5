/*
 * The arithmetic of resize: columns of rows into rows in between, and those
 * into pixels, a few rows at a time.
 */
#ifndef CK_OP_RESIZE_ROWS_H
#define CK_OP_RESIZE_ROWS_H

#include "core/image.h"
#include "op/resample.h"

enum { CK_RESIZE_MORE_8 = 6 }; /* bits that a sample in between has more than one of the image */

/* Rows that are done at once: what is read of the tables of the columns then counts for all of them. */
enum { CK_RESIZE_ROWS = 4 };

/* Rows in between, CK_RESIZE_ROWS at most. */
typedef struct ck_mids {
    void *px;      /* int16_t of 8 bit, float of 16 bit */
    size_t step;   /* samples from a row to the next */
    int32_t first; /* the pixel of the input that they begin with */
} ck_mids;

/*
 * n samples of the rows that row `at` of the output is made of, `stride` bytes apart and the first one at `in`, weighed:
 * mid = sum w in, 8 bit to 6 bits more than a sample, rounded half up. See resize_real.c for 16 bit.
 */
void ck_resize_down8(const ck_axis *y, int32_t at, const uint8_t *in, ptrdiff_t stride, int16_t *mid, size_t n);
void ck_resize_down16(const ck_axis *y, int32_t at, const uint16_t *in, ptrdiff_t stride, float *mid, size_t n);

/* Samples that a row in between has beyond its pixels, zeros: some are read, though nothing is made of them. */
static inline size_t ck_resize_spare(const ck_axis *x, unsigned channels)
{
    return ((size_t)x->taps + 1) * channels + 64;
}

/* The pixels `out` from x = from on, at most CK_RESIZE_ROWS rows of them: rounded half up and clamped. */
void ck_resize_across8(const ck_axis *x, const ck_mids *mids, ck_view out, int32_t from);
void ck_resize_across16(const ck_axis *x, const ck_mids *mids, ck_view out, int32_t from);

/* The first of them with AVX2. False: not to be had, or the pixels lie too far apart; nothing was done. */
bool ck_resize_across8_avx2(const ck_axis *x, const ck_mids *mids, ck_view out, int32_t from);

/* The mean of 2 x 2 pixels, rounded half up: what the above give for it, of a row of n output pixels. */
void ck_resize_half8(const uint8_t *upper, const uint8_t *lower, unsigned channels, size_t n, uint8_t *out);
void ck_resize_half16(const uint16_t *upper, const uint16_t *lower, unsigned channels, size_t n, uint16_t *out);

/*
 * Bilinear to half the size, away from the image's edges: pixel (x, y) of `out`
 * from the 4 x 4 of `in` from (2 x, 2 y) on. What the above give for it. False:
 * not to be had in a faster way; nothing was done.
 */
bool ck_resize_triangle(ck_view in, ck_view out);

#endif
