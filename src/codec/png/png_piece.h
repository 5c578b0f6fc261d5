/* Decodes a piece of an image by itself, and puts the verdict on all of them together. */
#ifndef CK_CODEC_PNG_PIECE_H
#define CK_CODEC_PNG_PIECE_H

#include "codec/png/png_range.h"
#include "codec/png/png_segments.h"
#include "core/image.h"

/* A worker's own; zeros to begin with. */
typedef struct ck_png_piece {
    uint8_t *memory;
    uint8_t *prior;  /* the last row that was given, before it was expanded */
    uint8_t *spare;
    uint8_t *batch;  /* filtered rows */
    int32_t batch_rows;
    ck_png_range range;
    uint32_t check;  /* Adler-32 of the filtered rows of the piece that was decoded last */
    uint64_t check_nbytes;
} ck_png_piece;

/* Bytes that one worker holds. */
uint64_t ck_png_piece_memory(const ck_png_pieces *p);

/*
 * The rows from y on, of the expanded shape; y is a multiple of p->rows, and
 * `into` as high as that, or to the end of the image. All of the piece that the
 * Adler-32 does not cover is checked here: where all pieces succeed, the file's
 * stream is these pieces, one after another.
 */
ck_status ck_png_piece_rows(const ck_png_pieces *p, ck_png_piece *mine, int32_t y, ck_view into, ck_error *err);
void ck_png_piece_release(ck_png_piece *mine);

/* Adler-32 of neighbours; the first one is combined with 1. */
uint32_t ck_png_pieces_combine(uint32_t before, uint32_t check, uint64_t check_nbytes);

/* check: of the filtered rows of all pieces. Then the file is looked through to its end, as libpng does it. */
ck_status ck_png_pieces_end(const ck_png_pieces *p, uint32_t check, ck_error *err);

#endif
