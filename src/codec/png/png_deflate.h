/*
 * Filtering and raw deflate (RFC 1951) of one file's or one strip's rows, by
 * the compressor and its level that a rung of the ladder 0..9 names. The fast
 * rungs filter each row as it comes and hand over pieces that are still in the
 * cache; the middle ones compress all rows at once, and from the default on
 * they try on a sample first how the rows are best filtered.
 *
 * A strip that another one follows ends on a byte boundary with nothing final,
 * and no strip looks back into the one before: their bytes can be joined.
 */
#ifndef CK_CODEC_PNG_DEFLATE_H
#define CK_CODEC_PNG_DEFLATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

typedef struct ck_png_deflate ck_png_deflate;

/* The rows of one file or strip. */
typedef struct ck_png_load {
    size_t row_nbytes; /* of the pixels; the filter's byte comes to it */
    size_t pixel_nbytes;
    size_t rows;
    bool indexed; /* neighbours in value need not be alike in colour: rows are not filtered */
} ck_png_load;

/* Bytes that are compressed, and summed up in the check. */
static inline size_t ck_png_load_nbytes(ck_png_load load)
{
    return (load.row_nbytes + 1) * load.rows;
}

/* Bytes that a load can become at the very most. level: 0..9. */
size_t ck_png_deflate_bound(int level, ck_png_load load);

/* Bytes that a compressor for loads of up to this size holds. */
size_t ck_png_deflate_memory(int level, ck_png_load largest);

ck_status ck_png_deflate_new(int level, ck_png_load largest, ck_png_deflate **out, ck_error *err);
void ck_png_deflate_free(ck_png_deflate **d);

/* Drops what was not finished. capacity >= bound. */
void ck_png_deflate_begin(ck_png_deflate *d, ck_png_load load, uint8_t *out, size_t capacity);

/* The next row; prior: the one before it, NULL before the first. Both in the file's byte order. */
ck_status ck_png_deflate_row(ck_png_deflate *d, const uint8_t *row, const uint8_t *prior, ck_error *err);

/* followed: another strip comes behind. *check: Adler-32 of all rows, started from 1. At least one row was given. */
ck_status ck_png_deflate_end(ck_png_deflate *d, bool followed, size_t *out_nbytes, uint32_t *check, ck_error *err);

#endif
