/*
 * JPEG by its coefficients, against the decoder of pixels: both give the same
 * verdict on any damage, and a file made of the coefficients has the pixels of
 * the file that they came from.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>
#include <jpeglib.h>

#include "codec/codec.h"

typedef struct bytes {
    uint8_t *at;
    size_t nbytes;
} bytes;

typedef struct making {
    int w, h, channels, quality, luma_h, luma_v;
    bool progressive, restarts, black;
} making;

static uint32_t random_state = 7;

static uint32_t next_random(void)
{
    random_state ^= random_state << 13;
    random_state ^= random_state >> 17;
    random_state ^= random_state << 5;
    return random_state;
}

/* ---- files ------------------------------------------------------------- */

static bytes make(making how)
{
    struct jpeg_compress_struct c;
    struct jpeg_error_mgr errors;
    unsigned char *at = NULL;
    unsigned long nbytes = 0;
    uint8_t row[256];

    c.err = jpeg_std_error(&errors);
    jpeg_create_compress(&c);
    jpeg_mem_dest(&c, &at, &nbytes);
    c.image_width = (JDIMENSION)how.w;
    c.image_height = (JDIMENSION)how.h;
    c.input_components = how.channels;
    c.in_color_space = how.channels == 1 ? JCS_GRAYSCALE : how.channels == 4 ? JCS_CMYK : JCS_RGB;
    jpeg_set_defaults(&c);
    jpeg_set_quality(&c, how.quality, TRUE);
    c.comp_info[0].h_samp_factor = how.luma_h;
    c.comp_info[0].v_samp_factor = how.luma_v;
    c.restart_interval = how.restarts ? 2 : 0;
    if (how.progressive)
        jpeg_simple_progression(&c);
    jpeg_start_compress(&c, TRUE);
    for (int y = 0; y < how.h; y++) {
        JSAMPROW rows[1] = {row};

        for (int x = 0; x < how.w * how.channels; x++)
            row[x] = how.black ? 0 : (uint8_t)((unsigned)(x * 5 + y * 3) + next_random() % 32);
        jpeg_write_scanlines(&c, rows, 1);
    }
    jpeg_finish_compress(&c);
    jpeg_destroy_compress(&c);
    return (bytes){at, nbytes};
}

static ck_input *input_of(bytes file)
{
    char path[64];
    int fd = memfd_create("test", 0);
    ck_input *in;

    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    assert_int_equal(write(fd, file.at, file.nbytes), file.nbytes);
    assert_int_equal(ck_input_open(path, &in, NULL), CK_OK);
    close(fd);
    return in;
}

/* ---- the two ways ------------------------------------------------------ */

typedef struct decoded {
    ck_status status;
    ck_error err;
    ck_shape shape;
    uint8_t *px; /* rows without gaps; NULL: refused */
    bytes tile;  /* lossless: written again as one tile */
} decoded;

/* What `codec` makes of all rows while its decoder is open: params point into that. */
static void write_again(const ck_codec *codec, const ck_image *image, decoded *d)
{
    ck_encode_params params = {.meta = image->meta, .stored = image->stored};
    const ck_encoder *e = codec->encoder;
    void *state = calloc(1, e->state_size);
    size_t room = e->bound(image->picture, &params);
    ck_view all = {d->px, (ptrdiff_t)ck_row_nbytes(d->shape), d->shape};
    uint32_t check;
    uint64_t check_nbytes;

    d->tile.at = malloc(room);
    assert_int_equal(e->init(state, &params, image->picture, &d->err), CK_OK);
    for (int twice = 0; twice < 2; twice++) { /* a worker's second tile is as its first */
        assert_int_equal(e->begin(state, image->picture, NULL, d->tile.at, room, &d->err), CK_OK);
        assert_int_equal(e->rows(state, all, &d->err), CK_OK);
        assert_int_equal(e->end(state, &d->tile.nbytes, &check, &check_nbytes, &d->err), CK_OK);
    }
    e->release(state);
    free(state);
}

static decoded decode(const ck_codec *codec, bytes file)
{
    static const ck_limits limits = {.max_pixels = 1 << 16, .max_memory = 1 << 24, .max_scans = 50};
    const ck_decoder *dec = codec->decoder;
    void *state = calloc(1, dec->state_size);
    ck_input *in = input_of(file);
    ck_image image = {0};
    decoded d = {0};

    d.status = dec->open(state, in, &limits, &(ck_warnings){0}, &image, &d.err);
    d.shape = image.shape;
    if (!d.status) {
        size_t row = ck_row_nbytes(d.shape);

        d.px = malloc(row * (size_t)d.shape.h);
        for (int32_t y = 0, n = 1; y < d.shape.h && !d.status; y += n, n = 2) {
            ck_view into = {d.px + row * (size_t)y, (ptrdiff_t)row, d.shape};

            into.shape.h = n = n < d.shape.h - y ? n : d.shape.h - y;
            d.status = dec->rows(state, into, &d.err);
        }
        if (!d.status && image.stored)
            write_again(codec, &image, &d);
        dec->close(state);
    }
    ck_input_close(&in);
    free(state);
    return d;
}

static void forget(decoded *d)
{
    free(d->px);
    free(d->tile.at);
}

static const ck_codec *pixels(void)
{
    return ck_codec_find("jpeg");
}

static const ck_codec *coefficients(void)
{
    return pixels()->lossless;
}

