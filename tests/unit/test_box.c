/* The rows of box: every total where a mean changes, sums with the greatest steps there are, and no byte too far. */
#include "support/ops.h"

#include <sys/mman.h>
#include <unistd.h>

#include "op/box_rows.h"

enum {
    WINDOW_MOST = 255,
    SAMPLES = 4 * 300,
    PADDED = SAMPLES + 4 * WINDOW_MOST,
    ROOM = PADDED + 4 * CK_BOX_LANES
};

static uint16_t spare_room[ROOM] __attribute__((aligned(64))), running_room[ROOM] __attribute__((aligned(64)));
static int32_t totals[ROOM] __attribute__((aligned(64)));
static uint16_t *const spare = spare_room + CK_BOX_LANES, *const running = running_room + CK_BOX_LANES;

static uint32_t seed = 7;

static uint32_t random_below(uint32_t n)
{
    seed = seed * 1664525u + 1013904223u;
    return (uint32_t)((uint64_t)seed * n >> 32);
}

static ck_box_row row_of(size_t window, size_t c, size_t n)
{
    return (ck_box_row){running, c, window, n, ck_box_quotient_of((int32_t)window), 1 / (float)(window * window)};
}

/* Bytes before memory that must not be touched. */
static uint8_t *edge(size_t n)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE), all = (n + page - 1) / page * page + page;
    uint8_t *p = mmap(NULL, all, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    assert_true(p != MAP_FAILED && mprotect(p + all - page, page, PROT_NONE) == 0);
    return p + all - page - n;
}

static void free_edge(uint8_t *p, size_t n)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE), all = (n + page - 1) / page * page + page;

    munmap(p + n + page - all, all);
}

/* ---- means -------------------------------------------------------------------- */

/* The last total whose mean is i / 2, or the first one whose mean is one more. */
static int32_t total_at(size_t i, int32_t area)
{
    return (int32_t)(i / 2) * area + area / 2 + (int32_t)(i % 2);
}

/* A mean never falls where a total grows, so that these totals are as good as all. */
static void check_means(const ck_box_rows *rows, size_t window)
{
    enum { COUNT = 2 * 255 };
    ck_box_row r = row_of(window, 1, COUNT);
    int32_t area = (int32_t)(window * window);
    uint8_t *out = edge(COUNT);

    memset(running_room, 0, sizeof running_room);
    for (size_t i = 0; i < COUNT; i++)
        totals[i] = total_at(i, area) - 128 * area;
    rows->arrange(totals, COUNT);
    rows->wide(&r, totals, out);
    for (size_t i = 0; i < COUNT; i++)
        if (out[i] != (i + 1) / 2)
            fail_msg("window %zu, total %d: %u for %zu", window, total_at(i, area), out[i], (i + 1) / 2);
    if (window <= CK_BOX_NARROW) {
        for (size_t i = 0; i < COUNT; i++)
            ((uint16_t *)totals)[i] = (uint16_t)total_at(i, area);
        rows->narrow(&r, (uint16_t *)totals, out);
        for (size_t i = 0; i < COUNT; i++)
            if (out[i] != (i + 1) / 2)
                fail_msg("narrow window %zu, total %d: %u for %zu", window, total_at(i, area), out[i], (i + 1) / 2);
    }
    free_edge(out, COUNT);
}

/* ---- sums ---------------------------------------------------------------------- */

/* Some rows change by noise, some by as much as there is. */
static void fill(uint8_t *come, uint8_t *gone, size_t n)
{
    uint32_t kind = random_below(4);

    for (size_t i = 0; i < n; i++) {
        come[i] = (uint8_t)(kind == 0 ? 255 : kind == 1 ? 0 : random_below(256));
        gone[i] = (uint8_t)(kind == 0 ? 0 : kind == 1 ? 255 : random_below(256));
    }
}

static int32_t change_at(const uint8_t *come, const uint8_t *gone, size_t window, size_t c, size_t i)
{
    int32_t sum = 0;

    for (size_t k = 0; k < window; k++)
        sum += come[i + k * c] - gone[i + k * c];
    return sum;
}

static void check_sums(const ck_box_rows *rows, size_t window, size_t c, size_t n)
{
    size_t padded = n + (window - 1) * c;
    uint8_t *come = edge(padded), *gone = edge(padded), *out = edge(n);
    ck_box_row r = row_of(window, c, n);
    int32_t area = (int32_t)(window * window), *want = calloc(n + CK_BOX_LANES, sizeof *want);

    assert_non_null(want);
    fill(come, gone, padded);
    memset(running_room, 0, sizeof running_room);
    rows->run(come, gone, c, spare, running, padded);
    for (size_t i = 0; i < padded; i++)
        assert_int_equal(running[i], (uint16_t)((i < c ? 0 : running[i - c]) + come[i] - gone[i]));
    for (size_t i = 0; i < n; i++) {
        want[i] = (int32_t)random_below(255 * (uint32_t)area + 1);
        totals[i] = want[i] - 128 * area;
        want[i] += change_at(come, gone, window, c, i);
    }
    rows->arrange(totals, n);
    rows->wide(&r, totals, out);
    for (size_t i = 0; i < n; i++) {
        want[i] -= 128 * area;
        if (want[i] >= -128 * area && want[i] <= 127 * area)
            assert_int_equal(out[i], (want[i] + 128 * area + area / 2) / area);
    }
    rows->arrange(want, n);
    for (size_t i = 0; i < n / CK_BOX_LANES * CK_BOX_LANES; i++)
        assert_int_equal(totals[i], want[i]);
    free(want);
    free_edge(come, padded);
    free_edge(gone, padded);
    free_edge(out, n);
}

/* ---- of each processor ------------------------------------------------------------ */

static void check(const ck_box_rows *rows)
{
    for (size_t window = 3; window <= WINDOW_MOST; window += 2) {
        check_means(rows, window);
        for (size_t c = 1; c <= 4; c++)
            check_sums(rows, window, c, c * (1 + random_below(299)));
    }
    for (size_t w = 1; w < 70; w++)
        for (size_t c = 1; c <= 4; c++)
            check_sums(rows, 7 + 2 * random_below(60), c, c * w);
}

static void plain_rows(void **state)
{
    (void)state;
    check(ck_box_rows_plain());
}

static void avx512_rows(void **state)
{
    (void)state;
    if (!ck_box_rows_avx512())
        skip();
    check(ck_box_rows_avx512());
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(plain_rows),
        cmocka_unit_test(avx512_rows),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
