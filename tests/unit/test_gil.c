/*
 * The global lock's protocol, without images: mutual exclusion, the interval,
 * forced switching, and the share of kernels that run without the lock. Events
 * are counted, not timed: a slow machine makes these tests slow and not wrong.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
// clang-format off
#include <cmocka.h>
// clang-format on

#include "base/clock.h"
#include "exec/gil.h"

enum { THREADS = 4, TURNS = 200 };

typedef struct bench {
    ck_gil gil;
    pthread_barrier_t start;
    unsigned inside;      /* plain: only the lock keeps it right */
    uint64_t sum;
    const void *order[THREADS * TURNS]; /* who held the lock after each hand-over */
    unsigned count;
    atomic_uint waiting;  /* threads that are about to take the lock */
    atomic_bool over;
} bench;

typedef struct user {
    bench *b;
    pthread_t thread;
    ck_gil_user lock;
    unsigned turns;
} user;

static void init(bench *b, double interval_s, unsigned release)
{
    ck_error err;

    *b = (bench){0};
    assert_int_equal(ck_gil_init(&b->gil, interval_s, release, &err), CK_OK);
}

static void *add_in_turns(void *arg)
{
    user *u = arg;
    bench *b = u->b;

    for (int i = 0; i < TURNS; i++) {
        ck_gil_take(&b->gil, &u->lock);
        b->inside++;
        assert_int_equal(b->inside, 1);
        b->sum += 1;
        ck_gil_check(&b->gil, &u->lock);
        b->inside--;
        ck_gil_drop(&b->gil, &u->lock);
    }
    return NULL;
}

static void test_one_holder(void **state)
{
    bench b;
    user users[THREADS];
    uint64_t taken = 0;

    (void)state;
    init(&b, 1e-5, 0);
    for (int i = 0; i < THREADS; i++) {
        users[i] = (user){.b = &b};
        assert_int_equal(pthread_create(&users[i].thread, NULL, add_in_turns, &users[i]), 0);
    }
    for (int i = 0; i < THREADS; i++) {
        pthread_join(users[i].thread, NULL);
        taken += users[i].lock.acquisitions;
    }
    assert_int_equal(b.sum, THREADS * TURNS);
    assert_false(b.gil.locked);
    assert_true(taken >= THREADS * TURNS);
    ck_gil_destroy(&b.gil);
}

/* Computes without end and only checks, as CPU-bound Python code does; notes whose turn it is. */
static void *compute(void *arg)
{
    user *u = arg;
    bench *b = u->b;
    const void *last = NULL;

    pthread_barrier_wait(&b->start);
    ck_gil_take(&b->gil, &u->lock);
    while (b->count < TURNS) {
        uint64_t forced = u->lock.forced;

        if (last != &u->lock || b->order[b->count - 1] != &u->lock)
            b->order[b->count++] = &u->lock;
        last = &u->lock;
        ck_gil_check(&b->gil, &u->lock);
        if (u->lock.forced != forced) /* it let go: before it came back another had a turn */
            last = NULL;
    }
    ck_gil_drop(&b->gil, &u->lock);
    return NULL;
}

/* Two threads that never let go by themselves alternate strictly: every hand-over is forced, and each one switches. */
static void test_forced_switching(void **state)
{
    bench b;
    user users[2];

    (void)state;
    init(&b, 1e-4, 0);
    pthread_barrier_init(&b.start, NULL, 2);
    for (int i = 0; i < 2; i++) {
        users[i] = (user){.b = &b};
        assert_int_equal(pthread_create(&users[i].thread, NULL, compute, &users[i]), 0);
    }
    for (int i = 0; i < 2; i++)
        pthread_join(users[i].thread, NULL);
    assert_int_equal(b.count, TURNS);
    for (int i = 1; i < TURNS; i++)
        assert_ptr_not_equal(b.order[i], b.order[i - 1]);
    uint64_t forced = users[0].lock.forced + users[1].lock.forced;
    uint64_t requests = users[0].lock.requests + users[1].lock.requests;
    assert_in_range(forced, TURNS - 2, TURNS + 2);
    assert_true(requests >= TURNS - 2); /* each hand-over was asked for */
    pthread_barrier_destroy(&b.start);
    ck_gil_destroy(&b.gil);
}

