#include "codec/png/png_piece.h"

#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "codec/png/png_chunk.h"
#include "codec/png/png_header.h"
#include "os/checksum.h"

/* As in png_direct.c; here the other workers' batches share the outer caches. */
enum { BATCH_NBYTES = 512 << 10, GROUP = 8, ZLIB_HEAD_NBYTES = 2 };

static ck_status damaged(const ck_png_pieces *p, const char *what, ck_error *err)
{
    return ck_fail(err, CHUNKIMG_BAD_INPUT, "%s: damaged PNG: %s", ck_input_name(p->in), what);
}

/* ---- memory ------------------------------------------------------------- */

static size_t row_nbytes(const ck_png_pieces *p)
{
    return (size_t)p->w * ck_png_stored_pixel_nbytes(p->expand);
}

static int32_t batch_rows(const ck_png_pieces *p)
{
    size_t rows = BATCH_NBYTES / (row_nbytes(p) + 1) / GROUP * GROUP;

    if (rows < GROUP)
        rows = GROUP;
    return rows < (size_t)p->rows ? (int32_t)rows : p->rows;
}

static uint64_t buffers_nbytes(const ck_png_pieces *p)
{
    return ((uint64_t)row_nbytes(p) + 1) * (uint64_t)(batch_rows(p) + 2) + CK_PNG_RANGE_BUFFER_NBYTES;
}

uint64_t ck_png_piece_memory(const ck_png_pieces *p)
{
    return buffers_nbytes(p) + ck_png_inflate_memory();
}

static ck_status prepare(const ck_png_pieces *p, ck_png_piece *mine, ck_error *err)
{
    size_t row = row_nbytes(p);

    if (mine->memory)
        return CK_OK;
    mine->memory = buffers_nbytes(p) <= SIZE_MAX ? malloc((size_t)buffers_nbytes(p)) : NULL;
    mine->range = (ck_png_range){.in = p->in, .longest = p->longest, .inflate = ck_png_inflate_new()};
    if (!mine->memory || !mine->range.inflate) {
        ck_png_piece_release(mine);
        return ck_fail_memory(err, (size_t)ck_png_piece_memory(p), "preparing the PNG decoder");
    }
    mine->prior = mine->memory;
    mine->spare = mine->prior + row;
    mine->batch = mine->spare + row;
    mine->batch_rows = batch_rows(p);
    mine->range.buffer = mine->batch + (size_t)mine->batch_rows * (row + 1);
    return CK_OK;
}

void ck_png_piece_release(ck_png_piece *mine)
{
    free(mine->memory);
    ck_png_inflate_free(&mine->range.inflate);
    *mine = (ck_png_piece){0};
}

/* ---- a piece ------------------------------------------------------------- */

static ck_status begin(const ck_png_pieces *p, ck_png_piece *mine, int32_t i, ck_error *err)
{
    uint64_t end = i + 1 < p->count ? p->at[i + 1] : CK_PNG_RANGE_OPEN;

    memset(mine->prior, 0, row_nbytes(p));
    mine->check = 1;
    mine->check_nbytes = 0;
    return ck_png_range_begin(&mine->range, p->at[i], end, i ? 0 : ZLIB_HEAD_NBYTES, err);
}

static ck_status unpack(const ck_png_pieces *p, ck_png_piece *mine, int32_t rows, ck_error *err)
{
    size_t nbytes = (size_t)rows * (row_nbytes(p) + 1);
    ck_status status = ck_png_range_read(&mine->range, mine->batch, nbytes, err);

    if (status)
        return status;
    mine->check = ck_adler32(mine->check, mine->batch, nbytes);
    mine->check_nbytes += nbytes;
    return CK_OK;
}

/* The batch to rows as they are wanted. */
static ck_status restore(const ck_png_pieces *p, ck_png_piece *mine, ck_view into, ck_error *err)
{
    if (!ck_png_restore_rows(p->expand, mine->batch, mine->prior, mine->spare, into))
        return damaged(p, "unknown filter of a row", err);
    return CK_OK;
}

/* NONE and SUB do not look at the row above; above the image's own first row are zeros. */
static bool begins_alone(const ck_png_piece *mine, int32_t i)
{
    return !i || mine->batch[0] <= 1;
}

