/* threshold: black or white. */
#include <stddef.h>
#include <string.h>

#include "base/text.h"
#include "op/clones.h"
#include "op/histogram.h"
#include "op/op.h"

typedef struct params {
    const char *value; /* sample units of the image's depth; -1: half; or otsu */
} params;

typedef struct state {
    uint16_t value;
} state;

enum { OTSU = -2 };

static ck_status read_value(const void *p, int64_t *value, ck_error *err)
{
    const char *text = ((const params *)p)->value;
    char shown[40];

    *value = OTSU;
    if (!strcmp(text, "otsu"))
        return CK_OK;
    ck_text_escape(shown, sizeof shown, text);
    if (!ck_text_int(text, value))
        return ck_fail(err, CHUNKIMG_USAGE, "threshold: value: '%s' is neither a whole number, -1 to 65535, nor otsu", shown);
    if (*value < -1 || *value > 65535)
        return ck_fail(err, CHUNKIMG_USAGE, "threshold: value: '%s' is out of range: -1 to 65535", shown);
    return CK_OK;
}

static ck_status check(const void *p, ck_error *err)
{
    int64_t value;

    return read_value(p, &value, err);
}

static ck_status prepare(const void *p, ck_shape in, void *s, ck_error *err)
{
    int64_t value, most = in.depth == 16 ? 65535 : 255;
    ck_status status = read_value(p, &value, err);

    if (!status && value > most)
        return ck_fail(err, CHUNKIMG_USAGE, "threshold: value %lld is above %lld, the most a sample of %u bits can be",
                       (long long)value, (long long)most, in.depth);
    ((state *)s)->value = (uint16_t)(value < 0 ? (most + 1) / 2 : value);
    return status;
}

/* ---- Otsu's: all colour samples in one histogram ----------------------------- */

static size_t size(const void *p, ck_shape in)
{
    int64_t value;

    return !read_value(p, &value, NULL) && value == OTSU ? ck_colours(in) * ck_histogram_bins(in) * sizeof(uint64_t) : 0;
}

static void add(const void *p, const void *st, ck_view in, int32_t x, int32_t y, void *account)
{
    (void)p, (void)st, (void)x, (void)y;
    ck_histogram_add(in, 0, account);
}

static void merge(const void *p, ck_shape in, void *into, const void *from)
{
    ck_histogram_join(into, from, size(p, in) / sizeof(uint64_t));
}

static uint64_t count_at(const uint64_t *counts, size_t bins, unsigned colours, size_t v)
{
    uint64_t n = 0;

    for (unsigned c = 0; c < colours; c++)
        n += counts[c * bins + v];
    return n;
}

/* The first value from which on "white" makes the variance between the two classes, w0 w1 (m0 - m1)^2, largest. */
static void end(const void *p, ck_shape in, const void *account, void *st)
{
    size_t bins = ck_histogram_bins(in), best_v = bins / 2;
    double all = 0, sum = 0, below = 0, sum_below = 0, best = -1;

    (void)p;
    for (size_t v = 0; v < bins; v++) {
        double n = (double)count_at(account, bins, ck_colours(in), v);
        all += n;
        sum += n * (double)v;
    }
    for (size_t v = 1; v < bins; v++) {
        double n = (double)count_at(account, bins, ck_colours(in), v - 1), apart, between;

        below += n;
        sum_below += n * (double)(v - 1);
        if (below == 0 || below == all)
            continue;
        apart = sum_below / below - (sum - sum_below) / (all - below);
        between = below / all * ((all - below) / all) * apart * apart;
        if (between > best) {
            best = between;
            best_v = v;
        }
    }
    ((state *)st)->value = (uint16_t)best_v;
}

static const chunkimg_survey survey = {.size = size, .add = add, .merge = merge, .end = end};

/* ---- the pixels ------------------------------------------------------------- */

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
    {.name = "value", .type = CHUNKIMG_TEXT, .offset = offsetof(params, value), .fallback = "-1", .value = "N|otsu",
     .help = "samples from here on become white: 0 to 255 at 8 bit, 0 to 65535 at 16 bit; -1: half, 128 or 32768; otsu: "
             "found in the image"},
    {.name = NULL},
};

const ck_op ck_op_threshold = {
    .name = "threshold",
    .summary = "black below a value, white from it on",
    .details = "out = in >= VALUE ? max : 0 for each gray or colour sample by itself; alpha stays. VALUE counts in "
               "sample units of the image's depth. otsu: the VALUE that parts all colour samples of the image into two classes "
               "with the largest variance between them, w0 w1 (m0 - m1)^2 (Otsu 1979), found before the first tile is made. For a "
               "picture of two colours put gray before it.",
    .traits = CK_OP_KEEPS_ALPHA,
    .options = options,
    .params_size = sizeof(params),
    .state_size = sizeof(state),
    .check = check,
    .prepare = prepare,
    .survey = &survey,
    .apply = apply,
};
