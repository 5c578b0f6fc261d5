#include "pipeline/source.h"

#include <stdlib.h>
#include <string.h>

#include "base/checked.h"

struct ck_source {
    ck_input *in;
    const ck_codec *codec;
    void *state;
    bool opened;    /* the decoder's close is owed */
    ck_image image; /* as stored */
    ck_view whole;  /* all stored rows; px NULL until the first upright row is asked for */
    int32_t given;  /* upright rows, in this process */
};

/* Orientations 5 to 8 exchange rows and columns. */
static bool transposed(const ck_source *s)
{
    return s->image.meta.orientation >= 5;
}

/* 1 stands as stored and 2 mirrors each row; all others need rows that come later. */
static bool needs_whole(const ck_source *s)
{
    return s->image.whole || s->image.meta.orientation > 2;
}

/* Chooses the codec by the file's first bytes. */
static ck_status find_codec(ck_source *s, bool lossless, ck_error *err)
{
    const uint8_t *head;
    size_t n;
    ck_status status = ck_input_peek(s->in, &head, &n, err);

    if (status)
        return status;
    s->codec = ck_codec_sniff(head, n);
    if (!s->codec)
        return ck_fail(err, CHUNKIMG_BAD_INPUT, "%s: %s", ck_input_name(s->in),
                       n ? "not a PNG or JPEG image" : "is empty");
    if (lossless && !s->codec->lossless)
        return ck_fail(err, CHUNKIMG_USAGE, "%s: lossless: only a JPEG can be cut without decoding it, this is %s",
                       ck_input_name(s->in), s->codec->name);
    s->codec = lossless ? s->codec->lossless : s->codec;
    return CK_OK;
}

static ck_status open_decoder(ck_source *s, bool lossless, const ck_limits *limits, const ck_warnings *warnings,
                              ck_error *err)
{
    ck_status status = find_codec(s, lossless, err);

    if (status)
        return status;
    s->state = calloc(1, s->codec->decoder->state_size);
    if (!s->state)
        return ck_fail_memory(err, s->codec->decoder->state_size, "opening the decoder");
    status = s->codec->decoder->open(s->state, s->in, limits, warnings, &s->image, err);
    s->opened = !status;
    if (s->image.meta.orientation < 1 || s->image.meta.orientation > 8)
        s->image.meta.orientation = 1;
    if (!s->image.unit_w) {
        s->image.unit_w = s->image.unit_h = 1;
        s->image.picture = s->image.shape;
    }
    return status;
}

ck_status ck_source_open(const char *path, const ck_body *body, bool lossless, const ck_limits *limits,
                         const ck_warnings *warnings, ck_source **out, ck_error *err)
{
    ck_source *s = calloc(1, sizeof *s);
    ck_status status;

    *out = NULL;
    if (!s)
        return ck_fail_memory(err, sizeof *s, "opening the input");
    status = body ? ck_input_open_body(body, &s->in, err) : ck_input_open(path, &s->in, err);
    if (!status)
        status = open_decoder(s, lossless, limits, warnings, err);
    if (status)
        ck_source_close(&s);
    *out = s;
    return status;
}

void ck_source_close(ck_source **source)
{
    ck_source *s = *source;

    *source = NULL;
    if (!s)
        return;
    if (s->opened)
        s->codec->decoder->close(s->state);
    free(s->state);
    free(s->whole.px);
    ck_input_close(&s->in);
    free(s);
}

static ck_shape upright(const ck_source *s, ck_shape stored)
{
    ck_shape shape = stored;

    if (transposed(s)) {
        shape.w = stored.h;
        shape.h = stored.w;
    }
    return shape;
}

ck_shape ck_source_shape(const ck_source *s)
{
    return upright(s, s->image.shape);
}

ck_shape ck_source_picture(const ck_source *s)
{
    return upright(s, s->image.picture);
}

const ck_image *ck_source_image(const ck_source *s)
{
    return &s->image;
}

const ck_meta *ck_source_meta(const ck_source *s)
{
    return &s->image.meta;
}

