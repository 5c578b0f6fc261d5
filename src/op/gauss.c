#include "op/gauss.h"

#include <math.h>
#include <string.h>

#include "base/checked.h"
#include "op/clones.h"

/*
 * Ranges. Every weight but the middle one is below 32768, and the middle one
 * is even, so half of it counts for each of two equal samples: all weights
 * fit int16 and the sum over both mirrored samples has one form.
 *
 * 8 bit: two samples sum to 510; the columns, with 6 more bits, to 2 * 16320;
 * both fit int16. The row sums are at most 16320 * 65536 < 2^31.
 * 16 bit: samples minus 32768 fit int16; sums are at most 2^15 * 65536 in
 * magnitude, and only the negative one is that large.
 */
typedef struct passes {
    /* `mid`: where sample 0 of the output lies in the input; `step`: samples from a tap to the next; n samples. */
    void (*down8)(const ck_gauss *g, const uint8_t *mid, ptrdiff_t step, int16_t *out, size_t n);
    void (*across8)(const ck_gauss *g, const int16_t *mid, ptrdiff_t step, uint8_t *out, size_t n);
    void (*fine8)(const ck_gauss *g, const int16_t *mid, ptrdiff_t step, int16_t *out, size_t n);
    void (*down16)(const ck_gauss *g, const uint16_t *mid, ptrdiff_t step, int16_t *out, size_t n);
    void (*across16)(const ck_gauss *g, const int16_t *mid, ptrdiff_t step, uint16_t *out, size_t n);
} passes;

/* ---- plain C -------------------------------------------------------------- */

#define SUM(offset)                                                                                                   \
    for (int32_t k = 0; k <= g->last; k++)                                                                            \
        sum += g->half[k] * ((mid[(ptrdiff_t)i - k * step] - (offset)) + (mid[(ptrdiff_t)i + k * step] - (offset)));

#define PLAIN(name, from, to, half_unit, shift, in_offset, out_offset)                                                \
    static void name(const ck_gauss *g, const from *mid, ptrdiff_t step, to *out, size_t n)                           \
    {                                                                                                                 \
        for (size_t i = 0; i < n; i++) {                                                                              \
            int32_t sum = half_unit;                                                                                  \
            SUM(in_offset)                                                                                            \
            out[i] = (to)((sum >> (shift)) + (out_offset));                                                           \
        }                                                                                                             \
    }

PLAIN(plain_down8, uint8_t, int16_t, 1 << 9, 10, 0, 0)
PLAIN(plain_across8, int16_t, uint8_t, 1 << 21, 22, 0, 0)
PLAIN(plain_fine8, int16_t, int16_t, 1 << 14, 15, 0, 0)
PLAIN(plain_down16, uint16_t, int16_t, 1 << 15, 16, 32768, 0)
PLAIN(plain_across16, int16_t, uint16_t, 1 << 15, 16, 0, 32768)

static const passes plain = {plain_down8, plain_across8, plain_fine8, plain_down16, plain_across16};

/* ---- x86 ------------------------------------------------------------------ */

#define LANES_TEMPLATE "op/gauss_lanes.inc"
#include "op/lanes_each.inc"

static const passes *passes_for(size_t n)
{
    return LANES_BEST(n, &plain, passes);
}

/* ---- the kernel and the rows ----------------------------------------------- */

int32_t ck_gauss_radius(double sigma)
{
    return sigma < CK_GAUSS_WIDE ? (int32_t)ceil(3 * sigma) : ck_wide_radius(sigma);
}

void ck_gauss_init(ck_gauss *g, double sigma)
{
    double total = 1, carry = 0;
    int32_t rest = 32768;

    memset(g, 0, sizeof *g);
    g->radius = ck_gauss_radius(sigma);
    if (sigma >= CK_GAUSS_WIDE) {
        ck_wide_init(&g->wide, sigma);
        return;
    }
    for (int32_t k = 1; k <= g->radius; k++)
        total += 2 * exp(-(double)k * k / (2 * sigma * sigma));
    for (int32_t k = g->radius; k >= 1; k--) {
        double exact = 65536 * exp(-(double)k * k / (2 * sigma * sigma)) / total + carry;
        g->half[k] = (int16_t)floor(exact + 0.5);
        carry = exact - g->half[k];
        rest -= g->half[k];
        if (g->half[k] && !g->last)
            g->last = k;
    }
    /* With no other weight the middle one is 65536: half of it does not fit, and is not needed. */
    g->half[0] = (int16_t)(g->last ? rest : 0);
}

size_t ck_gauss_scratch(double sigma, ck_shape out)
{
    size_t nbytes;

    if (sigma >= CK_GAUSS_WIDE)
        return ck_wide_scratch(sigma, out);
    return ck_mul((size_t)out.w + 2 * (size_t)ck_gauss_radius(sigma), out.channels * sizeof(int16_t), &nbytes) ? nbytes : SIZE_MAX;
}

void ck_gauss_start(const ck_gauss *g, void *scratch, ck_view in)
{
    if (g->wide.apart)
        ck_wide_start(&g->wide, scratch, in);
}

void ck_gauss_row(const ck_gauss *g, void *scratch, ck_view in, int32_t y, uint8_t *out)
{
    size_t c = in.shape.channels, n = ((size_t)in.shape.w - 2 * (size_t)g->radius) * c, padded = (size_t)in.shape.w * c;
    const passes *down = passes_for(padded), *across = passes_for(n);
    const uint8_t *mid = ck_row(in, y + g->radius);
    int16_t *columns = scratch, *middle = columns + (size_t)g->radius * c;

    if (g->wide.apart) {
        ck_wide_row(&g->wide, scratch, in, y, out);
    } else if (!g->last) {
        memcpy(out, mid + (size_t)g->radius * ck_pixel_nbytes(in.shape), n * (in.shape.depth / 8));
    } else if (in.shape.depth == 8) {
        down->down8(g, mid, in.stride, columns, padded);
        across->across8(g, middle, (ptrdiff_t)c, out, n);
    } else {
        down->down16(g, (const uint16_t *)mid, in.stride / 2, columns, padded);
        across->across16(g, middle, (ptrdiff_t)c, (uint16_t *)out, n);
    }
}

void ck_gauss_fine(const ck_gauss *g, void *scratch, ck_view in, int32_t y, int16_t *out)
{
    size_t c = in.shape.channels, n = ((size_t)in.shape.w - 2 * (size_t)g->radius) * c, padded = (size_t)in.shape.w * c;
    const uint8_t *mid = ck_row(in, y + g->radius);
    int16_t *columns = scratch, *middle = columns + (size_t)g->radius * c;

    if (g->wide.apart) {
        ck_wide_fine(&g->wide, scratch, in, y, out);
    } else if (g->last) {
        passes_for(padded)->down8(g, mid, in.stride, columns, padded);
        passes_for(n)->fine8(g, middle, (ptrdiff_t)c, out, n);
    } else {
        for (size_t i = 0; i < n; i++)
            out[i] = (int16_t)(mid[(size_t)g->radius * c + i] * 128);
    }
}
