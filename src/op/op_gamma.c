/* gamma: a power of every colour. */
#include "op/op.h"
#include "op/table.h"

#include <math.h>
#include <stddef.h>

typedef struct params {
    double gamma;
} params;

static double curve(const void *p, double share)
{
    return pow(share, 1 / ((const params *)p)->gamma);
}

CK_TABLE_PREPARE

static const chunkimg_option options[] = {
    {.name = "gamma", .type = CHUNKIMG_REAL, .offset = offsetof(params, gamma), .least = 0.01, .most = 100,
     .fallback = "2.2", .value = "GAMMA", .help = "above 1: lighter, below 1: darker, 1: nothing changes"},
    {.name = NULL},
};

const ck_op ck_op_gamma = {
    .name = "gamma",
    .summary = "gamma correction: middle tones lighter or darker",
    .details = "out = max (in / max)^(1 / GAMMA), rounded half up, for each gray or colour sample by itself: the power "
               "law of Rec. ITU-R BT.709 and BT.1886 without their linear parts. Alpha stays.",
    .traits = CK_OP_KEEPS_ALPHA,
    .options = options,
    .params_size = sizeof(params),
    .state_size = sizeof(ck_table),
    .prepare = prepare,
    .apply = ck_table_apply,
};
