/*
 * What a JPEG says about itself in its APP1 and APP2 markers. libjpeg's own
 * saving of markers keeps whatever a file holds, so these are read by own
 * marker processors that keep one orientation and one profile of bounded size.
 */
#ifndef CK_CODEC_JPEG_META_H
#define CK_CODEC_JPEG_META_H

#include "codec/jpeg/jpeg_error.h"
#include "core/meta.h"

/* The largest profiles in use (printing, with tables both ways) have about 3 MB. */
enum { CK_JPEG_ICC_MOST = 4 * 1024 * 1024, CK_JPEG_ICC_PARTS = 255 };

typedef struct ck_jpeg_meta {
    bool stored;     /* set after init: samples are carried over as they are, so a profile for CMYK stays true */
    bool complete;   /* the header was read: markers that come later are passed over */
    bool exif_seen;
    int orientation; /* 1..8 */
    uint8_t *exif;   /* room for one marker, NULL until it is needed */
    uint8_t *icc;    /* the parts in the order of the file; after finish: the profile */
    size_t icc_nbytes;
    const char *icc_fault; /* why it is to be dropped; NULL: it is good so far */
    unsigned icc_count;    /* parts that there should be; 0: no part seen */
    struct {
        size_t at, nbytes; /* in icc */
        bool seen;
    } part[CK_JPEG_ICC_PARTS];
} ck_jpeg_meta;

/* Sets d->client_data and the marker processors; before jpeg_read_header. */
void ck_jpeg_meta_init(ck_jpeg_meta *meta, j_decompress_ptr d);

/* After jpeg_read_header. `out` points into `meta`. What is dropped is said to fault's listener. May jump. */
void ck_jpeg_meta_finish(ck_jpeg_meta *meta, j_decompress_ptr d, ck_meta *out);

void ck_jpeg_meta_release(ck_jpeg_meta *meta);

/* Whether the profile's own header says that it is for 1 (GRAY), 3 (RGB) or 4 (CMYK) channels. */
bool ck_jpeg_icc_fits(const uint8_t *icc, size_t nbytes, int channels);

#endif
