/* The PNG codec against libpng itself: what one writes the other reads, on made images and on other projects' files. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <dirent.h>
#include <png.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "codec/codec.h"
#include "support/noise.h"

typedef struct pixels {
    ck_shape shape;
    size_t stride;
    uint8_t *px;
} pixels;

static const ck_limits open_limits = {.max_pixels = 1u << 30, .max_memory = 1u << 30, .max_scans = 100};

/* ---- helpers ----------------------------------------------------------- */

static pixels make(int w, int h, int channels, int depth)
{
    pixels p = {.shape = {w, h, (uint8_t)channels, (uint8_t)depth}};

    p.stride = ck_row_nbytes(p.shape);
    p.px = malloc(p.stride * (size_t)h);
    assert_non_null(p.px);
    return p;
}

/* Every filter wins some row: ramps along x, along y, both, noise, a constant. */
static pixels made_image(int w, int h, int channels, int depth)
{
    pixels p = make(w, h, channels, depth);

    for (int y = 0; y < h; y++)
        for (size_t i = 0; i < (size_t)w * p.shape.channels; i++) {
            static const unsigned along_x[] = {3, 0, 2, 0, 0}, along_y[] = {0, 5, 1, 0, 0};
            unsigned kind = (unsigned)y / 3 % 5;
            unsigned grain = kind == 3 ? noise() : noise() % 3;
            unsigned v = along_x[kind] * (unsigned)i + along_y[kind] * (unsigned)y + grain;
            uint16_t wide = (uint16_t)(v * 77);

            if (depth == 16)
                memcpy(p.px + (size_t)y * p.stride + 2 * i, &wide, 2);
            else
                p.px[(size_t)y * p.stride + i] = (uint8_t)v;
        }
    return p;
}

static ck_view rows_of(pixels p, int y, int h)
{
    ck_view v = {p.px + (size_t)y * p.stride, (ptrdiff_t)p.stride, p.shape};
    v.shape.h = h;
    return v;
}

typedef struct bytes {
    uint8_t *at;
    size_t n;
} bytes;

/* The rows are handed over in uneven groups through a buffer that is overwritten, as a job does. */
static void feed(const ck_encoder *e, void *st, pixels p, int y, int h)
{
    ck_error err;
    static const int groups[] = {1, 3, 2, 7};
    uint8_t *buffer = malloc(p.stride * 7);

    assert_non_null(buffer);
    for (int done = 0, g = 0; done < h; g++) {
        int n = groups[g % 4] < h - done ? groups[g % 4] : h - done;
        ck_view v = {buffer, (ptrdiff_t)p.stride, p.shape};

        v.shape.h = n;
        memcpy(buffer, p.px + (size_t)(y + done) * p.stride, (size_t)n * p.stride);
        assert_int_equal(e->rows(st, v, &err), CK_OK);
        memset(buffer, 0x55, p.stride * 7);
        done += n;
    }
    free(buffer);
}

static bytes encode(pixels p, const ck_encode_params *params)
{
    const ck_encoder *e = ck_codec_find("png")->encoder;
    void *st = calloc(1, e->state_size);
    size_t room = e->bound(p.shape, params);
    bytes out = {malloc(room), 0};
    uint32_t check;
    uint64_t check_nbytes;
    ck_error err;

    assert_true(st && out.at);
    assert_int_equal(e->init(st, params, p.shape, &err), CK_OK);
    for (int twice = 0; twice < 2; twice++) { /* an unfinished file before must leave no trace */
        assert_int_equal(e->begin(st, p.shape, NULL, out.at, room, &err), CK_OK);
        feed(e, st, p, 0, twice ? p.shape.h : p.shape.h / 2);
    }
    assert_int_equal(e->end(st, &out.n, &check, &check_nbytes, &err), CK_OK);
    e->release(st);
    free(st);
    return out;
}

