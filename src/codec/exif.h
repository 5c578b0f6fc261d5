/* The one thing wanted from EXIF: which way up the image is. */
#ifndef CK_CODEC_EXIF_H
#define CK_CODEC_EXIF_H

#include <stddef.h>
#include <stdint.h>

/*
 * Orientation (1..8) out of a TIFF block that starts at "II" or "MM"; 1 where
 * there is none or the block is damaged. Safe on any bytes.
 */
int ck_exif_orientation(const uint8_t *tiff, size_t nbytes);

#endif
