#include "core/image.h"

#include <string.h>

#include "core/rows.h"

/* Four bytes are written where three are meant: the next pixel's first lies there. The last pixel has no next. */
void ck_palette_look_up(const ck_palette *p, const uint8_t *restrict from, uint8_t *restrict to, size_t n)
{
    size_t last = p->channels == 3 && n ? n - 1 : n;

    for (size_t i = 0; i < last; i++)
        memcpy(to + p->channels * i, p->colour[from[i]], 4);
    for (size_t i = last; i < n; i++)
        memcpy(to + p->channels * i, p->colour[from[i]], p->channels);
}

ck_rect ck_rect_grow(ck_rect r, int32_t n, int32_t w, int32_t h)
{
    int64_t x0 = (int64_t)r.x - n, y0 = (int64_t)r.y - n;
    int64_t x1 = (int64_t)r.x + r.w + n, y1 = (int64_t)r.y + r.h + n;

    if (x0 < 0)
        x0 = 0;
    if (y0 < 0)
        y0 = 0;
    if (x1 > w)
        x1 = w;
    if (y1 > h)
        y1 = h;
    return (ck_rect){(int32_t)x0, (int32_t)y0, (int32_t)(x1 - x0), (int32_t)(y1 - y0)};
}

ck_rect ck_rect_meet(ck_rect a, ck_rect b)
{
    int64_t x0 = a.x > b.x ? a.x : b.x, y0 = a.y > b.y ? a.y : b.y;
    int64_t ax = (int64_t)a.x + a.w, bx = (int64_t)b.x + b.w, ay = (int64_t)a.y + a.h, by = (int64_t)b.y + b.h;
    int64_t w = (ax < bx ? ax : bx) - x0, h = (ay < by ? ay : by) - y0;

    if (w <= 0 || h <= 0)
        w = h = 0;
    return (ck_rect){(int32_t)x0, (int32_t)y0, (int32_t)w, (int32_t)h};
}

static int32_t ceil_div(int32_t a, int32_t b)
{
    return a / b + (a % b != 0);
}

ck_rect ck_rect_in_units(ck_rect r, int32_t unit_w, int32_t unit_h)
{
    return (ck_rect){r.x / unit_w, r.y / unit_h, ceil_div(r.w, unit_w), ceil_div(r.h, unit_h)};
}

int32_t ck_reflect(int32_t i, int32_t n)
{
    if (n == 1)
        return 0;
    int64_t period = 2 * ((int64_t)n - 1);
    int64_t k = i % period;

    if (k < 0)
        k += period;
    return (int32_t)(k < n ? k : period - k);
}

int32_t ck_reflect_symmetric(int32_t i, int32_t n)
{
    int64_t period = 2 * (int64_t)n, k = i % period;

    if (k < 0)
        k += period;
    return (int32_t)(k < n ? k : period - 1 - k);
}

ck_view ck_rows_piece(const ck_rows *r, ck_rect rect, int32_t y, int32_t y_end)
{
    int32_t to_wrap = r->ring - y % r->ring;
    int32_t h = y_end - y < to_wrap ? y_end - y : to_wrap;
    ck_view v = {ck_rows_at(r, y) + (size_t)rect.x * ck_pixel_nbytes(r->whole), (ptrdiff_t)r->stride, r->whole};

    v.shape.w = rect.w;
    v.shape.h = h;
    return v;
}