static bytes encode_strips(pixels p, const ck_encode_params *params, int strip_h)
{
    const ck_encoder *e = ck_codec_find("png")->encoder;
    void *st = calloc(1, e->state_size);
    ck_shape largest = p.shape;
    bytes out = {NULL, 0};
    uint32_t sum = e->check_seed, check;
    uint64_t check_nbytes;
    size_t n;
    uint8_t tail[64];
    ck_error err;

    largest.h = strip_h < p.shape.h ? strip_h : p.shape.h;
    assert_int_equal(e->init(st, params, largest, &err), CK_OK);
    for (int y = 0; y < p.shape.h; y += strip_h) {
        ck_shape s = largest;
        size_t room;

        s.h = strip_h < p.shape.h - y ? strip_h : p.shape.h - y;
        room = e->bound(s, params);
        ck_part part = {.whole = p.shape, .y = y, .first = y == 0, .last = y + s.h == p.shape.h};
        out.at = realloc(out.at, out.n + room);
        assert_int_equal(e->begin(st, s, &part, out.at + out.n, room, &err), CK_OK);
        feed(e, st, p, y, s.h);
        assert_int_equal(e->end(st, &n, &check, &check_nbytes, &err), CK_OK);
        assert_true(n <= room);
        sum = e->combine(sum, check, check_nbytes);
        out.n += n;
    }
    n = e->tail(sum, tail);
    out.at = realloc(out.at, out.n + n);
    memcpy(out.at + out.n, tail, n);
    out.n += n;
    e->release(st);
    free(st);
    return out;
}

static char *temporary(bytes b)
{
    const char *folder = getenv("TMPDIR");
    static char path[4096];
    int fd;

    snprintf(path, sizeof path, "%s/ck_png_XXXXXX", folder ? folder : "/tmp");
    fd = mkstemp(path);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, b.at, b.n), (ssize_t)b.n);
    close(fd);
    return path;
}

/* ---- the oracle -------------------------------------------------------- */

static void no_warning(png_structp png, png_const_charp text)
{
    (void)png;
    (void)text;
}

static _Noreturn void no_error(png_structp png, png_const_charp text)
{
    (void)text;
    png_longjmp(png, 1);
}

/* Plain libpng with png_set_expand and native 16 bit; false where it refuses. */
static bool oracle(const char *path, pixels *volatile out)
{
    FILE *f = fopen(path, "rb");
    png_structp png = png_create_read_struct(PNG_LIBPNG_VER_STRING, NULL, no_error, no_warning);
    png_infop info = png_create_info_struct(png);

    assert_non_null(f);
    out->px = NULL;
    if (setjmp(png_jmpbuf(png))) {
        png_destroy_read_struct(&png, &info, NULL);
        fclose(f);
        free(out->px);
        return false;
    }
    png_init_io(png, f);
    png_read_info(png, info);
    png_set_expand(png);
    png_set_swap(png);
    int passes = png_set_interlace_handling(png);
    png_read_update_info(png, info);
    *out = make((int)png_get_image_width(png, info), (int)png_get_image_height(png, info), png_get_channels(png, info),
                png_get_bit_depth(png, info));
    for (int pass = 0; pass < passes; pass++)
        for (int y = 0; y < out->shape.h; y++)
            png_read_row(png, out->px + (size_t)y * out->stride, NULL);
    png_read_end(png, NULL);
    png_destroy_read_struct(&png, &info, NULL);
    fclose(f);
    return true;
}

/* ---- the decoder under test -------------------------------------------- */

static void count_warning(void *user, const char *text)
{
    assert_non_null(text);
    ++*(int *)user;
}

/* Rows in groups of `group`, each into memory of its own, as a ring that has wrapped. */
static ck_status decode_rows(const ck_decoder *d, void *st, const ck_image *image, pixels p, int group, ck_error *err)
{
    ck_status status = CK_OK;

    if (image->whole)
        group = p.shape.h;
    for (int y = 0; y < p.shape.h && !status; y += group) {
        int h = group < p.shape.h - y ? group : p.shape.h - y;
        pixels part = make(p.shape.w, h, p.shape.channels, p.shape.depth);

        memset(part.px, 0xaa, part.stride * (size_t)h);
        status = d->rows(st, rows_of(part, 0, h), err);
        memcpy(p.px + (size_t)y * p.stride, part.px, part.stride * (size_t)h);
        free(part.px);
    }
    return status;
}

static ck_status decode_with(const char *path, const ck_limits *limits, int group, pixels *out, ck_image *image,
                             int *warnings, ck_error *err)
{
    const ck_decoder *d = ck_codec_find("png")->decoder;
    ck_warnings listener = {warnings ? count_warning : NULL, warnings};
    void *st = calloc(1, d->state_size);
    ck_input *in;
    ck_status status = ck_input_open(path, &in, err);

    assert_int_equal(status, CK_OK);
    out->px = NULL;
    status = d->open(st, in, limits, &listener, image, err);
    if (!status) {
        *out = make(image->shape.w, image->shape.h, image->shape.channels, image->shape.depth);
        status = decode_rows(d, st, image, *out, group, err);
        d->close(st);
    }
    if (status) {
        assert_int_equal(err->status, status);
        assert_true(strlen(err->text) > 10);
        free(out->px);
        out->px = NULL;
    }
    ck_input_close(&in);
    free(st);
    return status;
}

