/* conv: a kernel of the user's own. */
#include "op/alpha.h"
#include "op/op.h"
#include "op/taps.h"

#include <math.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"

typedef struct params {
    const char *kernel;
    double divisor; /* 0: the sum of the weights */
    double offset;  /* percent of the maximum */
    int result;     /* index into results */
} params;

enum { PLAIN, MAGNITUDE, SIGNED };

static const char *const results[] = {"plain", "magnitude", "signed", NULL};

typedef struct state {
    ck_taps taps;
    ck_taps_end end;
    bool keeps_alpha; /* weights that sum to 0 would make every pixel transparent */
} state;

/* ---- reading the kernel ------------------------------------------------------------ */

static const char blanks[] = " \t\n;/";

/* Numbers into `to` (NULL: only counted), CK_TAPS_MOST at most. How many there are, -1 where one is none: *bad. */
static int32_t read_numbers(const char *text, double *to, const char **bad)
{
    int32_t count = 0;

    for (text += strspn(text, blanks); *text; count++) {
        char *end;
        double value = strtod(text, &end);
        *bad = text;
        if (end == text || !isfinite(value) || (*end && !strchr(blanks, *end)))
            return -1;
        if (to && count < CK_TAPS_MOST)
            to[count] = value;
        text = end + strspn(end, blanks);
    }
    return count;
}

/* 3 for 9 numbers; 0 where they are no square. */
static int32_t side_of(int32_t count)
{
    int32_t side = 1;

    while (side * side < count)
        side++;
    return side * side == count ? side : 0;
}

static ck_status check(const void *p, ck_error *err)
{
    const char *bad = "", *text = ((const params *)p)->kernel;
    char shown[40];
    int32_t count = read_numbers(text, NULL, &bad), side = side_of(count);

    if (count < 0)
        return ck_fail(err, CHUNKIMG_USAGE, "conv: kernel: '%s' is not a number", ck_text_escape(shown, sizeof shown, bad));
    if (!side)
        return ck_fail(err, CHUNKIMG_USAGE, "conv: kernel: %d numbers are no square of 3 x 3 to %d x %d", count,
                       CK_TAPS_SIDE_MOST, CK_TAPS_SIDE_MOST);
    if (side % 2 == 0)
        return ck_fail(err, CHUNKIMG_USAGE, "conv: kernel: %d x %d has no middle: the sides must be odd", side, side);
    if (side < 3 || side > CK_TAPS_SIDE_MOST)
        return ck_fail(err, CHUNKIMG_USAGE, "conv: kernel: %d x %d is out of range: 3 x 3 to %d x %d", side, side,
                       CK_TAPS_SIDE_MOST, CK_TAPS_SIDE_MOST);
    return CK_OK;
}

static int32_t halo(const void *p)
{
    const char *bad;

    return side_of(read_numbers(((const params *)p)->kernel, NULL, &bad)) / 2;
}

/* ---- whole weights ------------------------------------------------------------------- */

static bool all_whole(const double *weights, int32_t count, double divisor)
{
    bool whole = divisor == floor(divisor) && divisor <= CK_TAPS_SUM_MOST;

    for (int32_t i = 0; i < count; i++)
        whole = whole && weights[i] == floor(weights[i]);
    return whole;
}

/* As they are, or over the divisor times the largest power of two for which they stay within bounds. False: none is. */
static bool to_whole(const double *weights, int32_t count, double divisor, int32_t *whole, int32_t *whole_divisor)
{
    double sum = 0, scale = 1;

    for (int32_t i = 0; i < count; i++)
        sum += fabs(weights[i]);
    if (all_whole(weights, count, divisor) && sum <= CK_TAPS_SUM_MOST) {
        *whole_divisor = (int32_t)divisor;
    } else {
        *whole_divisor = 1 << 14;
        while (*whole_divisor > 1 && sum / divisor * *whole_divisor + count / 2.0 > CK_TAPS_SUM_MOST)
            *whole_divisor /= 2;
        scale = *whole_divisor / divisor;
        if (sum * scale + count / 2.0 > CK_TAPS_SUM_MOST)
            return false;
    }
    for (int32_t i = 0; i < count; i++)
        whole[i] = (int32_t)floor(weights[i] * scale + 0.5);
    return true;
}

