/*
 * Deflate (RFC 1951) for rows of photographs, scans and drawings that are
 * filtered: what is left of them is compressed by codes that suit a short
 * stretch more than by matches, which general compressors take too many of.
 * Two things make the difference:
 *
 * - blocks end where the bytes begin to be others. Stretches are put together
 *   while one code for both is no worse than two with their headers;
 * - what each byte costs as a literal is known from the block's counts before
 *   matches are looked for, so that only those are taken that cost less than
 *   the literals they replace. That takes 8 bytes at the least nearly always,
 *   so that one probe of a hash of 8 bytes finds what is worth it.
 *
 * Integers only: the same bytes on every processor.
 */
#include "codec/png/png_engine.h"

#include <stdlib.h>
#include <string.h>

#include "codec/png/png_code.h"
#include "codec/png/png_match.h"

enum {
    STRETCH = 4096,                    /* bytes that are counted together */
    BLOCK_MOST = CK_PNG_MATCH_BLOCK,   /* counts fit 16 bits, a block that is stored is one piece */
    LITERAL_LONGEST = 14,              /* bits: four codes fit one store */
    DISTANCE_LONGEST = 15,
    BIT = CK_PNG_BIT,
    HEADER = 60 * 8 * BIT,             /* of a block, as measured */
    RARE = 12 * BIT,                   /* at most, and that of a byte that does not occur */
    STORED_HEAD = 6,                   /* bytes: three bits, up to the next byte, twice the length */
};

/* By level. */
static const ck_png_effort efforts[] = {
    [1] = {.probes = 1, .lazy = false, .stride = 5},
    [2] = {.probes = 1, .lazy = true, .stride = 6},
    [3] = {.probes = 1, .lazy = true, .stride = 7},
    [4] = {.probes = 1, .lazy = true, .stride = 8},
    [5] = {.probes = 4, .lazy = true, .stride = 0},
    [6] = {.probes = 32, .lazy = true, .stride = 0},
};

typedef struct pack {
    ck_png_effort effort;
    ck_png_matcher matcher;
    const uint8_t *in;
    size_t nbytes;

    /* of a block */
    uint32_t literals[CK_PNG_CODE_LITERALS], distances[CK_PNG_CODE_DISTANCES]; /* counts of symbols */
    ck_png_code literal_code, distance_code;
    ck_png_code_head head;
} pack;

/* ---- numbers ----------------------------------------------------------- */

/* log2(v) in 1/64, v >= 1: the mantissa's logarithm by a parabola, off by 0.01 at most. */
static inline uint32_t log2_of(uint32_t v)
{
    uint32_t whole = (uint32_t)ck_png_log2_floor(v), part = (uint32_t)(((uint64_t)v << 16 >> whole) & 65535);
    uint32_t bow = (uint32_t)(((uint64_t)part * (65536 - part) >> 16) * 22544 >> 16);

    return whole * BIT + ((part + bow) * BIT >> 16);
}

/* ---- counts and costs -------------------------------------------------- */

/* Four tables: a byte that repeats would wait for its own count. */
static void count_bytes(uint32_t counts[256], const uint8_t *at, size_t nbytes)
{
    uint32_t t[4][256] = {0};
    size_t i = 0;

    for (; i + 4 <= nbytes; i += 4)
        for (size_t k = 0; k < 4; k++)
            t[k][at[i + k]]++;
    for (; i < nbytes; i++)
        t[0][at[i]]++;
    for (int v = 0; v < 256; v++)
        counts[v] = t[0][v] + t[1][v] + t[2][v] + t[3][v];
}

static inline uint32_t literal_cost(uint32_t log2_all, uint32_t count)
{
    uint32_t cost = count ? log2_all - log2_of(count) : RARE;

    return cost < BIT ? BIT : cost < RARE ? cost : RARE;
}

/* Of all bytes, by a code of their own. */
static uint64_t coded_cost(const uint32_t counts[256], size_t nbytes)
{
    uint32_t all = log2_of((uint32_t)nbytes);
    uint64_t sum = 0;

    for (int v = 0; v < 256; v++)
        if (counts[v])
            sum += (uint64_t)counts[v] * literal_cost(all, counts[v]);
    return sum;
}

