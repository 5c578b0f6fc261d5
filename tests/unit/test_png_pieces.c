/*
 * PNG files in pieces against libpng: strips as chunkimg writes them and as
 * others do, lists of segments that are right and that lie, and files in which
 * the pieces are not what they seem. A piece may fail and a file may have none;
 * pieces that all succeed must be the image.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <png.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include <zlib.h>

/* The decoder with small pieces of small images. */
#define CK_PNG_PIECES_FROM 1
#define CK_PNG_PIECE_NBYTES 3000
#define ck_png_decoder decoder_of_small_pieces
#include "codec/png/png_read.c"
#undef ck_png_decoder

#include "codec/codec.h"
#include "support/noise.h"

/* ---- files -------------------------------------------------------------- */

typedef struct bytes {
    uint8_t *at;
    size_t n;
} bytes;

static void add(bytes *b, const void *data, size_t n)
{
    b->at = realloc(b->at, b->n + n + 1);
    assert_non_null(b->at);
    if (n)
        memcpy(b->at + b->n, data, n);
    b->n += n;
}

static void add_chunk(bytes *b, const char type[4], const void *data, size_t n)
{
    uint8_t head[8];

    memcpy(head + 4, type, 4);
    ck_png_put32(head, (uint32_t)n);
    add(b, head, 8);
    add(b, data, n);
    ck_png_put32(head, (uint32_t)crc32_z(0, b->at + b->n - n - 4, n + 4));
    add(b, head, 4);
}

typedef enum lie {
    HONEST,
    LOOK_BACK,      /* a flush that forgets nothing */
    WRONG_ADLER,
    UNEVEN,         /* a strip a row higher, the next one a row lower */
    NEEDS_ABOVE,    /* strips begin with any filter */
    WILD_FILTER,    /* a filter that does not exist */
    NO_FLUSH,       /* the chunk ends in the middle of a block */
    EXTRA,          /* a byte after the Adler-32 */
    MORE_ROWS,
    FEWER_ROWS,
    EMPTY_LAST,     /* a final block of its own */
    LIES
} lie;

typedef enum list { BARE, IDOT, MARK, LISTS } list; /* what tells of the segments */

typedef struct kind {
    int w, h, type, depth, strip;
    bool trns;
    int level;
    lie lie;
    int from;          /* the first strip that lies */
    list list;
    size_t idat;       /* bytes of an IDAT; 0: one a strip */
    bool adler_inside; /* no IDAT of its own for the Adler-32 */
    int shift;         /* of a listed offset: a lie too */
} kind;

static int channels_of(int type)
{
    static const int channels[] = {1, 0, 3, 1, 2, 0, 4};
    return channels[type];
}

static size_t row_of(const kind *k)
{
    return (size_t)(k->w * channels_of(k->type) * k->depth / 8) + 1;
}

static int strips_of(const kind *k)
{
    return (k->h + k->strip - 1) / k->strip;
}

/* Few values, so that deflate has matches; the grain is the same all over, so that it has them far back too. */
static bytes filtered(const kind *k)
{
    size_t row = row_of(k);
    bytes raw = {calloc(row, (size_t)k->h), row * (size_t)k->h};

    assert_non_null(raw.at);
    for (size_t i = 0; i < raw.n; i++)
        raw.at[i] = (uint8_t)(noise() % 3 ? 0 : noise() % 9);
    for (int y = 0; y < k->h; y++) {
        bool starts = y % k->strip == 0 && !(k->lie == NEEDS_ABOVE && y >= k->from * k->strip);

        raw.at[(size_t)y * row] = (uint8_t)(noise() % (starts ? 2 : 5));
        if (k->lie == NEEDS_ABOVE && y == k->from * k->strip)
            raw.at[(size_t)y * row] = 2;
        if (k->lie == WILD_FILTER && y == k->from * k->strip + 1)
            raw.at[(size_t)y * row] = 5;
    }
    return raw;
}

