/*
 * Whole images as the libraries themselves decode them, in the shape the
 * program promises: palettes and low depths expanded, tRNS as alpha, 16 bit
 * kept and native, JPEG as gray or RGB. Stops the test where a file is bad.
 */
#ifndef TESTS_SUPPORT_ORACLE_H
#define TESTS_SUPPORT_ORACLE_H

#include <png.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jpeglib.h>

typedef struct oracle_image {
    int w, h, channels, depth;
    uint8_t *px; /* rows without gaps; free it */
} oracle_image;

static inline size_t oracle_row_nbytes(const oracle_image *m)
{
    return (size_t)m->w * (size_t)m->channels * (size_t)(m->depth / 8);
}

static inline void oracle_die(const char *path, const char *why)
{
    fprintf(stderr, "%s: %s\n", path, why);
    exit(1);
}

static inline oracle_image oracle_png(const char *path, FILE *f)
{
    png_structp png = png_create_read_struct(PNG_LIBPNG_VER_STRING, NULL, NULL, NULL);
    png_infop info = png_create_info_struct(png);
    oracle_image m;

    if (setjmp(png_jmpbuf(png)))
        oracle_die(path, "libpng refuses it");
    png_init_io(png, f);
    png_read_info(png, info);
    png_set_expand(png);
    png_set_swap(png);
    png_set_interlace_handling(png);
    png_read_update_info(png, info);
    m.w = (int)png_get_image_width(png, info);
    m.h = (int)png_get_image_height(png, info);
    m.channels = png_get_channels(png, info);
    m.depth = png_get_bit_depth(png, info);
    m.px = malloc(oracle_row_nbytes(&m) * (size_t)m.h);
    png_bytep *rows = malloc((size_t)m.h * sizeof *rows);
    for (int y = 0; y < m.h; y++)
        rows[y] = m.px + (size_t)y * oracle_row_nbytes(&m);
    png_read_image(png, rows);
    png_read_end(png, NULL);
    free(rows);
    png_destroy_read_struct(&png, &info, NULL);
    return m;
}

static inline oracle_image oracle_jpeg(FILE *f)
{
    struct jpeg_decompress_struct c;
    struct jpeg_error_mgr errors;
    oracle_image m = {.depth = 8};

    c.err = jpeg_std_error(&errors);
    jpeg_create_decompress(&c);
    jpeg_stdio_src(&c, f);
    jpeg_read_header(&c, TRUE);
    c.out_color_space = c.num_components == 1 ? JCS_GRAYSCALE : JCS_RGB;
    jpeg_start_decompress(&c);
    m.w = (int)c.output_width;
    m.h = (int)c.output_height;
    m.channels = c.output_components;
    m.px = malloc(oracle_row_nbytes(&m) * (size_t)m.h);
    while (c.output_scanline < c.output_height) {
        JSAMPROW row = m.px + c.output_scanline * oracle_row_nbytes(&m);
        jpeg_read_scanlines(&c, &row, 1);
    }
    jpeg_finish_decompress(&c);
    jpeg_destroy_decompress(&c);
    return m;
}

static inline oracle_image oracle_read(const char *path)
{
    FILE *f = fopen(path, "rb");
    uint8_t head[2] = {0};
    oracle_image m;

    if (!f || fread(head, 1, 2, f) != 2)
        oracle_die(path, "cannot be read");
    rewind(f);
    m = head[0] == 0xff && head[1] == 0xd8 ? oracle_jpeg(f) : oracle_png(path, f);
    fclose(f);
    return m;
}

#endif
