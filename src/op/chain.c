/*
 * The chain: making it, planning its memory, and running its stages on one block.
 *
 * Stage i computes the block grown by the halos of all stages after it,
 * clipped to the image: its "area". It reads its area grown by its own halo,
 * not clipped: its "pad". The pad's middle, the part inside the image, is
 * exactly the area of stage i - 1, which writes there; the rest is filled by
 * reflection. Stage 0 reads straight from the decoded rows where its pad lies
 * inside the image and in one piece.
 *
 * Two pads are enough, since a stage reads one and writes the next.
 */
#include "op/chain.h"

#include <stdlib.h>
#include <string.h>

#include "base/checked.h"
#include "op/alpha.h"
#include "op/spec.h"

enum {
    ALIGN = 64,
    BLOCK_NBYTES = 1 << 20, /* half of the L2 that a core of today has; the rest is for rows passing through */
    BLOCK_ROWS_LEAST = 8
};

typedef struct stage {
    const ck_op *op;
    void *state;
    ck_shape in, out; /* of the whole image, in its own depth */
    int32_t halo;     /* of this stage */
    int32_t after;    /* halos of the stages after it */
    bool wide;        /* runs premultiplied, in 16 bit */
    _Alignas(16) unsigned char params[CK_OP_PARAMS_MOST];
} stage;

struct ck_chain {
    ck_shape in;
    int32_t halo;
    size_t count;
    char *text;
    stage stages[CHUNKIMG_LIST_MOST];
};

/* Where things lie in a worker's scratch, in bytes. */
typedef struct layout {
    size_t pad[2];           /* padded inputs of even and odd stages */
    size_t wide_in, wide_out; /* premultiplied pad and area */
    size_t work;             /* of the operation */
    size_t total;            /* SIZE_MAX: cannot be counted */
} layout;

/* ---- making ------------------------------------------------------------- */

static ck_shape run_shape(const stage *s, ck_shape shape)
{
    if (s->wide)
        shape.depth = 16;
    return shape;
}

static ck_status prepare(stage *s, ck_shape in, ck_error *err)
{
    const ck_op *op = s->op;

    s->in = in;
    s->out = op->shape ? op->shape(s->params, in) : in;
    s->halo = op->halo ? op->halo(s->params) : 0;
    s->wide = (op->traits & CK_OP_PREMULTIPLY) && ck_has_alpha(in);
    if (op->state_size) {
        size_t nbytes = ck_round_up(op->state_size, ALIGN);
        s->state = aligned_alloc(ALIGN, nbytes);
        if (!s->state)
            return ck_fail_memory(err, nbytes, "preparing an operation");
        memset(s->state, 0, nbytes);
    }
    return op->prepare ? op->prepare(s->params, run_shape(s, in), s->state, err) : CK_OK;
}

/* Appends a stage for `text`; "copy" adds none. */
static ck_status add_stage(ck_chain *c, const char *text, ck_error *err)
{
    stage *s = &c->stages[c->count];
    ck_status status = ck_spec_parse(text, &s->op, s->params, err);

    if (status != CK_OK || !strcmp(s->op->name, "copy"))
        return status;
    if (c->count)
        strcat(c->text, ", ");
    strcat(c->text, text);
    status = prepare(s, ck_chain_shape(c), err);
    c->count++;
    return status;
}

static bool allocate(const chunkimg_list *texts, ck_chain **out)
{
    size_t nbytes = sizeof "copy";

    for (size_t i = 0; texts && i < texts->count; i++)
        nbytes += strlen(texts->items[i]) + 2;
    *out = calloc(1, sizeof **out);
    if (*out)
        (*out)->text = calloc(1, nbytes);
    return *out && (*out)->text;
}

ck_status ck_chain_create(const chunkimg_list *texts, ck_shape in, ck_chain **out, ck_error *err)
{
    ck_status status = CK_OK;
    ck_chain *c;

    *out = NULL;
    if (!allocate(texts, &c)) {
        ck_chain_free(&c);
        return ck_fail_memory(err, sizeof *c, "making the chain of operations");
    }
    c->in = in;
    for (size_t i = 0; texts && i < texts->count && status == CK_OK; i++)
        status = add_stage(c, texts->items[i], err);
    if (status != CK_OK) {
        ck_chain_free(&c);
        return status;
    }
    if (!c->count)
        strcpy(c->text, "copy");
    for (size_t i = c->count; i-- > 0;) {
        c->stages[i].after = c->halo;
        c->halo += c->stages[i].halo;
    }
    *out = c;
    return CK_OK;
}

void ck_chain_free(ck_chain **chain)
{
    ck_chain *c = chain ? *chain : NULL;

    if (!c)
        return;
    for (size_t i = 0; i < c->count; i++)
        free(c->stages[i].state);
    free(c->text);
    free(c);
    *chain = NULL;
}

bool ck_chain_is_copy(const ck_chain *chain)
{
    return chain->count == 0;
}

const char *ck_chain_text(const ck_chain *chain)
{
    return chain->text;
}

int32_t ck_chain_halo(const ck_chain *chain)
{
    return chain->halo;
}

