/*
 * From libjpeg's samples to rows of gray or RGB: what decoding in one go and
 * decoding in pieces have in common, so that both give the same bytes. What
 * is allocated is libjpeg's, until the image ends. All may jump but `memory`.
 */
#ifndef CK_CODEC_JPEG_PIXELS_H
#define CK_CODEC_JPEG_PIXELS_H

#include "codec/jpeg/jpeg_error.h"
#include "core/image.h"

/* libjpeg gives at most one row group (4 rows: the largest sampling factor) at a time. */
enum { CK_JPEG_ROWS_AT_ONCE = 4 };

typedef struct ck_jpeg_pixels {
    JSAMPARRAY cmyk; /* CK_JPEG_ROWS_AT_ONCE rows, libjpeg's memory; NULL: not CMYK */
    uint8_t flip;    /* CMYK samples xor this are 255 where there is no ink */
} ck_jpeg_pixels;

/* After jpeg_read_header: sets what libjpeg converts to; the number of channels that rows will have, 1 or 3. */
uint8_t ck_jpeg_pixels_choose(ck_jpeg_pixels *pixels, j_decompress_ptr d);

/* jpeg_start_decompress and what the rows need besides. */
void ck_jpeg_pixels_start(ck_jpeg_pixels *pixels, j_decompress_ptr d);

/* 1 to `most` rows into `row` (at most CK_JPEG_ROWS_AT_ONCE are used); how many; 0: the source wants to wait. */
int32_t ck_jpeg_pixels_read(ck_jpeg_pixels *pixels, j_decompress_ptr d, uint8_t *const *row, int32_t most);

/* libjpeg's own memory for rows of the image, whichever part of them is decoded: tables and two windows of rows. */
uint64_t ck_jpeg_pixels_memory(j_decompress_ptr d);

#endif