static bytes deflated(z_stream *z, const uint8_t *from, size_t n, int flush)
{
    size_t room = deflateBound(z, n) + 64;
    bytes out = {malloc(room), 0};

    assert_non_null(out.at);
    z->next_in = (z_const Bytef *)from;
    z->avail_in = (uInt)n;
    z->next_out = out.at;
    z->avail_out = (uInt)room;
    assert_true(deflate(z, flush) >= Z_OK && z->avail_out);
    out.n = room - z->avail_out;
    return out;
}

/* What has gathered of the stream, in IDATs. */
static void add_idats(bytes *file, const kind *k, bytes *data)
{
    size_t step = k->idat ? k->idat : data->n;

    for (size_t i = 0; i < data->n; i += step)
        add_chunk(file, "IDAT", data->at + i, step < data->n - i ? step : data->n - i);
    free(data->at);
    *data = (bytes){NULL, 0};
}

static int flush_of(const kind *k, int strip)
{
    bool lies = strip + 1 >= k->from;

    if (strip + 1 == strips_of(k) && k->lie != EMPTY_LAST)
        return Z_FINISH;
    if (k->lie == LOOK_BACK && lies)
        return Z_SYNC_FLUSH;
    return k->lie == NO_FLUSH && lies ? Z_BLOCK : Z_FULL_FLUSH;
}

static size_t end_of(const kind *k, const bytes *raw, int strip)
{
    size_t end = (size_t)(strip + 1) * (size_t)k->strip;

    if (k->lie == UNEVEN && strip == k->from)
        end++;
    return strip + 1 < strips_of(k) && end * row_of(k) < raw->n ? end * row_of(k) : raw->n;
}

static void add_pixels(bytes *file, const kind *k, size_t *starts)
{
    bytes raw = filtered(k), data = {NULL, 0};
    z_stream z = {0};
    uint8_t adler[5] = {0};
    size_t at = 0;

    if (k->lie == MORE_ROWS)
        raw.n = row_of(k) * (size_t)(k->h - 1);
    if (k->lie == FEWER_ROWS)
        for (size_t i = row_of(k); i > 0; i--)
            add(&raw, "", 1);
    ck_png_put32(adler, (uint32_t)adler32_z(1, raw.at, raw.n) ^ (k->lie == WRONG_ADLER));
    assert_int_equal(deflateInit2(&z, k->level, Z_DEFLATED, -15, 8, Z_DEFAULT_STRATEGY), Z_OK);
    add(&data, "\x78\x9c", 2);
    for (int i = 0; i < strips_of(k); i++) {
        size_t end = end_of(k, &raw, i);
        bytes part = deflated(&z, raw.at + at, end - at, flush_of(k, i));

        starts[i] = file->n;
        add(&data, part.at, part.n);
        free(part.at);
        at = end;
        if (i + 1 < strips_of(k) || !k->adler_inside)
            add_idats(file, k, &data);
    }
    if (k->lie == EMPTY_LAST)
        add(&data, "\x03", 2);
    add(&data, adler, k->lie == EXTRA ? 5 : 4);
    add_idats(file, k, &data);
    deflateEnd(&z);
    free(raw.at);
}

static void add_colours(bytes *file, const kind *k)
{
    uint8_t palette[768], trns[256];

    for (size_t i = 0; i < sizeof palette; i++)
        palette[i] = (uint8_t)noise();
    if (k->type == 3)
        add_chunk(file, "PLTE", palette, sizeof palette);
    for (size_t i = 0; i < sizeof trns; i++)
        trns[i] = k->type == 3 || i % 2 ? (uint8_t)(noise() % 4) : 0;
    if (k->trns)
        add_chunk(file, "tRNS", trns, k->type == 3 ? 7 : k->type ? 6 : 2);
}

