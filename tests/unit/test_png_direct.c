/* The decoder's own way to the pixels against libpng's: made files of every kind, whole and damaged. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <png.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

#include "codec/codec.h"
#include "codec/png/png_chunk.h"
#include "codec/png/png_score.h"
#include "codec/png/png_unfilter.h"
#include "support/noise.h"

static void *take(size_t n)
{
    void *p = calloc(1, n ? n : 1);

    assert_non_null(p);
    return p;
}

/* ---- files ------------------------------------------------------------- */

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
    uint8_t *chunk = take(n + CK_PNG_CHUNK_EXTRA);

    ck_png_put_chunk(chunk, type, data, (uint32_t)n);
    add(b, chunk, n + CK_PNG_CHUNK_EXTRA);
    free(chunk);
}

enum { MIXED = 5, WILD_FILTER = 6 };

/* What a file is like. */
typedef struct kind {
    int w, h, type, depth;
    int filter;       /* of all rows; MIXED: any */
    size_t idat;      /* bytes of an IDAT */
    bool empty_idats; /* one before every other */
    bool trns;
    int colours;      /* of a palette */
    int interlace;
    int level, window;
} kind;

static int channels_of(int type)
{
    static const int channels[] = {1, 0, 3, 1, 2, 0, 4};
    return channels[type];
}

static void add_header(bytes *file, const kind *k)
{
    uint8_t ihdr[13] = {0, 0, 0, 0, 0, 0, 0, 0, (uint8_t)k->depth, (uint8_t)k->type, 0, 0, (uint8_t)k->interlace};
    uint8_t palette[768], trns[256];

    add(file, ck_png_signature, 8);
    ck_png_put32(ihdr, (uint32_t)k->w);
    ck_png_put32(ihdr + 4, (uint32_t)k->h);
    add_chunk(file, "IHDR", ihdr, sizeof ihdr);
    for (size_t i = 0; i < sizeof palette; i++)
        palette[i] = (uint8_t)noise();
    if (k->type == 3)
        add_chunk(file, "PLTE", palette, 3 * (size_t)k->colours);
    if (!k->trns)
        return;
    for (size_t i = 0; i < sizeof trns; i++)
        trns[i] = k->type == 3 || i % 2 ? (uint8_t)(noise() % 4) : 0;
    if (k->depth == 16) /* as the samples below */
        trns[0] = trns[2] = trns[4] = 1;
    add_chunk(file, "tRNS", trns, k->type == 3 ? (size_t)(1 + (int)(noise() % (unsigned)k->colours)) : k->type ? 6 : 2);
}

/* Any bytes are the filtered form of some image; few values, so that tRNS meets its colour and deflate has matches. */
static bytes filtered(const kind *k)
{
    size_t row = ((size_t)k->w * (size_t)(channels_of(k->type) * k->depth) + 7) / 8;
    bytes raw = {take((row + 1) * (size_t)k->h), (row + 1) * (size_t)k->h};
    bool wild = noise() % 2;

    for (size_t i = 0; i < raw.n; i++)
        raw.at[i] = (uint8_t)(wild ? noise() : noise() % 3 ? 0 : noise() % 4);
    for (int y = 0; y < k->h; y++)
        raw.at[(size_t)y * (row + 1)] = (uint8_t)(k->filter < MIXED ? (unsigned)k->filter : noise() % 5);
    if (k->filter == WILD_FILTER)
        raw.at[(size_t)(k->h / 2) * (row + 1)] = 5;
    return raw;
}

static bytes packed(bytes raw, int level, int window)
{
    z_stream z = {0};
    bytes out;

    assert_int_equal(deflateInit2(&z, level, Z_DEFLATED, window ? window : 15, 9, Z_DEFAULT_STRATEGY), Z_OK);
    out.n = deflateBound(&z, raw.n);
    out.at = take(out.n);
    z.next_in = raw.at;
    z.avail_in = (uInt)raw.n;
    z.next_out = out.at;
    z.avail_out = (uInt)out.n;
    assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
    out.n = z.total_out;
    deflateEnd(&z);
    return out;
}

static void add_idats(bytes *file, const kind *k, bytes data)
{
    for (size_t at = 0; at < data.n; at += k->idat) {
        size_t n = k->idat < data.n - at ? k->idat : data.n - at;

        if (k->empty_idats && at)
            add_chunk(file, "IDAT", NULL, 0);
        add_chunk(file, "IDAT", data.at + at, n);
    }
}

