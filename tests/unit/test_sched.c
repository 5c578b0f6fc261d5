/*
 * The scheduler, driven by a plain loop that carries a random ticket at a
 * time: no deadlock, every ticket back once, no tile before its rows, no row
 * overwritten while a tile reads it, and memory within the plan.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/sched.h"

static uint64_t seed = 88172645463325252u;

static uint32_t random_below(uint32_t n)
{
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return (uint32_t)(seed >> 32) % n;
}

enum { OUT_MOST = 64 };

typedef struct world {
    ck_sched sched;
    ck_ticket out[OUT_MOST];
    unsigned out_count, carriers;
    bool filler_busy;       /* the one carrier that may decode */
    int32_t *ring;          /* which image row lies in each ring row */
    int32_t *readers;       /* tiles that read each ring row now */
    uint8_t *seen;          /* tiles handed out */
    uint64_t drained, steps;
} world;

static ck_rect needed_rows(const world *w, ck_ticket t)
{
    const ck_sched_config *c = &w->sched.config;
    ck_row_need need = c->need[t.seq / (uint64_t)c->grid.columns];

    return (ck_rect){0, need.from, 1, need.to - need.from};
}

static void begin_ticket(world *w, ck_ticket t)
{
    const ck_sched_config *c = &w->sched.config;
    int32_t from, count;

    if (t.kind == CK_FILL) {
        ck_sched_fill_range(&w->sched, t.seq, &from, &count);
        for (int32_t y = from; y < from + count; y++) {
            assert_int_equal(w->readers[y % c->ring_rows], 0);
            w->readers[y % c->ring_rows] = -1; /* nobody reads or writes it but this one */
        }
    } else if (t.kind == CK_TILE) {
        ck_rect need = needed_rows(w, t);

        assert_false(w->seen[t.seq]);
        w->seen[t.seq] = 1;
        assert_int_equal(t.id, t.seq % c->slots);
        for (int32_t y = need.y; y < need.y + need.h; y++) {
            assert_int_equal(w->ring[y % c->ring_rows], y);
            assert_true(w->readers[y % c->ring_rows] >= 0);
            w->readers[y % c->ring_rows]++;
        }
    } else {
        assert_int_equal(t.seq, w->drained);
    }
    w->out[w->out_count++] = t;
}

static void end_ticket(world *w, unsigned i)
{
    const ck_sched_config *c = &w->sched.config;
    ck_ticket t = w->out[i];
    int32_t from, count;

    w->out[i] = w->out[--w->out_count];
    if (t.kind == CK_FILL) {
        ck_sched_fill_range(&w->sched, t.seq, &from, &count);
        for (int32_t y = from; y < from + count; y++) {
            w->ring[y % c->ring_rows] = y;
            w->readers[y % c->ring_rows] = 0;
        }
    } else if (t.kind == CK_TILE) {
        ck_rect need = needed_rows(w, t);
        for (int32_t y = need.y; y < need.y + need.h; y++)
            w->readers[y % c->ring_rows]--;
    } else {
        w->drained++;
    }
    ck_sched_done(&w->sched, t);
}

static void open_world(world *w, const ck_sched_config *c, unsigned carriers)
{
    ck_error err;

    *w = (world){.carriers = carriers};
    assert_int_equal(ck_sched_init(&w->sched, c, &err), CK_OK);
    w->ring = malloc((size_t)c->ring_rows * sizeof *w->ring);
    w->readers = calloc((size_t)c->ring_rows, sizeof *w->readers);
    w->seen = calloc(ck_grid_count(&c->grid), 1);
    memset(w->ring, 0xff, (size_t)c->ring_rows * sizeof *w->ring);
    for (int32_t y = 0; y < c->rows_there; y++)
        w->ring[y] = y;
}

static void close_world(world *w)
{
    ck_sched_release(&w->sched);
    free(w->ring);
    free(w->readers);
    free(w->seen);
}

/* Runs to the end; stop_after tickets (0: never) the scheduler is told to stop. */
static void run_world(world *w, uint64_t stop_after)
{
    for (;;) {
        ck_ticket t;
        /* Processes: one role set per carrier. Threads: all roles. Both must end. */
        unsigned roles = w->carriers % 2 ? CK_ALL_ROLES : 1u << random_below(3);
        ck_next next = CK_LATER;

        if (w->out_count < w->carriers)
            next = ck_sched_next(&w->sched, roles, &t);
        if (next == CK_END) {
            assert_int_equal(w->out_count, 0);
            return;
        }
        if (next == CK_HAVE)
            begin_ticket(w, t);
        else if (w->out_count)
            end_ticket(w, random_below(w->out_count));
        else if (w->carriers % 2)
            fail_msg("deadlock: nothing is out and nothing is handed out");
        else /* the role that was tried has nothing: some other one must */
            assert_int_equal(ck_sched_next(&w->sched, CK_ALL_ROLES, &t), CK_HAVE), begin_ticket(w, t);
        if (++w->steps == stop_after)
            ck_sched_stop(&w->sched);
    }
}

