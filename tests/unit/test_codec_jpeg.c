/*
 * The JPEG codec against plain libjpeg calls: the same pixels in, the same
 * bytes out, and a refusal where libjpeg would only warn.
 */
#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>
#include <jpeglib.h>

#include "codec/codec.h"
#include "codec/exif.h"
#include "codec/jpeg/jpeg_index.h"

extern const ck_codec ck_codec_jpeg;

typedef struct bytes {
    uint8_t *at;
    size_t nbytes;
} bytes;

typedef struct picture {
    ck_shape shape;
    ck_meta meta; /* without icc */
    uint64_t memory;
    uint8_t *px; /* rows without gaps */
} picture;

/* Instead of the library's: small files are searched for restart markers too. */
const uint64_t ck_jpeg_index_least_pixels = 0;

static const ck_limits LIMITS = {.max_pixels = 1u << 30, .max_memory = 1u << 30, .max_scans = 100};
static char last_warning[600];

static void note_warning(void *user, const char *text)
{
    (void)user;
    snprintf(last_warning, sizeof last_warning, "%s", text);
}

static uint32_t random_state = 1;

static uint32_t next_random(void)
{
    random_state ^= random_state << 13;
    random_state ^= random_state >> 17;
    random_state ^= random_state << 5;
    return random_state;
}

/* ---- the codec under test --------------------------------------------- */

static ck_input *input_of(const uint8_t *at, size_t nbytes, char path[32])
{
    ck_input *in;
    int fd;

    strcpy(path, "/tmp/test-jpeg-XXXXXX");
    fd = mkstemp(path);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, at, nbytes), nbytes);
    close(fd);
    assert_int_equal(ck_input_open(path, &in, NULL), CK_OK);
    return in;
}

/* All rows, in bands of changing height, into rows with a gap that must stay as it was. */
static ck_status read_bands(void *st, picture *p, ck_error *err)
{
    size_t row = ck_row_nbytes(p->shape);
    uint8_t *band = malloc(37 * (row + 5));
    ck_status status = CK_OK;

    p->px = malloc(row * (size_t)p->shape.h);
    for (int32_t y = 0, h = 1; y < p->shape.h && !status; y += h, h = 1 + (h * 5 + 3) % 37) {
        ck_view v = {band, (ptrdiff_t)row + 5, p->shape};

        v.shape.h = h = h < p->shape.h - y ? h : p->shape.h - y;
        memset(band, 0xA5, 37 * (row + 5));
        status = ck_codec_jpeg.decoder->rows(st, v, err);
        for (int32_t i = 0; i < h && !status; i++) {
            memcpy(p->px + row * (size_t)(y + i), ck_row(v, i), row);
            assert_memory_equal(ck_row(v, i) + row, "\xA5\xA5\xA5\xA5\xA5", 5);
        }
    }
    free(band);
    return status;
}

static ck_status decode_limits(bytes file, const ck_limits *limits, picture *p, ck_error *err)
{
    const ck_decoder *d = ck_codec_jpeg.decoder;
    ck_warnings warnings = {note_warning, NULL};
    void *st = calloc(1, d->state_size);
    char path[32];
    ck_input *in = input_of(file.at, file.nbytes, path);
    ck_image image;
    ck_status status = d->open(st, in, limits, &warnings, &image, err);

    *p = (picture){0};
    if (!status) {
        *p = (picture){.shape = image.shape, .meta = image.meta, .memory = image.memory};
        status = read_bands(st, p, err);
        d->close(st);
    }
    ck_input_close(&in);
    unlink(path);
    free(st);
    return status;
}

static ck_status decode(bytes file, picture *p, ck_error *err)
{
    return decode_limits(file, &LIMITS, p, err);
}

static bytes encode_as(ck_view v, const ck_encode_params *params, const ck_part *part)
{
    const ck_encoder *e = ck_codec_jpeg.encoder;
    void *st = calloc(1, e->state_size);
    ck_shape stored;
    bytes out;
    size_t capacity;
    uint32_t check;
    uint64_t check_nbytes;

    assert_int_equal(e->accepts(v.shape, &stored, NULL), CK_OK);
    assert_int_equal(stored.depth, 8);
    capacity = e->bound(stored, params);
    out.at = malloc(capacity);
    assert_int_equal(e->init(st, params, stored, NULL), CK_OK);
    assert_int_equal(e->begin(st, stored, part, out.at, capacity, NULL), CK_OK); /* dropped by the next */
    assert_int_equal(e->begin(st, stored, part, out.at, capacity, NULL), CK_OK);
    for (int32_t y = 0; y < v.shape.h; y += 21)
        assert_int_equal(
            e->rows(st, ck_window(v, 0, y, v.shape.w, v.shape.h - y < 21 ? v.shape.h - y : 21), NULL), CK_OK);
    assert_int_equal(e->end(st, &out.nbytes, &check, &check_nbytes, NULL), CK_OK);
    assert_true(out.nbytes <= capacity);
    e->release(st);
    free(st);
    return out;
}

static bytes encode(ck_view v, const ck_encode_params *params)
{
    return encode_as(v, params, NULL);
}

/* ---- plain libjpeg ---------------------------------------------------- */

typedef struct recipe {
    J_COLOR_SPACE from, to;
    int quality;
    int h[4], v[4]; /* sampling; 0: libjpeg's default */
    bool progressive, arithmetic, no_adobe, no_jfif, per_component;
    int restart_rows, restart_mcus;
    const ck_meta *meta;
    uint8_t unit;
    uint16_t x_density, y_density;
    const uint8_t *app1;
    unsigned app1_nbytes;
} recipe;

static bytes plain_encode(ck_view v, const recipe *how)
{
    static jpeg_scan_info scans[4] = {
        {1, {0}, 0, 63, 0, 0}, {1, {1}, 0, 63, 0, 0}, {1, {2}, 0, 63, 0, 0}, {1, {3}, 0, 63, 0, 0}};
    struct jpeg_compress_struct c;
    struct jpeg_error_mgr e;
    unsigned long nbytes = 0;
    bytes out = {0};

    c.err = jpeg_std_error(&e);
    jpeg_create_compress(&c);
    jpeg_mem_dest(&c, &out.at, &nbytes);
    c.image_width = (JDIMENSION)v.shape.w;
    c.image_height = (JDIMENSION)v.shape.h;
    c.input_components = v.shape.channels;
    c.in_color_space = how->from;
    jpeg_set_defaults(&c);
    jpeg_set_colorspace(&c, how->to);
    jpeg_set_quality(&c, how->quality, TRUE);
    for (int i = 0; i < c.num_components && how->h[0]; i++) {
        c.comp_info[i].h_samp_factor = how->h[i];
        c.comp_info[i].v_samp_factor = how->v[i];
    }
    if (how->progressive)
        jpeg_simple_progression(&c);
    if (how->per_component) {
        c.scan_info = scans;
        c.num_scans = c.num_components;
    }
    c.arith_code = how->arithmetic;
    c.restart_in_rows = how->restart_rows;
    c.restart_interval = (unsigned)how->restart_mcus;
    if (how->unit) {
        c.density_unit = how->unit;
        c.X_density = how->x_density;
        c.Y_density = how->y_density;
    }
    if (how->no_jfif)
        c.write_JFIF_header = FALSE;
    if (how->no_adobe)
        c.write_Adobe_marker = FALSE;
    jpeg_start_compress(&c, TRUE);
    if (how->app1)
        jpeg_write_marker(&c, JPEG_APP0 + 1, how->app1, how->app1_nbytes);
    if (how->meta && how->meta->icc)
        jpeg_write_icc_profile(&c, how->meta->icc, how->meta->icc_nbytes);
    for (int32_t y = 0; y < v.shape.h; y++) {
        JSAMPROW row = ck_row(v, y);
        jpeg_write_scanlines(&c, &row, 1);
    }
    jpeg_finish_compress(&c);
    jpeg_destroy_compress(&c);
    out.nbytes = nbytes;
    return out;
}