/* The tile's coefficients are those that it was made of: it cannot be told from a tile of its own. */
static void check_tile(const decoded *own)
{
    decoded again = decode(coefficients(), own->tile);

    assert_int_equal(again.status, CK_OK);
    assert_int_equal(again.tile.nbytes, own->tile.nbytes);
    assert_memory_equal(again.tile.at, own->tile.at, own->tile.nbytes);
    forget(&again);
}

static void check_pixels(const decoded *own, const decoded *plain)
{
    decoded again = decode(pixels(), own->tile);

    assert_int_equal(again.status, CK_OK);
    assert_int_equal(again.shape.w, plain->shape.w);
    assert_int_equal(again.shape.h, plain->shape.h);
    assert_memory_equal(again.px, plain->px, ck_row_nbytes(plain->shape) * (size_t)plain->shape.h);
    forget(&again);
}

/*
 * One verdict of both, and where it is good the same pixels. `smoothed`: not
 * those, since libjpeg smooths blocks over where scans of a progressive file
 * are missing, and not in a tile, which is baseline.
 */
static bool check_both(bytes file, bool smoothed)
{
    decoded plain = decode(pixels(), file), own = decode(coefficients(), file);
    bool good = !own.status;

    if (good)
        check_tile(&own);
    if (own.status == CHUNKIMG_USAGE || own.status == CHUNKIMG_LIMIT || strstr(plain.err.text, "unsupported"))
        assert_true(good || own.err.text[0]); /* one of the two cannot, which is no damage */
    else
        assert_int_equal(own.status, plain.status);
    if (good && !plain.status && !smoothed)
        check_pixels(&own, &plain);
    forget(&plain);
    forget(&own);
    return good;
}

/* ---- tests ------------------------------------------------------------- */

static const making kinds[] = {
    {37, 29, 3, 85, 2, 2, .progressive = false},
    {37, 29, 3, 85, 2, 2, .progressive = true},
    {41, 23, 3, 90, 1, 1, .restarts = true},
    {33, 40, 3, 80, 2, 1, .progressive = false},
    {37, 29, 1, 85, 1, 1, .progressive = false},
    {37, 29, 1, 85, 2, 2, .progressive = true},
    {50, 17, 1, 85, 2, 2, .restarts = true},
    {20, 35, 4, 85, 2, 2, .progressive = false},
    {16, 16, 3, 100, 1, 1, .black = true}, /* DC at its very least */
};

enum { KINDS = sizeof kinds / sizeof *kinds };

static void test_kinds(void **state)
{
    (void)state;
    for (size_t i = 0; i < KINDS; i++) {
        bytes file = make(kinds[i]);

        assert_true(check_both(file, false));
        free(file.at);
    }
}

static void test_truncation(void **state)
{
    (void)state;
    for (size_t i = 0; i < 3; i++) {
        bytes file = make(kinds[i]);

        for (size_t n = 0; n < file.nbytes; n++) {
            decoded d = decode(coefficients(), (bytes){file.at, n});

            assert_int_equal(d.status, CHUNKIMG_BAD_INPUT);
            forget(&d);
        }
        free(file.at);
    }
}

static void test_damage(void **state)
{
    (void)state;
    for (size_t i = 0; i < KINDS - 1; i++) {
        bytes file = make(kinds[i]);

        for (size_t at = 2; at < file.nbytes; at++) {
            uint8_t keep = file.at[at];

            file.at[at] = (uint8_t)(keep ^ 1u << next_random() % 8);
            check_both(file, kinds[i].progressive);
            file.at[at] = keep;
        }
        free(file.at);
    }
}

/* One gray block whose second coefficient is 2047: 11 bits, for which the standard tables have no code. */
static void test_range(void **state)
{
    static const uint8_t frame[] = {0xFF, 0xC0, 0, 11, 8, 0, 8, 0, 8, 1, 1, 0x11, 0,
                                    0xFF, 0xC4, 0, 20, 0x00, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x00,
                                    0xFF, 0xC4, 0, 21, 0x10, 0, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x00, 0x0B,
                                    0xFF, 0xDA, 0, 8, 1, 1, 0x00, 0, 63, 0,
                                    0x3F, 0xFC, 0xFF, 0xD9};
    uint8_t file[2 + 69 + sizeof frame] = {0xFF, 0xD8, 0xFF, 0xDB, 0, 67, 0};

    (void)state;
    memset(file + 7, 1, 64);
    memcpy(file + 71, frame, sizeof frame);
    decoded d = decode(pixels(), (bytes){file, sizeof file});
    assert_int_equal(d.status, CK_OK);
    forget(&d);
    d = decode(coefficients(), (bytes){file, sizeof file});
    assert_int_equal(d.status, CHUNKIMG_USAGE);
    assert_non_null(strstr(d.err.text, "beyond the range"));
    forget(&d);
}

/* It is no format: nobody finds it by name, by suffix or by the first bytes. */
static void test_hidden(void **state)
{
    const ck_codec *c;

    (void)state;
    assert_non_null(coefficients());
    assert_null(ck_codec_find("png")->lossless);
    for (size_t i = 0; (c = ck_codec_at(i)); i++)
        assert_ptr_not_equal(c, coefficients());
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_kinds),  cmocka_unit_test(test_truncation), cmocka_unit_test(test_damage),
        cmocka_unit_test(test_range),  cmocka_unit_test(test_hidden),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
