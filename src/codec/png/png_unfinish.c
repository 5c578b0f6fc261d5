#include "codec/png/png_unfinish.h"

#include <string.h>
#include <zlib.h>

/* Positions in bits. */
typedef struct ends {
    uint64_t last; /* where the last block begins */
    uint64_t end;  /* where it ends */
} ends;

/*
 * Only decoding tells where a block ends. zlib stops there when asked to, and
 * says how many bits of the last byte it has not used (zlib.h, Z_BLOCK).
 */
static int find_ends(const uint8_t *at, size_t nbytes, ends *e)
{
    enum { UNUSED = 63, LAST = 64, BOUNDARY = 128 };
    uint8_t out[32768];
    z_stream z = {.next_in = (z_const Bytef *)at};
    const uint8_t *end = at + nbytes;
    uint64_t boundary = 0;
    int result = inflateInit2(&z, -15);

    while (result == Z_OK) {
        size_t left = (size_t)(end - z.next_in);

        z.avail_in = (uInt)(left < (1u << 30) ? left : 1u << 30);
        z.next_out = out;
        z.avail_out = sizeof out;
        result = inflate(&z, Z_BLOCK);
        if (!(z.data_type & BOUNDARY))
            continue;
        e->last = boundary;
        boundary = 8 * (uint64_t)(z.next_in - at) - (unsigned)(z.data_type & UNUSED);
        if (z.data_type & LAST) {
            e->end = boundary;
            break;
        }
    }
    inflateEnd(&z);
    return result == Z_OK || result == Z_STREAM_END;
}

size_t ck_png_unfinish(uint8_t *at, size_t nbytes)
{
    static const uint8_t empty[] = {0, 0, 0xff, 0xff};
    ends e;

    if (!find_ends(at, nbytes, &e))
        return 0;
    at[e.last / 8] &= (uint8_t)~(1u << e.last % 8);
    nbytes = (size_t)((e.end + 3 + 7) / 8); /* not final, stored: three zero bits, then to the next byte */
    if (e.end % 8)
        at[e.end / 8] &= (uint8_t)((1u << e.end % 8) - 1);
    if (nbytes > (e.end + 7) / 8)
        at[nbytes - 1] = 0;
    memcpy(at + nbytes, empty, sizeof empty);
    return nbytes + sizeof empty;
}
