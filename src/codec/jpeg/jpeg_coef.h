/*
 * JPEG by its stored coefficients. A unit is an MCU of the whole image (all
 * components interleaved): its blocks, component by component, each from left
 * to right and top to bottom, as 64 native int16_t each, quantised, in rows.
 * A gray image is counted in single blocks, whatever its sampling factors say.
 */
#ifndef CK_CODEC_JPEG_COEF_H
#define CK_CODEC_JPEG_COEF_H

#include <stdio.h>

#include <jpeglib.h>

#include "codec/codec.h"

/*
 * What a tile must repeat of its image for the coefficients to mean the same:
 * ck_image.stored of the decoder, ck_encode_params.stored of the encoder.
 */
typedef struct ck_jpeg_frame {
    J_COLOR_SPACE colours; /* as stored */
    bool adobe;            /* CMYK with an Adobe marker has its samples inverted */
    bool jfif;             /* the next four are the file's */
    uint8_t jfif_major, jfif_minor, density_unit;
    uint16_t x_density, y_density;
    int components;
    struct {
        int id, h, v; /* h x v: blocks of it in a unit */
        int table;    /* of `tables` */
    } component[MAX_COMPS_IN_SCAN];
    uint16_t tables[NUM_QUANT_TBLS][DCTSIZE2];
    bool has_table[NUM_QUANT_TBLS];
    int blocks;             /* in a unit */
    int32_t unit_w, unit_h; /* pixels */
} ck_jpeg_frame;

extern const ck_decoder ck_jpeg_coef_decoder;
extern const ck_encoder ck_jpeg_coef_encoder;

#endif
