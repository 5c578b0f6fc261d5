/*
 * Operations that move pixels against plain formulas, what a chain of them
 * needs of its source, and what lies beyond the image.
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
#include "op/resample.h"

/* ---- images: one uint16_t a sample, whatever the depth -------------------- */

typedef struct image {
    ck_shape shape;
    uint16_t *px;
} image;

static size_t samples(ck_shape s)
{
    return (size_t)s.w * (size_t)s.h * s.channels;
}

static image image_new(int32_t w, int32_t h, unsigned channels, unsigned depth)
{
    image m = {{w, h, (uint16_t)channels, (uint8_t)depth}, NULL};

    m.px = calloc(samples(m.shape), sizeof *m.px);
    assert_non_null(m.px);
    return m;
}

static uint16_t *at(const image *m, int32_t x, int32_t y, unsigned c)
{
    return &m->px[((size_t)y * (size_t)m->shape.w + (size_t)x) * m->shape.channels + c];
}

static uint32_t random_state = 5;

static uint32_t random_bits(void)
{
    random_state ^= random_state << 13;
    random_state ^= random_state >> 17;
    random_state ^= random_state << 5;
    return random_state >> 7;
}

/* Noise, or only the darkest and the brightest samples. */
static image image_noise(int32_t w, int32_t h, unsigned channels, unsigned depth, bool extreme)
{
    image m = image_new(w, h, channels, depth);
    uint16_t most = depth == 8 ? 255 : 65535;

    for (size_t i = 0; i < samples(m.shape); i++)
        m.px[i] = (uint16_t)(extreme ? most * (random_bits() & 1) : random_bits() & most);
    return m;
}

static ck_rows rows_of(const image *m)
{
    ck_rows r = {NULL, (ck_row_nbytes(m->shape) + 63) / 64 * 64, m->shape.h, m->shape};
    size_t n = (size_t)m->shape.w * m->shape.channels;

    r.px = aligned_alloc(64, r.stride * (size_t)r.ring);
    assert_non_null(r.px);
    for (int32_t y = 0; y < m->shape.h; y++)
        for (size_t i = 0; i < n; i++)
            if (m->shape.depth == 8)
                ck_rows_at(&r, y)[i] = (uint8_t)m->px[(size_t)y * n + i];
            else
                ((uint16_t *)(void *)ck_rows_at(&r, y))[i] = m->px[(size_t)y * n + i];
    return r;
}

static image run(const char *text, chunkimg_border border, const image *in)
{
    chunkimg_list list = {1, {text}};
    ck_rows rows = rows_of(in);
    ck_chain *chain;
    ck_error err;

    if (ck_chain_make(&list, in->shape, border, &chain, &err) != CK_OK)
        fail_msg("%s: %s", text, err.text);
    ck_shape shape = ck_chain_shape(chain);
    void *scratch = aligned_alloc(64, (ck_chain_scratch(chain, shape.w, shape.h) + 127) / 64 * 64);
    image out = image_new(shape.w, shape.h, shape.channels, shape.depth);
    ck_view view = {malloc(samples(shape) * 2), (ptrdiff_t)ck_row_nbytes(shape), shape};

    assert_int_equal(ck_chain_apply(chain, scratch, &rows, (ck_rect){0, 0, shape.w, shape.h}, view), CK_OK);
    for (size_t i = 0; i < samples(shape); i++)
        out.px[i] = shape.depth == 8 ? view.px[i] : ((uint16_t *)(void *)view.px)[i];
    free(view.px);
    free(scratch);
    free(rows.px);
    ck_chain_free(&chain);
    return out;
}

/* ---- moves ------------------------------------------------------------------ */

static void expect_moved(const char *text, const image *in, int32_t w, int32_t h, const int32_t map[6])
{
    image out = run(text, CHUNKIMG_BORDER_REFLECT, in);

    assert_int_equal(out.shape.w, w);
    assert_int_equal(out.shape.h, h);
    for (int32_t y = 0; y < h; y++)
        for (int32_t x = 0; x < w; x++)
            for (unsigned c = 0; c < in->shape.channels; c++)
                if (*at(&out, x, y, c) != *at(in, map[0] + map[1] * x + map[2] * y, map[3] + map[4] * x + map[5] * y, c))
                    fail_msg("%s: (%d, %d) of %d channels, %d bit", text, x, y, in->shape.channels, in->shape.depth);
    free(out.px);
}

