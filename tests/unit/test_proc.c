/* Processes as carriers, of work that is nothing but tickets: who is given which. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/clock.h"
#include "exec/proc.h"

enum { WORKERS = 2, ROUNDS = 40, TILES_MOST = 2, NOBODY = 99 };

/* What the processes leave behind, in memory that all of them have. */
typedef struct carriers {
    unsigned fill[ROUNDS], tile[ROUNDS][TILES_MOST];
} carriers;

/* Rounds of one FILL and the tiles that need it; the next FILL needs them in turn. Only the supervisor touches it. */
typedef struct rounds {
    unsigned tiles;            /* each round */
    unsigned round, given, back; /* tickets of this round */
    carriers *by;
} rounds;

static ck_next next_ticket(void *self, unsigned roles, ck_ticket *out)
{
    rounds *r = self;

    if (r->round == ROUNDS)
        return CK_END;
    if (r->given == 0 && roles & CK_FILLS)
        *out = (ck_ticket){.kind = CK_FILL, .seq = r->round};
    else if (r->given > 0 && r->back > 0 && r->given <= r->tiles && roles & CK_TILES)
        *out = (ck_ticket){.kind = CK_TILE, .id = r->given - 1, .seq = r->round};
    else
        return CK_LATER;
    r->given++;
    return CK_HAVE;
}

static void done(void *self, ck_ticket t)
{
    rounds *r = self;

    (void)t;
    if (++r->back == 1 + r->tiles) {
        r->round++;
        r->given = r->back = 0;
    }
}

static void lost(void *self, ck_ticket t, const ck_error *why)
{
    done(self, t);
    fail_msg("%s", why->text);
}

static void failed(void *self, const ck_error *why)
{
    (void)self;
    fail_msg("%s", why->text);
}

static void again(void *self, ck_ticket t)
{
    (void)self;
    (void)t;
}

static bool stopping(void *self)
{
    (void)self;
    return false;
}

static ck_status enter(void *self, unsigned worker, void **mine, ck_error *err)
{
    unsigned *id = malloc(sizeof *id);

    (void)self;
    if (!id)
        return ck_fail_memory(err, sizeof *id, "entering");
    *id = worker;
    *mine = id;
    return CK_OK;
}

static void carry(void *self, void *mine, ck_ticket t)
{
    const rounds *r = self;

    *(t.kind == CK_FILL ? &r->by->fill[t.seq] : &r->by->tile[t.seq][t.id]) = *(unsigned *)mine;
}

static void leave(void *self, void *mine)
{
    (void)self;
    free(mine);
}

static const char *describe(void *self, ck_ticket t, char *to, size_t size)
{
    (void)self;
    snprintf(to, size, "round %u", (unsigned)t.seq);
    return to;
}

static void pulse(void *user)
{
    (void)user;
}

