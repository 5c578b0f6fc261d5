/*
 * Any bytes as a PNG, read as one chain, as indices where there is a palette,
 * and in pieces where there seem to be independent ones: no crash, and whatever
 * is accepted has the pixels that libpng alone decodes.
 */
#include <png.h>

/* The decoder that takes pieces of small images. */
#define CK_PNG_PIECES_FROM 1
#define CK_PNG_PIECE_NBYTES 300
#define ck_png_decoder decoder_of_small_pieces
#include "codec/png/png_read.c"
#undef ck_png_decoder

#include "fuzz/decode.h"

typedef struct file {
    const uint8_t *data;
    size_t left;
} file;

static void from_memory(png_structp png, png_bytep to, size_t n)
{
    file *f = png_get_io_ptr(png);

    if (n > f->left)
        png_error(png, "end of file");
    memcpy(to, f->data, n);
    f->data += n;
    f->left -= n;
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
    file f = {data, size};
    size_t row = ck_row_nbytes(shape);
    uint8_t *theirs = calloc((size_t)shape.h, row);
    png_bytep *rows = malloc((size_t)shape.h * sizeof *rows);
    png_structp png = png_create_read_struct(PNG_LIBPNG_VER_STRING, NULL, quiet_error, quiet);
    png_infop info = png_create_info_struct(png);
    volatile int agrees = 0;

    if (!setjmp(png_jmpbuf(png))) {
        png_set_read_fn(png, &f, from_memory);
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

/* In pieces, by two states in turn. The pixels, or NULL: there are no pieces, or one of them was refused. */
static uint8_t *decode_pieces(const ck_decoder *d, const void *st, const ck_image *image)
{
    size_t row = ck_row_nbytes(image->shape);
    int32_t h = image->shape.h, step = image->piece_rows, n = 0;
    uint8_t *px = malloc(row * (size_t)h);
    void *mine[2] = {calloc(1, d->piece_state_size), calloc(1, d->piece_state_size)};
    uint32_t sum = 1, check;
    uint64_t nbytes;
    ck_error err;
    ck_status status = CK_OK;

    FUZZ_CHECK(px && mine[0] && mine[1] && step > 0);
    for (int32_t y = 0; y < h && !status; y += step) {
        ck_view into = {px + (size_t)y * row, (ptrdiff_t)row, image->shape};

        into.shape.h = step < h - y ? step : h - y;
        status = d->piece(st, mine[n % 2], y, into, &err);
        d->piece_check(mine[n++ % 2], &check, &nbytes);
        sum = d->piece_combine(sum, check, nbytes);
    }
    if (!status)
        status = d->pieces_end(st, sum, &err);
    for (int i = 0; i < 2; i++) {
        d->piece_release(mine[i]);
        free(mine[i]);
    }
    if (status)
        free(px);
    return status ? NULL : px;
}

static uint8_t *look_up(const ck_palette *palette, uint8_t *indices, ck_shape *shape)
{
    size_t n = (size_t)shape->w * (size_t)shape->h;
    uint8_t *px = malloc(n * palette->channels);

    FUZZ_CHECK(px && shape->channels == 1);
    for (size_t i = 0; i < n; i++)
        FUZZ_CHECK(indices[i] < palette->count);
    ck_palette_look_up(palette, indices, px, n);
    free(indices);
    shape->channels = palette->channels;
    return px;
}

static void try_pieces(const char *path, bool as_indices, const uint8_t *data, size_t size)
{
    const ck_decoder *d = &decoder_of_small_pieces;
    ck_limits limits = {.max_pixels = FUZZ_PIXELS_MOST, .max_memory = 256 << 20};
    void *st = calloc(1, d->state_size);
    uint8_t *px = NULL;
    ck_image image = {0};
    ck_input *in;
    ck_error err;

    FUZZ_CHECK(ck_input_open(path, &in, &err) == CK_OK);
    if (!d->open(st, in, &limits, NULL, &image, &err)) {
        if (as_indices && image.palette)
            d->index(st, &image);
        if (image.segment_rows)
            px = decode_pieces(d, st, &image);
        if (px && as_indices && image.palette)
            px = look_up(image.palette, px, &image.shape);
        d->close(st);
    }
    ck_input_close(&in);
    free(st);
    if (px)
        FUZZ_CHECK(libpng_agrees(data, size, image.shape, px));
    free(px);
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
    if (px)
        FUZZ_CHECK(libpng_agrees(data, size, shape, px));
    free(px);
    for (int as_indices = 0; as_indices < 2; as_indices++)
        try_pieces(path, as_indices, data, size);
    close(fd);
    return 0;
}
