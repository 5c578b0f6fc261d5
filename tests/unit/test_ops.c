/*
 * Every operation against a reference written here once more: whole images,
 * one sample after the other, straight from the formula in `details`.
 */
#include "support/ops.h"

#include <math.h>

/* ---- references -------------------------------------------------------------- */

/* Weights at distance 0 .. radius that sum to 65536. */
static int kernel(double sigma, int64_t *weight)
{
    int radius = (int)ceil(3 * sigma);
    double total = 1, carry = 0;

    for (int k = 1; k <= radius; k++)
        total += 2 * exp(-(double)k * k / (2 * sigma * sigma));
    weight[0] = 65536;
    for (int k = radius; k > 0; k--) {
        double exact = 65536 * exp(-(double)k * k / (2 * sigma * sigma)) / total + carry;
        weight[k] = (int64_t)floor(exact + 0.5);
        carry = exact - (double)weight[k];
        weight[0] -= 2 * weight[k];
    }
    return radius;
}

/* From sigma 7.5 on: straight lines between knots. The weights at -radius .. radius, and their sum. */
static int wide_kernel(double sigma, int64_t *weight, int64_t *total)
{
    int apart = (int)(sigma / 3 + 0.75), knots = (int)ceil(3.25 * sigma / apart), sum = (1 << 20) / (apart * apart) - 1;
    double exact[20], all = 0, carry = 0;
    int64_t at_knot[20] = {0};

    sum = sum < 4096 ? sum : 4096;
    for (int k = 0; k < knots; k++) {
        double x = k * apart / sigma;
        exact[k] = exp(-x * x / 2) * (1 - (apart * apart - 1) / (12 * sigma * sigma) * (x * x - 1));
        all += k ? 2 * exact[k] : exact[k];
    }
    at_knot[0] = sum;
    for (int k = knots - 1; k > 0; k--) {
        double want = sum * exact[k] / all + carry;
        at_knot[k] = (int64_t)floor(want + 0.5);
        carry = want - (double)at_knot[k];
        at_knot[0] -= 2 * at_knot[k];
    }
    *total = 0;
    for (int d = -apart * knots + 1; d < apart * knots; d++) {
        int k = abs(d) / apart, beyond = abs(d) % apart;
        weight[d + apart * knots - 1] = at_knot[k] * (apart - beyond) + at_knot[k + 1] * beyond;
        *total += weight[d + apart * knots - 1];
    }
    return apart * knots - 1;
}

static int64_t *smooth_wide(const image *in, double sigma, int bits)
{
    int64_t weight[800], total, *columns, *out;
    int radius = wide_kernel(sigma, weight, &total), n = in->shape.channels, more = in->shape.depth == 8 ? 8 : 1;
    size_t width = (size_t)in->shape.w + 2 * (size_t)radius;

    columns = calloc(width * (size_t)n, sizeof *columns);
    out = calloc(samples(in->shape), sizeof *out);
    for (int32_t y = 0; y < in->shape.h; y++) {
        for (size_t i = 0; i < width * (size_t)n; i++) {
            int64_t sum = 0;
            for (int k = -radius; k <= radius; k++)
                sum += weight[radius + k] * get(in, (int64_t)(i / (size_t)n) - radius, y + k, (int)(i % (size_t)n));
            columns[i] = more == 8 ? (int64_t)((float)sum * (float)(8 / (double)total) + 0.5f)
                                   : (int64_t)((double)sum * (1 / (double)total) + 0.5);
        }
        for (size_t i = 0; i < (size_t)in->shape.w * (size_t)n; i++) {
            int64_t sum = 0;
            for (int k = -radius; k <= radius; k++)
                sum += weight[radius + k] * columns[(int64_t)i + (int64_t)(radius + k) * n];
            out[(size_t)y * (size_t)in->shape.w * (size_t)n + i] =
                more == 8 ? (int64_t)((float)sum * (float)((1 << bits) / (8 * (double)total)) + 0.5f)
                          : (int64_t)((double)sum * (1 / (double)total) + 0.5);
        }
    }
    free(columns);
    return out;
}

