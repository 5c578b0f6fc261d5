#include "codec/jpeg/jpeg_pixels.h"

#include "codec/jpeg/jpeg_source.h"

uint8_t ck_jpeg_pixels_choose(ck_jpeg_pixels *pixels, j_decompress_ptr d)
{
    ck_jpeg_fault *fault = CK_JPEG_FAULT(d);

    switch (d->jpeg_color_space) {
    case JCS_GRAYSCALE: d->out_color_space = JCS_GRAYSCALE; return 1;
    case JCS_RGB:
    case JCS_YCbCr: d->out_color_space = JCS_RGB; return 3;
    case JCS_CMYK:
    case JCS_YCCK:
        d->out_color_space = JCS_CMYK;
        pixels->flip = d->saw_Adobe_marker ? 0 : 0xFF; /* Adobe stores the paper that is left, not the ink */
        return 3;
    default:
        ck_jpeg_raise(fault, ck_fail(fault->err, CHUNKIMG_BAD_INPUT,
                                     "%s: unsupported JPEG: %d components of unknown colours", fault->name,
                                     d->num_components));
    }
}

void ck_jpeg_pixels_start(ck_jpeg_pixels *pixels, j_decompress_ptr d)
{
    jpeg_start_decompress(d);
    pixels->cmyk = NULL;
    if (d->out_color_space == JCS_CMYK)
        pixels->cmyk = d->mem->alloc_sarray((j_common_ptr)d, JPOOL_IMAGE, d->output_width * 4, CK_JPEG_ROWS_AT_ONCE);
}

/* R = C * K / 255 rounded to nearest, where C and K are 255 for no ink; the shifts are that division, exactly. */
static void cmyk_to_rgb(const uint8_t *restrict cmyk, uint8_t *restrict rgb, size_t pixels, uint8_t flip)
{
    for (size_t i = 0; i < pixels; i++) {
        unsigned k = cmyk[4 * i + 3] ^ flip;

        for (unsigned c = 0; c < 3; c++) {
            unsigned product = (unsigned)(cmyk[4 * i + c] ^ flip) * k + 128;

            rgb[3 * i + c] = (uint8_t)((product + (product >> 8)) >> 8);
        }
    }
}

int32_t ck_jpeg_pixels_read(ck_jpeg_pixels *pixels, j_decompress_ptr d, uint8_t *const *row, int32_t most)
{
    JSAMPROW to[CK_JPEG_ROWS_AT_ONCE];
    int32_t got;

    if (most > CK_JPEG_ROWS_AT_ONCE)
        most = CK_JPEG_ROWS_AT_ONCE;
    for (int32_t i = 0; i < most; i++)
        to[i] = pixels->cmyk ? pixels->cmyk[i] : row[i];
    ck_jpeg_source_give_back(d);
    got = (int32_t)jpeg_read_scanlines(d, to, (JDIMENSION)most);
    for (int32_t i = 0; pixels->cmyk && i < got; i++)
        cmyk_to_rgb(to[i], row[i], d->output_width, pixels->flip);
    return got;
}

static uint64_t round_up(uint64_t value, int to)
{
    return (value + (unsigned)to - 1) / (unsigned)to * (unsigned)to;
}

uint64_t ck_jpeg_pixels_memory(j_decompress_ptr d)
{
    enum { FIXED = 96 * 1024, ROW_SLACK = 64 + sizeof(void *) };
    uint64_t sum = FIXED;

    for (int i = 0; i < d->num_components; i++) {
        const jpeg_component_info *c = &d->comp_info[i];
        uint64_t width = (uint64_t)c->width_in_blocks * DCTSIZE;

        /* the DCT's output (with a row group of context above and below), then the upsampled rows */
        sum += (uint64_t)(DCTSIZE + 2) * (unsigned)c->v_samp_factor * (width + ROW_SLACK);
        sum += (uint64_t)d->max_v_samp_factor * (round_up(d->image_width, d->max_h_samp_factor) + ROW_SLACK);
    }
    if (d->num_components == 4)
        sum += (uint64_t)CK_JPEG_ROWS_AT_ONCE * ((uint64_t)d->image_width * 4 + ROW_SLACK);
    return sum;
}