/* Written twice, since the list comes before what it lists; both times are equally long. */
static void add_list(bytes *file, const kind *k, const size_t *starts)
{
    uint32_t n = (uint32_t)strips_of(k);
    uint8_t data[4 + 12 * 300] = {0};
    size_t at = file->n;

    assert_true(n <= 300);
    if (k->list == IDOT) {
        ck_png_put32(data, n);
        for (uint32_t i = 0; i < n; i++) {
            uint32_t y = i * (uint32_t)k->strip, h = i + 1 < n ? (uint32_t)k->strip : (uint32_t)k->h - y;

            ck_png_put32(data + 4 + 12 * i, y);
            ck_png_put32(data + 8 + 12 * i, h);
            ck_png_put32(data + 12 + 12 * i, (uint32_t)(starts[i] - at) + (uint32_t)(i && k->shift ? k->shift : 0));
        }
        add_chunk(file, "iDOT", data, 4 + 12 * (size_t)n);
    } else if (k->list == MARK) {
        ck_png_put32(data + 2, n);
        for (uint32_t i = 1; i < n; i++)
            ck_png_put32(data + 2 + 4 * i, (uint32_t)(starts[i] - starts[i - 1]) + (uint32_t)k->shift);
        add_chunk(file, "mARK", data, 6 + 4 * ((size_t)n - 1));
    }
}

static bytes make_file(const kind *k)
{
    uint8_t ihdr[13] = {0, 0, 0, 0, 0, 0, 0, 0, (uint8_t)k->depth, (uint8_t)k->type};
    size_t *starts = calloc((size_t)strips_of(k) + 1, sizeof *starts);
    uint32_t seed = noise_state;
    bytes file;

    for (int twice = 0;; twice++) {
        file = (bytes){NULL, 0};
        noise_state = seed;
        add(&file, ck_png_signature, 8);
        ck_png_put32(ihdr, (uint32_t)k->w);
        ck_png_put32(ihdr + 4, (uint32_t)k->h);
        add_chunk(&file, "IHDR", ihdr, sizeof ihdr);
        add_colours(&file, k);
        add_list(&file, k, starts);
        add_pixels(&file, k, starts);
        add_chunk(&file, "tEXt", "Title\0pieces", 12);
        add_chunk(&file, "IEND", NULL, 0);
        if (twice)
            break;
        free(file.at);
    }
    free(starts);
    return file;
}

/* ---- the oracle ----------------------------------------------------------- */

typedef struct pixels {
    ck_shape shape;
    uint8_t *px;
} pixels;

static size_t nbytes_of(pixels p)
{
    return ck_row_nbytes(p.shape) * (size_t)p.shape.h;
}

static void quiet(png_structp png, png_const_charp text)
{
    (void)png;
    (void)text;
}

static _Noreturn void leave(png_structp png, png_const_charp text)
{
    (void)text;
    png_longjmp(png, 1);
}

static void from_memory(png_structp png, png_bytep to, size_t n)
{
    bytes *b = png_get_io_ptr(png);

    if (n > b->n)
        png_error(png, "end");
    memcpy(to, b->at, n);
    b->at += n;
    b->n -= n;
}

static bool oracle(bytes file, pixels *volatile out)
{
    png_structp png = png_create_read_struct(PNG_LIBPNG_VER_STRING, NULL, leave, quiet);
    png_infop info = png_create_info_struct(png);

    out->px = NULL;
    if (setjmp(png_jmpbuf(png))) {
        png_destroy_read_struct(&png, &info, NULL);
        free(out->px);
        out->px = NULL;
        return false;
    }
    png_set_read_fn(png, &file, from_memory);
    png_read_info(png, info);
    png_set_expand(png);
    png_set_swap(png);
    png_read_update_info(png, info);
    out->shape = (ck_shape){(int32_t)png_get_image_width(png, info), (int32_t)png_get_image_height(png, info),
                            png_get_channels(png, info), png_get_bit_depth(png, info)};
    out->px = malloc(nbytes_of(*out));
    assert_non_null(out->px);
    for (int y = 0; y < out->shape.h; y++)
        png_read_row(png, out->px + (size_t)y * ck_row_nbytes(out->shape), NULL);
    png_read_end(png, NULL);
    png_destroy_read_struct(&png, &info, NULL);
    return true;
}

/* ---- the decoder under test ----------------------------------------------- */

typedef enum verdict { NO_PIECES, FAILED, DECODED, REFUSED } verdict; /* REFUSED: by open */

enum { STATES = 3 };

static const ck_limits open_limits = {.max_pixels = 1u << 30, .max_memory = 1u << 30, .max_scans = 100};

