#include "core/sched.h"

#include <stdlib.h>

void ck_sched_in_order(ck_row_need *need, int32_t grid_rows)
{
    for (int32_t i = 1; i < grid_rows; i++)
        if (need[i].to < need[i - 1].to)
            need[i].to = need[i - 1].to;
    for (int32_t i = grid_rows - 1; i > 0; i--)
        if (need[i - 1].from > need[i].from)
            need[i - 1].from = need[i].from;
}

int32_t ck_sched_least_ring(const ck_row_need *need, int32_t grid_rows, int32_t rows, int32_t fill_rows)
{
    int64_t most = 0;

    for (int32_t i = 0; i < grid_rows; i++)
        if (need[i].to - need[i].from > most)
            most = need[i].to - need[i].from;
    /* Fills come in whole steps: the first needed row and the last may each lie anywhere in one. */
    most += fill_rows;
    return most < rows ? (int32_t)most : rows;
}

ck_status ck_sched_init(ck_sched *s, const ck_sched_config *config, ck_error *err)
{
    size_t rows = (size_t)config->grid.rows;

    *s = (ck_sched){.config = *config, .tiles = ck_grid_count(&config->grid)};
    s->remaining = malloc(rows * sizeof *s->remaining);
    s->slot_state = calloc(config->slots, 1);
    if (!s->remaining || !s->slot_state) {
        ck_sched_release(s);
        return ck_fail_memory(err, rows * sizeof *s->remaining, "planning the tiles");
    }
    for (size_t i = 0; i < rows; i++)
        s->remaining[i] = (uint32_t)config->grid.columns;
    s->low = config->need[0].from;
    s->filled = config->rows_there;
    if (s->filled == config->rows)
        s->next_fill = s->fills_done = ((uint64_t)config->rows + (uint64_t)config->fill_rows - 1) / (uint64_t)config->fill_rows;
    return CK_OK;
}

void ck_sched_release(ck_sched *s)
{
    free(s->remaining);
    free(s->slot_state);
    *s = (ck_sched){0};
}

void ck_sched_fill_range(const ck_sched *s, uint64_t seq, int32_t *from, int32_t *count)
{
    uint64_t step = (uint64_t)s->config.fill_rows, at = seq * step, rows = (uint64_t)s->config.rows;

    *from = (int32_t)(at < rows ? at : rows);
    *count = (int32_t)(rows - (uint64_t)*from < step ? rows - (uint64_t)*from : step);
}

static bool take_drain(ck_sched *s, ck_ticket *out)
{
    uint32_t slot = (uint32_t)(s->drained % s->config.slots);

    if (s->slot_state[slot] != CK_SLOT_DONE)
        return false;
    s->slot_state[slot] = CK_SLOT_DRAINING;
    *out = (ck_ticket){CK_DRAIN, slot, s->drained};
    return true;
}

static bool take_fill(ck_sched *s, ck_ticket *out)
{
    int32_t from, count;

    ck_sched_fill_range(s, s->next_fill, &from, &count);
    if (s->filling == s->config.fills || count <= 0 || s->next_fill - s->fills_done >= CK_FILLS_MOST)
        return false;
    /* Rows below `low` are needed by nobody, and so may rows be that are decoded only to be checked. */
    if (from + count > (s->low > s->filled ? s->filled : s->low) + s->config.ring_rows)
        return false;
    s->filling++;
    *out = (ck_ticket){CK_FILL, 0, s->next_fill++};
    return true;
}

static bool take_tile(ck_sched *s, ck_ticket *out)
{
    if (s->next_tile == s->tiles || s->next_tile - s->drained >= s->config.slots)
        return false;
    if (s->config.need[s->next_tile / (uint64_t)s->config.grid.columns].to > s->filled)
        return false;
    uint32_t slot = (uint32_t)(s->next_tile % s->config.slots);
    s->slot_state[slot] = CK_SLOT_OUT;
    *out = (ck_ticket){CK_TILE, slot, s->next_tile++};
    return true;
}

ck_next ck_sched_next(ck_sched *s, unsigned roles, ck_ticket *out)
{
    if (s->stopped)
        return s->out ? CK_LATER : CK_END;
    bool chain = s->config.chain;

    if (((roles & CK_DRAINS) && take_drain(s, out)) || (chain && (roles & CK_FILLS) && take_fill(s, out)) ||
        ((roles & CK_TILES) && take_tile(s, out)) || (!chain && (roles & CK_FILLS) && take_fill(s, out))) {
        s->out++;
        return CK_HAVE;
    }
    return ck_sched_complete(s) ? CK_END : CK_LATER;
}

/* The last tile of the lowest open row is carried: forget the rows that only it needed. */
static void close_rows(ck_sched *s)
{
    int32_t rows = s->config.grid.rows;

    while (s->open_row < rows && !s->remaining[s->open_row])
        s->open_row++;
    s->low = s->open_row == rows ? s->config.rows : s->config.need[s->open_row].from;
}

/* Rows count as decoded when all rows above them are. */
static void close_fill(ck_sched *s, uint64_t seq)
{
    int32_t from, count;

    s->filling--;
    s->fills_early |= 1ull << (seq - s->fills_done);
    while (s->fills_early & 1) {
        ck_sched_fill_range(s, s->fills_done, &from, &count);
        s->filled = from + count;
        s->fills_early >>= 1;
        s->fills_done++;
    }
}

void ck_sched_done(ck_sched *s, ck_ticket t)
{
    s->out--;
    switch (t.kind) {
    case CK_FILL: close_fill(s, t.seq); break;
    case CK_TILE: {
        int32_t row = (int32_t)(t.seq / (uint64_t)s->config.grid.columns);

        s->slot_state[t.id] = CK_SLOT_DONE;
        if (!--s->remaining[row] && row == s->open_row)
            close_rows(s);
        break;
    }
    case CK_DRAIN:
        s->slot_state[t.id] = CK_SLOT_FREE;
        s->drained++;
        break;
    }
}

void ck_sched_stop(ck_sched *s)
{
    s->stopped = true;
}

bool ck_sched_complete(const ck_sched *s)
{
    return !s->out && s->drained == s->tiles && s->filled == s->config.rows;
}

void ck_sched_counts(const ck_sched *s, uint32_t *ready, uint32_t *free_slots, int32_t *rows)
{
    uint64_t columns = (uint64_t)s->config.grid.columns, row = s->next_tile / columns, end = s->next_tile;

    while (end < s->tiles && s->config.need[row].to <= s->filled)
        end = ++row * columns;
    *ready = (uint32_t)(end - s->next_tile);
    *free_slots = s->config.slots - (uint32_t)(s->next_tile - s->drained);
    *rows = s->filled > s->low ? s->filled - s->low : 0;
}