/* CMYK becomes RGB by arithmetic that shares nothing with the codec's. */
static void plain_row(const uint8_t *from, uint8_t *to, size_t w, int components, bool inverted)
{
    if (components != 4) {
        memcpy(to, from, w * (size_t)components);
        return;
    }
    for (size_t x = 0; x < w; x++)
        for (int i = 0; i < 3; i++) {
            double colour = inverted ? from[4 * x + (size_t)i] : 255 - from[4 * x + (size_t)i];
            double black = inverted ? from[4 * x + 3] : 255 - from[4 * x + 3];
            to[3 * x + (size_t)i] = (uint8_t)(colour * black / 255.0 + 0.5);
        }
}

static picture plain_decode(bytes file)
{
    struct jpeg_decompress_struct d;
    struct jpeg_error_mgr e;
    picture p = {0};
    uint8_t *line;

    d.err = jpeg_std_error(&e);
    jpeg_create_decompress(&d);
    jpeg_mem_src(&d, file.at, file.nbytes);
    jpeg_read_header(&d, TRUE);
    jpeg_start_decompress(&d);
    p.shape = (ck_shape){(int32_t)d.output_width, (int32_t)d.output_height, d.output_components == 1 ? 1 : 3, 8};
    p.px = malloc(ck_row_nbytes(p.shape) * d.output_height);
    line = malloc((size_t)d.output_width * 4);
    for (size_t y = 0; y < d.output_height; y++) {
        jpeg_read_scanlines(&d, &line, 1);
        plain_row(line, p.px + y * ck_row_nbytes(p.shape), d.output_width, d.output_components, d.saw_Adobe_marker);
    }
    jpeg_finish_decompress(&d);
    jpeg_destroy_decompress(&d);
    free(line);
    return p;
}

/* ---- helpers ---------------------------------------------------------- */

/* A picture with slopes, edges and noise. */
static ck_view make_view(int32_t w, int32_t h, uint8_t channels, uint8_t depth)
{
    ck_view v = {.shape = {w, h, channels, depth}};
    size_t row = ck_row_nbytes(v.shape), n = (size_t)w * channels;

    v.stride = (ptrdiff_t)row + (depth == 16 ? 6 : 3);
    v.px = malloc((size_t)v.stride * (size_t)h);
    for (int32_t y = 0; y < h; y++)
        for (size_t i = 0; i < n; i++) {
            unsigned value = (unsigned)i * 97 + (unsigned)y * 251 + (i / 40 + (unsigned)y / 24) % 2 * 20000 +
                             next_random() % 9000;
            if (depth == 16)
                memcpy(ck_row(v, y) + 2 * i, &(uint16_t){(uint16_t)value}, 2);
            else
                ck_row(v, y)[i] = (uint8_t)(value >> 8);
        }
    return v;
}

static void assert_same(const picture *a, const picture *b)
{
    assert_int_equal(a->shape.w, b->shape.w);
    assert_int_equal(a->shape.h, b->shape.h);
    assert_int_equal(a->shape.channels, b->shape.channels);
    assert_memory_equal(a->px, b->px, ck_row_nbytes(a->shape) * (size_t)a->shape.h);
}

static void assert_decodes_as_libjpeg(bytes file, const char *what)
{
    ck_error err = {0};
    picture mine, plain = plain_decode(file);

    if (decode(file, &mine, &err))
        fail_msg("%s: %s", what, err.text);
    assert_same(&mine, &plain);
    free(mine.px);
    free(plain.px);
}

static void assert_refused(bytes file, ck_status expected, const char *what)
{
    ck_error err = {0};
    picture p;
    ck_status status = decode(file, &p, &err);

    if (status != expected)
        fail_msg("%s: status %d, not %d: %s", what, (int)status, (int)expected, err.text);
    assert_true(strlen(err.text) > 10);
    assert_int_equal(err.status, expected);
    free(p.px);
}

/* ---- decoding --------------------------------------------------------- */

static void samplings_decode_as_libjpeg(void **state)
{
    static const int SAMPLING[][6] = {/* h of the three components, then v */
        {1, 1, 1, 1, 1, 1}, {2, 1, 1, 1, 1, 1}, {2, 1, 1, 2, 1, 1}, {4, 1, 1, 1, 1, 1}, {1, 1, 1, 2, 1, 1},
        {4, 1, 1, 2, 1, 1}, {2, 2, 1, 2, 1, 2}, {1, 1, 1, 4, 1, 1}, {2, 2, 2, 1, 1, 1}, {1, 2, 2, 1, 2, 2},
        {4, 2, 1, 1, 1, 1}};
    static const int32_t SIZES[][2] = {{1, 1}, {7, 5}, {16, 16}, {17, 33}, {131, 90}};
    char what[80];

    (void)state;
    for (size_t s = 0; s < sizeof SIZES / sizeof *SIZES; s++) {
        ck_view v = make_view(SIZES[s][0], SIZES[s][1], 3, 8);

        for (size_t i = 0; i < sizeof SAMPLING / sizeof *SAMPLING; i++)
            for (int kind = 0; kind < 5; kind++) {
                const int *f = SAMPLING[i];
                recipe how = {.from = JCS_RGB, .to = JCS_YCbCr, .quality = 85, .progressive = kind == 1,
                              .arithmetic = kind == 2, .per_component = kind == 3, .restart_mcus = kind == 4 ? 3 : 0,
                              .h = {f[0], f[1], f[2]}, .v = {f[3], f[4], f[5]}};
                bytes file = plain_encode(v, &how);

                snprintf(what, sizeof what, "size %zu sampling %zu kind %d", s, i, kind);
                assert_decodes_as_libjpeg(file, what);
                free(file.at);
            }
        free(v.px);
    }
}

static void colours_decode_as_libjpeg(void **state)
{
    static const struct {
        J_COLOR_SPACE from, to;
        uint8_t channels;
        bool no_adobe;
    } CASES[] = {{JCS_GRAYSCALE, JCS_GRAYSCALE, 1, false}, {JCS_RGB, JCS_RGB, 3, false},
                 {JCS_CMYK, JCS_CMYK, 4, false}, {JCS_CMYK, JCS_YCCK, 4, false}, {JCS_CMYK, JCS_CMYK, 4, true}};
    char what[80];

    (void)state;
    for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++)
        for (int progressive = 0; progressive < 2; progressive++) {
            ck_view v = make_view(75, 61, CASES[i].channels, 8);
            recipe how = {.from = CASES[i].from, .to = CASES[i].to, .quality = 92, .progressive = progressive,
                          .no_adobe = CASES[i].no_adobe};
            bytes file = plain_encode(v, &how);

            snprintf(what, sizeof what, "colours %zu progressive %d", i, progressive);
            assert_decodes_as_libjpeg(file, what);
            free(file.at);
            free(v.px);
        }
}

