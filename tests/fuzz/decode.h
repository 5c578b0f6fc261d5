/* Decodes a file of any kind into memory, in groups of rows, as the pipeline would. */
#ifndef TESTS_FUZZ_DECODE_H
#define TESTS_FUZZ_DECODE_H

#include <string.h>

#include "codec/codec.h"
#include "fuzz/fuzz.h"

enum { FUZZ_PIXELS_MOST = 1 << 20 };

/* Rows without gaps, to be freed, or NULL where the file was refused (for which it must say why). */
static inline uint8_t *fuzz_decode(const ck_codec *codec, const char *path, int32_t rows_at_once, ck_shape *shape)
{
    ck_limits limits = {.max_pixels = FUZZ_PIXELS_MOST, .max_memory = 256 << 20, .max_scans = 20};
    ck_warnings warnings = {0};
    void *state = calloc(1, codec->decoder->state_size);
    uint8_t *px = NULL;
    ck_image image = {0};
    ck_input *in;
    ck_error err;
    ck_status status;

    FUZZ_CHECK(ck_input_open(path, &in, &err) == CK_OK);
    ck_error_clear(&err);
    status = codec->decoder->open(state, in, &limits, &warnings, &image, &err);
    if (!status) {
        size_t row = ck_row_nbytes(image.shape);
        int32_t step = image.whole ? image.shape.h : rows_at_once;

        *shape = image.shape;
        px = malloc(row * (size_t)image.shape.h);
        FUZZ_CHECK(px);
        for (int32_t y = 0; y < image.shape.h && !status; y += step) {
            ck_view into = {px + (size_t)y * row, (ptrdiff_t)row, image.shape};
            into.shape.h = image.shape.h - y < step ? image.shape.h - y : step;
            status = codec->decoder->rows(state, into, &err);
        }
        codec->decoder->close(state);
    }
    ck_input_close(&in);
    free(state);
    if (status) {
        FUZZ_CHECK(err.status == status && err.text[0]);
        free(px);
        px = NULL;
    }
    return px;
}

#endif