static void moves(void **state)
{
    (void)state;
    for (unsigned kind = 0; kind < 8; kind++) {
        int32_t w = 75, h = 41;
        image in = image_noise(w, h, kind % 4 + 1, kind / 4 ? 16 : 8, false);

        expect_moved("flip=h", &in, w, h, (int32_t[]){w - 1, -1, 0, 0, 0, 1});
        expect_moved("flip=v", &in, w, h, (int32_t[]){0, 1, 0, h - 1, 0, -1});
        expect_moved("rotate=90", &in, h, w, (int32_t[]){0, 0, 1, h - 1, -1, 0});
        expect_moved("rotate=180", &in, w, h, (int32_t[]){w - 1, -1, 0, h - 1, 0, -1});
        expect_moved("rotate=270", &in, h, w, (int32_t[]){w - 1, 0, -1, 0, 1, 0});
        expect_moved("crop=5,7,20,30", &in, 20, 30, (int32_t[]){5, 1, 0, 7, 0, 1});
        expect_moved("crop=margin:20", &in, 35, 1, (int32_t[]){20, 1, 0, 20, 0, 1});
        expect_moved("crop=74,40", &in, 1, 1, (int32_t[]){74, 1, 0, 40, 0, 1});
        free(in.px);
    }
}

/* ---- resize, in floating point ------------------------------------------------- */

static double filter_at(ck_filter f, double x)
{
    static const double pi = 3.14159265358979323846;

    x = fabs(x);
    if (f == CK_FILTER_BILINEAR)
        return x < 1 ? 1 - x : 0;
    return x < 1e-12 ? 1 : x < 3 ? sin(pi * x) / (pi * x) * sin(pi * x / 3) / (pi * x / 3) : 0;
}

static double weight_at(ck_filter f, double scale, int32_t i, int32_t j)
{
    double stretch = scale > 1 ? scale : 1, from = i * scale, to = (i + 1) * scale;

    if (f != CK_FILTER_BOX)
        return filter_at(f, (j + 0.5 - (i + 0.5) * scale) / stretch);
    from = from > j ? from : j;
    to = to < j + 1 ? to : j + 1;
    return to > from ? to - from : 0;
}

/* Every input row and column for every output pixel. */
static double resized(const image *in, ck_filter f, int32_t w, int32_t h, int32_t x, int32_t y, unsigned c)
{
    double sum = 0, total = 0;

    for (int32_t j = 0; j < in->shape.h; j++) {
        double wy = weight_at(f, (double)in->shape.h / h, y, j);

        for (int32_t i = 0; wy != 0 && i < in->shape.w; i++) {
            double both = wy * weight_at(f, (double)in->shape.w / w, x, i);
            sum += both * *at(in, i, j, c);
            total += both;
        }
    }
    return sum / total;
}

static void expect_resized(const image *in, ck_filter f, const char *text, int32_t w, int32_t h)
{
    image out = run(text, CHUNKIMG_BORDER_REFLECT, in);
    double most = in->shape.depth == 8 ? 255 : 65535, worst = 0;

    assert_int_equal(out.shape.w, w);
    assert_int_equal(out.shape.h, h);
    for (int32_t y = 0; y < h; y++)
        for (int32_t x = 0; x < w; x++)
            for (unsigned c = 0; c < in->shape.channels; c++) {
                double exact = resized(in, f, w, h, x, y, c);
                exact = exact < 0 ? 0 : exact > most ? most : exact;
                worst = fmax(worst, fabs(exact - *at(&out, x, y, c)));
            }
    /* half for rounding, and what fixed point or single precision cost */
    if (worst > (in->shape.depth == 8 ? 0.6 : 0.52))
        fail_msg("%s: off by %.3f at %d channels, %d bit", text, worst, in->shape.channels, in->shape.depth);
    free(out.px);
}

static void resizes(void **state)
{
    static const char *const names[] = {"box", "bilinear", "lanczos3"};
    static const struct {
        const char *size;
        int32_t w, h;
    } sizes[] = {{"0.5", 24, 16}, {"0.9", 43, 29}, {"1", 48, 32}, {"13x5", 13, 5}, {"1x1", 1, 1}, {"100x", 100, 67},
                 {"x16", 24, 16}, {"2.5", 120, 80}, {"48x9", 48, 9}, {"700x3", 700, 3}};
    char text[40];

    (void)state;
    for (unsigned kind = 0; kind < 8; kind++)
        for (unsigned i = 0; i < sizeof sizes / sizeof *sizes; i++)
            for (ck_filter f = CK_FILTER_BOX; f <= CK_FILTER_LANCZOS3; f++) {
                unsigned channels = kind % 2 ? 3 : 1;
                image in = image_noise(48, 32, channels, kind / 4 ? 16 : 8, kind / 2 % 2);

                snprintf(text, sizeof text, "resize=%s,filter:%s", sizes[i].size, names[f]);
                expect_resized(&in, f, text, sizes[i].w, sizes[i].h);
                free(in.px);
            }
}

