/*
 * CRC-32 (ISO 3309, as in PNG and zip), fast where ISA-L or libdeflate is built in, and
 * its algebra: the CRC of a whole can be put together from the CRCs of its
 * pieces in any order, because crc(A B) = shift(crc(A), bytes of B) ^ crc(B).
 */
#ifndef CK_OS_CHECKSUM_H
#define CK_OS_CHECKSUM_H

#include <stddef.h>
#include <stdint.h>

/* Start with 0. */
uint32_t ck_crc32(uint32_t crc, const void *data, size_t nbytes);

/* Start with 1. */
uint32_t ck_adler32(uint32_t adler, const void *data, size_t nbytes);

/* An operator for ck_crc32_shift. */
uint32_t ck_crc32_operator(uint64_t nbytes);

/* What `crc` contributes to the CRC of a text in which the operator's number of bytes follows. */
uint32_t ck_crc32_shift(uint32_t crc, uint32_t op);

/* The same for one number of bytes that comes up again and again: four look-ups in place of a polynomial product. */
typedef struct ck_crc32_shifter {
    uint32_t table[4][256];
} ck_crc32_shifter;

void ck_crc32_shifter_init(ck_crc32_shifter *shifter, uint64_t nbytes);

static inline uint32_t ck_crc32_shift_by(const ck_crc32_shifter *s, uint32_t crc)
{
    return s->table[0][crc & 255] ^ s->table[1][crc >> 8 & 255] ^ s->table[2][crc >> 16 & 255] ^ s->table[3][crc >> 24];
}

#endif
