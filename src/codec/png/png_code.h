/* Huffman codes of deflate (RFC 1951, clause 3.2) and the bits that they are written with. */
#ifndef CK_CODEC_PNG_CODE_H
#define CK_CODEC_PNG_CODE_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

enum {
    CK_PNG_CODE_LITERALS = 288, /* symbols of literals, of the end of a block and of lengths; the last two are never used */
    CK_PNG_CODE_DISTANCES = 30,
    CK_PNG_CODE_END = 256, /* of a block */
    CK_PNG_CODE_LENGTHS = 257, /* the first symbol of a length */
};

/* Bits of each symbol, 0: it has none, and its code, the first bit lowest. */
typedef struct ck_png_code {
    uint8_t nbits[CK_PNG_CODE_LITERALS];
    uint16_t bits[CK_PNG_CODE_LITERALS];
} ck_png_code;

/* For symbols 0 .. n - 1 that occur so often, fewer than 65536 times each; no code is longer than `longest`. */
void ck_png_code_build(ck_png_code *c, const uint32_t *counts, int n, int longest);

/* The codes that deflate has for blocks without a header. */
void ck_png_code_fixed(ck_png_code *literals, ck_png_code *distances);

/* ---- bits -------------------------------------------------------------- */

/* Up to 64 bits wait; eight bytes behind `at` may be overwritten. */
typedef struct ck_png_bits {
    uint8_t *at;
    uint64_t waiting;
    int count;
} ck_png_bits;

static inline void ck_png_bits_add(ck_png_bits *b, uint64_t bits, int count)
{
    b->waiting |= bits << b->count;
    b->count += count;
}

/* Leaves fewer than 8. */
static inline void ck_png_bits_store(ck_png_bits *b)
{
    uint64_t v = b->waiting;

#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    v = __builtin_bswap64(v);
#endif
    memcpy(b->at, &v, sizeof v);
    b->at += b->count / 8;
    b->waiting >>= b->count & ~7;
    b->count &= 7;
}

/* Zeros up to the next byte; fewer than 8 bits wait before, none behind. */
static inline void ck_png_bits_align(ck_png_bits *b)
{
    b->count = (b->count + 7) & ~7;
    ck_png_bits_store(b);
}

/* A header of 19 code lengths and what they stand for. */
typedef struct ck_png_code_head {
    ck_png_code lengths;
    uint8_t symbols[CK_PNG_CODE_LITERALS + CK_PNG_CODE_DISTANCES], extra[CK_PNG_CODE_LITERALS + CK_PNG_CODE_DISTANCES];
    int count; /* of symbols */
    int literals, distances, shown; /* how many of each are told */
    size_t nbits;
} ck_png_code_head;

/* How a block that has these codes begins, behind its first three bits. */
void ck_png_code_head_plan(ck_png_code_head *h, const ck_png_code *literals, const ck_png_code *distances);
void ck_png_code_head_write(const ck_png_code_head *h, ck_png_bits *to);

#endif
