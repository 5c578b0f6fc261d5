/*
 * 8 bit: the cost of a pixel does not depend on the radius (Perreault and
 * Hebert, "Median Filtering in Constant Time", 2007).
 *
 * Every column of the window keeps counts of its 2r + 1 samples; going down a
 * row exchanges one sample in each. The window's counts are the sum of its
 * columns' and slide along the row by one column in, one column out. There
 * are two levels: the upper four bits of a sample, and for each of these
 * groups the lower four. The window's groups are brought up to date only when
 * the median falls into them.
 *
 * Counts are kept summed up from the left ("how many are at most i"), so that
 * finding the median is counting how many of 16 numbers are too small, in
 * one vector, instead of walking. Columns have at most 101 samples and fit
 * bytes; windows fit 16 bits.
 *
 * Each channel goes by itself, in panels narrow enough for the columns to stay in
 * the L2 cache.
 */
#include "op/median_wide.h"

#include <string.h>

#include "op/clones.h"

enum { BINS = 16, PANEL = 768 /* columns with the halo, 272 bytes each */ };

/* One lane a bin: the compiler's vectors, which it splits where the processor has none as wide. */
typedef uint8_t bytes __attribute__((vector_size(BINS)));
typedef uint16_t words __attribute__((vector_size(2 * BINS)));

typedef struct column {
    bytes fine[BINS]; /* [g][i]: samples of group g whose lower bits are at most i */
    bytes coarse;     /* [g]: samples of groups up to g */
} column;

typedef struct window {
    words fine[BINS];
    words coarse;
    int32_t at[BINS]; /* first column of the window that fine[g] counts */
} window;

typedef struct state {
    window w;
    column columns[PANEL];
} state;

size_t ck_median_wide8_scratch(void)
{
    return sizeof(state);
}

/* -1 in the bins that count a sample of bin v, 0 in those before. */
static inline bytes from_bin(unsigned v)
{
    const bytes bins = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};

    return (bytes)(bins >= (uint8_t)v);
}

CK_CLONES
static void count_in(column *columns, const uint8_t *row, size_t c, int32_t n)
{
    for (int32_t x = 0; x < n; x++) {
        unsigned v = row[(size_t)x * c];
        columns[x].coarse -= from_bin(v >> 4);
        columns[x].fine[v >> 4] -= from_bin(v & 15);
    }
}

CK_CLONES
static void count_out(column *columns, const uint8_t *row, size_t c, int32_t n)
{
    for (int32_t x = 0; x < n; x++) {
        unsigned v = row[(size_t)x * c];
        columns[x].coarse += from_bin(v >> 4);
        columns[x].fine[v >> 4] += from_bin(v & 15);
    }
}

/* The first bin with more than `rank` samples up to it. */
static inline unsigned find(const words *sum, unsigned rank)
{
    uint64_t few[2];
    bytes mask = __builtin_convertvector((words)(*sum <= (uint16_t)rank), bytes);

    memcpy(few, &mask, sizeof few);
    return (unsigned)(__builtin_popcountll(few[0]) + __builtin_popcountll(few[1])) / 8;
}

/* Brings group g to the window that starts at column x; *now is a copy that can stay in a register. */
static inline void catch_up(window *w, const column *columns, unsigned g, int32_t x, int32_t size, words *now)
{
    words sum = w->fine[g];

    if (x - w->at[g] >= size / 2) {
        sum = (words){0};
        for (int32_t i = 0; i < size; i++)
            sum += __builtin_convertvector(columns[x + i].fine[g], words);
    } else {
        for (int32_t i = w->at[g]; i < x; i++)
            sum += __builtin_convertvector(columns[i + size].fine[g], words) -
                   __builtin_convertvector(columns[i].fine[g], words);
    }
    w->at[g] = x;
    w->fine[g] = sum;
    *now = sum;
}

CK_CLONES
static void median_row(window *w, const column *columns, int32_t size, uint8_t *out, size_t c, int32_t n)
{
    unsigned rank = (unsigned)(size * size) / 2;
    words coarse = {0}, fine;

    for (int32_t i = 0; i < size - 1; i++)
        coarse += __builtin_convertvector(columns[i].coarse, words);
    for (unsigned g = 0; g < BINS; g++)
        w->at[g] = -size; /* too old to slide from */
    for (int32_t x = 0; x < n; x++) {
        coarse += __builtin_convertvector(columns[x + size - 1].coarse, words);
        w->coarse = coarse;
        unsigned g = find(&coarse, rank), below = g ? w->coarse[g - 1] : 0;
        catch_up(w, columns, g, x, size, &fine);
        out[(size_t)x * c] = (uint8_t)(g * BINS + find(&fine, rank - below));
        coarse -= __builtin_convertvector(columns[x].coarse, words);
    }
}

/* One channel of one panel; `in` and `out` begin at its first sample. */
static void panel(state *s, int32_t size, const uint8_t *in, ptrdiff_t in_stride, uint8_t *out, ptrdiff_t out_stride,
                  size_t c, int32_t w, int32_t h)
{
    int32_t padded = w + size - 1;

    memset(s->columns, 0, (size_t)padded * sizeof s->columns[0]);
    for (int32_t y = 0; y < size - 1; y++)
        count_in(s->columns, in + y * in_stride, c, padded);
    for (int32_t y = 0; y < h; y++) {
        count_in(s->columns, in + (y + size - 1) * in_stride, c, padded);
        median_row(&s->w, s->columns, size, out + y * out_stride, c, w);
        count_out(s->columns, in + y * in_stride, c, padded);
    }
}

void ck_median_wide8(int32_t radius, void *scratch, ck_view in, ck_view out)
{
    int32_t size = 2 * radius + 1, most = PANEL - 2 * radius;
    size_t c = in.shape.channels;

    for (int32_t x = 0; x < out.shape.w; x += most) {
        int32_t w = out.shape.w - x < most ? out.shape.w - x : most;
        for (size_t i = 0; i < c; i++)
            panel(scratch, size, in.px + (size_t)x * c + i, in.stride, out.px + (size_t)x * c + i, out.stride, c, w,
                  out.shape.h);
    }
}
