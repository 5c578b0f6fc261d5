/*
 * The inside of a chain, shared by its making (chain.c), its planning
 * (chain_plan.c) and its running (chain_run.c).
 *
 * Stage i computes an area of its output. It reads its pad: the rectangle of
 * its input that `need` says, or the area grown by its halo, which may reach
 * past the image. The pad's middle, the part inside the image, is the area of
 * stage i - 1, which writes there; the rest is filled by the border's rule.
 * Windows (crop) are no stages: they move the image that the next stage sees.
 */
#ifndef CK_OP_CHAIN_INSIDE_H
#define CK_OP_CHAIN_INSIDE_H

#include "op/chain.h"
#include "op/spec.h"

enum { CK_CHAIN_ALIGN = 64 };

typedef struct ck_stage {
    ck_spec spec;
    const ck_op *op;    /* of spec, as params */
    const void *params;
    void *state;
    char shown[80];   /* what the user wrote, for messages */
    ck_shape in, out; /* of the whole image, in its own depth */
    int32_t dx, dy;   /* where `in` begins in what the stage before gives */
    int32_t halo;
    bool wide;        /* runs premultiplied, in 16 bit */
} ck_stage;

struct ck_chain {
    ck_shape in, out;
    int32_t dx, dy; /* where the output begins in what the last stage gives */
    int32_t halo;
    chunkimg_border border;
    size_t count;
    ck_stage *stages; /* a part (ck_chain_before) borrows those of the whole */
    char *text;
    size_t surveys;
    struct ck_chain *before; /* per survey */
    size_t *survey_stage;    /* likewise */
};

static inline ck_shape ck_stage_run_shape(const ck_stage *s, ck_shape shape)
{
    if (s->wide)
        shape.depth = 16;
    return shape;
}

static inline ck_rect ck_stage_pad(const ck_stage *s, ck_rect area)
{
    if (s->op->need)
        return s->op->need(s->params, s->state, area);
    return (ck_rect){area.x - s->halo, area.y - s->halo, area.w + 2 * s->halo, area.h + 2 * s->halo};
}

static inline ck_rect ck_shape_rect(ck_shape s)
{
    return (ck_rect){0, 0, s.w, s.h};
}

static inline ck_rect ck_rect_move(ck_rect r, int32_t dx, int32_t dy)
{
    r.x += dx;
    r.y += dy;
    return r;
}

/* Whether a block must be a whole tile. */
bool ck_chain_takes_whole_tiles(const ck_chain *chain);

/* Bytes from a row to the next in scratch. */
size_t ck_chain_stride(ck_shape shape);

/* Fills where everything lies in scratch for blocks up to w x h; false: cannot be counted. *nbytes: of all. */
bool ck_chain_lay_out(const ck_chain *chain, int32_t w, int32_t h, ck_chain_run *run, size_t *nbytes);

#endif