static bytes make_file(const kind *k)
{
    bytes file = {0}, raw, data;

    add_header(&file, k);
    raw = filtered(k);
    data = packed(raw, k->level, k->window);
    add_idats(&file, k, data);
    add_chunk(&file, "IEND", NULL, 0);
    free(raw.at);
    free(data.at);
    return file;
}

static const char *stored_file(bytes b)
{
    static char path[4096];
    const char *folder = getenv("TMPDIR");
    FILE *f;

    snprintf(path, sizeof path, "%s/ck_png_direct_%ld", folder ? folder : "/tmp", (long)getpid());
    f = fopen(path, "wb");
    assert_non_null(f);
    assert_int_equal(fwrite(b.at, 1, b.n, f), b.n);
    fclose(f);
    return path;
}

/* ---- the oracle -------------------------------------------------------- */

typedef struct memory {
    bytes file;
    size_t at;
} memory;

static void from_memory(png_structp png, png_bytep to, size_t n)
{
    memory *m = png_get_io_ptr(png);

    if (n > m->file.n - m->at)
        png_error(png, "the file ends too early");
    memcpy(to, m->file.at + m->at, n);
    m->at += n;
}

static _Noreturn void leave(png_structp png, png_const_charp text)
{
    (void)text;
    png_longjmp(png, 1);
}

/* As strict as the decoder promises to be. */
static void weigh(png_structp png, png_const_charp text)
{
    if (!strncmp(text, "IDAT", 4) || !strncmp(text, "PLTE", 4)
        || (!strncmp(text, "tRNS", 4) && !strstr(text, "alpha channel")))
        png_longjmp(png, 1);
}

typedef struct pixels {
    ck_shape shape;
    uint8_t *px;
} pixels;

static pixels space_for(ck_shape s)
{
    return (pixels){s, take(ck_row_nbytes(s) * (size_t)s.h)};
}

static void oracle_header(png_structp png, png_infop info)
{
    png_set_crc_action(png, PNG_CRC_ERROR_QUIT, PNG_CRC_WARN_DISCARD);
    png_set_benign_errors(png, 1);
    png_set_chunk_malloc_max(png, 16 << 20);
    png_read_info(png, info);
    png_set_expand(png);
    png_set_swap(png);
}

static bool oracle(bytes file, pixels *volatile out)
{
    memory m = {file, 0};
    png_structp png = png_create_read_struct(PNG_LIBPNG_VER_STRING, NULL, leave, weigh);
    png_infop info = png_create_info_struct(png);
    int passes;

    out->px = NULL;
    if (setjmp(png_jmpbuf(png))) {
        png_destroy_read_struct(&png, &info, NULL);
        free(out->px);
        out->px = NULL;
        return false;
    }
    png_set_read_fn(png, &m, from_memory);
    oracle_header(png, info);
    passes = png_set_interlace_handling(png);
    png_read_update_info(png, info);
    *out = space_for((ck_shape){(int32_t)png_get_image_width(png, info), (int32_t)png_get_image_height(png, info),
                                png_get_channels(png, info), png_get_bit_depth(png, info)});
    for (int pass = 0; pass < passes; pass++)
        for (int y = 0; y < out->shape.h; y++)
            png_read_row(png, out->px + (size_t)y * ck_row_nbytes(out->shape), NULL);
    png_read_end(png, info);
    png_destroy_read_struct(&png, &info, NULL);
    return true;
}

/* ---- the decoder under test -------------------------------------------- */

/* Each group of rows into memory of its own, so that a look back at what was handed out is seen. */
static ck_status decode_rows(const ck_decoder *d, void *st, pixels p, int group, ck_error *err)
{
    size_t row = ck_row_nbytes(p.shape);
    ck_status status = CK_OK;

    for (int y = 0; y < p.shape.h && !status; y += group) {
        int h = group < p.shape.h - y ? group : p.shape.h - y;
        ck_view v = {take(row * (size_t)h), (ptrdiff_t)row, p.shape};

        v.shape.h = h;
        status = d->rows(st, v, err);
        memcpy(p.px + (size_t)y * row, v.px, row * (size_t)h);
        free(v.px);
    }
    return status;
}