/* The states are used in turn, failed or not; each piece into memory of its own. */
static bool decode_piece(const ck_decoder *d, const void *st, void *mine, const ck_image *image, int y, pixels out,
                         uint32_t *check, uint64_t *check_nbytes)
{
    int h = image->piece_rows < image->shape.h - y ? image->piece_rows : image->shape.h - y;
    size_t row = ck_row_nbytes(image->shape);
    ck_view into = {malloc(row * (size_t)h), (ptrdiff_t)row, image->shape};
    ck_error err;
    ck_status status;

    assert_non_null(into.px);
    into.shape.h = h;
    memset(into.px, 0xaa, row * (size_t)h);
    status = d->piece(st, mine, y, into, &err);
    if (status) {
        assert_int_equal(status, CHUNKIMG_BAD_INPUT);
        assert_int_equal(err.status, status);
        assert_true(strlen(err.text) > 10);
    }
    memcpy(out.px + (size_t)y * row, into.px, row * (size_t)h);
    d->piece_check(mine, check, check_nbytes);
    free(into.px);
    return !status;
}

static bool decode_pieces(const ck_decoder *d, const void *st, const ck_image *image, pixels out)
{
    int n = (image->shape.h + image->piece_rows - 1) / image->piece_rows;
    int *order = calloc((size_t)n, sizeof *order);
    uint32_t *checks = calloc((size_t)n, sizeof *checks), sum = 1;
    uint64_t *counts = calloc((size_t)n, sizeof *counts);
    void *mine[STATES];
    bool good = true;
    ck_error err;

    assert_true(n >= 2 && order && checks && counts);
    for (int i = 0; i < STATES; i++)
        mine[i] = calloc(1, d->piece_state_size);
    for (int i = 0; i < n; i++) {
        int j = (int)(noise() % (unsigned)(i + 1));

        order[i] = order[j];
        order[j] = i;
    }
    for (int i = 0; i < n; i++)
        good &= decode_piece(d, st, mine[i % STATES], image, order[i] * image->piece_rows, out, &checks[order[i]],
                             &counts[order[i]]);
    for (int i = 0; i < n; i++)
        sum = d->piece_combine(sum, checks[i], counts[i]);
    good = good && !d->pieces_end(st, sum, &err);
    for (int i = 0; i < STATES; i++) {
        d->piece_release(mine[i]);
        free(mine[i]);
    }
    free(order);
    free(checks);
    free(counts);
    return good;
}

static verdict decode_by(const ck_decoder *d, const char *path, pixels *out)
{
    void *st = calloc(1, d->state_size);
    ck_input *in;
    ck_image image = {0};
    ck_error err;
    verdict v = NO_PIECES;

    assert_int_equal(ck_input_open(path, &in, &err), CK_OK);
    out->px = NULL;
    if (d->open(st, in, &open_limits, NULL, &image, &err)) {
        v = REFUSED;
    } else {
        out->shape = image.shape;
        if (image.segment_rows) {
            out->px = malloc(nbytes_of(*out));
            assert_true(image.piece_guess && image.piece_memory && image.piece_rows % image.segment_rows == 0);
            v = decode_pieces(d, st, &image, *out) ? DECODED : FAILED;
        }
        d->close(st);
    }
    ck_input_close(&in);
    free(st);
    return v;
}

/* Pieces that all succeed are what libpng makes of the file, to the bit. */
static verdict check_with(const ck_decoder *d, bytes file)
{
    char path[64];
    int fd = memfd_create("pieces", MFD_CLOEXEC);
    pixels want, got;
    verdict v;

    assert_true(fd >= 0 && write(fd, file.at, file.n) == (ssize_t)file.n);
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    v = decode_by(d, path, &got);
    close(fd);
    if (v == DECODED) {
        assert_true(oracle(file, &want));
        assert_int_equal(got.shape.h, want.shape.h);
        assert_int_equal(ck_row_nbytes(got.shape), ck_row_nbytes(want.shape));
        assert_memory_equal(got.px, want.px, nbytes_of(want));
        free(want.px);
    }
    free(got.px);
    return v;
}

