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

static void boxes(void **state)
{
    static const trial trials[] = {
        {"box", ref_box, true, {1}},   {"box=2", ref_box, true, {2}}, {"box=3", ref_box, true, {3}},
        {"box=5", ref_box, true, {5}}, {"box=9", ref_box, true, {9}},
    };
    static const trial wide[] = {
        {"box=7", ref_box, true, {7}}, {"box=8", ref_box, true, {8}}, {"box=50", ref_box, true, {50}},
        {"box=51", ref_box, true, {51}}, {"box=127", ref_box, true, {127}},
    };

    (void)state;
    ALL(trials);
    compare_sizes(&trials[1], large_sizes, 2);
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
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
