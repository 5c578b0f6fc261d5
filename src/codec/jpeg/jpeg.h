/* The two halves of the JPEG codec. */
#ifndef CK_CODEC_JPEG_JPEG_H
#define CK_CODEC_JPEG_JPEG_H

#include "codec/codec.h"

extern const ck_decoder ck_jpeg_decoder;
extern const ck_encoder ck_jpeg_encoder;

#endif