const ck_codec *ck_source_codec(const ck_source *s)
{
    return s->codec;
}

uint64_t ck_source_bytes(const ck_source *s)
{
    return ck_input_size(s->in);
}

const char *ck_source_name(const ck_source *s)
{
    return ck_input_name(s->in);
}

int ck_source_folder(const ck_source *s)
{
    const ck_decoder *d = s->codec->decoder;

    return d->folder ? d->folder(s->state) : -1;
}

const char *ck_source_stamp(const ck_source *s, char *to, size_t size)
{
    return ck_input_stamp(s->in, to, size);
}

ck_status ck_source_unchanged(const ck_source *s, ck_error *err)
{
    return ck_input_unchanged(s->in, err);
}

ck_ahead *ck_source_read_ahead(ck_source *s, bool on)
{
    return ck_input_read_ahead(s->in, on);
}

void ck_source_in_turns(ck_source *s, const ck_turns *turns)
{
    ck_input_in_turns(s->in, turns);
}

uint64_t ck_source_read_ns(const ck_source *s)
{
    return ck_input_read_ns(s->in);
}

const ck_palette *ck_source_index(ck_source *s)
{
    if (!s->image.palette || !s->codec->decoder->index)
        return NULL;
    s->codec->decoder->index(s->state, &s->image);
    s->image.picture = s->image.shape;
    return s->image.palette;
}

static bool whole_nbytes(const ck_source *s, size_t *out)
{
    return ck_mul(ck_row_nbytes(s->image.shape), (size_t)s->image.shape.h, out);
}

ck_status ck_source_memory(const ck_source *s, uint64_t *nbytes, ck_error *err)
{
    size_t whole = 0;

    if (needs_whole(s) && !whole_nbytes(s, &whole))
        return ck_fail(err, CHUNKIMG_LIMIT, "%s: more bytes than this machine can address", ck_source_name(s));
    *nbytes = s->image.memory + whole;
    return CK_OK;
}

static ck_status decode_whole(ck_source *s, ck_error *err)
{
    size_t nbytes;

    if (!whole_nbytes(s, &nbytes) || !(s->whole.px = malloc(nbytes)))
        return ck_fail_memory(err, nbytes, "turning or de-interlacing the whole image");
    s->whole.stride = (ptrdiff_t)ck_row_nbytes(s->image.shape);
    s->whole.shape = s->image.shape;
    return s->codec->decoder->rows(s->state, s->whole, err);
}

/* Copies n pixels that lie `step` bytes apart. */
static void gather(uint8_t *to, const uint8_t *from, ptrdiff_t step, size_t pixel_nbytes, int32_t n)
{
    switch (pixel_nbytes) {
    case 1:
        for (int32_t i = 0; i < n; i++)
            to[i] = from[i * step];
        break;
    case 3:
        for (int32_t i = 0; i < n; i++, to += 3) {
            to[0] = from[i * step];
            to[1] = from[i * step + 1];
            to[2] = from[i * step + 2];
        }
        break;
    case 4:
        for (int32_t i = 0; i < n; i++)
            memcpy(to + 4 * (size_t)i, from + i * step, 4);
        break;
    default:
        for (int32_t i = 0; i < n; i++)
            memcpy(to + pixel_nbytes * (size_t)i, from + i * step, pixel_nbytes);
    }
}

/*
 * One upright row out of the stored image (EXIF 2.3, tag 274). With W x H the
 * stored size, the upright pixel (x, y) is stored at:
 *   1 (x, y)  2 (W-1-x, y)  3 (W-1-x, H-1-y)  4 (x, H-1-y)
 *   5 (y, x)  6 (y, H-1-x)  7 (W-1-y, H-1-x)  8 (W-1-y, x)
 */
