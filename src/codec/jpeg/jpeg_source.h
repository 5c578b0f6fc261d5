/* libjpeg's data source over ck_input. The end of the input is an error, never an invented end marker. */
#ifndef CK_CODEC_JPEG_SOURCE_H
#define CK_CODEC_JPEG_SOURCE_H

#include "codec/jpeg/jpeg_error.h"
#include "os/input.h"

typedef struct ck_jpeg_source {
    struct jpeg_source_mgr pub; /* first: libjpeg gives this address back */
    ck_input *in;
    size_t given; /* bytes of the stretch that libjpeg is reading, not consumed yet */
} ck_jpeg_source;

/* Sets d->src; both outlive d. */
void ck_jpeg_source_init(ck_jpeg_source *source, j_decompress_ptr d, ck_input *in);

/* Exactly n bytes, for marker processors. */
void ck_jpeg_source_read(j_decompress_ptr d, void *to, size_t n);
void ck_jpeg_source_skip(j_decompress_ptr d, size_t n);

#endif
