/*
 * Operations that look at the whole image first, against plain formulas; and
 * however the image is cut into strips for the look, and into tiles after it,
 * the pixels are the same.
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

static uint32_t random_state = 11;

static uint32_t random_below(uint32_t n)
{
    random_state ^= random_state << 13;
    random_state ^= random_state >> 17;
    random_state ^= random_state << 5;
    return (random_state >> 5) % n;
}

/* ---- images in the depth they have ------------------------------------------- */

static ck_rows image_new(int32_t w, int32_t h, unsigned channels, unsigned depth)
{
    ck_shape shape = {w, h, (uint16_t)channels, (uint8_t)depth};
    ck_rows m = {NULL, (ck_row_nbytes(shape) + 63) / 64 * 64, h, shape};

    m.px = aligned_alloc(64, m.stride * (size_t)h);
    assert_non_null(m.px);
    memset(m.px, 0, m.stride * (size_t)h);
    return m;
}

static unsigned get(const ck_rows *m, int32_t x, int32_t y, unsigned c)
{
    size_t i = (size_t)x * m->whole.channels + c;

    return m->whole.depth == 8 ? ck_rows_at(m, y)[i] : ((uint16_t *)(void *)ck_rows_at(m, y))[i];
}

static void put(const ck_rows *m, int32_t x, int32_t y, unsigned c, unsigned v)
{
    size_t i = (size_t)x * m->whole.channels + c;

    if (m->whole.depth == 8)
        ck_rows_at(m, y)[i] = (uint8_t)v;
    else
        ((uint16_t *)(void *)ck_rows_at(m, y))[i] = (uint16_t)v;
}

/* A narrow band of values, darker on the left, with transparent patches where there is alpha. */
static ck_rows image_dull(int32_t w, int32_t h, unsigned channels, unsigned depth)
{
    ck_rows m = image_new(w, h, channels, depth);
    unsigned unit = depth == 8 ? 1 : 257;

    for (int32_t y = 0; y < h; y++)
        for (int32_t x = 0; x < w; x++)
            for (unsigned c = 0; c < channels; c++) {
                bool alpha = channels % 2 == 0 && c == channels - 1;
                unsigned v = (60 + 40 * (unsigned)x / (unsigned)w + random_below(30) + 9 * c) * unit + random_below(unit);
                put(&m, x, y, c, alpha ? random_below(4) * (depth == 8 ? 85 : 21845) : v);
            }
    return m;
}

static ck_view view_of(const ck_rows *m)
{
    return (ck_view){m->px, (ptrdiff_t)m->stride, m->whole};
}

static void expect_same(const ck_rows *a, const ck_rows *b, const char *what)
{
    assert_int_equal(a->whole.w, b->whole.w);
    assert_int_equal(a->whole.h, b->whole.h);
    for (int32_t y = 0; y < a->whole.h; y++)
        if (memcmp(ck_rows_at(a, y), ck_rows_at(b, y), ck_row_nbytes(a->whole)))
            fail_msg("%s: row %d of %d x %d, %d channels, %d bit", what, y, a->whole.w, a->whole.h, a->whole.channels,
                     a->whole.depth);
}

/* ---- running a chain ------------------------------------------------------------ */

static void *scratch_of(const ck_chain *chain, int32_t w, int32_t h)
{
    void *scratch = aligned_alloc(64, (ck_chain_scratch(chain, w, h) + 127) / 64 * 64);

    assert_non_null(scratch);
    return scratch;
}

