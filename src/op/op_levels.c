/* levels: black point, white point and gamma. */
#include "op/op.h"
#include "op/table.h"

#include <math.h>
#include <stddef.h>

typedef struct params {
    double in_black, in_white; /* percent of the maximum */
    double gamma;
    double out_black, out_white;
} params;

static double curve(const void *p, double share)
{
    const params *l = p;
    double inside = (100 * share - l->in_black) / (l->in_white - l->in_black);

    inside = inside < 0 ? 0 : inside > 1 ? 1 : inside;
    return (l->out_black + (l->out_white - l->out_black) * pow(inside, 1 / l->gamma)) / 100;
}

static ck_status prepare(const void *p, ck_shape in, void *state, ck_error *err)
{
    const params *l = p;

    if (l->in_black >= l->in_white)
        return ck_fail(err, CHUNKIMG_USAGE, "levels: in_black, %g percent, must be below in_white, %g percent", l->in_black,
                       l->in_white);
    ck_table_fill(state, in.depth, curve, p);
    return CK_OK;
}

#define PERCENT(field, preset, shown, text)                                                                           \
    {.name = #field, .type = CHUNKIMG_REAL, .offset = offsetof(params, field), .least = 0, .most = 100,               \
     .unit = "percent", .fallback = preset, .value = shown, .help = text}

static const chunkimg_option options[] = {
    PERCENT(in_black, "0", "IN_BLACK", "what becomes out_black, and all below it"),
    PERCENT(in_white, "100", "IN_WHITE", "what becomes out_white, and all above it"),
    {.name = "gamma", .type = CHUNKIMG_REAL, .offset = offsetof(params, gamma), .least = 0.01, .most = 100,
     .fallback = "1", .value = "GAMMA", .help = "of the tones in between; above 1: lighter"},
    PERCENT(out_black, "0", "OUT_BLACK", "the darkest output"),
    PERCENT(out_white, "100", "OUT_WHITE", "the lightest output; below out_black: a negative"),
    {.name = NULL},
};

const ck_op ck_op_levels = {
    .name = "levels",
    .summary = "black point, white point and gamma of the input, range of the output",
    .details = "out = OUT_BLACK + (OUT_WHITE - OUT_BLACK) ((in - IN_BLACK) / (IN_WHITE - IN_BLACK))^(1 / GAMMA), the "
               "quotient clamped to 0 .. 1, all in percent of the maximum, rounded half up, for each gray or colour sample "
               "by itself. Alpha stays.",
    .traits = CK_OP_KEEPS_ALPHA,
    .options = options,
    .params_size = sizeof(params),
    .state_size = sizeof(ck_table),
    .prepare = prepare,
    .apply = ck_table_apply,
};