static void *take_once(void *arg)
{
    user *u = arg;

    atomic_fetch_add(&u->b->waiting, 1);
    ck_gil_take(&u->b->gil, &u->lock);
    ck_gil_drop(&u->b->gil, &u->lock);
    return NULL;
}

/* A holder that lets go by itself within the interval is never asked, and does not wait for anybody. */
static void test_long_interval_asks_nobody(void **state)
{
    bench b;
    user holder = {.b = &b}, waiter = {.b = &b};

    (void)state;
    init(&b, 1000, 0);
    ck_gil_take(&b.gil, &holder.lock);
    assert_int_equal(pthread_create(&waiter.thread, NULL, take_once, &waiter), 0);
    while (!atomic_load(&b.waiting))
        ;
    for (int i = 0; i < 1000; i++)
        ck_gil_check(&b.gil, &holder.lock);
    ck_gil_drop(&b.gil, &holder.lock);
    pthread_join(waiter.thread, NULL);
    assert_int_equal(holder.lock.forced, 0);
    assert_int_equal(waiter.lock.requests, 0);
    assert_int_equal(waiter.lock.acquisitions, 1);
    ck_gil_destroy(&b.gil);
}

/* The interval is waited for: a request comes no sooner, and the waiter's time is counted. */
static void test_interval_is_waited(void **state)
{
    enum { INTERVAL_MS = 20 };
    bench b;
    user holder = {.b = &b}, waiter = {.b = &b};
    uint64_t began, asked;

    (void)state;
    init(&b, INTERVAL_MS * 1e-3, 0);
    ck_gil_take(&b.gil, &holder.lock);
    began = ck_now_ns();
    assert_int_equal(pthread_create(&waiter.thread, NULL, take_once, &waiter), 0);
    while (!atomic_load(&b.gil.request))
        ;
    asked = ck_now_ns();
    ck_gil_check(&b.gil, &holder.lock);
    assert_int_equal(holder.lock.forced, 1);
    ck_gil_drop(&b.gil, &holder.lock);
    pthread_join(waiter.thread, NULL);
    assert_true(asked - began >= INTERVAL_MS * 1000000u);
    assert_true(waiter.lock.waited_ns >= INTERVAL_MS * 1000000u);
    assert_true(waiter.lock.requests >= 1);
    ck_gil_destroy(&b.gil);
}

/* Of any 100 kernels of a kind in a row exactly PCT run without the lock, spread evenly, whatever the other kinds do. */
static void test_share_of_kernels(void **state)
{
    static const unsigned shares[] = {0, 1, 25, 50, 99, 100};
    bench b;

    (void)state;
    for (size_t i = 0; i < sizeof shares / sizeof *shares; i++) {
        unsigned given = 0, run = 0, longest = 0;

        init(&b, 1, shares[i]);
        for (int k = 0; k < 1000; k++) {
            bool out = ck_gil_share(&b.gil, CK_NATIVE_PROCESS);

            given += out;
            run = out ? 0 : run + 1;
            longest = run > longest ? run : longest;
            if (k % 3 == 0)
                ck_gil_share(&b.gil, CK_NATIVE_ENCODE);
        }
        assert_int_equal(given, shares[i] * 10);
        if (shares[i])
            assert_true(longest <= (100 + shares[i] - 1) / shares[i]);
        ck_gil_destroy(&b.gil);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_one_holder),          cmocka_unit_test(test_forced_switching),
        cmocka_unit_test(test_long_interval_asks_nobody), cmocka_unit_test(test_interval_is_waited),
        cmocka_unit_test(test_share_of_kernels),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
