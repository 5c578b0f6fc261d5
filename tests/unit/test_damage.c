/*
 * Damaged files through the public interface: every prefix of small ones is
 * refused and leaves nothing, and whatever is accepted in spite of flipped bits
 * is accepted by libpng or libjpeg alone too, with the same pixels.
 * CHUNKIMG_FULL: a hundred times as many bits.
 */
#include <dirent.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#include <jpeglib.h>
#include <jerror.h>
#include <png.h>

#include <chunkimg/chunkimg.h>

#include "codec/codec.h"

enum { FILE_MOST = 16 * 1024 };

static char folder[] = "/tmp/chunkimg-damage-XXXXXX";

/* ---- files ---------------------------------------------------------------------- */

static uint32_t seed = 1;

static uint32_t chance(uint32_t below)
{
    seed ^= seed << 13;
    seed ^= seed >> 17;
    seed ^= seed << 5;
    return seed % below;
}

typedef struct sample {
    uint8_t bytes[FILE_MOST];
    size_t n;
    bool jpeg;
} sample;

static void load(const char *path, sample *s)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t n = read(fd, s->bytes, sizeof s->bytes);

    close(fd);
    assert_true(n > 0 && n < FILE_MOST);
    s->n = (size_t)n;
}

static void write_png(const char *path, int w, int h, int colour, int depth, int interlace)
{
    FILE *f = fopen(path, "wb");
    png_structp png = png_create_write_struct(PNG_LIBPNG_VER_STRING, NULL, NULL, NULL);
    png_infop info = png_create_info_struct(png);
    png_bytep rows[64];
    png_color palette[16];

    png_init_io(png, f);
    png_set_compression_buffer_size(png, 256); /* several IDATs */
    png_set_IHDR(png, info, (png_uint_32)w, (png_uint_32)h, depth, colour, interlace, PNG_COMPRESSION_TYPE_DEFAULT,
                 PNG_FILTER_TYPE_DEFAULT);
    for (int i = 0; i < 16; i++)
        palette[i] = (png_color){(png_byte)(i * 16), (png_byte)(255 - i * 9), (png_byte)(i * i)};
    if (colour == PNG_COLOR_TYPE_PALETTE)
        png_set_PLTE(png, info, palette, 1 << (depth < 4 ? depth : 4));
    png_write_info(png, info);
    size_t nbytes = png_get_rowbytes(png, info);
    for (int y = 0; y < h; y++) {
        rows[y] = malloc(nbytes);
        for (size_t i = 0; i < nbytes; i++)
            rows[y][i] = (png_byte)(colour == PNG_COLOR_TYPE_PALETTE && depth == 8 ? (i + (size_t)y) % 16
                                                                                   : i * 5 + (size_t)y * 3 + chance(8));
    }
    png_write_image(png, rows);
    png_write_end(png, info);
    png_destroy_write_struct(&png, &info);
    for (int y = 0; y < h; y++)
        free(rows[y]);
    fclose(f);
}

static void write_jpeg(const char *path, int w, int h, int components, int quality, bool progressive, unsigned restart)
{
    FILE *f = fopen(path, "wb");
    struct jpeg_error_mgr jerr;
    struct jpeg_compress_struct c = {.err = jpeg_std_error(&jerr)};
    uint8_t row[3 * 64];

    jpeg_create_compress(&c);
    jpeg_stdio_dest(&c, f);
    c.image_width = (JDIMENSION)w;
    c.image_height = (JDIMENSION)h;
    c.input_components = components;
    c.in_color_space = components == 3 ? JCS_RGB : JCS_GRAYSCALE;
    jpeg_set_defaults(&c);
    jpeg_set_quality(&c, quality, TRUE);
    c.restart_interval = restart;
    if (progressive)
        jpeg_simple_progression(&c);
    jpeg_start_compress(&c, TRUE);
    for (int y = 0; y < h; y++) {
        JSAMPROW rows[1] = {row};

        for (int i = 0; i < w * components; i++)
            row[i] = (uint8_t)(i * 3 + y * 5 + (int)chance(20));
        jpeg_write_scanlines(&c, rows, 1);
    }
    jpeg_finish_compress(&c);
    jpeg_destroy_compress(&c);
    fclose(f);
}

/* Sample i of twenty, as bytes. */
enum { SAMPLES = 20, PNGS = 11 };

