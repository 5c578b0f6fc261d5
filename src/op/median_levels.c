/*
 * A median is at least t where no more than half of the window's samples are
 * below t. For one t that is a box filter of zeros and ones, which takes half
 * a cycle a sample in vectors of bytes; and neighbouring medians differ little,
 * so that a block of 64 x 32 needs about twenty t. They go up from a guess to
 * the first that no median of the block reaches, and down to the first that
 * all do. Values that no sample has are passed over where there are many.
 *
 * From a row of windows to the next one comes and one goes; running sums of
 * their difference along the row, modulo 256, say how each window's count
 * changes, by at most 101. Counts fit 16 bits; those of even and odd pixels lie apart.
 *
 * Where a block's medians differ too much, counting by histograms is faster.
 */
#include "op/median_levels.h"

#include <string.h>

#include "op/clones.h"
#include "op/median_wide.h"

enum {
    SIDE = 64,              /* columns of a block: a vector of bytes */
    HIGH = 32,              /* rows */
    OTHER_ROWS = 128,       /* that are counted by histograms where a block has too many levels: beginning takes long */
    HALO_MOST = 50,
    STRIDE = 192,           /* bytes: vectors that hold a block and its halo */
    ROWS = HIGH + 2 * HALO_MOST,
    LAG = 2,                /* rows between the writing of running sums and their use, so that it need not wait */
    LEVELS_BEFORE_LOOK = 48, /* before it is worth finding out which values there are */
    LEVELS_MOST = 160
};

typedef struct block {
    _Alignas(64) uint8_t px[ROWS][STRIDE];             /* one channel, with halo */
    _Alignas(64) uint8_t sums[LAG + 1][SIDE + STRIDE]; /* running, of some rows; zeros before them */
    _Alignas(64) uint8_t out[HIGH][SIDE];              /* levels that were reached */
    _Alignas(64) int16_t counts[2][SIDE / 2];          /* in even, odd columns: samples below the level, less (all + 1) / 2 */
    int32_t radius, w, h;                              /* of the output, at most SIDE */
    uint8_t present[256];                              /* whether a sample may have the value */
} block;

typedef struct memory {
    block b;
    _Alignas(64) uint8_t wide[]; /* of ck_median_wide8 */
} memory;

size_t ck_median_levels_scratch(void)
{
    return sizeof(memory) + ck_median_wide8_scratch();
}

#if CK_X86_LANES
#include <immintrin.h>

#define FOR_AVX512 __attribute__((target("avx512f,avx512bw")))
#define AVX512 FOR_AVX512 __attribute__((always_inline)) static inline

bool ck_median_levels_suit(void)
{
    return __builtin_cpu_supports("avx512bw");
}

/* ---- one level ----------------------------------------------------------------- */

/* Of each byte, the sum of all up to and with it. */
AVX512 __m512i running(__m512i v)
{
    const __m512i zero = _mm512_setzero_si512(), last = _mm512_set1_epi8(15);
    const __m512i last_of_lower = _mm512_broadcast_i32x4(_mm_set_epi8(7, 7, 7, 7, 7, 7, 7, 7, -1, -1, -1, -1, -1, -1, -1, -1));

    v = _mm512_add_epi8(v, _mm512_slli_epi64(v, 8));
    v = _mm512_add_epi8(v, _mm512_slli_epi64(v, 16));
    v = _mm512_add_epi8(v, _mm512_slli_epi64(v, 32));
    v = _mm512_add_epi8(v, _mm512_shuffle_epi8(v, last_of_lower));
    __m512i before = _mm512_alignr_epi64(_mm512_shuffle_epi8(v, last), zero, 6);
    before = _mm512_add_epi8(before, _mm512_alignr_epi64(before, zero, 6));
    before = _mm512_add_epi8(before, _mm512_alignr_epi64(before, zero, 4));
    return _mm512_add_epi8(v, before);
}

AVX512 __mmask64 is_below(const uint8_t *px, __m512i level)
{
    return _mm512_cmplt_epu8_mask(_mm512_load_si512(px), level);
}

AVX512 void run_row(block *b, int32_t y, __m512i level, const int parts)
{
    const uint8_t *come = b->px[y + 2 * b->radius], *gone = b->px[y - 1];
    uint8_t *to = b->sums[y % (LAG + 1)] + SIDE;
    __m512i before = _mm512_setzero_si512();

    for (int part = 0; part < parts; part++) {
        __m512i change = _mm512_movm_epi8(is_below(gone + 64 * part, level));
        change = _mm512_mask_add_epi8(change, is_below(come + 64 * part, level), change, _mm512_set1_epi8(1));
        __m512i sum = running(change);
        sum = _mm512_add_epi8(sum, before);
        before = _mm512_shuffle_epi8(_mm512_shuffle_i32x4(sum, sum, 0xFF), _mm512_set1_epi8(15));
        _mm512_store_si512(to + 64 * part, sum);
    }
}

