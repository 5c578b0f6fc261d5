/* Kernels and gradients against plain loops over whole images. */
#include "support/ops.h"

#include <math.h>

/* ---- kernels: args are side, divisor, offset, magnitude and the place of the weights ---- */

static double weights[8][225];

static image ref_kernel(const image *in, const double *args)
{
    image out = image_new(in->shape.w, in->shape.h, in->shape.channels, in->shape.depth);
    int side = (int)args[0], radius = side / 2;
    const double *w = weights[(int)args[4]];
    double sum_of_weights = 0;

    for (int i = 0; i < side * side; i++)
        sum_of_weights += w[i];
    for (int32_t y = 0; y < in->shape.h; y++)
        for (int32_t x = 0; x < in->shape.w; x++)
            for (int c = 0; c < in->shape.channels; c++) {
                double sum = 0;
                for (int i = 0; i < side * side; i++)
                    sum += w[i] * (double)get(in, x + i % side - radius, y + i / side - radius, c);
                sum = args[3] != 0 ? fabs(sum) : sum;
                double offset = args[2] * (max_of(in->shape) + 1.0);
                /* whole numbers: the quotient's only inexact step is the division, and halves are exact */
                double v = floor((2 * sum + args[1]) / (2 * args[1])) + offset;
                *at(&out, x, y, c) = (uint16_t)clamp((int64_t)v, max_of(in->shape));
                if (sum_of_weights == 0 && alpha(in->shape) && c == colours(in->shape))
                    *at(&out, x, y, c) = *at(in, x, y, c);
            }
    return out;
}

/* "conv=1 2 3 ...,divisor:D" from weights[place]. */
static const char *conv_text(char *to, size_t size, int side, int place, const char *rest)
{
    size_t used = (size_t)snprintf(to, size, "conv=");

    for (int i = 0; i < side * side; i++)
        used += (size_t)snprintf(to + used, size - used, "%s%g", !i ? "" : i % side ? " " : ";", weights[place][i]);
    snprintf(to + used, size - used, "%s", rest);
    return to;
}

static void fill(int place, int side, int most)
{
    for (int i = 0; i < side * side; i++)
        weights[place][i] = (double)(noise() % (2 * (unsigned)most + 1)) - most;
}

static void compare_kernel(int side, int place, double divisor, double offset, double magnitude, const char *rest, bool all)
{
    char text[2000];
    trial t = {conv_text(text, sizeof text, side, place, rest), ref_kernel, true,
               {side, divisor, offset, magnitude, place, 0}};

    if (all)
        compare_all(&t, 1);
    compare_twice(&t, 37, 9);
    compare_full(&t, 5, 4);
}

static void kernels(void **state)
{
    static const double sharpen[9] = {-1, -1, -1, -1, 16, -1, -1, -1, -1}, edge[9] = {0, 1, 0, 1, -4, 1, 0, 1, 0};

    (void)state;
    memcpy(weights[0], sharpen, sizeof sharpen);
    memcpy(weights[1], edge, sizeof edge);
    compare_kernel(3, 0, 8, 0, 0, ",8", true);
    compare_kernel(3, 0, 8, 0, 0, "", false);
    compare_kernel(3, 1, 1, 0, 1, ",result:magnitude", true);
    compare_kernel(3, 1, 3, 0.5, 0, ",divisor:3,result:signed", true);
    fill(2, 3, 100);
    compare_kernel(3, 2, 77, 0, 0, ",77", true);
    fill(3, 5, 9);
    compare_kernel(5, 3, 6, 0, 1, ",6,0,magnitude", true);
    fill(4, 7, 600);
    compare_kernel(7, 4, 5000, 0.5, 0, ",5000,0,signed", false);
    fill(5, 15, 140);
    compare_kernel(15, 5, 1000, 0, 0, ",1000", false);
}

/* Columns times rows, some with common factors, zeros at the edge, or negative. */
static void separable_kernels(void **state)
{
    static const int columns[3][7] = {{1, 2, 3, 4, 3, 2, 1}, {0, -2, 4, 6, 0, 0, 2}, {3, 3, 3, 3, 3, 3, 3}};
    static const int rows[3][7] = {{1, 6, 15, 20, 15, 6, 1}, {-1, 0, 2, -3, 0, 1, 1}, {2, 2, 2, 2, 2, 2, 2}};

    (void)state;
    for (int k = 0; k < 3; k++) {
        for (int i = 0; i < 49; i++)
            weights[6][i] = columns[k][i / 7] * rows[k][i % 7];
        compare_kernel(7, 6, 100, 0, 0, ",100", k == 0);
    }
    for (int i = 0; i < 49; i++) /* almost */
        weights[6][i] = i == 48 ? 2 : 1;
    compare_kernel(7, 6, 50, 0, 0, "", false);
}

