/* resize: another size. The weights are in resample.c, the arithmetic in resize_down.c, _across.c, _half.c and _triangle.c. */
#include "op/op.h"
#include "op/resample.h"
#include "op/resize_rows.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "base/checked.h"
#include "base/text.h"

enum { RUN = 256 }; /* output pixels of a row that are computed at once */

#define FACTOR_LEAST 0.0001
#define FACTOR_MOST 100.0

typedef struct params {
    const char *size;
    int filter;
} params;

typedef struct state {
    ck_axis x, y;
    ck_filter filter;
    bool half; /* exactly 2 x 2 pixels to one */
} state;

/* ---- the size --------------------------------------------------------------- */

/* What was asked: a factor, or width and height, one of which may be 0 for in proportion. */
typedef struct asked {
    double factor;
    int64_t w, h;
} asked;

static bool side(const char *text, size_t n, int64_t *out)
{
    char digits[16];

    *out = 0;
    if (n >= sizeof digits)
        return false;
    memcpy(digits, text, n);
    digits[n] = 0;
    return !n || (ck_text_int(digits, out) && *out >= 1 && *out <= INT32_MAX);
}

static ck_status read_size(const char *text, asked *out, ck_error *err)
{
    const char *x = strchr(text, 'x');
    char shown[40];

    *out = (asked){0};
    if (x ? side(text, (size_t)(x - text), &out->w) && side(x + 1, strlen(x + 1), &out->h) && (out->w || out->h)
          : ck_text_real(text, &out->factor) && out->factor >= FACTOR_LEAST && out->factor <= FACTOR_MOST)
        return CK_OK;
    return ck_fail(err, CHUNKIMG_USAGE,
                   "resize: size: '%s' is neither a factor, %g to %g, nor a size in pixels: WxH, Wx or xH",
                   ck_text_escape(shown, sizeof shown, text), FACTOR_LEAST, FACTOR_MOST);
}

static int64_t in_proportion(int64_t n, double factor)
{
    double size = (double)n * factor + 0.5;

    return size < 1 ? 1 : size >= INT32_MAX ? INT32_MAX : (int64_t)size;
}

static void out_size(const asked *a, ck_shape in, int64_t *w, int64_t *h)
{
    if (a->factor > 0) {
        *w = in_proportion(in.w, a->factor);
        *h = in_proportion(in.h, a->factor);
        return;
    }
    *w = a->w ? a->w : in_proportion(in.w, (double)a->h / in.h);
    *h = a->h ? a->h : in_proportion(in.h, (double)a->w / in.w);
}

static ck_status check(const void *p, ck_error *err)
{
    asked a;

    return read_size(((const params *)p)->size, &a, err);
}

static ck_shape shape(const void *p, ck_shape in)
{
    int64_t w, h;
    asked a;

    if (!read_size(((const params *)p)->size, &a, NULL)) {
        out_size(&a, in, &w, &h);
        in.w = (int32_t)w;
        in.h = (int32_t)h;
    }
    return in;
}

/* ---- the slots -------------------------------------------------------------- */

static ck_status prepare(const void *p, ck_shape in, void *st, ck_error *err)
{
    ck_shape out = shape(p, in);
    ck_filter filter = (ck_filter)((const params *)p)->filter;
    state *s = st;
    ck_status status;

    if (out.w == INT32_MAX || out.h == INT32_MAX)
        return ck_fail(err, CHUNKIMG_LIMIT, "resize: the output would have more than %d columns or rows", INT32_MAX - 1);
    status = ck_axis_make(&s->x, in.w, out.w, filter, in.depth, err);
    if (!status)
        status = ck_axis_make(&s->y, in.h, out.h, filter, in.depth, err);
    s->half = in.w == 2 * (int64_t)out.w && in.h == 2 * (int64_t)out.h;
    s->filter = filter;
    return status;
}

static void release(void *st)
{
    ck_axis_release(&((state *)st)->x);
    ck_axis_release(&((state *)st)->y);
}

