/* The one mapping that workers share: who sees what in it, and what it is made of. */
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "os/arena.h"

enum { HUGE_PAGE = 2 << 20, BEGIN = 300 << 10, ROWS = 5 * HUGE_PAGE + 4321, TOTAL = BEGIN + ROWS + (600 << 10) };

#ifndef MADV_COLLAPSE
#define MADV_COLLAPSE 25
#endif

static void map(ck_arena *a, ck_sharing how)
{
    ck_error err;

    assert_int_equal(ck_arena_map(a, TOTAL, how, &err), CK_OK);
    assert_int_equal(a->nbytes, TOTAL);
    assert_int_equal((uintptr_t)a->base % HUGE_PAGE, 0);
}

/* In another process: fills the rows, and leaves. */
static void write_elsewhere(const ck_arena *a, int value)
{
    int status;
    pid_t pid = fork();

    assert_true(pid >= 0);
    if (pid == 0) {
        memset(a->base + BEGIN, value, ROWS);
        _exit(0);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
}

static bool all(const uint8_t *at, size_t n, int value)
{
    size_t i = 0;

    while (i < n && at[i] == value)
        i++;
    return i == n;
}

/* The rows are zeroed, what lies there or around them stays, and all processes have the same ones. */
static void backed_is_the_same_memory(void **state)
{
    static const ck_sharing shared[] = {CK_SHARED, CK_SHARED_FD};

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        ck_arena a, joined;
        ck_error err;

        map(&a, shared[i]);
        memset(a.base, 7, BEGIN);
        memset(a.base + BEGIN + ROWS, 9, TOTAL - BEGIN - ROWS);
        ck_arena_back(&a, BEGIN, ROWS);
        assert_true(all(a.base, BEGIN, 7));
        assert_true(all(a.base + BEGIN, ROWS, 0));
        write_elsewhere(&a, 5);
        ck_arena_back(&a, BEGIN, ROWS);
        assert_true(all(a.base, BEGIN, 7));
        assert_true(all(a.base + BEGIN, ROWS, 5));
        assert_true(all(a.base + BEGIN + ROWS, TOTAL - BEGIN - ROWS, 9));
        if (shared[i] == CK_SHARED_FD) {
            assert_int_equal(ck_arena_join(&joined, a.fd, TOTAL, &err), CK_OK);
            assert_int_equal((uintptr_t)joined.base % HUGE_PAGE, 0);
            assert_memory_equal(joined.base, a.base, TOTAL);
            joined.base[BEGIN] = 6;
            assert_int_equal(a.base[BEGIN], 6);
            joined.fd = -1; /* the other's */
            ck_arena_unmap(&joined);
        }
        ck_arena_unmap(&a);
        assert_null(a.base);
    }
}

/* A process's own bytes are seen by nobody else; the others go on sharing. */
static void own_is_apart(void **state)
{
    ck_arena a;
    ck_error err;
    int status;

    (void)state;
    map(&a, CK_SHARED);
    ck_arena_back(&a, 0, TOTAL);
    memset(a.base, 3, TOTAL);
    pid_t pid = fork();
    if (pid == 0) {
        size_t from = HUGE_PAGE + (64 << 10);

        if (ck_arena_own(&a, from, &err) || !all(a.base, from, 3) || !all(a.base + from, TOTAL - from, 0))
            _exit(1);
        memset(a.base + from, 4, TOTAL - from);
        a.base[0] = 4;
        _exit(0);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
    assert_int_equal(a.base[0], 4);
    assert_true(all(a.base + 1, TOTAL - 1, 3));
    ck_arena_unmap(&a);
}

/* Nothing is written, and nothing beyond the end: an arena too small for huge pages, or of one process. */
static void back_may_do_nothing(void **state)
{
    ck_arena a;
    ck_error err;

    (void)state;
    assert_int_equal(ck_arena_map(&a, 10000, CK_SHARED, &err), CK_OK);
    memset(a.base, 1, 10000);
    assert_false(ck_arena_back(&a, 0, 10000));
    assert_true(all(a.base, 10000, 1));
    ck_arena_unmap(&a);
    map(&a, CK_PRIVATE);
    memset(a.base, 1, TOTAL);
    assert_false(ck_arena_back(&a, 0, TOTAL));
    assert_true(all(a.base, TOTAL, 1));
    ck_arena_unmap(&a);
}

/* Kilobytes of shared memory at `at` that are mapped by huge pages; -1: the system does not tell. */
static long huge_kb(const uint8_t *at)
{
    FILE *f = fopen("/proc/self/smaps", "r");
    char line[512];
    bool here = false;
    long kb = -1;

    while (f && fgets(line, sizeof line, f)) {
        uintptr_t from, to;

        if (sscanf(line, "%" SCNxPTR "-%" SCNxPTR " ", &from, &to) == 2)
            here = from <= (uintptr_t)at && (uintptr_t)at < to;
        else if (here && sscanf(line, "ShmemPmdMapped: %ld kB", &kb) == 1)
            break;
    }
    if (f)
        fclose(f);
    return kb;
}

static bool kernel_collapses(void)
{
    uint8_t *room = mmap(NULL, 2 * HUGE_PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    bool does = false;

    if (room != MAP_FAILED) {
        uint8_t *block = room + (HUGE_PAGE - (uintptr_t)room % HUGE_PAGE) % HUGE_PAGE;

        *block = 1;
        does = madvise(block, HUGE_PAGE, MADV_COLLAPSE) == 0;
        munmap(room, 2 * HUGE_PAGE);
    }
    return does;
}

/* All blocks that begin in the rows and end in the arena, and no other. */
static void backed_is_huge(void **state)
{
    ck_arena a;

    (void)state;
    map(&a, CK_SHARED);
    a.base[0] = 1;
    if (huge_kb(a.base) < 0 || !kernel_collapses()) {
        printf("skipped: this system makes no huge pages of shared memory when told to, or does not tell\n");
        skip();
    }
    assert_int_equal(huge_kb(a.base), 0);
    assert_true(ck_arena_back(&a, BEGIN, ROWS));
    assert_int_equal(huge_kb(a.base), 4 * (HUGE_PAGE >> 10));
    ck_arena_unmap(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(backed_is_the_same_memory),
        cmocka_unit_test(own_is_apart),
        cmocka_unit_test(back_may_do_nothing),
        cmocka_unit_test(backed_is_huge),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
