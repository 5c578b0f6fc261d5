/* threshold: black or white. */
#include <stddef.h>

#include "op/clones.h"
#include "op/op.h"

typedef struct params {
    int64_t value; /* sample units of the image's depth; -1: half */
} params;

typedef struct state {
    uint16_t value;
} state;

static ck_status prepare(const void *p, ck_shape in, void *s, ck_error *err)
{
    int64_t value = ((const params *)p)->value;
    int64_t most = in.depth == 16 ? 65535 : 255;

    if (value > most)
        return ck_fail(err, CHUNKIMG_USAGE, "threshold: value %lld is above %lld, the most a sample of %u bits can be",
                       (long long)value, (long long)most, in.depth);
    ((state *)s)->value = (uint16_t)(value < 0 ? (most + 1) / 2 : value);
    return CK_OK;
}

CK_CLONES
static void row8(const uint8_t *restrict in, uint8_t *restrict out, size_t n, uint8_t value)
{
    for (size_t i = 0; i < n; i++)
        out[i] = in[i] >= value ? 255 : 0;
}

CK_CLONES
static void row16(const uint16_t *restrict in, uint16_t *restrict out, size_t n, uint16_t value)
{
    for (size_t i = 0; i < n; i++)
        out[i] = in[i] >= value ? 65535 : 0;
}

static void apply(const void *p, const void *s, void *scratch, ck_view in, ck_view out)
{
    uint16_t value = ((const state *)s)->value;
    size_t n = (size_t)out.shape.w * out.shape.channels;

    (void)p, (void)scratch;
    for (int32_t y = 0; y < out.shape.h; y++) {
        if (out.shape.depth == 8)
            row8(ck_row(in, y), ck_row(out, y), n, (uint8_t)value);
        else
            row16((const uint16_t *)ck_row(in, y), (uint16_t *)ck_row(out, y), n, value);
    }
}

static const chunkimg_option options[] = {
    {.name = "value", .type = CHUNKIMG_INT, .offset = offsetof(params, value), .least = -1, .most = 65535,
     .fallback = "-1", .value = "N",
     .help = "samples from here on become white: 0 to 255 at 8 bit, 0 to 65535 at 16 bit; -1: half, 128 or 32768"},
    {.name = NULL},
};

const ck_op ck_op_threshold = {
    .name = "threshold",
    .summary = "black below a value, white from it on",
    .details = "out = in >= VALUE ? max : 0 for each gray or colour sample by itself; alpha stays. VALUE counts in "
               "sample units of the image's depth. For a picture of two colours put gray before it.",
    .traits = CK_OP_KEEPS_ALPHA,
    .options = options,
    .params_size = sizeof(params),
    .state_size = sizeof(state),
    .prepare = prepare,
    .apply = apply,
};
