/* What libpng has learnt from a file's header. Nothing here can make libpng leave by longjmp. */
#ifndef CK_CODEC_PNG_HEADER_H
#define CK_CODEC_PNG_HEADER_H

#include <png.h>

#include "codec/png/png_expand.h"
#include "core/image.h"
#include "core/meta.h"

/* Bytes of an ancillary chunk, unpacked, that are let pass; ICC profiles of printers reach some MB. */
#define CK_PNG_ANCILLARY_MOST (16u << 20)

/* These are to be asked before libpng is told to expand anything. */

/* The shape after png_set_expand. */
ck_shape ck_png_expanded_shape(png_structp png, png_infop info);

/* The profile stays where it is until the info struct is destroyed. */
void ck_png_get_meta(png_structp png, png_infop info, ck_meta *meta);

void ck_png_get_expand(png_structp png, png_infop info, ck_png_expand *e);

/*
 * libpng's own limit to the bytes of an IDAT: those of the image with the
 * overhead of a stream that stores a row at a time, or what an ancillary chunk
 * may have.
 */
uint64_t ck_png_longest_idat(png_structp png, png_infop info);

/*
 * Whether png_direct.c can read the pixels: not interlaced, no samples of less
 * than 8 bits. data: the first bytes of the IDATs. A stream that promises a
 * window smaller than the image is left to libpng, which refuses it where it
 * looks further back.
 */
bool ck_png_is_ordinary(png_structp png, png_infop info, const uint8_t *data, size_t nbytes);

#endif
