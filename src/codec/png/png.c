#include <png.h>

#include "codec/codec.h"
#include "codec/png/png_read.h"
#include "codec/png/png_write.h"

static const char *library(void)
{
    return "libpng " PNG_LIBPNG_VER_STRING;
}

static const char *const suffixes[] = {"png", NULL};

extern const ck_codec ck_codec_png;
const ck_codec ck_codec_png = {
    .name = "png",
    .summary = "Portable Network Graphics: lossless, 8 and 16 bit, gray or RGB, with or without alpha",
    .suffixes = suffixes,
    .library = library,
    .decoder = &ck_png_decoder,
    .encoder = &ck_png_encoder,
};