static ck_status decode(const char *path, int group, pixels *out)
{
    ck_error err;
    ck_image image;

    return decode_with(path, &open_limits, group, out, &image, NULL, &err);
}

static void assert_same(pixels a, pixels b)
{
    assert_int_equal(a.shape.w, b.shape.w);
    assert_int_equal(a.shape.h, b.shape.h);
    assert_int_equal(a.shape.channels, b.shape.channels);
    assert_int_equal(a.shape.depth, b.shape.depth);
    assert_int_equal(memcmp(a.px, b.px, a.stride * (size_t)a.shape.h), 0);
}

static void check_file(bytes file, pixels want)
{
    char *path = temporary(file);
    pixels got, own;

    assert_true(oracle(path, &got));
    assert_same(got, want);
    assert_int_equal(decode(path, 5, &own), CK_OK);
    assert_same(own, want);
    unlink(path);
    free(got.px);
    free(own.px);
}

/* ---- tests ------------------------------------------------------------- */

static void registry(void **state)
{
    const ck_codec *png = ck_codec_find("png");

    (void)state;
    assert_ptr_equal(ck_codec_of_path("a.b/c.PNG"), png);
    assert_null(ck_codec_of_path("a.png/c"));
    assert_null(ck_codec_of_path("apng"));
    assert_null(ck_codec_of_path(NULL));
    assert_null(ck_codec_find("tga"));
    assert_ptr_equal(ck_codec_sniff((const uint8_t *)"\x89PNG\r\n\x1a\n12345678", 16), png);
    assert_null(ck_codec_sniff((const uint8_t *)"\x89PNG", 4));
    assert_null(ck_codec_sniff(NULL, 0));
    assert_ptr_equal(ck_codec_at(0), png);
    assert_null(ck_codec_at(100));
    assert_non_null(strstr(png->library(), "libpng"));
}

static void round_trip(void **state)
{
    static const int heights[] = {1, 2, 7, 31};

    (void)state;
    for (int channels = 1; channels <= 4; channels++)
        for (int depth = 8; depth <= 16; depth += 8)
            for (int w = 1; w <= 70; w++) {
                pixels p = made_image(w, heights[w % 4], channels, depth);
                ck_encode_params params = {.compression = (w + channels) % 10};
                bytes file = encode(p, &params);

                check_file(file, p);
                free(file.at);
                free(p.px);
            }
}

static void every_level(void **state)
{
    (void)state;
    for (int level = 0; level <= 9; level++)
        for (int channels = 1; channels <= 4; channels++)
            for (int depth = 8; depth <= 16; depth += 8) {
                pixels p = made_image(701, 333, channels, depth); /* more than a stage */
                ck_encode_params params = {.compression = level};
                bytes file = encode(p, &params);

                check_file(file, p);
                free(file.at);
                free(p.px);
            }
}

static void incompressible_stays_in_bound(void **state)
{
    (void)state;
    for (int level = 0; level <= 9; level++)
        for (int w = 1; w < 3000; w = w * 7 + 1) {
            pixels p = make(w, 200, 4, 8);
            ck_encode_params params = {.compression = level};
            bytes file;

            for (size_t i = 0; i < p.stride * 200; i++)
                p.px[i] = (uint8_t)noise();
            file = encode(p, &params);
            check_file(file, p);
            free(file.at);
            file = encode_strips(p, &params, 33);
            check_file(file, p);
            free(file.at);
            free(p.px);
        }
}

static bytes encode_in_groups(pixels p, const ck_encode_params *params, ck_shape largest, int group)
{
    const ck_encoder *e = ck_codec_find("png")->encoder;
    void *st = calloc(1, e->state_size);
    size_t room = e->bound(p.shape, params);
    bytes out = {malloc(room), 0};
    uint32_t check;
    uint64_t check_nbytes;
    ck_error err;

    assert_int_equal(e->init(st, params, largest, &err), CK_OK);
    assert_int_equal(e->begin(st, p.shape, NULL, out.at, room, &err), CK_OK);
    for (int y = 0; y < p.shape.h; y += group)
        assert_int_equal(e->rows(st, rows_of(p, y, group < p.shape.h - y ? group : p.shape.h - y), &err), CK_OK);
    assert_int_equal(e->end(st, &out.n, &check, &check_nbytes, &err), CK_OK);
    assert_true(out.n <= room);
    e->release(st);
    free(st);
    return out;
}

