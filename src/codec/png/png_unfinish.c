/*
 * Where the last block begins only decoding tells, but nothing of what is
 * decoded is needed: a walk over the codes (RFC 1951) that adds up their
 * lengths, several literals at a time, is about three times as fast as zlib's
 * inflate with Z_BLOCK.
 *
 * The stream comes from a compressor of this very process. Still nothing is
 * read outside of it, whatever it holds, and a stream that makes no sense ends
 * the walk.
 */
#include "codec/png/png_unfinish.h"

#include <stdbool.h>
#include <string.h>

enum {
    SHORT = 12, /* bits that are looked up at once */
    LONGEST = 15,
    LITERALS = 288,
    DISTANCES = 32,
    END_OF_BLOCK = 256,
};

/* What begins with certain SHORT bits. */
typedef enum what { BY_HAND, LITERAL, MATCH, END } what;

typedef struct entry {
    uint8_t what;
    uint8_t bits; /* of the code, or of several literals' codes, with extra bits */
} entry;

typedef struct code {
    entry of[1 << SHORT];
    uint16_t count[LONGEST + 1];  /* codes of each length */
    uint16_t symbol[LITERALS];    /* in the order of their codes */
} code;

typedef struct walk {
    const uint8_t *at;
    size_t nbytes;
    uint64_t bit; /* position */
    code literals, distances;
} walk;

/* ---- bits -------------------------------------------------------------- */

/* At least 57 bits from `bit` on; zeros behind the end. */
static inline uint64_t peek(const walk *w)
{
    size_t byte = (size_t)(w->bit / 8), left = byte < w->nbytes ? w->nbytes - byte : 0;
    uint64_t v = 0;

#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
    if (left >= 8) {
        memcpy(&v, w->at + byte, 8);
        return v >> w->bit % 8;
    }
#endif
    for (size_t i = 0; i < left && i < 8; i++)
        v |= (uint64_t)w->at[byte + i] << 8 * i;
    return v >> w->bit % 8;
}

static unsigned take(walk *w, unsigned bits)
{
    unsigned v = (unsigned)(peek(w) & ((1u << bits) - 1));

    w->bit += bits;
    return v;
}

/* ---- codes ------------------------------------------------------------- */

static entry literal_entry(unsigned symbol, unsigned bits)
{
    unsigned n = symbol - END_OF_BLOCK - 1; /* among the 29 lengths */
    unsigned extra = n < 8 || n >= 28 ? 0 : n / 4 - 1;

    if (symbol < END_OF_BLOCK)
        return (entry){LITERAL, (uint8_t)bits};
    if (symbol == END_OF_BLOCK)
        return (entry){END, (uint8_t)bits};
    return (entry){MATCH, (uint8_t)(bits + extra)};
}

static entry distance_entry(unsigned symbol, unsigned bits)
{
    return (entry){MATCH, (uint8_t)(bits + (symbol < 2 ? 0 : symbol / 2 - 1))};
}

static unsigned reversed(unsigned v, unsigned bits)
{
    unsigned r = 0;

    for (; bits; bits--, v >>= 1)
        r = r << 1 | (v & 1);
    return r;
}

static void build(code *c, const uint8_t *lengths, unsigned n, entry (*make)(unsigned symbol, unsigned bits))
{
    unsigned next[LONGEST + 2] = {0}, place[LONGEST + 2] = {0};

    memset(c->of, 0, sizeof c->of);
    memset(c->count, 0, sizeof c->count);
    for (unsigned i = 0; i < n; i++)
        c->count[lengths[i]]++;
    c->count[0] = 0;
    for (unsigned bits = 1; bits <= LONGEST; bits++) {
        next[bits + 1] = (next[bits] + c->count[bits]) << 1;
        place[bits + 1] = place[bits] + c->count[bits];
    }
    for (unsigned i = 0; i < n; i++) {
        unsigned bits = lengths[i];

        if (!bits)
            continue;
        c->symbol[place[bits]++] = (uint16_t)i;
        for (unsigned k = reversed(next[bits]++, bits); bits <= SHORT && k < 1u << SHORT; k += 1u << bits)
            c->of[k] = make(i, bits);
    }
}

/* From the highest index down: what an entry is joined with has a lower one or is itself, not joined yet. */
static void join_literals(code *c)
{
    for (unsigned i = 1u << SHORT; i-- > 0;) {
        unsigned bits = 0;

        for (entry e = c->of[i]; e.what == LITERAL && bits + e.bits <= SHORT; e = c->of[i >> bits])
            bits += e.bits;
        if (bits)
            c->of[i].bits = (uint8_t)bits;
    }
}

