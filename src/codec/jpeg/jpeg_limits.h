/* What libjpeg leaves to its caller: the limits, and the lies of a header and of scans that it does not find out. */
#ifndef CK_CODEC_JPEG_LIMITS_H
#define CK_CODEC_JPEG_LIMITS_H

#include "codec/jpeg/jpeg_error.h"

/* What the scans of a file have brought so far. */
typedef struct ck_jpeg_scans {
    int most;                 /* scans that are allowed; 0: any number */
    unsigned components_seen; /* bit i: a scan has brought data of component i */
} ck_jpeg_scans;

/* After jpeg_read_header: whether it claims more pixels than are allowed, or than its bytes can hold. Jumps. */
void ck_jpeg_check_header(j_decompress_ptr d, const ck_input *in, uint64_t max_pixels);

/* Refuses where `needed` bytes are more than max_memory (0: none), and makes libjpeg keep to that too. Jumps. */
void ck_jpeg_check_memory(j_decompress_ptr d, uint64_t needed, uint64_t max_memory);

/* Bytes of all coefficients of the image in libjpeg's arrays. */
uint64_t ck_jpeg_coefficients_nbytes(j_decompress_ptr d);

/* To be called again and again while scans are read. Jumps where there are more than are allowed. */
void ck_jpeg_scans_note(ck_jpeg_scans *scans, j_decompress_ptr d);

/*
 * When all scans were read: jumps where there was none for a component, or no
 * DC scan in a progressive file. libjpeg leaves such samples grey and does not say so.
 */
void ck_jpeg_scans_finish(const ck_jpeg_scans *scans, j_decompress_ptr d);

#endif
