#include "codec/png/png_plan.h"

#include <string.h>

enum {
    BLOCK_ROWS = 8,       /* of a sample: enough for matches between rows */
    SHARE = 32,           /* a sample is this part of the whole */
    LEAST_NBYTES = 16384, /* of a sample; less says nothing */
    WIDEST = 6144,        /* bytes of a row that a sample takes; a multiple of every pixel's bytes */
    MARGIN_NBYTES = 64,   /* one filter must save so much: of a sample without anything on it the last bytes say nothing */
};

void ck_png_plan_row(int plan, uint8_t *out, const uint8_t *row, const uint8_t *prior, size_t row_nbytes,
                     size_t pixel_nbytes)
{
    ck_png_filter filter = (ck_png_filter)plan;

    if (plan == CK_PNG_PER_ROW)
        filter = ck_png_filter_choose(row, prior, row_nbytes, pixel_nbytes);
    else if (!prior && filter != CK_PNG_NONE)
        filter = CK_PNG_SUB;
    ck_png_filter_row(filter, out, row, prior, row_nbytes, pixel_nbytes);
}

static inline uint8_t *row_of(ck_png_raw raw, size_t y)
{
    return raw.at + y * (raw.row_nbytes + 1) + 1;
}

static inline const uint8_t *prior_of(ck_png_raw raw, size_t y)
{
    return y ? row_of(raw, y - 1) : NULL;
}

/* From the last row up, so that the row above is still as it was. */
void ck_png_plan_rows(int plan, ck_png_raw raw, uint8_t *spare)
{
    for (size_t y = raw.rows; y-- > 0;) {
        uint8_t *row = row_of(raw, y);

        memcpy(spare, row, raw.row_nbytes);
        ck_png_plan_row(plan, row - 1, spare, prior_of(raw, y), raw.row_nbytes, raw.pixel_nbytes);
    }
}

/* ---- samples ----------------------------------------------------------- */

static size_t sample_width(size_t row_nbytes)
{
    return row_nbytes < WIDEST ? row_nbytes : WIDEST;
}

static size_t wanted_nbytes(size_t nbytes)
{
    return nbytes / SHARE > LEAST_NBYTES ? nbytes / SHARE : LEAST_NBYTES;
}

static size_t sample_rows(size_t row_nbytes, size_t nbytes)
{
    size_t rows = wanted_nbytes(nbytes) / (sample_width(row_nbytes) + 1) / BLOCK_ROWS * BLOCK_ROWS;

    return rows ? rows : BLOCK_ROWS;
}

/* Not the bytes of this very sample: fewer and shorter rows can fill what is wanted better. */
size_t ck_png_sample_nbytes(size_t row_nbytes, size_t nbytes)
{
    size_t least = BLOCK_ROWS * (sample_width(row_nbytes) + 1), wanted = wanted_nbytes(nbytes);

    return least > wanted ? least : wanted;
}

/* Blocks of rows, evenly spread along a diagonal of the whole, filtered. Returns the bytes. */
static size_t take_sample(ck_png_raw raw, size_t rows, int plan, uint8_t *to)
{
    size_t blocks = rows / BLOCK_ROWS, width = sample_width(raw.row_nbytes);
    uint8_t *at = to;

    for (size_t block = 0; block < blocks; block++) {
        size_t y = (raw.rows - BLOCK_ROWS) * (2 * block + 1) / (2 * blocks);
        size_t x = (raw.row_nbytes - width) / raw.pixel_nbytes * (2 * block + 1) / (2 * blocks) * raw.pixel_nbytes;

        for (size_t end = y + BLOCK_ROWS; y < end; y++, at += width + 1) {
            const uint8_t *prior = prior_of(raw, y);

            ck_png_plan_row(plan, at, row_of(raw, y) + x, prior ? prior + x : NULL, width, raw.pixel_nbytes);
        }
    }
    return (size_t)(at - to);
}

/* ---- the trial --------------------------------------------------------- */

static size_t packed_nbytes(const ck_png_engine *e, void *state, const ck_png_trial *t, size_t nbytes)
{
    ck_png_space space = t->space;

    e->begin(state);
    if (!e->put(state, t->sample, nbytes, CK_PNG_FINISH, &space))
        return SIZE_MAX;
    return (size_t)(space.at - t->space.at);
}

static inline size_t smaller(size_t a, size_t b)
{
    return a < b ? a : b;
}

static size_t try_plan(const ck_png_trial *t, ck_png_raw raw, size_t rows, int plan, const ck_png_engine *e, void *state)
{
    return packed_nbytes(e, state, t, take_sample(raw, rows, plan, t->sample));
}

void ck_png_trial_run(ck_png_trial *t, ck_png_raw raw)
{
    static const int plans[] = {CK_PNG_UP, CK_PNG_SUB, CK_PNG_NONE, CK_PNG_AVERAGE};
    size_t rows = sample_rows(raw.row_nbytes, raw.rows * (raw.row_nbytes + 1)), best;
    size_t nbytes = rows * (sample_width(raw.row_nbytes) + 1);

    t->plan = CK_PNG_PER_ROW;
    t->use_other = false;
    if (raw.rows < BLOCK_ROWS || 2 * nbytes > raw.rows * (raw.row_nbytes + 1))
        return; /* a trial would cost as much as it can save */
    best = try_plan(t, raw, rows, CK_PNG_PER_ROW, t->judge, t->judge_state);
    best -= smaller(best, best / t->margin + MARGIN_NBYTES);
    for (size_t i = 0; i < sizeof plans / sizeof *plans; i++) {
        size_t packed = try_plan(t, raw, rows, plans[i], t->judge, t->judge_state);

        if (packed < best) {
            best = packed;
            t->plan = plans[i];
        }
    }
    if (t->other && try_plan(t, raw, rows, CK_PNG_PER_ROW, t->other, t->other_state)
                        < try_plan(t, raw, rows, t->plan, t->main, t->main_state)) {
        t->use_other = true;
        t->plan = CK_PNG_PER_ROW;
    }
}