static ck_status prepare(const void *p, ck_shape in, void *s, ck_error *err)
{
    const params *given = p;
    state *st = s;
    double weights[CK_TAPS_MOST], sum = 0, divisor = given->divisor;
    int32_t whole[CK_TAPS_MOST], max = in.depth == 16 ? 65535 : 255;
    const char *bad;
    int32_t count = read_numbers(given->kernel, weights, &bad);

    for (int32_t i = 0; i < count; i++)
        sum += weights[i];
    if (divisor == 0)
        divisor = fabs(sum) > 1e-9 ? fabs(sum) : 1;
    if (!to_whole(weights, count, divisor, whole, &st->end.divisor))
        return ck_fail(err, CHUNKIMG_USAGE, "conv: kernel: weights over the divisor must not add up to more than %d",
                       CK_TAPS_SUM_MOST);
    ck_taps_init(&st->taps, side_of(count), whole);
    st->end.offset = (int32_t)floor(given->offset / 100 * max + 0.5) + (given->result == SIGNED ? (max + 1) / 2 : 0);
    st->end.magnitude = given->result == MAGNITUDE;
    st->keeps_alpha = fabs(sum) <= 1e-9;
    return CK_OK;
}

static size_t scratch(const void *p, ck_shape out)
{
    return ck_taps_scratch(halo(p), out);
}

static void apply(const void *p, const void *s, void *work, ck_view in, ck_view out)
{
    const state *st = s;

    (void)p;
    ck_taps_apply(&st->taps, st->end, work, in, out);
    if (st->keeps_alpha && ck_has_alpha(out.shape))
        ck_alpha_copy(in, st->taps.radius, out);
}

static const chunkimg_option options[] = {
    {.name = "kernel", .type = CHUNKIMG_TEXT, .offset = offsetof(params, kernel), .fallback = "0 -1 0 -1 5 -1 0 -1 0",
     .value = "KERNEL", .help = "weights row by row, 3 x 3 to 15 x 15, between blanks, ; or /"},
    {.name = "divisor", .type = CHUNKIMG_REAL, .offset = offsetof(params, divisor), .least = 0, .most = 1e9,
     .fallback = "0", .value = "DIVISOR", .help = "of the weights; 0: their sum without its sign, or 1 where that is 0"},
    {.name = "offset", .type = CHUNKIMG_REAL, .offset = offsetof(params, offset), .least = -100, .most = 100,
     .unit = "percent", .fallback = "0", .value = "OFFSET", .help = "of the maximum, added"},
    {.name = "result", .type = CHUNKIMG_CHOICE, .offset = offsetof(params, result), .choices = results,
     .fallback = "plain", .value = "plain|magnitude|signed", .help = "magnitude: without its sign; signed: on mid-gray"},
    {.name = NULL},
};

const ck_op ck_op_conv = {
    .name = "conv",
    .summary = "any kernel of 3 x 3 to 15 x 15 weights",
    .details = "out = sum of weight times neighbour, over DIVISOR, rounded half up, plus OFFSET, clamped; the weights lie on "
               "the image as they are written (correlation: nothing is turned round). magnitude takes the sum without its "
               "sign, signed adds mid-gray, 128 or 32768. Whole weights are used as they are and the result is exact; "
               "others become fixed point of up to 14 bits. Products of a column and a row are found and take 2 n instead "
               "of n^2 steps. Borders are as --border says; alpha is premultiplied (Porter and Duff 1984) and filtered like the "
               "colours, or stays where the weights sum to 0.",
    .traits = CK_OP_PREMULTIPLY,
    .options = options,
    .params_size = sizeof(params),
    .state_size = sizeof(state),
    .check = check,
    .halo = halo,
    .prepare = prepare,
    .scratch = scratch,
    .apply = apply,
};
