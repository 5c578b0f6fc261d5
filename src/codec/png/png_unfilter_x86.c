#include "codec/png/png_unfilter_x86.h"

#ifdef CK_PNG_UNFILTER_X86
#include <immintrin.h>
#include <string.h>

#include "codec/png/png_filter.h"

enum { LAG = 32 /* pixels */, LONGEST = 8 /* rows of a run */ };

/* One run: its rows, and how far behind the first each of them is. */
typedef struct ck_png_lanes {
    const uint8_t *from[LONGEST];
    uint8_t *to[LONGEST];
    const uint8_t *above[2]; /* of each half's first row */
    ptrdiff_t delay[LONGEST]; /* bytes */
    ptrdiff_t nbytes, block; /* bytes of a row; bytes that a block of steps moves on */
    bool averages;
    uint8_t spread[16], gather[16]; /* shuffles between pixels and lanes */
    uint8_t use_left[2][16], use_above[2][16], use_corner[2][16], use_average[2][16];
} ck_png_lanes;

/* The part of [at, at + block) that lies within a row. */
static inline bool inside(const ck_png_lanes *l, ptrdiff_t at, ptrdiff_t *first, ptrdiff_t *end)
{
    *first = at < 0 ? 0 : at;
    *end = at + l->block < l->nbytes ? at + l->block : l->nbytes;
    return *first < *end;
}

static void ck_png_lanes_get(uint8_t to[16], const uint8_t *row, ptrdiff_t at, const ck_png_lanes *l)
{
    ptrdiff_t first, end;

    memset(to, 0, 16);
    if (inside(l, at, &first, &end))
        memcpy(to + (first - at), row + first, (size_t)(end - first));
}

static void ck_png_lanes_put(uint8_t *row, const uint8_t from[16], ptrdiff_t at, const ck_png_lanes *l)
{
    ptrdiff_t first, end;

    if (inside(l, at, &first, &end))
        memcpy(row + first, from + (first - at), (size_t)(end - first));
}

#define HALVES 1
#define LANE 4
#include "codec/png/png_unfilter_lanes.h"
#undef LANE
#define LANE 8
#include "codec/png/png_unfilter_lanes.h"
#undef LANE
#undef HALVES
#define HALVES 2
#define LANE 4
#include "codec/png/png_unfilter_lanes.h"
#undef LANE
#define LANE 8
#include "codec/png/png_unfilter_lanes.h"
#undef LANE
#undef HALVES

static int lane_nbytes(size_t pixel_nbytes)
{
    return pixel_nbytes > 4 ? 8 : 4;
}

static void set_shuffles(ck_png_lanes *l, int lane, int pixel)
{
    memset(l->spread, 0x80, sizeof l->spread); /* a zero */
    memset(l->gather, 0x80, sizeof l->gather);
    for (int i = 0; i < 16 / lane; i++)
        for (int k = 0; k < pixel; k++) {
            l->spread[i * lane + k] = (uint8_t)(i * pixel + k);
            l->gather[i * pixel + k] = (uint8_t)(i * lane + k);
        }
    l->block = 16 / lane * pixel;
}

static void set_filter(ck_png_lanes *l, int row, int lane, ck_png_filter filter)
{
    int lanes = 16 / lane, half = row / lanes, at = row % lanes * lane;
    size_t n = (size_t)lane;

    memset(l->use_left[half] + at, filter == CK_PNG_SUB || filter == CK_PNG_PAETH ? 255 : 0, n);
    memset(l->use_above[half] + at, filter == CK_PNG_UP || filter == CK_PNG_PAETH ? 255 : 0, n);
    memset(l->use_corner[half] + at, filter == CK_PNG_PAETH ? 255 : 0, n);
    memset(l->use_average[half] + at, filter == CK_PNG_AVERAGE ? 255 : 0, n);
    l->averages |= filter == CK_PNG_AVERAGE;
}

/* Lanes beyond the last row do row 0 again, unfiltered, to nowhere. */
static void set_rows(ck_png_lanes *l, const ck_png_group *g, int lane, int rows)
{
    ptrdiff_t pixel = (ptrdiff_t)g->pixel_nbytes;
    int lanes = 16 / lane;

    for (int i = 0; i < rows; i++) {
        bool real = i < g->rows;
        const uint8_t *from = g->from + (real ? (size_t)i : 0) * (g->row_nbytes + 1);

        l->from[i] = from + 1;
        l->to[i] = real ? g->to + i * g->stride : g->spare;
        l->delay[i] = pixel * (i % lanes + i / lanes * LAG);
        set_filter(l, i, lane, real ? (ck_png_filter)*from : CK_PNG_NONE);
    }
    l->above[0] = g->above;
    l->above[1] = rows > lanes ? l->to[lanes - 1] : NULL;
}

int32_t ck_png_unfilter_x86_rows(ck_png_unfilter_way way, size_t pixel_nbytes)
{
    return 16 / lane_nbytes(pixel_nbytes) * (way == CK_PNG_UNFILTER_AVX2 ? 2 : 1);
}

void ck_png_unfilter_x86(ck_png_unfilter_way way, const ck_png_group *g)
{
    ck_png_lanes l = {.nbytes = (ptrdiff_t)g->row_nbytes};
    int lane = lane_nbytes(g->pixel_nbytes);

    set_shuffles(&l, lane, (int)g->pixel_nbytes);
    set_rows(&l, g, lane, ck_png_unfilter_x86_rows(way, g->pixel_nbytes));
    if (way == CK_PNG_UNFILTER_AVX2) {
        if (lane == 4)
            run_2_4(&l);
        else
            run_2_8(&l);
    } else {
        if (lane == 4)
            run_1_4(&l);
        else
            run_1_8(&l);
    }
}

#else
typedef int ck_png_unfilter_x86_is_empty; /* a file must declare something */
#endif
