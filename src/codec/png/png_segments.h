/*
 * Where in a file's pixels decoding can begin, besides their first row. Three
 * forms are known:
 *
 * - Every IDAT holds a strip of rows and ends with a flush of the compressor;
 *   an IDAT with nothing but the Adler-32 may follow. Chunkimg's own files are
 *   so, and those with the restart-marker draft's chunk of type 1.
 * - That draft's `mARK` of type 0, which lists where the strips' first IDATs
 *   are (https://github.com/libspng/png-restart-marker, version 0.1).
 * - Apple's `iDOT`, which lists rows and offsets; files that were seen have two
 *   segments (https://github.com/w3c/png/issues/54).
 *
 * None of it is more than a guess: a compressor may flush without forgetting
 * what it has seen, and a chunk may lie. Who decodes finds out.
 */
#ifndef CK_CODEC_PNG_SEGMENTS_H
#define CK_CODEC_PNG_SEGMENTS_H

#include "codec/png/png_expand.h"
#include "os/input.h"

typedef struct ck_png_pieces {
    /* set before find */
    const ck_input *in;
    const ck_png_expand *expand;
    int32_t w, h;
    uint64_t longest;      /* bytes of data that one IDAT may have */
    uint64_t piece_nbytes; /* of filtered rows that a piece should have, about; one segment is the least */

    /* what was found */
    int32_t rows;  /* of every piece but the last, which may have fewer; 0: nothing was found */
    int32_t count; /* >= 2 */
    uint64_t *at;  /* the offset of each piece's first IDAT */
} ck_png_pieces;

/* Looks for segments and unpacks a little to see whether they are what they seem. Any trouble: nothing is found. */
void ck_png_pieces_find(ck_png_pieces *p);
void ck_png_pieces_free(ck_png_pieces *p);

#endif
