/* The PNG decoder, by libpng. */
#ifndef CK_CODEC_PNG_READ_H
#define CK_CODEC_PNG_READ_H

#include "codec/codec.h"

extern const ck_decoder ck_png_decoder;

#endif
