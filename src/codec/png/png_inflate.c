#include "codec/png/png_inflate.h"

#include <stdlib.h>

#ifdef CK_HAVE_ISAL
#include <isa-l/igzip_lib.h>
#else
#include <zlib.h>
#endif

/* The libraries count bytes in 32 bits. */
#define PIECE_MOST ((size_t)1 << 30)

static inline uint32_t piece(size_t nbytes)
{
    return (uint32_t)(nbytes < PIECE_MOST ? nbytes : PIECE_MOST);
}

/* Where there are no bytes there may be no pointer either, to which C lets nobody add 0. */
static inline void advance(ck_png_flowing *f, size_t in_nbytes, size_t out_nbytes)
{
    if (in_nbytes)
        f->in += in_nbytes;
    f->in_nbytes -= in_nbytes;
    if (out_nbytes)
        f->out += out_nbytes;
    f->out_nbytes -= out_nbytes;
}

unsigned ck_png_inflate_window(const uint8_t header[2])
{
    unsigned method = header[0] & 15, window = 8u + (header[0] >> 4);
    bool dictionary = header[1] & 32;

    return method == 8 && window <= 15 && !dictionary && (header[0] << 8 | header[1]) % 31 == 0 ? window : 0;
}

#ifdef CK_HAVE_ISAL

struct ck_png_inflate {
    struct inflate_state state;
};

size_t ck_png_inflate_memory(void)
{
    return sizeof(ck_png_inflate);
}

ck_png_inflate *ck_png_inflate_new(void)
{
    ck_png_inflate *z = calloc(1, sizeof *z);

    if (z) {
        isal_inflate_init(&z->state);
        z->state.crc_flag = ISAL_ZLIB;
    }
    return z;
}

void ck_png_inflate_free(ck_png_inflate **z)
{
    free(*z);
    *z = NULL;
}

bool ck_png_inflate_put(ck_png_inflate *z, ck_png_flowing *f)
{
    struct inflate_state *s = &z->state;
    uint32_t in = piece(f->in_nbytes), out = piece(f->out_nbytes);
    int result;

    s->next_in = (uint8_t *)(uintptr_t)f->in;
    s->avail_in = in;
    s->next_out = f->out;
    s->avail_out = out;
    result = isal_inflate(s);
    advance(f, in - s->avail_in, out - s->avail_out);
    return result == ISAL_DECOMP_OK;
}

bool ck_png_inflate_ended(const ck_png_inflate *z, size_t *unused)
{
    *unused = (size_t)z->state.read_in_length / 8;
    return z->state.block_state == ISAL_BLOCK_FINISH;
}

void ck_png_inflate_restart_raw(ck_png_inflate *z)
{
    isal_inflate_reset(&z->state);
    z->state.crc_flag = ISAL_DEFLATE;
}

/* A block's head that ISA-L has asked for and not got a bit of leaves the state HDR. */
bool ck_png_inflate_between(const ck_png_inflate *z)
{
    const struct inflate_state *s = &z->state;

    return (s->block_state == ISAL_BLOCK_NEW_HDR || (s->block_state == ISAL_BLOCK_HDR && !s->tmp_in_size))
           && !s->read_in_length;
}

#else

struct ck_png_inflate {
    z_stream stream;
    bool ended;
    int place; /* zlib's data_type after the last call that moved anything: the next one forgets it */
};

size_t ck_png_inflate_memory(void)
{
    return sizeof(ck_png_inflate) + (48 << 10); /* zlib's state and window, rounded up */
}

ck_png_inflate *ck_png_inflate_new(void)
{
    ck_png_inflate *z = calloc(1, sizeof *z);

    if (z && inflateInit(&z->stream) != Z_OK) {
        free(z);
        z = NULL;
    }
    return z;
}

void ck_png_inflate_free(ck_png_inflate **z)
{
    if (*z)
        inflateEnd(&(*z)->stream);
    free(*z);
    *z = NULL;
}

bool ck_png_inflate_put(ck_png_inflate *z, ck_png_flowing *f)
{
    uint32_t in = piece(f->in_nbytes), out = piece(f->out_nbytes);
    int result;

    z->stream.next_in = (z_const Bytef *)f->in;
    z->stream.avail_in = in;
    z->stream.next_out = f->out;
    z->stream.avail_out = out;
    result = inflate(&z->stream, Z_NO_FLUSH);
    if (z->stream.avail_in < in || z->stream.avail_out < out)
        z->place = z->stream.data_type;
    advance(f, in - z->stream.avail_in, out - z->stream.avail_out);
    z->ended = result == Z_STREAM_END;
    return result == Z_OK || result == Z_STREAM_END || result == Z_BUF_ERROR;
}

bool ck_png_inflate_ended(const ck_png_inflate *z, size_t *unused)
{
    *unused = 0;
    return z->ended;
}

void ck_png_inflate_restart_raw(ck_png_inflate *z)
{
    inflateReset2(&z->stream, -15); /* never needs memory, which is why it cannot fail */
    z->ended = false;
    z->place = 0;
}

/* 128 at the end of a block, 64 in the last one, below that the bits of a byte that was begun. */
bool ck_png_inflate_between(const ck_png_inflate *z)
{
    return z->place == 128;
}

#endif