static void prefixes_are_refused(void **state)
{
    ck_view v = make_view(40, 40, 3, 8);

    (void)state;
    for (int kind = 0; kind < 4; kind++) {
        recipe how = {.from = JCS_RGB, .to = JCS_YCbCr, .quality = 50, .progressive = kind == 1,
                      .arithmetic = kind == 2, .restart_rows = kind == 3};
        bytes file = plain_encode(v, &how);

        for (size_t n = 0; n < file.nbytes; n++)
            assert_refused((bytes){file.at, n}, CHUNKIMG_BAD_INPUT, "prefix");
        assert_decodes_as_libjpeg(file, "all of it");
        free(file.at);
    }
    free(v.px);
}

/* Any change of bytes: an outcome, no crash, and where it is success the pixels are libjpeg's. */
static void changed_bytes_do_no_harm(void **state)
{
    ck_view v = make_view(48, 40, 3, 8);

    (void)state;
    for (int round = 0; round < 1500; round++) {
        recipe how = {.from = JCS_RGB, .to = JCS_YCbCr, .quality = 40, .progressive = round % 3 == 1,
                      .arithmetic = round % 3 == 2};
        bytes file = plain_encode(v, &how);
        ck_limits limits = {.max_pixels = 1 << 20, .max_memory = 64 << 20, .max_scans = 50};
        picture p, plain;
        ck_error err;

        for (unsigned i = 0, n = 1 + next_random() % 4; i < n; i++)
            file.at[next_random() % file.nbytes] = (uint8_t)next_random();
        if (!decode_limits(file, &limits, &p, &err)) {
            plain = plain_decode(file);
            assert_same(&p, &plain);
            free(plain.px);
        }
        free(p.px);
        free(file.at);
    }
    free(v.px);
}

/* Pixel data that ends too early, with an end marker behind it: libjpeg warns and pads with grey. */
static void padded_prefixes_are_refused(void **state)
{
    ck_view v = make_view(40, 40, 3, 8);

    (void)state;
    for (int restarts = 0; restarts < 2; restarts++) {
        recipe how = {.from = JCS_RGB, .to = JCS_YCbCr, .quality = 50, .restart_rows = restarts};
        bytes file = plain_encode(v, &how);
        uint8_t *scan = memmem(file.at, file.nbytes, "\xFF\xDA", 2);

        assert_non_null(scan);
        for (size_t n = file.nbytes - 3; n >= (size_t)(scan - file.at) + 14; n--) {
            file.at[n] = 0xFF;
            file.at[n + 1] = 0xD9;
            assert_refused((bytes){file.at, n + 2}, CHUNKIMG_BAD_INPUT, "padded prefix");
        }
        free(file.at);
    }
    free(v.px);
}

/* Sets width and height in the frame header. */
static void claim_size(bytes file, unsigned w, unsigned h)
{
    size_t at = 2;

    while (file.at[at + 1] < 0xC0 || file.at[at + 1] > 0xCA || file.at[at + 1] == 0xC4)
        at += 2 + (size_t)(file.at[at + 2] << 8 | file.at[at + 3]);
    file.at[at + 5] = (uint8_t)(h >> 8);
    file.at[at + 6] = (uint8_t)h;
    file.at[at + 7] = (uint8_t)(w >> 8);
    file.at[at + 8] = (uint8_t)w;
}

static void bombs_are_refused(void **state)
{
    ck_view v = make_view(16, 16, 3, 8);
    ck_limits wide = {.max_pixels = UINT64_MAX, .max_memory = UINT64_MAX, .max_scans = 100};

    (void)state;
    for (int progressive = 0; progressive < 2; progressive++) {
        recipe how = {.from = JCS_RGB, .to = JCS_YCbCr, .quality = 50, .progressive = progressive};
        bytes file = plain_encode(v, &how);
        clock_t began = clock(); /* CPU time; far from both the truth (1 ms) and what decoding would take (minutes) */
        ck_error err;
        picture p;

        claim_size(file, 65500, 65500);
        assert_refused(file, CHUNKIMG_LIMIT, "more pixels than allowed");
        (void)decode(file, &p, &err);
        assert_non_null(strstr(err.text, "65500 x 65500 pixels are more than --max-pixels allows (1073741824)"));
        assert_int_equal(decode_limits(file, &wide, &p, &err), CHUNKIMG_BAD_INPUT);
        assert_non_null(strstr(err.text, "cannot hold"));
        assert_true(clock() - began < 5 * CLOCKS_PER_SEC);
        free(file.at);
    }
    free(v.px);
}

static void limits_are_kept(void **state)
{
    ck_view v = make_view(300, 200, 3, 8);
    recipe how = {.from = JCS_RGB, .to = JCS_YCbCr, .quality = 50, .progressive = true};
    bytes file = plain_encode(v, &how);
    ck_limits few_scans = {.max_pixels = 1 << 20, .max_memory = 1 << 30, .max_scans = 3};
    ck_limits little_memory = {.max_pixels = 1 << 20, .max_memory = 200 * 1024, .max_scans = 100};
    ck_error err;
    picture p;

    (void)state;
    assert_int_equal(decode_limits(file, &few_scans, &p, &err), CHUNKIMG_LIMIT);
    assert_non_null(strstr(err.text, "--max-scans allows (3)"));
    free(p.px);
    assert_int_equal(decode_limits(file, &little_memory, &p, &err), CHUNKIMG_LIMIT);
    free(p.px);
    free(file.at);
    free(v.px);
}

/* A scan that is left out: libjpeg would fill in grey without a word. */
static void missing_components_are_refused(void **state)
{
    ck_view v = make_view(40, 40, 3, 8);
    recipe how = {.from = JCS_RGB, .to = JCS_YCbCr, .quality = 50, .per_component = true};
    bytes file = plain_encode(v, &how);
    size_t last_scan = file.nbytes;

    (void)state;
    while (file.at[last_scan] != 0xFF || file.at[last_scan + 1] != 0xDA)
        last_scan--;
    file.at[last_scan + 1] = 0xD9;
    assert_refused((bytes){file.at, last_scan + 2}, CHUNKIMG_BAD_INPUT, "two scans of three");
    free(file.at);
    free(v.px);
}

