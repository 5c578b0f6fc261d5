/*
 * Running the stages on one block.
 *
 * Backwards first: what each stage needs of the one before, less the rows that
 * the tile's last block left in its pad. Then forwards: the kept rows move to
 * the top of the pad, the stage before writes the fresh ones, and the border
 * is filled. Stage 0 reads straight from the decoded rows where its pad lies
 * inside the image and in one piece.
 *
 * A tile's rows lie apart in the source, so that the processor does not see
 * them coming. Light operations take a block a few rows at a time, and ask for
 * the next ones before they begin.
 */
#include <string.h>

#include "op/alpha.h"
#include "op/border.h"
#include "op/chain_inside.h"

/* One stage's part in a block; the rectangles in its own input's coordinates, but for area. */
typedef struct spot {
    ck_rect area;   /* of its output: what it computes */
    ck_rect pad;    /* what it reads */
    ck_rect fresh;  /* the rows of the pad that are not there yet */
    ck_rect middle; /* the part of fresh inside the image: what the stage before computes */
} spot;

static ck_view view_at(void *scratch, size_t at, ck_shape shape, ck_rect r)
{
    shape.w = r.w;
    shape.h = r.h;
    return (ck_view){(uint8_t *)scratch + at, (ptrdiff_t)ck_chain_stride(shape), shape};
}

/* Copies rect of the ring into `to`, in at most two pieces. */
static void gather(const ck_rows *src, ck_rect rect, ck_view to)
{
    int32_t y_end = rect.y + rect.h;

    for (int32_t y = rect.y; y < y_end;) {
        ck_view piece = ck_rows_piece(src, rect, y, y_end);
        for (int32_t i = 0; i < piece.shape.h; i++)
            memcpy(ck_row(to, y - rect.y + i), ck_row(piece, i), ck_row_nbytes(to.shape));
        y += piece.shape.h;
    }
}

/* The rows of `pad` below those that are held, or all of it where they are no beginning of it. */
static ck_rect fresh_rows(ck_rect pad, ck_rect held)
{
    int32_t end = held.y + held.h;

    if (!held.h || held.x != pad.x || held.w != pad.w || pad.y < held.y || pad.y >= end)
        return pad;
    if (end > pad.y + pad.h)
        end = pad.y + pad.h;
    return (ck_rect){pad.x, end, pad.w, pad.y + pad.h - end};
}

/* Fills spots from the last stage backwards; returns the first that has anything to do. */
static size_t find_spots(const ck_chain *c, const ck_chain_run *run, ck_rect rect, spot *spots)
{
    ck_rect area = ck_rect_move(rect, c->dx, c->dy);

    for (size_t i = c->count; i-- > 0;) {
        const ck_stage *s = &c->stages[i];
        spot *p = &spots[i];

        p->area = area;
        p->pad = ck_stage_pad(s, area);
        p->fresh = fresh_rows(p->pad, run->held[i]);
        p->middle = ck_rect_meet(p->fresh, ck_shape_rect(s->in));
        if (!p->middle.h)
            return i;
        area = ck_rect_move(p->middle, s->dx, s->dy);
    }
    return 0;
}

/* Moves the rows that stay to the top of the pad. */
static void keep_rows(ck_view pad_view, const spot *p, ck_rect held)
{
    int32_t kept = p->pad.h - p->fresh.h, from = p->pad.y - held.y;

    if (kept && from)
        memmove(pad_view.px, ck_row(pad_view, from), (size_t)pad_view.stride * (size_t)kept);
}

static ck_view middle_view(ck_view pad_view, const spot *p)
{
    return ck_window(pad_view, p->middle.x - p->pad.x, p->middle.y - p->pad.y, p->middle.w, p->middle.h);
}

/* ---- one stage ------------------------------------------------------------ */

static ck_status run_plain(const ck_stage *s, void *work, const spot *p, ck_view in, ck_view out, ck_error *err)
{
    ck_status status = CK_OK;

    if (s->op->apply_at)
        status = s->op->apply_at(s->params, s->state, work, in, p->pad, out, p->area, err);
    else
        s->op->apply(s->params, s->state, work, in, out);
    if ((s->op->traits & CK_OP_KEEPS_ALPHA) && ck_has_alpha(out.shape))
        ck_alpha_copy(in, s->halo, out);
    return status;
}

static ck_status run_stage(const ck_stage *s, const ck_chain_run *run, uint8_t *scratch, const spot *p, ck_view in,
                           ck_view out, ck_error *err)
{
    if (!s->wide)
        return run_plain(s, scratch + run->work, p, in, out, err);

    ck_view wide_in = view_at(scratch, run->wide_in, ck_stage_run_shape(s, s->in), p->pad);
    ck_view wide_out = view_at(scratch, run->wide_out, ck_stage_run_shape(s, s->out), p->area);

    ck_alpha_multiply(in, wide_in);
    ck_status status = run_plain(s, scratch + run->work, p, wide_in, wide_out, err);
    ck_alpha_divide(wide_out, out);
    return status;
}

/* ---- the block ------------------------------------------------------------ */

/* Whether stage 0 can read the decoded rows where they lie; *in: a view of them. */
static bool read_in_place(const ck_stage *s, const spot *p, const ck_rows *src, ck_view *in)
{
    ck_rect inside = ck_rect_meet(p->pad, ck_shape_rect(s->in)), at = ck_rect_move(p->pad, s->dx, s->dy);

    if (inside.w != p->pad.w || inside.h != p->pad.h)
        return false;
    *in = ck_rows_piece(src, at, at.y, at.y + at.h);
    return in->shape.h == at.h;
}

