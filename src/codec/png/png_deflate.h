/*
 * Raw deflate (RFC 1951) of one file's or one strip's filtered rows, by the
 * library and the library's level that a rung of the ladder 0..9 names. Rows
 * are collected in a stage, either a cache-sized piece of the file or all of
 * it, whichever the library takes.
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

/* Bytes of one file or strip before they are compressed. */
typedef struct ck_png_load {
    size_t row_nbytes; /* a filtered row with its first byte */
    size_t nbytes;     /* all rows */
} ck_png_load;

/* Bytes that a load can become at the very most. level: 0..9. */
size_t ck_png_deflate_bound(int level, ck_png_load load);

/* Bytes that a compressor for loads of up to this size holds. */
size_t ck_png_deflate_memory(int level, ck_png_load largest);

ck_status ck_png_deflate_new(int level, ck_png_load largest, ck_png_deflate **out, ck_error *err);
void ck_png_deflate_free(ck_png_deflate **d);

/* Drops what was not finished. capacity >= bound. strip: the bytes are a part of a larger file. */
void ck_png_deflate_begin(ck_png_deflate *d, bool strip, uint8_t *out, size_t capacity);

/* *room: where the next row_nbytes are to be written before the next call. */
ck_status ck_png_deflate_row(ck_png_deflate *d, size_t row_nbytes, uint8_t **room, ck_error *err);

/* followed: another strip comes behind. *check: Adler-32 of all rows, started from 1. At least one row was given. */
ck_status ck_png_deflate_end(ck_png_deflate *d, bool followed, size_t *out_nbytes, uint32_t *check, ck_error *err);

#endif
