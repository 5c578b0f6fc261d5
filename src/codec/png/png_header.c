#include "codec/png/png_header.h"

#include <string.h>

#include "codec/exif.h"
#include "codec/png/png_chunk.h"
#include "codec/png/png_inflate.h"

/* ---- the image --------------------------------------------------------- */

ck_shape ck_png_expanded_shape(png_structp png, png_infop info)
{
    unsigned type = png_get_color_type(png, info);
    bool alpha = (type & PNG_COLOR_MASK_ALPHA) || png_get_valid(png, info, PNG_INFO_tRNS);

    return (ck_shape){
        .w = (int32_t)png_get_image_width(png, info),
        .h = (int32_t)png_get_image_height(png, info),
        .channels = (uint8_t)((type & PNG_COLOR_MASK_COLOR ? 3 : 1) + alpha),
        .depth = png_get_bit_depth(png, info) == 16 ? 16 : 8,
    };
}

void ck_png_get_meta(png_structp png, png_infop info, ck_meta *meta)
{
    png_charp name;
    png_bytep icc, exif;
    png_uint_32 nbytes, x, y;
    int how;

    *meta = (ck_meta){.orientation = 1};
    if (png_get_iCCP(png, info, &name, &how, &icc, &nbytes)) {
        meta->icc = icc; /* the info struct keeps it until close */
        meta->icc_nbytes = nbytes;
    }
    if (png_get_pHYs(png, info, &x, &y, &how) && how == PNG_RESOLUTION_METER) {
        meta->x_density = x;
        meta->y_density = y;
    }
    if (png_get_eXIf_1(png, info, &nbytes, &exif))
        meta->orientation = (uint8_t)ck_exif_orientation(exif, nbytes);
}

/* ---- its pixels -------------------------------------------------------- */

/* Entries beyond the palette's end are black, as libpng has them. */
static void read_palette(png_structp png, png_infop info, ck_png_expand *e)
{
    png_colorp colours;
    png_bytep alphas;
    int n = 0, alphas_n = 0;

    if (!png_get_PLTE(png, info, &colours, &n))
        n = 0;
    if (!png_get_tRNS(png, info, &alphas, &alphas_n, NULL))
        alphas_n = 0;
    e->colours = (uint16_t)n;
    e->palette.count = e->colours; /* libpng has refused a palette without any */
    e->palette.channels = e->channels;
    for (int i = 0; i < 256; i++) {
        uint8_t *entry = e->palette.colour[i];

        if (i < n)
            memcpy(entry, (uint8_t[]){colours[i].red, colours[i].green, colours[i].blue}, 3);
        entry[3] = i < alphas_n ? alphas[i] : 255;
    }
}

static void read_key(png_structp png, png_infop info, ck_png_expand *e)
{
    png_color_16p key;

    if (!png_get_tRNS(png, info, NULL, NULL, &key))
        return;
    e->key[0] = e->stored_channels == 1 ? key->gray : key->red;
    e->key[1] = key->green;
    e->key[2] = key->blue;
}

void ck_png_get_expand(png_structp png, png_infop info, ck_png_expand *e)
{
    ck_shape shape = ck_png_expanded_shape(png, info);

    *e = (ck_png_expand){
        .stored_channels = png_get_channels(png, info),
        .channels = shape.channels,
        .depth = shape.depth,
    };
    if (png_get_color_type(png, info) == PNG_COLOR_TYPE_PALETTE)
        read_palette(png, info, e);
    else
        read_key(png, info, e);
}

/* ---- its IDATs --------------------------------------------------------- */

uint64_t ck_png_longest_idat(png_structp png, png_infop info)
{
    uint64_t h = png_get_image_height(png, info);
    uint64_t row = (uint64_t)png_get_image_width(png, info) * png_get_channels(png, info)
                   * (png_get_bit_depth(png, info) > 8 ? 2 : 1) + 1;
    uint64_t all = row * h;

    if (h > UINT32_MAX / row)
        return CK_PNG_CHUNK_LONGEST;
    all += 6 + 5 * (all / (row < 32566 ? row : 32566) + 1);
    if (all < CK_PNG_ANCILLARY_MOST)
        all = CK_PNG_ANCILLARY_MOST;
    return all < CK_PNG_CHUNK_LONGEST ? all : CK_PNG_CHUNK_LONGEST;
}

bool ck_png_is_ordinary(png_structp png, png_infop info, const uint8_t *data, size_t nbytes)
{
    uint64_t row = png_get_rowbytes(png, info) + 1;
    unsigned window;

    if (png_get_interlace_type(png, info) != PNG_INTERLACE_NONE || png_get_bit_depth(png, info) < 8 || nbytes < 2)
        return false;
    window = ck_png_inflate_window(data);
    return window == 15 || (window && row * png_get_image_height(png, info) <= 1u << window);
}
