/*
 * The lane kernels of png_unfilter_x86.c. Included once for each combination of
 *
 *   HALVES  1: 128-bit registers, 2: 256-bit registers
 *   LANE    4 or 8: bytes that a row's pixel has to itself; LANES = 16 / LANE rows a half
 *
 * A register holds one pixel of each of LANES consecutive rows, row i being i
 * pixels behind row 0. For every row the pixel to the left is its own lane of
 * the step before, the pixel above is the neighbouring lane of the step before,
 * and the pixel above to the left is the pixel above of the step before. So a
 * step is one predictor, whatever the rows' filters are.
 *
 * The upper half of a 256-bit register does the same to the next LANES rows,
 * LAG pixels later: its row above comes from memory, as the lower half's does,
 * and nothing ever crosses the halves. LAG is wide enough for that row to have
 * left the store buffer.
 *
 * Every filter is the Paeth predictor of masked neighbours, (a, 0, 0) being a
 * and (0, b, 0) being b; the average is added to the filtered byte beforehand,
 * where it is not in the way of the step's critical path.
 *
 * Paeth within 8 bits: with p = max(a,b) - c and q = c - min(a,b), no less than
 * 0, the predictor is max(a,b) = c + p where 2q <= p, else min(a,b) = c - q
 * where 2p <= q, else c.
 */
#if HALVES == 2
#define V __m256i
#define OP(name) _mm256_##name
#define BITS(name) _mm256_##name##_si256
#define NAME(name) PASTE(name##_2_, LANE)
#define TARGET __attribute__((target("avx2")))
#else
#define V __m128i
#define OP(name) _mm_##name
#define BITS(name) _mm_##name##_si128
#define NAME(name) PASTE(name##_1_, LANE)
#define TARGET __attribute__((target("sse4.1")))
#endif
#define PASTE(a, b) PASTE_(a, b)
#define PASTE_(a, b) a##b
#define LANES (16 / LANE)
#define ROWS (LANES * HALVES)

/* What a step leaves to the next, and what does not change. */
typedef struct NAME(state) {
    V left, above;
    V use_left, use_above, use_corner, use_average;
} NAME(state);

TARGET static inline V NAME(pair)(const uint8_t *low, const uint8_t *high)
{
    __m128i a = _mm_loadu_si128((const __m128i *)low);
#if HALVES == 2
    return _mm256_inserti128_si256(_mm256_castsi128_si256(a), _mm_loadu_si128((const __m128i *)high), 1);
#else
    (void)high;
    return a;
#endif
}

TARGET static inline void NAME(split)(V v, uint8_t *low, uint8_t *high)
{
#if HALVES == 2
    _mm_storeu_si128((__m128i *)low, _mm256_castsi256_si128(v));
    _mm_storeu_si128((__m128i *)high, _mm256_extracti128_si256(v, 1));
#else
    (void)high;
    _mm_storeu_si128((__m128i *)low, v);
#endif
}

/* top: the pixels above the halves' first rows, in their last lanes. */
TARGET static inline V NAME(step)(NAME(state) *s, V x, V top, bool averages)
{
    V corner = BITS(and)(s->above, s->use_corner);
    V above = OP(alignr_epi8)(s->left, top, 16 - LANE);
    V a = BITS(and)(s->left, s->use_left), b = BITS(and)(above, s->use_above);
    V high = OP(max_epu8)(a, b), low = OP(min_epu8)(a, b);
    V p = OP(subs_epu8)(high, corner), q = OP(subs_epu8)(corner, low);
    V not_high = OP(subs_epu8)(OP(adds_epu8)(q, q), p), not_low = OP(subs_epu8)(OP(adds_epu8)(p, p), q);
    V zero = BITS(setzero)();

    if (averages) {
        V half_up = OP(avg_epu8)(s->left, above);
        V odd = BITS(and)(BITS(xor)(s->left, above), OP(set1_epi8)(1));
        x = OP(add_epi8)(x, BITS(and)(OP(sub_epi8)(half_up, odd), s->use_average));
    }
    p = BITS(and)(p, OP(cmpeq_epi8)(not_high, zero));
    q = BITS(and)(q, OP(cmpeq_epi8)(not_low, zero));
    s->above = above;
    s->left = OP(add_epi8)(OP(add_epi8)(x, corner), OP(sub_epi8)(p, q));
    return s->left;
}

/* LANES pixels of each row, from rows to lanes or back: a square is its own way back. */
TARGET static inline void NAME(transpose)(V v[LANES])
{
#if LANE == 4
    V ab = OP(unpacklo_epi32)(v[0], v[1]), AB = OP(unpackhi_epi32)(v[0], v[1]);
    V cd = OP(unpacklo_epi32)(v[2], v[3]), CD = OP(unpackhi_epi32)(v[2], v[3]);

    v[0] = OP(unpacklo_epi64)(ab, cd);
    v[1] = OP(unpackhi_epi64)(ab, cd);
    v[2] = OP(unpacklo_epi64)(AB, CD);
    v[3] = OP(unpackhi_epi64)(AB, CD);
#else
    V low = OP(unpacklo_epi64)(v[0], v[1]), high = OP(unpackhi_epi64)(v[0], v[1]);

    v[0] = low;
    v[1] = high;
#endif
}

