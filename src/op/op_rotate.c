/* rotate: by quarter turns. */
#include "op/op.h"
#include "op/turn.h"

#include <stddef.h>

enum { RIGHT, HALF, LEFT };

typedef struct params {
    int turn;
} params;

static int turn_of(const void *p)
{
    return ((const params *)p)->turn;
}

static ck_status prepare(const void *p, ck_shape in, void *state, ck_error *err)
{
    (void)p, (void)err;
    *(ck_shape *)state = in;
    return CK_OK;
}

static ck_shape shape(const void *p, ck_shape in)
{
    ck_shape out = in;

    if (turn_of(p) != HALF) {
        out.w = in.h;
        out.h = in.w;
    }
    return out;
}

static ck_rect need(const void *p, const void *state, ck_rect r)
{
    const ck_shape *in = state;

    switch (turn_of(p)) {
    case RIGHT: return (ck_rect){r.y, in->h - r.x - r.w, r.h, r.w};
    case LEFT: return (ck_rect){in->w - r.y - r.h, r.x, r.h, r.w};
    default: return (ck_rect){in->w - r.x - r.w, in->h - r.y - r.h, r.w, r.h};
    }
}

static void need_most(const void *p, const void *state, int32_t *w, int32_t *h)
{
    int32_t keep = *w;

    (void)state;
    if (turn_of(p) != HALF) {
        *w = *h;
        *h = keep;
    }
}

static ck_status apply(const void *p, const void *state, void *scratch, ck_view in, ck_rect from, ck_view out, ck_rect at,
                       ck_error *err)
{
    const ck_turn turns[] = {[RIGHT] = {.y0 = in.shape.h - 1, .ay = -1, .bx = 1},
                             [HALF] = {.x0 = in.shape.w - 1, .y0 = in.shape.h - 1, .ax = -1, .by = -1},
                             [LEFT] = {.x0 = in.shape.w - 1, .ay = 1, .bx = -1}};

    (void)state, (void)scratch, (void)from, (void)at, (void)err;
    ck_turn_pixels(turns[turn_of(p)], in, out);
    return CK_OK;
}

static const char *const turns[] = {"90", "180", "270", NULL};

static const chunkimg_option options[] = {
    {.name = "angle", .type = CHUNKIMG_CHOICE, .offset = offsetof(params, turn), .choices = turns, .fallback = "90",
     .unit = "degrees", .value = "ANGLE", .help = "clockwise"},
    {.name = NULL},
};

const ck_op ck_op_rotate = {
    .name = "rotate",
    .summary = "by quarter turns, clockwise: rotate=90, 180 or 270",
    .details = "90: out(x, y) = in(y, H - 1 - x). 180: in(W - 1 - x, H - 1 - y). 270: in(W - 1 - y, x). The first rows of the "
               "output come from all over the input: the whole decoded image is kept in memory.",
    .options = options,
    .params_size = sizeof(params),
    .state_size = sizeof(ck_shape),
    .shape = shape,
    .prepare = prepare,
    .need = need,
    .need_most = need_most,
    .apply_at = apply,
};