static ck_rect need(const void *p, const void *st, ck_rect out)
{
    const state *s = st;
    ck_rect r;

    (void)p;
    ck_axis_need(&s->x, out.x, out.w, &r.x, &r.w);
    ck_axis_need(&s->y, out.y, out.h, &r.y, &r.h);
    return r;
}

static void need_most(const void *p, const void *st, int32_t *w, int32_t *h)
{
    const state *s = st;

    (void)p;
    *w = ck_axis_most(&s->x, *w);
    *h = ck_axis_most(&s->y, *h);
}

/* Samples of one row in between, those of a run. */
static size_t mid_step(const state *s, int32_t columns, unsigned channels)
{
    int32_t need = ck_axis_most(&s->x, RUN);

    return ck_round_up((size_t)(need < columns ? need : columns) * channels + ck_resize_spare(&s->x, channels), 64);
}

static size_t scratch_at(const void *p, const void *st, ck_shape in, ck_shape out)
{
    size_t nbytes;

    (void)p, (void)out;
    return ck_mul(mid_step(st, in.w, in.channels) * CK_RESIZE_ROWS, in.depth == 8 ? sizeof(int16_t) : sizeof(float), &nbytes)
               ? nbytes
               : SIZE_MAX;
}

/* The pixels `at` of the output, a run wide and a few rows high, by way of rows that stay in the L1 cache. */
static void piece(const state *s, void *scratch, ck_view in, ck_rect from, ck_view out, ck_rect at)
{
    unsigned c = in.shape.channels;
    ck_mids mids = {.px = scratch, .step = mid_step(s, in.shape.w, c)};
    int32_t columns;

    ck_axis_need(&s->x, at.x, at.w, &mids.first, &columns);
    size_t n = (size_t)columns * c, spare = ck_resize_spare(&s->x, c);
    for (int32_t r = 0; r < at.h; r++) {
        const uint8_t *row = ck_row(in, s->y.start[at.y + r] - from.y) + (size_t)(mids.first - from.x) * ck_pixel_nbytes(in.shape);
        if (in.shape.depth == 8) {
            int16_t *mid = (int16_t *)scratch + (size_t)r * mids.step;
            ck_resize_down8(&s->y, at.y + r, row, in.stride, mid, n);
            memset(mid + n, 0, spare * sizeof *mid);
        } else {
            float *mid = (float *)scratch + (size_t)r * mids.step;
            ck_resize_down16(&s->y, at.y + r, (const uint16_t *)(const void *)row, in.stride, mid, n);
            memset(mid + n, 0, spare * sizeof *mid);
        }
    }
    (in.shape.depth == 8 ? ck_resize_across8 : ck_resize_across16)(&s->x, &mids, out, at.x);
}

static void halve(ck_view in, ck_view out)
{
    for (int32_t y = 0; y < out.shape.h; y++)
        if (in.shape.depth == 8)
            ck_resize_half8(ck_row(in, 2 * y), ck_row(in, 2 * y + 1), in.shape.channels, (size_t)out.shape.w, ck_row(out, y));
        else
            ck_resize_half16((const uint16_t *)(const void *)ck_row(in, 2 * y), (const uint16_t *)(const void *)ck_row(in, 2 * y + 1),
                             in.shape.channels, (size_t)out.shape.w, (uint16_t *)(void *)ck_row(out, y));
}

static int32_t least(int32_t a, int32_t b)
{
    return a < b ? a : b;
}

/* The pixels `some` of those `at` of the output. */
static void pieces(const state *s, void *scratch, ck_view in, ck_rect from, ck_view out, ck_rect at, ck_rect some)
{
    for (int32_t y = 0; y < some.h; y += CK_RESIZE_ROWS)
        for (int32_t x = 0; x < some.w; x += RUN) {
            ck_rect r = {some.x + x, some.y + y, least(RUN, some.w - x), least(CK_RESIZE_ROWS, some.h - y)};
            piece(s, scratch, in, from, ck_window(out, r.x - at.x, r.y - at.y, r.w, r.h), r);
        }
}

