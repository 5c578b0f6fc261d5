#include "codec/png/png_range.h"

#include <string.h>

#include "codec/png/png_chunk.h"
#include "os/checksum.h"

enum { ADLER_NBYTES = 4 };

static ck_status damaged(const ck_png_range *r, const char *what, ck_error *err)
{
    return ck_fail(err, CHUNKIMG_BAD_INPUT, "%s: damaged PNG: %s", ck_input_name(r->in), what);
}

/* ---- bytes of the file ------------------------------------------------- */

/* At least n bytes lie at buffer + next afterwards; n is small against the buffer. */
static ck_status have_at_hand(ck_png_range *r, size_t n, ck_error *err)
{
    size_t kept = r->have - r->next, got;
    ck_status status;

    if (kept >= n)
        return CK_OK;
    memmove(r->buffer, r->buffer + r->next, kept);
    status = ck_input_at(r->in, r->at, r->buffer + kept, CK_PNG_RANGE_BUFFER_NBYTES - kept, &got, err);
    if (status)
        return status;
    r->at += got;
    r->next = 0;
    r->have = kept + got;
    return r->have >= n ? CK_OK : damaged(r, "the file ends too early", err);
}

static uint64_t place(const ck_png_range *r)
{
    return r->at - (r->have - r->next);
}

bool ck_png_head_at(const ck_input *in, uint64_t offset, uint32_t *length, char type[4])
{
    uint8_t head[8];
    size_t got;
    ck_error unsaid;

    if (ck_input_at(in, offset, head, sizeof head, &got, &unsaid) || got < sizeof head)
        return false;
    *length = ck_png_get32(head);
    memcpy(type, head + 4, 4);
    return true;
}

/* ---- chunks ------------------------------------------------------------ */

static ck_status check_crc(ck_png_range *r, ck_error *err)
{
    ck_status status = have_at_hand(r, 4, err);

    if (status)
        return status;
    if (ck_png_get32(r->buffer + r->next) != r->crc)
        return damaged(r, "IDAT: CRC error", err);
    r->next += 4;
    return CK_OK;
}

static ck_status next_chunk(ck_png_range *r, ck_error *err)
{
    const uint8_t *head;
    ck_status status;

    if (place(r) == r->end) {
        r->over = true;
        return CK_OK;
    }
    if ((status = have_at_hand(r, 8, err)))
        return status;
    head = r->buffer + r->next;
    if (memcmp(head + 4, "IDAT", 4) != 0) {
        r->over = true;
        return r->end == CK_PNG_RANGE_OPEN ? CK_OK : damaged(r, "IDAT: a segment ends too early", err);
    }
    if (place(r) > r->end || ck_png_get32(head) > r->longest)
        return damaged(r, "IDAT: the chunk is longer than it can be", err);
    r->left = ck_png_get32(head);
    r->crc = ck_crc32(0, "IDAT", 4);
    r->next += 8;
    return r->left ? CK_OK : check_crc(r, err);
}

/* n bytes of data were used. */
static ck_status use(ck_png_range *r, size_t n, ck_error *err)
{
    if (!n)
        return CK_OK;
    r->crc = ck_crc32(r->crc, r->buffer + r->next, n);
    r->next += n;
    r->left -= (uint32_t)n;
    return r->left ? CK_OK : check_crc(r, err);
}

ck_status ck_png_range_begin(ck_png_range *r, uint64_t from, uint64_t end, unsigned skip, ck_error *err)
{
    ck_status status;

    r->at = from;
    r->end = end;
    r->next = r->have = 0;
    r->left = 0;
    r->over = false;
    ck_png_inflate_restart_raw(r->inflate);
    if ((status = next_chunk(r, err)))
        return status;
    if (r->left < skip)
        return damaged(r, "not enough image data", err);
    if ((status = have_at_hand(r, skip, err)))
        return status;
    return use(r, skip, err);
}

/* ---- the stream -------------------------------------------------------- */

/* One call of the unpacker with what is at hand; without input it gives what it holds back. */
static ck_status unpack(ck_png_range *r, ck_png_flowing *f, ck_error *err)
{
    size_t have;
    bool good;
    ck_status status = have_at_hand(r, r->left ? 1 : 0, err);

    if (status)
        return status;
    have = r->have - r->next < r->left ? r->have - r->next : r->left;
    f->in = r->buffer + r->next;
    f->in_nbytes = have;
    good = ck_png_inflate_put(r->inflate, f);
    if (!good)
        return damaged(r, "IDAT: the compressed data are damaged", err);
    return use(r, have - f->in_nbytes, err);
}

ck_status ck_png_range_some(ck_png_range *r, uint8_t *to, size_t nbytes, size_t *got, ck_error *err)
{
    ck_png_flowing f = {.out = to, .out_nbytes = nbytes};
    ck_status status = CK_OK;
    size_t unused;

    while (f.out_nbytes && !status) {
        size_t wanted = f.out_nbytes;
        bool fed = r->left != 0;

        status = unpack(r, &f, err);
        if (ck_png_inflate_ended(r->inflate, &unused))
            break;
        if (status || fed || f.out_nbytes < wanted)
            continue;
        if (r->over)
            break;
        status = next_chunk(r, err);
    }
    *got = nbytes - f.out_nbytes;
    return status;
}

ck_status ck_png_range_read(ck_png_range *r, uint8_t *to, size_t nbytes, ck_error *err)
{
    size_t got;
    ck_status status = ck_png_range_some(r, to, nbytes, &got, err);

    return status || got == nbytes ? status : damaged(r, "not enough image data", err);
}

/* Goes over what is left of the last IDATs; all together must be an Adler-32, whose value pieces_end looks at. */
static ck_status finish_stream(ck_png_range *r, size_t taken, ck_error *err)
{
    uint64_t rest = taken;

    while (!r->over) {
        ck_status status;

        rest += r->left;
        if (rest > ADLER_NBYTES)
            break;
        if ((status = have_at_hand(r, r->left, err)) || (status = use(r, r->left, err))
            || (status = next_chunk(r, err)))
            return status;
    }
    return r->over && rest == ADLER_NBYTES ? CK_OK : damaged(r, "IDAT: extra compressed data", err);
}

ck_status ck_png_range_finish(ck_png_range *r, ck_error *err)
{
    uint8_t more[64];
    size_t got, taken;
    ck_status status = ck_png_range_some(r, more, sizeof more, &got, err);
    bool ended = ck_png_inflate_ended(r->inflate, &taken);

    if (status)
        return status;
    if (got)
        return damaged(r, "IDAT: too much image data", err);
    if (r->end == CK_PNG_RANGE_OPEN)
        return ended ? finish_stream(r, taken, err) : damaged(r, "not enough image data", err);
    if (ended || !ck_png_inflate_between(r->inflate))
        return damaged(r, "IDAT: a segment does not end where it should", err);
    return CK_OK;
}
