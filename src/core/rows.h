/* The decoded rows in flight: a ring of full-width rows that the decoder fills and tiles read. */
#ifndef CK_CORE_ROWS_H
#define CK_CORE_ROWS_H

#include "base/checked.h"
#include "core/image.h"

typedef struct ck_rows {
    uint8_t *px;
    size_t stride;  /* bytes, a multiple of 64 */
    int32_t ring;   /* rows in memory; row y of the image lies at y % ring */
    ck_shape whole; /* shape of the whole image */
} ck_rows;

/* Bytes from a row to the next. Rows a page or half of one apart would all fall into the same few sets of the caches. */
static inline size_t ck_rows_stride(size_t row_nbytes)
{
    size_t stride = ck_round_up(row_nbytes, 64);

    return stride % 2048 ? stride : stride + 64;
}

static inline uint8_t *ck_rows_at(const ck_rows *r, int32_t y)
{
    return r->px + (size_t)(y % r->ring) * r->stride;
}

/*
 * The longest view of the rectangle's rows from y on that lies in one piece:
 * shape.h rows, at least 1, at most y_end - y. Two pieces cover any window
 * that is no higher than the ring.
 */
ck_view ck_rows_piece(const ck_rows *r, ck_rect rect, int32_t y, int32_t y_end);

#endif
