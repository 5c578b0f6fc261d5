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

static void fill_columns(chunkimg_border border, uint8_t *row, size_t pixel, ck_rect pad, int32_t x, int32_t x_end,
                         int32_t image_w)
{
    for (; x < x_end; x++) {
        int32_t from = inside(border, x, image_w);

        if (from < 0)
            memset(row + (size_t)(x - pad.x) * pixel, 0, pixel);
        else
            memcpy(row + (size_t)(x - pad.x) * pixel, row + (size_t)(from - pad.x) * pixel, pixel);
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
    size_t pixel = ck_pixel_nbytes(v.shape);
    int32_t left = pad.x < 0 ? 0 : pad.x, right = pad.x + pad.w < image.w ? pad.x + pad.w : image.w;
    int32_t top = y < 0 ? 0 : y, bottom = y_end < image.h ? y_end : image.h;

    for (int32_t i = top; i < bottom; i++) {
        fill_columns(border, ck_row(v, i - pad.y), pixel, pad, pad.x, left, image.w);
        fill_columns(border, ck_row(v, i - pad.y), pixel, pad, right, pad.x + pad.w, image.w);
    }
    for (int32_t i = y; i < y_end; i++)
        if (i < 0 || i >= image.h)
            fill_row(border, v, pad, i, image.h);
}
