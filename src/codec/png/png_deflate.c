#include "codec/png/png_deflate.h"

#include <stdlib.h>
#include <string.h>

#include "codec/png/png_engine.h"
#include "codec/png/png_plan.h"
#include "os/checksum.h"

/* A library, or our own compressor, and its level. */
typedef struct way {
    const ck_png_engine *engine; /* NULL: nobody */
    int level;
} way;

/*
 * One step of the ladder. Where there is a judge all rows are collected first,
 * and a trial of it on a sample says how they are filtered and, where there is
 * another, whether that one compresses them: by filters chosen row by row.
 */
typedef struct rung {
    way main, judge, other, dense;
    way indices; /* of palette images, which are not filtered and nearly always drawn: short matches far back count */
    size_t margin; /* of the trial */
    bool filtered; /* stored rows are larger and slower when filtered */
} rung;

#define ZLIB(level_) {&ck_png_engine_zlib, level_}
#define ZLIB_PLAIN(level_) {&ck_png_engine_zlib_plain, level_}
#define PACK(level_) {&ck_png_engine_pack, level_}
#ifdef CK_HAVE_ISAL
#define QUICK(level_) {&ck_png_engine_isal, level_}
#define QUICK_INDICES(level_) QUICK(level_)
#else
#define QUICK(level_) {&ck_png_engine_zlib, 1}
#define QUICK_INDICES(level_) ZLIB_PLAIN(1)
#endif
#ifdef CK_HAVE_LIBDEFLATE
#define WHOLE(level_, otherwise) {&ck_png_engine_libdeflate, level_}
#define WHOLE_INDICES(level_, otherwise) WHOLE(level_, otherwise)
#else
#define WHOLE(level_, otherwise) ZLIB(otherwise)
#define WHOLE_INDICES(level_, otherwise) ZLIB_PLAIN(otherwise)
#endif

/*
 * Measured on photographs, a drawing, a screenshot and a noisy scan. ISA-L's
 * level 3 is slower and larger than its level 2. Our own at its second lowest
 * effort is smaller than libdeflate's 7 on all but the screenshot, where zlib's
 * 6 is smaller than both.
 */
static const rung ladder[] = {
    {.main = {&ck_png_engine_stored, 0}, .indices = {&ck_png_engine_stored, 0}},
    {.main = QUICK(1), .indices = QUICK_INDICES(1), .filtered = true},
    {.main = QUICK(2), .indices = QUICK_INDICES(2), .filtered = true},
    {.main = PACK(1), .dense = ZLIB_PLAIN(4), .indices = WHOLE_INDICES(1, 2), .filtered = true},
    {.main = PACK(2), .dense = ZLIB_PLAIN(4), .indices = WHOLE_INDICES(3, 3), .filtered = true},
    {.main = PACK(3), .dense = ZLIB_PLAIN(4), .indices = WHOLE_INDICES(5, 4), .filtered = true},
    {.main = PACK(4), .judge = PACK(1), .margin = 16, .dense = ZLIB_PLAIN(6), .indices = ZLIB_PLAIN(6), .filtered = true},
    {.main = PACK(5), .judge = PACK(1), .margin = 16, .dense = ZLIB_PLAIN(8), .indices = ZLIB_PLAIN(8), .filtered = true},
    {.main = PACK(6), .judge = PACK(1), .margin = 16, .dense = ZLIB_PLAIN(9), .indices = ZLIB_PLAIN(9), .filtered = true},
    {.main = WHOLE(12, 9), .judge = WHOLE(9, 9), .margin = 256, .other = PACK(6), .indices = WHOLE_INDICES(12, 9),
     .filtered = true},
};

enum {
    DRAWN = 10,          /* what shrinks to less than this part may be drawn, with much to match: rows of it are tried */
    DENSE = 64,          /* and less than this part is */
    CONTEST = 16,        /* the part of the rows */
    CONTEST_MARGIN = 12, /* the part that must be saved to be worth the time */
};

/* Somebody and his state. */
typedef struct worker {
    way way;
    void *state;
} worker;

enum { BY_MAIN, BY_JUDGE, BY_OTHER, BY_DENSE, WORKERS };

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

/* Of indices there is nothing to try: they are not filtered. */
static bool tries(const rung *r, ck_png_load load)
{
    return r->judge.engine && !load.indexed;
}

static void list_workers(const rung *r, ck_png_load load, worker to[WORKERS])
{
    memset(to, 0, WORKERS * sizeof *to);
    to[BY_MAIN].way = load.indexed ? r->indices : r->main;
    if (load.indexed)
        return;
    to[BY_JUDGE].way = r->judge;
    to[BY_OTHER].way = r->other;
    to[BY_DENSE].way = r->dense;
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
    return stage_for(tries(r, load) ? SIZE_MAX : load.indexed ? r->indices.engine->stage_nbytes : r->main.engine->stage_nbytes,
                     load);
}

/* A row that is put aside while it is filtered, and the sample behind it. */
static size_t sample_nbytes(const rung *r, ck_png_load load)
{
    return tries(r, load) ? load.row_nbytes + ck_png_sample_nbytes(load.row_nbytes, ck_png_load_nbytes(load)) : 0;
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

    list_workers(r, load, w);
    for (int i = 0; i < WORKERS; i++)
        if (w[i].way.engine && engine_bound(r, w[i].way.engine, load) > most)
            most = engine_bound(r, w[i].way.engine, load);
    return most;
}

