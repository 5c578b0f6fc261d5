/* Operations on single samples against the formula in `details`. */
#include "support/ops.h"

#include <math.h>

static image ref_invert(const image *in, const double *args)
{
    image out = image_new(in->shape.w, in->shape.h, in->shape.channels, in->shape.depth);

    (void)args;
    for (size_t i = 0; i < samples(in->shape); i++) {
        bool is_alpha = alpha(in->shape) && (int)(i % in->shape.channels) == colours(in->shape);
        out.px[i] = (uint16_t)(is_alpha ? in->px[i] : max_of(in->shape) - in->px[i]);
    }
    return out;
}

static image ref_threshold(const image *in, const double *args)
{
    image out = image_new(in->shape.w, in->shape.h, in->shape.channels, in->shape.depth);
    int value = args[0] < 0 ? (max_of(in->shape) + 1) / 2 : (int)args[0];

    for (size_t i = 0; i < samples(in->shape); i++) {
        bool is_alpha = alpha(in->shape) && (int)(i % in->shape.channels) == colours(in->shape);
        out.px[i] = (uint16_t)(is_alpha ? in->px[i] : in->px[i] >= value ? max_of(in->shape) : 0);
    }
    return out;
}

static image ref_gray(const image *in, const double *args)
{
    image out = image_new(in->shape.w, in->shape.h, alpha(in->shape) ? 2 : 1, in->shape.depth);

    static const int64_t weights[2][3] = {{9798, 19235, 3735}, {6966, 23436, 2366}};
    const int64_t *w = weights[(int)args[0]];

    for (size_t i = 0; i < (size_t)in->shape.w * (size_t)in->shape.h; i++) {
        const uint16_t *p = in->px + i * in->shape.channels;
        uint16_t *q = out.px + i * out.shape.channels;
        q[0] = p[0];
        if (colours(in->shape) == 3)
            q[0] = (uint16_t)((w[0] * p[0] + w[1] * p[1] + w[2] * p[2] + 16384) / 32768);
        if (alpha(in->shape))
            q[1] = p[colours(in->shape)];
    }
    return out;
}

/* ---- curves: a function of a sample's share of the maximum ---- */

static image ref_curve(const image *in, const double *args, double (*curve)(const double *args, double share))
{
    image out = image_new(in->shape.w, in->shape.h, in->shape.channels, in->shape.depth);
    int most = max_of(in->shape);

    for (size_t i = 0; i < samples(in->shape); i++) {
        bool is_alpha = alpha(in->shape) && (int)(i % in->shape.channels) == colours(in->shape);
        double share = curve(args, (double)in->px[i] / most);
        out.px[i] = is_alpha ? in->px[i] : (uint16_t)clamp((int64_t)floor(most * share + 0.5), most);
    }
    return out;
}

static double gamma_curve(const double *a, double x) { return pow(x, 1 / a[0]); }
static double brightness_curve(const double *a, double x) { return a[0] * x; }
static double contrast_curve(const double *a, double x) { return a[0] * (x - 0.5) + 0.5; }

static double levels_curve(const double *a, double x)
{
    double inside = fmin(fmax((100 * x - a[0]) / (a[1] - a[0]), 0), 1);

    return (a[3] + (a[4] - a[3]) * pow(inside, 1 / a[2])) / 100;
}

#define REF(name)                                                                                                     \
    static image ref_##name(const image *in, const double *args) { return ref_curve(in, args, name##_curve); }

REF(gamma)
REF(brightness)
REF(contrast)
REF(levels)

/* ---- tests ---- */

static void points(void **state)
{
    static const trial trials[] = {
        {"invert", ref_invert, false, {0}},        {"gray", ref_gray, false, {0}},
        {"gray=709", ref_gray, false, {1}},
        {"threshold", ref_threshold, false, {-1}}, {"threshold=0", ref_threshold, false, {0}},
        {"threshold=1", ref_threshold, false, {1}}, {"threshold=255", ref_threshold, false, {255}},
        {"threshold=value:77", ref_threshold, false, {77}},
    };

    (void)state;
    ALL(trials);
    for (size_t i = 0; i < 4; i++)
        compare_sizes(&trials[i], large_sizes, 2);
}

static void curves(void **state)
{
    static const trial trials[] = {
        {"gamma", ref_gamma, false, {2.2}},
        {"gamma=0.3", ref_gamma, false, {0.3}},
        {"brightness=1.7", ref_brightness, false, {1.7}},
        {"brightness=0", ref_brightness, false, {0}},
        {"contrast=0.5", ref_contrast, false, {0.5}},
        {"contrast=9", ref_contrast, false, {9}},
        {"levels", ref_levels, false, {0, 100, 1, 0, 100}},
        {"levels=10,80,1.5,5,95", ref_levels, false, {10, 80, 1.5, 5, 95}},
        {"levels=out_black:100,out_white:0", ref_levels, false, {0, 100, 1, 100, 0}},
    };

    (void)state;
    ALL(trials);
    compare_sizes(&trials[0], large_sizes, 1);
}

static void what_does_nothing(void **state)
{
    static const char *const texts[] = {"gamma=1", "brightness=1", "contrast=1", "levels"};

    (void)state;
    for (size_t t = 0; t < 4; t++)
        for (int depth = 8; depth <= 16; depth += 8) {
            image in = image_filled(257, 256, 1, depth, RAMP), have;
            for (int i = 0; i < 65536; i++)
                in.px[i] = (uint16_t)(i & max_of(in.shape));
            have = run(texts[t], &in);
            assert_memory_equal(in.px, have.px, samples(in.shape) * sizeof *in.px);
            free(in.px);
            free(have.px);
        }
}

static void wrong_arguments(void **state)
{
    static const char *const texts[] = {"gray=602", "gamma=0", "levels=50,50", "levels=60,50", "levels=101", "brightness=-1"};

    (void)state;
    for (size_t t = 0; t < sizeof texts / sizeof *texts; t++)
        refused(texts[t], (ck_shape){10, 10, 3, 8});
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(points),
        cmocka_unit_test(curves),
        cmocka_unit_test(what_does_nothing),
        cmocka_unit_test(wrong_arguments),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
