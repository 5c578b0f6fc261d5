/* Filters on neighbours against plain loops over whole images, straight from the formula in `details`. */
#include "support/ops.h"

#include <math.h>

static image ref_box(const image *in, const double *args)
{
    image out = image_new(in->shape.w, in->shape.h, in->shape.channels, in->shape.depth);
    int radius = (int)args[0], area = (2 * radius + 1) * (2 * radius + 1);

    for (int32_t y = 0; y < in->shape.h; y++)
        for (int32_t x = 0; x < in->shape.w; x++)
            for (int c = 0; c < in->shape.channels; c++) {
                int64_t sum = 0;
                for (int j = -radius; j <= radius; j++)
                    for (int i = -radius; i <= radius; i++)
                        sum += get(in, x + i, y + j, c);
                *at(&out, x, y, c) = (uint16_t)rounded(sum, area);
            }
    return out;
}

static image extreme_of(const image *in, int radius, bool greatest)
{
    image out = image_new(in->shape.w, in->shape.h, in->shape.channels, in->shape.depth);

    for (int32_t y = 0; y < in->shape.h; y++)
        for (int32_t x = 0; x < in->shape.w; x++)
            for (int c = 0; c < in->shape.channels; c++) {
                int64_t best = get(in, x, y, c);
                for (int j = -radius; j <= radius; j++)
                    for (int i = -radius; i <= radius; i++) {
                        int64_t v = get(in, x + i, y + j, c);
                        best = greatest ? (v > best ? v : best) : (v < best ? v : best);
                    }
                *at(&out, x, y, c) = (uint16_t)best;
            }
    return out;
}

static image ref_erode(const image *in, const double *args) { return extreme_of(in, (int)args[0], false); }
static image ref_dilate(const image *in, const double *args) { return extreme_of(in, (int)args[0], true); }

/* One after the other on whole images. */
static image ref_open(const image *in, const double *args)
{
    image middle = ref_erode(in, args), out = ref_dilate(&middle, args);

    free(middle.px);
    return out;
}

static image ref_close(const image *in, const double *args)
{
    image middle = ref_dilate(in, args), out = ref_erode(&middle, args);

    free(middle.px);
    return out;
}

/* ---- bilateral: the whole weights of `details`, one by one ---- */

static uint16_t half_of_product(uint64_t a, uint64_t b)
{
    return (uint16_t)(a * b >> 16);
}

static uint16_t of_difference(int64_t d, double range, bool deep)
{
    double share = 65536 / (sqrt(32) * range);
    int shift = 0;

    if (deep)
        for (share *= 4.0 / 257, shift = 2; share < 64 && shift < 8; shift++)
            share *= 2;
    int64_t k = share < 65535 ? (int64_t)(share + 0.5) : 65535;
    d = d < 65535 / k ? d : 65535 / k;
    uint16_t e = (uint16_t)(d * k), z = half_of_product(e, e), z2 = half_of_product(z, z), z3 = half_of_product(z2, z);
    uint16_t y = (uint16_t)(65535 - z + z2 / 2 - half_of_product(z3, 10923));
    for (int i = 0; i < 4; i++)
        y = half_of_product(y, y);
    return y;
}

static int shift_at_16(double range)
{
    double share = 65536 / (sqrt(32) * range) * 4 / 257;
    int shift = 2;

    for (; share < 64 && shift < 8; shift++)
        share *= 2;
    return shift;
}

static image ref_bilateral(const image *in, const double *args)
{
    image out = image_new(in->shape.w, in->shape.h, in->shape.channels, in->shape.depth);
    int radius = (int)ceil(1.5 * args[0]), shift = in->shape.depth == 16 ? shift_at_16(args[1]) : 0;
    double total = 0, most = in->shape.depth == 16 ? 32767 : 8388607;
    bool deep = in->shape.depth == 16;

    for (int i = -radius; i <= radius; i++)
        for (int j = -radius; j <= radius; j++)
            total += i * i + j * j <= radius * radius ? exp(-(i * i + j * j) / (2 * args[0] * args[0])) : 0;
    most = fmin(most / total, 65535);
    for (int32_t y = 0; y < in->shape.h; y++)
        for (int32_t x = 0; x < in->shape.w; x++) {
            int64_t sums[4] = {0}, weights = 0;
            for (int j = -radius; j <= radius; j++)
                for (int i = -radius; i <= radius; i++) {
                    int64_t d = 0, w;
                    if (i * i + j * j > radius * radius)
                        continue;
                    for (int c = 0; c < in->shape.channels; c++)
                        d += clamp(llabs(get(in, x + i, y + j, c) - get(in, x, y, c)) + (1 << shift >> 1), 65535) >> shift;
                    w = half_of_product(of_difference(d, args[1], deep),
                                        (uint16_t)(most * exp(-(i * i + j * j) / (2 * args[0] * args[0]))));
                    weights += w;
                    for (int c = 0; c < in->shape.channels; c++)
                        sums[c] += w * get(in, x + i, y + j, c);
                }
            for (int c = 0; c < in->shape.channels; c++)
                *at(&out, x, y, c) = deep ? (uint16_t)((double)sums[c] / (double)weights + 0.5)
                                          : (uint16_t)((float)sums[c] / (float)weights + 0.5f);
        }
    return out;
}

