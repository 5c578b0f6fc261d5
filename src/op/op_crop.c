/* crop: a window of the image. */
#include "op/op.h"

#include <stddef.h>

typedef struct params {
    int64_t x, y, w, h, margin; /* pixels; w, h 0: up to the edge */
} params;

typedef struct state {
    int32_t x, y;
} state;

/* What of it the image has. */
static ck_rect window(const params *p, ck_shape in)
{
    int64_t x = p->margin ? p->margin : p->x, y = p->margin ? p->margin : p->y;
    int64_t w = p->margin ? in.w - 2 * x : p->w ? p->w : in.w - x, h = p->margin ? in.h - 2 * y : p->h ? p->h : in.h - y;

    if (w < 1 || h < 1 || x + w > in.w || y + h > in.h)
        return (ck_rect){0};
    return (ck_rect){(int32_t)x, (int32_t)y, (int32_t)w, (int32_t)h};
}

static ck_status check(const void *params_, ck_error *err)
{
    const params *p = params_;

    if (p->margin && (p->x || p->y || p->w || p->h))
        return ck_fail(err, CHUNKIMG_USAGE, "crop: a margin and a rectangle cannot both be given");
    return CK_OK;
}

static ck_status prepare(const void *params_, ck_shape in, void *st, ck_error *err)
{
    const params *p = params_;
    ck_rect r = window(p, in);

    *(state *)st = (state){r.x, r.y};
    if (!r.w && p->margin)
        return ck_fail(err, CHUNKIMG_USAGE, "crop: a margin of %lld pixels leaves nothing of an image of %d x %d",
                       (long long)p->margin, in.w, in.h);
    if (!r.w)
        return ck_fail(err, CHUNKIMG_USAGE, "crop: %lld,%lld,%lld,%lld is not inside the image (%d x %d)", (long long)p->x,
                       (long long)p->y, (long long)p->w, (long long)p->h, in.w, in.h);
    return CK_OK;
}

static ck_shape shape(const void *p, ck_shape in)
{
    ck_rect r = window(p, in);

    in.w = r.w;
    in.h = r.h;
    return in;
}

static ck_rect need(const void *p, const void *st, ck_rect out)
{
    const state *s = st;

    (void)p;
    return (ck_rect){out.x + s->x, out.y + s->y, out.w, out.h};
}

static void need_most(const void *p, const void *st, int32_t *w, int32_t *h)
{
    (void)p, (void)st, (void)w, (void)h;
}

#define PIXELS(field) .type = CHUNKIMG_INT, .offset = offsetof(params, field), .least = 0, .most = INT32_MAX, \
                      .unit = "pixels", .fallback = "0"

static const chunkimg_option options[] = {
    {.name = "x", PIXELS(x), .value = "X", .help = "columns cut off on the left"},
    {.name = "y", PIXELS(y), .value = "Y", .help = "rows cut off above"},
    {.name = "w", PIXELS(w), .value = "W", .help = "width of what stays; 0: up to the right edge"},
    {.name = "h", PIXELS(h), .value = "H", .help = "height of what stays; 0: down to the last row"},
    {.name = "margin", PIXELS(margin), .value = "MARGIN", .help = "instead: cut off on each of the four sides"},
    {.name = NULL},
};

const ck_op ck_op_crop = {
    .name = "crop",
    .summary = "a window of the image: crop=X,Y,W,H or crop=margin:N",
    .details = "out(x, y) = in(x + X, y + Y). Nothing is computed and nothing is copied: what comes after sees the window, "
               "and the border of the window is a border of the image.",
    .traits = CK_OP_WINDOW,
    .options = options,
    .params_size = sizeof(params),
    .state_size = sizeof(state),
    .check = check,
    .shape = shape,
    .prepare = prepare,
    .need = need,
    .need_most = need_most,
};
