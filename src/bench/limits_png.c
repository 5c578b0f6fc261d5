/* PNG: the file's own compressed pixels through every inflate that is built in. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

#include "bench/limits_png.h"

#ifdef CK_HAVE_LIBDEFLATE
#include <libdeflate.h>
#endif
#ifdef CK_HAVE_ISAL
#include <isa-l/igzip_lib.h>
#endif

enum { MIB = 1 << 20, PIECE = MIB };

/* Beyond this the beginning of an image stands for the whole: more bytes do not make the rate more certain. */
static const uint64_t raw_most = (uint64_t)512 * MIB;

/* ---- the file ------------------------------------------------------------------------------ */

static uint32_t get32(const uint8_t *p)
{
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

bool ck_limits_png_pass(const ck_limits_png *p, unsigned pass, uint32_t *rows, size_t *row_nbytes)
{
    static const uint8_t x0[] = {0, 4, 0, 2, 0, 1, 0}, y0[] = {0, 0, 4, 0, 2, 0, 1}, xs[] = {3, 3, 2, 2, 1, 1, 0},
                         ys[] = {3, 3, 3, 2, 2, 1, 1}; /* origin, and steps as powers of two; PNG 8.1 */
    uint32_t width = p->width;

    if (pass >= (p->interlaced ? 7u : 1u))
        return false;
    *rows = p->height;
    if (p->interlaced) {
        width = (uint32_t)(((uint64_t)p->width + (1u << xs[pass]) - 1 - x0[pass]) >> xs[pass]);
        *rows = (uint32_t)(((uint64_t)p->height + (1u << ys[pass]) - 1 - y0[pass]) >> ys[pass]);
    }
    if (!width)
        *rows = 0;
    *row_nbytes = (size_t)(((uint64_t)width * p->pixel_bits + 7) / 8);
    return true;
}

static bool read_header(ck_limits_png *p, const uint8_t *ihdr)
{
    static const uint8_t channels[] = {1, 0, 3, 1, 2, 0, 4}; /* by colour type; PNG 11.2.2 */
    uint32_t rows;
    size_t row;

    if (ihdr[9] > 6 || !channels[ihdr[9]])
        return false;
    p->width = get32(ihdr);
    p->height = get32(ihdr + 4);
    p->pixel_bits = (unsigned)ihdr[8] * channels[ihdr[9]];
    p->bpp = p->pixel_bits < 8 ? 1 : p->pixel_bits / 8;
    p->interlaced = ihdr[12] != 0;
    for (unsigned pass = 0; ck_limits_png_pass(p, pass, &rows, &row); pass++)
        p->whole_nbytes += (uint64_t)rows * (row + 1);
    return p->whole_nbytes > 0;
}

/* Every IDAT of the file, one behind the other, into p->idat; at most `most` bytes of it. */
static bool read_chunks(ck_limits_png *p, FILE *f, size_t most)
{
    uint8_t head[8], ihdr[13];
    bool header = false;

    if (fread(head, 8, 1, f) != 1)
        return false;
    while (p->idat_nbytes < most && fread(head, 8, 1, f) == 1 && memcmp(head + 4, "IEND", 4) != 0) {
        size_t nbytes = get32(head), want = 0;

        if (!header) {
            header = nbytes == 13 && fread(ihdr, 13, 1, f) == 1 && read_header(p, ihdr);
            if (!header)
                return false;
            nbytes = 0;
        } else if (!memcmp(head + 4, "IDAT", 4)) {
            want = nbytes < most - p->idat_nbytes ? nbytes : most - p->idat_nbytes;
            if (want && fread(p->idat + p->idat_nbytes, want, 1, f) != 1)
                return false;
            p->idat_nbytes += want;
        }
        if (fseeko(f, (off_t)(nbytes - want) + 4, SEEK_CUR))
            return false;
    }
    return header && p->idat_nbytes > 0;
}

/* ---- inflate -------------------------------------------------------------------------------- */

/* Into pieces that stay in the cache where `whole` is NULL, as a reader of rows does it. The bytes made, 0: failed. */
static size_t inflate_zlib(const ck_limits_png *p, uint8_t *whole, uint8_t *piece)
{
    z_stream z = {.next_in = p->idat, .avail_in = (uInt)p->idat_nbytes};
    size_t made = 0;
    int code = inflateInit(&z);

    while (code == Z_OK && made < p->raw_nbytes) {
        size_t room = p->raw_nbytes - made < PIECE ? p->raw_nbytes - made : PIECE;
        z.next_out = whole ? whole + made : piece;
        z.avail_out = (uInt)room;
        code = inflate(&z, Z_NO_FLUSH);
        ck_limits_keep(piece);
        made += room - z.avail_out;
    }
    inflateEnd(&z);
    return code == Z_OK || code == Z_STREAM_END || code == Z_BUF_ERROR ? made : 0; /* the last: a part was read */
}

static double zlib_once(void *user)
{
    static uint8_t piece[PIECE];
    const ck_limits_png *p = user;
    double start = ck_limits_now();

    errno = EBADMSG;
    return inflate_zlib(p, NULL, piece) == p->raw_nbytes ? ck_limits_now() - start : -1;
}

#ifdef CK_HAVE_LIBDEFLATE
static double libdeflate_once(void *user)
{
    const ck_limits_png *p = user;
    struct libdeflate_decompressor *d = libdeflate_alloc_decompressor();
    size_t made = 0;

    if (!d)
        return -1;
    double start = ck_limits_now();
    enum libdeflate_result r = libdeflate_zlib_decompress(d, p->idat, p->idat_nbytes, p->raw, p->raw_nbytes, &made);
    double taken = ck_limits_now() - start;
    libdeflate_free_decompressor(d);
    errno = EBADMSG;
    return r == LIBDEFLATE_SUCCESS && made == p->raw_nbytes ? taken : -1;
}
#endif

#ifdef CK_HAVE_ISAL
static double isal_once(void *user)
{
    static struct inflate_state s; /* large */
    static uint8_t piece[PIECE];
    const ck_limits_png *p = user;
    size_t made = 0;
    int code = ISAL_DECOMP_OK;
    double start = ck_limits_now();

    isal_inflate_init(&s);
    s.crc_flag = ISAL_ZLIB;
    s.next_in = p->idat;
    s.avail_in = (uint32_t)p->idat_nbytes;
    while (code >= 0 && made < p->raw_nbytes) {
        size_t room = p->raw_nbytes - made < PIECE ? p->raw_nbytes - made : PIECE;
        s.next_out = piece;
        s.avail_out = (uint32_t)room;
        code = isal_inflate(&s);
        if (s.avail_out == room)
            break;
        made += room - s.avail_out;
    }
    errno = EBADMSG;
    return made == p->raw_nbytes ? ck_limits_now() - start : -1;
}
#endif

typedef struct engine {
    const char *name, *text;
    ck_work work;
    bool streams;
} engine;

static const engine engines[] = {
    {"inflate_zlib", "inflate, zlib", zlib_once, true},
#ifdef CK_HAVE_LIBDEFLATE
    {"inflate_libdeflate", "inflate, libdeflate", libdeflate_once, false},
#endif
#ifdef CK_HAVE_ISAL
    {"inflate_isal", "inflate, ISA-L", isal_once, true},
#endif
};

static chunkimg_status inflate_all(ck_limits *l, ck_limits_png *p, chunkimg_error *err)
{
    bool part = p->raw_nbytes < p->whole_nbytes;
    chunkimg_status status = CHUNKIMG_OK;

    for (size_t i = 0; i < sizeof engines / sizeof *engines && !status; i++) {
        ck_figure f = {.group = "png", .unit = "MB/s"};
        double s = 0;

        if (part && !engines[i].streams)
            continue; /* it takes whole streams only */
        snprintf(f.name, sizeof f.name, "%s", engines[i].name);
        snprintf(f.text, sizeof f.text, "%s", engines[i].text);
        snprintf(f.note, sizeof f.note, "of filtered rows, %s%.1f MB, %s", part ? "the first " : "all ",
                 (double)p->raw_nbytes * 1e-6, engines[i].streams ? "in pieces of 1 MiB" : "at once");
        status = ck_limits_rate(l, f, (double)p->raw_nbytes * 1e-6, engines[i].work, p, &s, err);
        s *= (double)p->whole_nbytes / (double)p->raw_nbytes;
        if (s > 0 && (l->floors.inflate_s <= 0 || s < l->floors.inflate_s))
            l->floors.inflate_s = s;
    }
    return status;
}

/* ---- all of it ---------------------------------------------------------------------------------- */

/* Fills p; what it holds is freed by the caller in any case. */
static chunkimg_status load(const ck_limits *l, ck_limits_png *p, chunkimg_error *err)
{
    uint64_t most = raw_most < l->spare_memory / 3 ? raw_most : l->spare_memory / 3;
    uint64_t take = most < l->input_bytes ? most : l->input_bytes;
    FILE *f = fopen(l->path, "re");

    if (!f)
        return ck_limits_failed(err, CHUNKIMG_SYSTEM, errno, "%s", l->input);
    p->idat = malloc((size_t)take);
    bool fine = p->idat && read_chunks(p, f, (size_t)take);
    fclose(f);
    if (!p->idat)
        return ck_limits_failed(err, CHUNKIMG_SYSTEM, ENOMEM, "%s", l->input);
    if (fine) {
        p->raw_nbytes = (size_t)(p->whole_nbytes < most ? p->whole_nbytes : most);
        p->raw = malloc(p->raw_nbytes);
        if (!p->raw)
            return ck_limits_failed(err, CHUNKIMG_SYSTEM, ENOMEM, "%s", l->input);
        p->raw_nbytes = inflate_zlib(p, p->raw, NULL); /* fewer where the file holds more than was read of it */
    }
    if (!fine || !p->raw_nbytes)
        return ck_limits_failed(err, CHUNKIMG_BAD_INPUT, 0, "%s: the PNG cannot be taken apart", l->input);
    return CHUNKIMG_OK;
}

chunkimg_status ck_limits_of_png(ck_limits *l, chunkimg_error *err)
{
    ck_limits_png p = {.idat = NULL};
    chunkimg_status status = load(l, &p, err);

    if (!status)
        status = inflate_all(l, &p, err);
    if (!status)
        status = ck_limits_of_rows(l, &p, err);
    if (!status)
        status = ck_limits_of_deflate(l, &p, err);
    free(p.idat);
    free(p.raw);
    return status;
}