static void other_kinds_are_refused(void **state)
{
    ck_view v = make_view(40, 40, 3, 8);
    recipe how = {.from = JCS_RGB, .to = JCS_YCbCr, .quality = 50};
    bytes file = plain_encode(v, &how);
    size_t at = 2;
    picture p;
    ck_error err;

    (void)state;
    while (file.at[at + 1] != 0xC0)
        at += 2 + (size_t)(file.at[at + 2] << 8 | file.at[at + 3]);
    file.at[at + 4] = 12;
    assert_int_equal(decode(file, &p, &err), CHUNKIMG_BAD_INPUT);
    assert_non_null(strstr(err.text, "unsupported JPEG"));
    file.at[at + 4] = 8;
    file.at[at + 1] = 0xC3;
    assert_int_equal(decode(file, &p, &err), CHUNKIMG_BAD_INPUT);
    assert_non_null(strstr(err.text, "unsupported JPEG"));
    free(file.at);
    free(v.px);
}

/* ---- metadata --------------------------------------------------------- */

static uint8_t *make_icc(size_t nbytes, const char *colours)
{
    uint8_t *icc = malloc(nbytes);

    for (size_t i = 0; i < nbytes; i++)
        icc[i] = (uint8_t)next_random();
    icc[0] = (uint8_t)(nbytes >> 24);
    icc[1] = (uint8_t)(nbytes >> 16);
    icc[2] = (uint8_t)(nbytes >> 8);
    icc[3] = (uint8_t)nbytes;
    memcpy(icc + 16, colours, 4);
    memcpy(icc + 36, "acsp", 4);
    return icc;
}

/* Opens only; the profile is compared while the decoder lives. */
static ck_meta read_meta(bytes file, const uint8_t *icc, size_t icc_nbytes)
{
    const ck_decoder *d = ck_codec_jpeg.decoder;
    ck_warnings warnings = {note_warning, NULL};
    void *st = calloc(1, d->state_size);
    char path[32];
    ck_input *in = input_of(file.at, file.nbytes, path);
    ck_image image;

    last_warning[0] = 0;
    assert_int_equal(d->open(st, in, &LIMITS, &warnings, &image, NULL), CK_OK);
    assert_int_equal(image.meta.icc_nbytes, icc_nbytes);
    if (icc_nbytes)
        assert_memory_equal(image.meta.icc, icc, icc_nbytes);
    else
        assert_null(image.meta.icc);
    d->close(st);
    ck_input_close(&in);
    unlink(path);
    free(st);
    return image.meta;
}

static void metadata_is_read(void **state)
{
    static const uint8_t EXIF[] = "Exif\0\0MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0\0\0\0\0";
    ck_view v = make_view(20, 20, 3, 8);
    uint8_t *icc = make_icc(150000, "RGB ");
    ck_meta meta = {.icc = icc, .icc_nbytes = 150000};
    recipe how = {.from = JCS_RGB, .to = JCS_YCbCr, .quality = 50, .meta = &meta, .unit = 1, .x_density = 300,
                  .y_density = 72, .app1 = EXIF, .app1_nbytes = sizeof EXIF - 1};
    bytes file = plain_encode(v, &how);
    ck_meta got = read_meta(file, icc, 150000);

    (void)state;
    assert_int_equal(got.orientation, 6);
    assert_int_equal(got.x_density, 11811);
    assert_int_equal(got.y_density, 2835);
    assert_string_equal(last_warning, "");
    for (size_t i = 0; i + 14 < file.nbytes; i++) /* the second part says that it is the third */
        if (!memcmp(file.at + i, "ICC_PROFILE\0\2", 13))
            file.at[i + 12] = 3;
    read_meta(file, NULL, 0);
    assert_non_null(strstr(last_warning, "ICC profile was dropped"));
    free(file.at);

    memcpy(icc + 16, "GRAY", 4);
    how.unit = 2;
    how.app1 = NULL;
    file = plain_encode(v, &how);
    got = read_meta(file, NULL, 0);
    assert_non_null(strstr(last_warning, "other colours"));
    assert_int_equal(got.orientation, 1);
    assert_int_equal(got.x_density, 30000);
    free(file.at);
    free(icc);
    free(v.px);
}

static void profile_parts_may_come_in_any_order(void **state)
{
    ck_view v = make_view(20, 20, 3, 8);
    uint8_t *icc = make_icc(2 * 65519, "RGB "), *swap = malloc(65519 + 18);
    ck_meta meta = {.icc = icc, .icc_nbytes = 2 * 65519};
    recipe how = {.from = JCS_RGB, .to = JCS_YCbCr, .quality = 50, .meta = &meta};
    bytes file = plain_encode(v, &how);
    uint8_t *first = file.at + 20, *second = first + 65519 + 18; /* behind SOI and JFIF */

    (void)state;
    assert_memory_equal(first + 4, "ICC_PROFILE", 12);
    memcpy(swap, first, 65519 + 18);
    memcpy(first, second, 65519 + 18);
    memcpy(second, swap, 65519 + 18);
    read_meta(file, icc, 2 * 65519);
    free(swap);
    free(icc);
    free(file.at);
    free(v.px);
}

static void cmyk_profile_is_dropped(void **state)
{
    ck_view v = make_view(20, 20, 4, 8);
    uint8_t *icc = make_icc(3000, "CMYK");
    ck_meta meta = {.icc = icc, .icc_nbytes = 3000};
    recipe how = {.from = JCS_CMYK, .to = JCS_YCCK, .quality = 50, .meta = &meta};
    bytes file = plain_encode(v, &how);

    (void)state;
    read_meta(file, NULL, 0);
    assert_non_null(strstr(last_warning, "CMYK samples are converted"));
    free(icc);
    free(file.at);
    free(v.px);
}

/* 80,000 markers and parts of profiles without end: neither time nor memory. */
static void many_markers_are_cheap(void **state)
{
    ck_view v = make_view(20, 20, 3, 8);
    recipe how = {.from = JCS_RGB, .to = JCS_YCbCr, .quality = 50};
    bytes small = plain_encode(v, &how), file = {malloc(80000 * 40 + small.nbytes), 20};
    clock_t began;
    picture p;

    (void)state;
    memcpy(file.at, small.at, 20);
    for (unsigned i = 0; i < 80000; i++) {
        uint8_t *m = file.at + file.nbytes;

        memset(m, 0, 40);
        m[0] = 0xFF;
        m[1] = i % 3 ? 0xE0 + i % 13 + 1 : i % 2 ? 0xE1 : 0xE2;
        m[3] = 38;
        memcpy(m + 4, i % 2 ? "Exif" : "ICC_PROFILE", i % 2 ? 4 : 11);
        m[16] = (uint8_t)(i / 6 + 1);
        m[17] = 255;
        file.nbytes += 40;
    }
    memcpy(file.at + file.nbytes, small.at + 20, small.nbytes - 20);
    file.nbytes += small.nbytes - 20;
    began = clock();
    assert_int_equal(decode(file, &p, NULL), CK_OK);
    assert_true(clock() - began < 5 * CLOCKS_PER_SEC);
    assert_true(p.memory < 1 << 20);
    free(p.px);
    free(file.at);
    free(small.at);
    free(v.px);
}

