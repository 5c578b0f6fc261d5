/* Decoding the rows between restart markers by themselves. */
#ifndef CK_CODEC_JPEG_PIECE_H
#define CK_CODEC_JPEG_PIECE_H

#include "codec/jpeg/jpeg_index.h"
#include "codec/jpeg/jpeg_pixels.h"
#include "codec/jpeg/jpeg_source.h"

/* One worker's. Zeroed before the first piece; read and written by that worker only. */
typedef struct ck_jpeg_piece {
    struct jpeg_decompress_struct d;
    ck_jpeg_fault fault;
    ck_jpeg_pixels pixels;
    bool created; /* d is, and stays so from piece to piece */

    /* The source: the header in three stretches, then the file from `at` to `end`. */
    ck_jpeg_feed feed;
    const ck_jpeg_index *index;
    const ck_input *in;
    int stretch;
    uint8_t height[2]; /* in place of the header's */
    int restart;       /* number that the first marker of the piece has in the file */
    uint64_t at, end;
    uint8_t block[128 * 1024];
} ck_jpeg_piece;

/* Bytes of a ck_jpeg_piece and all that it allocates. */
uint64_t ck_jpeg_piece_memory(j_decompress_ptr d);

/*
 * The rows [y, y + into.shape.h). Any rows where the index says `context`,
 * else whole segments (or what is left of the image).
 */
ck_status ck_jpeg_piece_decode(ck_jpeg_piece *piece, const ck_jpeg_index *index, const ck_input *in, int32_t y,
                               ck_view into, ck_error *err);

void ck_jpeg_piece_release(ck_jpeg_piece *piece);

#endif
