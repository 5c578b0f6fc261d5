#include "op/border.h"

#include <string.h>

/* The row or column inside [0, n) that stands for i; -1: none, zeros do. */
static int32_t inside(chunkimg_border border, int32_t i, int32_t n)
{
    switch (border) {
    case CHUNKIMG_BORDER_REFLECT: return ck_reflect(i, n);
    case CHUNKIMG_BORDER_SYMMETRIC: return ck_reflect_symmetric(i, n);
    case CHUNKIMG_BORDER_REPLICATE: return i < 0 ? 0 : i < n ? i : n - 1;
    case CHUNKIMG_BORDER_ZERO: break;
    }
    return i >= 0 && i < n ? i : -1;
}

/* Pixels of a row, as many as GROUP: where each is, and what stands for it; both in pixels from the row's beginning. */
enum { GROUP = 64 };

typedef struct columns {
    int32_t to, n;
    int32_t from[GROUP]; /* -1: zeros */
} columns;

static inline void copy_columns(uint8_t *row, const columns *cols, const size_t pixel)
{
    uint8_t *to = row + (size_t)cols->to * pixel;

    for (int32_t k = 0; k < cols->n; k++, to += pixel)
        if (cols->from[k] < 0)
            memset(to, 0, pixel);
        else
            memcpy(to, row + (size_t)cols->from[k] * pixel, pixel);
}

/* Pixels of the usual sizes are copied by a few instructions that the compiler knows. */
static void fill_group(ck_view v, const columns *cols, int32_t y, int32_t y_end)
{
    size_t pixel = ck_pixel_nbytes(v.shape);

    for (; y < y_end; y++)
        switch (pixel) {
        case 1: copy_columns(ck_row(v, y), cols, 1); break;
        case 3: copy_columns(ck_row(v, y), cols, 3); break;
        case 4: copy_columns(ck_row(v, y), cols, 4); break;
        default: copy_columns(ck_row(v, y), cols, pixel); break;
        }
}

/* Columns [x, x_end) of the image's rows [y, y_end), which lie in v. */
static void fill_columns(chunkimg_border border, ck_view v, ck_rect pad, int32_t x, int32_t x_end, int32_t y, int32_t y_end,
                         int32_t image_w)
{
    while (x < x_end) {
        columns cols = {.to = x - pad.x};

        for (; cols.n < GROUP && x < x_end; cols.n++, x++) {
            int32_t from = inside(border, x, image_w);
            cols.from[cols.n] = from < 0 ? -1 : from - pad.x;
        }
        fill_group(v, &cols, y - pad.y, y_end - pad.y);
    }
}

static void fill_row(chunkimg_border border, ck_view v, ck_rect pad, int32_t y, int32_t image_h)
{
    int32_t from = inside(border, y, image_h);

    if (from < 0)
        memset(ck_row(v, y - pad.y), 0, ck_row_nbytes(v.shape));
    else
        memcpy(ck_row(v, y - pad.y), ck_row(v, from - pad.y), ck_row_nbytes(v.shape));
}

void ck_border_fill(chunkimg_border border, ck_view v, ck_rect pad, ck_shape image, int32_t y, int32_t y_end)
{
    int32_t left = pad.x < 0 ? 0 : pad.x, right = pad.x + pad.w < image.w ? pad.x + pad.w : image.w;
    int32_t top = y < 0 ? 0 : y, bottom = y_end < image.h ? y_end : image.h;

    fill_columns(border, v, pad, pad.x, left, top, bottom, image.w);
    fill_columns(border, v, pad, right, pad.x + pad.w, top, bottom, image.w);
    for (int32_t i = y; i < y_end; i++)
        if (i < 0 || i >= image.h)
            fill_row(border, v, pad, i, image.h);
}
