/*
 * Premultiplied alpha (Porter and Duff, "Compositing Digital Images", 1984),
 * always in 16 bit, so that nothing is lost on the way there and back where a
 * pixel is opaque, and little where it is not. Alpha is the last channel.
 */
#ifndef CK_OP_ALPHA_H
#define CK_OP_ALPHA_H

#include "core/image.h"

/*
 * `out` is 16-bit with the size and channels of `in`.
 * 8 bit:  colour = round(v a 65535 / 255^2), alpha = 257 a
 * 16 bit: colour = round(v a / 65535),       alpha = a
 */
void ck_alpha_multiply(ck_view in, ck_view out);

/*
 * The way back, to the depth of `out`: colour = round(min(v, a) max / a), 0 where a = 0; halves are rounded up.
 * 8 bit: alpha = round(a / 257).
 */
void ck_alpha_divide(ck_view in, ck_view out);

/* Alpha of `in`'s middle, `halo` pixels inside, to `out`. Depths are equal; channels may differ. */
void ck_alpha_copy(ck_view in, int32_t halo, ck_view out);

#endif