/* Smoothed samples times 2^bits, rounded half up. */
static int64_t *smooth(const image *in, double sigma, int bits)
{
    if (sigma >= 7.5)
        return smooth_wide(in, sigma, bits);
    int64_t weight[32], half_unit, *columns, *out;
    int radius = kernel(sigma, weight), more = in->shape.depth == 8 ? 6 : 0, n = in->shape.channels;
    size_t width = (size_t)in->shape.w + 2 * (size_t)radius;

    columns = calloc(width * (size_t)n, sizeof *columns);
    out = calloc(samples(in->shape), sizeof *out);
    half_unit = (int64_t)1 << (15 + more - bits);
    for (int32_t y = 0; y < in->shape.h; y++) {
        for (size_t i = 0; i < width * (size_t)n; i++) {
            int64_t sum = (int64_t)1 << (15 - more);
            for (int k = -radius; k <= radius; k++)
                sum += weight[abs(k)] * get(in, (int64_t)(i / (size_t)n) - radius, y + k, (int)(i % (size_t)n));
            columns[i] = sum >> (16 - more);
        }
        for (size_t i = 0; i < (size_t)in->shape.w * (size_t)n; i++) {
            int64_t sum = half_unit;
            for (int k = -radius; k <= radius; k++)
                sum += weight[abs(k)] * columns[(int64_t)i + (int64_t)(radius + k) * n];
            out[(size_t)y * (size_t)in->shape.w * (size_t)n + i] = sum >> (16 + more - bits);
        }
    }
    free(columns);
    return out;
}

static image ref_blur(const image *in, const double *args)
{
    image out = image_new(in->shape.w, in->shape.h, in->shape.channels, in->shape.depth);
    int64_t *s = smooth(in, args[0], 0);

    for (size_t i = 0; i < samples(in->shape); i++)
        out.px[i] = (uint16_t)s[i];
    free(s);
    return out;
}

static image ref_sharpen(const image *in, const double *args)
{
    image out = image_new(in->shape.w, in->shape.h, in->shape.channels, in->shape.depth);
    int bits = in->shape.depth == 8 ? 7 : 0;
    int64_t *s = smooth(in, args[0], bits);
    double amount = floor(args[1] * 2048 + 0.5) / 2048;

    for (size_t i = 0; i < samples(in->shape); i++) {
        double difference = in->px[i] - (double)s[i] / (1 << bits);
        double more = fabs(difference) < args[2] * (bits ? 1 : 257) ? 0 : amount * difference;
        out.px[i] = (uint16_t)clamp((int64_t)(in->px[i] + floor(more + 0.5)), max_of(in->shape));
    }
    free(s);
    return out;
}

static int by_value(const void *a, const void *b)
{
    return (int)*(const uint16_t *)a - (int)*(const uint16_t *)b;
}

static image ref_median(const image *in, const double *args)
{
    image out = image_new(in->shape.w, in->shape.h, in->shape.channels, in->shape.depth);
    int radius = (int)args[0], size = 2 * radius + 1;
    uint16_t *window = malloc((size_t)(size * size) * sizeof *window);

    for (int32_t y = 0; y < in->shape.h; y++)
        for (int32_t x = 0; x < in->shape.w; x++)
            for (int c = 0; c < in->shape.channels; c++) {
                for (int i = 0; i < size * size; i++)
                    window[i] = (uint16_t)get(in, x + i % size - radius, y + i / size - radius, c);
                qsort(window, (size_t)(size * size), sizeof *window, by_value);
                *at(&out, x, y, c) = window[size * size / 2];
            }
    free(window);
    return out;
}

static void blurs(void **state)
{
    static const trial trials[] = {
        {"blur=0.1", ref_blur, true, {0.1}}, {"blur=0.3", ref_blur, true, {0.3}}, {"blur=0.5", ref_blur, true, {0.5}},
        {"blur", ref_blur, true, {1}},       {"blur=2", ref_blur, true, {2}},     {"blur=4.7", ref_blur, true, {4.7}},
        {"blur=7.49", ref_blur, true, {7.49}}, {"blur=7.5", ref_blur, true, {7.5}}, {"blur=11", ref_blur, true, {11}},
    };
    static const trial widest = {"blur=100", ref_blur, true, {100}};

    (void)state;
    ALL(trials);
    compare_sizes(&trials[4], large_sizes, 1);
    compare_twice(&widest, 20, 3);
    compare_full(&widest, 20, 3);
    compare_sizes(&trials[7], large_sizes, 1);
}

