/* contrast: distance from mid-gray times a factor. */
#include "op/op.h"
#include "op/table.h"

#include <stddef.h>

typedef struct params {
    double factor;
} params;

static double curve(const void *p, double share)
{
    return ((const params *)p)->factor * (share - 0.5) + 0.5;
}

CK_TABLE_PREPARE

static const chunkimg_option options[] = {
    {.name = "factor", .type = CHUNKIMG_REAL, .offset = offsetof(params, factor), .least = 0, .most = 100,
     .fallback = "1.2", .value = "FACTOR", .help = "0: all mid-gray, 1: nothing changes, 2: twice the distance from it"},
    {.name = NULL},
};

const ck_op ck_op_contrast = {
    .name = "contrast",
    .summary = "distance from mid-gray times a factor",
    .details = "out = FACTOR (in - max / 2) + max / 2, rounded half up and clamped, for each gray or colour sample by "
               "itself: contrast() of the W3C's Filter Effects Module Level 1. Alpha stays.",
    .traits = CK_OP_KEEPS_ALPHA,
    .options = options,
    .params_size = sizeof(params),
    .state_size = sizeof(ck_table),
    .prepare = prepare,
    .apply = ck_table_apply,
};