/* A code of more than SHORT bits, bit by bit as in the standard's 3.2.2; what == BY_HAND: there is none. */
static entry decode_long(const code *c, uint64_t v, entry (*make)(unsigned symbol, unsigned bits))
{
    unsigned value = 0, first = 0, place = 0;

    for (unsigned bits = 1; bits <= LONGEST; bits++, v >>= 1) {
        value |= v & 1;
        if (value < first + c->count[bits])
            return make(c->symbol[place + value - first], bits);
        place += c->count[bits];
        first = (first + c->count[bits]) << 1;
        value <<= 1;
    }
    return (entry){BY_HAND, 0};
}

/* ---- blocks ------------------------------------------------------------ */

static void fixed_codes(walk *w)
{
    uint8_t lengths[LITERALS];

    for (unsigned i = 0; i < LITERALS; i++)
        lengths[i] = i < 144 ? 8 : i < 256 ? 9 : i < 280 ? 7 : 8;
    build(&w->literals, lengths, LITERALS, literal_entry);
    memset(lengths, 5, DISTANCES);
    build(&w->distances, lengths, DISTANCES, distance_entry);
}

static entry plain_entry(unsigned symbol, unsigned bits)
{
    return (entry){(uint8_t)symbol, (uint8_t)bits};
}

/* The lengths of both codes, themselves coded with repetitions. */
static bool read_lengths(walk *w, const code *c, uint8_t *lengths, unsigned n)
{
    for (unsigned i = 0; i < n;) {
        entry e = c->of[peek(w) & ((1u << SHORT) - 1)];
        unsigned times = 1, value = e.what;

        if (!e.bits || w->bit > 8 * (uint64_t)w->nbytes)
            return false;
        w->bit += e.bits;
        if (value == 16 && !i)
            return false;
        if (value >= 16) {
            times = value == 16 ? 3 + take(w, 2) : value == 17 ? 3 + take(w, 3) : 11 + take(w, 7);
            value = value == 16 ? lengths[i - 1] : 0;
        }
        if (times > n - i)
            return false;
        memset(lengths + i, (int)value, times);
        i += times;
    }
    return true;
}

static bool dynamic_codes(walk *w)
{
    static const uint8_t order[19] = {16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15};
    unsigned literals = 257 + take(w, 5), distances = 1 + take(w, 5), n = 4 + take(w, 4);
    uint8_t lengths[LITERALS + DISTANCES] = {0};

    for (unsigned i = 0; i < n; i++)
        lengths[order[i]] = (uint8_t)take(w, 3);
    build(&w->distances, lengths, 19, plain_entry);
    if (literals > LITERALS || !read_lengths(w, &w->distances, lengths, literals + distances))
        return false;
    build(&w->distances, lengths + literals, distances, distance_entry);
    build(&w->literals, lengths, literals, literal_entry);
    return true;
}

static bool pass_codes(walk *w)
{
    join_literals(&w->literals);
    while (w->bit <= 8 * (uint64_t)w->nbytes) {
        uint64_t v = peek(w);
        entry e = w->literals.of[v & ((1u << SHORT) - 1)], d;

        if (e.what == BY_HAND)
            e = decode_long(&w->literals, v, literal_entry);
        w->bit += e.bits;
        if (e.what == END || e.what == BY_HAND)
            return e.what == END;
        if (e.what == LITERAL)
            continue;
        v >>= e.bits;
        d = w->distances.of[v & ((1u << SHORT) - 1)];
        if (d.what == BY_HAND)
            d = decode_long(&w->distances, v, distance_entry);
        if (d.what == BY_HAND)
            return false;
        w->bit += d.bits;
    }
    return false;
}

static bool pass_stored(walk *w)
{
    w->bit = (w->bit + 7) / 8 * 8;
    w->bit += 8 * (uint64_t)(take(w, 16) & 0xffff) + 16;
    return true;
}

/* To behind the last block; *last: where it begins. */
static bool pass_blocks(walk *w, uint64_t *last)
{
    for (bool final = false; !final;) {
        bool good;
        unsigned type;

        *last = w->bit;
        final = take(w, 1);
        type = take(w, 2);
        if (type == 1)
            fixed_codes(w);
        good = type == 0 ? pass_stored(w) : type == 3 || (type == 2 && !dynamic_codes(w)) ? false : pass_codes(w);
        if (!good || w->bit > 8 * (uint64_t)w->nbytes)
            return false;
    }
    return true;
}

size_t ck_png_unfinish(uint8_t *at, size_t nbytes)
{
    static const uint8_t empty[] = {0, 0, 0xff, 0xff};
    walk w = {.at = at, .nbytes = nbytes};
    uint64_t last;

    if (!pass_blocks(&w, &last))
        return 0;
    at[last / 8] &= (uint8_t)~(1u << last % 8);
    nbytes = (size_t)((w.bit + 3 + 7) / 8); /* not final, stored: three zero bits, then to the next byte */
    if (w.bit % 8)
        at[w.bit / 8] &= (uint8_t)((1u << w.bit % 8) - 1);
    if (nbytes > (w.bit + 7) / 8)
        at[nbytes - 1] = 0;
    memcpy(at + nbytes, empty, sizeof empty);
    return nbytes + sizeof empty;
}
