#include "codec/png/png_unfilter.h"

#include <string.h>

#include "codec/png/png_filter.h"
#include "codec/png/png_unfilter_x86.h"

/* ---- one row, plain C -------------------------------------------------- */

static void undo_sub(uint8_t *restrict to, const uint8_t *restrict from, size_t nbytes, size_t pixel)
{
    memcpy(to, from, pixel);
    for (size_t i = pixel; i < nbytes; i++)
        to[i] = (uint8_t)(from[i] + to[i - pixel]);
}

static void undo_up(uint8_t *restrict to, const uint8_t *restrict from, const uint8_t *restrict above, size_t nbytes)
{
    for (size_t i = 0; i < nbytes; i++)
        to[i] = (uint8_t)(from[i] + above[i]);
}

static void undo_average(uint8_t *restrict to, const uint8_t *restrict from, const uint8_t *restrict above,
                         size_t nbytes, size_t pixel)
{
    for (size_t i = 0; i < pixel; i++)
        to[i] = (uint8_t)(from[i] + (above[i] >> 1));
    for (size_t i = pixel; i < nbytes; i++)
        to[i] = (uint8_t)(from[i] + ((to[i - pixel] + above[i]) >> 1));
}

/* Without a branch: the choice follows the image's grain, which no processor foresees. */
static inline int paeth(int a, int b, int c)
{
    int high = a > b ? a : b, low = a > b ? b : a;
    int t = 3 * c - a - b;
    int least = t >= high ? low : c;

    return t <= low ? high : least;
}

static void undo_paeth(uint8_t *restrict to, const uint8_t *restrict from, const uint8_t *restrict above,
                       size_t nbytes, size_t pixel)
{
    undo_up(to, from, above, pixel);
    for (size_t i = pixel; i < nbytes; i++)
        to[i] = (uint8_t)(from[i] + paeth(to[i - pixel], above[i], above[i - pixel]));
}

static void undo_row(uint8_t *to, const uint8_t *from, const uint8_t *above, size_t nbytes, size_t pixel)
{
    switch ((ck_png_filter)*from++) {
    case CK_PNG_NONE: memcpy(to, from, nbytes); break;
    case CK_PNG_SUB: undo_sub(to, from, nbytes, pixel); break;
    case CK_PNG_UP: undo_up(to, from, above, nbytes); break;
    case CK_PNG_AVERAGE: undo_average(to, from, above, nbytes, pixel); break;
    default: undo_paeth(to, from, above, nbytes, pixel); break;
    }
}

/* ---- a group of rows --------------------------------------------------- */

static void skip_rows(ck_png_group *g, int32_t rows)
{
    g->from += (size_t)rows * (g->row_nbytes + 1);
    g->to += rows * g->stride;
    g->above = g->to - g->stride;
    g->rows -= rows;
}

/* Rows without a chain from pixel to pixel are done alone, at the speed of memory. */
static bool chained(uint8_t filter)
{
    return filter != CK_PNG_NONE && filter != CK_PNG_UP;
}

/* Does the first rows of g; returns how many. */
static int32_t undo_some(ck_png_unfilter_way way, const ck_png_group *g)
{
#ifdef CK_PNG_UNFILTER_X86
    if (way > CK_PNG_UNFILTER_PLAIN && chained(*g->from)) {
        int32_t rows = ck_png_unfilter_x86_rows(way, g->pixel_nbytes);

        if (way == CK_PNG_UNFILTER_AVX2 && g->rows <= rows / 2) {
            way = CK_PNG_UNFILTER_SSE41;
            rows /= 2;
        }
        ck_png_unfilter_x86(way, g);
        return g->rows < rows ? g->rows : rows;
    }
#else
    (void)way;
    (void)chained;
#endif
    undo_row(g->to, g->from, g->above, g->row_nbytes, g->pixel_nbytes);
    return 1;
}

static bool filters_known(const ck_png_group *g)
{
    for (int32_t y = 0; y < g->rows; y++)
        if (g->from[(size_t)y * (g->row_nbytes + 1)] >= CK_PNG_FILTERS)
            return false;
    return true;
}

bool ck_png_unfilter_by(ck_png_unfilter_way way, const ck_png_group *group)
{
    ck_png_group g = *group;

    if (!filters_known(&g))
        return false;
    while (g.rows)
        skip_rows(&g, undo_some(way, &g));
    return true;
}

ck_png_unfilter_way ck_png_unfilter_best(void)
{
#ifdef CK_PNG_UNFILTER_X86
    if (__builtin_cpu_supports("avx2"))
        return CK_PNG_UNFILTER_AVX2;
    if (__builtin_cpu_supports("sse4.1"))
        return CK_PNG_UNFILTER_SSE41;
#endif
    return CK_PNG_UNFILTER_PLAIN;
}

bool ck_png_unfilter(const ck_png_group *g)
{
    return ck_png_unfilter_by(ck_png_unfilter_best(), g);
}
