/* The compressing libraries, each behind a ck_png_engine. */
#include "codec/png/png_engine.h"

#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#ifdef CK_HAVE_LIBDEFLATE
#include <libdeflate.h>
#endif
#ifdef CK_HAVE_ISAL
#include <isa-l/igzip_lib.h>
#endif

#include "codec/png/png_unfinish.h"

/* Rows are handed over while they are still in the L2 cache. */
enum { STAGE_NBYTES = 256 << 10, STORED_MOST = 65535 };

/* The libraries count bytes in 32 bits. */
#define PIECE_MOST ((size_t)1 << 30)

static inline size_t smaller(size_t a, size_t b)
{
    return a < b ? a : b;
}

static inline void advance(ck_png_space *space, size_t nbytes)
{
    space->at += nbytes;
    space->left -= nbytes;
}

/* ---- stored ------------------------------------------------------------ */

static size_t stored_bound(size_t nbytes, size_t calls)
{
    return nbytes + 5 * (nbytes / STORED_MOST + calls);
}

static size_t no_memory(int level)
{
    (void)level;
    return 0;
}

static void *stored_open(int level)
{
    static char nothing;

    (void)level;
    return &nothing;
}

static void ignore(void *state)
{
    (void)state;
}

static bool stored_put(void *state, const uint8_t *in, size_t nbytes, ck_png_flow flow, ck_png_space *space)
{
    (void)state;
    if (stored_bound(nbytes, 1) > space->left)
        return false;
    while (nbytes) {
        size_t n = smaller(nbytes, STORED_MOST);
        bool final = n == nbytes && flow == CK_PNG_FINISH;
        uint8_t head[5] = {final, (uint8_t)n, (uint8_t)(n >> 8), (uint8_t)~n, (uint8_t)(~n >> 8)};

        memcpy(space->at, head, sizeof head);
        memcpy(space->at + sizeof head, in, n);
        advance(space, sizeof head + n);
        in += n;
        nbytes -= n;
    }
    return true;
}

const ck_png_engine ck_png_engine_stored = {
    .stage_nbytes = STAGE_NBYTES,
    .bound = stored_bound,
    .memory = no_memory,
    .open = stored_open,
    .close = ignore,
    .begin = ignore,
    .put = stored_put,
};

/* ---- zlib -------------------------------------------------------------- */

/* zlib's own compressBound in size_t, and room for a flush with every call. */
static size_t zlib_bound(size_t nbytes, size_t calls)
{
    return nbytes + (nbytes >> 12) + (nbytes >> 14) + (nbytes >> 25) + 13 + 16 * calls;
}

static size_t zlib_memory(int level)
{
    (void)level;
    return 300 << 10; /* zconf.h: 128 KiB for the window, 128 KiB at memLevel 8, a few KiB; rounded up */
}

static void *zlib_open_for(int level, int strategy)
{
    z_stream *z = calloc(1, sizeof *z);

    if (z && deflateInit2(z, level, Z_DEFLATED, -15, 8, strategy) != Z_OK) {
        free(z);
        z = NULL;
    }
    return z;
}

static void *zlib_open(int level)
{
    return zlib_open_for(level, Z_FILTERED);
}

static void *zlib_open_plain(int level)
{
    return zlib_open_for(level, Z_DEFAULT_STRATEGY);
}

static void zlib_close(void *state)
{
    if (state)
        deflateEnd(state);
    free(state);
}

static void zlib_begin(void *state)
{
    deflateReset(state);
}

static bool zlib_put(void *state, const uint8_t *in, size_t nbytes, ck_png_flow flow, ck_png_space *space)
{
    static const int flush[] = {Z_NO_FLUSH, Z_FULL_FLUSH, Z_FINISH};
    z_stream *z = state;

    while (nbytes) {
        size_t n = smaller(nbytes, PIECE_MOST), room = smaller(space->left, 2 * PIECE_MOST);

        z->next_in = (z_const Bytef *)in;
        z->avail_in = (uInt)n;
        z->next_out = space->at;
        z->avail_out = (uInt)room;
        deflate(z, n == nbytes ? flush[flow] : Z_NO_FLUSH);
        if (z->avail_in || !z->avail_out)
            return false;
        advance(space, room - z->avail_out);
        in += n;
        nbytes -= n;
    }
    return true;
}

const ck_png_engine ck_png_engine_zlib = {
    .stage_nbytes = STAGE_NBYTES,
    .bound = zlib_bound,
    .memory = zlib_memory,
    .open = zlib_open,
    .close = zlib_close,
    .begin = zlib_begin,
    .put = zlib_put,
};