/* Fewer pixels than are computed at once, far apart. */
static void shrinks_to_few(void **state)
{
    static const int32_t widths[] = {2, 5, 11, 15, 17};
    char text[40];

    (void)state;
    for (unsigned kind = 0; kind < 4; kind++)
        for (size_t i = 0; i < sizeof widths / sizeof *widths; i++)
            for (ck_filter f = CK_FILTER_BOX; f <= CK_FILTER_LANCZOS3; f++) {
                image in = image_noise(500, 3, kind % 2 ? 3 : 1, kind / 2 ? 16 : 8, 0);

                snprintf(text, sizeof text, "resize=%dx2,filter:%s", widths[i], (const char *[]){"box", "bilinear", "lanczos3"}[f]);
                expect_resized(&in, f, text, widths[i], 2);
                free(in.px);
            }
}

/* The mean of 2 x 2 has a path of its own; the general one gives the same. */
static void halves(void **state)
{
    (void)state;
    for (unsigned channels = 1; channels <= 3; channels += 2)
        for (int i = 0; i < 4; i++) {
            image in = image_noise(142, 54, channels, i < 2 ? 8 : 16, i % 2), out = run("resize=0.5,box", CHUNKIMG_BORDER_REFLECT, &in);

            for (int32_t y = 0; y < 27; y++)
                for (int32_t x = 0; x < 71; x++)
                    for (unsigned c = 0; c < channels; c++)
                        assert_int_equal(*at(&out, x, y, c),
                                         (*at(&in, 2 * x, 2 * y, c) + *at(&in, 2 * x + 1, 2 * y, c) +
                                          *at(&in, 2 * x, 2 * y + 1, c) + *at(&in, 2 * x + 1, 2 * y + 1, c) + 2) / 4);
            free(in.px);
            free(out.px);
        }
}

/*
 * So has bilinear to half the size, with weights 1 3 3 1 each way, away from the edges, whose pixels must be right beside
 * it. Exact, as no sum of such weights is rounded by the general path but the last.
 */
static void halves_bilinear(void **state)
{
    static const int32_t sizes[][2] = {{142, 54}, {2, 20}, {4, 4}, {6, 60}, {44, 8}, {46, 8}, {200, 6}, {1400, 12}};
    static const int w[] = {1, 3, 3, 1};

    (void)state;
    for (unsigned kind = 0; kind < 8; kind++)
        for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
            unsigned channels = kind % 2 ? 3 : 1;
            image in = image_noise(sizes[i][0], sizes[i][1], channels, kind & 2 ? 16 : 8, kind & 4);
            image out = run("resize=0.5,bilinear", CHUNKIMG_BORDER_REFLECT, &in);

            for (int32_t y = 1; y < out.shape.h - 1; y++)
                for (int32_t x = 1; x < out.shape.w - 1; x++)
                    for (unsigned c = 0; c < channels; c++) {
                        int sum = 32;

                        for (int k = 0; k < 16; k++)
                            sum += w[k / 4] * w[k % 4] * *at(&in, 2 * x - 1 + k % 4, 2 * y - 1 + k / 4, c);
                        assert_int_equal(*at(&out, x, y, c), sum / 64);
                    }
            expect_resized(&in, CK_FILTER_BILINEAR, "resize=0.5,bilinear", in.shape.w / 2, in.shape.h / 2);
            free(in.px);
            free(out.px);
        }
}

static void flat_stays_flat(void **state)
{
    static const char *const texts[] = {"resize=0.013,lanczos3", "resize=7.3,lanczos3", "resize=0.37,bilinear", "resize=99x3,box"};

    (void)state;
    for (unsigned kind = 0; kind < 8; kind++)
        for (size_t t = 0; t < sizeof texts / sizeof *texts; t++) {
            image in = image_new(301, 97, kind % 4 + 1, kind / 4 ? 16 : 8), out;

            for (size_t i = 0; i < samples(in.shape); i++)
                in.px[i] = in.shape.depth == 8 ? 255 : 65535;
            out = run(texts[t], CHUNKIMG_BORDER_REFLECT, &in);
            for (size_t i = 0; i < samples(out.shape); i++)
                assert_int_equal(out.px[i], in.px[0]);
            free(in.px);
            free(out.px);
        }
}