static void *shared_memory(size_t nbytes)
{
    void *at = mmap(NULL, nbytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

    assert_ptr_not_equal(at, MAP_FAILED);
    return at;
}

static void run(const ck_work *work, unsigned workers, unsigned threads)
{
    size_t nbytes = ck_proc_shared_size(workers);
    void *shared = shared_memory(nbytes);
    ck_exec_stats stats = CK_EXEC_STATS_UNKNOWN;
    chunkimg_options options;
    ck_error err;

    chunkimg_options_init(&options);
    ck_exec_config config = {.workers = workers, .rereadable = true, .arena = -1, .input = -1, .input_folder = -1,
                             .shared = shared, .options = &options, .pulse = pulse};
    assert_int_equal(ck_proc_run(&config, threads, work, &stats, &err), CK_OK);
    assert_int_equal(stats.replaced, 0);
    munmap(shared, nbytes);
}

static void run_rounds(unsigned tiles, carriers *by)
{
    rounds r = {.tiles = tiles, .by = by};
    ck_work work = {.self = &r, .next = next_ticket, .done = done, .lost = lost, .fail = failed, .again = again,
                    .stopping = stopping, .enter = enter, .carry = carry, .leave = leave, .describe = describe};

    memset(by, NOBODY, sizeof *by);
    run(&work, WORKERS, 1);
    assert_int_equal(r.round, ROUNDS);
}

/* A tile that the decoder's holder took while another had nothing to do kept both from the rows after it. */
static void the_holder_takes_tiles_last(void **state)
{
    carriers *by = shared_memory(sizeof *by);

    (void)state;
    run_rounds(1, by);
    for (int i = 0; i < ROUNDS; i++) {
        assert_int_equal(by->fill[i], by->fill[0]);
        assert_int_not_equal(by->tile[i][0], by->fill[0]);
        assert_in_range(by->tile[i][0], 0, WORKERS - 1);
    }
    munmap(by, sizeof *by);
}

/* But it takes one where the others have theirs: nobody is idle for the decoder's sake. */
static void the_holder_takes_tiles_too(void **state)
{
    carriers *by = shared_memory(sizeof *by);

    (void)state;
    run_rounds(WORKERS, by);
    for (int i = 0; i < ROUNDS; i++) {
        assert_int_not_equal(by->tile[i][0], by->fill[0]);
        assert_int_equal(by->tile[i][1], by->fill[0]);
    }
    munmap(by, sizeof *by);
}

/* ---- a chain among threads -------------------------------------------------------- */

enum { FILLS = 2000, THREADS = 3 };

typedef struct seen {
    atomic_uint filled, filling, wrong;
    pid_t filler;
} seen;

/* FILLs, two of which are out at once, and beside them as many TILEs as anybody wants until the last FILL is back. */
typedef struct flow {
    uint64_t fills, filled, tiles, tiled;
    seen *seen;
} flow;

static ck_next next_of_flow(void *self, unsigned roles, ck_ticket *out)
{
    flow *f = self;

    if (f->filled == FILLS)
        return f->tiles == f->tiled ? CK_END : CK_LATER;
    if (roles & CK_FILLS && f->fills < FILLS && f->fills - f->filled < 2)
        *out = (ck_ticket){.kind = CK_FILL, .seq = f->fills++};
    else if (roles & CK_TILES)
        *out = (ck_ticket){.kind = CK_TILE, .seq = f->tiles++};
    else
        return CK_LATER;
    return CK_HAVE;
}

static void done_of_flow(void *self, ck_ticket t)
{
    flow *f = self;

    if (t.kind == CK_FILL)
        f->filled++;
    else
        f->tiled++;
}

static void carry_of_flow(void *self, void *mine, ck_ticket t)
{
    seen *s = ((flow *)self)->seen;

    (void)mine;
    if (t.kind == CK_TILE) {
        for (uint64_t until = ck_now_ns() + 20000 + t.seq % 7 * 30000; ck_now_ns() < until;)
            ; /* all CPUs are busy: a thread may lose its own at any step */
        return;
    }
    if (atomic_fetch_add(&s->filling, 1) || atomic_load(&s->filled) != t.seq || (t.seq && s->filler != getpid()))
        atomic_fetch_add(&s->wrong, 1);
    s->filler = getpid();
    if (t.seq % 8 == 0)
        usleep(50);
    atomic_store(&s->filled, (unsigned)t.seq + 1);
    atomic_fetch_sub(&s->filling, 1);
}

/* Two FILLs were out before one was back, and any thread of the process may come upon them. */
static void a_chain_is_carried_in_order(void **state)
{
    (void)state;
    for (unsigned processes = 1; processes <= 2; processes++) {
        seen *s = shared_memory(sizeof *s);
        flow f = {.seen = s};
        ck_work work = {.self = &f, .next = next_of_flow, .done = done_of_flow, .lost = lost, .fail = failed, .again = again,
                        .stopping = stopping, .enter = enter, .carry = carry_of_flow, .leave = leave, .describe = describe};

        run(&work, processes * THREADS, THREADS);
        assert_int_equal(atomic_load(&s->filled), FILLS);
        assert_int_equal(atomic_load(&s->wrong), 0);
        assert_true(f.tiles > FILLS / 20);
        munmap(s, sizeof *s);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_holder_takes_tiles_last),
        cmocka_unit_test(the_holder_takes_tiles_too),
        cmocka_unit_test(a_chain_is_carried_in_order),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
