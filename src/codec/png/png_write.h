/* The PNG encoder: own filters, own chunks; png_deflate.c compresses. */
#ifndef CK_CODEC_PNG_WRITE_H
#define CK_CODEC_PNG_WRITE_H

#include "codec/codec.h"

extern const ck_encoder ck_png_encoder;

#endif
