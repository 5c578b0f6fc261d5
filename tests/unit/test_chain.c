/*
 * Chains: the result put together from blocks is that of the operations run
 * one after another on the whole image, whatever the blocks and the ring.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "op/chain.h"

enum { GUARD = 64 };

static uint32_t random_state = 7;

static uint32_t random_bits(void)
{
    random_state ^= random_state << 13;
    random_state ^= random_state >> 17;
    random_state ^= random_state << 5;
    return random_state;
}

static void randomise(void *to, size_t nbytes)
{
    for (size_t i = 0; i < nbytes; i++)
        ((uint8_t *)to)[i] = (uint8_t)(random_bits() >> 9);
}

/* ---- an image, tightly packed, and the ring that shows a part of it ----------- */

typedef struct image {
    ck_shape shape;
    size_t nbytes;
    uint8_t *px;
} image;

static image image_new(ck_shape shape)
{
    image m = {shape, ck_row_nbytes(shape) * (size_t)shape.h, NULL};

    m.px = malloc(m.nbytes);
    assert_non_null(m.px);
    return m;
}

/* Noise, with fully opaque and fully transparent patches where there is alpha. */
static image image_noise(ck_shape shape)
{
    image m = image_new(shape);
    size_t pixel = ck_pixel_nbytes(shape), sample = shape.depth / 8u;

    randomise(m.px, m.nbytes);
    if (ck_has_alpha(shape))
        for (size_t i = 0; i < m.nbytes; i += pixel)
            if (i / pixel / 5 % 3)
                memset(m.px + i + pixel - sample, i / pixel / 5 % 3 == 1 ? 255 : 0, sample);
    return m;
}

static ck_rows ring_new(ck_shape shape, int32_t ring)
{
    ck_rows r = {NULL, (ck_row_nbytes(shape) + 63) / 64 * 64, ring, shape};

    r.px = aligned_alloc(64, r.stride * (size_t)ring);
    assert_non_null(r.px);
    return r;
}

/* Rows y0 .. y1 of the image, garbage in the others. */
static void ring_fill(ck_rows *r, const image *m, int32_t y0, int32_t y1)
{
    size_t nbytes = ck_row_nbytes(m->shape);

    assert_true(y1 - y0 <= r->ring);
    memset(r->px, (int)(random_bits() >> 24), r->stride * (size_t)r->ring);
    for (int32_t y = y0; y < y1; y++)
        memcpy(ck_rows_at(r, y), m->px + nbytes * (size_t)y, nbytes);
}

static ck_chain *chain_of(const chunkimg_list *list, ck_shape in)
{
    ck_chain *chain;
    ck_error err;

    if (ck_chain_create(list, in, &chain, &err) != CK_OK)
        fail_msg("%s", err.text);
    return chain;
}

static void *scratch_new(const ck_chain *chain, int32_t w, int32_t h, size_t *nbytes)
{
    *nbytes = ck_chain_scratch(chain, w, h);
    assert_true(*nbytes < SIZE_MAX);
    uint8_t *scratch = aligned_alloc(64, (*nbytes + GUARD + 63) / 64 * 64);
    assert_non_null(scratch);
    randomise(scratch, *nbytes);
    memset(scratch + *nbytes, 0x5A, GUARD);
    return scratch;
}

static void scratch_free(uint8_t *scratch, size_t nbytes)
{
    for (size_t i = 0; i < GUARD; i++)
        assert_int_equal(scratch[nbytes + i], 0x5A);
    free(scratch);
}

/* ---- whole and in blocks --------------------------------------------------------- */

static image run_whole(const chunkimg_list *list, const image *in)
{
    ck_chain *chain = chain_of(list, in->shape);
    image out = image_new(ck_chain_shape(chain));
    ck_rows rows = ring_new(in->shape, in->shape.h);
    ck_view view = {out.px, (ptrdiff_t)ck_row_nbytes(out.shape), out.shape};
    size_t nbytes;
    void *scratch = scratch_new(chain, out.shape.w, out.shape.h, &nbytes);

    ring_fill(&rows, in, 0, in->shape.h);
    assert_int_equal(ck_chain_apply(chain, scratch, &rows, (ck_rect){0, 0, out.shape.w, out.shape.h}, view), CK_OK);
    scratch_free(scratch, nbytes);
    free(rows.px);
    ck_chain_free(&chain);
    return out;
}

