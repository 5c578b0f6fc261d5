/* What an image carries beside its pixels and its tiles should keep. */
#ifndef CK_CORE_META_H
#define CK_CORE_META_H

#include <stdint.h>

typedef struct ck_meta {
    const uint8_t *icc; /* ICC profile, owned by the decoder's state until its close; NULL: none */
    uint32_t icc_nbytes;
    uint32_t x_density, y_density; /* pixels per metre; 0: not known */
    uint8_t orientation;           /* EXIF, 1..8: how the stored rows must be turned to stand upright */
} ck_meta;

#endif