static void exif_is_safe_on_any_bytes(void **state)
{
    static const uint8_t LITTLE[] = "II*\0\x08\0\0\0\x02\0" /* two entries: maker, orientation */
                                    "\x0f\x01\x02\0\x01\0\0\0\0\0\0\0"
                                    "\x12\x01\x03\0\x01\0\0\0\x08\0\0";

    (void)state;
    assert_int_equal(ck_exif_orientation(LITTLE, sizeof LITTLE), 8);
    for (size_t n = 0; n < 34; n++)
        assert_int_equal(ck_exif_orientation(LITTLE, n), 1);
    for (int round = 0; round < 200000; round++) {
        size_t n = next_random() % 48;
        uint8_t *block = malloc(n + 1);
        int got;

        for (size_t i = 0; i < n; i++)
            block[i] = i < sizeof LITTLE && next_random() % 8 ? LITTLE[i] : (uint8_t)next_random();
        block = realloc(block, n ? n : 1); /* exact, for the sanitizer */
        got = ck_exif_orientation(block, n);
        assert_in_range(got, 1, 8);
        free(block);
    }
}

/* ---- encoding --------------------------------------------------------- */

static void encodes_as_libjpeg(void **state)
{
    static const int32_t SIZES[][2] = {{1, 1}, {15, 17}, {64, 64}, {203, 77}};

    (void)state;
    for (size_t s = 0; s < sizeof SIZES / sizeof *SIZES; s++)
        for (uint8_t channels = 1; channels <= 3; channels += 2)
            for (int quality = 1; quality <= 100; quality += 33) {
                ck_view v = make_view(SIZES[s][0], SIZES[s][1], channels, 8);
                ck_encode_params params = {.quality = quality};
                recipe how = {.from = channels == 1 ? JCS_GRAYSCALE : JCS_RGB,
                              .to = channels == 1 ? JCS_GRAYSCALE : JCS_YCbCr, .quality = quality,
                              .no_jfif = true}; /* it would say that nothing is known of the density */
                bytes mine = encode(v, &params), plain = plain_encode(v, &how);

                assert_int_equal(mine.nbytes, plain.nbytes);
                assert_memory_equal(mine.at, plain.at, mine.nbytes);
                assert_decodes_as_libjpeg(mine, "own file");
                free(mine.at);
                free(plain.at);
                free(v.px);
            }
}

static void sixteen_bits_are_rounded(void **state)
{
    ck_view deep = make_view(256, 256, 1, 16), flat = make_view(256, 256, 1, 8);
    ck_encode_params params = {.quality = 90};
    bytes a, b;

    (void)state;
    for (unsigned i = 0; i < 65536; i++) { /* every value once */
        memcpy(ck_row(deep, (int32_t)(i >> 8)) + 2 * (i & 255), &(uint16_t){(uint16_t)i}, 2);
        ck_row(flat, (int32_t)(i >> 8))[i & 255] = (uint8_t)((i * 255 + 32767) / 65535);
    }
    a = encode(deep, &params);
    b = encode(flat, &params);
    assert_int_equal(a.nbytes, b.nbytes);
    assert_memory_equal(a.at, b.at, a.nbytes);
    free(a.at);
    free(b.at);
    free(deep.px);
    free(flat.px);
}

static bytes encode_strips(ck_view v, const ck_encode_params *params, int32_t strip)
{
    bytes out = {0};

    for (int32_t y = 0; y < v.shape.h; y += strip) {
        int32_t h = v.shape.h - y < strip ? v.shape.h - y : strip;
        ck_part part = {.whole = v.shape, .y = y, .first = y == 0, .last = y + h == v.shape.h};
        bytes one = encode_as(ck_window(v, 0, y, v.shape.w, h), params, &part);

        out.at = realloc(out.at, out.nbytes + one.nbytes);
        memcpy(out.at + out.nbytes, one.at, one.nbytes);
        out.nbytes += one.nbytes;
        free(one.at);
    }
    return out;
}

static void strips_are_the_whole(void **state)
{
    static const int32_t STRIPS[] = {16, 32, 48, 112, 128, 400};
    uint8_t *icc[2] = {make_icc(70000, "GRAY"), make_icc(70000, "RGB ")};

    (void)state;
    assert_int_equal(ck_codec_jpeg.encoder->strip_align, 16);
    for (uint8_t channels = 1; channels <= 3; channels += 2)
        for (size_t s = 0; s < sizeof STRIPS / sizeof *STRIPS; s++) {
            ck_view v = make_view(83, 16 * 20 + 5, channels, 8);
            ck_meta meta = {.icc = icc[channels / 2], .icc_nbytes = 70000, .x_density = 11811, .y_density = 11811};
            ck_encode_params params = {.quality = 95, .meta = meta};
            recipe how = {.from = channels == 1 ? JCS_GRAYSCALE : JCS_RGB,
                          .to = channels == 1 ? JCS_GRAYSCALE : JCS_YCbCr, .quality = 95, .restart_rows = 1,
                          .meta = &meta, .unit = 1, .x_density = 300, .y_density = 300};
            bytes joined = encode_strips(v, &params, STRIPS[s]), plain = plain_encode(v, &how);

            assert_int_equal(joined.nbytes, plain.nbytes);
            assert_memory_equal(joined.at, plain.at, plain.nbytes);
            assert_decodes_as_libjpeg(joined, "joined strips");
            free(joined.at);
            free(plain.at);
            free(v.px);
        }
    free(icc[0]);
    free(icc[1]);
}

static void alpha_and_size_are_refused(void **state)
{
    const ck_encoder *e = ck_codec_jpeg.encoder;
    ck_shape stored;
    ck_error err;

    (void)state;
    assert_int_equal(e->accepts((ck_shape){10, 10, 4, 8}, &stored, &err), CHUNKIMG_USAGE);
    assert_string_equal(err.text, "JPEG cannot hold alpha; use --format png");
    assert_int_equal(e->accepts((ck_shape){10, 10, 2, 16}, &stored, &err), CHUNKIMG_USAGE);
    assert_int_equal(e->accepts((ck_shape){65501, 10, 3, 8}, &stored, &err), CHUNKIMG_USAGE);
    assert_int_equal(e->accepts((ck_shape){65500, 10, 3, 16}, &stored, &err), CK_OK);
}

/* Every capacity below what is needed: an error, and not a byte beyond. */
static void overflow_is_an_error(void **state)
{
    const ck_encoder *e = ck_codec_jpeg.encoder;
    ck_view v = make_view(24, 24, 3, 8);
    ck_encode_params params = {.quality = 80};
    bytes file = encode(v, &params);
    void *st = calloc(1, e->state_size);
    uint32_t check;
    uint64_t check_nbytes;
    size_t nbytes;

    (void)state;
    assert_int_equal(e->init(st, &params, v.shape, NULL), CK_OK);
    for (size_t n = 1; n < file.nbytes; n++) {
        uint8_t *out = malloc(n); /* exact, for the sanitizer */
        ck_status status = e->begin(st, v.shape, NULL, out, n, NULL);

        if (!status)
            status = e->rows(st, v, NULL);
        if (!status)
            status = e->end(st, &nbytes, &check, &check_nbytes, NULL);
        assert_int_equal(status, CHUNKIMG_LIMIT);
        assert_int_not_equal(e->rows(st, v, NULL), CK_OK);
        free(out);
    }
    e->release(st);
    free(st);
    free(file.at);
    free(v.px);
}

