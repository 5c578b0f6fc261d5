/* PNG: the file's own filtered rows compressed again, and the checksums that PNG asks for. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "bench/limits_png.h"

#ifdef CK_HAVE_LIBDEFLATE
#include <libdeflate.h>
#endif
#ifdef CK_HAVE_ISAL
#include <isa-l/crc.h>
#include <isa-l/igzip_lib.h>
#endif

/* Slices spread over the image, each a stream of its own, as tiles are. */
enum { SLICE = 512 * 1024, SLICES = 8 };

typedef struct packer {
    const uint8_t *raw;
    size_t raw_nbytes, slice_nbytes, slices;
    int level;
    uint8_t *out;
    size_t out_room, out_nbytes; /* out_nbytes: all slices of the last run */
    void *state;                 /* of the engine, made once */
} packer;

/* One slice into p->out; the bytes it took, 0: failed. */
typedef size_t (*pack)(packer *p, const uint8_t *in, size_t nbytes);

typedef struct engine {
    const char *name, *text;
    int level;
    bool (*open)(packer *p);
    pack pack;
    void (*close)(packer *p);
} engine;

typedef struct job {
    packer p;
    pack pack;
} job;

static double deflate_once(void *user)
{
    job *j = user;
    packer *p = &j->p;
    size_t apart = p->slices > 1 ? (p->raw_nbytes - p->slice_nbytes) / (p->slices - 1) : 0;
    double start = ck_limits_now();

    p->out_nbytes = 0;
    for (size_t i = 0; i < p->slices; i++) {
        size_t n = j->pack(p, p->raw + i * apart, p->slice_nbytes);
        if (!n) {
            errno = EIO;
            return -1;
        }
        p->out_nbytes += n;
    }
    return ck_limits_now() - start;
}

/* ---- zlib, as libpng sets it for filtered rows ------------------------------------------------- */

static bool zlib_open(packer *p)
{
    z_stream *z = calloc(1, sizeof *z);

    p->state = z;
    return z && deflateInit2(z, p->level, Z_DEFLATED, 15, 8, Z_FILTERED) == Z_OK;
}

static size_t zlib_pack(packer *p, const uint8_t *in, size_t nbytes)
{
    z_stream *z = p->state;

    deflateReset(z);
    z->next_in = (Bytef *)(uintptr_t)in;
    z->avail_in = (uInt)nbytes;
    z->next_out = p->out;
    z->avail_out = (uInt)p->out_room;
    return deflate(z, Z_FINISH) == Z_STREAM_END ? p->out_room - z->avail_out : 0;
}

static void zlib_close(packer *p)
{
    if (p->state)
        deflateEnd(p->state);
    free(p->state);
}

/* ---- libdeflate ----------------------------------------------------------------------------------- */

#ifdef CK_HAVE_LIBDEFLATE
static bool libdeflate_open(packer *p)
{
    p->state = libdeflate_alloc_compressor(p->level);
    return p->state != NULL;
}

static size_t libdeflate_pack(packer *p, const uint8_t *in, size_t nbytes)
{
    return libdeflate_zlib_compress(p->state, in, nbytes, p->out, p->out_room);
}

static void libdeflate_close(packer *p)
{
    libdeflate_free_compressor(p->state);
}
#endif

/* ---- ISA-L -------------------------------------------------------------------------------------------- */

#ifdef CK_HAVE_ISAL
typedef struct isal_state {
    struct isal_zstream z;
    uint8_t level_buffer[ISAL_DEF_LVL1_DEFAULT];
} isal_state;

static bool isal_open(packer *p)
{
    p->state = calloc(1, sizeof(isal_state));
    return p->state != NULL;
}

