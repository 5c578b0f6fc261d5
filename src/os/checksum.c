#include "os/checksum.h"

#include <zlib.h>

#ifdef CK_HAVE_LIBDEFLATE
#include <libdeflate.h>
#endif

uint32_t ck_crc32(uint32_t crc, const void *data, size_t nbytes)
{
#ifdef CK_HAVE_LIBDEFLATE
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