/* Looks in strips of up to `most` rows, each with an account of its own. */
static void look(ck_chain *chain, size_t i, const ck_rows *in, int32_t most)
{
    const ck_chain *before = ck_chain_before(chain, i);
    ck_shape shape = ck_chain_shape(before);
    size_t nbytes = (ck_chain_account(chain, i) + 63) / 64 * 64;
    void *all = aligned_alloc(64, nbytes), *one = aligned_alloc(64, nbytes), *scratch = scratch_of(before, shape.w, shape.h);
    ck_rows out = image_new(shape.w, shape.h, shape.channels, shape.depth);

    memset(all, 0, nbytes);
    for (int32_t y = 0, n; y < shape.h; y += n) {
        n = 1 + (int32_t)random_below((uint32_t)(most < shape.h - y ? most : shape.h - y));
        ck_rect at = {0, y, shape.w, n};
        ck_view rows = ck_window(view_of(&out), 0, y, shape.w, n);

        memset(one, 0, nbytes);
        assert_int_equal(ck_chain_apply(before, scratch, in, at, rows), CK_OK);
        ck_chain_survey(chain, i, rows, at, one);
        ck_chain_survey_merge(chain, i, all, one);
    }
    ck_chain_survey_end(chain, i, all);
    free(all);
    free(one);
    free(scratch);
    free(out.px);
}

static ck_rows run(const chunkimg_list *list, const ck_rows *in, int32_t strip, int32_t tile)
{
    ck_chain *chain;
    ck_error err;

    if (ck_chain_create(list, in->whole, &chain, &err) != CK_OK)
        fail_msg("%s: %s", list->items[0], err.text);
    for (size_t i = 0; i < ck_chain_surveys(chain); i++)
        look(chain, i, in, strip);
    ck_shape shape = ck_chain_shape(chain);
    ck_rows out = image_new(shape.w, shape.h, shape.channels, shape.depth);
    void *scratch = scratch_of(chain, shape.w, shape.h);

    for (int32_t y = 0; y < shape.h; y += tile)
        for (int32_t x = 0; x < shape.w; x += tile) {
            ck_rect r = {x, y, tile < shape.w - x ? tile : shape.w - x, tile < shape.h - y ? tile : shape.h - y};
            assert_int_equal(ck_chain_apply(chain, scratch, in, r, ck_window(view_of(&out), r.x, r.y, r.w, r.h)), CK_OK);
        }
    free(scratch);
    ck_chain_free(&chain);
    return out;
}

static void same_in_any_cut(void **state)
{
    static const chunkimg_list lists[] = {
        {1, {"equalize"}},
        {1, {"clahe=3,4x3"}},
        {3, {"gray", "blur=1", "threshold=otsu"}},
        {2, {"blur=1", "equalize"}},
        {3, {"rotate=90", "equalize", "sharpen"}},
        {4, {"crop=5,3", "clahe=2", "resize=0.7", "equalize"}},
    };

    (void)state;
    for (unsigned kind = 0; kind < 8; kind++)
        for (size_t i = 0; i < sizeof lists / sizeof *lists; i++) {
            ck_rows in = image_dull(61, 43, kind % 4 + 1, kind / 4 ? 16 : 8), whole = run(&lists[i], &in, 1000, 1000);
            static const int32_t cuts[][2] = {{1, 33}, {7, 16}, {16, 7}};

            for (size_t k = 0; k < 3; k++) {
                ck_rows out = run(&lists[i], &in, cuts[k][0], cuts[k][1]);
                expect_same(&out, &whole, lists[i].items[0]);
                free(out.px);
            }
            free(in.px);
            free(whole.px);
        }
}

/* ---- equalize --------------------------------------------------------------------- */

static bool has_colour(const ck_rows *m, int32_t x, int32_t y)
{
    return m->whole.channels % 2 || get(m, x, y, m->whole.channels - 1u);
}

/* Samples of colour c in the rectangle that are at most v. */
static uint64_t up_to(const ck_rows *m, ck_rect r, unsigned c, unsigned v)
{
    uint64_t n = 0;

    for (int32_t y = r.y; y < r.y + r.h; y++)
        for (int32_t x = r.x; x < r.x + r.w; x++)
            n += has_colour(m, x, y) && get(m, x, y, c) <= v;
    return n;
}

