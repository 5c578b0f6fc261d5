#include "codec/png/png_expand.h"

#include <string.h>

#include "codec/png/png_unfilter.h"

/* Rows that grow are done from their end, so that no pixel is overwritten unread. */

static void look_up_rgb(const ck_png_expand *e, uint8_t *row, size_t w)
{
    for (size_t i = w; i-- > 0;)
        memcpy(row + 3 * i, e->palette.colour[row[i]], 3);
}

static void look_up_rgba(const ck_png_expand *e, uint8_t *row, size_t w)
{
    for (size_t i = w; i-- > 0;)
        memcpy(row + 4 * i, e->palette.colour[row[i]], 4);
}

/* Only a damaged file has such indices. */
static void blacken(const ck_png_expand *e, uint8_t *row, size_t w)
{
    unsigned n = e->colours;
    uint8_t black = e->black;

    for (size_t i = 0; n < 256 && i < w; i++)
        row[i] = row[i] < n ? row[i] : black;
}

void ck_png_expand_keep(ck_png_expand *e)
{
    static const uint8_t opaque_black[4] = {0, 0, 0, 255};
    unsigned black = 0;

    while (black < e->colours && memcmp(e->palette.colour[black], opaque_black, 4) != 0)
        black++;
    e->keep = true;
    e->channels = 1;
    if (e->colours == 256)
        return;
    e->black = (uint8_t)black;
    if (black == e->colours)
        e->palette.count++;
}

static void add_alpha_8(const ck_png_expand *e, uint8_t *row, size_t w)
{
    size_t n = e->stored_channels;

    for (size_t i = w; i-- > 0;) {
        bool opaque = false;

        for (size_t k = n; k-- > 0;) {
            uint8_t v = row[i * n + k];

            opaque |= v != (e->key[k] & 255);
            row[i * (n + 1) + k] = v;
        }
        /* Behind the samples just moved; what lay there has been read, being at or beyond this pixel. */
        row[i * (n + 1) + n] = opaque ? 255 : 0;
    }
}

static void add_alpha_16(const ck_png_expand *e, uint16_t *row, size_t w)
{
    size_t n = e->stored_channels;

    for (size_t i = w; i-- > 0;) {
        bool opaque = false;

        for (size_t k = n; k-- > 0;) {
            uint16_t v = row[i * n + k];

            opaque |= v != e->key[k];
            row[i * (n + 1) + k] = v;
        }
        row[i * (n + 1) + n] = opaque ? 65535 : 0;
    }
}

static void to_native(uint8_t *row, size_t samples)
{
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
    for (size_t i = 0; i < samples; i++) {
        uint16_t v;

        memcpy(&v, row + 2 * i, 2);
        v = (uint16_t)(v << 8 | v >> 8);
        memcpy(row + 2 * i, &v, 2);
    }
#else
    (void)row;
    (void)samples;
#endif
}

void ck_png_expand_row(const ck_png_expand *e, uint8_t *row, int32_t w)
{
    size_t n = (size_t)w;

    if (e->depth == 16)
        to_native(row, n * e->stored_channels);
    if (e->keep)
        blacken(e, row, n);
    else if (e->palette.count && e->channels == 4)
        look_up_rgba(e, row, n);
    else if (e->palette.count)
        look_up_rgb(e, row, n);
    else if (e->channels > e->stored_channels && e->depth == 16)
        add_alpha_16(e, (uint16_t *)(void *)row, n);
    else if (e->channels > e->stored_channels)
        add_alpha_8(e, row, n);
}

bool ck_png_restore_rows(const ck_png_expand *e, const uint8_t *from, uint8_t *above, uint8_t *spare, ck_view into)
{
    size_t row = (size_t)into.shape.w * ck_png_stored_pixel_nbytes(e);
    ck_png_group group = {
        .from = from,
        .to = into.px,
        .stride = into.stride,
        .above = above,
        .spare = spare,
        .row_nbytes = row,
        .pixel_nbytes = ck_png_stored_pixel_nbytes(e),
        .rows = into.shape.h,
    };

    if (!ck_png_unfilter(&group))
        return false;
    memcpy(above, ck_row(into, into.shape.h - 1), row);
    for (int32_t y = 0; y < into.shape.h; y++)
        ck_png_expand_row(e, ck_row(into, y), into.shape.w);
    return true;
}