enum { NOISE, FLAT, MADE, KINDS };

static pixels image_of_kind(int kind, int channels, int depth)
{
    pixels p = kind == MADE ? made_image(400, 300, channels, depth) : make(400, 300, channels, depth);

    for (size_t i = 0; kind != MADE && i < p.stride * 300; i++)
        p.px[i] = kind == NOISE ? (uint8_t)(noise() & 31) : (uint8_t)(i / p.stride / 20);
    return p;
}

/* How a tile is filtered and by whom it is compressed follows from its pixels, not from how they are handed over. */
static void groups_do_not_matter(void **state)
{
    (void)state;
    for (int level = 0; level <= 9; level++)
        for (int kind = 0; kind < KINDS; kind++) {
            pixels p = image_of_kind(kind, 1 + (level + kind) % 4, level % 2 ? 8 : 16);
            ck_encode_params params = {.compression = level};
            bytes one = encode_in_groups(p, &params, p.shape, 1), all = encode_in_groups(p, &params, p.shape, 300);
            bytes strips = encode_strips(p, &params, 150);

            if (one.n != all.n || memcmp(one.at, all.at, all.n))
                fail_msg("level %d, kind %d: %zu bytes row by row, %zu at once", level, kind, one.n, all.n);
            check_file(all, p);
            check_file(strips, p);
            free(one.at);
            free(all.at);
            free(strips.at);
            free(p.px);
        }
}

/* Which worker encodes a tile, and what it encoded before, does not show in the file. */
static void what_came_before_does_not_matter(void **state)
{
    const ck_encoder *e = ck_codec_find("png")->encoder;

    (void)state;
    for (int level = 0; level <= 9; level++)
        for (int kind = 0; kind < KINDS; kind++) {
            pixels p = image_of_kind(kind, 3, 8), before = image_of_kind((kind + 1) % KINDS, 3, 8);
            ck_encode_params params = {.compression = level};
            bytes alone = encode_in_groups(p, &params, p.shape, 300);
            size_t room = e->bound(p.shape, &params), nbytes = 0;
            uint8_t *out = malloc(room);
            void *st = calloc(1, e->state_size);
            uint32_t check;
            uint64_t check_nbytes;
            ck_error err;

            assert_int_equal(e->init(st, &params, p.shape, &err), CK_OK);
            for (int turn = 0; turn < 3; turn++) {
                pixels from = turn == 1 ? before : p;

                assert_int_equal(e->begin(st, from.shape, NULL, out, room, &err), CK_OK);
                assert_int_equal(e->rows(st, rows_of(from, 0, from.shape.h), &err), CK_OK);
                assert_int_equal(e->end(st, &nbytes, &check, &check_nbytes, &err), CK_OK);
                if (turn != 1 && (nbytes != alone.n || memcmp(out, alone.at, nbytes)))
                    fail_msg("level %d, kind %d: %zu bytes in turn %d, %zu by a fresh encoder", level, kind, nbytes, turn, alone.n);
            }
            e->release(st);
            free(st);
            free(out);
            free(alone.at);
            free(p.px);
            free(before.px);
        }
}

/* A worker's state is made for the largest tile; those at the edges are smaller. */
static void smaller_tiles_fit(void **state)
{
    (void)state;
    for (int level = 0; level <= 9; level++)
        for (int w = 1499; w > 0; w -= 149) {
            pixels p = made_image(w, 200 - w / 10, 1, 8);
            ck_encode_params params = {.compression = level};
            bytes file = encode_in_groups(p, &params, (ck_shape){1499, 200, 1, 8}, 1000);

            check_file(file, p);
            free(file.at);
            free(p.px);
        }
}

static void strips_join(void **state)
{
    static const int strips[] = {1, 3, 64, 100, 1000};

    (void)state;
    for (int level = 0; level <= 9; level++)
        for (int i = 0; i < 5; i++) {
            pixels p = made_image(257 + 100 * i, 200, 1 + i % 4, level % 2 ? 8 : 16);
            ck_encode_params params = {.compression = level};
            bytes file = encode_strips(p, &params, strips[i]);

            check_file(file, p);
            free(file.at);
            free(p.px);
        }
}