static unsigned darkest(const ck_rows *m, ck_rect r, unsigned c)
{
    unsigned v = UINT32_MAX;

    for (int32_t y = r.y; y < r.y + r.h; y++)
        for (int32_t x = r.x; x < r.x + r.w; x++)
            if (has_colour(m, x, y) && get(m, x, y, c) < v)
                v = get(m, x, y, c);
    return v;
}

static unsigned equalized(const ck_rows *m, ck_rect r, unsigned c, unsigned v)
{
    unsigned most = m->whole.depth == 8 ? 255 : 65535;
    uint64_t all = up_to(m, r, c, most), first = up_to(m, r, c, darkest(m, r, c)), n = up_to(m, r, c, v);

    if (n < first)
        return 0;
    return all == first ? v : (unsigned)floor((double)(n - first) * most / (double)(all - first) + 0.5);
}

static void expect_equalized(const ck_rows *in, const ck_rows *out, ck_rect r)
{
    unsigned colours = ck_colours(in->whole);

    for (int i = 0; i < 60; i++) {
        int32_t x = r.x + (int32_t)random_below((uint32_t)r.w), y = r.y + (int32_t)random_below((uint32_t)r.h);
        unsigned c = random_below(in->whole.channels);

        assert_int_equal(get(out, x, y, c), c < colours ? equalized(in, r, c, get(in, x, y, c)) : get(in, x, y, c));
    }
}

static void equalize_is_its_formula(void **state)
{
    static const chunkimg_list image = {1, {"equalize"}}, tile = {1, {"equalize=tile"}};

    (void)state;
    for (unsigned kind = 0; kind < 8; kind++) {
        ck_rows in = image_dull(50, 30, kind % 4 + 1, kind / 4 ? 16 : 8);
        ck_rows whole = run(&image, &in, 10, 1000), tiles = run(&tile, &in, 10, 20);

        expect_equalized(&in, &whole, (ck_rect){0, 0, 50, 30});
        expect_equalized(&in, &tiles, (ck_rect){0, 0, 20, 20});
        expect_equalized(&in, &tiles, (ck_rect){40, 20, 10, 10});
        free(in.px);
        free(whole.px);
        free(tiles.px);
    }
}

static void one_value_stays(void **state)
{
    static const chunkimg_list list = {1, {"equalize"}};
    ck_rows in = image_new(9, 7, 3, 8), out;

    (void)state;
    memset(in.px, 77, in.stride * 7);
    out = run(&list, &in, 2, 4);
    expect_same(&in, &out, "equalize");
    free(in.px);
    free(out.px);
}

/* ---- clahe ------------------------------------------------------------------------- */

/* With one cell and no limit it is the plain distribution: round(n(v) max / N). */
static void one_cell_is_the_distribution(void **state)
{
    static const chunkimg_list list = {1, {"clahe=0,1"}};
    ck_rows in = image_dull(40, 30, 3, 8), out = run(&list, &in, 7, 16);

    (void)state;
    for (int i = 0; i < 100; i++) {
        int32_t x = (int32_t)random_below(40), y = (int32_t)random_below(30);
        unsigned c = random_below(3);
        uint64_t n = up_to(&in, (ck_rect){0, 0, 40, 30}, c, get(&in, x, y, c));

        assert_int_equal(get(&out, x, y, c), (2 * n * 255 + 1200) / 2400);
    }
    free(in.px);
    free(out.px);
}

/* The limited counts of a cell, written out once more. */
static double limited(const ck_rows *m, ck_rect cell, double clip, unsigned v)
{
    double counts[256], all = (double)cell.w * cell.h, most = floor(clip * all / 256), excess = 0, sum = 0;

    most = most < 1 ? 1 : most;
    for (unsigned i = 0; i < 256; i++) {
        counts[i] = (double)(up_to(m, cell, 0, i) - (i ? up_to(m, cell, 0, i - 1) : 0));
        excess += counts[i] > most ? counts[i] - most : 0;
        counts[i] = counts[i] > most ? most : counts[i];
    }
    unsigned each = (unsigned)excess / 256, rest = (unsigned)excess % 256, step = rest ? 256 / rest : 1;
    for (unsigned i = 0; i < 256; i++)
        counts[i] += each;
    for (unsigned i = 0; i < 256 && rest; i += step, rest--)
        counts[i]++;
    for (unsigned i = 0; i <= v; i++)
        sum += counts[i];
    return floor(sum * 255 / all + 0.5);
}

