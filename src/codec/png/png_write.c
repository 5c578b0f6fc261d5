/*
 * Encoding. A file is: signature, IHDR, iCCP, PLTE, tRNS, pHYs, IDAT (zlib header, raw
 * deflate, Adler-32), IEND. A strip is one IDAT: the first has everything up
 * to and including the zlib header before it, and `tail` writes an IDAT that
 * holds nothing but the Adler-32 of all strips together, and IEND.
 *
 * The first row of a strip is filtered by NONE or SUB, and no strip looks back
 * into the one before, so that each can be decoded alone (the restart-marker
 * form of the PNG working group's draft).
 */
#include "codec/png/png_write.h"

#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "base/checked.h"
#include "codec/png/png_chunk.h"
#include "codec/png/png_deflate.h"

#ifndef CK_PNG_CHUNK_MOST
#define CK_PNG_CHUNK_MOST CK_PNG_CHUNK_LONGEST /* a test build makes it small */
#endif

enum {
    IHDR_NBYTES = 13,
    PHYS_NBYTES = 9,
    PLTE_MOST_NBYTES = 768,
    TRNS_MOST_NBYTES = 256,
    ZLIB_HEAD_NBYTES = 2,
    ADLER_NBYTES = 4,
    ICC_NAME_NBYTES = 13, /* "ICC profile", its end, the compression method */
};

typedef struct writer {
    const ck_encode_params *params;
    ck_png_deflate *deflate;
    uint8_t *icc; /* the data of the iCCP chunk; NULL: none */
    uint32_t icc_nbytes;

    /* 8 bit: prior keeps the last row of the call before. 16 bit: cur and prior are rows in big-endian order. */
    uint8_t *rows, *cur, *prior;

    /* of the file that was begun */
    ck_shape shape;
    const ck_part *part;
    uint8_t *out;
    size_t idat; /* where the IDAT chunk begins in out */
    size_t lead; /* bytes of its data before the deflate stream */
    int32_t y;
} writer;

/* ---- sizes ------------------------------------------------------------- */

static ck_png_load load_of(ck_shape s, const ck_encode_params *params)
{
    return (ck_png_load){ck_row_nbytes(s), ck_pixel_nbytes(s), (size_t)s.h, params->palette != NULL};
}

static size_t icc_bound(const ck_meta *meta)
{
    return meta->icc ? ICC_NAME_NBYTES + compressBound(meta->icc_nbytes) : 0;
}

static size_t head_bound(const ck_meta *meta)
{
    return CK_PNG_SIGNATURE_NBYTES + CK_PNG_CHUNK_EXTRA + IHDR_NBYTES + CK_PNG_CHUNK_EXTRA + icc_bound(meta)
           + CK_PNG_CHUNK_EXTRA + PLTE_MOST_NBYTES + CK_PNG_CHUNK_EXTRA + TRNS_MOST_NBYTES
           + CK_PNG_CHUNK_EXTRA + PHYS_NBYTES;
}

static size_t write_bound(ck_shape stored, const ck_encode_params *params)
{
    size_t data = ZLIB_HEAD_NBYTES + ck_png_deflate_bound(params->compression, load_of(stored, params)) + ADLER_NBYTES;
    size_t chunks = data / CK_PNG_CHUNK_MOST + 2; /* IDATs and IEND */

    return head_bound(&params->meta) + data + chunks * CK_PNG_CHUNK_EXTRA;
}

static size_t rows_kept(ck_shape s)
{
    return s.depth == 16 ? 2 : 1;
}

static size_t write_memory(ck_shape stored, const ck_encode_params *params)
{
    return ck_png_deflate_memory(params->compression, load_of(stored, params)) + rows_kept(stored) * ck_row_nbytes(stored)
           + icc_bound(&params->meta);
}

/* ---- once per worker --------------------------------------------------- */

static ck_status write_accepts(ck_shape in, ck_shape *stored, ck_error *err)
{
    size_t row, all, bound;

    *stored = in;
    if (!ck_mul((size_t)in.w, ck_pixel_nbytes(in), &row) || !ck_mul(row + 1, (size_t)in.h, &all)
        || !ck_mul(all, 2, &bound))
        return ck_fail(err, CHUNKIMG_LIMIT, "PNG: %d x %d pixels do not fit the address space", in.w, in.h);
    return CK_OK;
}

/* The same for every file, so packed once. A profile that cannot be packed is out of memory, nothing else. */
static ck_status pack_icc(writer *w, ck_error *err)
{
    static const char name[ICC_NAME_NBYTES] = "ICC profile"; /* and two zeros: end of the name, deflate */
    const ck_meta *meta = &w->params->meta;
    uLongf packed;

    if (!meta->icc)
        return CK_OK;
    packed = compressBound(meta->icc_nbytes);
    w->icc = malloc(icc_bound(meta));
    if (!w->icc || compress2(w->icc + sizeof name, &packed, meta->icc, meta->icc_nbytes, 9) != Z_OK)
        return ck_fail_memory(err, icc_bound(meta), "packing the ICC profile");
    memcpy(w->icc, name, sizeof name);
    w->icc_nbytes = (uint32_t)(sizeof name + packed);
    return CK_OK;
}