/* Indices are written with their palette, and read back by libpng as the colours that they stand for. */
static void palettes_are_kept(void **state)
{
    static const int counts[] = {1, 2, 3, 16, 17, 200, 255, 256};

    (void)state;
    for (int i = 0; i < 8; i++)
        for (int level = 0; level <= 9; level++) {
            ck_palette palette = {.count = (uint16_t)counts[i], .channels = (uint8_t)(level % 2 ? 3 : 4)};
            ck_encode_params params = {.compression = level, .palette = &palette};
            pixels p = made_image(131, 97, 1, 8), want = make(131, 97, palette.channels, 8);
            bytes file;

            for (int c = 0; c < palette.count; c++)
                for (int k = 0; k < 4; k++) /* the last colours are opaque, or all of them */
                    palette.colour[c][k] = (uint8_t)(k == 3 && (level % 2 || level > 5 || c > 9) ? 255 : noise());
            for (int at = 0; at < 131 * 97; at++)
                p.px[at] = (uint8_t)(p.px[at] % palette.count);
            for (int y = 0; y < 97; y++)
                ck_palette_look_up(&palette, p.px + (size_t)y * p.stride, want.px + (size_t)y * want.stride, 131);
            file = encode(p, &params);
            assert_int_equal(file.at[25], 3); /* the header's colour type */
            check_file(file, want);
            free(file.at);
            file = encode_strips(p, &params, 40);
            check_file(file, want);
            free(file.at);
            free(p.px);
            free(want.px);
        }
}

/* Lines of one font, as on a screen: 512 x 512 indices of 16 colours. */
static pixels page_of_text(void)
{
    enum { GLYPHS = 40, GLYPH_W = 7, GLYPH_H = 12 };
    static uint8_t glyphs[GLYPHS][GLYPH_H][GLYPH_W];
    pixels p = make(512, 512, 1, 8);

    for (uint8_t *at = &glyphs[0][0][0]; at < &glyphs[0][0][0] + sizeof glyphs; at++)
        *at = (uint8_t)(noise() % 3 ? 0 : 1 + noise() % 15);
    memset(p.px, 0, 512 * 512);
    for (int y = 4; y + GLYPH_H <= 512; y += 20)
        for (int x = 4, end = (int)(noise() % 500); x + GLYPH_W <= end; x += 8) {
            int g = (int)(noise() % GLYPHS);

            for (int row = 0; row < GLYPH_H; row++)
                memcpy(p.px + (y + row) * 512 + x, glyphs[g][row], GLYPH_W);
        }
    return p;
}

static void add_up(png_structp png, png_bytep data, size_t nbytes)
{
    (void)data;
    *(size_t *)png_get_io_ptr(png) += nbytes;
}

/* Bytes of the file that libpng writes at level 6, all else as it is by default. */
static size_t libpng_nbytes(pixels p, const ck_palette *palette)
{
    png_structp png = png_create_write_struct(PNG_LIBPNG_VER_STRING, NULL, NULL, NULL);
    png_infop info = png_create_info_struct(png);
    png_color colours[256];
    size_t nbytes = 0;

    for (int i = 0; palette && i < palette->count; i++)
        colours[i] = (png_color){palette->colour[i][0], palette->colour[i][1], palette->colour[i][2]};
    png_set_write_fn(png, &nbytes, add_up, NULL);
    png_set_compression_level(png, 6);
    png_set_IHDR(png, info, (png_uint_32)p.shape.w, (png_uint_32)p.shape.h, 8, palette ? PNG_COLOR_TYPE_PALETTE : PNG_COLOR_TYPE_RGB, 0, 0, 0);
    if (palette)
        png_set_PLTE(png, info, colours, palette->count);
    png_write_info(png, info);
    for (int y = 0; y < p.shape.h; y++)
        png_write_row(png, p.px + (size_t)y * p.stride);
    png_write_end(png, info);
    png_destroy_write_struct(&png, &info);
    return nbytes;
}

