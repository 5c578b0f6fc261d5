#include "codec/png/png_direct.h"

#include <stdlib.h>
#include <string.h>

/*
 * A batch fits the L2 cache and is large against what the unpacker copies with
 * every call (its window). Of a small image it is a part, since memory that is
 * touched once costs more than those copies. Groups of rows are 8 at the most.
 */
enum { BATCH_NBYTES = 768 << 10, SMALL_NBYTES = 128 << 10, PARTS = 8, GROUP = 8 };

static size_t row_nbytes(const ck_png_direct *d)
{
    return (size_t)d->w * ck_png_stored_pixel_nbytes(&d->expand);
}

static int32_t batch_rows(const ck_png_direct *d)
{
    uint64_t row = row_nbytes(d) + 1, wanted = row * (uint64_t)d->h / PARTS;
    size_t rows;

    if (wanted < SMALL_NBYTES)
        wanted = SMALL_NBYTES;
    rows = (wanted < BATCH_NBYTES ? (size_t)wanted : BATCH_NBYTES) / row / GROUP * GROUP;
    if (rows < GROUP)
        rows = GROUP;
    return rows < (size_t)d->h ? (int32_t)rows : d->h;
}

static uint64_t buffers_nbytes(const ck_png_direct *d)
{
    return ((uint64_t)row_nbytes(d) + 1) * (uint64_t)(batch_rows(d) + 2);
}

uint64_t ck_png_direct_memory(const ck_png_direct *d)
{
    return buffers_nbytes(d) + ck_png_inflate_memory();
}

ck_status ck_png_direct_open(ck_png_direct *d, ck_input *in, uint64_t longest, uint32_t length, ck_error *err)
{
    size_t row = row_nbytes(d);

    d->memory = buffers_nbytes(d) <= SIZE_MAX ? calloc(1, (size_t)buffers_nbytes(d)) : NULL;
    d->inflate = ck_png_inflate_new();
    if (!d->memory || !d->inflate) {
        ck_png_direct_close(d);
        return ck_fail_memory(err, (size_t)ck_png_direct_memory(d), "preparing the PNG decoder");
    }
    d->prior = d->memory; /* zeros: the row above the first one */
    d->spare = d->prior + row;
    d->batch = d->spare + row;
    d->batch_rows = batch_rows(d);
    d->rows_left = d->h;
    ck_png_idat_begin(&d->idat, in, d->inflate, longest, length);
    return CK_OK;
}

void ck_png_direct_close(ck_png_direct *d)
{
    free(d->memory);
    d->memory = NULL;
    ck_png_inflate_free(&d->inflate);
}

static ck_status unpack_batch(ck_png_direct *d, ck_error *err)
{
    int32_t rows = d->rows_left < d->batch_rows ? d->rows_left : d->batch_rows;
    ck_status status = ck_png_idat_read(&d->idat, d->batch, (size_t)rows * (row_nbytes(d) + 1), err);

    if (status)
        return status;
    d->next = d->batch;
    d->ready = rows;
    d->rows_left -= rows;
    return CK_OK;
}

/* rows <= ready. */
static ck_status give(ck_png_direct *d, ck_view into, int32_t rows, ck_error *err)
{
    if (!ck_png_restore_rows(&d->expand, d->next, d->prior, d->spare, into))
        return ck_fail(err, CHUNKIMG_BAD_INPUT, "%s: damaged PNG: unknown filter of a row", ck_input_name(d->idat.in));
    d->next += (size_t)rows * (row_nbytes(d) + 1);
    d->ready -= rows;
    return CK_OK;
}

ck_status ck_png_direct_rows(ck_png_direct *d, ck_view into, ck_error *err)
{
    ck_status status;

    for (int32_t y = 0; y < into.shape.h;) {
        int32_t rows;

        if (!d->ready && (status = unpack_batch(d, err)))
            return status;
        rows = into.shape.h - y < d->ready ? into.shape.h - y : d->ready;
        status = give(d, ck_window(into, 0, y, into.shape.w, rows), rows, err);
        if (status)
            return status;
        y += rows;
    }
    return d->ready || d->rows_left ? CK_OK : ck_png_idat_finish(&d->idat, err);
}
