#include "os/checksum.h"

#include <zlib.h>

#ifdef CK_HAVE_LIBDEFLATE
#include <libdeflate.h>
#endif
#ifdef CK_HAVE_ISAL
#include <isa-l/crc.h>
#endif

/* On rows of tiles ISA-L is twice as fast as libdeflate: it folds 64 bytes at a time where the processor can. */
uint32_t ck_crc32(uint32_t crc, const void *data, size_t nbytes)
{
#if defined(CK_HAVE_ISAL)
    return crc32_gzip_refl(crc, data, nbytes);
#elif defined(CK_HAVE_LIBDEFLATE)
    return libdeflate_crc32(crc, data, nbytes);
#else
    return (uint32_t)crc32_z(crc, data, nbytes);
#endif
}

uint32_t ck_adler32(uint32_t adler, const void *data, size_t nbytes)
{
#ifdef CK_HAVE_LIBDEFLATE
    return libdeflate_adler32(adler, data, nbytes);
#else
    return (uint32_t)adler32_z(adler, data, nbytes);
#endif
}

uint32_t ck_crc32_operator(uint64_t nbytes)
{
    return (uint32_t)crc32_combine_gen64((z_off64_t)nbytes);
}

uint32_t ck_crc32_shift(uint32_t crc, uint32_t op)
{
    return (uint32_t)crc32_combine_op(crc, 0, op);
}

/* A shift is linear over GF(2): the images of the 32 single bits give all others by exclusive or. */
void ck_crc32_shifter_init(ck_crc32_shifter *shifter, uint64_t nbytes)
{
    uint32_t op = ck_crc32_operator(nbytes);

    for (unsigned byte = 0; byte < 4; byte++) {
        uint32_t *table = shifter->table[byte];

        table[0] = 0;
        for (unsigned bit = 1; bit < 256; bit *= 2) {
            table[bit] = ck_crc32_shift((uint32_t)bit << 8 * byte, op);
            for (unsigned below = 1; below < bit; below++)
                table[bit + below] = table[bit] ^ table[below];
        }
    }
}
