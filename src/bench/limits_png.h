/* The compressed pixels of a PNG, taken out of the file by this folder's own few lines. */
#ifndef CK_BENCH_LIMITS_PNG_H
#define CK_BENCH_LIMITS_PNG_H

#include "bench/limits.h"

typedef struct ck_limits_png {
    uint8_t *idat, *raw; /* one zlib stream; what it inflates to: filtered rows, each behind its filter's number */
    size_t idat_nbytes, raw_nbytes;
    uint64_t whole_nbytes; /* of raw for the whole image; more than raw_nbytes: only the beginning was taken */
    uint32_t width, height;
    unsigned pixel_bits, bpp; /* of a pixel; the distance of its left neighbour in bytes, at least 1 */
    bool interlaced;
} ck_limits_png;

/* One rectangle of rows: the image, or one of the seven passes of an interlaced one. False: there is no such pass. */
bool ck_limits_png_pass(const ck_limits_png *p, unsigned pass, uint32_t *rows, size_t *row_nbytes);

/* limits_rows.c: what is done with the inflated rows */
chunkimg_status ck_limits_of_rows(ck_limits *l, const ck_limits_png *p, chunkimg_error *err);

/* limits_deflate.c: compressing them again, and checksums */
chunkimg_status ck_limits_of_deflate(ck_limits *l, const ck_limits_png *p, chunkimg_error *err);

#endif
