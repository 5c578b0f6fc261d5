/* Processes as carriers, of work that is nothing but tickets: who is given which. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include <cmocka.h>

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

static void run_rounds(unsigned tiles, carriers *by)
{
    rounds r = {.tiles = tiles, .by = by};
    ck_work work = {.self = &r, .next = next_ticket, .done = done, .lost = lost, .fail = failed, .again = again,
                    .stopping = stopping, .enter = enter, .carry = carry, .leave = leave, .describe = describe};
    size_t nbytes = ck_proc_shared_size(WORKERS);
    void *shared = mmap(NULL, nbytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    ck_exec_stats stats = CK_EXEC_STATS_UNKNOWN;
    chunkimg_options options;
    ck_error err;

    assert_ptr_not_equal(shared, MAP_FAILED);
    memset(by, NOBODY, sizeof *by);
    chunkimg_options_init(&options);
    ck_exec_config config = {.workers = WORKERS, .rereadable = true, .tiles = ROUNDS * tiles, .slots = tiles, .arena = -1,
                             .input = -1, .folder = -1, .input_folder = -1, .shared = shared, .options = &options,
                             .pulse = pulse};
    assert_int_equal(ck_proc_run(&config, 1, &work, &stats, &err), CK_OK);
    assert_int_equal(r.round, ROUNDS);
    assert_int_equal(stats.replaced, 0);
    munmap(shared, nbytes);
}

static carriers *shared_carriers(void)
{
    carriers *by = mmap(NULL, sizeof *by, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

    assert_ptr_not_equal(by, MAP_FAILED);
    return by;
}

/* A tile that the decoder's holder took while another had nothing to do kept both from the rows after it. */
static void the_holder_takes_tiles_last(void **state)
{
    carriers *by = shared_carriers();

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
    carriers *by = shared_carriers();

    (void)state;
    run_rounds(WORKERS, by);
    for (int i = 0; i < ROUNDS; i++) {
        assert_int_not_equal(by->tile[i][0], by->fill[0]);
        assert_int_equal(by->tile[i][1], by->fill[0]);
    }
    munmap(by, sizeof *by);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_holder_takes_tiles_last),
        cmocka_unit_test(the_holder_takes_tiles_too),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
