/* Medians by networks: the networks by themselves, tiles of any size, and every radius through a chain. */
#include "support/ops.h"

#include "base/checked.h"
#include "op/median_levels.h"
#include "op/median_tiles.h"
#include "op/median_wide.h"
#include "op/sortnet.h"

/* ---- networks ----------------------------------------------------------------- */

enum { MOST = 40 };

/* What the network gives for wires of one value each. */
static void run_net(const ck_net_code *code, const uint8_t *values, size_t count, uint8_t *out)
{
    uint8_t *slots = aligned_alloc(64, ck_net_slots_nbytes(code)), *lanes = malloc(count * CK_NET_NBYTES);
    const uint8_t *inputs[MOST];

    assert_true(slots && lanes);
    for (size_t i = 0; i < count; i++) {
        memset(lanes + i * CK_NET_NBYTES, values[i], CK_NET_NBYTES);
        inputs[i] = lanes + i * CK_NET_NBYTES;
    }
    ck_net_run8(code, slots, inputs, 0);
    for (size_t i = 0; i < code->out_count; i++) {
        out[i] = slots[code->outs[i]];
        assert_int_equal(slots[code->outs[i] + CK_NET_NBYTES - 1], out[i]);
    }
    free(lanes);
    free(slots);
}

static ck_net *net_with_inputs(size_t count, ck_wire *wires)
{
    ck_net *net = ck_net_create();

    assert_non_null(net);
    for (size_t i = 0; i < count; i++)
        wires[i] = ck_net_input(net, (uint32_t)i, 0);
    return net;
}

/* A network that merges all lists of zeros and ones merges all lists (Knuth's 0-1 principle). */
static void check_merge(size_t m, size_t n, size_t first, size_t end)
{
    ck_wire wires[MOST], merged[MOST];
    ck_net *net = net_with_inputs(m + n, wires);
    ck_net_code code;
    uint8_t values[MOST], out[MOST];

    ck_net_merge(net, wires, m, wires + m, n, first, end, merged);
    merged[end - first] = ck_net_pick(net, wires, m, wires + m, n, first);
    assert_true(ck_net_compile(net, merged, end - first + 1, 1, &code));
    for (size_t i = 0; i <= m; i++)
        for (size_t j = 0; j <= n; j++) {
            for (size_t k = 0; k < m + n; k++)
                values[k] = k < m ? k >= i : k - m >= j;
            run_net(&code, values, m + n, out);
            for (size_t k = first; k < end; k++)
                assert_int_equal(out[k - first], k >= i + j);
            assert_int_equal(out[end - first], first >= i + j);
        }
    ck_net_code_release(&code);
    ck_net_free(&net);
}

static void merges(void **state)
{
    (void)state;
    for (size_t m = 1; m < 18; m++)
        for (size_t n = 1; n < 18; n += n < 9 ? 1 : 4) {
            check_merge(m, n, 0, m + n);
            check_merge(m, n, n / 2, m + n - n / 2);
            check_merge(m, n, (m + n) / 2, (m + n) / 2 + 1);
        }
}

static void sorts(void **state)
{
    ck_wire wires[MOST];
    uint8_t values[MOST], out[MOST];

    (void)state;
    for (size_t n = 1; n <= 12; n++) {
        ck_net *net = net_with_inputs(n, wires);
        ck_net_code code;
        ck_net_sort(net, wires, n);
        assert_true(ck_net_compile(net, wires, n, 1, &code));
        for (unsigned bits = 0; bits < 1u << n; bits++) {
            for (size_t i = 0; i < n; i++)
                values[i] = bits >> i & 1;
            run_net(&code, values, n, out);
            for (size_t i = 0; i < n; i++)
                assert_int_equal(out[i], i >= n - (size_t)__builtin_popcount(bits));
        }
        ck_net_code_release(&code);
        ck_net_free(&net);
    }
}

/* ---- medians ------------------------------------------------------------------- */

/* The middle one of an odd number of samples: bit by bit, how many are at least as large. */
static uint16_t middle(const uint16_t *window, int count)
{
    uint32_t median = 0;

    for (uint32_t bit = 0x8000; bit; bit /= 2) {
        int at_least = 0;
        for (int i = 0; i < count; i++)
            at_least += window[i] >= (median | bit);
        median |= at_least > count / 2 ? bit : 0;
    }
    return (uint16_t)median;
}

/* (x, y) is the window's middle; the image goes on by reflection. */
static uint16_t median_at(const image *in, int32_t x, int32_t y, int c, int radius)
{
    static uint16_t window[101 * 101];
    int n = 0;

    for (int j = -radius; j <= radius; j++)
        for (int i = -radius; i <= radius; i++)
            window[n++] = (uint16_t)get(in, x + i, y + j, c);
    return middle(window, n);
}

