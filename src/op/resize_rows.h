/* The arithmetic of resize: a column of rows into one row, and that row into pixels. */
#ifndef CK_OP_RESIZE_ROWS_H
#define CK_OP_RESIZE_ROWS_H

#include "op/resample.h"

/*
 * n samples of `taps` rows, `stride` bytes apart, weighed: mid = sum w in, to
 * 6 bits (8 bit) or 8 bits (16 bit) more than a sample, rounded half up.
 */
void ck_resize_down8(const uint8_t *in, ptrdiff_t stride, const int16_t *weights, int32_t taps, int16_t *mid, size_t n);
void ck_resize_down16(const uint16_t *in, ptrdiff_t stride, const int32_t *weights, int32_t taps, int32_t *mid, size_t n);

/* Samples that the row in between has beyond its pixels, zeros: some are read, though nothing is made of them. */
static inline size_t ck_resize_spare(const ck_axis *a, unsigned channels)
{
    return ((size_t)a->taps + 1) * channels;
}

/*
 * Output pixels [from, from + n) of `channels` out of `mid`, whose first pixel is `first` of the input: rounded half up
 * and clamped.
 */
void ck_resize_across8(const ck_axis *a, const int16_t *mid, int32_t first, int32_t from, int32_t n, unsigned channels,
                       uint8_t *out);
void ck_resize_across16(const ck_axis *a, const int32_t *mid, int32_t first, int32_t from, int32_t n, unsigned channels,
                        uint16_t *out);

/* The mean of 2 x 2 pixels, rounded half up: what the two above give for it, of n output pixels. sums: 2 channels n bytes. */
void ck_resize_half8(const uint8_t *upper, const uint8_t *lower, uint8_t *sums, unsigned channels, size_t n, uint8_t *out);

#endif
