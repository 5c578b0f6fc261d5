#include "codec/png/png_chunk.h"

#include <string.h>

#include "os/checksum.h"

const uint8_t ck_png_signature[CK_PNG_SIGNATURE_NBYTES] = {0x89, 'P', 'N', 'G', '\r', '\n', 0x1a, '\n'};

uint8_t *ck_png_seal_chunk(uint8_t *to, const char type[4], uint32_t nbytes)
{
    ck_png_put32(to, nbytes);
    memcpy(to + 4, type, 4);
    ck_png_put32(to + 8 + nbytes, ck_crc32(0, to + 4, (size_t)nbytes + 4));
    return to + CK_PNG_CHUNK_EXTRA + nbytes;
}

uint8_t *ck_png_put_chunk(uint8_t *to, const char type[4], const void *data, uint32_t nbytes)
{
    if (nbytes)
        memcpy(to + 8, data, nbytes);
    return ck_png_seal_chunk(to, type, nbytes);
}