static size_t isal_pack(packer *p, const uint8_t *in, size_t nbytes)
{
    isal_state *s = p->state;

    isal_deflate_init(&s->z);
    s->z.level = 1;
    s->z.level_buf = s->level_buffer;
    s->z.level_buf_size = sizeof s->level_buffer;
    s->z.gzip_flag = IGZIP_ZLIB;
    s->z.end_of_stream = 1;
    s->z.next_in = (uint8_t *)(uintptr_t)in;
    s->z.avail_in = (uint32_t)nbytes;
    s->z.next_out = p->out;
    s->z.avail_out = (uint32_t)p->out_room;
    return isal_deflate(&s->z) == COMP_OK && !s->z.avail_in ? s->z.total_out : 0;
}

static void isal_close(packer *p)
{
    free(p->state);
}
#endif

static const engine engines[] = {
    {"deflate_zlib_1", "deflate, zlib 1", 1, zlib_open, zlib_pack, zlib_close},
    {"deflate_zlib_6", "deflate, zlib 6", 6, zlib_open, zlib_pack, zlib_close},
#ifdef CK_HAVE_ISAL
    {"deflate_isal_1", "deflate, ISA-L 1", 1, isal_open, isal_pack, isal_close},
#endif
#ifdef CK_HAVE_LIBDEFLATE
    {"deflate_libdeflate_1", "deflate, libdeflate 1", 1, libdeflate_open, libdeflate_pack, libdeflate_close},
    {"deflate_libdeflate_6", "deflate, libdeflate 6", 6, libdeflate_open, libdeflate_pack, libdeflate_close},
    {"deflate_libdeflate_9", "deflate, libdeflate 9", 9, libdeflate_open, libdeflate_pack, libdeflate_close},
#endif
};

static chunkimg_status deflate_by(ck_limits *l, const engine *e, job *j, uint64_t whole_nbytes, chunkimg_error *err)
{
    double sample = (double)(j->p.slice_nbytes * j->p.slices), s = 0;
    ck_figure f = {.group = "png", .unit = "MB/s"};
    chunkimg_status status;

    j->p.state = NULL;
    j->p.level = e->level;
    j->pack = e->pack;
    snprintf(f.name, sizeof f.name, "%s", e->name);
    snprintf(f.text, sizeof f.text, "%s", e->text);
    snprintf(f.note, sizeof f.note, "of filtered rows, %.1f MB: %zu slice%s of %.0f KiB", sample * 1e-6, j->p.slices,
             j->p.slices == 1 ? "" : "s", (double)j->p.slice_nbytes / 1024);
    if (!e->open(&j->p)) {
        status = ck_limits_failed(err, CHUNKIMG_SYSTEM, ENOMEM, "measuring %s", e->text);
    } else if (deflate_once(j) < 0) { /* for the ratio, which the figure must have before it is printed */
        status = ck_limits_failed(err, CHUNKIMG_SYSTEM, errno, "measuring %s", e->text);
    } else {
        f.ratio = (double)j->p.out_nbytes / sample;
        status = ck_limits_rate(l, f, sample * 1e-6, deflate_once, j, &s, err);
    }
    e->close(&j->p);
    s *= (double)whole_nbytes / sample;
    if (s > 0 && (l->floors.deflate_s <= 0 || s < l->floors.deflate_s))
        l->floors.deflate_s = s;
    return status;
}

static chunkimg_status deflate_all(ck_limits *l, const ck_limits_png *png, chunkimg_error *err)
{
    job j = {.p = {.raw = png->raw, .raw_nbytes = png->raw_nbytes}};
    chunkimg_status status = CHUNKIMG_OK;

    j.p.slice_nbytes = png->raw_nbytes < SLICE ? png->raw_nbytes : SLICE;
    j.p.slices = png->raw_nbytes / j.p.slice_nbytes < SLICES ? png->raw_nbytes / j.p.slice_nbytes : SLICES;
    j.p.out_room = j.p.slice_nbytes + j.p.slice_nbytes / 4 + 4096;
    j.p.out = malloc(j.p.out_room);
    if (!j.p.out)
        return ck_limits_failed(err, CHUNKIMG_SYSTEM, ENOMEM, "%s", l->input);
    for (size_t i = 0; i < sizeof engines / sizeof *engines && !status; i++)
        status = deflate_by(l, &engines[i], &j, png->whole_nbytes, err);
    free(j.p.out);
    return status;
}

