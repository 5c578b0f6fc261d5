/*
 * The pixels of ordinary files without libpng: not interlaced, 8 or 16 bit a
 * sample. Rows are unpacked in batches that stay in the cache, unfiltered from
 * there into the caller's rows, and expanded where they lie.
 */
#ifndef CK_CODEC_PNG_DIRECT_H
#define CK_CODEC_PNG_DIRECT_H

#include "codec/png/png_expand.h"
#include "codec/png/png_idat.h"
#include "core/image.h"

typedef struct ck_png_direct {
    ck_png_expand expand; /* this and the two numbers are set before open */
    int32_t w, h;

    ck_png_idat idat;
    ck_png_inflate *inflate;
    uint8_t *memory;
    uint8_t *prior;         /* the last row that was given, before it was expanded */
    uint8_t *spare;
    uint8_t *batch, *next;  /* filtered rows; those from `next` on are still to be given */
    int32_t batch_rows, ready, rows_left; /* how many a batch holds; from `next` on; not yet unpacked */
} ck_png_direct;

/* Bytes that open takes. */
uint64_t ck_png_direct_memory(const ck_png_direct *d);

/* The input stands behind the head of the first IDAT, which has `length` bytes of data; for `longest` see png_idat.h. */
ck_status ck_png_direct_open(ck_png_direct *d, ck_input *in, uint64_t longest, uint32_t length, ck_error *err);
void ck_png_direct_close(ck_png_direct *d);

/* The next rows, of the expanded shape. The call that gives the last one also goes to the end of the IDATs. */
ck_status ck_png_direct_rows(ck_png_direct *d, ck_view into, ck_error *err);

#endif