/* The middle of a cell has its table alone; half-way between two middles, the mean of both. */
static void cells_are_interpolated(void **state)
{
    static const chunkimg_list list = {1, {"clahe=2,2x1"}};
    ck_rows in = image_dull(62, 31, 1, 8), out = run(&list, &in, 9, 13);
    ck_rect left = {0, 0, 31, 31}, right = {31, 0, 31, 31};

    (void)state;
    for (int32_t y = 0; y < 31; y++)
        for (int32_t x = 0; x < 62; x += 15) {
            unsigned v = get(&in, x, y, 0);
            double at = ((double)x + 0.5) / 31 - 0.5, far = at < 0 ? 0 : at > 1 ? 1 : at;
            double exact = limited(&in, left, 2, v) * (1 - far) + limited(&in, right, 2, v) * far;

            if (fabs(exact - get(&out, x, y, 0)) > 0.63)
                fail_msg("(%d, %d): %u instead of %.2f", x, y, get(&out, x, y, 0), exact);
        }
    free(in.px);
    free(out.px);
}

static void flat_cells_do_not_crash(void **state)
{
    static const chunkimg_list list = {1, {"clahe=1,64x64"}};

    (void)state;
    for (int32_t n = 1; n < 70; n += 17) {
        ck_rows in = image_dull(n, n, 4, 16), out = run(&list, &in, 5, 9);
        free(in.px);
        free(out.px);
    }
}

/* ---- Otsu's threshold: every value tried --------------------------------------------- */

static double between(const ck_rows *m, unsigned value)
{
    double n[2] = {0}, sum[2] = {0};

    for (int32_t y = 0; y < m->whole.h; y++)
        for (int32_t x = 0; x < m->whole.w; x++)
            for (unsigned c = 0; c < m->whole.channels; c++) {
                unsigned v = get(m, x, y, c);
                n[v >= value]++;
                sum[v >= value] += v;
            }
    if (n[0] == 0 || n[1] == 0)
        return 0;
    return n[0] * n[1] * pow(sum[0] / n[0] - sum[1] / n[1], 2);
}

static void otsu_parts_best(void **state)
{
    static const chunkimg_list list = {1, {"threshold=otsu"}};

    (void)state;
    for (unsigned channels = 1; channels <= 3; channels += 2) {
        ck_rows in = image_dull(40, 30, channels, 8), out;
        unsigned best = 1, black = 0, white = 255;

        for (unsigned v = 2; v < 256; v++)
            if (between(&in, v) > between(&in, best) * (1 + 1e-12))
                best = v;
        out = run(&list, &in, 7, 16);
        for (int32_t y = 0; y < 30; y++)
            for (int32_t x = 0; x < 40; x++)
                for (unsigned c = 0; c < channels; c++) {
                    unsigned v = get(&in, x, y, c), made = get(&out, x, y, c);
                    assert_true(made == 0 || made == 255);
                    if (made ? v < white : v > black)
                        *(made ? &white : &black) = v;
                }
        assert_true(black < best && white >= best);
        free(in.px);
        free(out.px);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(same_in_any_cut),
        cmocka_unit_test(equalize_is_its_formula),
        cmocka_unit_test(one_value_stays),
        cmocka_unit_test(one_cell_is_the_distribution),
        cmocka_unit_test(cells_are_interpolated),
        cmocka_unit_test(flat_cells_do_not_crash),
        cmocka_unit_test(otsu_parts_best),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