/* ---- checksums ------------------------------------------------------------------------------------------ */

/* Of bytes that lie in the cache, since that is where they are when they were just read or written. */
enum { SUMMED = 256 * 1024, SUM_TIMES = 16 };

typedef struct checksum {
    const char *name, *text;
    uint32_t (*sum)(const uint8_t *in, size_t nbytes);
} checksum;

static uint32_t crc_zlib(const uint8_t *in, size_t n) { return (uint32_t)crc32(0, in, (uInt)n); }
static uint32_t adler_zlib(const uint8_t *in, size_t n) { return (uint32_t)adler32(1, in, (uInt)n); }
#ifdef CK_HAVE_LIBDEFLATE
static uint32_t crc_libdeflate(const uint8_t *in, size_t n) { return libdeflate_crc32(0, in, n); }
static uint32_t adler_libdeflate(const uint8_t *in, size_t n) { return libdeflate_adler32(1, in, n); }
#endif
#ifdef CK_HAVE_ISAL
static uint32_t crc_isal(const uint8_t *in, size_t n) { return crc32_gzip_refl(0, in, n); }
static uint32_t adler_isal(const uint8_t *in, size_t n) { return isal_adler32(1, in, n); }
#endif

static const checksum checksums[] = {
    {"crc32_zlib", "CRC-32, zlib", crc_zlib},
#ifdef CK_HAVE_LIBDEFLATE
    {"crc32_libdeflate", "CRC-32, libdeflate", crc_libdeflate},
#endif
#ifdef CK_HAVE_ISAL
    {"crc32_isal", "CRC-32, ISA-L", crc_isal},
#endif
    {"adler32_zlib", "Adler-32, zlib", adler_zlib},
#ifdef CK_HAVE_LIBDEFLATE
    {"adler32_libdeflate", "Adler-32, libdeflate", adler_libdeflate},
#endif
#ifdef CK_HAVE_ISAL
    {"adler32_isal", "Adler-32, ISA-L", adler_isal},
#endif
};

typedef struct summing {
    const checksum *by;
    const uint8_t *in; /* SUMMED */
} summing;

static double sum_once(void *user)
{
    static volatile uint32_t sink;
    const summing *s = user;
    double start = ck_limits_now();

    for (int i = 0; i < SUM_TIMES; i++)
        sink = s->by->sum(s->in, SUMMED);
    (void)sink;
    return ck_limits_now() - start;
}

static chunkimg_status sum_all(ck_limits *l, const ck_limits_png *png, chunkimg_error *err)
{
    uint8_t *in = calloc(1, SUMMED);
    chunkimg_status status = CHUNKIMG_OK;

    if (!in)
        return ck_limits_failed(err, CHUNKIMG_SYSTEM, ENOMEM, "%s", l->input);
    memcpy(in, png->raw, png->raw_nbytes < SUMMED ? png->raw_nbytes : SUMMED);
    for (size_t i = 0; i < sizeof checksums / sizeof *checksums && !status; i++) {
        ck_figure f = {.group = "png", .unit = "GB/s", .note = "256 KiB in the cache"};
        summing s = {&checksums[i], in};

        snprintf(f.name, sizeof f.name, "%s", checksums[i].name);
        snprintf(f.text, sizeof f.text, "%s", checksums[i].text);
        status = ck_limits_rate(l, f, (double)SUMMED * SUM_TIMES * 1e-9, sum_once, &s, NULL, err);
    }
    free(in);
    return status;
}

chunkimg_status ck_limits_of_deflate(ck_limits *l, const ck_limits_png *png, chunkimg_error *err)
{
    chunkimg_status status = deflate_all(l, png, err);

    return status ? status : sum_all(l, png, err);
}