/* The operations one by one, each on the whole image. */
static image run_apart(const chunkimg_list *list, const image *in)
{
    image now = *in, next;

    for (size_t i = 0; i < list->count; i++) {
        chunkimg_list one = {1, {list->items[i]}};
        next = run_whole(&one, &now);
        if (i)
            free(now.px);
        now = next;
    }
    return now;
}

/* One block, into a window that leaves room around it, which must stay as it is. */
static void run_block(const ck_chain *chain, ck_chain_run *run, void *scratch, const ck_rows *rows, ck_rect rect, image *out)
{
    ck_shape shape = out->shape;
    size_t pixel = ck_pixel_nbytes(shape), row = (size_t)rect.w * pixel, stride = (row + 2 * GUARD + 1) / 2 * 2;
    uint8_t *room = malloc(stride * (size_t)rect.h);

    assert_non_null(room);
    memset(room, 0x3C, stride * (size_t)rect.h);
    shape.w = rect.w;
    shape.h = rect.h;
    assert_int_equal(ck_chain_step(chain, run, scratch, rows, rect, (ck_view){room + GUARD, (ptrdiff_t)stride, shape}, NULL),
                     CK_OK);
    for (int32_t y = 0; y < rect.h; y++) {
        uint8_t *from = room + stride * (size_t)y;
        memcpy(out->px + ((size_t)(rect.y + y) * (size_t)out->shape.w + (size_t)rect.x) * pixel, from + GUARD, row);
        for (size_t i = 0; i < GUARD; i++)
            assert_true(from[i] == 0x3C && from[GUARD + row + i] == 0x3C);
    }
    free(room);
}

static int32_t least(int32_t a, int32_t b)
{
    return a < b ? a : b;
}

/* A tile in blocks of any height, which go on from one another. */
static void run_tile(const ck_chain *chain, void *scratch, const ck_rows *rows, ck_rect rect, image *out)
{
    int32_t most = 1 + (int32_t)(random_bits() % (uint32_t)rect.h), end = rect.y + rect.h;
    ck_chain_run run = {0};

    for (int32_t y = rect.y, h; y < end; y += h) {
        h = 1 + (int32_t)(random_bits() % (uint32_t)least(most, end - y));
        run_block(chain, &run, scratch, rows, (ck_rect){rect.x, y, rect.w, h}, out);
    }
}

/* The ring holds no more rows than one row of tiles needs, and 3: it wraps anywhere. */
static image run_tiles(const chunkimg_list *list, const image *in, int32_t size)
{
    ck_chain *chain = chain_of(list, in->shape);
    image out = image_new(ck_chain_shape(chain));
    int32_t w = out.shape.w, h = out.shape.h;
    size_t nbytes;
    void *scratch = scratch_new(chain, least(size, w), least(size, h), &nbytes);

    for (int32_t y = 0; y < h; y += size) {
        ck_rect need = ck_chain_need(chain, (ck_rect){0, y, w, least(size, h - y)});
        ck_rows rows = ring_new(in->shape, need.h + 3);

        ring_fill(&rows, in, need.y, need.y + need.h);
        for (int32_t x = 0; x < w; x += size)
            run_tile(chain, scratch, &rows, (ck_rect){x, y, least(size, w - x), least(size, h - y)}, &out);
        free(rows.px);
    }
    scratch_free(scratch, nbytes);
    ck_chain_free(&chain);
    return out;
}