ck_shape ck_chain_shape(const ck_chain *chain)
{
    return chain->count ? chain->stages[chain->count - 1].out : chain->in;
}

/* ---- planning ----------------------------------------------------------- */

static size_t stride_of(ck_shape shape)
{
    size_t stride = ck_round_up(ck_row_nbytes(shape), ALIGN);

    /* Rows a page apart would all fall into the same few sets of the cache. */
    return stride % 4096 ? stride : stride + ALIGN;
}

/*
 * Shape of the stage's area, or of its pad, for a block of w x h anywhere in
 * the image: never smaller than the real one. INT32_MAX: too large.
 */
static ck_shape area_shape(const stage *s, ck_shape of, int32_t w, int32_t h)
{
    int64_t aw = (int64_t)w + 2 * (int64_t)s->after, ah = (int64_t)h + 2 * (int64_t)s->after;

    of.w = (int32_t)(aw < s->in.w ? aw : s->in.w);
    of.h = (int32_t)(ah < s->in.h ? ah : s->in.h);
    return of;
}

static ck_shape pad_shape(const stage *s, int32_t w, int32_t h)
{
    ck_shape shape = area_shape(s, s->in, w, h);
    int32_t room = INT32_MAX - 2 * s->halo;

    shape.w = shape.w < room ? shape.w + 2 * s->halo : INT32_MAX;
    shape.h = shape.h < room ? shape.h + 2 * s->halo : INT32_MAX;
    return shape;
}

/* Grows *most to the bytes of a view of this shape. */
static bool at_least(size_t *most, ck_shape shape)
{
    size_t nbytes;

    if (shape.w == INT32_MAX || shape.h == INT32_MAX || !ck_mul(stride_of(shape), (size_t)shape.h, &nbytes))
        return false;
    if (nbytes > *most)
        *most = nbytes;
    return true;
}

static bool grow_sizes(layout *sizes, const stage *s, size_t i, int32_t w, int32_t h)
{
    ck_shape pad = pad_shape(s, w, h), out = area_shape(s, s->out, w, h);
    size_t work = s->op->scratch ? s->op->scratch(s->params, run_shape(s, out)) : 0;

    if (work > SIZE_MAX / 2 || !at_least(&sizes->pad[i % 2], pad))
        return false;
    if (s->wide && (!at_least(&sizes->wide_in, run_shape(s, pad)) || !at_least(&sizes->wide_out, run_shape(s, out))))
        return false;
    work = ck_round_up(work, ALIGN);
    if (work > sizes->work)
        sizes->work = work;
    return true;
}

static layout lay_out(const ck_chain *c, int32_t w, int32_t h)
{
    layout sizes = {{0, 0}, 0, 0, 0, 0}, at = {{0, 0}, 0, 0, 0, SIZE_MAX};
    size_t sum = 0;

    for (size_t i = 0; i < c->count; i++)
        if (!grow_sizes(&sizes, &c->stages[i], i, w, h))
            return at;
    at.pad[0] = sum;
    if (!ck_add(at.pad[0], sizes.pad[0], &at.pad[1]) || !ck_add(at.pad[1], sizes.pad[1], &at.wide_in) ||
        !ck_add(at.wide_in, sizes.wide_in, &at.wide_out) || !ck_add(at.wide_out, sizes.wide_out, &at.work) ||
        !ck_add(at.work, sizes.work, &sum))
        return at;
    at.total = sum;
    return at;
}

size_t ck_chain_scratch(const ck_chain *chain, int32_t w, int32_t h)
{
    return lay_out(chain, w, h).total;
}

/* Bytes that one more row of the block adds to what its stages touch; *extra: bytes of the rows that halos add. */
static double row_nbytes(const ck_chain *c, int32_t w, double *extra)
{
    double sum = (double)c->in.w < w ? (double)stride_of(c->in) : 0;

    *extra = 0;
    for (size_t i = 0; i < c->count; i++) {
        const stage *s = &c->stages[i];
        ck_shape pad = pad_shape(s, w, 1), out = area_shape(s, s->out, w, 1);
        double row = (double)stride_of(pad) + (double)stride_of(out);
        if (s->wide)
            row += (double)stride_of(run_shape(s, pad)) + (double)stride_of(run_shape(s, out));
        sum += row;
        *extra += row * 2.0 * (s->after + s->halo);
    }
    return sum;
}

int32_t ck_chain_block_rows(const ck_chain *chain, int32_t tile_w, int32_t tile_h)
{
    double extra, row = row_nbytes(chain, tile_w, &extra);
    double rows = row > 0 ? (BLOCK_NBYTES - extra) / row : tile_h;
    int64_t least = 4 * (int64_t)chain->halo; /* neighbouring blocks compute at most half a halo row per row again */
    int64_t blocks;

    if (least < BLOCK_ROWS_LEAST)
        least = BLOCK_ROWS_LEAST;
    if (rows < (double)least)
        rows = (double)least;
    if (rows >= tile_h)
        return tile_h;
    /* Blocks of equal height rather than a thin last one. */
    blocks = (tile_h + (int64_t)rows - 1) / (int64_t)rows;
    return (int32_t)((tile_h + blocks - 1) / blocks);
}

