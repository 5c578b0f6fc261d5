/*
 * A folder of tiles as an image: its manifest is the file that is opened, its
 * rows are put together from what each tile owns, so that overlap, padding and
 * shifted edges fall away. Every tile is held against its size and its CRC-32
 * before it is decoded, and must be what the manifest says.
 *
 * As one chain, a row of tiles is decoded at a time. Where all rows of tiles
 * are of one height each of them is a piece, and workers share them.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/checked.h"
#include "base/text.h"
#include "codec/codec.h"
#include "codec/tiles/tiles_layout.h"
#include "os/stored.h"

enum {
    BLOCK_ROWS = 32, /* decoded at a time, before the own part is copied out */
    INPUT_NBYTES = 320 << 10 /* of an open file */
};

/* One open file of a tile. */
typedef struct tile_file {
    ck_input *in;
    const ck_codec *codec;
    void *state;
    bool opened;
    ck_image image;
} tile_file;

typedef struct reader {
    ck_tiles_layout layout;
    int dir; /* the input's */
    char name[256];
    ck_limits limits;
    tile_file first; /* open as long as the reader: it has the metadata */
    ck_shape shape;  /* of the image */
    int32_t file_w;  /* of the widest file */
    ck_view band;    /* one row of tiles; px NULL until it is needed */
    int32_t band_row;/* which, -1: none */
    int32_t given;   /* rows */
} reader;

/* ---- one tile ------------------------------------------------------------------ */

static void close_file(tile_file *f)
{
    if (f->opened)
        f->codec->decoder->close(f->state);
    free(f->state);
    ck_input_close(&f->in);
    *f = (tile_file){0};
}

static ck_status open_decoder(const reader *r, tile_file *f, ck_error *err)
{
    static const ck_warnings silent = {NULL, NULL};
    const uint8_t *head;
    size_t n;
    ck_status status = ck_input_peek(f->in, &head, &n, err);

    if (status)
        return status;
    f->codec = ck_codec_sniff(head, n);
    if (!f->codec || !f->codec->encoder) /* what cannot be written is no tile: another manifest */
        return ck_fail(err, CHUNKIMG_BAD_INPUT, "%s: not a tile", ck_input_name(f->in));
    f->state = calloc(1, f->codec->decoder->state_size);
    if (!f->state)
        return ck_fail_memory(err, f->codec->decoder->state_size, "opening a tile");
    status = f->codec->decoder->open(f->state, f->in, &r->limits, &silent, &f->image, err);
    f->opened = !status;
    return status;
}

static ck_status check_stored(const reader *r, const ck_tiles_entry *e, ck_error *err)
{
    static const char *const whys[] = {[CK_STORED_MISSING] = "is missing",
                                       [CK_STORED_SIZE] = "has another size than was written",
                                       [CK_STORED_CONTENT] = "has other content than was written (CRC-32)",
                                       [CK_STORED_UNREADABLE] = "cannot be read"};
    char shown[4 * 256];
    uint64_t got;
    int why;
    ck_stored found = ck_stored_check(r->dir, e->file, e->nbytes, e->crc, &got, &why);

    if (found == CK_STORED_WHOLE)
        return CK_OK;
    ck_text_escape(shown, sizeof shown, e->file);
    if (why && found == CK_STORED_UNREADABLE)
        return ck_fail_os(err, why, "%s/%s: cannot be read", r->name, shown);
    return ck_fail(err, CHUNKIMG_BAD_INPUT, "%s/%s: %s", r->name, shown, whys[found]);
}

static ck_status open_file(const reader *r, const ck_tiles_entry *e, tile_file *f, ck_error *err)
{
    ck_status status = check_stored(r, e, err);

    *f = (tile_file){0};
    if (!status)
        status = ck_input_open_at(r->dir, e->file, r->name, &f->in, err);
    if (!status)
        status = open_decoder(r, f, err);
    if (!status && (f->image.shape.w != e->file_w || f->image.shape.h != e->file_h || f->image.whole))
        status = ck_fail(err, CHUNKIMG_BAD_INPUT, "%s: not the tile that the manifest describes", ck_input_name(f->in));
    if (!status && r->shape.channels &&
        (f->image.shape.channels != r->shape.channels || f->image.shape.depth != r->shape.depth))
        status = ck_fail(err, CHUNKIMG_BAD_INPUT, "%s: its pixels are of another kind than the first tile's",
                         ck_input_name(f->in));
    if (status)
        close_file(f);
    return status;
}