/* Blocks made to be as large as they can: large coefficients of the signs that are coded by most ones. */
static void bound_holds_for_hard_pictures(void **state)
{
    (void)state;
    for (int kind = 0; kind < 6; kind++) {
        ck_view v = make_view(128, 128, 3, 8);
        ck_encode_params params = {.quality = 100};
        bytes file;

        for (int32_t y = 0; y < 128; y++)
            for (int32_t i = 0; i < 384; i++) {
                unsigned r = next_random();
                uint8_t value[6] = {(uint8_t)r, r & 1 ? 255 : 0, (y ^ i / 3) & 1 ? 255 : 0, r % 7 ? 0 : 255,
                                    r % 7 ? 255 : 0, (uint8_t)((i / 3 * y) % 5 * 60)};
                ck_row(v, y)[i] = value[kind];
            }
        file = encode(v, &params); /* asserts the bound */
        free(file.at);
        free(v.px);
    }
}

/* ---- pieces between restart markers ----------------------------------- */

typedef struct sampled {
    const char *name;
    J_COLOR_SPACE from, to;
    uint8_t channels;
    int h[4], v[4];
    int mcu_w, mcu_h;
    bool no_adobe;
} sampled;

static const sampled SAMPLED[] = {
    {"4:4:4", JCS_RGB, JCS_YCbCr, 3, {1, 1, 1}, {1, 1, 1}, 8, 8, false},
    {"4:2:2", JCS_RGB, JCS_YCbCr, 3, {2, 1, 1}, {1, 1, 1}, 16, 8, false},
    {"4:2:0", JCS_RGB, JCS_YCbCr, 3, {2, 1, 1}, {2, 1, 1}, 16, 16, false},
    {"4:4:0", JCS_RGB, JCS_YCbCr, 3, {1, 1, 1}, {2, 1, 1}, 8, 16, false},
    {"4:1:1", JCS_RGB, JCS_YCbCr, 3, {4, 1, 1}, {1, 1, 1}, 32, 8, false},
    {"4:1:0", JCS_RGB, JCS_YCbCr, 3, {4, 1, 1}, {2, 1, 1}, 32, 16, false},
    {"1x4", JCS_RGB, JCS_YCbCr, 3, {1, 1, 1}, {4, 1, 2}, 8, 32, false},
    {"RGB", JCS_RGB, JCS_RGB, 3, {1, 1, 1}, {1, 1, 1}, 8, 8, false},
    {"gray", JCS_GRAYSCALE, JCS_GRAYSCALE, 1, {1}, {1}, 8, 8, false},
    {"gray 2x2", JCS_GRAYSCALE, JCS_GRAYSCALE, 1, {2}, {2}, 8, 16, false},
    {"CMYK", JCS_CMYK, JCS_CMYK, 4, {1, 1, 1, 1}, {1, 1, 1, 1}, 8, 8, false},
    {"CMYK, ink", JCS_CMYK, JCS_CMYK, 4, {1, 1, 1, 1}, {1, 1, 1, 1}, 8, 8, true},
    {"YCCK 4:2:0", JCS_CMYK, JCS_YCCK, 4, {2, 1, 1, 2}, {2, 1, 1, 2}, 16, 16, false},
};

static recipe recipe_of(const sampled *s, int quality, int restart_rows, int restart_mcus)
{
    recipe how = {.from = s->from, .to = s->to, .quality = quality, .no_adobe = s->no_adobe,
                  .restart_rows = restart_rows, .restart_mcus = restart_mcus};

    memcpy(how.h, s->h, sizeof how.h);
    memcpy(how.v, s->v, sizeof how.v);
    return how;
}

enum { PIECE_STATES = 3 };

/* One piece into a view with a gap behind every row that must stay as it was. */
static ck_status read_piece(const void *st, void *mine, const ck_image *image, int32_t i, picture *p, ck_error *err)
{
    int32_t y = i * image->piece_rows, left = image->shape.h - y;
    size_t row = ck_row_nbytes(p->shape);
    ck_view v = {NULL, (ptrdiff_t)row + 5, image->shape};
    ck_status status;

    v.shape.h = left < image->piece_rows ? left : image->piece_rows;
    v.px = malloc((size_t)v.stride * (size_t)v.shape.h);
    memset(v.px, 0xA5, (size_t)v.stride * (size_t)v.shape.h);
    status = ck_codec_jpeg.decoder->piece(st, mine, y, v, err);
    for (int32_t k = 0; k < v.shape.h && !status; k++) {
        memcpy(p->px + row * (size_t)(y + k), ck_row(v, k), row);
        assert_memory_equal(ck_row(v, k) + row, "\xA5\xA5\xA5\xA5\xA5", 5);
    }
    free(v.px);
    return status;
}

/* All pieces in shuffled order by several states, also after one has failed; the first failure. */
static ck_status read_pieces(const void *st, const ck_image *image, picture *p, ck_error *err)
{
    const ck_decoder *d = ck_codec_jpeg.decoder;
    int32_t n = (image->shape.h + image->piece_rows - 1) / image->piece_rows, *order = malloc((size_t)n * sizeof *order);
    void *mine[PIECE_STATES];
    ck_status first = CK_OK;

    p->px = calloc(ck_row_nbytes(p->shape), (size_t)p->shape.h);
    for (int i = 0; i < PIECE_STATES; i++)
        mine[i] = calloc(1, d->piece_state_size);
    for (int32_t i = 0; i < n; i++) {
        int32_t j = (int32_t)(next_random() % (uint32_t)(i + 1));

        order[i] = order[j];
        order[j] = i;
    }
    for (int32_t i = 0; i < n; i++) {
        ck_error one = {0};
        ck_status status = read_piece(st, mine[next_random() % PIECE_STATES], image, order[i], p, &one);

        assert_int_equal(one.status, status);
        if (status && !first) {
            first = status;
            *err = one;
        }
    }
    for (int i = 0; i < PIECE_STATES; i++) {
        d->piece_release(mine[i]);
        free(mine[i]);
    }
    free(order);
    return first;
}

/* *pieces: whether the file was found to have any; else nothing is decoded. */
static ck_status decode_pieces(bytes file, picture *p, bool *pieces, ck_error *err)
{
    const ck_decoder *d = ck_codec_jpeg.decoder;
    void *st = calloc(1, d->state_size);
    char path[32];
    ck_input *in = input_of(file.at, file.nbytes, path);
    ck_image image;
    ck_status status = d->open(st, in, &LIMITS, NULL, &image, err);

    *p = (picture){0};
    *pieces = !status && image.segment_rows;
    if (*pieces) {
        assert_int_equal(image.piece_rows % image.segment_rows, 0);
        assert_true(image.piece_rows < image.shape.h);
        p->shape = image.shape;
        status = read_pieces(st, &image, p, err);
    }
    if (!status || *pieces)
        d->close(st);
    ck_input_close(&in);
    unlink(path);
    free(st);
    return status;
}

/* In pieces where the file allows it: the same pixels or the same verdict as in one go. Whether there were pieces. */
static bool assert_pieces_agree(bytes file, const char *what)
{
    ck_error err = {0}, err_pieces = {0};
    picture whole, p;
    bool pieces;
    ck_status status = decode(file, &whole, &err), status_pieces = decode_pieces(file, &p, &pieces, &err_pieces);

    if (pieces && status != status_pieces)
        fail_msg("%s: %d (%s), in pieces %d (%s)", what, (int)status, err.text, (int)status_pieces, err_pieces.text);
    if (pieces && !status)
        assert_same(&whole, &p);
    free(whole.px);
    free(p.px);
    return pieces;
}