/* 255 where the median reaches the level. */
AVX512 __m512i reached(__m512i even, __m512i odd)
{
    return _mm512_mask_blend_epi8(0xAAAAAAAAAAAAAAAA, _mm512_srai_epi16(even, 15), _mm512_srai_epi16(odd, 15));
}

/* Counts of the first row. */
AVX512 void start(block *b, __m512i level, const int parts)
{
    _Alignas(64) uint8_t columns[STRIDE] = {0};
    int32_t size = 2 * b->radius + 1, sum = -(size * size + 1) / 2;

    for (int part = 0; part < parts; part++) {
        __m512i count = _mm512_setzero_si512();
        for (int32_t y = 0; y < size; y++)
            count = _mm512_mask_add_epi8(count, is_below(b->px[y] + 64 * part, level), count, _mm512_set1_epi8(1));
        _mm512_store_si512(columns + 64 * part, count);
    }
    for (int32_t x = 0; x < size - 1; x++)
        sum += columns[x];
    for (int32_t x = 0; x < SIDE; x++) {
        sum += columns[x + size - 1];
        b->counts[x % 2][x / 2] = (int16_t)sum;
        sum -= columns[x];
    }
}

typedef struct found {
    bool any, all; /* medians that reach the level */
} found;

/* Adds `weight` to the output where the median is at least t. */
AVX512 found level_by(block *b, uint8_t t, uint8_t weight, const int parts)
{
    const __m512i level = _mm512_set1_epi8((char)t), more = _mm512_set1_epi8((char)weight);
    const int32_t reach = 2 * b->radius, h = b->h;
    __m512i any = _mm512_setzero_si512(), all = _mm512_set1_epi8(-1);

    start(b, level, parts);
    __m512i even = _mm512_load_si512(b->counts[0]), odd = _mm512_load_si512(b->counts[1]);
    for (int32_t ahead = 1; ahead < h + LAG; ahead++) {
        int32_t y = ahead - LAG;

        if (ahead < h)
            run_row(b, ahead, level, parts);
        if (y < 0)
            continue;
        if (y > 0) {
            const uint8_t *sums = b->sums[y % (LAG + 1)] + SIDE;
            __m512i change = _mm512_sub_epi8(_mm512_loadu_si512(sums + reach), _mm512_loadu_si512(sums - 1));
            even = _mm512_add_epi16(even, _mm512_srai_epi16(_mm512_slli_epi16(change, 8), 8));
            odd = _mm512_add_epi16(odd, _mm512_srai_epi16(change, 8));
        }
        __m512i yes = reached(even, odd);
        any = _mm512_or_si512(any, yes);
        all = _mm512_and_si512(all, yes);
        _mm512_store_si512(b->out[y], _mm512_add_epi8(_mm512_load_si512(b->out[y]), _mm512_and_si512(yes, more)));
    }
    __mmask64 inside = ~(__mmask64)0 >> (SIDE - b->w);
    return (found){_mm512_mask_test_epi8_mask(inside, any, any) != 0, _mm512_mask_test_epi8_mask(inside, all, all) == inside};
}

FOR_AVX512
static found level_2(block *b, uint8_t t, uint8_t weight)
{
    return level_by(b, t, weight, 2);
}

FOR_AVX512
static found level_3(block *b, uint8_t t, uint8_t weight)
{
    return level_by(b, t, weight, 3);
}

static found level_at(block *b, int32_t t, int32_t weight)
{
    return (SIDE + 2 * b->radius <= 128 ? level_2 : level_3)(b, (uint8_t)t, (uint8_t)weight);
}

/* ---- a block -------------------------------------------------------------------- */

/* About the median of the block. */
static int32_t guess(const block *b)
{
    uint16_t counts[256] = {0};
    int32_t half = 0, sum = 0, v = 0;

    for (int32_t y = 0; y < b->h + 2 * b->radius; y += 4)
        for (int32_t x = 0; x < b->w + 2 * b->radius; x += 4, half++)
            counts[b->px[y][x]]++;
    while ((sum += counts[v]) * 2 < half)
        v++;
    return v;
}

static void look(block *b)
{
    memset(b->present, 0, sizeof b->present);
    for (int32_t y = 0; y < b->h + 2 * b->radius; y++)
        for (int32_t x = 0; x < b->w + 2 * b->radius; x++)
            b->present[b->px[y][x]] = 1;
}

