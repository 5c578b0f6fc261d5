/* Leases: the supervisor's books about who carries what, held against a plain list. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "exec/proc_lease.h"

static ck_lease tile(uint64_t seq, unsigned deaths)
{
    return (ck_lease){.ticket = {.kind = CK_TILE, .id = (uint32_t)seq, .seq = seq}, .deaths = deaths};
}

static ck_lease fill(uint64_t seq)
{
    return (ck_lease){.ticket = {.kind = CK_FILL, .seq = seq}};
}

static void test_order(void **state)
{
    ck_leases l;

    (void)state;
    assert_true(ck_leases_init(&l, 8));
    for (uint64_t i = 0; i < 5; i++)
        ck_leases_add(&l, tile(i, 0));
    assert_int_equal(ck_leases_index(&l, tile(3, 0).ticket), 3);
    assert_int_equal(ck_leases_index(&l, fill(3).ticket), -1);
    assert_int_equal(ck_leases_take(&l, 1).ticket.seq, 1);
    assert_int_equal(l.count, 4);
    assert_int_equal(ck_leases_index(&l, tile(1, 0).ticket), -1);
    for (uint64_t i = 0; i < 4; i++) /* the others stay in their order */
        assert_int_equal(l.items[i].ticket.seq, i ? i + 1 : 0);
    ck_leases_release(&l);
}

/* Only the oldest ones are carried: they begin when they come to be among them, and not once more. */
static void test_begin(void **state)
{
    ck_leases l;

    (void)state;
    assert_true(ck_leases_init(&l, 4));
    for (uint64_t i = 0; i < 4; i++)
        ck_leases_add(&l, tile(i, 0));
    ck_leases_begin(&l, 2, true, 100);
    assert_int_equal(l.items[1].began_ns, 100);
    assert_int_equal(l.items[2].began_ns, 0);
    ck_leases_take(&l, 0);
    ck_leases_begin(&l, 2, true, 200);
    assert_int_equal(l.items[0].began_ns, 100);
    assert_int_equal(l.items[1].began_ns, 200);
    assert_int_equal(l.items[2].began_ns, 0);
    ck_leases_release(&l);
}

/* FILLs of a chain follow one another, so the carrier that is left has what comes behind them; others are carried at once. */
static void test_fills_of_a_chain(void **state)
{
    (void)state;
    for (int chain = 0; chain < 2; chain++) {
        ck_leases l;

        assert_true(ck_leases_init(&l, 4));
        assert_int_equal(ck_leases_load(&l, chain), 0);
        ck_leases_add(&l, fill(3));
        assert_int_equal(ck_leases_load(&l, chain), 1);
        ck_leases_add(&l, fill(4));
        ck_leases_add(&l, tile(0, 0));
        ck_leases_add(&l, tile(1, 0));
        assert_int_equal(ck_leases_load(&l, chain), chain ? 3 : 4);
        ck_leases_begin(&l, 2, chain, 100);
        assert_int_equal(l.items[0].began_ns, 100);
        assert_int_equal(l.items[1].began_ns, chain ? 0 : 100);
        assert_int_equal(l.items[2].began_ns, chain ? 100 : 0);
        assert_int_equal(l.items[3].began_ns, 0);
        ck_leases_take(&l, 0);
        ck_leases_begin(&l, 2, chain, 200);
        assert_int_equal(l.items[0].began_ns, chain ? 200 : 100);
        ck_leases_release(&l);
    }
}

static void test_next(void **state)
{
    ck_leases l;

    (void)state;
    assert_true(ck_leases_init(&l, 8));
    assert_int_equal(ck_leases_next(&l, CK_ALL_ROLES), -1);
    ck_leases_add(&l, tile(9, 1));
    ck_leases_add(&l, fill(7));
    ck_leases_add(&l, fill(6));
    ck_leases_add(&l, tile(2, 0));
    assert_int_equal(ck_leases_next(&l, CK_TILES), 0);
    assert_int_equal(ck_leases_next(&l, CK_FILLS), 2); /* a chain goes in order */
    assert_int_equal(ck_leases_next(&l, CK_FILLS | CK_TILES), 2);
    assert_int_equal(ck_leases_next(&l, CK_DRAINS), -1);
    assert_true(ck_leases_suspect(&l));
    ck_leases_take(&l, 0);
    assert_false(ck_leases_suspect(&l));
    ck_leases_release(&l);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_order),
        cmocka_unit_test(test_begin),
        cmocka_unit_test(test_fills_of_a_chain),
        cmocka_unit_test(test_next),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