/* Rows [y, y + n) of the file are in `rows`: what the tile owns of them goes to its place. */
static void copy_own(const ck_tiles_entry *e, ck_view own, ck_view rows, int32_t y, int32_t n)
{
    size_t pixel = ck_pixel_nbytes(own.shape);

    for (int32_t i = 0; i < n; i++) {
        int32_t at = y + i - e->skip_y;

        if (at >= 0 && at < own.shape.h)
            memcpy(ck_row(own, at), ck_row(rows, i) + (size_t)e->skip_x * pixel, (size_t)own.shape.w * pixel);
    }
}

/* All rows of the file are decoded, also those that nobody owns: its end is checked with the last. */
static ck_status decode_file(const ck_tiles_entry *e, tile_file *f, ck_view own, uint8_t *block, ck_error *err)
{
    ck_view rows = {block, (ptrdiff_t)ck_row_nbytes(f->image.shape), f->image.shape};
    ck_status status = CK_OK;

    for (int32_t y = 0; y < e->file_h && !status; y += BLOCK_ROWS) {
        rows.shape.h = e->file_h - y < BLOCK_ROWS ? e->file_h - y : BLOCK_ROWS;
        status = f->codec->decoder->rows(f->state, rows, err);
        if (!status)
            copy_own(e, own, rows, y, rows.shape.h);
    }
    return status ? status : ck_input_unchanged(f->in, err);
}

/* ---- a row of tiles ----------------------------------------------------------------- */

static size_t block_nbytes(const reader *r)
{
    ck_shape block = r->shape;

    block.w = r->file_w;
    return ck_row_nbytes(block) * BLOCK_ROWS;
}

/* `into` is as wide as the image and as high as the row. */
static ck_status decode_row(const reader *r, int32_t row, ck_view into, uint8_t *block, ck_error *err)
{
    ck_status status = CK_OK;

    for (int32_t c = 0; c < r->layout.columns && !status; c++) {
        const ck_tiles_entry *e = ck_tiles_at(&r->layout, c, row);
        ck_rect own = ck_tiles_own(&r->layout, c, row);
        tile_file f;

        status = open_file(r, e, &f, err);
        if (status)
            return status;
        status = decode_file(e, &f, ck_window(into, own.x, 0, own.w, own.h), block, err);
        close_file(&f);
    }
    return status;
}

/* ---- the decoder --------------------------------------------------------------------- */

/* {"schema": with any white space after the brace */
static bool tiles_sniff(const uint8_t *head, size_t nbytes)
{
    static const char key[] = "\"schema\":";
    size_t at = 1;

    while (at < nbytes && (head[at] == ' ' || head[at] == '\n'))
        at++;
    return nbytes && head[0] == '{' && nbytes - at >= sizeof key - 1 && !memcmp(head + at, key, sizeof key - 1);
}

static void close_reader(void *st)
{
    reader *r = st;

    close_file(&r->first);
    ck_tiles_layout_release(&r->layout);
    free(r->band.px);
    r->band.px = NULL;
}

/* What one decoded tile takes, and what a row of them does. */
static ck_status plan_memory(const reader *r, ck_image *out, ck_error *err)
{
    int32_t file_w, file_h, row_h;
    size_t band;
    uint64_t one = r->first.image.memory + r->first.codec->decoder->state_size + INPUT_NBYTES + block_nbytes(r);

    ck_tiles_largest(&r->layout, &file_w, &file_h, &row_h);
    if (!ck_mul(ck_row_nbytes(r->shape), (size_t)row_h, &band) ||
        (uint64_t)r->shape.w * (uint64_t)r->shape.h > r->limits.max_pixels)
        return ck_fail(err, CHUNKIMG_LIMIT, "%s: %d x %d pixels are more than --max-pixels allows", r->name, r->shape.w,
                       r->shape.h);
    out->memory = 2 * one + band + r->layout.nbytes; /* the first tile stays open */
    out->segment_rows = out->piece_rows = ck_tiles_even_rows(&r->layout);
    out->piece_workers = 2;
    out->piece_memory = one;
    return CK_OK;
}

