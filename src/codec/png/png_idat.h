/*
 * The IDAT chunks of a file: walked over the input, their CRCs checked, their
 * data unpacked. What libpng refuses by a fatal error or by a warning that
 * begins with "IDAT" is refused here.
 */
#ifndef CK_CODEC_PNG_IDAT_H
#define CK_CODEC_PNG_IDAT_H

#include "base/error.h"
#include "codec/png/png_inflate.h"
#include "os/input.h"

typedef struct ck_png_idat {
    ck_input *in;
    ck_png_inflate *inflate; /* not owned */
    uint64_t longest;        /* bytes of data that one chunk may have */
    uint32_t left;           /* bytes of this chunk's data that were not unpacked */
    uint32_t crc;            /* of what was */
} ck_png_idat;

/* The head of the first chunk, whose length is given, has just been read. */
void ck_png_idat_begin(ck_png_idat *idat, ck_input *in, ck_png_inflate *inflate, uint64_t longest, uint32_t length);

/* Exactly the next nbytes. */
ck_status ck_png_idat_read(ck_png_idat *idat, uint8_t *to, size_t nbytes, ck_error *err);

/* No more is expected: the stream must end here and its chunk with it. The input is behind that chunk after success. */
ck_status ck_png_idat_finish(ck_png_idat *idat, ck_error *err);

#endif