static void pieces_are_the_whole(void **state)
{
    static const int32_t SIZES[][2] = {{61, 1307}, {64, 1280}, {5, 801}, {3, 1041}, {18, 8500}};
    static const int MCUS[][2] = {{1, 1}, {2, 1}, {3, 1}, {5, 1}, {1, 2}, {3, 2}}; /* of a row: so many halves or wholes */
    char what[100];

    (void)state;
    for (size_t s = 0; s < sizeof SAMPLED / sizeof *SAMPLED; s++)
        for (size_t size = 0; size < sizeof SIZES / sizeof *SIZES; size++) {
            ck_view v = make_view(SIZES[size][0], SIZES[size][1], SAMPLED[s].channels, 8);
            int across = (v.shape.w + SAMPLED[s].mcu_w - 1) / SAMPLED[s].mcu_w;

            for (size_t m = 0; m < sizeof MCUS / sizeof *MCUS; m++) {
                bool halves = MCUS[m][1] == 2;
                recipe how = recipe_of(&SAMPLED[s], 85, halves ? 0 : MCUS[m][0], halves ? MCUS[m][0] * across / 2 : 0);
                bytes file;

                if (halves && across % 2)
                    continue;
                file = plain_encode(v, &how);
                snprintf(what, sizeof what, "%s, size %zu, interval %zu", SAMPLED[s].name, size, m);
                if (!assert_pieces_agree(file, what))
                    fail_msg("%s: not in pieces", what);
                free(file.at);
            }
            free(v.px);
        }
}

/* What cannot be cut, or not with a gain, is decoded in one go. */
static void other_files_have_no_pieces(void **state)
{
    ck_view v = make_view(40, 900, 3, 8), low = make_view(900, 100, 3, 8);
    struct {
        ck_view *v;
        recipe how;
    } cases[] = {
        {&v, {.restart_rows = 0}},
        {&v, {.restart_rows = 1, .progressive = true}},
        {&v, {.restart_rows = 1, .arithmetic = true}},
        {&v, {.restart_rows = 1, .per_component = true}},
        {&v, {.restart_rows = 40}},
        {&v, {.restart_mcus = 3 * 37}}, /* rows begin at a restart once in 37 rows of 16 */
        {&low, {.restart_rows = 1}},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        bytes file;

        cases[i].how.from = JCS_RGB;
        cases[i].how.to = JCS_YCbCr;
        cases[i].how.quality = 60;
        file = plain_encode(*cases[i].v, &cases[i].how);
        assert_false(assert_pieces_agree(file, "no pieces"));
        free(file.at);
    }
    free(v.px);
    free(low.px);
}

/* 337: the last row of MCUs has one row of pixels, so that nothing is read between its decoding and the end. */
enum { SMALL_FILES = 7, SMALL_HEIGHT = 337 };

/* Files small enough that every byte can be changed: with and without context rows, restarts in and between rows. */
static bytes small_file(size_t i)
{
    static const struct {
        size_t sampling;
        int quality, rows, mcus;
    } FILES[] = {{0, 20, 1, 0}, {2, 20, 1, 0}, {2, 20, 2, 0}, {1, 20, 0, 1}, {3, 20, 0, 1}, {0, 2, 0, 1}, {3, 2, 0, 1}};
    ck_view v = {.shape = {16, SMALL_HEIGHT, 3, 8}, .stride = 48};
    recipe how = recipe_of(&SAMPLED[FILES[i].sampling], FILES[i].quality, FILES[i].rows, FILES[i].mcus);
    bytes file;

    v.px = malloc(48 * SMALL_HEIGHT);
    for (int32_t y = 0; y < SMALL_HEIGHT; y++)
        for (int32_t k = 0; k < 48; k++)
            ck_row(v, y)[k] = (uint8_t)(k * 5 + y * 3 + (y / 20 % 2) * 100 + next_random() % 16);
    file = plain_encode(v, &how);
    free(v.px);
    return file;
}

static size_t scan_begin(bytes file)
{
    const uint8_t *scan = memmem(file.at, file.nbytes, "\xFF\xDA", 2);

    assert_non_null(scan);
    return (size_t)(scan - file.at) + 2 + (size_t)(scan[2] << 8 | scan[3]);
}

static void pieces_and_whole_see_the_same_damage(void **state)
{
    unsigned tried = 0, in_pieces = 0;
    char what[80];

    (void)state;
    for (size_t f = 0; f < SMALL_FILES; f++) {
        bytes file = small_file(f);

        assert_true(assert_pieces_agree(file, "undamaged"));
        for (size_t at = 2; at < file.nbytes; at++)
            for (unsigned kind = 0; kind < 2; kind++) {
                uint8_t kept = file.at[at];

                file.at[at] = kind ? (uint8_t)next_random() : (uint8_t)(kept ^ 1u << next_random() % 8);
                snprintf(what, sizeof what, "file %zu, byte %zu changed from %02x to %02x", f, at, kept, file.at[at]);
                in_pieces += assert_pieces_agree(file, what);
                tried++;
                file.at[at] = kept;
            }
        free(file.at);
    }
    assert_true(in_pieces > tried / 2);
}

/* `n` bytes put in at `at`; with n < 0 taken away. */
static bytes spliced(bytes file, size_t at, ptrdiff_t n, const uint8_t *put)
{
    size_t gone = n < 0 ? (size_t)-n : 0, more = n > 0 ? (size_t)n : 0;
    bytes out = {malloc(file.nbytes + more), file.nbytes + more - gone};

    memcpy(out.at, file.at, at);
    if (more)
        memcpy(out.at + at, put, more);
    memcpy(out.at + at + more, file.at + at + gone, file.nbytes - at - gone);
    return out;
}

static bool splice_agrees(bytes file, size_t at, ptrdiff_t n, const char *put)
{
    bytes changed = spliced(file, at, n, (const uint8_t *)put);
    char what[80];
    bool pieces;

    snprintf(what, sizeof what, "%td bytes at %zu of %zu", n, at, file.nbytes);
    pieces = assert_pieces_agree(changed, what);
    free(changed.at);
    return pieces;
}