/* The default level, on what is drawn; photographs are measured by scripts/bench-peers. */
static void default_is_no_larger_than_libpngs(void **state)
{
    ck_palette palette = {.count = 16, .channels = 3};

    (void)state;
    for (int c = 0; c < 16 * 4; c++)
        palette.colour[c / 4][c % 4] = (uint8_t)(c % 4 == 3 ? 255 : noise());
    for (int turn = 0; turn < 4; turn++) {
        pixels p = page_of_text();
        ck_encode_params params = {.compression = 6, .palette = &palette};
        bytes file = encode(p, &params);
        size_t theirs = libpng_nbytes(p, &palette);

        if (file.n > theirs)
            fail_msg("%zu bytes, and libpng's level 6 writes %zu", file.n, theirs);
        free(file.at);
        free(p.px);
    }
}

/* Colours instead of indices: what is drawn shrinks so far that our own compressor's matches would be too few. */
static void default_is_no_larger_than_libpngs_for_colours(void **state)
{
    (void)state;
    for (int turn = 0; turn < 4; turn++) {
        pixels drawn = page_of_text(), p = make(drawn.shape.w, drawn.shape.h, 3, 8);
        ck_encode_params params = {.compression = 6};
        bytes file;
        size_t theirs;

        for (size_t i = 0; i < (size_t)p.shape.w * (size_t)p.shape.h; i++)
            memset(p.px + 3 * i, 255 - 16 * drawn.px[i], 3);
        file = encode(p, &params);
        theirs = libpng_nbytes(p, NULL);
        check_file(file, p);
        if (file.n > theirs)
            fail_msg("%zu bytes, and libpng's level 6 writes %zu", file.n, theirs);
        free(file.at);
        free(drawn.px);
        free(p.px);
    }
}

static void meta_survives(void **state)
{
    uint8_t icc[200] = {0};
    pixels p = made_image(20, 20, 1, 8), back;
    ck_encode_params params = {.compression = 6, .meta = {.x_density = 3937, .y_density = 11811, .icc = icc}};
    ck_image image;
    ck_error err;
    bytes file;
    int warnings = 0;
    char *path;

    (void)state;
    /* A profile of another kind of pixels is left out; the least header that libpng believes is hard to make. */
    memcpy(icc + 16, "RGB ", 4);
    params.meta.icc_nbytes = sizeof icc;
    file = encode(p, &params);
    path = temporary(file);
    assert_int_equal(decode_with(path, &open_limits, 5, &back, &image, &warnings, &err), CK_OK);
    assert_int_equal(image.meta.x_density, 3937);
    assert_int_equal(image.meta.y_density, 11811);
    assert_int_equal(image.meta.orientation, 1);
    assert_null(image.meta.icc);
    assert_int_equal(warnings, 0);
    unlink(path);
    free(back.px);
    free(file.at);

    /* Written as it is; libpng drops this one, which is a warning and not a failure. */
    memcpy(icc + 16, "GRAY", 4);
    file = encode(p, &params);
    path = temporary(file);
    assert_int_equal(decode_with(path, &open_limits, 5, &back, &image, &warnings, &err), CK_OK);
    assert_same(back, p);
    assert_int_equal(warnings, 1);
    unlink(path);
    free(back.px);
    free(file.at);
    free(p.px);
}

static void every_prefix_is_refused(void **state)
{
    pixels p = made_image(13, 9, 3, 8), back;
    ck_encode_params params = {.compression = 6, .meta = {.x_density = 1, .y_density = 1}};

    (void)state;
    for (int strips = 0; strips < 2; strips++) {
        bytes file = strips ? encode_strips(p, &params, 4) : encode(p, &params);

        for (size_t n = 0; n < file.n; n++) {
            char *path = temporary((bytes){file.at, n});
            assert_int_equal(decode(path, 4, &back), CHUNKIMG_BAD_INPUT);
            unlink(path);
        }
        free(file.at);
    }
    free(p.px);
}

/* No changed bit goes unseen: every byte of a chunk is under its CRC. The pHYs chunk may be dropped. */
static void every_flipped_byte_is_seen(void **state)
{
    pixels p = made_image(13, 9, 3, 8), back;
    ck_encode_params params = {.compression = 6, .meta = {.x_density = 1, .y_density = 1}};
    bytes file = encode(p, &params);

    (void)state;
    for (size_t i = 0; i < file.n; i++) {
        char *path;
        int warnings = 0;
        ck_image image;
        ck_error err;
        ck_status status;

        file.at[i] ^= 0x10;
        path = temporary(file);
        status = decode_with(path, &open_limits, 4, &back, &image, &warnings, &err);
        if (status)
            assert_int_equal(status, CHUNKIMG_BAD_INPUT);
        else
            assert_same(back, p);
        if (!status)
            assert_true(warnings > 0 || (i >= 33 && i < 33 + 21));
        free(back.px);
        unlink(path);
        file.at[i] ^= 0x10;
    }
    free(file.at);
    free(p.px);
}