static verdict check(bytes file)
{
    return check_with(&decoder_of_small_pieces, file);
}

static verdict check_kind(const kind *k)
{
    bytes file = make_file(k);
    verdict v = check(file);

    free(file.at);
    return v;
}

/* ---- honest files ---------------------------------------------------------- */

static void every_kind(void **state)
{
    static const int kinds[][2] = {{0, 8}, {0, 16}, {2, 8}, {2, 16}, {3, 8}, {4, 8}, {4, 16}, {6, 8}, {6, 16}};
    static const int strips[] = {1, 7, 16, 50};
    static const int levels[] = {0, 1, 6, 9};

    (void)state;
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        for (int trns = 0; trns <= (kinds[i][0] < 4); trns++)
            for (size_t s = 0; s < sizeof strips / sizeof *strips; s++)
                for (size_t l = 0; l < sizeof levels / sizeof *levels; l++) {
                    kind k = {.w = 61 + (int)(noise() % 9), .h = 211, .type = kinds[i][0], .depth = kinds[i][1],
                              .strip = strips[s], .trns = trns, .level = levels[l], .adler_inside = l % 2};
                    assert_int_equal(check_kind(&k), DECODED);
                }
}

/* Two to many strips; the last one of any height. */
static void every_height(void **state)
{
    (void)state;
    for (int h = 100; h < 140; h++)
        for (int strip = 20; strip < 101; strip += 9) {
            kind k = {.w = 120, .h = h, .type = 2, .depth = 8, .strip = strip, .level = 1};
            assert_int_equal(check_kind(&k), strip >= h ? NO_PIECES : DECODED);
        }
}

static void lists(void **state)
{
    static const size_t idats[] = {0, 2, 100, 1000, 16384};

    (void)state;
    for (size_t i = 0; i < sizeof idats / sizeof *idats; i++)
        for (int inside = 0; inside < 2; inside++) {
            kind k = {.w = 90, .h = 160, .type = 6, .depth = 8, .strip = 80, .level = 6, .list = IDOT,
                      .idat = idats[i], .adler_inside = inside};

            assert_int_equal(check_kind(&k), DECODED);
            k.h = 159;
            assert_int_equal(check_kind(&k), DECODED);
            k.strip = 40;
            assert_int_equal(check_kind(&k), DECODED);
            k.h = 160;
            k.list = MARK;
            assert_int_equal(check_kind(&k), DECODED);
        }
}

static void own_files(void **state)
{
    const ck_encoder *e = ck_codec_find("png")->encoder;

    (void)state;
    for (int channels = 1; channels <= 4; channels++)
        for (int depth = 8; depth <= 16; depth += 8)
            for (int level = 0; level <= 9; level++) {
                ck_shape whole = {67, 203, (uint8_t)channels, (uint8_t)depth}, strip = whole;
                ck_encode_params params = {.strips = true, .compression = level, .meta = {.orientation = 1}};
                void *st = calloc(1, e->state_size);
                size_t row = ck_row_nbytes(whole), n;
                uint8_t *px = malloc(row * 203), tail[64];
                uint32_t sum = e->check_seed, part_sum;
                uint64_t part_nbytes;
                bytes file = {NULL, 0};
                ck_error err;

                strip.h = 17 + level;
                assert_int_equal(e->init(st, &params, strip, &err), CK_OK);
                for (size_t i = 0; i < row * 203; i++)
                    px[i] = (uint8_t)(noise() % 3 + i / 7);
                for (int y = 0; y < whole.h; y += strip.h) {
                    ck_part part = {whole, y, y == 0, false};

                    if (strip.h > whole.h - y)
                        strip.h = whole.h - y;
                    part.last = y + strip.h == whole.h;
                    n = e->bound(strip, &params);
                    uint8_t *out = malloc(n);
                    assert_int_equal(e->begin(st, strip, &part, out, n, &err), CK_OK);
                    assert_int_equal(e->rows(st, (ck_view){px + (size_t)y * row, (ptrdiff_t)row, strip}, &err), CK_OK);
                    assert_int_equal(e->end(st, &n, &part_sum, &part_nbytes, &err), CK_OK);
                    add(&file, out, n);
                    free(out);
                    sum = e->combine(sum, part_sum, part_nbytes);
                }
                add(&file, tail, e->tail(sum, tail));
                assert_int_equal(check(file), level ? DECODED : NO_PIECES); /* stored rows need no flush, nor pieces */
                e->release(st);
                free(st);
                free(px);
                free(file.at);
            }
}

