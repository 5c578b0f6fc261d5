/* Chunks, the pieces that a PNG file is made of: length, type, data, CRC of type and data; numbers are big-endian. */
#ifndef CK_CODEC_PNG_CHUNK_H
#define CK_CODEC_PNG_CHUNK_H

#include <stddef.h>
#include <stdint.h>

enum {
    CK_PNG_SIGNATURE_NBYTES = 8,
    CK_PNG_CHUNK_EXTRA = 12, /* bytes of a chunk beside its data */
};

#define CK_PNG_CHUNK_LONGEST 0x7fffffffu /* bytes of data, by the standard */

extern const uint8_t ck_png_signature[CK_PNG_SIGNATURE_NBYTES];

static inline uint32_t ck_png_get32(const uint8_t *p)
{
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static inline void ck_png_put32(uint8_t *p, uint32_t value)
{
    p[0] = (uint8_t)(value >> 24);
    p[1] = (uint8_t)(value >> 16);
    p[2] = (uint8_t)(value >> 8);
    p[3] = (uint8_t)value;
}

/* Writes a whole chunk; data may be NULL where nbytes is 0. Returns the place behind it. */
uint8_t *ck_png_put_chunk(uint8_t *to, const char type[4], const void *data, uint32_t nbytes);

/* Writes length, type and CRC around data that already lies at to + 8. Returns the place behind the chunk. */
uint8_t *ck_png_seal_chunk(uint8_t *to, const char type[4], uint32_t nbytes);

#endif