enum { PATTERN = 0x3C };

/* The tiles alone, whether they suit or not. */
static void check_tiles(int radius, int32_t w, int32_t h, int channels, int depth)
{
    image in = image_filled(w + 2 * radius, h + 2 * radius, channels, depth, radius % 4 == 3 ? EXTREMES : NOISE);
    ck_shape shape = {w, h, (uint16_t)channels, (uint8_t)depth};
    size_t row = ck_row_nbytes(shape), stride = row + 64;
    uint8_t *out = malloc(stride * (size_t)h);
    ck_rows rows = rows_of(&in);
    ck_median_tiles m;
    ck_error err;

    assert_int_equal(ck_median_tiles_make(radius, shape, &m, &err), CK_OK);
    size_t nbytes = ck_round_up(ck_median_tiles_scratch(&m, shape), 64);
    uint8_t *scratch = aligned_alloc(64, nbytes);
    assert_true(out && scratch);
    memset(scratch, 0xA5, nbytes);
    memset(out, PATTERN, stride * (size_t)h);
    ck_median_tiles_run(&m, scratch, (ck_view){rows.px, (ptrdiff_t)rows.stride, in.shape},
                        (ck_view){out, (ptrdiff_t)stride, shape});
    for (int32_t y = 0; y < h; y++) {
        const uint8_t *have = out + stride * (size_t)y;
        for (int32_t i = 0; i < w * channels; i++)
            assert_int_equal(depth == 8 ? have[i] : ((const uint16_t *)(const void *)have)[i],
                             median_at(&in, i / channels + radius, y + radius, i % channels, radius));
        for (size_t i = row; i < stride; i++)
            assert_int_equal(have[i], PATTERN);
    }
    ck_median_tiles_release(&m);
    free(scratch);
    free(rows.px);
    free(out);
    free(in.px);
}

static void tiles_of_any_size(void **state)
{
    (void)state;
    for (int radius = 3; radius <= CK_MEDIAN_TILES_MOST; radius++)
        for (int channels = 1; channels <= 4; channels++)
            for (int depth = 8; depth <= 16; depth += 8)
                check_tiles(radius, 1 + (int32_t)(noise() % 21), 1 + (int32_t)(noise() % 11), channels, depth);
    check_tiles(4, 300, 2, 1, 8); /* several runs for a row of tiles, and the other way round */
    check_tiles(7, 131, 9, 3, 16);
    check_tiles(5, 2, 90, 2, 8);
    check_tiles(3, 1, 1, 6, 8);
}

/* ---- by counting ---------------------------------------------------------------- */

typedef enum content { CHANCE, BLACK, WHITE, STEEP, SPARSE, EDGE, CONTENT_KINDS } content;

static uint8_t sample_of(content kind, int32_t x, int32_t y)
{
    switch (kind) {
    case BLACK: return 0;
    case WHITE: return 255;
    case STEEP: return (uint8_t)(4 * x + y);       /* more levels than are tried */
    case SPARSE: return (uint8_t)(x / 3 % 16 * 17); /* few values, far apart */
    case EDGE: return (uint8_t)(x > 40 ? 255 - noise() % 40 : noise() % 30); /* no values between */
    default: return (uint8_t)noise();
    }
}

typedef void (*counting)(int32_t radius, void *scratch, ck_view in, ck_view out);

static void check_counting(counting median, size_t scratch_nbytes, content kind, int radius, int32_t w, int32_t h, int channels)
{
    image in = image_new(w + 2 * radius, h + 2 * radius, channels, 8);
    ck_shape shape = {w, h, (uint16_t)channels, 8};
    size_t stride = ck_row_nbytes(shape) + 5, nbytes = ck_round_up(scratch_nbytes, 64);
    uint8_t *out = malloc(stride * (size_t)h), *scratch = aligned_alloc(64, nbytes);

    assert_true(out && scratch);
    for (int32_t y = 0; y < in.shape.h; y++)
        for (int32_t x = 0; x < in.shape.w; x++)
            for (int c = 0; c < channels; c++)
                *at(&in, x, y, c) = sample_of(kind, x + c, y);
    ck_rows rows = rows_of(&in);
    memset(scratch, 0xA5, nbytes);
    memset(out, PATTERN, stride * (size_t)h);
    median(radius, scratch, (ck_view){rows.px, (ptrdiff_t)rows.stride, in.shape}, (ck_view){out, (ptrdiff_t)stride, shape});
    for (int32_t y = 0; y < h; y++) {
        const uint8_t *have = out + stride * (size_t)y;
        for (int32_t i = 0; i < w * channels; i++)
            assert_int_equal(have[i], median_at(&in, i / channels + radius, y + radius, i % channels, radius));
        for (size_t i = ck_row_nbytes(shape); i < stride; i++)
            assert_int_equal(have[i], PATTERN);
    }
    free(scratch);
    free(rows.px);
    free(out);
    free(in.px);
}