static void make_sample(int i, sample *s)
{
    static const struct {
        int colour, depth, interlace;
    } pngs[PNGS] = {{PNG_COLOR_TYPE_RGB, 8, 0},        {PNG_COLOR_TYPE_RGB, 16, 0},       {PNG_COLOR_TYPE_GRAY, 8, 0},
                    {PNG_COLOR_TYPE_GRAY, 16, 0},      {PNG_COLOR_TYPE_RGB_ALPHA, 8, 0},  {PNG_COLOR_TYPE_GRAY_ALPHA, 8, 0},
                    {PNG_COLOR_TYPE_PALETTE, 8, 0},    {PNG_COLOR_TYPE_GRAY, 1, 0},       {PNG_COLOR_TYPE_RGB, 8, 1},
                    {PNG_COLOR_TYPE_PALETTE, 4, 1},    {PNG_COLOR_TYPE_RGB_ALPHA, 16, 1}};
    int j = i - PNGS;

    seed = (uint32_t)i + 77;
    if (j < 0)
        write_png("sample", 13 + i, 11 + i % 5, pngs[i].colour, pngs[i].depth, pngs[i].interlace);
    else
        write_jpeg("sample", 17 + 3 * j, 19 + j, j % 3 ? 3 : 1, 40 + 5 * j, j % 4 == 3, j % 4 == 2 ? 1 : 0);
    load("sample", s);
    s->jpeg = j >= 0;
    unlink("sample");
}

/* ---- the judges ------------------------------------------------------------------- */

static void quiet_png(png_structp png, png_const_charp text)
{
    (void)png, (void)text;
}

static void stop_png(png_structp png, png_const_charp text)
{
    (void)text;
    png_longjmp(png, 1);
}

typedef struct reader {
    const uint8_t *at;
    size_t left;
} reader;

static void read_png(png_structp png, png_bytep to, size_t n)
{
    reader *r = png_get_io_ptr(png);

    if (n > r->left)
        png_error(png, "end");
    memcpy(to, r->at, n);
    r->at += n;
    r->left -= n;
}

/* The pixels as libpng has them, or NULL; *nbytes of them. */
static uint8_t *by_libpng(const sample *s, ck_shape wanted)
{
    size_t row = ck_row_nbytes(wanted);
    uint8_t *volatile px = calloc((size_t)wanted.h, row);
    png_bytep *rows = calloc((size_t)wanted.h, sizeof *rows);
    reader r = {s->bytes, s->n};
    png_structp png = png_create_read_struct(PNG_LIBPNG_VER_STRING, NULL, stop_png, quiet_png);
    png_infop info = png_create_info_struct(png);
    volatile bool whole = false;

    for (int y = 0; y < wanted.h; y++)
        rows[y] = px + (size_t)y * row;
    if (!setjmp(png_jmpbuf(png))) {
        png_set_read_fn(png, &r, read_png);
        png_read_info(png, info);
        png_set_expand(png);
        png_set_swap(png);
        png_set_interlace_handling(png);
        png_read_update_info(png, info);
        if (png_get_image_height(png, info) == (png_uint_32)wanted.h && png_get_rowbytes(png, info) == row) {
            png_read_image(png, rows);
            png_read_end(png, NULL);
            whole = true;
        }
    }
    png_destroy_read_struct(&png, &info, NULL);
    free(rows);
    if (whole)
        return px;
    free(px);
    return NULL;
}

typedef struct strict {
    struct jpeg_error_mgr base;
    jmp_buf away;
} strict;

static void stop_jpeg(j_common_ptr c)
{
    longjmp(((strict *)(void *)c->err)->away, 1);
}

/* A warning is damage, unless it is about a marker that says nothing of the pixels. */
static void warn_jpeg(j_common_ptr c, int level)
{
    if (level < 0 && c->err->msg_code != JWRN_JFIF_MAJOR)
        stop_jpeg(c);
}

static uint8_t *by_libjpeg(const sample *s, ck_shape wanted)
{
    size_t row = ck_row_nbytes(wanted);
    uint8_t *volatile px = calloc((size_t)wanted.h, row);
    strict err;
    struct jpeg_decompress_struct c;
    volatile bool whole = false;

    memset(&c, 0, sizeof c);
    c.err = jpeg_std_error(&err.base);
    err.base.error_exit = stop_jpeg;
    err.base.emit_message = warn_jpeg;
    if (!setjmp(err.away)) {
        jpeg_create_decompress(&c);
        jpeg_mem_src(&c, s->bytes, s->n);
        jpeg_read_header(&c, TRUE);
        c.out_color_space = c.num_components == 1 ? JCS_GRAYSCALE : JCS_RGB;
        jpeg_start_decompress(&c);
        if (c.output_height == (JDIMENSION)wanted.h && (size_t)c.output_width * (size_t)c.output_components == row) {
            while (c.output_scanline < c.output_height) {
                JSAMPROW rows[1] = {px + c.output_scanline * row};
                jpeg_read_scanlines(&c, rows, 1);
            }
            jpeg_finish_decompress(&c);
            whole = true;
        }
    }
    jpeg_destroy_decompress(&c);
    if (whole)
        return px;
    free(px);
    return NULL;
}

/* ---- the program's verdict ------------------------------------------------------------ */

static int put_file(const sample *s, char path[64])
{
    int fd = memfd_create("sample", MFD_CLOEXEC);

    assert_true(fd >= 0 && write(fd, s->bytes, s->n) == (ssize_t)s->n);
    snprintf(path, 64, "/proc/self/fd/%d", fd);
    return fd;
}