/* ---- running ------------------------------------------------------------ */

static ck_view view_at(void *scratch, size_t at, ck_shape shape, ck_rect r)
{
    shape.w = r.w;
    shape.h = r.h;
    return (ck_view){(uint8_t *)scratch + at, (ptrdiff_t)stride_of(shape), shape};
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

static void reflect_columns(uint8_t *row, size_t pixel, ck_rect pad, int32_t from, int32_t to, int32_t image_w)
{
    for (int32_t x = from; x < to; x++)
        memcpy(row + (size_t)(x - pad.x) * pixel, row + (size_t)(ck_reflect(x, image_w) - pad.x) * pixel, pixel);
}

/* Fills what of the pad (in image coordinates) lies outside the image; `middle` is filled already. */
static void reflect(ck_view v, ck_rect pad, ck_rect middle, ck_shape image)
{
    size_t pixel = ck_pixel_nbytes(v.shape);

    for (int32_t y = middle.y; y < middle.y + middle.h; y++) {
        uint8_t *row = ck_row(v, y - pad.y);
        reflect_columns(row, pixel, pad, pad.x, middle.x, image.w);
        reflect_columns(row, pixel, pad, middle.x + middle.w, pad.x + pad.w, image.w);
    }
    for (int32_t y = pad.y; y < pad.y + pad.h; y++)
        if (y < middle.y || y >= middle.y + middle.h)
            memcpy(ck_row(v, y - pad.y), ck_row(v, ck_reflect(y, image.h) - pad.y), ck_row_nbytes(v.shape));
}

static ck_rect area_of(const stage *s, ck_rect rect)
{
    return ck_rect_grow(rect, s->after, s->in.w, s->in.h);
}

static ck_rect pad_of(const stage *s, ck_rect rect)
{
    ck_rect a = area_of(s, rect);

    return (ck_rect){a.x - s->halo, a.y - s->halo, a.w + 2 * s->halo, a.h + 2 * s->halo};
}

/* The part of a pad that lies inside the image: the area of the stage before. */
static ck_rect middle_of(const stage *s, ck_rect rect)
{
    return ck_rect_grow(area_of(s, rect), s->halo, s->in.w, s->in.h);
}

static ck_view middle_view(ck_view pad_view, ck_rect pad, ck_rect middle)
{
    return ck_window(pad_view, middle.x - pad.x, middle.y - pad.y, middle.w, middle.h);
}

static ck_view first_input(const stage *s, void *scratch, const layout *at, const ck_rows *src, ck_rect rect)
{
    ck_rect pad = pad_of(s, rect), middle = middle_of(s, rect);
    ck_view v;

    if (pad.w == middle.w && pad.h == middle.h) {
        v = ck_rows_piece(src, pad, pad.y, pad.y + pad.h);
        if (v.shape.h == pad.h)
            return v;
    }
    v = view_at(scratch, at->pad[0], s->in, pad);
    gather(src, middle, middle_view(v, pad, middle));
    reflect(v, pad, middle, s->in);
    return v;
}

static void run_plain(const stage *s, void *work, ck_view in, ck_view out)
{
    s->op->apply(s->params, s->state, work, in, out);
    if ((s->op->traits & CK_OP_KEEPS_ALPHA) && ck_has_alpha(out.shape))
        ck_alpha_copy(in, s->halo, out);
}

static void run_wide(const stage *s, void *scratch, const layout *at, ck_view in, ck_view out)
{
    ck_rect pad = {0, 0, in.shape.w, in.shape.h}, area = {0, 0, out.shape.w, out.shape.h};
    ck_view wide_in = view_at(scratch, at->wide_in, run_shape(s, s->in), pad);
    ck_view wide_out = view_at(scratch, at->wide_out, run_shape(s, s->out), area);

    ck_alpha_multiply(in, wide_in);
    run_plain(s, (uint8_t *)scratch + at->work, wide_in, wide_out);
    ck_alpha_divide(wide_out, out);
}

static void run_stage(const stage *s, void *scratch, const layout *at, ck_view in, ck_view out)
{
    if (s->wide)
        run_wide(s, scratch, at, in, out);
    else
        run_plain(s, (uint8_t *)scratch + at->work, in, out);
}

void ck_chain_apply(const ck_chain *chain, void *scratch, const ck_rows *src, ck_rect rect, ck_view out)
{
    layout at;
    ck_view in;

    if (!chain->count) {
        gather(src, rect, out);
        return;
    }
    at = lay_out(chain, rect.w, rect.h);
    in = first_input(&chain->stages[0], scratch, &at, src, rect);
    for (size_t i = 0; i + 1 < chain->count; i++) {
        const stage *next = &chain->stages[i + 1];
        ck_rect pad = pad_of(next, rect), middle = middle_of(next, rect);
        ck_view v = view_at(scratch, at.pad[(i + 1) % 2], next->in, pad);
        run_stage(&chain->stages[i], scratch, &at, in, middle_view(v, pad, middle));
        reflect(v, pad, middle, next->in);
        in = v;
    }
    run_stage(&chain->stages[chain->count - 1], scratch, &at, in, out);
}