/* A level more; false: too many. */
static bool one_more(block *b, int32_t *levels)
{
    if (++*levels == LEVELS_BEFORE_LOOK)
        look(b);
    return *levels <= LEVELS_MOST;
}

/* Levels from `first` up that one median at least reaches. Those between two values that exist are the same level. */
static bool upwards(block *b, int32_t first, int32_t *levels)
{
    for (int32_t t = first, v; t < 256; t = v + 1) {
        if (!one_more(b, levels))
            return false;
        for (v = t; v < 256 && !b->present[v]; v++)
            ;
        if (v == 256 || !level_at(b, t, v - t + 1).any)
            break;
    }
    return true;
}

/* Likewise from `first` down to one that all medians reach; *base: how many below are reached by all. */
static bool downwards(block *b, int32_t first, int32_t *levels, int32_t *base)
{
    *base = first;
    while (*base > 0) {
        int32_t v = *base - 1;

        if (!one_more(b, levels))
            return false;
        while (v >= 0 && !b->present[v])
            v--;
        if (v < 0)
            break;
        bool all = level_at(b, *base, *base - v).all;
        *base = v;
        if (all)
            break;
    }
    return true;
}

/* The medians of the block are its output and *base; false: there are too many levels. */
static bool by_levels(block *b, int32_t *base)
{
    int32_t levels = 0, first = guess(b);

    memset(b->out, 0, sizeof b->out);
    memset(b->present, 1, sizeof b->present);
    return downwards(b, first, &levels, base) && upwards(b, first + 1, &levels);
}

#define TAKE(name, c)                                                                                                 \
    CK_CLONES static void name(const uint8_t *restrict from, size_t step, uint8_t *restrict to, size_t n)             \
    {                                                                                                                 \
        (void)step;                                                                                                   \
        for (size_t x = 0; x < n; x++)                                                                                \
            to[x] = from[x * (c)];                                                                                    \
    }

TAKE(take_any, step)
TAKE(take_1, 1)
TAKE(take_3, 3)

static void take(block *b, ck_view in, size_t channel)
{
    size_t c = in.shape.channels;

    for (int32_t y = 0; y < b->h + 2 * b->radius; y++)
        (c == 3 ? take_3 : c == 1 ? take_1 : take_any)(ck_row(in, y) + channel, c, b->px[y], (size_t)(b->w + 2 * b->radius));
}

#define PUT(name, c)                                                                                                  \
    CK_CLONES static void name(const uint8_t *restrict from, size_t step, uint8_t *restrict to, size_t n, int base)   \
    {                                                                                                                 \
        (void)step;                                                                                                   \
        for (size_t x = 0; x < n; x++)                                                                                \
            to[x * (c)] = (uint8_t)(from[x] + base);                                                                  \
    }

PUT(put_any, step)
PUT(put_1, 1)
PUT(put_3, 3)

static void put(const block *b, int32_t base, ck_view out, size_t channel)
{
    size_t c = out.shape.channels;

    for (int32_t y = 0; y < b->h; y++)
        (c == 3 ? put_3 : c == 1 ? put_1 : put_any)(b->out[y], c, ck_row(out, y) + channel, (size_t)b->w, base);
}

/* All channels of a block; false: one of them has too many levels. */
static bool block_by_levels(block *b, ck_view in, ck_view out)
{
    b->w = out.shape.w;
    b->h = out.shape.h;
    for (size_t channel = 0; channel < out.shape.channels; channel++) {
        int32_t base;

        take(b, in, channel);
        if (!by_levels(b, &base))
            return false;
        put(b, base, out, channel);
    }
    return true;
}

static int32_t least(int32_t a, int32_t b)
{
    return a < b ? a : b;
}

void ck_median_levels(int32_t radius, void *scratch, ck_view in, ck_view out)
{
    memory *m = scratch;
    int32_t halo = 2 * radius;

    memset(&m->b, 0, sizeof m->b);
    m->b.radius = radius;
    for (int32_t x = 0; x < out.shape.w; x += SIDE)
        for (int32_t y = 0, h; y < out.shape.h; y += h) {
            int32_t w = least(out.shape.w - x, SIDE), left = out.shape.h - y;

            h = least(left, HIGH);
            if (!block_by_levels(&m->b, ck_window(in, x, y, w + halo, h + halo), ck_window(out, x, y, w, h))) {
                h = least(left, OTHER_ROWS);
                ck_median_wide8(radius, m->wide, ck_window(in, x, y, w + halo, h + halo), ck_window(out, x, y, w, h));
            }
        }
}

#else

bool ck_median_levels_suit(void)
{
    return false;
}

void ck_median_levels(int32_t radius, void *scratch, ck_view in, ck_view out)
{
    ck_median_wide8(radius, ((memory *)scratch)->wide, in, out);
}

#endif