static void sharpens(void **state)
{
    static const trial trials[] = {
        {"sharpen", ref_sharpen, true, {1, 1}},        {"sharpen=1,0", ref_sharpen, true, {1, 0}},
        {"sharpen=0.1,10", ref_sharpen, true, {0.1, 10}}, {"sharpen=2,10", ref_sharpen, true, {2, 10}},
        {"sharpen=amount:0.333", ref_sharpen, true, {1, 0.333}}, {"sharpen=8,0.5", ref_sharpen, true, {8, 0.5}},
        {"sharpen=1,2,10.3", ref_sharpen, true, {1, 2, 10.3}},
    };

    (void)state;
    ALL(trials);
    compare_sizes(&trials[0], large_sizes, 2);
}

static void medians(void **state)
{
    static const trial trials[] = {
        {"median", ref_median, true, {1}},
        {"median=2", ref_median, true, {2}},
        {"median=3", ref_median, true, {3}},
        {"median=5", ref_median, true, {5}},
        {"median=6", ref_median, true, {6}},
    };
    static const trial widest = {"median=50", ref_median, true, {50}};

    (void)state;
    ALL(trials);
    for (size_t i = 0; i < 3; i++)
        compare_sizes(&trials[i], large_sizes, 1);
    compare_twice(&widest, 9, 4);
    compare_twice(&widest, 2, 2);
}

/* Wider than what median holds of columns at a time. */
static void median_of_wide_rows(void **state)
{
    static const trial trials[] = {{"median=6", ref_median, true, {6}}, {"median=20", ref_median, true, {20}}};
    static const int32_t sizes[] = {1700, 756, 757};

    (void)state;
    for (size_t i = 0; i < 3; i++) {
        image in = image_filled(sizes[i], 3, 1, 8, NOISE);
        compare(&trials[0], &in);
        if (i == 1)
            compare(&trials[1], &in);
        free(in.px);
    }
}

/* The documented weights against the formula itself: within rounding, and as near as `details` says where they are wide. */
static void blur_is_gaussian(void **state)
{
    static const double sigmas[] = {0.4, 1, 3.3, 8, 9.8, 20};

    (void)state;
    for (size_t s = 0; s < sizeof sigmas / sizeof *sigmas; s++) {
        char text[32];
        double error = 0;
        image in = image_filled(61, 23, 1, 8, s % 2 ? EXTREMES : NOISE), have;
        snprintf(text, sizeof text, "blur=%g", sigmas[s]);
        have = run(text, &in);
        for (int32_t y = 0; y < 23; y++)
            for (int32_t x = 0; x < 61; x++) {
                double sum = 0, total = 0;
                int r = (int)ceil((sigmas[s] < 7.5 ? 3 : 4) * sigmas[s]);
                for (int j = -r; j <= r; j++)
                    for (int i = -r; i <= r; i++) {
                        double w = exp(-(i * i + j * j) / (2 * sigmas[s] * sigmas[s]));
                        sum += w * (double)get(&in, x + i, y + j, 0);
                        total += w;
                    }
                error = fmax(error, fabs(sum / total - *at(&have, x, y, 0)));
            }
        assert_true(error < (sigmas[s] < 7.5 ? 0.53 : 0.5 + 1.2));
        free(in.px);
        free(have.px);
    }
}

/* Every pair of sample and alpha there is at 8 bit, opaque pixels unchanged at either depth. */
static void alpha_comes_back(void **state)
{
    image in = image_new(256, 256, 2, 8), have;

    (void)state;
    for (int i = 0; i < 65536; i++) {
        in.px[2 * i] = (uint16_t)(i % 256);
        in.px[2 * i + 1] = (uint16_t)(i / 256);
    }
    have = run("blur=0.1", &in);
    for (int i = 0; i < 65536; i++) {
        assert_int_equal(have.px[2 * i + 1], i / 256);
        assert_int_equal(have.px[2 * i], i / 256 ? i % 256 : 0);
    }
    free(in.px);
    free(have.px);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(blurs),
        cmocka_unit_test(sharpens),
        cmocka_unit_test(medians),
        cmocka_unit_test(median_of_wide_rows),
        cmocka_unit_test(blur_is_gaussian),
        cmocka_unit_test(alpha_comes_back),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
