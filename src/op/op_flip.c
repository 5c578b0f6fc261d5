/* flip: the mirror image. */
#include "op/op.h"
#include "op/turn.h"

#include <stddef.h>
#include <string.h>

enum { ACROSS, DOWN };

typedef struct params {
    int way;
} params;

static ck_status prepare(const void *params_, ck_shape in, void *state, ck_error *err)
{
    (void)params_, (void)err;
    *(ck_shape *)state = in;
    return CK_OK;
}

static ck_rect need(const void *p, const void *state, ck_rect out)
{
    const ck_shape *in = state;

    if (((const params *)p)->way == ACROSS)
        out.x = in->w - out.x - out.w;
    else
        out.y = in->h - out.y - out.h;
    return out;
}

static void need_most(const void *p, const void *state, int32_t *w, int32_t *h)
{
    (void)p, (void)state, (void)w, (void)h;
}

static ck_status apply(const void *p, const void *state, void *scratch, ck_view in, ck_rect from, ck_view out, ck_rect at,
                       ck_error *err)
{
    int32_t w = out.shape.w, h = out.shape.h;

    (void)state, (void)scratch, (void)from, (void)at, (void)err;
    if (((const params *)p)->way == ACROSS)
        ck_turn_pixels((ck_turn){.x0 = w - 1, .ax = -1, .by = 1}, in, out);
    else
        for (int32_t y = 0; y < h; y++)
            memcpy(ck_row(out, y), ck_row(in, h - 1 - y), ck_row_nbytes(out.shape));
    return CK_OK;
}

static const char *const ways[] = {"h", "v", NULL};

static const chunkimg_option options[] = {
    {.name = "way", .type = CHUNKIMG_CHOICE, .offset = offsetof(params, way), .choices = ways, .fallback = "h",
     .value = "WAY", .help = "h: left and right change places; v: top and bottom"},
    {.name = NULL},
};

const ck_op ck_op_flip = {
    .name = "flip",
    .summary = "the mirror image: flip=h or flip=v",
    .details = "h: out(x, y) = in(W - 1 - x, y). v: out(x, y) = in(x, H - 1 - y), which needs the last row first, and so the "
               "whole decoded image in memory.",
    .options = options,
    .params_size = sizeof(params),
    .state_size = sizeof(ck_shape),
    .prepare = prepare,
    .need = need,
    .need_most = need_most,
    .apply_at = apply,
};
