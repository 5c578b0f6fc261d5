#include "codec/png/png_deflate.h"

#include <stdlib.h>
#include <string.h>

#include "codec/png/png_engine.h"
#include "codec/png/png_plan.h"
#include "os/checksum.h"

/*
 * One step of the ladder. With a judge (a level of the same library) rows are
 * collected, and a trial decides how they are filtered and who compresses them:
 * at the level `quick` the fast rungs' engine where matches only mislead, at
 * the level `dense` zlib where little is left, else the rung's own engine.
 * 0: nobody.
 */
typedef struct rung {
    const ck_png_engine *engine;
    int level, judge, quick, dense;
    bool filtered; /* stored rows are larger and slower when filtered */
} rung;

#ifdef CK_HAVE_ISAL
#define QUICK_ENGINE &ck_png_engine_isal
#define QUICK(level_, otherwise) {.engine = QUICK_ENGINE, .level = level_, .filtered = true}
#else
#define QUICK_ENGINE NULL
#define QUICK(level_, otherwise) {.engine = &ck_png_engine_zlib, .level = otherwise, .filtered = true}
#endif
#ifdef CK_HAVE_LIBDEFLATE
#define WHOLE(otherwise, ...) {.engine = &ck_png_engine_libdeflate, __VA_ARGS__, .filtered = true}
#else
#define WHOLE(otherwise, ...) {.engine = &ck_png_engine_zlib, .level = otherwise, .filtered = true}
#endif

/*
 * Measured on photographs, a drawing, a screenshot and a noisy scan. ISA-L's
 * level 3 is slower and larger than its level 2. On the scan ISA-L is smaller
 * than all of libdeflate's lazy levels, on the screenshot zlib's 6 is smaller
 * than libdeflate's 7 and twice as fast as its 8. What a low level says of the
 * filters holds for the middle ones, not for the highest.
 */
static const rung ladder[] = {
    {.engine = &ck_png_engine_stored},
    QUICK(1, 1),
    QUICK(2, 1),
    WHOLE(2, .level = 1),
    WHOLE(3, .level = 3, .judge = 3, .quick = 2),
    WHOLE(4, .level = 5, .judge = 3, .quick = 2),
    WHOLE(6, .level = 6, .judge = 3, .quick = 2, .dense = 6),
    WHOLE(7, .level = 7, .judge = 6, .quick = 2, .dense = 8),
    WHOLE(8, .level = 9, .judge = 9, .quick = 2, .dense = 9),
    WHOLE(9, .level = 12, .judge = 9),
};

/* An engine and its state. */
typedef struct worker {
    const ck_png_engine *engine; /* NULL: not needed */
    int level;
    void *state;
} worker;

enum { BY_MAIN, BY_JUDGE, BY_QUICK, BY_DENSE, WORKERS };

struct ck_png_deflate {
    const rung *rung;
    worker workers[WORKERS];
    uint8_t *stage, *sample, *spare;
    size_t stage_nbytes, staged;

    ck_png_load load; /* of the file that was begun */
    worker *worker;
    ck_png_space space;
    uint8_t *out;
    uint32_t check;
};

/*
 * Indices are not filtered, so that there is nothing to try, and are nearly always drawn: there is much to match, which
 * the quick engine misses, and zlib's 6 finds more than libdeflate's in as little time.
 */
static void list_workers(const rung *r, bool indexed, worker to[WORKERS])
{
    const ck_png_engine *zlib = indexed ? &ck_png_engine_zlib_plain : &ck_png_engine_zlib;
    const ck_png_engine *engine = r->engine == &ck_png_engine_zlib ? zlib : r->engine;

    memset(to, 0, WORKERS * sizeof *to);
    to[BY_MAIN] = (worker){engine, r->level, NULL};
    if (r->judge && !indexed)
        to[BY_JUDGE] = (worker){engine, r->judge, NULL};
    if (r->quick && !indexed)
        to[BY_QUICK] = (worker){QUICK_ENGINE, r->quick, NULL};
    if (r->dense)
        to[BY_DENSE] = (worker){zlib, r->dense, NULL};
}

/* A stage holds a row at least and the whole load at most. */
static size_t stage_for(size_t wanted, ck_png_load load)
{
    size_t row = load.row_nbytes + 1, all = ck_png_load_nbytes(load);

    if (wanted < row)
        wanted = row;
    return wanted < all ? wanted : all;
}

static size_t stage_nbytes(const rung *r, ck_png_load load)
{
    return stage_for(r->judge ? SIZE_MAX : r->engine->stage_nbytes, load);
}

/* A row that is put aside while it is filtered, and the sample behind it. */
static size_t sample_nbytes(const rung *r, ck_png_load load)
{
    size_t sample = load.indexed ? 0 : ck_png_sample_nbytes(load.row_nbytes, ck_png_load_nbytes(load));

    return r->judge ? load.row_nbytes + sample : 0;
}

/* A stage that is handed over is more than half full, or the last. A sample is no more than a whole load. */
static size_t engine_bound(const rung *r, const ck_png_engine *e, ck_png_load load)
{
    size_t all = ck_png_load_nbytes(load);

    return e->bound(all, all / (stage_nbytes(r, load) / 2 + 1) + 1);
}