ck_status ck_png_piece_rows(const ck_png_pieces *p, ck_png_piece *mine, int32_t y, ck_view into, ck_error *err)
{
    int32_t i = y / p->rows, most = p->h - y < p->rows ? p->h - y : p->rows;
    ck_status status;

    if (y % p->rows || into.shape.h != most)
        return ck_fail(err, CHUNKIMG_SYSTEM, "%s: rows %d to %d are no piece of the image", ck_input_name(p->in), y,
                       y + into.shape.h);
    if ((status = prepare(p, mine, err)) || (status = begin(p, mine, i, err)))
        return status;
    for (int32_t done = 0; done < most;) {
        int32_t rows = most - done < mine->batch_rows ? most - done : mine->batch_rows;

        if ((status = unpack(p, mine, rows, err)))
            return status;
        if (!done && !begins_alone(mine, i))
            return damaged(p, "a segment's first row needs the one above", err);
        if ((status = restore(p, mine, ck_window(into, 0, done, p->w, rows), err)))
            return status;
        done += rows;
    }
    return ck_png_range_finish(&mine->range, err);
}

/* ---- all of them --------------------------------------------------------- */

static ck_status read_at(const ck_png_pieces *p, uint64_t at, void *to, size_t n, ck_error *err)
{
    size_t got;
    ck_status status = ck_input_at(p->in, at, to, n, &got, err);

    return status || got == n ? status : damaged(p, "the file ends too early", err);
}

uint32_t ck_png_pieces_combine(uint32_t before, uint32_t check, uint64_t check_nbytes)
{
    return (uint32_t)adler32_combine64(before, check, (z_off64_t)check_nbytes);
}

/* A chunk's head; *at moves on to the next one. */
static ck_status pass_chunk(const ck_png_pieces *p, uint64_t *at, uint8_t head[8], ck_error *err)
{
    ck_status status = read_at(p, *at, head, 8, err);

    if (!status)
        *at += (uint64_t)ck_png_get32(head) + CK_PNG_CHUNK_EXTRA;
    return status;
}

/* Goes over the last piece's IDATs. The Adler-32 is the last 4 bytes of their data, in however many chunks. */
static ck_status find_adler(const ck_png_pieces *p, uint64_t *at, uint32_t *adler, ck_error *err)
{
    uint8_t head[8], last[8] = {0};

    *at = p->at[p->count - 1];
    for (;;) {
        uint64_t chunk = *at;
        size_t n;
        ck_status status = pass_chunk(p, at, head, err);

        if (status)
            return status;
        if (memcmp(head + 4, "IDAT", 4) != 0) {
            *at = chunk;
            *adler = ck_png_get32(last);
            return CK_OK;
        }
        n = ck_png_get32(head) < 4 ? ck_png_get32(head) : 4;
        if ((status = read_at(p, chunk + 8 + ck_png_get32(head) - n, last + 4, n, err)))
            return status;
        memmove(last, last + n, 4);
    }
}

static bool is_letter(uint8_t c)
{
    return (c | 32) >= 'a' && (c | 32) <= 'z';
}

/*
 * Chunks that libpng lets pass behind the pixels without a second look: it has
 * been told to ignore them or finds them out of place, and neither changes
 * pixels. What it would refuse, and what is not certain, is refused here, and
 * libpng gets to see it when the file is read once more.
 */
static bool is_harmless(const uint8_t head[8])
{
    for (int i = 4; i < 8; i++)
        if (!is_letter(head[i]))
            return false;
    return (head[4] & 32) && memcmp(head + 4, "tRNS", 4) != 0 && ck_png_get32(head) <= CK_PNG_ANCILLARY_MOST;
}

static ck_status check_end(const ck_png_pieces *p, uint64_t at, ck_error *err)
{
    static const uint8_t iend[12] = {0, 0, 0, 0, 'I', 'E', 'N', 'D', 0xae, 0x42, 0x60, 0x82};
    uint8_t chunk[12];
    ck_status status;

    for (;;) {
        uint64_t this = at;

        if ((status = pass_chunk(p, &at, chunk, err)))
            return status;
        if (!memcmp(chunk + 4, "IEND", 4)) {
            status = read_at(p, this, chunk, sizeof chunk, err);
            return status || !memcmp(chunk, iend, sizeof iend) ? status : damaged(p, "IEND: not as it must be", err);
        }
        if (!is_harmless(chunk))
            return damaged(p, "an odd chunk behind the image data", err);
    }
}

ck_status ck_png_pieces_end(const ck_png_pieces *p, uint32_t check, ck_error *err)
{
    uint64_t at;
    uint32_t adler;
    ck_status status = find_adler(p, &at, &adler, err);

    if (status)
        return status;
    if (adler != check)
        return damaged(p, "IDAT: incorrect data check", err);
    return check_end(p, at, err);
}