static void transparent_colour_does_not_bleed(void **state)
{
    image in = image_new(16, 8, 4, 8), out;

    (void)state;
    for (size_t i = 0; i < samples(in.shape); i += 4) /* opaque red beside transparent green */
        memcpy(in.px + i, i / 4 % 16 < 7 ? (uint16_t[]){255, 0, 0, 255} : (uint16_t[]){0, 255, 0, 0}, 8);
    out = run("resize=0.5", CHUNKIMG_BORDER_REFLECT, &in);
    for (size_t i = 0; i < samples(out.shape); i += 4)
        assert_int_equal(out.px[i + 1], 0);
    free(in.px);
    free(out.px);
}

/* ---- needs ---------------------------------------------------------------------- */

static void needs(void **state)
{
    static const struct {
        chunkimg_list list;
        ck_rect out, in;
    } rows[] = {
        {{0, {NULL}}, {3, 4, 5, 6}, {3, 4, 5, 6}},
        {{1, {"median=2"}}, {3, 4, 5, 6}, {1, 2, 9, 10}},
        {{1, {"median=2"}}, {0, 0, 5, 6}, {0, 0, 7, 8}},
        {{2, {"median=2", "sobel"}}, {50, 50, 5, 6}, {47, 47, 11, 12}},
        {{1, {"crop=10,20"}}, {3, 4, 5, 6}, {13, 24, 5, 6}},
        {{2, {"crop=10,20", "median=9"}}, {3, 4, 5, 6}, {10, 20, 17, 19}},
        {{2, {"median=9", "crop=10,20"}}, {3, 4, 5, 6}, {4, 15, 23, 24}},
        {{1, {"flip=v"}}, {3, 4, 5, 6}, {3, 70, 5, 6}},
        {{1, {"rotate=90"}}, {3, 4, 5, 6}, {4, 72, 6, 5}},
        {{2, {"rotate=90", "rotate=270"}}, {3, 4, 5, 6}, {3, 4, 5, 6}},
        {{1, {"resize=0.5,box"}}, {3, 4, 5, 6}, {6, 8, 10, 12}},
        {{1, {"resize=0.5,bilinear"}}, {3, 4, 5, 6}, {5, 7, 12, 14}},
        {{2, {"resize=0.5,box", "median=1"}}, {3, 4, 5, 6}, {4, 6, 14, 16}},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        ck_chain *chain;
        ck_rect r;

        assert_int_equal(ck_chain_create(&rows[i].list, (ck_shape){100, 80, 3, 8}, &chain, NULL), CK_OK);
        r = ck_chain_need(chain, rows[i].out);
        if (memcmp(&r, &rows[i].in, sizeof r))
            fail_msg("%s: needs %d,%d,%d,%d", ck_chain_text(chain), r.x, r.y, r.w, r.h);
        ck_chain_free(&chain);
    }
}

/* However a rectangle lies, its need is inside the image, no larger than need_most says, and grows with it. */
static void axes_are_monotone(void **state)
{
    (void)state;
    for (int i = 0; i < 3000; i++) {
        int32_t in = 1 + (int32_t)(random_bits() % 400), out = 1 + (int32_t)(random_bits() % 400), first, count, sum;
        ck_filter f = (ck_filter)(i % 3);
        double real;
        ck_axis a;

        assert_int_equal(ck_axis_make(&a, in, out, f, i % 2 ? 8 : 16, NULL), CK_OK);
        for (int32_t x = 0; x < out; x++) {
            assert_true(a.start[x] >= 0 && a.count[x] >= 1 && a.start[x] + a.count[x] <= in && a.count[x] <= a.taps);
            assert_true(!x || (a.start[x] >= a.start[x - 1] && a.start[x] + a.count[x] >= a.start[x - 1] + a.count[x - 1]));
            sum = 0;
            real = 0;
            for (int32_t k = 0; k < a.taps; k++) {
                sum += a.narrow ? ck_axis_pair(&a, k / 2, x)[k % 2] : 0;
                real += a.real ? (double)*ck_axis_real(&a, k, x) : 0;
            }
            if (a.narrow)
                assert_int_equal(sum, 1 << CK_WEIGHT_BITS_8);
            else
                assert_true(fabs(real - 1) < 1e-6);
        }
        for (int32_t n = 1; n <= out; n = n * 2 + 1)
            for (int32_t x = 0; x + n <= out; x++) {
                ck_axis_need(&a, x, n, &first, &count);
                assert_true(count <= ck_axis_most(&a, n));
            }
        ck_axis_release(&a);
    }
}

/* ---- borders ---------------------------------------------------------------------- */

