/* Grids: every pixel has exactly one owner, tile counts are as promised, edges and overlap do what they say. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/grid.h"

/* Every pixel of the covered area is owned once, held contains own, and files are as large as promised. */
static void check_cover(const ck_grid *g)
{
    ck_rect all = ck_grid_covered(g);
    uint8_t *owners = calloc((size_t)g->w * (size_t)g->h, 1);
    int32_t most_w, most_h;

    ck_grid_largest(g, &most_w, &most_h);
    for (uint64_t i = 0; i < ck_grid_count(g); i++) {
        ck_tile t = ck_grid_tile(g, i);
        int32_t top, bottom;

        assert_true(t.own.w > 0 && t.own.h > 0);
        assert_true(t.held.x >= 0 && t.held.y >= 0 && t.held.x + t.held.w <= g->w && t.held.y + t.held.h <= g->h);
        assert_true(t.held.x <= t.own.x && t.held.y <= t.own.y);
        assert_true(t.held.x + t.held.w >= t.own.x + t.own.w && t.held.y + t.held.h >= t.own.y + t.own.h);
        assert_true(t.file_w <= most_w && t.file_h <= most_h);
        assert_true(t.pad_left + t.held.w <= t.file_w && t.pad_top + t.held.h <= t.file_h);
        ck_grid_row_held(g, t.row, &top, &bottom);
        assert_true(top <= t.held.y && bottom >= t.held.y + t.held.h);
        for (int32_t y = t.own.y; y < t.own.y + t.own.h; y++)
            for (int32_t x = t.own.x; x < t.own.x + t.own.w; x++)
                owners[(size_t)y * (size_t)g->w + (size_t)x]++;
    }
    for (int32_t y = 0; y < g->h; y++)
        for (int32_t x = 0; x < g->w; x++)
            assert_int_equal(owners[(size_t)y * (size_t)g->w + (size_t)x], x < all.w && y < all.h);
    free(owners);
}

static void test_cover(void **state)
{
    static const int32_t sizes[] = {1, 2, 3, 7, 16, 17, 40, 63};
    ck_grid g;
    ck_error err;

    (void)state;
    for (size_t a = 0; a < 8; a++)
        for (size_t b = 0; b < 8; b++)
            for (int edge = CHUNKIMG_EDGE_KEEP; edge <= CHUNKIMG_EDGE_DROP; edge++)
                for (int32_t over = 0; over < 6; over += 5) {
                    int32_t tile = 1 + (int32_t)(a + 3 * b) % 20;
                    if (ck_grid_of_size(sizes[a], sizes[b], tile, 1 + tile / 2, (chunkimg_edge)edge, &g, &err))
                        continue;
                    g.overlap = over;
                    check_cover(&g);
                }
    for (int32_t c = 1; c <= 16; c++)
        for (int32_t r = 1; r <= 17; r += 4)
            for (int edge = CHUNKIMG_EDGE_KEEP; edge <= CHUNKIMG_EDGE_SHIFT; edge++) {
                assert_int_equal(ck_grid_of_shape(16, 17, c, r, &g, &err), CK_OK);
                g.edge = (chunkimg_edge)edge;
                g.overlap = c % 3;
                assert_int_equal(ck_grid_count(&g), c * r);
                check_cover(&g);
            }
}

static void check_count(int32_t w, int32_t h, int64_t asked, int32_t columns, int32_t rows)
{
    ck_grid g;
    ck_error err;

    assert_int_equal(ck_grid_of_count(w, h, asked, &g, &err), CK_OK);
    assert_int_equal(g.columns, columns);
    assert_int_equal(g.rows, rows);
}

static void test_counts(void **state)
{
    ck_grid g;
    ck_error err;

    (void)state;
    check_count(15360, 6400, 64, 8, 8);
    check_count(15360, 6400, 62, 9, 7);
    check_count(6400, 15360, 62, 7, 9);
    check_count(1000, 1000, 1, 1, 1);
    check_count(1000, 1000, 2, 2, 1);
    check_count(1000, 1000, 3, 3, 1);
    check_count(1000, 1000, 5, 3, 2);
    check_count(1000, 1000, 12, 4, 3);
    check_count(1000, 1, 60, 60, 1);
    check_count(1000, 2, 64, 32, 2);
    check_count(3, 3, 9, 3, 3);
    check_count(3, 3, 7, 3, 3);
    assert_int_equal(ck_grid_of_count(3, 3, 10, &g, &err), CHUNKIMG_USAGE);
    assert_int_equal(ck_grid_of_shape(3, 3, 4, 1, &g, &err), CHUNKIMG_USAGE);
    for (int32_t w = 1; w <= 9; w++)
        for (int32_t h = 1; h <= 9; h++)
            for (int64_t n = 1; n <= (int64_t)w * h; n++) {
                assert_int_equal(ck_grid_of_count(w, h, n, &g, &err), CK_OK);
                assert_true(ck_grid_count(&g) >= (uint64_t)n);
                check_cover(&g);
            }
}

static void test_edges(void **state)
{
    ck_grid g;
    ck_error err;
    ck_tile t;

    (void)state;
    ck_grid_of_size(100, 100, 64, 64, CHUNKIMG_EDGE_PAD, &g, &err);
    t = ck_grid_tile(&g, 3);
    assert_int_equal(t.file_w, 64);
    assert_int_equal(t.held.w, 36);
    ck_grid_of_size(100, 100, 64, 64, CHUNKIMG_EDGE_SHIFT, &g, &err);
    t = ck_grid_tile(&g, 3);
    assert_int_equal(t.held.x, 36);
    assert_int_equal(t.held.w, 64);
    assert_int_equal(t.own.x, 64);
    ck_grid_of_size(100, 100, 64, 64, CHUNKIMG_EDGE_DROP, &g, &err);
    assert_int_equal(ck_grid_count(&g), 1);
    assert_int_equal(ck_grid_of_size(10, 10, 64, 64, CHUNKIMG_EDGE_DROP, &g, &err), CHUNKIMG_USAGE);
    ck_grid_of_size(100, 100, 50, 50, CHUNKIMG_EDGE_PAD, &g, &err);
    g.overlap = 2;
    t = ck_grid_tile(&g, 0);
    assert_int_equal(t.file_w, 54);
    assert_int_equal(t.pad_left, 2);
    assert_int_equal(t.held.w, 52);
}

static void test_strips(void **state)
{
    ck_shape shape = {.w = 100, .h = 1000, .channels = 3, .depth = 8};
    ck_grid g;
    ck_error err;

    (void)state;
    assert_int_equal(ck_grid_of_strips(shape, 7, 16, &g, &err), CK_OK);
    assert_int_equal(g.columns, 1);
    assert_int_equal(g.tile_h % 16, 0);
    check_cover(&g);
    assert_int_equal(ck_grid_of_strips(shape, 1001, 1, &g, &err), CHUNKIMG_USAGE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cover),
        cmocka_unit_test(test_counts),
        cmocka_unit_test(test_edges),
        cmocka_unit_test(test_strips),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