/* Indices to the colours that they stand for. */
static void look_up(const ck_palette *palette, pixels *p)
{
    ck_shape s = p->shape;
    pixels coloured;

    assert_int_equal(s.channels, 1);
    s.channels = palette->channels;
    coloured = space_for(s);
    for (size_t i = 0; i < (size_t)s.w * (size_t)s.h; i++)
        assert_true(p->px[i] < palette->count);
    for (int y = 0; y < s.h; y++)
        ck_palette_look_up(palette, p->px + (size_t)y * (size_t)s.w, coloured.px + (size_t)y * ck_row_nbytes(s), (size_t)s.w);
    free(p->px);
    *p = coloured;
}

/* as_indices: where there is a palette. */
static bool decode(const char *path, int group, bool as_indices, pixels *out)
{
    static const ck_limits limits = {.max_pixels = 1 << 24, .max_memory = 1 << 28};
    const ck_decoder *d = ck_codec_find("png")->decoder;
    void *st = take(d->state_size);
    ck_input *in;
    ck_image image;
    ck_error err;
    ck_status status;

    assert_int_equal(ck_input_open(path, &in, &err), CK_OK);
    out->px = NULL;
    status = d->open(st, in, &limits, NULL, &image, &err);
    if (!status) {
        if (as_indices && image.palette)
            d->index(st, &image);
        *out = space_for(image.shape);
        status = decode_rows(d, st, *out, image.whole ? image.shape.h : group, &err);
        if (as_indices && image.palette && !status)
            look_up(image.palette, out);
        d->close(st);
    }
    if (status && status != CHUNKIMG_LIMIT)
        assert_int_equal(status, CHUNKIMG_BAD_INPUT);
    ck_input_close(&in);
    free(st);
    return !status;
}

static bool same(pixels a, pixels b)
{
    return a.shape.w == b.shape.w && a.shape.h == b.shape.h && a.shape.channels == b.shape.channels
           && a.shape.depth == b.shape.depth && !memcmp(a.px, b.px, ck_row_nbytes(a.shape) * (size_t)a.shape.h);
}

/*
 * Whether the IDATs hold one zlib stream that ends with a chunk. libpng 1.6
 * gives up looking once it has all rows: where the stream's end is in a later
 * chunk than they are, it sees neither a wrong Adler-32 nor what is behind.
 */
static bool ends_well(bytes file)
{
    uint8_t out[1000];
    z_stream z = {0};
    int result = Z_OK;

    assert_int_equal(inflateInit(&z), Z_OK);
    for (size_t at = 8, n; result == Z_OK && at + 12 <= file.n; at += n + 12) {
        n = ck_png_get32(file.at + at);
        if (n > file.n - at - 12)
            break;
        if (memcmp(file.at + at + 4, "IDAT", 4) != 0)
            continue;
        z.next_in = file.at + at + 8;
        z.avail_in = (uInt)n;
        do {
            z.next_out = out;
            z.avail_out = sizeof out;
            result = inflate(&z, Z_NO_FLUSH);
        } while (result == Z_OK && !z.avail_out);
        if (result == Z_BUF_ERROR)
            result = Z_OK;
    }
    inflateEnd(&z);
    return result == Z_STREAM_END && !z.avail_in;
}

/* What libpng takes is taken with the same pixels, what it refuses is refused; returns which. */
static bool agree_on(bytes file, const char *path, int group, bool as_indices)
{
    pixels want, got;
    bool good = oracle(file, &want), taken = decode(path, group, as_indices, &got);

    if (taken && !good)
        fail_msg("%s: libpng refuses it", path);
    if (!taken && good && ends_well(file))
        fail_msg("%s: libpng takes it", path);
    if (taken && !same(want, got))
        fail_msg("%s: other pixels in groups of %d rows%s", path, group, as_indices ? ", as indices" : "");
    free(want.px);
    free(got.px);
    return taken;
}

static bool agree(bytes file, int group)
{
    enum { COLOUR_TYPE_AT = 25, PALETTE = 3 };
    const char *path = stored_file(file);
    bool taken = agree_on(file, path, group, false);

    if (file.n > COLOUR_TYPE_AT && file.at[COLOUR_TYPE_AT] == PALETTE)
        assert_int_equal(agree_on(file, path, group, true), taken);
    unlink(path);
    return taken;
}

/* ---- whole files ------------------------------------------------------- */