size_t ck_png_deflate_bound(int level, ck_png_load load)
{
    const rung *r = &ladder[level];
    worker w[WORKERS];
    size_t most = 0;

    list_workers(r, load.indexed, w);
    for (int i = 0; i < WORKERS; i++)
        if (w[i].engine && engine_bound(r, w[i].engine, load) > most)
            most = engine_bound(r, w[i].engine, load);
    return most;
}

size_t ck_png_deflate_memory(int level, ck_png_load largest)
{
    const rung *r = &ladder[level];
    size_t sum = sizeof(ck_png_deflate) + stage_nbytes(r, largest) + sample_nbytes(r, largest);
    worker w[WORKERS];

    list_workers(r, largest.indexed, w);
    for (int i = 0; i < WORKERS; i++)
        if (w[i].engine)
            sum += w[i].engine->memory(w[i].level);
    return sum;
}

static bool open_workers(ck_png_deflate *d, bool indexed)
{
    list_workers(d->rung, indexed, d->workers);
    for (worker *w = d->workers; w < d->workers + WORKERS; w++)
        if (w->engine && !(w->state = w->engine->open(w->level)))
            return false;
    return true;
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
    if (d->rung->judge) {
        d->spare = malloc(sample_nbytes(d->rung, largest));
        d->sample = d->spare ? d->spare + largest.row_nbytes : NULL;
    }
    if (d->stage && (d->spare || !d->rung->judge) && open_workers(d, largest.indexed))
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
    for (worker *w = d->workers; w < d->workers + WORKERS; w++)
        if (w->state)
            w->engine->close(w->state);
    free(d->stage);
    free(d->spare);
    free(d);
    *pd = NULL;
}

void ck_png_deflate_begin(ck_png_deflate *d, ck_png_load load, uint8_t *out, size_t capacity)
{
    d->load = load;
    d->worker = &d->workers[BY_MAIN];
    d->space = (ck_png_space){out, capacity};
    d->out = out;
    d->staged = 0;
    d->check = 1;
    d->worker->engine->begin(d->worker->state);
}

static ck_status hand_over(ck_png_deflate *d, ck_png_flow flow, ck_error *err)
{
    d->check = ck_adler32(d->check, d->stage, d->staged);
    if (!d->worker->engine->put(d->worker->state, d->stage, d->staged, flow, &d->space))
        return ck_fail(err, CHUNKIMG_SYSTEM, "compressing a PNG: the compressor passed its bound");
    d->staged = 0;
    return CK_OK;
}

ck_status ck_png_deflate_row(ck_png_deflate *d, const uint8_t *row, const uint8_t *prior, ck_error *err)
{
    size_t wanted = d->worker->engine->stage_nbytes < d->stage_nbytes ? d->worker->engine->stage_nbytes
                                                                      : d->stage_nbytes;
    size_t nbytes = d->load.row_nbytes;
    uint8_t *to;

    if (d->staged && d->staged + nbytes + 1 > wanted) {
        ck_status status = hand_over(d, CK_PNG_MORE, err);
        if (status)
            return status;
    }
    to = d->stage + d->staged;
    d->staged += nbytes + 1;
    if (d->rung->judge)
        memcpy(to + 1, row, nbytes);
    else
        ck_png_plan_row(d->rung->filtered && !d->load.indexed ? CK_PNG_PER_ROW : CK_PNG_NONE, to, row, prior, nbytes,
                        d->load.pixel_nbytes);
    return CK_OK;
}

/* All rows are there: how they are filtered, and by whom they are compressed. */
static void decide(ck_png_deflate *d)
{
    worker *w = d->workers;
    ck_png_raw raw = {d->stage, d->load.row_nbytes, d->load.pixel_nbytes, d->load.rows, d->load.indexed};
    ck_png_trial trial = {
        .judge = w[BY_JUDGE].engine,
        .judge_state = w[BY_JUDGE].state,
        .quick = w[BY_QUICK].engine,
        .quick_state = w[BY_QUICK].state,
        .main = d->rung->level != d->rung->judge ? w[BY_MAIN].engine : NULL,
        .main_state = w[BY_MAIN].state,
        .sample = d->sample,
        .space = d->space,
    };

    ck_png_trial_run(&trial, raw);
    if (trial.use_quick)
        d->worker = &w[BY_QUICK];
    else if (trial.dense && w[BY_DENSE].engine)
        d->worker = &w[BY_DENSE];
    d->worker->engine->begin(d->worker->state);
    ck_png_plan_rows(trial.plan, raw, d->spare);
}

ck_status ck_png_deflate_end(ck_png_deflate *d, bool followed, size_t *out_nbytes, uint32_t *check, ck_error *err)
{
    ck_status status;

    if (d->rung->judge)
        decide(d);
    status = hand_over(d, followed ? CK_PNG_FLUSH : CK_PNG_FINISH, err);
    *out_nbytes = (size_t)(d->space.at - d->out);
    *check = d->check;
    return status;
}
