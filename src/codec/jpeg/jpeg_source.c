#include "codec/jpeg/jpeg_source.h"

#include <string.h>

static ck_jpeg_source *source_of(j_decompress_ptr d)
{
    return (ck_jpeg_source *)(void *)d->src;
}

static void on_init(j_decompress_ptr d)
{
    (void)d;
}

static boolean on_fill(j_decompress_ptr d)
{
    ck_jpeg_source *source = source_of(d);
    ck_jpeg_fault *fault = CK_JPEG_FAULT(d);
    const uint8_t *data;
    size_t nbytes;
    ck_status status;

    ck_input_consume(source->in, source->given);
    source->given = 0;
    status = ck_input_more(source->in, &data, &nbytes, fault->err);
    if (status)
        ck_jpeg_raise(fault, status);
    if (!nbytes)
        ck_jpeg_raise(fault, ck_fail(fault->err, CHUNKIMG_BAD_INPUT, "%s: damaged JPEG: the file ends too early",
                                     fault->name));
    source->given = nbytes;
    source->pub.next_input_byte = data;
    source->pub.bytes_in_buffer = nbytes;
    return TRUE;
}

static void on_skip(j_decompress_ptr d, long nbytes)
{
    if (nbytes > 0)
        ck_jpeg_source_skip(d, (size_t)nbytes);
}

static void on_term(j_decompress_ptr d)
{
    ck_jpeg_source *source = source_of(d);

    ck_input_consume(source->in, source->given - source->pub.bytes_in_buffer);
    source->given = 0;
    source->pub.bytes_in_buffer = 0;
}

void ck_jpeg_source_init(ck_jpeg_source *source, j_decompress_ptr d, ck_input *in)
{
    *source = (ck_jpeg_source){.in = in};
    source->pub.init_source = on_init;
    source->pub.fill_input_buffer = on_fill;
    source->pub.skip_input_data = on_skip;
    source->pub.resync_to_restart = jpeg_resync_to_restart; /* warns first, and a warning ends it */
    source->pub.term_source = on_term;
    d->src = &source->pub;
}

/* Bytes that can be taken now, at least 1 and at most n. */
static size_t available(j_decompress_ptr d, size_t n)
{
    if (!d->src->bytes_in_buffer)
        on_fill(d);
    return n < d->src->bytes_in_buffer ? n : d->src->bytes_in_buffer;
}

static void advance(j_decompress_ptr d, size_t n)
{
    d->src->next_input_byte += n;
    d->src->bytes_in_buffer -= n;
}

void ck_jpeg_source_read(j_decompress_ptr d, void *to, size_t n)
{
    for (uint8_t *at = to; n;) {
        size_t some = available(d, n);

        memcpy(at, d->src->next_input_byte, some);
        advance(d, some);
        at += some;
        n -= some;
    }
}

void ck_jpeg_source_skip(j_decompress_ptr d, size_t n)
{
    while (n) {
        size_t some = available(d, n);

        advance(d, some);
        n -= some;
    }
}
