/* Any bytes as a PNG: no crash, and whatever is accepted has the pixels that libpng alone decodes. */
#include <png.h>

#include "fuzz/decode.h"

typedef struct reader {
    const uint8_t *data;
    size_t left;
} reader;

static void read_bytes(png_structp png, png_bytep to, size_t n)
{
    reader *r = png_get_io_ptr(png);

    if (n > r->left)
        png_error(png, "end of file");
    memcpy(to, r->data, n);
    r->data += n;
    r->left -= n;
}

static void quiet(png_structp png, png_const_charp text)
{
    (void)png, (void)text;
}

static void quiet_error(png_structp png, png_const_charp text)
{
    (void)text;
    png_longjmp(png, 1);
}

/* Whether libpng decodes the file to exactly these pixels. */
static int libpng_agrees(const uint8_t *data, size_t size, ck_shape shape, const uint8_t *px)
{
    reader r = {data, size};
    size_t row = ck_row_nbytes(shape);
    uint8_t *theirs = calloc((size_t)shape.h, row);
    png_bytep *rows = malloc((size_t)shape.h * sizeof *rows);
    png_structp png = png_create_read_struct(PNG_LIBPNG_VER_STRING, NULL, quiet_error, quiet);
    png_infop info = png_create_info_struct(png);
    volatile int agrees = 0;

    if (!setjmp(png_jmpbuf(png))) {
        png_set_read_fn(png, &r, read_bytes);
        png_read_info(png, info);
        png_set_expand(png);
        png_set_swap(png);
        png_set_interlace_handling(png);
        png_read_update_info(png, info);
        if (png_get_image_height(png, info) == (png_uint_32)shape.h && png_get_rowbytes(png, info) == row) {
            for (int32_t y = 0; y < shape.h; y++)
                rows[y] = theirs + (size_t)y * row;
            png_read_image(png, rows);
            png_read_end(png, NULL);
            agrees = !memcmp(px, theirs, row * (size_t)shape.h);
        }
    }
    png_destroy_read_struct(&png, &info, NULL);
    free(rows);
    free(theirs);
    return agrees;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char path[64];
    ck_shape shape;
    int fd;

    if (!size)
        return 0;
    fd = fuzz_file(data, size, path);
    uint8_t *px = fuzz_decode(ck_codec_find("png"), path, 1 + data[size - 1] % 32, &shape);
    close(fd);
    if (px)
        FUZZ_CHECK(libpng_agrees(data, size, shape, px));
    free(px);
    return 0;
}