static void bilaterals(void **state)
{
    static const trial trials[] = {
        {"bilateral", ref_bilateral, true, {1.3, 30}},    {"bilateral=0.5,1", ref_bilateral, true, {0.5, 1}},
        {"bilateral=3,255", ref_bilateral, true, {3, 255}}, {"bilateral=1,8", ref_bilateral, true, {1, 8}},
    };
    static const trial widest = {"bilateral=10,100", ref_bilateral, true, {10, 100}};

    (void)state;
    ALL(trials);
    compare_sizes(&trials[0], large_sizes, 1);
    compare_twice(&widest, 21, 9);
    compare_full(&widest, 21, 9);
}

/* Against the formula in real arithmetic. */
static void bilateral_is_near(void **state)
{
    for (int depth = 8; depth <= 16; depth += 8) {
        image in = image_filled(31, 23, 3, depth, NOISE), have = run("bilateral=1.3,60", &in);
        double unit = max_of(in.shape) / 255.0;
        for (int32_t y = 0; y < 23; y++)
            for (int32_t x = 0; x < 31; x++) {
                double sum = 0, total = 0;
                for (int k = 0; k < 25; k++) {
                    double d = 0, i = k % 5 - 2, j = k / 5 - 2;
                    for (int c = 0; c < 3; c++)
                        d += fabs((double)(get(&in, x + k % 5 - 2, y + k / 5 - 2, c) - get(&in, x, y, c))) / unit;
                    double w = i * i + j * j > 4 ? 0 : exp(-(i * i + j * j) / (2 * 1.3 * 1.3) - d * d / (2 * 60.0 * 60.0));
                    sum += w * (double)get(&in, x + k % 5 - 2, y + k / 5 - 2, 1);
                    total += w;
                }
                double error = fabs(sum / total - *at(&have, x, y, 1)) / unit;
                if (error > (depth == 8 ? 0.5 : 0) + 0.3)
                    fail_msg("%d bit, %d, %d: %g levels", depth, x, y, error);
            }
        free(in.px);
        free(have.px);
    }
    (void)state;
}

/* Pixels stay, and the time goes. */
static image ref_nothing(const image *in, const double *args)
{
    image out = image_new(in->shape.w, in->shape.h, in->shape.channels, in->shape.depth);

    (void)args;
    memcpy(out.px, in->px, samples(in->shape) * sizeof *in->px);
    return out;
}

static void burning(void **state)
{
    static const trial trials[] = {{"burn=0", ref_nothing, false, {0}}, {"burn=30", ref_nothing, false, {0}}};

    (void)state;
    ALL(trials);
}

static void boxes(void **state)
{
    static const trial trials[] = {
        {"box", ref_box, true, {1}},   {"box=2", ref_box, true, {2}}, {"box=3", ref_box, true, {3}},
        {"box=5", ref_box, true, {5}}, {"box=9", ref_box, true, {9}},
    };
    static const trial wide[] = {
        {"box=7", ref_box, true, {7}}, {"box=8", ref_box, true, {8}}, {"box=50", ref_box, true, {50}},
        {"box=63", ref_box, true, {63}}, {"box=64", ref_box, true, {64}}, {"box=127", ref_box, true, {127}},
    };

    static const int32_t strips[][2] = {{8200, 3}};

    (void)state;
    ALL(trials);
    compare_sizes(&trials[1], large_sizes, 2);
    compare_sizes(&trials[2], strips, 1);
    for (size_t i = 0; i < sizeof wide / sizeof *wide; i++) {
        compare_twice(&wide[i], 21, 5);
        compare_full(&wide[i], 3, 3);
    }
}

static void morphology(void **state)
{
    static const trial trials[] = {
        {"erode", ref_erode, true, {1}},   {"dilate", ref_dilate, true, {1}},  {"erode=2", ref_erode, true, {2}},
        {"dilate=3", ref_dilate, true, {3}}, {"erode=4", ref_erode, true, {4}}, {"open", ref_open, true, {1}},
        {"close=2", ref_close, true, {2}}, {"open=5", ref_open, true, {5}},
    };
    static const trial wide[] = {
        {"erode=7", ref_erode, true, {7}},   {"dilate=8", ref_dilate, true, {8}}, {"dilate=20", ref_dilate, true, {20}},
        {"close=15", ref_close, true, {15}}, {"erode=33", ref_erode, true, {33}}, {"open=60", ref_open, true, {60}},
    };

    (void)state;
    ALL(trials);
    compare_sizes(&trials[3], large_sizes, 2);
    for (size_t i = 0; i < sizeof wide / sizeof *wide; i++)
        compare_twice(&wide[i], 13, 5);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(boxes),
        cmocka_unit_test(morphology),
        cmocka_unit_test(bilaterals),
        cmocka_unit_test(bilateral_is_near),
        cmocka_unit_test(burning),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