/* The decoder as it is built: a small image has no pieces, a large one has. */
static void real_sizes(void **state)
{
    const ck_decoder *d = ck_codec_find("png")->decoder;
    kind k = {.w = 1024, .h = 2048, .type = 2, .depth = 8, .strip = 300, .level = 1};
    bytes file = make_file(&k);

    (void)state;
    assert_int_equal(check_with(d, file), DECODED);
    free(file.at);
    k.h = 2047;
    file = make_file(&k);
    assert_int_equal(check_with(d, file), NO_PIECES);
    free(file.at);
    k = (kind){.w = 2048, .h = 2048, .type = 2, .depth = 8, .strip = 1024, .level = 1};
    file = make_file(&k);
    assert_int_equal(check_with(d, file), DECODED);
    free(file.at);
    k.strip = 1100; /* not how chunkimg divides, and too high to be measured */
    file = make_file(&k);
    assert_int_equal(check_with(d, file), FAILED);
    free(file.at);
}

/* ---- others ------------------------------------------------------------------ */

/* A lie that begins at the third strip is not met by the look into the second. */
static void lies(void **state)
{
    int met[LIES][REFUSED + 1] = {0};

    (void)state;
    for (lie l = LOOK_BACK; l < LIES; l++)
        for (int from = 1; from < 6; from++)
            for (int i = 0; i < 8; i++) {
                kind k = {.w = 70 + i, .h = 240, .type = i % 2 ? 2 : 6, .depth = i % 4 ? 8 : 16, .strip = 30,
                          .level = 6, .lie = l, .from = from, .adler_inside = i % 3 == 0, .list = (list)(i % LISTS)};
                met[l][check_kind(&k)]++;
            }
    for (lie l = LOOK_BACK; l < LIES; l++) {
        assert_int_equal(met[l][REFUSED], 0);
        if (l != EMPTY_LAST)
            assert_int_equal(met[l][DECODED], 0);
        if (l != EXTRA && l != EMPTY_LAST) /* with an IDAT of their own for 5 or 6 bytes they do not look like ours */
            assert_true(met[l][FAILED] > 0);
    }
    assert_true(met[LOOK_BACK][NO_PIECES] > 0); /* from the second strip on: the look finds it */
}

static void lists_that_lie(void **state)
{
    (void)state;
    for (list l = IDOT; l < LISTS; l++)
        for (int shift = -30; shift <= 30; shift++) {
            kind k = {.w = 90, .h = 160, .type = 6, .depth = 8, .strip = 80, .level = 6, .list = l, .idat = 500,
                      .shift = shift};

            assert_int_equal(check_kind(&k), shift ? NO_PIECES : DECODED);
            k.strip = 40;
            k.idat = 0; /* the flushes say what the list does not */
            assert_int_equal(check_kind(&k), DECODED);
        }
}

/* A back reference of every reach around the strip's beginning, in a block of fixed codes. */
typedef struct bits {
    bytes *to;
    unsigned fill;
} bits;

static void put_bits(bits *b, unsigned value, unsigned n)
{
    for (unsigned i = 0; i < n; i++, b->fill++) {
        if (b->fill % 8 == 0)
            add(b->to, "", 1);
        b->to->at[b->to->n - 1] |= (uint8_t)((value >> i & 1) << b->fill % 8);
    }
}

static void put_code(bits *b, unsigned code, unsigned n)
{
    for (unsigned i = n; i-- > 0;)
        put_bits(b, code >> i & 1, 1);
}

