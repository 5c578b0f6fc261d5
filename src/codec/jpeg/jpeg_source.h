/* libjpeg's data sources, and the one over ck_input. The end of the input is an error, never an invented end marker. */
#ifndef CK_CODEC_JPEG_SOURCE_H
#define CK_CODEC_JPEG_SOURCE_H

#include "codec/jpeg/jpeg_error.h"
#include "os/input.h"

/* What all sources have; `pub` and fill_input_buffer, skip_input_data, term_source of it are the kinds' own. */
typedef struct ck_jpeg_feed {
    struct jpeg_source_mgr pub; /* first: libjpeg gives this address back */
    const uint8_t *rest;        /* the stretch that goes on behind a marker that was given back; NULL: none was */
    size_t rest_nbytes;
    uint8_t marker[2];
} ck_jpeg_feed;

typedef struct ck_jpeg_source {
    ck_jpeg_feed feed;
    ck_input *in;
    size_t given; /* bytes of the stretch that libjpeg is reading, not consumed yet */
} ck_jpeg_source;

/* Sets d->src; both outlive d. */
void ck_jpeg_source_init(ck_jpeg_source *source, j_decompress_ptr d, ck_input *in);

/* For all kinds: sets the functions that they share, and `fill`, which calls ck_jpeg_feed_rest first. */
void ck_jpeg_feed_init(ck_jpeg_feed *feed, boolean (*fill)(j_decompress_ptr d));
bool ck_jpeg_feed_rest(ck_jpeg_feed *feed);

/*
 * Between rows of a file with restart markers: gives a marker that libjpeg's
 * bit buffer has run into back to the source, to be read again. libjpeg counts
 * the bytes that it passes over before a marker, but says so only when it
 * reads the next one itself; without this, whether such damage is seen would
 * depend on where a decoder starts and stops.
 */
void ck_jpeg_source_give_back(j_decompress_ptr d);

/* "the file ends too early" */
_Noreturn void ck_jpeg_source_ended(j_decompress_ptr d);

/* Exactly n bytes, for marker processors. */
void ck_jpeg_source_read(j_decompress_ptr d, void *to, size_t n);
void ck_jpeg_source_skip(j_decompress_ptr d, size_t n);

#endif