static void write_release(void *st)
{
    writer *w = st;

    ck_png_deflate_free(&w->deflate);
    free(w->rows);
    free(w->icc);
    *w = (writer){0};
}

static ck_status write_init(void *st, const ck_encode_params *params, ck_shape largest, ck_error *err)
{
    writer *w = st;
    ck_status status;

    *w = (writer){.params = params};
    if ((status = pack_icc(w, err))
        || (status = ck_png_deflate_new(params->compression, load_of(largest, params), &w->deflate, err)))
        goto failed;
    w->rows = malloc(rows_kept(largest) * ck_row_nbytes(largest));
    if (!w->rows) {
        status = ck_fail_memory(err, rows_kept(largest) * ck_row_nbytes(largest), "preparing the PNG encoder");
        goto failed;
    }
    return CK_OK;
failed:
    write_release(w);
    return status;
}

/* ---- begin ------------------------------------------------------------- */

static uint8_t *put_header(uint8_t *to, ck_shape s, bool indexed)
{
    static const uint8_t colour_type[] = {0, 0, 4, 2, 6}; /* by the number of channels */
    uint8_t data[IHDR_NBYTES] = {[8] = s.depth, [9] = indexed ? 3 : colour_type[s.channels]};

    ck_png_put32(data, (uint32_t)s.w);
    ck_png_put32(data + 4, (uint32_t)s.h);
    memcpy(to, ck_png_signature, CK_PNG_SIGNATURE_NBYTES);
    return ck_png_put_chunk(to + CK_PNG_SIGNATURE_NBYTES, "IHDR", data, sizeof data);
}

static uint8_t *put_density(uint8_t *to, const ck_meta *meta)
{
    uint8_t data[PHYS_NBYTES] = {[8] = 1}; /* the unit is the metre */

    if (!meta->x_density || !meta->y_density)
        return to;
    ck_png_put32(data, meta->x_density);
    ck_png_put32(data + 4, meta->y_density);
    return ck_png_put_chunk(to, "pHYs", data, sizeof data);
}

/* tRNS says as much as readers need to see that pixels have alpha: up to the last colour that is not opaque, or one. */
static uint8_t *put_palette(uint8_t *to, const ck_palette *p)
{
    uint8_t colours[PLTE_MOST_NBYTES], alphas[TRNS_MOST_NBYTES];
    uint32_t clear = 1;

    for (uint32_t i = 0; i < p->count; i++) {
        memcpy(colours + 3 * i, p->colour[i], 3);
        alphas[i] = p->colour[i][3];
        if (alphas[i] < 255)
            clear = i + 1;
    }
    to = ck_png_put_chunk(to, "PLTE", colours, 3u * p->count);
    return p->channels == 4 ? ck_png_put_chunk(to, "tRNS", alphas, clear) : to;
}

/* An operation may have made gray of RGB; a profile for the other kind of pixels would be refused by readers. */
static bool profile_fits(const ck_encode_params *params, ck_shape s)
{
    bool gray = !params->palette && ck_colours(s) == 1;

    return params->meta.icc_nbytes >= 20 && !memcmp(params->meta.icc + 16, gray ? "GRAY" : "RGB ", 4);
}

static uint8_t *put_head(const writer *w, uint8_t *to)
{
    const ck_encode_params *params = w->params;

    to = put_header(to, w->part ? w->part->whole : w->shape, params->palette != NULL);
    if (w->icc && profile_fits(params, w->shape))
        to = ck_png_put_chunk(to, "iCCP", w->icc, w->icc_nbytes);
    if (params->palette)
        to = put_palette(to, params->palette);
    return put_density(to, &params->meta);
}

static ck_status write_begin(void *st, ck_shape shape, const ck_part *part, uint8_t *out, size_t capacity,
                             ck_error *err)
{
    static const uint8_t zlib_head[ZLIB_HEAD_NBYTES] = {0x78, 0x9c}; /* deflate, window of 32 KiB */
    writer *w = st;
    size_t at, used;

    if (capacity < write_bound(shape, w->params))
        return ck_fail(err, CHUNKIMG_SYSTEM, "encoding a PNG: %zu bytes of room are too few", capacity);
    w->shape = shape;
    w->part = part;
    w->out = out;
    w->y = 0;
    w->cur = w->rows;
    w->prior = shape.depth == 16 ? w->rows + ck_row_nbytes(shape) : w->rows;
    w->idat = 0;
    w->lead = 0;
    if (!part || part->first) {
        w->idat = (size_t)(put_head(w, out) - out);
        w->lead = sizeof zlib_head;
        memcpy(out + w->idat + 8, zlib_head, sizeof zlib_head);
    }
    at = w->idat + 8 + w->lead;
    used = at + ADLER_NBYTES + 4; /* and the CRC; further chunks' extra was in the bound */
    ck_png_deflate_begin(w->deflate, load_of(shape, w->params), out + at, capacity - used);
    return CK_OK;
}