/* The decoder's pixels as the pipeline asks for them, or NULL and the status. */
static uint8_t *by_chunkimg(const sample *s, ck_shape *shape, ck_status *status)
{
    const ck_codec *codec = ck_codec_find(s->jpeg ? "jpeg" : "png");
    ck_limits limits = {.max_pixels = 1 << 20, .max_memory = 64 << 20, .max_scans = 50};
    ck_warnings warnings = {0};
    void *state = calloc(1, codec->decoder->state_size);
    ck_image image = {0};
    uint8_t *px = NULL;
    ck_input *in;
    ck_error err;
    char path[64];
    int fd = put_file(s, path);

    assert_int_equal(ck_input_open(path, &in, &err), CK_OK);
    *status = codec->decoder->open(state, in, &limits, &warnings, &image, &err);
    if (!*status) {
        size_t row = ck_row_nbytes(image.shape);

        *shape = image.shape;
        px = calloc((size_t)image.shape.h, row);
        *status = codec->decoder->rows(state, (ck_view){px, (ptrdiff_t)row, image.shape}, &err);
        codec->decoder->close(state);
    }
    ck_input_close(&in);
    close(fd);
    free(state);
    if (*status) {
        free(px);
        return NULL;
    }
    return px;
}

static unsigned entries(void)
{
    DIR *d = opendir(".");
    unsigned n = 0;

    for (struct dirent *e; (e = readdir(d));)
        n += strcmp(e->d_name, ".") && strcmp(e->d_name, "..");
    closedir(d);
    return n;
}

static ck_status run_job(const sample *s)
{
    chunkimg_options o;
    chunkimg_error err;
    chunkimg_job *job;
    char path[64];
    int fd = put_file(s, path);

    chunkimg_options_init(&o);
    o.input = path;
    o.output = "made";
    o.mode = "serial";
    o.tiles = (chunkimg_pair){2, 2};
    o.format = "png";
    o.compression = 1;
    ck_status status = chunkimg_open(&o, &job, &err);
    if (!status) {
        status = chunkimg_run(job, &err);
        chunkimg_close(&job);
    }
    close(fd);
    assert_true(!status || err.text[0]);
    return status;
}

/* ---- tests ----------------------------------------------------------------------------- */

static int make_folder(void **state)
{
    (void)state;
    return mkdtemp(folder) ? chdir(folder) : -1;
}

static int remove_folder(void **state)
{
    (void)state;
    return chdir("/") || rmdir(folder); /* fails where something was left behind */
}

/* As jobs: 3 PNG and 3 JPEG, cut everywhere but behind what ends them. */
static void test_every_prefix_is_refused(void **state)
{
    static const int chosen[] = {0, 6, 8, PNGS, PNGS + 2, PNGS + 3};
    static sample s;

    (void)state;
    for (size_t k = 0; k < sizeof chosen / sizeof *chosen; k++) {
        make_sample(chosen[k], &s);
        size_t whole = s.n;
        assert_int_equal(run_job(&s), CHUNKIMG_OK);
        assert_int_equal(system("rm -r made"), 0);
        for (size_t n = 0; n < whole; n++) {
            s.n = n;
            ck_status status = run_job(&s);
            if (status != CHUNKIMG_BAD_INPUT)
                fail_msg("sample %d cut to %zu of %zu bytes: status %d", chosen[k], n, whole, (int)status);
            assert_int_equal(entries(), 0);
        }
    }
}

static void test_flipped_bits(void **state)
{
    static sample s;
    unsigned flips = getenv("CHUNKIMG_FULL") ? 10000 : 100; /* of each of twenty */
    unsigned accepted = 0, cleaner = 0;

    (void)state;
    for (int i = 0; i < SAMPLES; i++) {
        make_sample(i, &s);
        seed = (uint32_t)i * 7919 + 5;
        for (unsigned k = 0; k < flips; k++) {
            ck_shape shape = {0};
            ck_status status;
            size_t at = chance((uint32_t)s.n);
            uint8_t bit = (uint8_t)(1u << chance(8));

            s.bytes[at] ^= bit;
            uint8_t *px = by_chunkimg(&s, &shape, &status);
            if (px) {
                uint8_t *theirs = s.jpeg ? by_libjpeg(&s, shape) : by_libpng(&s, shape);

                accepted++;
                if (!theirs || memcmp(px, theirs, ck_row_nbytes(shape) * (size_t)shape.h) != 0)
                    fail_msg("sample %d, byte %zu ^ %02x: accepted, but %s", i, at, bit,
                             theirs ? "with other pixels" : "the library alone refuses it");
                free(theirs);
            } else {
                assert_true(status == CHUNKIMG_BAD_INPUT || status == CHUNKIMG_LIMIT);
                cleaner++;
            }
            free(px);
            s.bytes[at] ^= bit;
        }
    }
    print_message("%u flipped bits: %u refused, %u accepted with the libraries' pixels\n", flips * SAMPLES, cleaner, accepted);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_every_prefix_is_refused), cmocka_unit_test(test_flipped_bits)};

    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