static void limits_are_kept(void **state)
{
    pixels p = made_image(40, 30, 3, 8), back;
    ck_encode_params params = {.compression = 1};
    bytes file = encode(p, &params);
    char *path = temporary(file);
    ck_limits few_pixels = {.max_pixels = 1199, .max_memory = 1u << 30};
    ck_limits enough = {.max_pixels = 1200, .max_memory = 1u << 30};
    ck_limits few_bytes = {.max_pixels = 1200, .max_memory = 1000};
    ck_image image;
    ck_error err;

    (void)state;
    assert_int_equal(decode_with(path, &few_pixels, 5, &back, &image, NULL, &err), CHUNKIMG_LIMIT);
    assert_non_null(strstr(err.text, "40 x 30 pixels are more than --max-pixels allows (1199)"));
    assert_int_equal(decode_with(path, &few_bytes, 5, &back, &image, NULL, &err), CHUNKIMG_LIMIT);
    assert_int_equal(decode_with(path, &enough, 5, &back, &image, NULL, &err), CK_OK);
    free(back.px);
    unlink(path);
    free(file.at);
    free(p.px);
}

/* ---- other projects' files --------------------------------------------- */

static void for_each_file(const char *folder, void (*check)(const char *path))
{
    const char *corpus = getenv("CHUNKIMG_CORPUS");
    char path[4096];
    struct dirent *entry;
    DIR *dir;
    int n = 0;

    snprintf(path, sizeof path, "%s/png/%s", corpus ? corpus : "", folder);
    dir = corpus ? opendir(path) : NULL;
    if (!dir) {
        printf("skipped: CHUNKIMG_CORPUS does not name a folder with png/%s\n", folder);
        skip();
    }
    while ((entry = readdir(dir))) {
        if (entry->d_name[0] == '.')
            continue;
        snprintf(path, sizeof path, "%s/png/%s/%s", corpus, folder, entry->d_name);
        check(path);
        n++;
    }
    closedir(dir);
    assert_true(n > 0);
}

static void check_valid(const char *path)
{
    static const int groups[] = {1, 3, 16, 1 << 20};
    pixels want, got;

    assert_true(oracle(path, &want));
    for (int i = 0; i < 4; i++) {
        if (decode(path, groups[i], &got))
            fail_msg("%s is refused", path);
        assert_same(got, want);
        free(got.px);
    }
    free(want.px);
}

static void check_broken(const char *path)
{
    pixels got;

    if (decode(path, 16, &got) != CHUNKIMG_BAD_INPUT)
        fail_msg("%s is not refused", path);
}

/* Either outcome, but where both decode, the same pixels. */
static void check_odd(const char *path)
{
    pixels want, got;
    bool readable = oracle(path, &want);

    if (!decode(path, 16, &got)) {
        if (readable)
            assert_same(got, want);
        free(got.px);
    }
    if (readable)
        free(want.px);
}

static void corpus_valid(void **state)
{
    (void)state;
    for_each_file("valid", check_valid);
}

static void corpus_broken(void **state)
{
    (void)state;
    for_each_file("broken", check_broken);
}

static void corpus_odd(void **state)
{
    (void)state;
    for_each_file("odd", check_odd);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(registry),
        cmocka_unit_test(round_trip),
        cmocka_unit_test(every_level),
        cmocka_unit_test(incompressible_stays_in_bound),
        cmocka_unit_test(groups_do_not_matter),
        cmocka_unit_test(what_came_before_does_not_matter),
        cmocka_unit_test(smaller_tiles_fit),
        cmocka_unit_test(strips_join),
        cmocka_unit_test(palettes_are_kept),
        cmocka_unit_test(default_is_no_larger_than_libpngs),
        cmocka_unit_test(default_is_no_larger_than_libpngs_for_colours),
        cmocka_unit_test(meta_survives),
        cmocka_unit_test(every_prefix_is_refused),
        cmocka_unit_test(every_flipped_byte_is_seen),
        cmocka_unit_test(limits_are_kept),
        cmocka_unit_test(corpus_valid),
        cmocka_unit_test(corpus_broken),
        cmocka_unit_test(corpus_odd),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