/* ---- rows -------------------------------------------------------------- */

static ck_status put_row(writer *w, const uint8_t *row, const uint8_t *prior, ck_error *err)
{
    return ck_png_deflate_row(w->deflate, row, w->y++ ? prior : NULL, err);
}

/* Rows are taken where they lie; only the last one is kept, because it may be gone by the next call. */
static ck_status rows_of_8(writer *w, ck_view v, ck_error *err)
{
    for (int32_t y = 0; y < v.shape.h; y++) {
        ck_status status = put_row(w, ck_row(v, y), y ? ck_row(v, y - 1) : w->prior, err);
        if (status)
            return status;
    }
    memcpy(w->prior, ck_row(v, v.shape.h - 1), ck_row_nbytes(v.shape));
    return CK_OK;
}

static void to_big_endian(uint8_t *restrict to, const uint8_t *restrict from, size_t samples)
{
    for (size_t i = 0; i < samples; i++) {
        uint16_t v;
        memcpy(&v, from + 2 * i, 2);
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
        v = (uint16_t)(v << 8 | v >> 8);
#endif
        memcpy(to + 2 * i, &v, 2);
    }
}

static ck_status rows_of_16(writer *w, ck_view v, ck_error *err)
{
    for (int32_t y = 0; y < v.shape.h; y++) {
        uint8_t *last = w->cur;
        ck_status status;

        to_big_endian(w->cur, ck_row(v, y), (size_t)v.shape.w * v.shape.channels);
        if ((status = put_row(w, w->cur, w->prior, err)))
            return status;
        w->cur = w->prior;
        w->prior = last;
    }
    return CK_OK;
}

static ck_status write_rows(void *st, ck_view rows, ck_error *err)
{
    writer *w = st;

    return rows.shape.depth == 16 ? rows_of_16(w, rows, err) : rows_of_8(w, rows, err);
}

/* ---- end --------------------------------------------------------------- */

/*
 * Closes the IDAT whose nbytes of data lie at out + idat + 8. Data beyond what
 * one chunk can hold moves up to make place for the next chunk's head.
 */
static uint8_t *seal_idat(uint8_t *chunk, size_t nbytes)
{
    while (nbytes > CK_PNG_CHUNK_MOST) {
        uint8_t *next = chunk + CK_PNG_CHUNK_EXTRA + CK_PNG_CHUNK_MOST;

        nbytes -= CK_PNG_CHUNK_MOST;
        memmove(next + 8, chunk + 8 + CK_PNG_CHUNK_MOST, nbytes);
        chunk = ck_png_seal_chunk(chunk, "IDAT", CK_PNG_CHUNK_MOST);
    }
    return ck_png_seal_chunk(chunk, "IDAT", (uint32_t)nbytes);
}

static ck_status write_end(void *st, size_t *out_nbytes, uint32_t *check, uint64_t *check_nbytes, ck_error *err)
{
    writer *w = st;
    uint8_t *chunk = w->out + w->idat, *to;
    size_t nbytes;
    ck_status status = ck_png_deflate_end(w->deflate, w->part && !w->part->last, &nbytes, check, err);

    if (status)
        return status;
    *check_nbytes = ck_png_load_nbytes(load_of(w->shape, w->params));
    nbytes += w->lead;
    if (!w->part) {
        ck_png_put32(chunk + 8 + nbytes, *check);
        nbytes += ADLER_NBYTES;
    }
    to = seal_idat(chunk, nbytes);
    if (!w->part)
        to = ck_png_put_chunk(to, "IEND", NULL, 0);
    *out_nbytes = (size_t)(to - w->out);
    return CK_OK;
}

static uint32_t write_combine(uint32_t before, uint32_t check, uint64_t check_nbytes)
{
    return (uint32_t)adler32_combine64(before, check, (z_off64_t)check_nbytes);
}

static size_t write_tail(uint32_t check, uint8_t out[64])
{
    uint8_t adler[ADLER_NBYTES];

    ck_png_put32(adler, check);
    return (size_t)(ck_png_put_chunk(ck_png_put_chunk(out, "IDAT", adler, sizeof adler), "IEND", NULL, 0) - out);
}

static const char *const options[] = {"compression", NULL};

static double cost(const ck_encode_params *params)
{
    static const double by_compression[10] = {0.3, 2.2, 2.2, 4.6, 6, 7, 8, 20, 50, 300};

    return by_compression[params->compression];
}

const ck_encoder ck_png_encoder = {
    .cost = cost,
    .state_size = sizeof(writer),
    .options = options,
    .indexed = true,
    .strip_align = 1,
    .accepts = write_accepts,
    .bound = write_bound,
    .memory = write_memory,
    .init = write_init,
    .begin = write_begin,
    .rows = write_rows,
    .end = write_end,
    .release = write_release,
    .combine = write_combine,
    .check_seed = 1,
    .tail = write_tail,
};