static const struct {
    int type, depth;
} formats[] = {{0, 8}, {0, 16}, {2, 8}, {2, 16}, {3, 8}, {4, 8}, {4, 16}, {6, 8}, {6, 16}, {0, 1}, {0, 4}, {3, 2}};

enum { FORMATS = sizeof formats / sizeof *formats };

static kind a_kind(int format)
{
    return (kind){.w = 13, .h = 9, .type = formats[format].type, .depth = formats[format].depth, .filter = MIXED,
                  .idat = 1 << 20, .colours = 1 << (formats[format].depth < 8 ? formats[format].depth : 8), .level = 6};
}

static void check(const kind *k, int group)
{
    bytes file = make_file(k);

    if (!agree(file, group))
        fail_msg("libpng refuses %d x %d of type %d, depth %d", k->w, k->h, k->type, k->depth);
    free(file.at);
}

static void every_width_and_filter(void **state)
{
    static const int groups[] = {1, 3, 16, 1000}, heights[] = {1, 2, 5, 9, 17, 40};

    (void)state;
    for (int f = 0; f < FORMATS; f++)
        for (int w = 1; w <= 70; w++)
            for (int filter = 0; filter <= MIXED; filter++) {
                kind k = a_kind(f);

                k.w = w;
                k.h = heights[noise() % 6];
                k.filter = filter;
                k.trns = !(k.type & 4) && (w + filter) % 2 && (k.type == 3 || k.depth >= 8); /* else a value out of range */
                check(&k, groups[noise() % 4]);
            }
}

static void large_rows(void **state)
{
    (void)state;
    for (int f = 0; f < FORMATS; f++)
        for (int i = 0; i < 3; i++) {
            kind k = a_kind(f);

            k.w = i ? 1000 + 1777 * i : 70000;
            k.h = i ? 900 / i : 37;
            k.idat = 8192;
            check(&k, i ? 16 : 5);
        }
}

static void every_idat_size(void **state)
{
    static const size_t sizes[] = {1, 2, 3, 7, 60, 8192, 1 << 24};

    (void)state;
    for (int f = 0; f < FORMATS; f++)
        for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
            for (int level = 0; level <= 9; level += 3) {
                kind k = a_kind(f);

                k.idat = sizes[i];
                k.empty_idats = (i + (size_t)level) % 2;
                k.level = level;
                k.w = 40;
                k.h = 33;
                check(&k, 4);
            }
}

/* The window in the stream's header smaller than the image, and as small as the image. */
static void every_window(void **state)
{
    (void)state;
    for (int window = 9; window <= 15; window++)
        for (int size = 10; size <= 1000; size *= 10) {
            kind k = a_kind(2);

            k.w = k.h = size / 3 + 1;
            k.window = window;
            check(&k, 8);
        }
}

static void palette_ends_early(void **state)
{
    (void)state;
    for (int colours = 1; colours <= 256; colours += 5) {
        kind k = a_kind(colours < 4 ? 11 : 4);
        bytes file;

        k.colours = colours;
        k.trns = colours % 2;
        file = make_file(&k);
        agree(file, 5);
        free(file.at);
    }
}

static void interlaced(void **state)
{
    kind k = a_kind(2);
    bytes file;

    (void)state;
    k.w = k.h = 1; /* one pass only: the same data */
    k.interlace = 1;
    k.filter = 0;
    file = make_file(&k);
    assert_true(agree(file, 1));
    free(file.at);
}

/* ---- damaged files ----------------------------------------------------- */

static bytes small_file(int i)
{
    kind k = a_kind(i % FORMATS);

    k.w = 5 + i % 7;
    k.h = 4 + i % 3;
    k.idat = i % 3 ? 1 << 20 : 11;
    k.level = i % 4 ? 6 : 0;
    k.trns = i % 2 && !(k.type & 4);
    return make_file(&k);
}

static void every_prefix(void **state)
{
    (void)state;
    for (int i = 0; i < FORMATS; i++) {
        bytes file = small_file(i);

        for (size_t n = 8; n < file.n; n++)
            assert_false(agree((bytes){file.at, n}, 4));
        free(file.at);
    }
}

static void every_flipped_bit(void **state)
{
    (void)state;
    for (int i = 0; i < FORMATS; i++) {
        bytes file = small_file(i);

        for (size_t at = 8; at < file.n; at++) {
            uint8_t bit = (uint8_t)(1 << noise() % 8);

            file.at[at] ^= bit;
            agree(file, 4);
            file.at[at] ^= bit;
        }
        free(file.at);
    }
}

