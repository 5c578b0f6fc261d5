#include "codec/png/png_deflate.h"

#include <stdlib.h>

#include "codec/png/png_engine.h"
#include "os/checksum.h"

/* One step of the ladder: who compresses files, who strips, each at which of its own levels. */
typedef struct rung {
    const ck_png_engine *file;
    int file_level;
    const ck_png_engine *strip;
    int strip_level;
} rung;

#ifdef CK_HAVE_ISAL
#define QUICK(level, otherwise) &ck_png_engine_isal, level
#else
#define QUICK(level, otherwise) &ck_png_engine_zlib, otherwise
#endif
#ifdef CK_HAVE_LIBDEFLATE
#define WHOLE(level, otherwise) &ck_png_engine_libdeflate, level
#else
#define WHOLE(level, otherwise) &ck_png_engine_zlib, otherwise
#endif
#define ZLIB(level) &ck_png_engine_zlib, level

/*
 * Measured on photographs. libdeflate cannot end a strip without ending the
 * stream; ISA-L's level 3 is slower and larger there than its level 2.
 */
static const rung ladder[] = {
    {&ck_png_engine_stored, 0, &ck_png_engine_stored, 0},
    {QUICK(1, 1), QUICK(1, 1)},
    {QUICK(2, 1), QUICK(2, 1)},
    {WHOLE(1, 2), QUICK(2, 1)},
    {WHOLE(3, 3), ZLIB(4)},
    {WHOLE(5, 4), ZLIB(4)},
    {WHOLE(6, 6), ZLIB(5)},
    {WHOLE(7, 7), ZLIB(6)},
    {WHOLE(9, 8), ZLIB(7)},
    {WHOLE(12, 9), ZLIB(9)},
};

struct ck_png_deflate {
    const rung *rung;
    void *file, *strip; /* the engines' states; one and the same where the rung names one engine twice */
    uint8_t *stage;
    size_t stage_nbytes, staged;

    const ck_png_engine *engine; /* of the file that was begun */
    void *state;
    ck_png_space space;
    uint8_t *out;
    uint32_t check;
};

static bool one_engine(const rung *r)
{
    return r->file == r->strip && r->file_level == r->strip_level;
}

/* A stage holds a row at least and the whole load at most. */
static size_t stage_for(size_t wanted, ck_png_load load)
{
    if (wanted < load.row_nbytes)
        wanted = load.row_nbytes;
    return wanted < load.nbytes ? wanted : load.nbytes;
}

static size_t stage_nbytes(const rung *r, ck_png_load load)
{
    size_t file = stage_for(r->file->stage_nbytes, load), strip = stage_for(r->strip->stage_nbytes, load);

    return file > strip ? file : strip;
}

/* A stage that is handed over is more than half full, or the last. */
static size_t engine_bound(const ck_png_engine *e, ck_png_load load)
{
    return e->bound(load.nbytes, load.nbytes / (stage_for(e->stage_nbytes, load) / 2 + 1) + 1);
}

size_t ck_png_deflate_bound(int level, ck_png_load load)
{
    size_t file = engine_bound(ladder[level].file, load), strip = engine_bound(ladder[level].strip, load);

    return file > strip ? file : strip;
}

size_t ck_png_deflate_memory(int level, ck_png_load largest)
{
    const rung *r = &ladder[level];

    return sizeof(ck_png_deflate) + stage_nbytes(r, largest) + r->file->memory(r->file_level)
           + (one_engine(r) ? 0 : r->strip->memory(r->strip_level));
}

ck_status ck_png_deflate_new(int level, ck_png_load largest, ck_png_deflate **out, ck_error *err)
{
    ck_png_deflate *d = calloc(1, sizeof *d);

    *out = d;
    if (!d)
        goto failed;
    d->rung = &ladder[level];
    d->stage_nbytes = stage_nbytes(d->rung, largest);
    d->stage = malloc(d->stage_nbytes);
    d->file = d->rung->file->open(d->rung->file_level);
    d->strip = one_engine(d->rung) ? d->file : d->rung->strip->open(d->rung->strip_level);
    if (d->stage && d->file && d->strip)
        return CK_OK;
failed:
    ck_png_deflate_free(out);
    return ck_fail_memory(err, ck_png_deflate_memory(level, largest), "preparing the PNG compressor");
}

void ck_png_deflate_free(ck_png_deflate **pd)
{
    ck_png_deflate *d = *pd;

    if (!d)
        return;
    if (d->strip && d->strip != d->file)
        d->rung->strip->close(d->strip);
    if (d->file)
        d->rung->file->close(d->file);
    free(d->stage);
    free(d);
    *pd = NULL;
}

void ck_png_deflate_begin(ck_png_deflate *d, bool strip, uint8_t *out, size_t capacity)
{
    d->engine = strip ? d->rung->strip : d->rung->file;
    d->state = strip ? d->strip : d->file;
    d->space = (ck_png_space){out, capacity};
    d->out = out;
    d->staged = 0;
    d->check = 1;
    d->engine->begin(d->state);
}

static ck_status hand_over(ck_png_deflate *d, ck_png_flow flow, ck_error *err)
{
    d->check = ck_adler32(d->check, d->stage, d->staged);
    if (!d->engine->put(d->state, d->stage, d->staged, flow, &d->space))
        return ck_fail(err, CHUNKIMG_SYSTEM, "compressing a PNG: the compressor passed its bound");
    d->staged = 0;
    return CK_OK;
}

ck_status ck_png_deflate_row(ck_png_deflate *d, size_t row_nbytes, uint8_t **room, ck_error *err)
{
    size_t wanted = d->engine->stage_nbytes < d->stage_nbytes ? d->engine->stage_nbytes : d->stage_nbytes;

    if (d->staged && d->staged + row_nbytes > wanted) {
        ck_status status = hand_over(d, CK_PNG_MORE, err);
        if (status)
            return status;
    }
    *room = d->stage + d->staged;
    d->staged += row_nbytes;
    return CK_OK;
}

ck_status ck_png_deflate_end(ck_png_deflate *d, bool followed, size_t *out_nbytes, uint32_t *check, ck_error *err)
{
    ck_status status = hand_over(d, followed ? CK_PNG_FLUSH : CK_PNG_FINISH, err);

    *out_nbytes = (size_t)(d->space.at - d->out);
    *check = d->check;
    return status;
}
