/*
 * An operation of one's own: the darkest sample of a square window, as --op erode has it. Built as a shared object from
 * nothing but the public headers:
 *
 *     cc -std=c17 -O2 -shared -fPIC -I INCLUDE darkest.c -o darkest.so
 *     chunkimg photo.png --op ./darkest.so=3
 */
#include <chunkimg/chunkimg_op.h>

typedef struct params {
    int64_t radius; /* pixels */
} params;

static int32_t halo(const void *p)
{
    return (int32_t)((const params *)p)->radius;
}

static unsigned sample(chunkimg_view v, int32_t y, size_t i)
{
    const uint8_t *row = chunkimg_row(v, y);

    return v.shape.depth == 8 ? row[i] : ((const uint16_t *)(const void *)row)[i];
}

/* `in` is larger than `out` by the radius on every side, so the window of out(x, y) begins at in(x, y). */
static unsigned darkest(chunkimg_view in, int32_t y, size_t i, int32_t side)
{
    unsigned least = 65535;

    for (int32_t dy = 0; dy < side; dy++)
        for (int32_t dx = 0; dx < side; dx++) {
            unsigned v = sample(in, y + dy, i + (size_t)dx * in.shape.channels);
            least = v < least ? v : least;
        }
    return least;
}

static void apply(const void *p, const void *state, void *scratch, chunkimg_view in, chunkimg_view out)
{
    int32_t side = 2 * halo(p) + 1;
    size_t n = (size_t)out.shape.w * out.shape.channels;

    (void)state, (void)scratch;
    for (int32_t y = 0; y < out.shape.h; y++)
        for (size_t i = 0; i < n; i++) {
            unsigned v = darkest(in, y, i, side);

            if (out.shape.depth == 8)
                chunkimg_row(out, y)[i] = (uint8_t)v;
            else
                ((uint16_t *)(void *)chunkimg_row(out, y))[i] = (uint16_t)v;
        }
}

static const chunkimg_option options[] = {
    {.name = "radius", .type = CHUNKIMG_INT, .offset = offsetof(params, radius), .least = 1, .most = 20, .unit = "pixels",
     .fallback = "1", .value = "RADIUS", .help = "the window is 2 RADIUS + 1 pixels wide and high"},
    {.name = NULL},
};

static const chunkimg_op op = {
    .name = "darkest",
    .summary = "the darkest sample of a square window",
    .details = "out = the least of the (2 RADIUS + 1)^2 samples around, for each channel by itself.",
    .traits = CHUNKIMG_OP_PREMULTIPLY,
    .options = options,
    .params_size = sizeof(params),
    .halo = halo,
    .apply = apply,
};

CHUNKIMG_API const chunkimg_op_file chunkimg_op_here = CHUNKIMG_OP_FILE(&op);