static const chunkimg_list chains[] = {
    {0, {NULL}},
    {1, {"copy"}},
    {1, {"gray"}},
    {1, {"invert"}},
    {1, {"threshold"}},
    {1, {"blur=0.1"}},
    {1, {"blur=2"}},
    {1, {"sharpen=1,0.8"}},
    {1, {"median"}},
    {1, {"median=2"}},
    {1, {"median=4"}},
    {1, {"sobel"}},
    {2, {"blur=2", "sobel"}},
    {3, {"median=2", "sharpen", "gray"}},
    {4, {"gray", "blur=1.5", "invert", "threshold=100"}},
    {5, {"invert", "median", "blur=3", "sobel", "blur=0.7"}},
    {1, {"flip=h"}},
    {1, {"flip=v"}},
    {1, {"rotate=90"}},
    {1, {"rotate=180"}},
    {1, {"rotate=270"}},
    {1, {"resize=0.5,box"}},
    {1, {"resize=0.9,bilinear"}},
    {1, {"resize=1.7"}},
    {1, {"resize=0.17,bilinear"}},
    {1, {"resize=40x9,box"}},
    {3, {"blur=1", "rotate=90", "sharpen"}},
    {4, {"flip=v", "resize=0.7", "gray", "sobel"}},
    {3, {"resize=3,bilinear", "blur=1", "resize=0.4"}},
};

static const int32_t tiles[] = {1, 7, 16, 33, 256};

static void compare(const chunkimg_list *list, const image *in)
{
    image apart = list->count ? run_apart(list, in) : *in, whole = run_whole(list, in);

    assert_int_equal(apart.nbytes, whole.nbytes);
    assert_memory_equal(apart.px, whole.px, whole.nbytes);
    for (size_t i = 0; i < sizeof tiles / sizeof tiles[0]; i++) {
        if (tiles[i] == 1 && in->nbytes > 3000)
            continue; /* a block of one pixel costs as much as its halo */
        image out = run_tiles(list, in, tiles[i]);
        if (memcmp(out.px, whole.px, whole.nbytes))
            fail_msg("%s ... x%zu: %dx%d, %d channels, %d bit, tiles of %d differ", list->items[0], list->count,
                     in->shape.w, in->shape.h, in->shape.channels, in->shape.depth, tiles[i]);
        free(out.px);
    }
    if (list->count)
        free(apart.px);
    free(whole.px);
}

static void tiles_equal_whole(void **state)
{
    static const int32_t sizes[][2] = {{1, 1}, {3, 20}, {19, 13}, {71, 52}};

    (void)state;
    for (size_t s = 0; s < sizeof sizes / sizeof sizes[0]; s++)
        for (int kind = 0; kind < 8; kind++) {
            ck_shape shape = {sizes[s][0], sizes[s][1], (uint8_t)(kind % 4 + 1), kind / 4 ? 16 : 8};
            image in = image_noise(shape);
            for (size_t i = 0; i < sizeof chains / sizeof chains[0]; i++)
                compare(&chains[i], &in);
            free(in.px);
        }
}

/* A window's border is a border of the image, wherever in the chain it stands. */
static void windows(void **state)
{
    static const chunkimg_list lists[] = {
        {1, {"crop=3,2,11,7"}},
        {2, {"crop=margin:2", "crop=1,1"}},
        {2, {"crop=3,2,11,7", "blur=2"}},
        {3, {"blur=2", "crop=margin:3", "median"}},
        {4, {"crop=2,2", "rotate=90", "crop=0,1,0,5", "sobel"}},
        {3, {"resize=0.8", "crop=margin:1", "sharpen"}},
        {3, {"sharpen", "crop=2,3,9,6", "flip=h"}},
    };

    (void)state;
    for (size_t i = 0; i < sizeof lists / sizeof lists[0]; i++)
        for (int kind = 0; kind < 8; kind++) {
            image in = image_noise((ck_shape){23, 17, (uint8_t)(kind % 4 + 1), kind / 4 ? 16 : 8});
            compare(&lists[i], &in);
            free(in.px);
        }
}

/* Blocks whose halo reaches over both borders, several times. */
static void halo_larger_than_image(void **state)
{
    static const chunkimg_list lists[] = {{1, {"blur=9"}}, {1, {"median=8"}}, {2, {"blur=4", "sharpen=3"}}};

    (void)state;
    for (size_t i = 0; i < sizeof lists / sizeof lists[0]; i++) {
        image in = image_noise((ck_shape){6, 11, 3, 8});
        compare(&lists[i], &in);
        free(in.px);
    }
}

/* ---- alpha --------------------------------------------------------------------------- */