size_t ck_png_deflate_memory(int level, ck_png_load largest)
{
    const rung *r = &ladder[level];
    size_t sum = sizeof(ck_png_deflate) + stage_nbytes(r, largest) + sample_nbytes(r, largest);
    worker w[WORKERS];

    list_workers(r, largest, w);
    for (int i = 0; i < WORKERS; i++)
        if (w[i].way.engine)
            sum += w[i].way.engine->memory(w[i].way.level);
    return sum;
}

static bool open_workers(ck_png_deflate *d, ck_png_load largest)
{
    list_workers(d->rung, largest, d->workers);
    for (worker *w = d->workers; w < d->workers + WORKERS; w++)
        if (w->way.engine && !(w->state = w->way.engine->open(w->way.level)))
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
    if (tries(d->rung, largest)) {
        d->spare = malloc(sample_nbytes(d->rung, largest));
        d->sample = d->spare ? d->spare + largest.row_nbytes : NULL;
    }
    if (d->stage && (d->spare || !tries(d->rung, largest)) && open_workers(d, largest))
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
            w->way.engine->close(w->state);
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
    d->worker->way.engine->begin(d->worker->state);
}

static ck_status hand_over(ck_png_deflate *d, ck_png_flow flow, ck_error *err)
{
    d->check = ck_adler32(d->check, d->stage, d->staged);
    if (!d->worker->way.engine->put(d->worker->state, d->stage, d->staged, flow, &d->space))
        return ck_fail(err, CHUNKIMG_SYSTEM, "compressing a PNG: the compressor passed its bound");
    d->staged = 0;
    return CK_OK;
}

ck_status ck_png_deflate_row(ck_png_deflate *d, const uint8_t *row, const uint8_t *prior, ck_error *err)
{
    size_t wanted = d->worker->way.engine->stage_nbytes, nbytes = d->load.row_nbytes;
    uint8_t *to;

    if (wanted > d->stage_nbytes || tries(d->rung, d->load)) /* where all rows are tried, all are here before any goes on */
        wanted = d->stage_nbytes;
    if (d->staged && d->staged + nbytes + 1 > wanted) {
        ck_status status = hand_over(d, CK_PNG_MORE, err);
        if (status)
            return status;
    }
    to = d->stage + d->staged;
    d->staged += nbytes + 1;
    if (tries(d->rung, d->load))
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
    ck_png_raw raw = {d->stage, d->load.row_nbytes, d->load.pixel_nbytes, d->load.rows};
    ck_png_trial trial = {
        .judge = w[BY_JUDGE].way.engine,
        .judge_state = w[BY_JUDGE].state,
        .margin = d->rung->margin,
        .other = w[BY_OTHER].way.engine,
        .other_state = w[BY_OTHER].state,
        .main = w[BY_MAIN].way.engine,
        .main_state = w[BY_MAIN].state,
        .sample = d->sample,
        .space = d->space,
    };

    ck_png_trial_run(&trial, raw);
    if (trial.use_other)
        d->worker = &w[BY_OTHER];
    d->worker->way.engine->begin(d->worker->state);
    ck_png_plan_rows(trial.plan, raw, d->spare);
}

/* ---- what is drawn ------------------------------------------------------ */

/* Compressed into the room behind what is already there; SIZE_MAX where it is too little. */
static size_t packed_behind(const ck_png_deflate *d, const worker *w, const uint8_t *from, size_t nbytes, ck_png_flow flow)
{
    ck_png_space space = d->space;

    w->way.engine->begin(w->state);
    if (!w->way.engine->put(w->state, from, nbytes, flow, &space))
        return SIZE_MAX;
    return (size_t)(space.at - d->space.at);
}

/* Whether the one for dense rows does better by a good part, on rows in the middle. */
static bool dense_wins(const ck_png_deflate *d)
{
    size_t row = d->load.row_nbytes + 1, part = (d->load.rows / CONTEST + 1) * row;
    const uint8_t *from = d->stage + (d->load.rows - part / row) / 2 * row;
    size_t theirs = packed_behind(d, &d->workers[BY_DENSE], from, part, CK_PNG_FINISH);
    size_t ours = packed_behind(d, d->worker, from, part, CK_PNG_FINISH);

    return theirs < ours - ours / CONTEST_MARGIN;
}

/* Of `nbytes` rows, which are in the stage still, little is left: it is replaced where that can be done better. */
static void compress_again(ck_png_deflate *d, size_t nbytes, ck_png_flow flow)
{
    size_t before = (size_t)(d->space.at - d->out), after;

    if (before >= nbytes / DRAWN || (before >= nbytes / DENSE && !dense_wins(d)))
        return;
    after = packed_behind(d, &d->workers[BY_DENSE], d->stage, nbytes, flow);
    if (after >= before)
        return;
    memmove(d->out, d->space.at, after);
    d->space.at = d->out + after;
    d->space.left += before - after;
}

ck_status ck_png_deflate_end(ck_png_deflate *d, bool followed, size_t *out_nbytes, uint32_t *check, ck_error *err)
{
    ck_png_flow flow = followed ? CK_PNG_FLUSH : CK_PNG_FINISH;
    size_t nbytes = d->staged;
    ck_status status;

    if (tries(d->rung, d->load))
        decide(d);
    status = hand_over(d, flow, err);
    /* whoever is tried again has a colleague who takes everything at once, so that all of it is in the stage still */
    if (!status && d->workers[BY_DENSE].way.engine)
        compress_again(d, nbytes, flow);
    *out_nbytes = (size_t)(d->space.at - d->out);
    *check = d->check;
    return status;
}
