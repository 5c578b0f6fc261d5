/* sharpen: unsharp mask. */
#include "op/clones.h"
#include "op/gauss.h"
#include "op/op.h"

#include <math.h>
#include <stddef.h>

#include "base/checked.h"

/* The amount is a multiple of 2^-11: times a difference it stays below 2^31 at either depth. */
enum { AMOUNT_BITS = 11 };
_Static_assert(1 << (AMOUNT_BITS + 6) == 256 * 512, "what sharpen_lanes.inc rounds by");

typedef struct params {
    double sigma;  /* pixels */
    double amount; /* 1: the difference once */
    double threshold; /* levels of 255 */
} params;

typedef struct state {
    ck_gauss gauss;
    int32_t amount; /* times 2^AMOUNT_BITS */
    int32_t least;  /* the difference from which on it is added, in units of the smooth row */
} state;

static int32_t halo(const void *p)
{
    return ck_gauss_radius(((const params *)p)->sigma);
}

static ck_status prepare(const void *p, ck_shape in, void *s, ck_error *err)
{
    const params *given = p;

    (void)err;
    ck_gauss_init(&((state *)s)->gauss, given->sigma);
    ((state *)s)->amount = (int32_t)floor(given->amount * (1 << AMOUNT_BITS) + 0.5);
    ((state *)s)->least = (int32_t)ceil(given->threshold * (in.depth == 8 ? 128 : 257));
    return CK_OK;
}

/* The smoothed row, then what the smoothing needs. */
static size_t smooth_nbytes(ck_shape out)
{
    return ck_round_up((size_t)out.w * out.channels * sizeof(int16_t), 64);
}

static size_t scratch(const void *p, ck_shape out)
{
    size_t nbytes;

    return ck_add(smooth_nbytes(out), ck_gauss_scratch(((const params *)p)->sigma, out), &nbytes) ? nbytes : SIZE_MAX;
}

/* `smooth` has 7 more bits than a sample. */
static void plain_combine8(const uint8_t *in, const int16_t *smooth, uint8_t *out, size_t n, int32_t amount, int32_t least)
{
    for (size_t i = 0; i < n; i++) {
        int32_t difference = in[i] * 128 - smooth[i], size = difference < 0 ? -difference : difference;
        int32_t more = ((size < least ? 0 : difference) * amount + (1 << (AMOUNT_BITS + 6))) >> (AMOUNT_BITS + 7);
        int32_t v = in[i] + more;
        v = v < 0 ? 0 : v;
        out[i] = (uint8_t)(v > 255 ? 255 : v);
    }
}

typedef void (*combine8)(const uint8_t *in, const int16_t *smooth, uint8_t *out, size_t n, int32_t amount, int32_t least);

#define LANES_TEMPLATE "op/sharpen_lanes.inc"
#include "op/lanes_each.inc"

CK_CLONES
static void combine16(const uint16_t *restrict in, const uint16_t *restrict smooth, uint16_t *restrict out, size_t n,
                      int32_t amount, int32_t least)
{
    for (size_t i = 0; i < n; i++) {
        int32_t difference = in[i] - smooth[i], size = difference < 0 ? -difference : difference;
        int32_t more = ((size < least ? 0 : difference) * amount + (1 << (AMOUNT_BITS - 1))) >> AMOUNT_BITS;
        int32_t v = in[i] + more;
        v = v < 0 ? 0 : v;
        out[i] = (uint16_t)(v > 65535 ? 65535 : v);
    }
}

static void apply(const void *p, const void *s, void *work, ck_view in, ck_view out)
{
    const state *st = s;
    size_t n = (size_t)out.shape.w * out.shape.channels;
    void *smooth = work, *rest = (uint8_t *)work + smooth_nbytes(out.shape);
    combine8 combine = LANES_BEST(n, plain_combine8, combine8);
    ck_view middle = ck_window(in, st->gauss.radius, st->gauss.radius, out.shape.w, out.shape.h);

    (void)p;
    ck_gauss_start(&st->gauss, rest, in);
    for (int32_t y = 0; y < out.shape.h; y++) {
        const uint8_t *from = ck_row(middle, y);
        uint8_t *to = ck_row(out, y);
        if (in.shape.depth == 8) {
            ck_gauss_fine(&st->gauss, rest, in, y, smooth);
            combine(from, smooth, to, n, st->amount, st->least);
        } else {
            ck_gauss_row(&st->gauss, rest, in, y, smooth);
            combine16((const uint16_t *)from, smooth, (uint16_t *)to, n, st->amount, st->least);
        }
    }
}

static const chunkimg_option options[] = {
    CK_GAUSS_SIGMA(params, sigma),
    {.name = "amount", .type = CHUNKIMG_REAL, .offset = offsetof(params, amount), .least = 0, .most = 10,
     .fallback = "1", .value = "AMOUNT", .help = "how much of the difference is added"},
    {.name = "threshold", .type = CHUNKIMG_REAL, .offset = offsetof(params, threshold), .least = 0, .most = 255,
     .unit = "levels of 255", .fallback = "0", .value = "THRESHOLD", .help = "smaller differences are left alone: noise"},
    {.name = NULL},
};

const ck_op ck_op_sharpen = {
    .name = "sharpen",
    .summary = "unsharp mask: what a Gaussian blur takes away, added once more",
    .details = "out = in + AMOUNT (in - blur(in, SIGMA)), rounded half up and clamped; out = in where the difference is below "
               "THRESHOLD. The blur is that of the "
               "operation blur, kept with 7 more bits at 8 bit; AMOUNT is rounded to a multiple of 1/2048. Borders "
               "are as --border says; alpha is premultiplied (Porter and Duff 1984) and sharpened like the colours.",
    .traits = CK_OP_PREMULTIPLY,
    .options = options,
    .params_size = sizeof(params),
    .state_size = sizeof(state),
    .halo = halo,
    .prepare = prepare,
    .scratch = scratch,
    .apply = apply,
};
