/* JPEG (ITU-T T.81, JFIF 1.02) by libjpeg-turbo's libjpeg interface. */
#include "codec/jpeg/jpeg.h"

#include <stdio.h>

#include <jpeglib.h>

#include "codec/jpeg/jpeg_coef.h"

#define TEXT_OF(x) #x
#define TEXT(x) TEXT_OF(x)

static const char *library(void)
{
#ifdef LIBJPEG_TURBO_VERSION
    return "libjpeg-turbo " TEXT(LIBJPEG_TURBO_VERSION);
#else
    return "libjpeg " TEXT(JPEG_LIB_VERSION);
#endif
}

static const char *const suffixes[] = {"jpg", "jpeg", "jpe", "jfif", NULL};

static const ck_codec lossless = {
    .name = "jpeg",
    .summary = "JPEG by its coefficients; reads baseline, progressive, CMYK; writes baseline as the file was sampled",
    .suffixes = suffixes,
    .library = library,
    .decoder = &ck_jpeg_coef_decoder,
    .encoder = &ck_jpeg_coef_encoder,
};

const ck_codec ck_codec_jpeg = {
    .name = "jpeg",
    .summary = "JPEG, 8 bits a sample; reads baseline, progressive, CMYK; writes baseline 4:2:0",
    .suffixes = suffixes,
    .library = library,
    .decoder = &ck_jpeg_decoder,
    .encoder = &ck_jpeg_encoder,
    .lossless = &lossless,
};