static void check_counts(counting median, size_t scratch)
{
    for (content kind = 0; kind < CONTENT_KINDS; kind++) {
        check_counting(median, scratch, kind, 2, 130, 150, 1);
        check_counting(median, scratch, kind, 3, 65, 34, 3);
        check_counting(median, scratch, kind, 9, 67, 33, 2);
        check_counting(median, scratch, kind, 32, 64, 3, 1);
        check_counting(median, scratch, kind, 33, 65, 2, 1);
        check_counting(median, scratch, kind, 50, 66, 2, 1);
        check_counting(median, scratch, kind, 50, 1, 1, 4);
        check_counting(median, scratch, kind, 1, 3, 70, 6);
    }
}

static void by_histograms(void **state)
{
    (void)state;
    check_counts(ck_median_wide8, ck_median_wide8_scratch());
}

static void by_levels(void **state)
{
    (void)state;
    check_counts(ck_median_levels, ck_median_levels_scratch());
}

/* ---- chains ---------------------------------------------------------------------- */

static void check_chain(int radius, int32_t w, int32_t h, int channels, int depth)
{
    image in = image_filled(w, h, channels, depth, NOISE), have, wide, want;
    bool multiplied = alpha(in.shape);
    char text[16];

    snprintf(text, sizeof text, "median=%d", radius);
    have = run_blocks(text, &in, w, h > 8 ? h / 2 + 1 : h);
    wide = multiplied ? ref_multiply(&in) : in;
    want = image_new(w, h, channels, wide.shape.depth);
    for (int32_t y = 0; y < h; y++)
        for (int32_t x = 0; x < w; x++)
            for (int c = 0; c < channels; c++)
                *at(&want, x, y, c) = median_at(&wide, x, y, c, radius);
    if (multiplied) {
        image divided = ref_divide(&want, depth);
        free(want.px);
        free(wide.px);
        want = divided;
    }
    for (size_t i = 0; i < samples(in.shape); i++)
        if (have.px[i] != want.px[i])
            fail_msg("%s, %d x %d, %d channels of %d bit: sample %zu is %u, not %u", text, w, h, channels, depth, i,
                     have.px[i], want.px[i]);
    free(want.px);
    free(have.px);
    free(in.px);
}

/* Images that networks do not suit. */
static void every_radius(void **state)
{
    (void)state;
    for (int radius = 1; radius <= 50; radius++)
        for (int channels = 1; channels <= 4; channels++)
            for (int depth = 8; depth <= 16; depth += 8) {
                check_chain(radius, 5, 3, channels, depth);
                check_chain(radius, 1 + radius % 3, 9 - radius % 4, channels, depth);
            }
}

/* Larger ones: which way is taken goes by radius and size, and no border between is seen. */
static void every_radius_of_networks(void **state)
{
    (void)state;
    for (int radius = 3; radius <= 21; radius++) { /* one past the last */
        check_chain(radius, 97, 43, 1, 8);
        check_chain(radius, 61, radius < 12 ? 21 : 9, 3, 8);
        check_chain(radius, 40, 15, 4, radius % 2 ? 8 : 16);
        check_chain(radius, 40, 15, 2, radius % 2 ? 16 : 8);
        check_chain(radius, 83, 19, 1, 16);
    }
}

/* A wire's lanes must hold a pixel and all that its window reaches to the right. */
static void too_many_channels(void **state)
{
    const ck_shape few = {512, 64, 6, 16}, many = {512, 64, 64, 16};
    ck_median_tiles m;
    ck_error err;

    (void)state;
    for (int radius = 3; radius <= CK_MEDIAN_TILES_MOST; radius++) {
        assert_int_equal(ck_median_tiles_make(radius, many, &m, &err), CK_OK);
        assert_false(ck_median_tiles_suit(&m, many));
        ck_median_tiles_release(&m);
    }
    assert_int_equal(ck_median_tiles_make(3, few, &m, &err), CK_OK);
    assert_true(ck_median_tiles_suit(&m, few));
    ck_median_tiles_release(&m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(merges),
        cmocka_unit_test(sorts),
        cmocka_unit_test(tiles_of_any_size),
        cmocka_unit_test(by_histograms),
        cmocka_unit_test(by_levels),
        cmocka_unit_test(every_radius),
        cmocka_unit_test(every_radius_of_networks),
        cmocka_unit_test(too_many_channels),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