/* LANES steps. v: LANES pixels of every row, spread to lanes, before and after; top: those above. */
TARGET static inline void NAME(steps)(NAME(state) *s, V v[LANES], V top, bool averages)
{
    NAME(transpose)(v);
#if LANE == 4
    v[0] = NAME(step)(s, v[0], BITS(slli)(top, 12), averages);
    v[1] = NAME(step)(s, v[1], BITS(slli)(top, 8), averages);
    v[2] = NAME(step)(s, v[2], BITS(slli)(top, 4), averages);
    v[3] = NAME(step)(s, v[3], top, averages);
#else
    v[0] = NAME(step)(s, v[0], BITS(slli)(top, 8), averages);
    v[1] = NAME(step)(s, v[1], top, averages);
#endif
    NAME(transpose)(v);
}

/* One block where some rows have not begun or have ended: through a copy that stays inside of the rows. */
TARGET static void NAME(edge)(NAME(state) *s, const ck_png_lanes *l, ptrdiff_t at, V spread, V gather)
{
    uint8_t in[8][16], above[2][16];
    V v[LANES];

    for (int i = 0; i < ROWS; i++)
        ck_png_lanes_get(in[i], l->from[i], at - l->delay[i], l);
    for (int half = 0; half < HALVES; half++)
        ck_png_lanes_get(above[half], l->above[half], at - l->delay[half * LANES], l);
    for (int i = 0; i < LANES; i++)
        v[i] = OP(shuffle_epi8)(NAME(pair)(in[i], in[(i + LANES) % 8]), spread);
    NAME(steps)(s, v, OP(shuffle_epi8)(NAME(pair)(above[0], above[1]), spread), true);
    for (int i = 0; i < LANES; i++)
        NAME(split)(OP(shuffle_epi8)(v[i], gather), in[i], in[(i + LANES) % 8]);
    for (int i = 0; i < ROWS; i++)
        ck_png_lanes_put(l->to[i], in[i], at - l->delay[i], l);
}

/* Blocks where every row is in its middle, from byte `at` of the first row on; returns where it stopped. */
TARGET static inline ptrdiff_t NAME(middle)(NAME(state) *state, const ck_png_lanes *l, ptrdiff_t at, V spread,
                                            V gather, bool averages)
{
    NAME(state) s = *state;
    const uint8_t *from[ROWS], *above[HALVES];
    uint8_t *to[ROWS];
    ptrdiff_t block = l->block;

    for (int i = 0; i < ROWS; i++) {
        from[i] = l->from[i] - l->delay[i];
        to[i] = l->to[i] - l->delay[i];
    }
    for (int half = 0; half < HALVES; half++)
        above[half] = l->above[half] - l->delay[half * LANES];
    for (; at + 16 <= l->nbytes; at += block) {
        V v[LANES];

        for (int i = 0; i < LANES; i++)
            v[i] = OP(shuffle_epi8)(NAME(pair)(from[i] + at, from[(i + LANES) % ROWS] + at), spread);
        V top = OP(shuffle_epi8)(NAME(pair)(above[0] + at, above[HALVES - 1] + at), spread);
        NAME(steps)(&s, v, top, averages);
        for (int i = 0; i < LANES; i++)
            NAME(split)(OP(shuffle_epi8)(v[i], gather), to[i] + at, to[(i + LANES) % ROWS] + at);
    }
    *state = s;
    return at;
}

TARGET static inline V NAME(mask)(const uint8_t lanes[2][16])
{
    return NAME(pair)(lanes[0], lanes[1]);
}

TARGET static void NAME(run)(ck_png_lanes *l)
{
    NAME(state) s;
    V spread = NAME(pair)(l->spread, l->spread), gather = NAME(pair)(l->gather, l->gather);
    ptrdiff_t at = 0, last = l->delay[ROWS - 1];

    memset(&s, 0, sizeof s);
    s.use_left = NAME(mask)(l->use_left);
    s.use_above = NAME(mask)(l->use_above);
    s.use_corner = NAME(mask)(l->use_corner);
    s.use_average = NAME(mask)(l->use_average);
    for (; at < last && at < l->nbytes + last; at += l->block)
        NAME(edge)(&s, l, at, spread, gather);
    if (l->averages)
        at = NAME(middle)(&s, l, at, spread, gather, true);
    else
        at = NAME(middle)(&s, l, at, spread, gather, false);
    for (; at < l->nbytes + last; at += l->block)
        NAME(edge)(&s, l, at, spread, gather);
}

#undef V
#undef OP
#undef BITS
#undef NAME
#undef TARGET
#undef PASTE
#undef PASTE_
#undef LANES
#undef ROWS
