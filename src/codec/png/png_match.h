/*
 * Matches of deflate (RFC 1951) that cost less than the literals they replace:
 * what each byte costs as a literal is known before matches are looked for.
 */
#ifndef CK_CODEC_PNG_MATCH_H
#define CK_CODEC_PNG_MATCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    CK_PNG_MATCH_BLOCK = 60 << 10, /* bytes that are searched in one call, at most */
    CK_PNG_MATCH_LEAST = 8,        /* bytes of a match */
    CK_PNG_MATCH_LONGEST = 258,
    CK_PNG_MATCH_WINDOW = 32768,
    CK_PNG_MATCH_HASHES = 1 << 15,
    CK_PNG_MATCH_MOST = CK_PNG_MATCH_BLOCK / CK_PNG_MATCH_LEAST + 1,
    CK_PNG_BIT = 64, /* costs are in 1/64 of a bit */
};

/* A match behind some literals. */
typedef struct ck_png_match {
    uint32_t literals;
    uint16_t nbytes, back; /* back: less 1, 0 .. 32767 */
} ck_png_match;

/* How hard is looked. */
typedef struct ck_png_effort {
    int probes; /* places with the same hash */
    bool lazy;  /* the next place can be better */
    int stride; /* after 2^stride literals in a row every second place is looked at, and so on; 0: every one */
} ck_png_effort;

typedef struct ck_png_matcher {
    ck_png_effort effort;
    const uint8_t *in;
    uint16_t latest[CK_PNG_MATCH_HASHES]; /* place with this hash, modulo 2^16 */
    uint16_t before[CK_PNG_MATCH_WINDOW]; /* distance to the place before with the same hash, 0: none */

    /* of a block */
    uint16_t cost[256]; /* of a literal, at least CK_PNG_BIT; written by the caller */
    uint32_t least;     /* bytes of a match that can pay */
    ck_png_match matches[CK_PNG_MATCH_MOST];
    size_t count; /* of matches */
} ck_png_matcher;

/* Nothing is known of `in`. */
void ck_png_matcher_begin(ck_png_matcher *m, ck_png_effort effort, const uint8_t *in);

/* Fills matches of in[at .. end); mean: cost of its bytes. Blocks come in order. Returns the bytes in matches. */
size_t ck_png_matcher_find(ck_png_matcher *m, size_t at, size_t end, uint32_t mean);

/* ---- symbols ----------------------------------------------------------- */

static inline int ck_png_log2_floor(uint32_t v)
{
    return 31 - __builtin_clz(v);
}

/* Of lengths and of distances RFC 1951 makes symbols and extra bits (clause 3.2.5). */
typedef struct ck_png_part {
    int symbol, extra_nbits;
    uint32_t extra;
} ck_png_part;

static inline ck_png_part ck_png_length_part(uint32_t nbytes)
{
    uint32_t v = nbytes - 3;
    int n;

    if (nbytes == CK_PNG_MATCH_LONGEST)
        return (ck_png_part){28, 0, 0};
    if (v < 8)
        return (ck_png_part){(int)v, 0, 0};
    n = ck_png_log2_floor(v) - 2;
    return (ck_png_part){4 * n + (int)(v >> n), n, v & ((1u << n) - 1)};
}

static inline ck_png_part ck_png_distance_part(uint32_t back)
{
    int n;

    if (back < 4)
        return (ck_png_part){(int)back, 0, 0};
    n = ck_png_log2_floor(back) - 1;
    return (ck_png_part){2 * n + (int)(back >> n), n, back & ((1u << n) - 1)};
}

#endif