/* Writes the CRCs anew, so that what is behind them is looked at. */
static void repair(bytes file)
{
    for (size_t at = 8; at + 12 <= file.n;) {
        size_t n = ck_png_get32(file.at + at);

        if (n > file.n - at - 12)
            return;
        ck_png_put32(file.at + at + 8 + n, (uint32_t)crc32(0, file.at + at + 4, (uInt)n + 4));
        at += n + 12;
    }
}

static void every_flipped_bit_with_good_crc(void **state)
{
    (void)state;
    for (int i = 0; i < FORMATS; i++) {
        bytes file = small_file(i);

        for (size_t at = 8; at < file.n; at++)
            for (int bit = 0; bit < 8; bit++) {
                bytes copy = {0};

                add(&copy, file.at, file.n);
                copy.at[at] ^= (uint8_t)(1 << bit);
                repair(copy);
                agree(copy, 4);
                free(copy.at);
            }
        free(file.at);
    }
}

/* The stream of `k`, cut or extended by `change` bytes at its end, or with rows more or less than the header says. */
static bool odd_stream(kind k, int change, int rows, const char *behind)
{
    kind stored = k;
    bytes file = {0}, raw, data;
    bool good;

    stored.h += rows;
    add_header(&file, &k);
    raw = filtered(&stored);
    data = packed(raw, 6, 15);
    if (change > 0)
        add(&data, "extra bytes", (size_t)change);
    else
        data.n -= (size_t)-change;
    add_idats(&file, &k, data);
    if (behind)
        add_chunk(&file, behind, "behind", 6);
    if (behind && *behind == 't')
        add_chunk(&file, "IDAT", "again", 5);
    add_chunk(&file, "IEND", NULL, 0);
    good = agree(file, 4);
    free(raw.at);
    free(data.at);
    free(file.at);
    return good;
}

static void too_little_and_too_much(void **state)
{
    static const size_t idats[] = {2, 3, 7, 100000};

    (void)state;
    for (int f = 0; f < FORMATS; f++)
        for (int i = 0; i < 4; i++) {
            kind k = a_kind(f);

            k.idat = idats[i];
            assert_true(odd_stream(k, 0, 0, NULL));
            for (int n = 1; n < 12; n++) {
                odd_stream(k, n, 0, NULL); /* libpng lets whole IDATs behind the stream's end pass */
                assert_true(!odd_stream(k, -n, 0, NULL) || k.depth < 8);
            }
            for (int rows = 1; rows < 4; rows++) {
                assert_false(odd_stream(k, 0, rows, NULL));
                assert_false(odd_stream(k, 0, -rows, NULL));
            }
        }
}

static void chunks_behind(void **state)
{
    (void)state;
    for (int f = 0; f < FORMATS; f++) {
        kind k = a_kind(f);

        assert_true(odd_stream(k, 0, 0, "IDAT"));
        assert_true(odd_stream(k, 0, 0, "prVt"));
        assert_false(odd_stream(k, 0, 0, "CRIT"));
        assert_false(odd_stream(k, 0, 0, "tEXt")); /* with an IDAT behind it */
        assert_false(odd_stream(k, 0, 0, "PLTE"));
        odd_stream(k, 0, 0, "tRNS");
        assert_false(odd_stream(k, 0, 0, "IHDR"));
        assert_false(odd_stream(k, 0, 0, "a1bc"));
    }
}

static void unknown_filter(void **state)
{
    (void)state;
    for (int f = 0; f < FORMATS; f++) {
        kind k = a_kind(f);
        bytes file;

        k.filter = WILD_FILTER;
        file = make_file(&k);
        assert_false(agree(file, 4));
        free(file.at);
    }
}

/* ---- the ways to unfilter ---------------------------------------------- */

