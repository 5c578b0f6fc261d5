/* Weights of a change of size along one axis, in fixed point (8 bit) or single precision (16 bit). */
#ifndef CK_OP_RESAMPLE_H
#define CK_OP_RESAMPLE_H

#include <stddef.h>

#include "base/error.h"

typedef enum ck_filter { CK_FILTER_BOX, CK_FILTER_BILINEAR, CK_FILTER_LANCZOS3 } ck_filter;

enum { CK_WEIGHT_BITS_8 = 14 }; /* of samples of 8 bit: weights are int16_t */

/* Entries that the tables by output pixel have beyond the last one, so that vectors may begin at any. */
enum { CK_AXIS_SPARE = 16 };

typedef struct ck_axis {
    int32_t in, out;  /* pixels */
    int32_t taps;     /* most that any output pixel has; each has that many weights, the last ones zero */
    int32_t reach;    /* pixels that one output pixel may need at most */
    double scale;     /* in / out */
    int32_t spans[4]; /* [c - 1]: how far apart two first pixels are at most whose outputs share 16 samples of c channels */
    int32_t *start;   /* per output pixel: its first input pixel; never goes back, nor beyond the last one */
    int32_t *count;   /* and how many follow, this one included */
    int16_t *narrow;  /* as ck_axis_pair finds them; sum 2^CK_WEIGHT_BITS_8. NULL for 16 bit */
    float *real;      /* as ck_axis_real finds them; sum 1. NULL for 8 bit */
} ck_axis;

/*
 * The weights of taps 2 pair and 2 pair + 1 of output pixel i; those of i + 1
 * follow them, since neighbours are computed at once.
 */
static inline int16_t *ck_axis_pair(const ck_axis *a, int32_t pair, int32_t i)
{
    return a->narrow + 2 * ((size_t)pair * ((size_t)a->out + CK_AXIS_SPARE) + (size_t)i);
}

/* The weight of tap k of output pixel i; those of i + 1 follow it. */
static inline float *ck_axis_real(const ck_axis *a, int32_t k, int32_t i)
{
    return a->real + (size_t)k * ((size_t)a->out + CK_AXIS_SPARE) + (size_t)i;
}

/*
 * Pixels are unit squares and the edges of both images coincide: output pixel
 * i has its middle at (i + 1/2) in / out. Where the image shrinks the filter is
 * stretched by as much, so that nothing aliases. At the borders the weights of
 * the pixels that are there are scaled to sum to 1. On failure as on success
 * ck_axis_release is owed.
 */
ck_status ck_axis_make(ck_axis *a, int32_t in, int32_t out, ck_filter filter, int depth, ck_error *err);
void ck_axis_release(ck_axis *a);

/* Input pixels for the output pixels [from, from + n): first, and how many. */
void ck_axis_need(const ck_axis *a, int32_t from, int32_t n, int32_t *first, int32_t *count);

/* The most that n output pixels need anywhere. */
int32_t ck_axis_most(const ck_axis *a, int32_t n);

#endif