static void transparent_colour_does_not_bleed(void **state)
{
    static const char *const ops[] = {"blur=2", "sharpen", "median", "median=3", "sobel"};

    (void)state;
    for (size_t o = 0; o < sizeof ops / sizeof ops[0]; o++) {
        chunkimg_list list = {1, {ops[o]}};
        image in = image_new((ck_shape){16, 9, 4, 8}), out;
        for (size_t i = 0; i < in.nbytes; i += 4) /* opaque red beside transparent green */
            memcpy(in.px + i, i / 4 % 16 < 9 ? "\xFF\0\0\xFF" : "\0\xFF\0\0", 4);
        out = run_whole(&list, &in);
        for (size_t i = 0; i < out.nbytes; i += 4)
            assert_int_equal(out.px[i + 1], 0);
        if (o == 0) { /* half-way out: still pure red, only less of it */
            assert_int_equal(out.px[4 * 9], 255);
            assert_in_range(out.px[4 * 9 + 3], 60, 140);
        }
        free(in.px);
        free(out.px);
    }
}

static void opaque_is_like_no_alpha(void **state)
{
    chunkimg_list list = {1, {"median=2"}};
    image rgb = image_noise((ck_shape){23, 17, 3, 8}), rgba = image_new((ck_shape){23, 17, 4, 8});

    (void)state;
    for (size_t i = 0; i < rgb.nbytes / 3; i++) {
        memcpy(rgba.px + 4 * i, rgb.px + 3 * i, 3);
        rgba.px[4 * i + 3] = 255;
    }
    image a = run_whole(&list, &rgb), b = run_whole(&list, &rgba);
    for (size_t i = 0; i < a.nbytes; i++)
        assert_int_equal(a.px[i], b.px[i / 3 * 4 + i % 3]);
    free(rgb.px);
    free(rgba.px);
    free(a.px);
    free(b.px);
}

/* ---- parsing and planning -------------------------------------------------------------- */

static void texts(void **state)
{
    static const struct {
        chunkimg_list list;
        const char *text;
        int32_t halo;
        int channels;
    } rows[] = {
        {{0, {NULL}}, "copy", 0, 3},
        {{2, {"copy", "copy"}}, "copy", 0, 3},
        {{2, {"blur=2", "sobel"}}, "blur=2, sobel", 7, 3},
        {{3, {"gray", "copy", "sharpen=1,0.8"}}, "gray, sharpen=1,0.8", 3, 1},
        {{1, {"blur=sigma:2.1"}}, "blur=sigma:2.1", 7, 3},
        {{1, {"median=50"}}, "median=50", 50, 3},
        {{1, {"blur=100"}}, "blur=100", 339, 3},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        ck_chain *chain = chain_of(&rows[i].list, (ck_shape){40, 30, 3, 8});
        assert_string_equal(ck_chain_text(chain), rows[i].text);
        assert_int_equal(ck_chain_is_copy(chain), !strcmp(rows[i].text, "copy"));
        assert_int_equal(ck_chain_halo(chain), rows[i].halo);
        assert_int_equal(ck_chain_shape(chain).channels, rows[i].channels);
        assert_int_equal(ck_chain_shape(chain).w, 40);
        ck_chain_free(&chain);
        assert_null(chain);
    }
}

