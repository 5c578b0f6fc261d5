/* What a chain takes: rows and rectangles of the source, and memory. */
#include "base/checked.h"
#include "op/chain_inside.h"

enum {
    BLOCK_NBYTES = 1 << 19, /* half of the smallest L2 in use; the rest is for rows passing through */
    BLOCK_ROWS_LEAST = 8
};

ck_rect ck_chain_need(const ck_chain *c, ck_rect rect)
{
    rect = ck_rect_move(rect, c->dx, c->dy);
    for (size_t i = c->count; i-- > 0;) {
        const ck_stage *s = &c->stages[i];
        rect = ck_rect_move(ck_rect_meet(ck_stage_pad(s, rect), ck_shape_rect(s->in)), s->dx, s->dy);
    }
    return rect;
}

size_t ck_chain_stride(ck_shape shape)
{
    return ck_rows_stride(ck_row_nbytes(shape));
}

static int32_t least(int32_t a, int32_t b)
{
    return a < b ? a : b;
}

static int32_t grown(int32_t n, int32_t halo)
{
    return n < INT32_MAX - 2 * halo ? n + 2 * halo : INT32_MAX;
}

/* *w x *h of the stage's output becomes the largest pad for it anywhere. INT32_MAX: too large. */
static void most_pad(const ck_stage *s, int32_t *w, int32_t *h)
{
    if (s->op->need) {
        s->op->need_most(s->params, s->state, w, h);
        *w = least(*w, s->in.w);
        *h = least(*h, s->in.h);
        return;
    }
    *w = grown(*w, s->halo);
    *h = grown(*h, s->halo);
}

static ck_shape sized(ck_shape shape, int32_t w, int32_t h)
{
    shape.w = w;
    shape.h = h;
    return shape;
}

/* Grows *most to the bytes of a view of this shape. */
static bool at_least(size_t *most, ck_shape shape)
{
    size_t nbytes;

    if (shape.w == INT32_MAX || shape.h == INT32_MAX || !ck_mul(ck_chain_stride(shape), (size_t)shape.h, &nbytes))
        return false;
    if (nbytes > *most)
        *most = nbytes;
    return true;
}

static bool grow_work(const ck_stage *s, ck_shape pad, ck_shape area, size_t *most)
{
    size_t nbytes = 0;

    if (s->op->scratch_at)
        nbytes = s->op->scratch_at(s->params, s->state, pad, area);
    else if (s->op->scratch)
        nbytes = s->op->scratch(s->params, area);
    if (nbytes > SIZE_MAX / 2)
        return false;
    nbytes = ck_round_up(nbytes, CK_CHAIN_ALIGN);
    *most = nbytes > *most ? nbytes : *most;
    return true;
}

bool ck_chain_lay_out(const ck_chain *c, int32_t w, int32_t h, ck_chain_run *run, size_t *nbytes)
{
    size_t sum = 0, wide_in = 0, wide_out = 0, work = 0;

    for (size_t i = c->count; i-- > 0;) {
        const ck_stage *s = &c->stages[i];
        ck_shape area = sized(s->out, least(w, s->out.w), least(h, s->out.h)), pad;
        size_t size = 0;

        w = area.w;
        h = area.h;
        most_pad(s, &w, &h);
        pad = sized(s->in, w, h);
        if (!at_least(&size, pad) || !grow_work(s, ck_stage_run_shape(s, pad), ck_stage_run_shape(s, area), &work))
            return false;
        if (s->wide &&
            (!at_least(&wide_in, ck_stage_run_shape(s, pad)) || !at_least(&wide_out, ck_stage_run_shape(s, area))))
            return false;
        run->pads[i] = sum;
        if (!ck_add(sum, size, &sum))
            return false;
        w = least(w, s->in.w);
        h = least(h, s->in.h);
    }
    run->wide_in = sum;
    return ck_add(sum, wide_in, &run->wide_out) && ck_add(run->wide_out, wide_out, &run->work) &&
           ck_add(run->work, work, nbytes);
}

size_t ck_chain_scratch(const ck_chain *chain, int32_t w, int32_t h)
{
    ck_chain_run run;
    size_t nbytes;

    return ck_chain_lay_out(chain, w, h, &run, &nbytes) ? nbytes : SIZE_MAX;
}

/* Bytes that the stages touch for a block of w x h. */
static double block_nbytes(const ck_chain *c, int32_t w, int32_t h)
{
    double sum = 0;

    for (size_t i = c->count; i-- > 0;) {
        const ck_stage *s = &c->stages[i];
        ck_shape area = sized(s->out, least(w, s->out.w), least(h, s->out.h)), pad;

        w = area.w;
        h = area.h;
        most_pad(s, &w, &h);
        pad = sized(s->in, w, h);
        sum += (double)ck_chain_stride(pad) * h + (double)ck_chain_stride(area) * area.h;
        if (s->wide)
            sum += (double)ck_chain_stride(ck_stage_run_shape(s, pad)) * h +
                   (double)ck_chain_stride(ck_stage_run_shape(s, area)) * area.h;
        w = least(w, s->in.w);
        h = least(h, s->in.h);
    }
    return sum;
}

bool ck_chain_takes_whole_tiles(const ck_chain *c)
{
    for (size_t i = 0; i < c->count; i++)
        if (c->stages[i].op->whole_tile && c->stages[i].op->whole_tile(c->stages[i].params))
            return true;
    return false;
}

/* Operations with a large window have much to do before their first row. */
static int32_t rows_worth_it(const ck_chain *c)
{
    int32_t most = BLOCK_ROWS_LEAST;

    for (size_t i = 0; i < c->count; i++)
        if (4 * c->stages[i].halo > most)
            most = 4 * c->stages[i].halo;
    return most;
}

int32_t ck_chain_block_rows(const ck_chain *chain, int32_t tile_w, int32_t tile_h)
{
    double one = block_nbytes(chain, tile_w, 1);
    double row = tile_h > 1 ? (block_nbytes(chain, tile_w, tile_h) - one) / (tile_h - 1) : one;
    double rows = row > 0 ? 1 + (BLOCK_NBYTES - one) / row : tile_h;
    int32_t worth = rows_worth_it(chain);
    int64_t blocks;

    if (!chain->count || ck_chain_takes_whole_tiles(chain))
        return tile_h;
    if (rows < worth)
        rows = worth;
    if (rows >= tile_h)
        return tile_h;
    /* Blocks of equal height rather than a thin last one. */
    blocks = (tile_h + (int64_t)rows - 1) / (int64_t)rows;
    return (int32_t)((tile_h + blocks - 1) / blocks);
}
