#include "codec/jpeg/jpeg_source.h"

#include <string.h>

/* ---- what all kinds share --------------------------------------------- */

static void on_init(j_decompress_ptr d)
{
    (void)d;
}

static void on_skip(j_decompress_ptr d, long nbytes)
{
    if (nbytes > 0)
        ck_jpeg_source_skip(d, (size_t)nbytes);
}

static void on_term_nothing(j_decompress_ptr d)
{
    (void)d;
}

void ck_jpeg_feed_init(ck_jpeg_feed *feed, boolean (*fill)(j_decompress_ptr d))
{
    *feed = (ck_jpeg_feed){0};
    feed->pub.init_source = on_init;
    feed->pub.fill_input_buffer = fill;
    feed->pub.skip_input_data = on_skip;
    feed->pub.resync_to_restart = jpeg_resync_to_restart; /* warns first, and a warning ends it */
    feed->pub.term_source = on_term_nothing;
}

bool ck_jpeg_feed_rest(ck_jpeg_feed *feed)
{
    const uint8_t *rest = feed->rest;

    feed->rest = NULL;
    if (!rest || !feed->rest_nbytes)
        return false;
    feed->pub.next_input_byte = rest;
    feed->pub.bytes_in_buffer = feed->rest_nbytes;
    return true;
}

void ck_jpeg_source_give_back(j_decompress_ptr d)
{
    ck_jpeg_feed *feed = (ck_jpeg_feed *)(void *)d->src;

    if (!d->unread_marker || !d->restart_interval)
        return;
    if (!feed->rest) { /* else it is given back once more, and what follows it has not been asked for yet */
        feed->rest = feed->pub.next_input_byte;
        feed->rest_nbytes = feed->pub.bytes_in_buffer;
    }
    feed->marker[0] = 0xFF;
    feed->marker[1] = (uint8_t)d->unread_marker;
    feed->pub.next_input_byte = feed->marker;
    feed->pub.bytes_in_buffer = sizeof feed->marker;
    d->unread_marker = 0;
}

_Noreturn void ck_jpeg_source_ended(j_decompress_ptr d)
{
    ck_jpeg_fault *fault = CK_JPEG_FAULT(d);

    ck_jpeg_raise(fault, ck_fail(fault->err, CHUNKIMG_BAD_INPUT, "%s: damaged JPEG: the file ends too early",
                                 fault->name));
}

/* Bytes that can be taken now, at least 1 and at most n. */
static size_t available(j_decompress_ptr d, size_t n)
{
    if (!d->src->bytes_in_buffer && !d->src->fill_input_buffer(d))
        ck_jpeg_source_ended(d);
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

/* ---- ck_input --------------------------------------------------------- */

static ck_jpeg_source *source_of(j_decompress_ptr d)
{
    return (ck_jpeg_source *)(void *)d->src;
}

static boolean on_fill(j_decompress_ptr d)
{
    ck_jpeg_source *source = source_of(d);
    ck_jpeg_fault *fault = CK_JPEG_FAULT(d);
    const uint8_t *data;
    size_t nbytes;
    ck_status status;

    if (ck_jpeg_feed_rest(&source->feed))
        return TRUE;
    ck_input_consume(source->in, source->given);
    source->given = 0;
    status = ck_input_more(source->in, &data, &nbytes, fault->err);
    if (status)
        ck_jpeg_raise(fault, status);
    if (!nbytes)
        ck_jpeg_source_ended(d);
    source->given = nbytes;
    source->feed.pub.next_input_byte = data;
    source->feed.pub.bytes_in_buffer = nbytes;
    return TRUE;
}

static void on_term(j_decompress_ptr d)
{
    ck_jpeg_source *source = source_of(d);
    ck_jpeg_feed *feed = &source->feed;

    ck_input_consume(source->in, source->given - (feed->rest ? feed->rest_nbytes : feed->pub.bytes_in_buffer));
    source->given = 0;
    feed->rest = NULL;
    feed->pub.bytes_in_buffer = 0;
}

void ck_jpeg_source_init(ck_jpeg_source *source, j_decompress_ptr d, ck_input *in)
{
    *source = (ck_jpeg_source){.in = in};
    ck_jpeg_feed_init(&source->feed, on_fill);
    source->feed.pub.term_source = on_term;
    d->src = &source->feed.pub;
}
