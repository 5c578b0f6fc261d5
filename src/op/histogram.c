#include "op/histogram.h"

/*
 * A photograph's neighbours are often equal, and adding to the bin that was
 * just added to waits for it: even and odd pixels of 8 bit have bins of their
 * own, joined at the end of each view. 32 bits are enough for one view's rows
 * of one channel as long as it has fewer than 2^32 pixels, which a block has.
 */
static void count8(ck_view in, unsigned c, uint32_t *even, uint32_t *odd)
{
    size_t step = in.shape.channels, n = (size_t)in.shape.w;

    for (int32_t y = 0; y < in.shape.h; y++) {
        const uint8_t *p = ck_row(in, y) + c;
        size_t i = 0;

        for (; i + 2 <= n; i += 2, p += 2 * step) {
            even[p[0]]++;
            odd[p[step]]++;
        }
        if (i < n)
            even[*p]++;
    }
}

static void add8(ck_view in, unsigned shift, uint64_t *counts)
{
    size_t bins = ck_histogram_bins(in.shape) >> shift;

    for (unsigned c = 0; c < ck_colours(in.shape); c++) {
        uint32_t even[256] = {0}, odd[256] = {0};

        count8(in, c, even, odd);
        for (size_t v = 0; v < 256; v++)
            counts[c * bins + (v >> shift)] += (uint64_t)even[v] + odd[v];
    }
}

static void add16(ck_view in, unsigned shift, uint64_t *counts)
{
    size_t step = in.shape.channels, bins = ck_histogram_bins(in.shape) >> shift;
    unsigned colours = ck_colours(in.shape);

    for (int32_t y = 0; y < in.shape.h; y++) {
        const uint16_t *p = (const uint16_t *)(const void *)ck_row(in, y);

        for (int32_t x = 0; x < in.shape.w; x++, p += step)
            for (unsigned c = 0; c < colours; c++)
                counts[c * bins + (p[c] >> shift)]++;
    }
}

static void add_alpha(ck_view in, unsigned shift, uint64_t *counts)
{
    unsigned colours = ck_colours(in.shape);
    size_t bins = ck_histogram_bins(in.shape) >> shift;

    for (int32_t y = 0; y < in.shape.h; y++)
        for (int32_t x = 0; x < in.shape.w; x++) {
            const uint8_t *p8 = ck_row(in, y) + (size_t)x * ck_pixel_nbytes(in.shape);
            const uint16_t *p16 = (const uint16_t *)(const void *)p8;
            bool wide = in.shape.depth == 16;

            if (wide ? !p16[colours] : !p8[colours])
                continue;
            for (unsigned c = 0; c < colours; c++)
                counts[c * bins + ((wide ? p16[c] : p8[c]) >> shift)]++;
        }
}

void ck_histogram_add(ck_view in, unsigned shift, uint64_t *counts)
{
    if (ck_has_alpha(in.shape))
        add_alpha(in, shift, counts);
    else if (in.shape.depth == 8)
        add8(in, shift, counts);
    else
        add16(in, shift, counts);
}

void ck_histogram_join(uint64_t *into, const uint64_t *from, size_t n)
{
    for (size_t i = 0; i < n; i++)
        into[i] += from[i];
}
