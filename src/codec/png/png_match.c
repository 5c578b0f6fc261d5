#include "codec/png/png_match.h"

#include <string.h>

enum {
    WINDOW = CK_PNG_MATCH_WINDOW,
    LEAST = CK_PNG_MATCH_LEAST, /* bytes that are hashed */
    LONGEST = CK_PNG_MATCH_LONGEST,
    ENOUGH = 32,               /* bytes: a match this long always pays, and is taken without looking at the next place */
    PAYS = 20 * CK_PNG_BIT,    /* what a match can replace: so many bytes of the mean cost are compared at once */
    MATCH = 14 * CK_PNG_BIT,   /* both codes of a match; extra bits come to it. Measured: 8 to 16 bits differ little */
};

static inline size_t smaller(size_t a, size_t b)
{
    return a < b ? a : b;
}

static inline uint64_t eight(const uint8_t *at)
{
    uint64_t v;

    memcpy(&v, at, sizeof v);
    return v;
}

static inline uint32_t hash_of(uint64_t v)
{
    return (uint32_t)(v * 0x9E3779B97F4A7C15u >> 49);
}

/*
 * The place is known from now on. Returns how far back the one before with the
 * same hash is, a guess modulo 2^16: it is never further than the first byte,
 * but can be this very place or one that is not in the window.
 */
static inline uint32_t remember(ck_png_matcher *m, size_t at, uint64_t v)
{
    uint16_t *latest = &m->latest[hash_of(v)];
    uint32_t back = (uint16_t)(at - *latest);

    *latest = (uint16_t)at;
    if (m->effort.probes > 1)
        m->before[at % WINDOW] = (uint16_t)(back <= WINDOW ? back : 0);
    return back;
}

/* Bytes that are alike from a and b on, at most `most`; n are known to be. */
static inline uint32_t alike(const uint8_t *a, const uint8_t *b, uint32_t n, uint32_t most)
{
    while (n + 8 <= most) {
        uint64_t differ = eight(a + n) ^ eight(b + n);

        if (differ) {
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
            return n + (uint32_t)__builtin_clzll(differ) / 8;
#else
            return n + (uint32_t)__builtin_ctzll(differ) / 8;
#endif
        }
        n += 8;
    }
    while (n < most && a[n] == b[n])
        n++;
    return n;
}

typedef struct found {
    uint32_t nbytes, back;
} found;

static inline int32_t saved_by(const ck_png_matcher *m, size_t at, uint32_t nbytes, uint32_t back)
{
    uint32_t added = nbytes < ENOUGH ? nbytes : ENOUGH, sum = CK_PNG_BIT * (nbytes - added); /* none costs less than a bit */
    uint32_t extra = (uint32_t)(ck_png_length_part(nbytes).extra_nbits + ck_png_distance_part(back - 1).extra_nbits);

    for (uint32_t i = 0; i < added; i++)
        sum += m->cost[m->in[at + i]];
    return (int32_t)(sum - MATCH - CK_PNG_BIT * extra);
}

/* One branch: which of the four it is cannot be foreseen. */
static inline bool begins_alike(const uint8_t *a, const uint8_t *b, uint32_t least)
{
    return ((eight(a) ^ eight(b)) | (eight(a + least - 8) ^ eight(b + least - 8))) == 0;
}

/* Returns what is saved: more than `saved`, and *best is it, or as much. */
static inline int32_t judge(const ck_png_matcher *m, size_t at, uint32_t back, uint32_t most, int32_t saved, found *best)
{
    uint32_t n = alike(m->in + at, m->in + at - back, LEAST, most);
    int32_t by = saved_by(m, at, n, back);

    if (by <= saved)
        return saved;
    best->nbytes = n;
    best->back = back;
    return by;
}

/*
 * Returns what the best match at this place saves where that is more than
 * `saved`, and which it is; else `saved`, and *best is as it was. most: bytes
 * up to the block's end, m->least at the least.
 */
static inline int32_t look(ck_png_matcher *m, size_t at, uint32_t most, int32_t saved, found *best)
{
    uint32_t back = remember(m, at, eight(m->in + at));

    /* Whether the guess is right at all shows last: it is one branch that cannot be foreseen, not two. */
    if (begins_alike(m->in + at, m->in + at - back, m->least) && back - 1 < WINDOW)
        saved = judge(m, at, back, most, saved, best);
    for (int probe = 1; probe < m->effort.probes && back <= WINDOW; probe++) {
        uint32_t step = m->before[(at - back) % WINDOW];

        back += step;
        if (!step || back > at)
            break;
        if (begins_alike(m->in + at, m->in + at - back, m->least) && back <= WINDOW)
            saved = judge(m, at, back, most, saved, best);
    }
    return saved;
}

static inline uint32_t reach(size_t at, size_t end)
{
    return (uint32_t)smaller(LONGEST, end - at);
}

static uint32_t least_for(uint32_t mean)
{
    uint32_t n = PAYS / mean;

    return n < LEAST ? LEAST : n < ENOUGH ? n : ENOUGH;
}

size_t ck_png_matcher_find(ck_png_matcher *m, size_t at, size_t end, uint32_t mean)
{
    size_t sum = 0, begin = at, seen, last; /* no place from `last` on is looked at */

    m->least = least_for(mean);
    m->count = 0;
    last = end < m->least ? 0 : end - m->least + 1;
    while (at < last) {
        found f;
        int32_t saved = look(m, at, reach(at, end), 0, &f);

        if (!saved) {
            at += 1 + (m->effort.stride ? (at - begin) >> m->effort.stride : 0);
            continue;
        }
        for (seen = at + 1; m->effort.lazy && f.nbytes < ENOUGH && seen < last;) {
            int32_t more = look(m, seen, reach(seen, end), saved, &f);

            if (more == saved) {
                seen++;
                break;
            }
            saved = more;
            at = seen++;
        }
        while (at > begin && f.nbytes < LONGEST && f.back < at && m->in[at - 1] == m->in[at - 1 - f.back]) {
            at--;
            f.nbytes++;
        }
        m->matches[m->count++] = (ck_png_match){(uint32_t)(at - begin), (uint16_t)f.nbytes, (uint16_t)(f.back - 1)};
        sum += f.nbytes;
        begin = at + f.nbytes;
        /* of a long match the end is enough: what is alike again will be found there */
        for (at = f.nbytes < ENOUGH ? seen : begin - LEAST; at < begin && at < last; at++)
            remember(m, at, eight(m->in + at));
        at = begin;
    }
    return sum;
}

/* What is found may not depend on the file before: a place that a hash names without being known is only compared. */
void ck_png_matcher_begin(ck_png_matcher *m, ck_png_effort effort, const uint8_t *in)
{
    m->effort = effort;
    m->in = in;
    memset(m->latest, 0, sizeof m->latest);
    if (effort.probes > 1)
        memset(m->before, 0, sizeof m->before);
}