/* Makes stage i's input whole; `in` is what the stage before reads (i > first). */
static ck_status make_input(const ck_chain *c, ck_chain_run *run, uint8_t *scratch, const ck_rows *src,
                            const spot *spots, size_t i, ck_view *in, ck_error *err)
{
    const ck_stage *s = &c->stages[i];
    const spot *p = &spots[i];
    ck_view pad = view_at(scratch, run->pads[i], s->in, p->pad);
    ck_status status = CK_OK;

    if (i == 0 && read_in_place(s, p, src, in)) {
        run->held[0].h = 0;
        return CK_OK;
    }
    keep_rows(pad, p, run->held[i]);
    if (p->middle.h && i == 0)
        gather(src, ck_rect_move(p->middle, s->dx, s->dy), middle_view(pad, p));
    else if (p->middle.h)
        status = run_stage(s - 1, run, scratch, p - 1, *in, middle_view(pad, p), err);
    ck_border_fill(c->border, pad, p->pad, s->in, p->fresh.y, p->fresh.y + p->fresh.h);
    run->held[i] = p->pad;
    *in = pad;
    return status;
}

static bool begin(const ck_chain *c, ck_chain_run *run, ck_rect rect)
{
    size_t nbytes;

    if (run->w == rect.w && run->h >= rect.h)
        return true;
    *run = (ck_chain_run){.w = rect.w, .h = rect.h};
    return ck_chain_lay_out(c, rect.w, rect.h, run, &nbytes);
}

static ck_status run_rows(const ck_chain *c, ck_chain_run *run, void *scratch, const ck_rows *src, ck_rect rect, ck_view out,
                          ck_error *err)
{
    spot spots[CHUNKIMG_LIST_MOST];
    ck_status status = CK_OK;
    ck_view in;

    for (size_t i = find_spots(c, run, rect, spots); i < c->count && !status; i++)
        status = make_input(c, run, scratch, src, spots, i, &in, err);
    if (!status)
        status = run_stage(&c->stages[c->count - 1], run, scratch, &spots[c->count - 1], in, out, err);
    return status;
}

/* ---- rows ahead of their use ------------------------------------------------ */

enum {
    AHEAD_NBYTES = 1 << 13, /* of source rows that are fetched while as many are worked on: what can be on its way at once */
    AHEAD_ROWS = 4,         /* at least; resize makes as many at once */
    CHAIN_ROWS = 16,        /* likewise of a chain, whose stages keep rows for one another */
    ROW_MOST = 1 << 13,     /* bytes of the source; longer rows the processor finds by itself */
    AHEAD_HALO = 2          /* what reaches further is not bound by memory, and begins each block with more work */
};

/* Rows of the output to take at once, so that the source's next ones are fetched meanwhile; 0: all of them, nothing is fetched. */
static int32_t rows_ahead(const ck_chain *c, ck_rect rect)
{
    ck_rect need = ck_chain_need(c, rect), some = rect;
    size_t row = (size_t)need.w * ck_pixel_nbytes(c->in), nbytes = row * (size_t)need.h / (size_t)rect.h + 1;
    int32_t rows = nbytes < AHEAD_NBYTES / AHEAD_ROWS ? (int32_t)(AHEAD_NBYTES / nbytes) : AHEAD_ROWS;

    rows = c->count > 1 && rows < CHAIN_ROWS ? CHAIN_ROWS : rows - rows % AHEAD_ROWS;
    if (c->halo > AHEAD_HALO || row > ROW_MOST || rows >= rect.h || ck_chain_takes_whole_tiles(c))
        return 0;
    some.h = rows;
    /* What turns the image needs all rows for each. */
    return ck_chain_need(c, some).h <= need.h * 3 / 4 ? rows : 0;
}

static void fetch(const ck_chain *c, const ck_rows *src, ck_rect rect)
{
    ck_rect need = ck_chain_need(c, rect);
    size_t pixel = ck_pixel_nbytes(c->in);

    for (int32_t y = need.y; y < need.y + need.h; y++) {
        const uint8_t *p = ck_rows_at(src, y) + (size_t)need.x * pixel, *end = p + (size_t)need.w * pixel;
        for (; p < end; p += 64)
            __builtin_prefetch(p, 0, 2);
    }
}

ck_status ck_chain_step(const ck_chain *c, ck_chain_run *run, void *scratch, const ck_rows *src, ck_rect rect,
                        ck_view out, ck_error *err)
{
    ck_status status = CK_OK;

    if (!c->count) {
        gather(src, ck_rect_move(rect, c->dx, c->dy), out);
        return CK_OK;
    }
    if (!begin(c, run, rect))
        return ck_fail(err, CHUNKIMG_LIMIT, "a block of %d x %d is too large", rect.w, rect.h);

    int32_t ahead = rows_ahead(c, rect), rows = ahead ? ahead : rect.h;
    for (int32_t y = 0; y < rect.h && !status; y += rows) {
        ck_rect now = {rect.x, rect.y + y, rect.w, rows < rect.h - y ? rows : rect.h - y}, next = now;

        /* Those below the block are most likely the next block's. */
        next.y += now.h;
        next.h = ahead < c->out.h - next.y ? ahead : c->out.h - next.y;
        if (next.h > 0)
            fetch(c, src, next);
        status = run_rows(c, run, scratch, src, now, ck_window(out, 0, y, now.w, now.h), err);
    }
    return status;
}