static inline size_t smaller(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* Bytes from `at` on that one code suits, and how often each value is among them. */
static size_t block_nbytes(const pack *p, size_t at, uint32_t counts[256])
{
    size_t nbytes = smaller(STRETCH, p->nbytes - at), next;
    uint64_t cost;

    count_bytes(counts, p->in + at, nbytes);
    cost = coded_cost(counts, nbytes);
    for (; (next = smaller(STRETCH, p->nbytes - at - nbytes)) && nbytes + next <= BLOCK_MOST; nbytes += next) {
        uint32_t more[256], both[256];
        uint64_t joined;

        count_bytes(more, p->in + at + nbytes, next);
        for (int v = 0; v < 256; v++)
            both[v] = counts[v] + more[v];
        joined = coded_cost(both, nbytes + next);
        if (joined > cost + coded_cost(more, next) + HEADER)
            break;
        memcpy(counts, both, sizeof both);
        cost = joined;
    }
    return nbytes;
}

/* Of each value by the code that suits these; returns the mean. */
static uint32_t set_costs(uint16_t cost[256], const uint32_t counts[256], size_t nbytes)
{
    uint32_t all = log2_of((uint32_t)nbytes);
    uint64_t sum = 0;

    for (int v = 0; v < 256; v++) {
        cost[v] = (uint16_t)literal_cost(all, counts[v]);
        sum += (uint64_t)counts[v] * cost[v];
    }
    return (uint32_t)(sum / nbytes);
}

/* ---- blocks ------------------------------------------------------------ */

/* Counts symbols; counts: of all bytes of the block, of which `matched` are in matches. */
static void count_symbols(pack *p, const uint8_t *at, size_t nbytes, size_t matched, const uint32_t counts[256])
{
    const uint8_t *end = at + nbytes;
    bool fewer = matched < nbytes / 2; /* the matched bytes are taken off, else the others counted */

    memset(p->literals, 0, sizeof p->literals);
    memset(p->distances, 0, sizeof p->distances);
    if (fewer)
        memcpy(p->literals, counts, 256 * sizeof *counts);
    p->literals[CK_PNG_CODE_END] = 1;
    for (const ck_png_match *m = p->matcher.matches; m < p->matcher.matches + p->matcher.count; m++) {
        const uint8_t *to = at + m->literals;

        p->literals[CK_PNG_CODE_LENGTHS + ck_png_length_part(m->nbytes).symbol]++;
        p->distances[ck_png_distance_part(m->back).symbol]++;
        for (; !fewer && at < to; at++)
            p->literals[*at]++;
        at = to + m->nbytes;
        for (; fewer && to < at; to++)
            p->literals[*to]--;
    }
    for (; !fewer && at < end; at++)
        p->literals[*at]++;
}

/* Of everything behind a block's header, by these codes. */
static size_t symbols_nbits(const pack *p, const ck_png_code *literals, const ck_png_code *distances)
{
    size_t sum = 0;

    for (int i = 0; i < CK_PNG_CODE_LITERALS; i++)
        sum += (size_t)p->literals[i] * literals->nbits[i];
    for (int i = 0; i < CK_PNG_CODE_DISTANCES; i++)
        sum += (size_t)p->distances[i] * distances->nbits[i];
    for (const ck_png_match *m = p->matcher.matches; m < p->matcher.matches + p->matcher.count; m++)
        sum += (size_t)(ck_png_length_part(m->nbytes).extra_nbits + ck_png_distance_part(m->back).extra_nbits);
    return sum;
}

static inline void put_symbol(ck_png_bits *to, const ck_png_code *c, int symbol)
{
    ck_png_bits_add(to, c->bits[symbol], c->nbits[symbol]);
}

static inline void put_literals(ck_png_bits *to, const ck_png_code *c, const uint8_t *at, size_t n)
{
    ck_png_bits b = *to; /* kept in registers: what is stored could be the struct itself */

    for (; n >= 4; n -= 4, at += 4) {
        for (int i = 0; i < 4; i++)
            put_symbol(&b, c, at[i]);
        ck_png_bits_store(&b);
    }
    for (; n; n--) {
        put_symbol(&b, c, *at++);
        ck_png_bits_store(&b);
    }
    *to = b;
}

static void put_symbols(const pack *p, const uint8_t *at, size_t nbytes, ck_png_bits *to)
{
    const uint8_t *end = at + nbytes;

    for (const ck_png_match *m = p->matcher.matches; m < p->matcher.matches + p->matcher.count; m++) {
        ck_png_part length = ck_png_length_part(m->nbytes), distance = ck_png_distance_part(m->back);

        put_literals(to, &p->literal_code, at, m->literals);
        put_symbol(to, &p->literal_code, CK_PNG_CODE_LENGTHS + length.symbol);
        ck_png_bits_add(to, length.extra, length.extra_nbits);
        ck_png_bits_store(to);
        put_symbol(to, &p->distance_code, distance.symbol);
        ck_png_bits_add(to, distance.extra, distance.extra_nbits);
        ck_png_bits_store(to);
        at += m->literals + m->nbytes;
    }
    put_literals(to, &p->literal_code, at, (size_t)(end - at));
    put_symbol(to, &p->literal_code, CK_PNG_CODE_END);
    ck_png_bits_store(to);
}

static void put_stored(const uint8_t *at, size_t nbytes, bool final, ck_png_bits *to)
{
    ck_png_bits_add(to, final, 3);
    ck_png_bits_align(to);
    ck_png_bits_add(to, nbytes | (uint64_t)(~nbytes & 65535) << 16, 32);
    ck_png_bits_store(to);
    memcpy(to->at, at, nbytes);
    to->at += nbytes;
}

/* The shortest of deflate's three kinds. */
static void put_block(pack *p, const uint8_t *at, size_t nbytes, bool final, ck_png_bits *to)
{
    ck_png_code literals, distances;
    size_t own, fixed, stored = 8 * (nbytes + STORED_HEAD);

    ck_png_code_build(&p->literal_code, p->literals, CK_PNG_CODE_LITERALS, LITERAL_LONGEST);
    ck_png_code_build(&p->distance_code, p->distances, CK_PNG_CODE_DISTANCES, DISTANCE_LONGEST);
    ck_png_code_head_plan(&p->head, &p->literal_code, &p->distance_code);
    ck_png_code_fixed(&literals, &distances);
    own = 3 + p->head.nbits + symbols_nbits(p, &p->literal_code, &p->distance_code);
    fixed = 3 + symbols_nbits(p, &literals, &distances);
    if (stored <= own && stored <= fixed) {
        put_stored(at, nbytes, final, to);
        return;
    }
    ck_png_bits_add(to, (uint64_t)final | (fixed <= own ? 1 : 2) << 1, 3);
    if (fixed <= own) {
        p->literal_code = literals;
        p->distance_code = distances;
    } else {
        ck_png_code_head_write(&p->head, to);
    }
    put_symbols(p, at, nbytes, to);
}

/* ---- the engine -------------------------------------------------------- */

/* Every block is no larger than stored; the last store of bits reaches further. */
static size_t pack_bound(size_t nbytes, size_t calls)
{
    return nbytes + STORED_HEAD * (nbytes / STRETCH + calls) + STORED_HEAD + sizeof(uint64_t);
}

static size_t pack_memory(int level)
{
    (void)level;
    return sizeof(pack);
}

static void *pack_open(int level)
{
    pack *p = malloc(sizeof *p);

    if (p)
        p->effort = efforts[level];
    return p;
}

static void pack_begin(void *state)
{
    (void)state;
}

static bool pack_put(void *state, const uint8_t *in, size_t nbytes, ck_png_flow flow, ck_png_space *space)
{
    pack *p = state;
    ck_png_bits to = {space->at, 0, 0};
    uint32_t counts[256];

    if (flow == CK_PNG_MORE || pack_bound(nbytes, 1) > space->left)
        return false;
    p->in = in;
    p->nbytes = nbytes;
    ck_png_matcher_begin(&p->matcher, p->effort, in);
    for (size_t at = 0, n; at < nbytes; at += n) {
        size_t matched;

        n = block_nbytes(p, at, counts);
        matched = ck_png_matcher_find(&p->matcher, at, at + n, set_costs(p->matcher.cost, counts, n));
        count_symbols(p, in + at, n, matched, counts);
        put_block(p, in + at, n, flow == CK_PNG_FINISH && at + n == nbytes, &to);
    }
    if (flow == CK_PNG_FLUSH)
        put_stored(in, 0, false, &to);
    ck_png_bits_align(&to);
    space->left -= (size_t)(to.at - space->at);
    space->at = to.at;
    return true;
}

const ck_png_engine ck_png_engine_pack = {
    .stage_nbytes = SIZE_MAX,
    .bound = pack_bound,
    .memory = pack_memory,
    .open = pack_open,
    .close = free,
    .begin = pack_begin,
    .put = pack_put,
};