static void wrong_restart_markers(bytes file, size_t at)
{
    static const char SURPLUS[] = "\x55\0\x7F\x01\x55\x55\x55\x55\x55\x55\x55";
    uint8_t number = file.at[at + 1];
    bool last = number == 0xD9;

    assert_false(splice_agrees(file, at, -2, NULL)); /* missing */
    assert_false(splice_agrees(file, at, -1, NULL));
    splice_agrees(file, at + 1, -1, NULL);
    assert_false(splice_agrees(file, at, 2, "\xFF\xD0")); /* one too many, of any number */
    assert_false(splice_agrees(file, at, 2, "\xFF\xD5"));
    assert_false(splice_agrees(file, at, 2, "\xFF\xC4"));
    assert_int_equal(splice_agrees(file, at, 2, "\xFF\xD9"), last); /* the end too early */
    assert_false(splice_agrees(file, at, 1, "\xFF"));       /* fill byte: allowed, but not indexed */
    for (ptrdiff_t n = 1; n < 12; n++)                      /* surplus before a marker */
        assert_true(splice_agrees(file, at, n, SURPLUS));
    assert_true(splice_agrees(file, at, 2, "\xFF\0"));
    assert_true(splice_agrees(file, at - 2, -2, NULL) || file.at[at - 3] == 0xFF || file.at[at - 2] == 0xFF);
    file.at[at + 1] = (uint8_t)(0xD0 + (number + 1) % 8);
    assert_false(assert_pieces_agree(file, "out of order"));
    file.at[at + 1] = number;
}

static void pieces_and_whole_see_the_same_markers(void **state)
{
    (void)state;
    for (size_t f = 0; f < SMALL_FILES; f++) {
        bytes file = small_file(f);

        for (size_t at = scan_begin(file); at + 1 < file.nbytes; at++)
            if (file.at[at] == 0xFF && file.at[at + 1] >= 0xD0)
                wrong_restart_markers(file, at);
        for (size_t n = 2; n < file.nbytes; n++)
            assert_false(assert_pieces_agree((bytes){file.at, n}, "truncated"));
        free(file.at);
    }
}

/* Surplus before a restart marker is damage wherever it stands, also where libjpeg's bit buffer has swallowed it. */
static void surplus_bytes_are_refused(void **state)
{
    (void)state;
    for (size_t f = 0; f < SMALL_FILES; f++) {
        bytes file = small_file(f);

        for (size_t at = scan_begin(file); at + 1 < file.nbytes; at++)
            if (file.at[at] == 0xFF && file.at[at + 1] >= 0xD0 && file.at[at + 1] < 0xD8) {
                bytes changed = spliced(file, at, 2, (const uint8_t *)"\x55\x55");

                assert_refused(changed, CHUNKIMG_BAD_INPUT, "surplus");
                free(changed.at);
            }
        free(file.at);
    }
}

/* The file shrinks after its opening: an error of the pieces that are gone, and of no other. */
static void pieces_of_a_shrunken_file(void **state)
{
    const ck_decoder *d = ck_codec_jpeg.decoder;
    bytes file = small_file(0);
    void *st = calloc(1, d->state_size), *mine = calloc(1, d->piece_state_size);
    char path[32];
    ck_input *in = input_of(file.at, file.nbytes, path);
    ck_error err = {0};
    ck_image image;
    ck_view v;

    (void)state;
    assert_int_equal(d->open(st, in, &LIMITS, NULL, &image, NULL), CK_OK);
    assert_int_equal(truncate(path, (off_t)file.nbytes - 3), 0);
    v = (ck_view){malloc(48 * SMALL_HEIGHT), 48, {16, image.piece_rows, 3, 8}};
    assert_int_equal(d->piece(st, mine, 0, v, &err), CK_OK);
    v.shape.h = SMALL_HEIGHT - 2 * image.piece_rows;
    assert_int_equal(d->piece(st, mine, 2 * image.piece_rows, v, &err), CHUNKIMG_BAD_INPUT);
    assert_non_null(strstr(err.text, "damaged JPEG: the file ends too early"));
    d->piece_release(mine);
    d->close(st);
    ck_input_close(&in);
    unlink(path);
    free(v.px);
    free(mine);
    free(st);
    free(file.at);
}

/* ---- other people's files --------------------------------------------- */

static bytes load(const char *folder, const char *name)
{
    char path[1024];
    bytes file = {malloc(1 << 20), 0};
    FILE *f;

    snprintf(path, sizeof path, "%s/%s", folder, name);
    f = fopen(path, "rb");
    assert_non_null(f);
    file.nbytes = fread(file.at, 1, 1 << 20, f);
    fclose(f);
    return file;
}

static void for_each_file(const char *sub, void (*visit)(bytes file, const char *name))
{
    const char *corpus = getenv("CHUNKIMG_CORPUS");
    char folder[512];
    struct dirent *entry;
    DIR *dir;

    if (!corpus) {
        print_message("CHUNKIMG_CORPUS is not set: files of other projects are not tried\n");
        skip();
    }
    snprintf(folder, sizeof folder, "%s/jpeg/%s", corpus, sub);
    dir = opendir(folder);
    if (!dir) {
        print_message("%s is not there: its files are not tried\n", folder);
        skip();
    }
    while ((entry = readdir(dir)) != NULL) {
        bytes file;

        if (entry->d_name[0] == '.')
            continue;
        file = load(folder, entry->d_name);
        visit(file, entry->d_name);
        free(file.at);
    }
    closedir(dir);
}

static void visit_broken(bytes file, const char *name)
{
    assert_refused(file, CHUNKIMG_BAD_INPUT, name);
}

static void visit_odd(bytes file, const char *name)
{
    picture p;
    ck_error err = {0};
    ck_status status = decode(file, &p, &err);

    print_message("%s: %s\n", name, status ? err.text : "decoded");
    free(p.px);
}

static void corpus_valid(void **state)
{
    (void)state;
    for_each_file("valid", assert_decodes_as_libjpeg);
}

static void corpus_broken(void **state)
{
    (void)state;
    for_each_file("broken", visit_broken);
}

static void corpus_odd(void **state)
{
    (void)state;
    for_each_file("odd", visit_odd);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(samplings_decode_as_libjpeg),
        cmocka_unit_test(colours_decode_as_libjpeg),
        cmocka_unit_test(prefixes_are_refused),
        cmocka_unit_test(padded_prefixes_are_refused),
        cmocka_unit_test(changed_bytes_do_no_harm),
        cmocka_unit_test(bombs_are_refused),
        cmocka_unit_test(limits_are_kept),
        cmocka_unit_test(missing_components_are_refused),
        cmocka_unit_test(other_kinds_are_refused),
        cmocka_unit_test(metadata_is_read),
        cmocka_unit_test(profile_parts_may_come_in_any_order),
        cmocka_unit_test(cmyk_profile_is_dropped),
        cmocka_unit_test(many_markers_are_cheap),
        cmocka_unit_test(exif_is_safe_on_any_bytes),
        cmocka_unit_test(encodes_as_libjpeg),
        cmocka_unit_test(sixteen_bits_are_rounded),
        cmocka_unit_test(strips_are_the_whole),
        cmocka_unit_test(alpha_and_size_are_refused),
        cmocka_unit_test(overflow_is_an_error),
        cmocka_unit_test(bound_holds_for_hard_pictures),
        cmocka_unit_test(pieces_are_the_whole),
        cmocka_unit_test(other_files_have_no_pieces),
        cmocka_unit_test(pieces_and_whole_see_the_same_damage),
        cmocka_unit_test(pieces_and_whole_see_the_same_markers),
        cmocka_unit_test(surplus_bytes_are_refused),
        cmocka_unit_test(pieces_of_a_shrunken_file),
        cmocka_unit_test(corpus_valid),
        cmocka_unit_test(corpus_broken),
        cmocka_unit_test(corpus_odd),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
