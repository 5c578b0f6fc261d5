/*
 * A piece is put before libjpeg as a JPEG file of its own: the header with
 * another height, then the file's bytes from one restart to another. The rows
 * that come out before and behind those that are wanted are dropped.
 *
 * Chroma that is smoothed downward takes from the row above or below. So there
 * the segment above the piece and the row of MCUs below it are decoded too,
 * unless the piece's own border lies inside of theirs; libjpeg is to see a
 * border of the image only where there is one.
 *
 * libjpeg looks at a restart marker, and at whatever wrongly stands before it,
 * when it begins what follows. With context some piece always does. Without,
 * every piece but the last claims a row of MCUs more than it has, which is
 * begun: libjpeg asks for more bytes than up to the marker and is told to wait
 * (its "suspension"), and there the piece is over.
 */
#include "codec/jpeg/jpeg_piece.h"

#include <stdlib.h>
#include <string.h>

/* ---- the source ------------------------------------------------------- */

static ck_jpeg_piece *piece_of(j_decompress_ptr d)
{
    return (ck_jpeg_piece *)(void *)((char *)d->src - offsetof(ck_jpeg_piece, feed));
}

static void give(ck_jpeg_piece *p, const uint8_t *at, size_t nbytes)
{
    p->feed.pub.next_input_byte = at;
    p->feed.pub.bytes_in_buffer = nbytes;
}

static boolean give_block(ck_jpeg_piece *p)
{
    size_t n = p->end - p->at < sizeof p->block ? (size_t)(p->end - p->at) : sizeof p->block, got;
    ck_status status;

    if (!n)
        return FALSE;
    status = ck_input_at(p->in, p->at, p->block, n, &got, p->fault.err);
    if (status)
        ck_jpeg_raise(&p->fault, status);
    if (got < n) /* it was longer when the index was made */
        ck_jpeg_source_ended(&p->d);
    p->at += n;
    give(p, p->block, n);
    return TRUE;
}

static boolean on_fill(j_decompress_ptr d)
{
    ck_jpeg_piece *p = piece_of(d);
    const ck_jpeg_index *x = p->index;
    size_t behind = x->height_at + sizeof p->height;

    if (ck_jpeg_feed_rest(&p->feed))
        return TRUE;
    switch (p->stretch++) {
    case 0: give(p, x->header, x->height_at); return TRUE;
    case 1: give(p, p->height, sizeof p->height); return TRUE;
    case 2: give(p, x->header + behind, x->header_nbytes - behind); return TRUE;
    default: return give_block(p);
    }
}

/* libjpeg counts restarts from 0; the markers have the numbers of the whole image. */
static boolean on_other_restart(j_decompress_ptr d, int desired)
{
    if (d->unread_marker != JPEG_RST0 + (piece_of(d)->restart + desired) % 8)
        return jpeg_resync_to_restart(d, desired); /* warns first, and a warning ends it */
    d->unread_marker = 0;
    return TRUE;
}

/* ---- a piece ---------------------------------------------------------- */

static void create(ck_jpeg_piece *p)
{
    jpeg_create_decompress(&p->d);
    p->created = true;
}

/* Points the source at an image of `height` rows, which begins with segment `first` and ends before `end`. */
static void aim(ck_jpeg_piece *p, int32_t height, int32_t first, int32_t end)
{
    ck_jpeg_feed_init(&p->feed, on_fill);
    p->feed.pub.resync_to_restart = on_other_restart;
    p->d.src = &p->feed.pub;
    p->stretch = 0;
    p->height[0] = (uint8_t)(height >> 8);
    p->height[1] = (uint8_t)height;
    p->restart = (int)((uint64_t)first * p->index->intervals % 8);
    p->at = p->index->start[first];
    p->end = p->index->start[end];
}

static int32_t at_most(int32_t value, int32_t most)
{
    return value < most ? value : most;
}

/* For the rows [y, bottom); how many rows come before them. */
static int32_t aim_at_rows(ck_jpeg_piece *p, int32_t y, int32_t bottom)
{
    const ck_jpeg_index *x = p->index;
    int32_t first = (x->context && y ? y - 1 : y) / x->segment_rows, top = first * x->segment_rows;
    int32_t claimed = at_most((bottom / x->mcu_rows + 1) * x->mcu_rows, x->height);
    int32_t end = x->context ? claimed : bottom;

    aim(p, claimed - top, first, (end + x->segment_rows - 1) / x->segment_rows);
    return y - top;
}

static void read_rows(ck_jpeg_piece *p, ck_view into)
{
    for (int32_t y = 0, got; y < into.shape.h; y += got) {
        uint8_t *row[CK_JPEG_ROWS_AT_ONCE];

        for (int32_t i = 0; i < CK_JPEG_ROWS_AT_ONCE && y + i < into.shape.h; i++)
            row[i] = ck_row(into, y + i);
        got = ck_jpeg_pixels_read(&p->pixels, &p->d, row, into.shape.h - y);
        if (!got)
            ck_jpeg_source_ended(&p->d);
    }
}

/* Rows of context all go into one line. */
static void drop_rows(ck_jpeg_piece *p, uint8_t *line, int32_t n)
{
    uint8_t *const row[CK_JPEG_ROWS_AT_ONCE] = {line, line, line, line};

    while (n > 0) {
        int32_t got = ck_jpeg_pixels_read(&p->pixels, &p->d, row, n);

        if (!got)
            ck_jpeg_source_ended(&p->d);
        n -= got;
    }
}

static void check_end(ck_jpeg_piece *p, uint8_t *line, bool last)
{
    if (last) {
        ck_jpeg_source_give_back(&p->d);
        if (!jpeg_finish_decompress(&p->d)) /* reads the end marker */
            ck_jpeg_source_ended(&p->d);
    } else if (!p->index->context) {
        ck_jpeg_pixels_read(&p->pixels, &p->d, &line, 1);
    }
}

static void decode(ck_jpeg_piece *p, int32_t y, ck_view into)
{
    int32_t bottom = y + into.shape.h, before;
    JSAMPARRAY line;

    if (!p->created)
        create(p);
    jpeg_abort_decompress(&p->d); /* what the piece before has left open */
    before = aim_at_rows(p, y, bottom);
    jpeg_read_header(&p->d, TRUE);
    ck_jpeg_pixels_choose(&p->pixels, &p->d);
    ck_jpeg_pixels_start(&p->pixels, &p->d);
    line = p->d.mem->alloc_sarray((j_common_ptr)&p->d, JPOOL_IMAGE, (JDIMENSION)ck_row_nbytes(into.shape), 1);
    drop_rows(p, line[0], before);
    read_rows(p, into);
    check_end(p, line[0], bottom == p->index->height);
}

ck_status ck_jpeg_piece_decode(ck_jpeg_piece *p, const ck_jpeg_index *index, const ck_input *in, int32_t y,
                               ck_view into, ck_error *err)
{
    p->index = index;
    p->in = in;
    ck_jpeg_fault_init(&p->fault, ck_input_name(in));
    p->d.err = &p->fault.pub;
    p->fault.err = err;
    if (setjmp(p->fault.jump))
        return p->fault.status;
    decode(p, y, into);
    return CK_OK;
}

void ck_jpeg_piece_release(ck_jpeg_piece *p)
{
    if (p->created)
        jpeg_destroy_decompress(&p->d);
    p->created = false;
}

uint64_t ck_jpeg_piece_memory(j_decompress_ptr d)
{
    return sizeof(ck_jpeg_piece) + ck_jpeg_pixels_memory(d) + (uint64_t)d->image_width * 3 + 64;
}