static int64_t beyond(const image *m, chunkimg_border border, int32_t x, int32_t y)
{
    int32_t w = m->shape.w, h = m->shape.h;

    while (border == CHUNKIMG_BORDER_REFLECT && (x < 0 || x >= w))
        x = w == 1 ? 0 : x < 0 ? -x : 2 * (w - 1) - x;
    while (border == CHUNKIMG_BORDER_REFLECT && (y < 0 || y >= h))
        y = h == 1 ? 0 : y < 0 ? -y : 2 * (h - 1) - y;
    while (border == CHUNKIMG_BORDER_SYMMETRIC && (x < 0 || x >= w))
        x = x < 0 ? -1 - x : 2 * w - 1 - x;
    while (border == CHUNKIMG_BORDER_SYMMETRIC && (y < 0 || y >= h))
        y = y < 0 ? -1 - y : 2 * h - 1 - y;
    if (border == CHUNKIMG_BORDER_REPLICATE) {
        x = x < 0 ? 0 : x >= w ? w - 1 : x;
        y = y < 0 ? 0 : y >= h ? h - 1 : y;
    }
    return x < 0 || y < 0 || x >= w || y >= h ? 0 : *at(m, x, y, 0);
}

static int by_value(const void *a, const void *b)
{
    return (int)*(const int64_t *)a - (int)*(const int64_t *)b;
}

/* A median sees every pixel of its window: sorted, the middle one. */
static void borders(void **state)
{
    static const int32_t sizes[][2] = {{1, 1}, {2, 3}, {9, 5}, {20, 11}};

    (void)state;
    for (size_t s = 0; s < 4; s++)
        for (chunkimg_border border = CHUNKIMG_BORDER_REFLECT; border <= CHUNKIMG_BORDER_ZERO; border++) {
            image in = image_noise(sizes[s][0], sizes[s][1], 1, 8, false), out = run("median=4", border, &in);

            for (int32_t y = 0; y < in.shape.h; y++)
                for (int32_t x = 0; x < in.shape.w; x++) {
                    int64_t window[81];
                    for (int i = 0; i < 81; i++)
                        window[i] = beyond(&in, border, x + i % 9 - 4, y + i / 9 - 4);
                    qsort(window, 81, sizeof *window, by_value);
                    if (*at(&out, x, y, 0) != window[40])
                        fail_msg("border %d: (%d, %d) of %d x %d", (int)border, x, y, in.shape.w, in.shape.h);
                }
            free(in.px);
            free(out.px);
        }
}

/* ---- what is refused ----------------------------------------------------------------- */

static void refusals(void **state)
{
    static const struct {
        const char *text, *part;
        chunkimg_status status;
    } rows[] = {
        {"crop=10,10,95,10", "crop: 10,10,95,10 is not inside the image (100 x 80)", CHUNKIMG_USAGE},
        {"crop=100", "is not inside the image", CHUNKIMG_USAGE},
        {"crop=margin:40", "a margin of 40 pixels leaves nothing of an image of 100 x 80", CHUNKIMG_USAGE},
        {"crop=1,margin:4", "cannot both be given", CHUNKIMG_USAGE},
        {"crop=-1", "out of range", CHUNKIMG_USAGE},
        {"rotate=45", "rotate: angle: '45'", CHUNKIMG_USAGE},
        {"flip=x", "flip: way: 'x'", CHUNKIMG_USAGE},
        {"resize=0", "'0' is neither a factor, 0.0001 to 100, nor a size", CHUNKIMG_USAGE},
        {"resize=x", "'x' is neither", CHUNKIMG_USAGE},
        {"resize=10x0", "'10x0' is neither", CHUNKIMG_USAGE},
        {"resize=nan", "'nan' is neither", CHUNKIMG_USAGE},
        {"resize=10x10x10", "is neither", CHUNKIMG_USAGE},
        {"resize=0.5,cubic", "resize: filter: 'cubic'", CHUNKIMG_USAGE},
        {"resize=2147483647x1", "more than 2147483646 columns", CHUNKIMG_LIMIT},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        chunkimg_list list = {1, {rows[i].text}};
        ck_chain *chain;
        ck_error err;

        assert_int_equal(ck_chain_create(&list, (ck_shape){100, 80, 3, 8}, &chain, &err), rows[i].status);
        if (!strstr(err.text, rows[i].part))
            fail_msg("%s: '%s' lacks '%s'", rows[i].text, err.text, rows[i].part);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(moves),    cmocka_unit_test(resizes),
        cmocka_unit_test(shrinks_to_few),
        cmocka_unit_test(halves),   cmocka_unit_test(halves_bilinear),
        cmocka_unit_test(flat_stays_flat),
        cmocka_unit_test(transparent_colour_does_not_bleed),
        cmocka_unit_test(needs),    cmocka_unit_test(axes_are_monotone),
        cmocka_unit_test(borders),  cmocka_unit_test(refusals),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