static ck_status open_reader(reader *r, ck_input *in, ck_image *out, ck_error *err)
{
    ck_status status;
    int32_t ignored;

    status = ck_input_folder(in, &r->dir, err);
    if (!status)
        status = ck_tiles_layout_read(&r->layout, r->dir, ck_input_file(in), r->name, err);
    if (!status)
        status = open_file(r, ck_tiles_at(&r->layout, 0, 0), &r->first, err);
    if (status)
        return status;
    r->shape = r->first.image.shape;
    r->shape.w = r->layout.x[r->layout.columns];
    r->shape.h = r->layout.y[r->layout.rows];
    ck_tiles_largest(&r->layout, &r->file_w, &ignored, &ignored);
    *out = (ck_image){.shape = r->shape, .meta = r->first.image.meta, .like = r->first.codec};
    return plan_memory(r, out, err);
}

static ck_status tiles_open(void *st, ck_input *in, const ck_limits *limits, const ck_warnings *warnings, ck_image *out,
                            ck_error *err)
{
    reader *r = st;
    ck_status status;

    (void)warnings;
    r->limits = *limits;
    r->band_row = -1;
    snprintf(r->name, sizeof r->name, "%s", ck_input_name(in));
    status = open_reader(r, in, out, err);
    if (status)
        close_reader(r);
    return status;
}

static ck_status make_band(reader *r, ck_error *err)
{
    int32_t ignored, row_h;
    size_t stride = ck_row_nbytes(r->shape);

    ck_tiles_largest(&r->layout, &ignored, &ignored, &row_h);
    r->band = (ck_view){malloc(stride * (size_t)row_h + block_nbytes(r)), (ptrdiff_t)stride, r->shape};
    r->band.shape.h = row_h;
    return r->band.px ? CK_OK : ck_fail_memory(err, stride * (size_t)row_h, "putting tiles together");
}

/* The row of tiles that holds the next row of pixels is in the band. */
static ck_status fill_band(reader *r, ck_error *err)
{
    int32_t row = r->band_row < 0 ? 0 : r->band_row;
    ck_status status = r->band.px ? CK_OK : make_band(r, err);

    while (r->layout.y[row + 1] <= r->given)
        row++;
    if (status || row == r->band_row)
        return status;
    r->band_row = row;
    ck_view into = ck_window(r->band, 0, 0, r->shape.w, r->layout.y[row + 1] - r->layout.y[row]);
    return decode_row(r, row, into, r->band.px + (size_t)r->band.stride * (size_t)r->band.shape.h, err);
}

static ck_status tiles_rows(void *st, ck_view into, ck_error *err)
{
    reader *r = st;

    for (int32_t y = 0; y < into.shape.h; y++, r->given++) {
        ck_status status = fill_band(r, err);

        if (status)
            return status;
        memcpy(ck_row(into, y), ck_row(r->band, r->given - r->layout.y[r->band_row]), ck_row_nbytes(r->shape));
    }
    return CK_OK;
}

/* ---- rows of tiles as pieces ------------------------------------------------------------ */

typedef struct piece {
    uint8_t *block;
} piece;

static ck_status tiles_piece(const void *st, void *mine, int32_t y, ck_view into, ck_error *err)
{
    const reader *r = st;
    piece *p = mine;

    if (!p->block && !(p->block = malloc(block_nbytes(r))))
        return ck_fail_memory(err, block_nbytes(r), "putting tiles together");
    return decode_row(r, y / r->layout.y[1], into, p->block, err);
}

static void piece_release(void *mine)
{
    piece *p = mine;

    free(p->block);
    p->block = NULL;
}

static int tiles_folder(const void *st)
{
    const reader *r = st;

    return r->dir;
}

static const ck_decoder decoder = {
    .cost = 1.5,
    .state_size = sizeof(reader),
    .sniff = tiles_sniff,
    .open = tiles_open,
    .rows = tiles_rows,
    .close = close_reader,
    .folder = tiles_folder,
    .piece_state_size = sizeof(piece),
    .piece = tiles_piece,
    .piece_release = piece_release,
};

static const char *const suffixes[] = {NULL};

extern const ck_codec ck_codec_tiles;
const ck_codec ck_codec_tiles = {
    .name = "tiles",
    .summary = "a folder of tiles with its manifest.json: read as the image it was cut from",
    .suffixes = suffixes,
    .decoder = &decoder,
};
