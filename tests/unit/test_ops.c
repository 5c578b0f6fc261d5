/*
 * Every operation against a reference written here once more: whole images,
 * one sample after the other, straight from the formula in `details`.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "op/chain.h"

/* ---- images: one uint16_t a sample, whatever the depth ------------------ */

typedef struct image {
    ck_shape shape;
    uint16_t *px;
} image;

static size_t samples(ck_shape s)
{
    return (size_t)s.w * (size_t)s.h * s.channels;
}

static image image_new(int32_t w, int32_t h, int channels, int depth)
{
    image m = {{w, h, (uint8_t)channels, (uint8_t)depth}, NULL};

    m.px = calloc(samples(m.shape), sizeof *m.px);
    assert_non_null(m.px);
    return m;
}

static int max_of(ck_shape s)
{
    return s.depth == 16 ? 65535 : 255;
}

static uint16_t *at(const image *m, int32_t x, int32_t y, int c)
{
    return &m->px[((size_t)y * (size_t)m->shape.w + (size_t)x) * m->shape.channels + (size_t)c];
}

/* The sample there, reflected. */
static int64_t get(const image *m, int64_t x, int64_t y, int c)
{
    int64_t w = m->shape.w, h = m->shape.h;

    while (x < 0 || x >= w)
        x = w == 1 ? 0 : x < 0 ? -x : 2 * (w - 1) - x;
    while (y < 0 || y >= h)
        y = h == 1 ? 0 : y < 0 ? -y : 2 * (h - 1) - y;
    return *at(m, (int32_t)x, (int32_t)y, c);
}

static uint32_t random_state = 1;

static uint32_t random_bits(void)
{
    random_state ^= random_state << 13;
    random_state ^= random_state >> 17;
    random_state ^= random_state << 5;
    return random_state;
}

enum { NOISE, EXTREMES, RAMP, FULL, CONTENTS };

static image image_filled(int32_t w, int32_t h, int channels, int depth, int content)
{
    image m = image_new(w, h, channels, depth);
    uint32_t max = (uint32_t)max_of(m.shape);

    for (size_t i = 0; i < samples(m.shape); i++) {
        uint32_t v = max;
        if (content == NOISE)
            v = random_bits() % (max + 1);
        else if (content == EXTREMES)
            v = random_bits() & 1024 ? max : 0;
        else if (content == RAMP)
            v = (uint32_t)(i * 7 + random_bits() % 8) & max;
        m.px[i] = (uint16_t)v;
    }
    return m;
}

/* ---- the library's side ---------------------------------------------------- */

static ck_rows rows_of(const image *m)
{
    ck_rows r = {NULL, (ck_row_nbytes(m->shape) + 63) / 64 * 64, m->shape.h, m->shape};

    r.px = aligned_alloc(64, r.stride * (size_t)r.ring);
    assert_non_null(r.px);
    for (int32_t y = 0; y < m->shape.h; y++)
        for (size_t i = 0; i < (size_t)m->shape.w * m->shape.channels; i++) {
            uint16_t v = m->px[(size_t)y * (size_t)m->shape.w * m->shape.channels + i];
            if (m->shape.depth == 8)
                ck_rows_at(&r, y)[i] = (uint8_t)v;
            else
                ((uint16_t *)ck_rows_at(&r, y))[i] = v;
        }
    return r;
}

static image run(const char *text, const image *in)
{
    chunkimg_list list = {1, {text}};
    ck_rows rows = rows_of(in);
    ck_chain *chain;
    ck_error err;

    if (ck_chain_create(&list, in->shape, &chain, &err) != CK_OK)
        fail_msg("%s: %s", text, err.text);
    ck_shape shape = ck_chain_shape(chain);
    size_t scratch_nbytes = ck_chain_scratch(chain, shape.w, shape.h);
    void *scratch = aligned_alloc(64, (scratch_nbytes + 127) / 64 * 64);
    image out = image_new(shape.w, shape.h, shape.channels, shape.depth);
    ck_view view = {malloc(samples(shape) * 2), (ptrdiff_t)ck_row_nbytes(shape), shape};

    assert_non_null(scratch);
    assert_non_null(view.px);
    memset(scratch, 0xA5, scratch_nbytes);
    ck_chain_apply(chain, scratch, &rows, (ck_rect){0, 0, shape.w, shape.h}, view);
    for (size_t i = 0; i < samples(shape); i++)
        out.px[i] = shape.depth == 8 ? view.px[i] : ((uint16_t *)view.px)[i];
    free(view.px);
    free(scratch);
    free(rows.px);
    ck_chain_free(&chain);
    return out;
}

/* ---- references -------------------------------------------------------------- */

static int64_t clamp(int64_t v, int64_t most)
{
    return v < 0 ? 0 : v > most ? most : v;
}

static int colours(ck_shape s)
{
    return s.channels == 1 || s.channels == 2 ? 1 : 3;
}