/* Weights that are not whole: near what real arithmetic gives. */
static void real_weights(void **state)
{
    image in = image_filled(40, 21, 1, 8, NOISE), have = run("conv=0.1 0.1 0.1 0.1 0.2 0.1 0.1 0.1 0.1,1", &in);

    (void)state;
    for (int32_t y = 0; y < 21; y++)
        for (int32_t x = 0; x < 40; x++) {
            double sum = 0.1 * (double)get(&in, x, y, 0);
            for (int i = 0; i < 9; i++)
                sum += 0.1 * (double)get(&in, x + i % 3 - 1, y + i / 3 - 1, 0);
            assert_true(fabs(sum - *at(&have, x, y, 0)) < 0.55);
        }
    free(in.px);
    free(have.px);
}

static void wrong_kernels(void **state)
{
    static const char *const texts[] = {
        "conv=1 2 3", "conv=1 2 3 4", "conv=1", "conv=a b c", "conv=1 2 3 4 5 6 7 8 x", "conv=", "conv=1 2 3 4 5 6 7 8 1e999",
        "conv=99999 2 3 4 5 6 7 8 9,1", "conv=1 2 3 4 5 6 7 8 9,-1", "conv=1 2 3 4 5 6 7 8 9,1,0,big",
        "sobel=z", "laplacian=plain", "emboss=1",
    };
    char text[1200];

    (void)state;
    for (size_t t = 0; t < sizeof texts / sizeof *texts; t++)
        refused(texts[t], (ck_shape){20, 20, 3, 8});
    memset(weights[7], 0, sizeof weights[7]);
    refused(conv_text(text, sizeof text, 4, 7, ""), (ck_shape){20, 20, 3, 8});
    snprintf(text, sizeof text, "conv=%0578d", 0);
    for (size_t i = 5; i < 583; i++) /* 17 x 17 zeros */
        text[i] = i % 2 ? '0' : ' ';
    refused(text, (ck_shape){20, 20, 3, 8});
}

/* ---- gradients: args are side, middle and the part ---- */

static image ref_gradient(const image *in, const double *args)
{
    image out = image_new(in->shape.w, in->shape.h, in->shape.channels, in->shape.depth);
    const int64_t along[3] = {(int64_t)args[0], (int64_t)args[1], (int64_t)args[0]}, k = 2 * along[0] + along[1];
    static const int64_t across[3] = {-1, 0, 1};

    for (int32_t y = 0; y < in->shape.h; y++)
        for (int32_t x = 0; x < in->shape.w; x++)
            for (int c = 0; c < in->shape.channels; c++) {
                int64_t gx = 0, gy = 0, v, most = max_of(in->shape);
                for (int i = 0; i < 9; i++) {
                    gx += get(in, x + i % 3 - 1, y + i / 3 - 1, c) * across[i % 3] * along[i / 3];
                    gy += get(in, x + i % 3 - 1, y + i / 3 - 1, c) * across[i / 3] * along[i % 3];
                }
                if (args[2] == 0)
                    v = (int64_t)(sqrtl((long double)(gx * gx + gy * gy)) * 4 / (long double)k + 0.5L);
                else
                    v = (int64_t)floor((double)(args[2] == 1 ? gx : gy) / (2.0 * (double)k) + 0.5) + (most + 1) / 2;
                *at(&out, x, y, c) = (uint16_t)clamp(v, most);
                if (alpha(in->shape) && c == colours(in->shape))
                    *at(&out, x, y, c) = *at(in, x, y, c);
            }
    return out;
}

static void gradients(void **state)
{
    static const trial trials[] = {
        {"sobel", ref_gradient, true, {1, 2, 0}},   {"sobel=x", ref_gradient, true, {1, 2, 1}},
        {"sobel=y", ref_gradient, true, {1, 2, 2}}, {"scharr", ref_gradient, true, {3, 10, 0}},
        {"scharr=x", ref_gradient, true, {3, 10, 1}}, {"scharr=part:y", ref_gradient, true, {3, 10, 2}},
    };

    (void)state;
    ALL(trials);
    compare_sizes(&trials[0], large_sizes, 2);
    compare_sizes(&trials[3], large_sizes, 1);
}

static void second_derivatives(void **state)
{
    static const double edge[9] = {0, 1, 0, 1, -4, 1, 0, 1, 0};
    static const trial trials[] = {
        {"laplacian", ref_kernel, true, {3, 1, 0, 1, 0}},
        {"laplacian=signed", ref_kernel, true, {3, 8, 0.5, 0, 0}},
    };

    (void)state;
    memcpy(weights[0], edge, sizeof edge);
    ALL(trials);
}

/* Its weights sum to 1, but alpha stays: opaque images only. */
static void embossing(void **state)
{
    static const double relief[9] = {-2, -1, 0, -1, 1, 1, 0, 1, 2};
    static const trial t = {"emboss", ref_kernel, true, {3, 1, 0, 0, 0}};

    (void)state;
    memcpy(weights[0], relief, sizeof relief);
    for (int kind = 0; kind < 8; kind++) {
        image in = image_filled(37, 11, kind % 2 ? 3 : 1, kind / 2 % 2 ? 16 : 8, kind / 4);
        compare(&t, &in);
        free(in.px);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(kernels),      cmocka_unit_test(separable_kernels),  cmocka_unit_test(real_weights),
        cmocka_unit_test(wrong_kernels), cmocka_unit_test(gradients),         cmocka_unit_test(second_derivatives),
        cmocka_unit_test(embossing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