static void errors(void **state)
{
    static const struct {
        const char *spec, *part;
    } rows[] = {
        {"blr", "no operation 'blr'; the nearest is 'blur'"},
        {"grey", "the nearest is 'gray'"},
        {"", "no operation ''"},
        {"posterise", "no operation 'posterise'"},
        {"blur=", "blur: sigma"},
        {"blur=x", "blur: sigma: 'x' is not a number, 0.1 to 100 pixels"},
        {"blur=0", "blur: sigma: '0' is out of range: 0.1 to 100 pixels"},
        {"blur=nan", "blur: sigma"},
        {"blur=1,2", "blur: takes at most 1 argument, '2' is one too many"},
        {"blur=sigm:2", "blur: no option 'sigm'; the nearest is 'sigma'"},
        {"sharpen=1,11", "sharpen: amount: '11' is out of range: 0 to 10"},
        {"median=1.5", "median: radius: '1.5' is not a whole number, 1 to 50 pixels"},
        {"median=51", "median: radius: '51' is out of range"},
        {"copy=3", "copy: takes no argument, '3' was given"},
        {"threshold=256", "threshold: value 256 is above 255"},
        {"threshold=-2", "threshold: value: '-2' is out of range"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        chunkimg_list list = {2, {"invert", rows[i].spec}};
        ck_chain *chain = (ck_chain *)&list;
        ck_error err;
        assert_int_equal(ck_chain_create(&list, (ck_shape){4, 4, 3, 8}, &chain, &err), CHUNKIMG_USAGE);
        assert_null(chain);
        assert_int_equal(err.status, CHUNKIMG_USAGE);
        if (!strstr(err.text, rows[i].part))
            fail_msg("'%s' lacks '%s'", err.text, rows[i].part);
    }
    ck_chain_free(NULL);
    ck_chain_free(&(ck_chain *){NULL});
}

static void threshold_counts_in_the_image_s_depth(void **state)
{
    chunkimg_list list = {1, {"threshold=256"}};
    ck_chain *chain = chain_of(&list, (ck_shape){4, 4, 1, 16});

    (void)state;
    ck_chain_free(&chain);
}

static void block_rows(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof chains / sizeof chains[0]; i++) {
        ck_chain *chain = chain_of(&chains[i], (ck_shape){20000, 20000, 4, 16});
        for (int32_t w = 1; w <= 20000; w = w * 5 + 3)
            for (int32_t h = 1; h <= 20000; h = h * 7 + 1) {
                int32_t rows = ck_chain_block_rows(chain, w, h);
                assert_in_range(rows, 1, h);
                assert_true(ck_chain_scratch(chain, w, rows) <= ck_chain_scratch(chain, w, h));
            }
        ck_chain_free(&chain);
    }
}

static void scratch_too_large_to_count(void **state)
{
    chunkimg_list list = {2, {"blur=100", "median"}};
    ck_chain *chain = chain_of(&list, (ck_shape){INT32_MAX, INT32_MAX, 4, 16});

    (void)state;
    assert_true(ck_chain_scratch(chain, INT32_MAX, INT32_MAX) == SIZE_MAX);
    assert_true(ck_chain_scratch(chain, 100, 100) < SIZE_MAX);
    assert_in_range(ck_chain_block_rows(chain, INT32_MAX, INT32_MAX), 1, INT32_MAX);
    ck_chain_free(&chain);
}

static void table(void **state)
{
    size_t n = 0;
    const ck_op *op;

    (void)state;
    for (; (op = ck_op_at(n)) != NULL; n++) {
        assert_ptr_equal(ck_op_find(op->name), op);
        assert_true(op->params_size <= CK_OP_PARAMS_MOST);
        assert_true(op->summary && op->details && (op->apply || op->apply_at || (op->traits & CK_OP_WINDOW)));
        assert_true(!op->need == !op->need_most);
        for (const chunkimg_option *row = op->options; row && row->name; row++)
            assert_true(row->fallback && row->value && row->help && row->offset < op->params_size);
    }
    assert_true(n >= 8);
    assert_null(ck_op_find("nothing"));
}

/* 4096 pixels of RGB: each row would be as far from the last as a whole number of pages. */
static void rows_share_no_sets(void **state)
{
    (void)state;
    for (size_t n = 1; n < 20000; n++) {
        size_t stride = ck_rows_stride(n);

        assert_true(stride >= n && stride < n + 128 && stride % 64 == 0 && stride % 2048 != 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_share_no_sets),
        cmocka_unit_test(tiles_equal_whole),
        cmocka_unit_test(windows),
        cmocka_unit_test(halo_larger_than_image),
        cmocka_unit_test(transparent_colour_does_not_bleed),
        cmocka_unit_test(opaque_is_like_no_alpha),
        cmocka_unit_test(texts),
        cmocka_unit_test(errors),
        cmocka_unit_test(threshold_counts_in_the_image_s_depth),
        cmocka_unit_test(block_rows),
        cmocka_unit_test(scratch_too_large_to_count),
        cmocka_unit_test(table),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
