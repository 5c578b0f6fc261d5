#include "codec/png/png_idat.h"

#include <string.h>

#include "codec/png/png_chunk.h"
#include "os/checksum.h"

static ck_status damaged(const ck_png_idat *idat, const char *what, ck_error *err)
{
    return ck_fail(err, CHUNKIMG_BAD_INPUT, "%s: damaged PNG: %s", ck_input_name(idat->in), what);
}

static ck_status read_exactly(ck_png_idat *idat, uint8_t *to, size_t nbytes, ck_error *err)
{
    size_t got;
    ck_status status = ck_input_read(idat->in, to, nbytes, &got, err);

    if (!status && got < nbytes)
        status = damaged(idat, "the file ends too early", err);
    return status;
}

static void enter(ck_png_idat *idat, uint32_t length)
{
    idat->left = length;
    idat->crc = ck_crc32(0, "IDAT", 4);
}

void ck_png_idat_begin(ck_png_idat *idat, ck_input *in, ck_png_inflate *inflate, uint64_t longest, uint32_t length)
{
    *idat = (ck_png_idat){.in = in, .inflate = inflate, .longest = longest};
    enter(idat, length);
}

static ck_status check_crc(ck_png_idat *idat, ck_error *err)
{
    uint8_t crc[4];
    ck_status status = read_exactly(idat, crc, sizeof crc, err);

    if (!status && ck_png_get32(crc) != idat->crc)
        status = damaged(idat, "IDAT: CRC error", err);
    return status;
}

static ck_status next_chunk(ck_png_idat *idat, ck_error *err)
{
    uint8_t head[8];
    ck_status status;

    if ((status = check_crc(idat, err)) || (status = read_exactly(idat, head, sizeof head, err)))
        return status;
    if (memcmp(head + 4, "IDAT", 4) != 0)
        return damaged(idat, "not enough image data", err);
    if (ck_png_get32(head) > idat->longest)
        return damaged(idat, "IDAT: the chunk is longer than the image can be", err);
    enter(idat, ck_png_get32(head));
    return CK_OK;
}

/* Unpacks from what the input has at hand, at most to the end of the chunk. */
static ck_status unpack(ck_png_idat *idat, ck_png_flowing *f, ck_error *err)
{
    size_t have;
    ck_status status = ck_input_more(idat->in, &f->in, &have, err);
    const uint8_t *from = f->in;
    bool good;

    if (status)
        return status;
    if (!have)
        return damaged(idat, "the file ends too early", err);
    if (have > idat->left)
        have = idat->left;
    f->in_nbytes = have;
    good = ck_png_inflate_put(idat->inflate, f);
    have -= f->in_nbytes;
    idat->crc = ck_crc32(idat->crc, from, have);
    idat->left -= (uint32_t)have;
    ck_input_consume(idat->in, have);
    return good ? CK_OK : damaged(idat, "IDAT: the compressed data are damaged", err);
}

/* What the unpacker took at the end of a chunk and has not given yet; without it the next chunk would be asked for. */
static ck_status drain(ck_png_idat *idat, ck_png_flowing *f, bool *gave, ck_error *err)
{
    size_t wanted = f->out_nbytes, unused;
    bool good;

    f->in_nbytes = 0;
    good = ck_png_inflate_put(idat->inflate, f);
    *gave = f->out_nbytes < wanted || ck_png_inflate_ended(idat->inflate, &unused);
    return good ? CK_OK : damaged(idat, "IDAT: the compressed data are damaged", err);
}

/* One step towards more output. */
static ck_status step(ck_png_idat *idat, ck_png_flowing *f, ck_error *err)
{
    bool gave;
    ck_status status;

    if (idat->left)
        return unpack(idat, f, err);
    status = drain(idat, f, &gave, err);
    return status || gave ? status : next_chunk(idat, err);
}

ck_status ck_png_idat_read(ck_png_idat *idat, uint8_t *to, size_t nbytes, ck_error *err)
{
    ck_png_flowing f = {.out = to, .out_nbytes = nbytes};
    size_t unused;

    while (f.out_nbytes) {
        ck_status status;

        if (ck_png_inflate_ended(idat->inflate, &unused))
            return damaged(idat, "not enough image data", err);
        status = step(idat, &f, err);
        if (status)
            return status;
    }
    return CK_OK;
}

ck_status ck_png_idat_finish(ck_png_idat *idat, ck_error *err)
{
    uint8_t more[64];
    size_t unused;

    while (!ck_png_inflate_ended(idat->inflate, &unused)) {
        ck_png_flowing f = {.out = more, .out_nbytes = sizeof more};
        ck_status status = step(idat, &f, err);

        if (status)
            return status;
        if (f.out_nbytes < sizeof more)
            return damaged(idat, "IDAT: too much image data", err);
    }
    if (unused || idat->left)
        return damaged(idat, "IDAT: extra compressed data", err);
    return check_crc(idat, err);
}
