/*
 * 16 bit: a sliding window with counts (Huang, Yang and Tang, "A Fast
 * Two-Dimensional Median Filtering Algorithm", 1979), on three levels: the
 * upper 8, 12 and all 16 bits of a sample. A step exchanges 2r + 1 samples;
 * how many lie below the current group of the upper 8 bits is kept, so that
 * the median is near where the last one was.
 *
 * The window goes right along one row, down, and left along the next: it
 * never starts afresh, and moves over the same samples again while they are
 * in the cache.
 */
#include "op/median_wide.h"

#include <string.h>

typedef struct state {
    uint16_t high[256], middle[4096], low[65536];
    uint32_t below; /* samples under the group `group` of `high` */
    uint32_t group;
} state;

size_t ck_median_wide16_scratch(void)
{
    return sizeof(state);
}

static inline void add(state *s, uint32_t v)
{
    s->high[v >> 8]++;
    s->middle[v >> 4]++;
    s->low[v]++;
    s->below += (v >> 8) < s->group;
}

static inline void drop(state *s, uint32_t v)
{
    s->high[v >> 8]--;
    s->middle[v >> 4]--;
    s->low[v]--;
    s->below -= (v >> 8) < s->group;
}

static uint16_t find(state *s, uint32_t rank)
{
    uint32_t below, i;

    while (s->below > rank)
        s->below -= s->high[--s->group];
    while (s->below + s->high[s->group] <= rank)
        s->below += s->high[s->group++];
    below = s->below;
    for (i = s->group * 16; below + s->middle[i] <= rank; i++)
        below += s->middle[i];
    for (i *= 16; below + s->low[i] <= rank; i++)
        below += s->low[i];
    return (uint16_t)i;
}

/* One line of `size` samples in, one out; `step` samples from one to the next. */
static void exchange(state *s, const uint16_t *in, const uint16_t *out, ptrdiff_t step, int32_t size)
{
    for (ptrdiff_t i = 0; i < size; i++) {
        add(s, in[i * step]);
        drop(s, out[i * step]);
    }
}

static void channel(state *s, int32_t size, const uint16_t *in, ptrdiff_t in_step, uint16_t *out, ptrdiff_t out_step,
                    ptrdiff_t c, int32_t w, int32_t h)
{
    uint32_t rank = (uint32_t)(size * size) / 2;
    ptrdiff_t x = 0, to = 1; /* 1: going right, -1: left */

    memset(s, 0, sizeof *s);
    for (ptrdiff_t y = 0; y < size; y++)
        for (ptrdiff_t i = 0; i < size; i++)
            add(s, in[y * in_step + i * c]);
    for (ptrdiff_t y = 0; y < h; y++, to = -to) {
        const uint16_t *row = in + y * in_step;
        for (int32_t n = 0; n < w; n++) {
            if (n && to > 0)
                exchange(s, row + (x + size) * c, row + x * c, in_step, size), x++;
            else if (n)
                x--, exchange(s, row + x * c, row + (x + size) * c, in_step, size);
            out[y * out_step + x * c] = find(s, rank);
        }
        if (y + 1 < h)
            exchange(s, row + size * in_step + x * c, row + x * c, c, size);
    }
}

void ck_median_wide16(int32_t radius, void *scratch, ck_view in, ck_view out)
{
    for (unsigned i = 0; i < in.shape.channels; i++)
        channel(scratch, 2 * radius + 1, (const uint16_t *)in.px + i, in.stride / 2, (uint16_t *)out.px + i,
                out.stride / 2, in.shape.channels, out.shape.w, out.shape.h);
}