const ck_png_engine ck_png_engine_zlib_plain = {
    .stage_nbytes = STAGE_NBYTES,
    .bound = zlib_bound,
    .memory = zlib_memory,
    .open = zlib_open_plain,
    .close = zlib_close,
    .begin = zlib_begin,
    .put = zlib_put,
};

/* ---- ISA-L ------------------------------------------------------------- */
#ifdef CK_HAVE_ISAL

/* Enough for every level; more tokens a block mean fewer, better fitting codes. */
enum { LEVEL_BUF_NBYTES = ISAL_DEF_LVL3_LARGE };

typedef struct isal_state {
    struct isal_zstream stream;
    uint8_t level_buf[LEVEL_BUF_NBYTES];
} isal_state;

/*
 * A dynamic block is never worse than the fixed code, which needs at most 9
 * bits a byte, and has a header of at most 328 bytes for 64 K tokens, one byte
 * each at the least.
 */
static size_t isal_bound(size_t nbytes, size_t calls)
{
    return nbytes + nbytes / 8 + nbytes / 128 + 512 + 16 * calls;
}

static size_t isal_memory(int level)
{
    (void)level;
    return sizeof(isal_state);
}

static void *isal_open(int level)
{
    isal_state *s = calloc(1, sizeof *s);

    if (!s)
        return NULL;
    isal_deflate_init(&s->stream);
    s->stream.level = (uint32_t)level;
    s->stream.level_buf = s->level_buf;
    s->stream.level_buf_size = LEVEL_BUF_NBYTES;
    return s;
}

static void isal_begin(void *state)
{
    isal_state *s = state;

    isal_deflate_reset(&s->stream);
}

static bool isal_put(void *state, const uint8_t *in, size_t nbytes, ck_png_flow flow, ck_png_space *space)
{
    struct isal_zstream *z = &((isal_state *)state)->stream;

    while (nbytes) {
        size_t n = smaller(nbytes, PIECE_MOST), room = smaller(space->left, 2 * PIECE_MOST);

        z->next_in = (uint8_t *)(uintptr_t)in;
        z->avail_in = (uint32_t)n;
        z->next_out = space->at;
        z->avail_out = (uint32_t)room;
        z->end_of_stream = n == nbytes && flow == CK_PNG_FINISH;
        z->flush = n == nbytes && flow == CK_PNG_FLUSH ? FULL_FLUSH : NO_FLUSH;
        if (isal_deflate(z) != COMP_OK || z->avail_in || !z->avail_out)
            return false;
        advance(space, room - z->avail_out);
        in += n;
        nbytes -= n;
    }
    return true;
}

const ck_png_engine ck_png_engine_isal = {
    .stage_nbytes = STAGE_NBYTES,
    .bound = isal_bound,
    .memory = isal_memory,
    .open = isal_open,
    .close = free,
    .begin = isal_begin,
    .put = isal_put,
};
#endif

/* ---- libdeflate -------------------------------------------------------- */
#ifdef CK_HAVE_LIBDEFLATE

static size_t libdeflate_bound(size_t nbytes, size_t calls)
{
    (void)calls;
    return libdeflate_deflate_compress_bound(NULL, nbytes) + CK_PNG_UNFINISH_NBYTES;
}

/* Measured, rounded up: the compressors of levels 10 to 12 keep an optimal parse. */
static size_t libdeflate_memory(int level)
{
    return (size_t)(level < 10 ? 1 : 10) << 20;
}

static void *libdeflate_open(int level)
{
    return libdeflate_alloc_compressor(level);
}

static void libdeflate_close(void *state)
{
    libdeflate_free_compressor(state);
}

static bool libdeflate_put(void *state, const uint8_t *in, size_t nbytes, ck_png_flow flow, ck_png_space *space)
{
    size_t n;

    if (flow == CK_PNG_MORE || space->left < CK_PNG_UNFINISH_NBYTES)
        return false;
    n = libdeflate_deflate_compress(state, in, nbytes, space->at, space->left - CK_PNG_UNFINISH_NBYTES);
    if (n && flow == CK_PNG_FLUSH)
        n = ck_png_unfinish(space->at, n);
    advance(space, n);
    return n > 0;
}

const ck_png_engine ck_png_engine_libdeflate = {
    .stage_nbytes = SIZE_MAX,
    .bound = libdeflate_bound,
    .memory = libdeflate_memory,
    .open = libdeflate_open,
    .close = libdeflate_close,
    .begin = ignore,
    .put = libdeflate_put,
};
#endif