/* `before` zeros as literals, then as many by one match of length 3..10 at a distance of 1..4, 5, 6 or 7, 8. */
static bytes reach(int before, int length, int distance, bool last)
{
    bytes out = {NULL, 0};
    bits b = {&out, 0};
    static const struct { unsigned code, extra, bits; } far[] = {{0, 0, 0}, {0, 0, 0}, {1, 0, 0}, {2, 0, 0}, {3, 0, 0},
                                                                {4, 0, 1}, {4, 1, 1}, {5, 0, 1}, {5, 1, 1}};

    put_bits(&b, last, 1);
    put_bits(&b, 1, 2);
    for (int i = 0; i < before; i++)
        put_code(&b, 0x30, 8);
    put_code(&b, (unsigned)(257 + length - 3 - 256), 7);
    put_code(&b, far[distance].code, 5);
    put_bits(&b, far[distance].extra, far[distance].bits);
    put_code(&b, 0, 7);
    if (!last) {
        put_bits(&b, 0, 3);
        add(&out, "\x00\x00\xff\xff", 4);
    }
    return out;
}

/* Rows of 4 zeros (with the filter): strips of two rows and one that looks back `distance` after `before` bytes. */
static verdict reaching(int before, int distance, int where)
{
    enum { STRIPS = 4000 };
    bytes file = {NULL, 0};
    uint8_t ihdr[13] = {[3] = 3, [8] = 8}, adler[4], zeros[8] = {0};
    uint32_t sum = 1;
    verdict v;

    add(&file, ck_png_signature, 8);
    ck_png_put32(ihdr + 4, 2 * STRIPS);
    add_chunk(&file, "IHDR", ihdr, sizeof ihdr);
    for (int i = 0; i < STRIPS; i++) {
        bytes strip = reach(i == where ? before : 5, i == where ? 8 - before : 3, i == where ? distance : 1,
                            i + 1 == STRIPS), data = {NULL, 0};

        add(&data, "\x78\x9c", i ? 0 : 2);
        add(&data, strip.at, strip.n);
        add_chunk(&file, "IDAT", data.at, data.n);
        free(strip.at);
        free(data.at);
        sum = (uint32_t)adler32_z(sum, zeros, sizeof zeros);
    }
    ck_png_put32(adler, sum);
    add_chunk(&file, "IDAT", adler, sizeof adler);
    add_chunk(&file, "IEND", NULL, 0);
    v = check(file);
    free(file.at);
    return v;
}

/* All pixels are zeros, so that only the look back itself can tell; 375 strips are a piece. */
static void looking_back(void **state)
{
    (void)state;
    for (int before = 1; before <= 5; before++)
        for (int distance = 1; distance <= 8; distance++) {
            assert_int_equal(reaching(before, distance, 3), DECODED); /* into the same piece */
            assert_int_equal(reaching(before, distance, 750), distance <= before ? DECODED : FAILED);
            assert_int_equal(reaching(before, distance, 3750), distance <= before ? DECODED : FAILED);
            assert_int_equal(reaching(before, distance, 1), distance <= before ? DECODED : NO_PIECES);
        }
}

static void flipped_bits(void **state)
{
    int met[REFUSED + 1] = {0};

    (void)state;
    for (list l = BARE; l < LISTS; l++) {
        kind k = {.w = 25, .h = 120, .type = 2, .depth = 8, .strip = 40, .level = 6, .list = l};
        bytes file = make_file(&k);

        assert_int_equal(check(file), DECODED);
        for (size_t i = 8; i < file.n; i++) {
            uint8_t kept = file.at[i];

            file.at[i] ^= (uint8_t)(1u << noise() % 8);
            met[check(file)]++;
            file.at[i] = kept;
        }
        free(file.at);
    }
    assert_true(met[FAILED] > 1000 && met[NO_PIECES] > 10 && met[REFUSED] > 10);
}