static bool alpha(ck_shape s)
{
    return s.channels % 2 == 0;
}

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

    (void)args;
    for (size_t i = 0; i < (size_t)in->shape.w * (size_t)in->shape.h; i++) {
        const uint16_t *p = in->px + i * in->shape.channels;
        uint16_t *q = out.px + i * out.shape.channels;
        q[0] = p[0];
        if (colours(in->shape) == 3)
            q[0] = (uint16_t)((19595LL * p[0] + 38470LL * p[1] + 7471LL * p[2] + 32768) / 65536);
        if (alpha(in->shape))
            q[1] = p[colours(in->shape)];
    }
    return out;
}

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

/* Smoothed samples times 2^bits, rounded half up. */
static int64_t *smooth(const image *in, double sigma, int bits)
{
    int64_t weight[302], half_unit, *columns, *out;
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
        double more = amount * (in->px[i] - (double)s[i] / (1 << bits));
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

static image ref_sobel(const image *in, const double *args)
{
    image out = image_new(in->shape.w, in->shape.h, in->shape.channels, in->shape.depth);
    static const int diff[3] = {-1, 0, 1}, mean[3] = {1, 2, 1};

    (void)args;
    for (int32_t y = 0; y < in->shape.h; y++)
        for (int32_t x = 0; x < in->shape.w; x++)
            for (int c = 0; c < in->shape.channels; c++) {
                int64_t gx = 0, gy = 0;
                for (int i = 0; i < 9; i++) {
                    int64_t v = get(in, x + i % 3 - 1, y + i / 3 - 1, c);
                    gx += v * diff[i % 3] * mean[i / 3];
                    gy += v * diff[i / 3] * mean[i % 3];
                }
                long double root = sqrtl((long double)(gx * gx + gy * gy));
                *at(&out, x, y, c) = (uint16_t)clamp((int64_t)(root + 0.5L), max_of(in->shape));
                if (alpha(in->shape) && c == colours(in->shape))
                    *at(&out, x, y, c) = *at(in, x, y, c);
            }
    return out;
}

static int64_t rounded(int64_t numerator, int64_t denominator)
{
    return (2 * numerator + denominator) / (2 * denominator);
}

static image ref_multiply(const image *in)
{
    image out = image_new(in->shape.w, in->shape.h, in->shape.channels, 16);
    int64_t max = max_of(in->shape);

    for (size_t i = 0; i < samples(in->shape); i++) {
        size_t c = i % in->shape.channels;
        int64_t a = in->px[i - c + in->shape.channels - 1u];
        bool is_alpha = c + 1 == in->shape.channels;
        out.px[i] = (uint16_t)(is_alpha ? a * (65535 / max) : rounded(in->px[i] * a * 65535, max * max));
    }
    return out;
}

static image ref_divide(const image *in, int depth)
{
    image out = image_new(in->shape.w, in->shape.h, in->shape.channels, depth);
    int64_t max = max_of(out.shape);

    for (size_t i = 0; i < samples(in->shape); i++) {
        size_t c = i % in->shape.channels;
        int64_t a = in->px[i - c + in->shape.channels - 1u], v = in->px[i] < a ? in->px[i] : a;
        bool is_alpha = c + 1 == in->shape.channels;
        if (is_alpha)
            out.px[i] = (uint16_t)rounded(a, 65535 / max);
        else
            out.px[i] = (uint16_t)(a ? (v * max + a / 2) / a : 0);
    }
    return out;
}

/* ---- comparing ------------------------------------------------------------------ */

typedef struct trial {
    const char *text;
    image (*reference)(const image *in, const double *args);
    bool premultiplied;
    double args[2];
} trial;

static image expected(const trial *t, const image *in)
{
    image wide, filtered, out;

    if (!t->premultiplied || !alpha(in->shape))
        return t->reference(in, t->args);
    wide = ref_multiply(in);
    filtered = t->reference(&wide, t->args);
    out = ref_divide(&filtered, in->shape.depth);
    free(wide.px);
    free(filtered.px);
    return out;
}

static void compare(const trial *t, const image *in)
{
    image want = expected(t, in), have = run(t->text, in);

    assert_int_equal(want.shape.channels, have.shape.channels);
    assert_int_equal(want.shape.depth, have.shape.depth);
    for (size_t i = 0; i < samples(want.shape); i++)
        if (want.px[i] != have.px[i])
            fail_msg("%s, %dx%d, %d channels, %d bit, sample %zu: %d instead of %d", t->text, in->shape.w, in->shape.h,
                     in->shape.channels, in->shape.depth, i, have.px[i], want.px[i]);
    free(want.px);
    free(have.px);
}

static void compare_sizes(const trial *t, const int32_t (*sizes)[2], size_t count)
{
    for (size_t s = 0; s < count; s++)
        for (int kind = 0; kind < 4 * 2 * CONTENTS; kind++) {
            image in = image_filled(sizes[s][0], sizes[s][1], kind % 4 + 1, kind / 4 % 2 ? 16 : 8, kind / 8);
            compare(t, &in);
            free(in.px);
        }
}

/* For what takes long: noise, three channels at 8 bit and two at 16. */
static void compare_twice(const trial *t, int32_t w, int32_t h)
{
    image a = image_filled(w, h, 3, 8, NOISE), b = image_filled(w, h, 2, 16, NOISE);

    compare(t, &a);
    compare(t, &b);
    free(a.px);
    free(b.px);
}

static const int32_t small_sizes[][2] = {{1, 1}, {1, 7}, {9, 1}, {2, 2}, {5, 3}, {37, 11}, {70, 5}};
static const int32_t large_sizes[][2] = {{133, 40}, {211, 9}};

static void compare_all(const trial *trials, size_t count)
{
    for (size_t i = 0; i < count; i++)
        compare_sizes(&trials[i], small_sizes, sizeof small_sizes / sizeof small_sizes[0]);
}

#define ALL(trials) compare_all(trials, sizeof(trials) / sizeof(trials)[0])

static void points(void **state)
{
    static const trial trials[] = {
        {"invert", ref_invert, false, {0}},        {"gray", ref_gray, false, {0}},
        {"threshold", ref_threshold, false, {-1}}, {"threshold=0", ref_threshold, false, {0}},
        {"threshold=1", ref_threshold, false, {1}}, {"threshold=255", ref_threshold, false, {255}},
        {"threshold=value:77", ref_threshold, false, {77}},
    };

    (void)state;
    ALL(trials);
    for (size_t i = 0; i < 3; i++)
        compare_sizes(&trials[i], large_sizes, 2);
}

static void blurs(void **state)
{
    static const trial trials[] = {
        {"blur=0.1", ref_blur, true, {0.1}}, {"blur=0.3", ref_blur, true, {0.3}}, {"blur=0.5", ref_blur, true, {0.5}},
        {"blur", ref_blur, true, {1}},       {"blur=2", ref_blur, true, {2}},     {"blur=4.7", ref_blur, true, {4.7}},
    };
    static const trial widest = {"blur=100", ref_blur, true, {100}};

    (void)state;
    ALL(trials);
    compare_sizes(&trials[4], large_sizes, 1);
    compare_twice(&widest, 20, 3);
}

static void sharpens(void **state)
{
    static const trial trials[] = {
        {"sharpen", ref_sharpen, true, {1, 1}},        {"sharpen=1,0", ref_sharpen, true, {1, 0}},
        {"sharpen=0.1,10", ref_sharpen, true, {0.1, 10}}, {"sharpen=2,10", ref_sharpen, true, {2, 10}},
        {"sharpen=amount:0.333", ref_sharpen, true, {1, 0.333}},
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
    static const trial trials[] = {{"median=3", ref_median, true, {3}}, {"median=20", ref_median, true, {20}}};
    static const int32_t sizes[] = {1700, 762, 763};

    (void)state;
    for (size_t i = 0; i < 3; i++) {
        image in = image_filled(sizes[i], 3, 1, 8, NOISE);
        compare(&trials[0], &in);
        if (i == 1)
            compare(&trials[1], &in);
        free(in.px);
    }
}

static void sobels(void **state)
{
    static const trial trials[] = {{"sobel", ref_sobel, true, {0}}};

    (void)state;
    ALL(trials);
    compare_sizes(&trials[0], large_sizes, 2);
}

/* The documented weights against the formula itself: within one unit. */
static void blur_is_gaussian(void **state)
{
    static const double sigmas[] = {0.4, 1, 3.3, 20};
    double error = 0;

    (void)state;
    for (size_t s = 0; s < 4; s++) {
        char text[32];
        image in = image_filled(61, 23, 1, 8, NOISE), have;
        snprintf(text, sizeof text, "blur=%g", sigmas[s]);
        have = run(text, &in);
        for (int32_t y = 0; y < 23; y++)
            for (int32_t x = 0; x < 61; x++) {
                double sum = 0, total = 0;
                int r = (int)ceil(3 * sigmas[s]);
                for (int j = -r; j <= r; j++)
                    for (int i = -r; i <= r; i++) {
                        double w = exp(-(i * i + j * j) / (2 * sigmas[s] * sigmas[s]));
                        sum += w * (double)get(&in, x + i, y + j, 0);
                        total += w;
                    }
                error = fmax(error, fabs(sum / total - *at(&have, x, y, 0)));
            }
        free(in.px);
        free(have.px);
    }
    assert_true(error < 0.53);
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
        cmocka_unit_test(points),
        cmocka_unit_test(blurs),
        cmocka_unit_test(sharpens),
        cmocka_unit_test(medians),
        cmocka_unit_test(median_of_wide_rows),
        cmocka_unit_test(sobels),
        cmocka_unit_test(blur_is_gaussian),
        cmocka_unit_test(alpha_comes_back),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