static void compare_ways(size_t pixel, size_t w, int rows, unsigned filter)
{
    size_t n = w * pixel, stride = n + noise() % 9, all = stride * (size_t)rows;
    uint8_t *from = take((n + 1) * (size_t)rows), *above = take(n), *spare = take(n), *want = take(all), *got = take(all);
    ck_png_group g = {from, want, (ptrdiff_t)stride, above, spare, n, pixel, rows};
    bool wild = noise() % 2;

    for (size_t i = 0; i < (n + 1) * (size_t)rows; i++)
        from[i] = (uint8_t)(wild ? noise() : noise() % 4);
    for (size_t i = 0; i < n; i++)
        above[i] = (uint8_t)noise();
    for (int y = 0; y < rows; y++)
        from[(size_t)y * (n + 1)] = (uint8_t)(filter < MIXED ? filter : noise() % 5);
    assert_true(ck_png_unfilter_by(CK_PNG_UNFILTER_PLAIN, &g));
    g.to = got;
    for (ck_png_unfilter_way way = CK_PNG_UNFILTER_SSE41; way <= ck_png_unfilter_best(); way++) {
        memset(got, 0, all); /* and what lies between the rows must stay so */
        assert_true(ck_png_unfilter_by(way, &g));
        assert_memory_equal(got, want, all);
    }
    free(from);
    free(above);
    free(spare);
    free(want);
    free(got);
}

static void ways_agree(void **state)
{
    static const size_t pixels_nbytes[] = {1, 2, 3, 4, 6, 8};

    (void)state;
    for (int i = 0; i < 6; i++)
        for (size_t w = 1; w <= 140; w++)
            for (unsigned filter = 0; filter <= MIXED; filter++)
                compare_ways(pixels_nbytes[i], w, 1 + (int)(noise() % 19), filter);
}

static void scores_agree(void **state)
{
    uint8_t row[CK_PNG_SCORE_MOST + 8], prior[CK_PNG_SCORE_MOST + 8];

    (void)state;
    for (size_t n = 1; n <= CK_PNG_SCORE_MOST; n++)
        for (size_t pixel = 1; pixel <= 8; pixel++) {
            ck_png_scores want = {{1, 2, 3, 4, 5}}, got = want;
            bool wild = noise() % 2;

            for (size_t i = 0; i < n + pixel; i++) {
                row[i] = (uint8_t)(wild ? noise() : 120 + noise() % 9);
                prior[i] = (uint8_t)(wild ? noise() : 124 + noise() % 5);
            }
            ck_png_score_plain(&want, row + pixel, row, prior + pixel, prior, n);
            ck_png_score(&got, row + pixel, row, prior + pixel, prior, n);
            assert_memory_equal(&want, &got, sizeof want);
        }
}

/* Every left, above and corner that there is. */
static void predictor_is_exact(void **state)
{
    uint8_t *from = take(2 * (256 * 2 + 1)), above[512], spare[512], want[512], got[512];
    ck_png_group g = {from, want, 512, above, spare, 512, 1, 1};

    (void)state;
    from[0] = 4;
    for (int corner = 0; corner < 256; corner++)
        for (int left = 0; left < 256; left++) {
            for (int i = 0; i < 512; i++) /* at odd places `left` meets every value above it */
                above[i] = (uint8_t)(i % 2 ? i / 2 : corner);
            for (int i = 0; i < 512; i++) {
                int a = i ? want[i - 1] : 0, b = above[i], c = i ? above[i - 1] : 0;
                int p = a + b - c, pa = abs(p - a), pb = abs(p - b), pc = abs(p - c);
                int predicted = pa <= pb && pa <= pc ? a : pb <= pc ? b : c;

                from[1 + i] = (uint8_t)((i % 2 ? (int)noise() : left) - (i % 2 ? 0 : predicted));
                want[i] = (uint8_t)(from[1 + i] + predicted);
            }
            g.to = got;
            for (ck_png_unfilter_way way = 0; way <= ck_png_unfilter_best(); way++) {
                assert_true(ck_png_unfilter_by(way, &g));
                assert_memory_equal(got, want, 512);
            }
        }
    free(from);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_width_and_filter),
        cmocka_unit_test(large_rows),
        cmocka_unit_test(every_idat_size),
        cmocka_unit_test(every_window),
        cmocka_unit_test(palette_ends_early),
        cmocka_unit_test(interlaced),
        cmocka_unit_test(every_prefix),
        cmocka_unit_test(every_flipped_bit),
        cmocka_unit_test(every_flipped_bit_with_good_crc),
        cmocka_unit_test(too_little_and_too_much),
        cmocka_unit_test(chunks_behind),
        cmocka_unit_test(unknown_filter),
        cmocka_unit_test(ways_agree),
        cmocka_unit_test(predictor_is_exact),
        cmocka_unit_test(scores_agree),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
