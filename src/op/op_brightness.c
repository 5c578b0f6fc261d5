/* brightness: a factor on every colour. */
#include "op/op.h"
#include "op/table.h"

#include <stddef.h>

typedef struct params {
    double factor;
} params;

static double curve(const void *p, double share)
{
    return ((const params *)p)->factor * share;
}

CK_TABLE_PREPARE

static const chunkimg_option options[] = {
    {.name = "factor", .type = CHUNKIMG_REAL, .offset = offsetof(params, factor), .least = 0, .most = 100,
     .fallback = "1.2", .value = "FACTOR", .help = "0: black, 1: nothing changes, 2: twice as bright"},
    {.name = NULL},
};

const ck_op ck_op_brightness = {
    .name = "brightness",
    .summary = "colours times a factor",
    .details = "out = FACTOR in, rounded half up and clamped, for each gray or colour sample by itself: brightness() of "
               "the W3C's Filter Effects Module Level 1. Alpha stays.",
    .traits = CK_OP_KEEPS_ALPHA,
    .options = options,
    .params_size = sizeof(params),
    .state_size = sizeof(ck_table),
    .prepare = prepare,
    .apply = ck_table_apply,
};
