/* The rules that hand out tiles, against what OpenMP says of them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
// clang-format off
#include <cmocka.h>
// clang-format on

#include <stdlib.h>
#include <string.h>

#include "exec/sharing.h"

/* Deals everything to workers that ask in a random order; owner[i]: who got tile i. */
static void deal_all(ck_dealer *d, int *owner, unsigned *chunks)
{
    uint64_t last[8] = {0}, from, to;
    bool done[8] = {false};
    unsigned left = d->workers;

    *chunks = 0;
    for (uint64_t i = 0; i < d->tiles; i++)
        owner[i] = -1;
    while (left) {
        unsigned w = (unsigned)rand() % d->workers;

        if (done[w])
            continue;
        if (!ck_deal(d, w, last[w], &from, &to)) {
            done[w] = true;
            left--;
            continue;
        }
        assert_true(from >= last[w] && from < to && to <= d->tiles); /* ascending in each worker */
        for (uint64_t i = from; i < to; i++) {
            assert_int_equal(owner[i], -1); /* nobody has it twice */
            owner[i] = (int)w;
        }
        last[w] = to;
        ++*chunks;
    }
    for (uint64_t i = 0; i < d->tiles; i++)
        assert_int_not_equal(owner[i], -1); /* and somebody has it */
}

static void test_every_tile_once(void **state)
{
    static const char *const rules[] = {"static", "static,1", "static,3", "dynamic", "dynamic,5", "guided", "guided,4"};
    int owner[100];
    unsigned chunks;

    (void)state;
    srand(1);
    for (size_t r = 0; r < sizeof rules / sizeof *rules; r++)
        for (unsigned workers = 1; workers <= 8; workers++)
            for (uint64_t tiles = 0; tiles <= 100; tiles += tiles < 12 ? 1 : 11) {
                ck_dealer d = {.tiles = tiles, .workers = workers};

                assert_int_equal(ck_schedule_parse(rules[r], &d.schedule, NULL), CK_OK);
                deal_all(&d, owner, &chunks);
            }
}

static void test_the_rules(void **state)
{
    int owner[100];
    unsigned chunks;
    uint64_t from, to, before;
    ck_dealer d = {.schedule = {CK_SCHEDULE_STATIC, 0}, .tiles = 10, .workers = 4};

    (void)state;
    deal_all(&d, owner, &chunks); /* shares of 3, 3, 2, 2 */
    for (int i = 0; i < 10; i++)
        assert_int_equal(owner[i], i < 3 ? 0 : i < 6 ? 1 : i < 8 ? 2 : 3);
    d = (ck_dealer){.schedule = {CK_SCHEDULE_STATIC, 2}, .tiles = 23, .workers = 3};
    deal_all(&d, owner, &chunks); /* chunks in turn */
    for (int i = 0; i < 23; i++)
        assert_int_equal(owner[i], i / 2 % 3);
    d = (ck_dealer){.schedule = {CK_SCHEDULE_DYNAMIC, 7}, .tiles = 100, .workers = 3};
    deal_all(&d, owner, &chunks);
    assert_int_equal(chunks, 15);
    d = (ck_dealer){.schedule = {CK_SCHEDULE_GUIDED, 4}, .tiles = 100, .workers = 3};
    before = 100;
    while (ck_deal(&d, 0, 0, &from, &to)) { /* what is left over the workers, never fewer than the chunk but at the end */
        uint64_t n = to - from, share = (100 - from + 2) / 3;

        assert_int_equal(n, share > 4 ? share : 100 - from < 4 ? 100 - from : 4);
        assert_true(n <= before);
        before = n;
    }
    assert_int_equal(to, 100);
}

static void test_what_is_refused(void **state)
{
    static const char *const wrong[] = {"", "foo", "static,", "static,0", "guided,-1", "dynamic,x", "Static", "staticc", "dynamic 3"};
    ck_schedule s;
    ck_error err;

    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        assert_int_equal(ck_schedule_parse(wrong[i], &s, &err), CHUNKIMG_USAGE);
        assert_non_null(strstr(err.text, "static, dynamic or guided"));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_every_tile_once), cmocka_unit_test(test_the_rules),
                                       cmocka_unit_test(test_what_is_refused)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