/* The image's edges have other weights than all else. False: not to be had. */
static bool halve_bilinear(const state *s, void *scratch, ck_view in, ck_rect from, ck_view out, ck_rect at)
{
    ck_rect inner = ck_rect_meet(at, (ck_rect){1, 1, s->x.out - 2, s->y.out - 2});
    int32_t right = inner.x + inner.w, bottom = inner.y + inner.h;

    if (inner.w <= 0 || inner.h <= 0
        || !ck_resize_triangle(ck_window(in, 2 * inner.x - 1 - from.x, 2 * inner.y - 1 - from.y, 2 * inner.w + 2, 2 * inner.h + 2),
                               ck_window(out, inner.x - at.x, inner.y - at.y, inner.w, inner.h)))
        return false;
    pieces(s, scratch, in, from, out, at, (ck_rect){at.x, at.y, at.w, inner.y - at.y});
    pieces(s, scratch, in, from, out, at, (ck_rect){at.x, bottom, at.w, at.y + at.h - bottom});
    pieces(s, scratch, in, from, out, at, (ck_rect){at.x, inner.y, inner.x - at.x, inner.h});
    pieces(s, scratch, in, from, out, at, (ck_rect){right, inner.y, at.x + at.w - right, inner.h});
    return true;
}

static ck_status apply(const void *p, const void *st, void *scratch, ck_view in, ck_rect from, ck_view out, ck_rect at,
                       ck_error *err)
{
    const state *s = st;

    (void)p, (void)err;
    if (s->half && s->filter == CK_FILTER_BOX)
        halve(in, out);
    else if (!s->half || s->filter != CK_FILTER_BILINEAR || !halve_bilinear(s, scratch, in, from, out, at))
        pieces(s, scratch, in, from, out, at, at);
    return CK_OK;
}

static const char *const filters[] = {"box", "bilinear", "lanczos3", NULL};

static const chunkimg_option options[] = {
    {.name = "size", .type = CHUNKIMG_TEXT, .offset = offsetof(params, size), .fallback = "0.5", .value = "FACTOR|WxH",
     .help = "a factor, 0.0001 to 100, or a size in pixels; Wx or xH keep the proportions"},
    {.name = "filter", .type = CHUNKIMG_CHOICE, .offset = offsetof(params, filter), .choices = filters,
     .fallback = "lanczos3", .value = "FILTER", .help = "box: the mean of the area; bilinear; lanczos3: the sharpest"},
    {.name = NULL},
};

const ck_op ck_op_resize = {
    .name = "resize",
    .summary = "another size, without aliasing",
    .details = "Output pixel i has its middle at (i + 1/2) in / out of the input, the edges of both images coincide, and a "
               "factor gives round(FACTOR in) pixels. Where the image shrinks the filter is stretched by in / out, as Pillow "
               "and libvips do. box: each input pixel by the area that the output pixel covers of it; bilinear: a triangle; "
               "lanczos3: sinc(x) sinc(x / 3), |x| < 3 (Duchon 1979). At the image's edge the weights that are left are scaled "
               "to sum to 1. Columns first, then rows, rounded half up and clamped. 8 bit: weights of 14 bits that sum to exactly "
               "1, and 6 bits more are kept in between. 16 bit: single precision, products added in the order of the pixels, "
               "each 16 of them to a sum in double precision. Alpha is premultiplied (Porter and Duff 1984).",
    .traits = CK_OP_PREMULTIPLY,
    .options = options,
    .params_size = sizeof(params),
    .state_size = sizeof(state),
    .check = check,
    .shape = shape,
    .prepare = prepare,
    .need = need,
    .need_most = need_most,
    .scratch_at = scratch_at,
    .apply_at = apply,
    .release = release,
};
