/*
 * Where in a JPEG file the rows begin that can be decoded by themselves.
 *
 * At a restart marker the entropy coder starts afresh on a byte. Where rows of
 * MCUs begin at restarts, the rows between two of them are a segment: with the
 * header in front of it, it is an image of its own.
 */
#ifndef CK_CODEC_JPEG_INDEX_H
#define CK_CODEC_JPEG_INDEX_H

#include "codec/jpeg/jpeg_error.h"
#include "os/input.h"

/*
 * Below that neither a piece's set-up nor the reading of the file can pay.
 * Weak, so that a test may set it; not defined where it is used, because
 * compilers put a constant that they see in the place of its name.
 */
extern const uint64_t ck_jpeg_index_least_pixels;

/* Complete after build, then never written. */
typedef struct ck_jpeg_index {
    int32_t height;       /* of the image */
    int32_t mcu_rows;     /* pixel rows of a row of MCUs */
    int32_t segment_rows; /* pixel rows of a segment; the last may have less */
    int32_t piece_rows;   /* a good height for a piece */
    int32_t segments;
    bool context;         /* a row may need its neighbours above and below: chroma is smoothed downward */
    uint32_t intervals;   /* of a segment: restarts from one beginning to the next */
    uint64_t *start;      /* of segment i: offset in the file; start[segments] is behind the end marker */
    uint8_t *header;      /* SOI to SOS as in the file, but only what decoding needs */
    size_t header_nbytes;
    size_t height_at;     /* of the two bytes in it that say the height */
    size_t nbytes;        /* all that was allocated */
} ck_jpeg_index;

/*
 * After jpeg_read_header. Reads the file once up to its end marker. False, and
 * the index is empty, where pieces are impossible or would cost more than they
 * bring, and where anything at all is not as it should be: then the file is to
 * be decoded in one go, which finds the words for it.
 */
bool ck_jpeg_index_build(ck_jpeg_index *index, j_decompress_ptr d, const ck_input *in);
void ck_jpeg_index_release(ck_jpeg_index *index);

#endif