static void upright_row(const ck_source *s, int32_t y, uint8_t *to, int32_t n)
{
    unsigned o = s->image.meta.orientation;
    ptrdiff_t pixel = (ptrdiff_t)ck_pixel_nbytes(s->image.shape), stride = s->whole.stride;
    int32_t w = s->image.shape.w, h = s->image.shape.h;
    bool flip_x = o == 2 || o == 3 || o == 7 || o == 8; /* of the stored column */
    bool flip_y = o == 3 || o == 4 || o == 6 || o == 7; /* of the stored row */
    ptrdiff_t x0, y0, step;

    if (transposed(s)) {
        x0 = flip_x ? w - 1 - y : y;
        y0 = flip_y ? h - 1 : 0;
        step = flip_y ? -stride : stride;
    } else {
        x0 = flip_x ? w - 1 : 0;
        y0 = flip_y ? h - 1 - y : y;
        step = flip_x ? -pixel : pixel;
    }
    const uint8_t *from = s->whole.px + y0 * stride + x0 * pixel;
    if (step == pixel)
        memcpy(to, from, (size_t)n * (size_t)pixel);
    else
        gather(to, from, step, (size_t)pixel, n);
}

static void mirror_row(uint8_t *row, size_t pixel, int32_t n)
{
    uint8_t keep[8];

    for (int32_t i = 0, j = n - 1; i < j; i++, j--) {
        uint8_t *a = row + (size_t)i * pixel, *b = row + (size_t)j * pixel;

        memcpy(keep, a, pixel);
        memcpy(a, b, pixel);
        memcpy(b, keep, pixel);
    }
}

static void mirror_rows(const ck_source *s, ck_view rows)
{
    if (s->image.meta.orientation == 2)
        for (int32_t y = 0; y < rows.shape.h; y++)
            mirror_row(ck_row(rows, y), ck_pixel_nbytes(rows.shape), rows.shape.w);
}

bool ck_source_in_pieces(const ck_source *s, unsigned workers, int32_t *rows, uint64_t *memory)
{
    *rows = s->image.piece_rows;
    *memory = s->image.piece_memory;
    return s->image.segment_rows && workers > 1 && workers >= s->image.piece_workers && !needs_whole(s);
}

void *ck_source_piece_state(const ck_source *s)
{
    return calloc(1, s->codec->decoder->piece_state_size);
}

void ck_source_piece_release(const ck_source *s, void *mine)
{
    s->codec->decoder->piece_release(mine);
    free(mine);
}

ck_status ck_source_piece(const ck_source *s, void *mine, int32_t y, ck_view into, ck_error *err)
{
    ck_status status = s->codec->decoder->piece(s->state, mine, y, into, err);

    if (!status)
        mirror_rows(s, into);
    return status;
}

void ck_source_piece_check(const ck_source *s, const void *mine, uint32_t *check, uint64_t *nbytes)
{
    if (s->codec->decoder->piece_check)
        s->codec->decoder->piece_check(mine, check, nbytes);
}

uint32_t ck_source_piece_combine(const ck_source *s, uint32_t before, uint32_t check, uint64_t nbytes)
{
    return s->codec->decoder->piece_combine ? s->codec->decoder->piece_combine(before, check, nbytes) : before;
}

ck_status ck_source_pieces_end(const ck_source *s, uint32_t check, ck_error *err)
{
    return s->codec->decoder->pieces_end ? s->codec->decoder->pieces_end(s->state, check, err) : CK_OK;
}

bool ck_source_guessed(const ck_source *s)
{
    return s->image.piece_guess;
}

ck_status ck_source_rows(ck_source *s, ck_view into, ck_error *err)
{
    ck_status status;

    if (!needs_whole(s)) {
        status = s->codec->decoder->rows(s->state, into, err);
        if (!status) {
            mirror_rows(s, into);
            s->given += into.shape.h;
        }
        return status;
    }
    if (!s->whole.px) {
        status = decode_whole(s, err);
        if (status)
            return status;
    }
    for (int32_t y = 0; y < into.shape.h; y++)
        upright_row(s, s->given++, ck_row(into, y), into.shape.w);
    return CK_OK;
}

int32_t ck_source_row(const ck_source *s)
{
    return s->given;
}

bool ck_source_rereadable(const ck_source *s)
{
    return ck_input_seekable(s->in);
}