/* What operations ask for: rows around the grid row's own, a window or another size of the image, any order. */
static void random_need(const ck_grid *g, int32_t rows, ck_row_need *need)
{
    int32_t halo = random_below(2) ? 0 : (int32_t)random_below(40), kind = (int32_t)random_below(4);

    for (int32_t i = 0; i < g->rows; i++) {
        int32_t from, to;

        ck_grid_row_held(g, i, &from, &to);
        if (kind == 1) { /* a vertical flip */
            int32_t top = g->h - to;
            to = g->h - from;
            from = top;
        } else if (kind == 2) {
            from = (int32_t)random_below((uint32_t)rows);
            to = from + 1 + (int32_t)random_below((uint32_t)(rows - from));
        }
        from = (int32_t)((int64_t)from * rows / g->h) - halo;
        to = (int32_t)(((int64_t)to * rows + g->h - 1) / g->h) + halo;
        need[i] = (ck_row_need){from < 0 ? 0 : from >= rows ? rows - 1 : from, to > rows ? rows : to};
    }
    ck_sched_in_order(need, g->rows);
}

static ck_row_need need_room[400];

static ck_sched_config random_config(void)
{
    int32_t w = 1 + (int32_t)random_below(60), h = 1 + (int32_t)random_below(300);
    ck_grid g;
    ck_error err;
    ck_sched_config c;

    if (random_below(2))
        ck_grid_of_shape(w, h, 1 + random_below((uint32_t)w), 1 + random_below((uint32_t)h), &g, &err);
    else
        ck_grid_of_size(w, h, 1 + random_below((uint32_t)w + 8), 1 + random_below((uint32_t)h + 8),
                        random_below(3) ? CHUNKIMG_EDGE_KEEP : CHUNKIMG_EDGE_SHIFT, &g, &err);
    g.overlap = random_below(3) ? 0 : (int32_t)random_below(12);
    int32_t rows = random_below(2) ? h : 1 + (int32_t)random_below(300);
    random_need(&g, rows, need_room);
    c = (ck_sched_config){.grid = g, .rows = rows, .need = need_room, .rows_there = random_below(8) ? 0 : rows,
                          .fill_rows = 1 + (int32_t)random_below(40), .slots = 1 + random_below(9),
                          .fills = random_below(2) ? 1 : 1 + random_below(CK_FILLS_MOST),
                          .chain = random_below(2)};
    c.ring_rows = ck_sched_least_ring(c.need, g.rows, rows, c.fill_rows);
    if (c.rows_there)
        c.ring_rows = rows;
    if (random_below(2) && c.ring_rows < rows)
        c.ring_rows += (int32_t)random_below((uint32_t)(rows - c.ring_rows) + 1);
    return c;
}

static void test_random_carriers(void **state)
{
    uint64_t steps = 0, jobs = 0;

    (void)state;
    while (steps < 3000000) {
        ck_sched_config c = random_config();
        world w;

        open_world(&w, &c, 1 + random_below(20));
        run_world(&w, 0);
        assert_int_equal(w.drained, ck_grid_count(&c.grid));
        assert_true(ck_sched_complete(&w.sched));
        for (uint32_t i = 0; i < c.slots; i++)
            assert_int_equal(w.sched.slot_state[i], CK_SLOT_FREE);
        steps += w.steps;
        jobs++;
        close_world(&w);
    }
    printf("%llu jobs, %llu steps\n", (unsigned long long)jobs, (unsigned long long)steps);
}

static void test_stop_brings_everything_back(void **state)
{
    (void)state;
    for (int i = 0; i < 2000; i++) {
        ck_sched_config c = random_config();
        world w;

        open_world(&w, &c, 1 + random_below(20));
        run_world(&w, 1 + random_below(50));
        assert_int_equal(w.sched.out, 0);
        close_world(&w);
    }
}

/* While the ring has room the next rows are decoded before tiles are carried: the decoder is the one serial chain. */
static void test_decoding_runs_ahead(void **state)
{
    static const ck_row_need need[] = {{0, 16}, {16, 32}, {32, 48}, {48, 64}};
    ck_sched_config c = {.rows = 64, .need = need, .fill_rows = 8, .slots = 8, .ring_rows = 32, .fills = 1, .chain = true};
    ck_error err;
    ck_sched s;
    ck_ticket t;

    (void)state;
    ck_grid_of_size(64, 64, 16, 16, CHUNKIMG_EDGE_KEEP, &c.grid, &err);
    assert_int_equal(ck_sched_init(&s, &c, &err), CK_OK);
    for (int i = 0; i < 4; i++) {
        assert_int_equal(ck_sched_next(&s, CK_ALL_ROLES, &t), CK_HAVE);
        assert_int_equal(t.kind, CK_FILL);
        ck_sched_done(&s, t);
    }
    assert_int_equal(ck_sched_next(&s, CK_ALL_ROLES, &t), CK_HAVE);
    assert_int_equal(t.kind, CK_TILE);
    ck_sched_release(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_random_carriers),
        cmocka_unit_test(test_stop_brings_everything_back),
        cmocka_unit_test(test_decoding_runs_ahead),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