/* The same with every chunk's CRC made right again, so that what lies deeper has to tell. */
static void flipped_bits_under_good_crcs(void **state)
{
    (void)state;
    for (list l = BARE; l < LISTS; l++) {
        kind k = {.w = 25, .h = 120, .type = 2, .depth = 8, .strip = 40, .level = 6, .list = l};
        bytes file = make_file(&k);

        for (size_t at = 33; at + 12 < file.n;) {
            size_t n = ck_png_get32(file.at + at);

            for (size_t i = 0; i < n; i++) {
                uint8_t kept = file.at[at + 8 + i];

                file.at[at + 8 + i] ^= (uint8_t)(1u << noise() % 8);
                ck_png_put32(file.at + at + 8 + n, (uint32_t)crc32_z(0, file.at + at + 4, n + 4));
                check(file);
                file.at[at + 8 + i] = kept;
            }
            ck_png_put32(file.at + at + 8 + n, (uint32_t)crc32_z(0, file.at + at + 4, n + 4));
            at += n + 12;
        }
        assert_int_equal(check(file), DECODED);
        free(file.at);
    }
}

static void cut_short(void **state)
{
    (void)state;
    for (list l = BARE; l < LISTS; l++) {
        kind k = {.w = 25, .h = 120, .type = 2, .depth = 8, .strip = 40, .level = 6, .list = l};
        bytes file = make_file(&k);
        size_t whole = file.n;

        for (file.n = 8; file.n < whole; file.n++)
            assert_int_not_equal(check(file), DECODED);
        free(file.at);
    }
}

static size_t chunk_at(bytes file, int i)
{
    size_t at = 8;

    while (i-- > 0 && at + 12 < file.n)
        at += ck_png_get32(file.at + at) + 12;
    return at;
}

/* Any chunk copied before any other, and any one left out. */
static void moved_chunks(void **state)
{
    enum { CHUNKS = 9 };
    int met[REFUSED + 1] = {0};

    (void)state;
    for (list l = BARE; l < LISTS; l++) {
        kind k = {.w = 25, .h = 120, .type = 2, .depth = 8, .strip = 24, .level = 6, .list = l};
        bytes whole = make_file(&k);

        for (int from = 1; from < CHUNKS; from++)
            for (int to = 1; to <= CHUNKS; to++) {
                size_t a = chunk_at(whole, from), n = ck_png_get32(whole.at + a) + 12, b = chunk_at(whole, to);
                bytes file = {NULL, 0};

                add(&file, whole.at, to == CHUNKS ? a : b); /* the last of all: left out */
                add(&file, whole.at + a, to == CHUNKS ? 0 : n);
                b = to == CHUNKS ? a + n : b;
                add(&file, whole.at + b, whole.n - b);
                met[check(file)]++;
                free(file.at);
            }
        free(whole.at);
    }
    assert_true(met[FAILED] > 50 && met[DECODED] > 5);
}

/* Chunks behind the pixels, and the same verdict as libpng's or none. */
static void after_the_pixels(void **state)
{
    static const struct { const char type[5]; verdict verdict; } chunks[] = {
        {"tEXt", DECODED}, {"iCCP", DECODED}, {"vpAg", DECODED}, {"IDAT", FAILED}, {"IHDR", FAILED}, {"PLTE", FAILED},
        {"tRNS", FAILED}, {"ABcD", FAILED}, {"a{cD", FAILED}, {"a1cD", FAILED}, {"IEND", FAILED},
    };

    (void)state;
    for (size_t i = 0; i < sizeof chunks / sizeof *chunks; i++) {
        kind k = {.w = 25, .h = 120, .type = 2, .depth = 8, .strip = 40, .level = 6};
        bytes file = make_file(&k);

        file.n -= 12;
        add_chunk(&file, chunks[i].type, "1234", 4);
        add_chunk(&file, "IEND", NULL, 0);
        assert_int_equal(check(file), chunks[i].verdict);
        free(file.at);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_kind),
        cmocka_unit_test(every_height),
        cmocka_unit_test(lists),
        cmocka_unit_test(own_files),
        cmocka_unit_test(real_sizes),
        cmocka_unit_test(lies),
        cmocka_unit_test(lists_that_lie),
        cmocka_unit_test(looking_back),
        cmocka_unit_test(flipped_bits),
        cmocka_unit_test(flipped_bits_under_good_crcs),
        cmocka_unit_test(cut_short),
        cmocka_unit_test(moved_chunks),
        cmocka_unit_test(after_the_pixels),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
