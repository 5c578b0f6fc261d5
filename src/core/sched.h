/*
 * The scheduler: a passive state machine that hands out tickets. It never
 * locks, never waits and does no I/O; whoever calls it makes sure that there
 * is one caller at a time.
 *
 * Rows are decoded into a ring of `ring_rows`. A grid row of tiles may be
 * carried when the rows it reads are there, and a row is forgotten when no
 * tile needs it any more. Decoding is usually the one serial chain, so next()
 * prefers DRAIN (frees a slot), then FILL as long as the ring has room, then
 * TILE: while the tiles of some rows are carried, the rows after them are
 * decoded, and there is no barrier anywhere. Where the file has independent
 * segments there is no chain, FILLs are out in several hands, and TILE comes
 * before FILL, while the rows are still in the cache. The ring and the slots
 * bound the memory, so nothing has to be tuned to keep the decoder from
 * running ahead.
 */
#ifndef CK_CORE_SCHED_H
#define CK_CORE_SCHED_H

#include "core/grid.h"
#include "core/work.h"

/* Rows of the input: [from, to). */
typedef struct ck_row_need {
    int32_t from, to;
} ck_row_need;

typedef struct ck_sched_config {
    ck_grid grid;          /* of the output */
    const ck_row_need *need; /* per grid row, borrowed: what its tiles read; neither end ever goes back */
    int32_t rows;          /* of the input, pixels */
    int32_t rows_there;    /* of those, from the start: all or none */
    int32_t fill_rows;     /* rows that one FILL decodes */
    int32_t ring_rows;     /* at least ck_sched_least_ring */
    uint32_t slots;        /* tiles between hand-out and drain */
    uint32_t fills;        /* FILLs out at once, 1 .. CK_FILLS_MOST */
    bool chain;            /* each FILL goes on where the one before ended: one carrier, which takes them in order */
} ck_sched_config;

enum { CK_FILLS_MOST = 64 };

typedef enum ck_slot_state { CK_SLOT_FREE, CK_SLOT_OUT, CK_SLOT_DONE, CK_SLOT_DRAINING } ck_slot_state;

typedef struct ck_sched {
    ck_sched_config config;
    uint64_t tiles;
    bool stopped;
    uint32_t out;          /* tickets in somebody's hands */
    uint32_t filling;      /* FILLs among them */
    uint64_t next_fill;    /* first FILL not handed out */
    uint64_t fills_done;   /* every FILL before this one is back */
    uint64_t fills_early;  /* bit i: FILL fills_done + i is back too */
    int32_t filled;        /* rows decoded, without a gap */
    int32_t low;           /* first row that a tile may still need */
    int32_t open_row;      /* first grid row with a tile that is not carried */
    uint64_t next_tile;    /* first tile not handed out */
    uint64_t drained;      /* tiles the sink has; slot of tile i: i % slots */
    uint32_t *remaining;   /* per grid row: tiles not carried yet */
    uint8_t *slot_state;   /* per slot: ck_slot_state */
} ck_sched;

/*
 * Widens what each grid row needs until neither end goes back from one row to the next: rows come in one order, and are
 * forgotten in the same. Where grid rows need them in another order, that is the whole image.
 */
void ck_sched_in_order(ck_row_need *need, int32_t grid_rows);

/* Rows that the ring must have so that every grid row finds its rows. */
int32_t ck_sched_least_ring(const ck_row_need *need, int32_t grid_rows, int32_t rows, int32_t fill_rows);

ck_status ck_sched_init(ck_sched *s, const ck_sched_config *config, ck_error *err);
void ck_sched_release(ck_sched *s);

ck_next ck_sched_next(ck_sched *s, unsigned roles, ck_ticket *out);
void ck_sched_done(ck_sched *s, ck_ticket t);

/* From now on nothing is handed out; next() returns CK_END when everything is back. */
void ck_sched_stop(ck_sched *s);

/* Whether everything was done, and every slot is free. */
bool ck_sched_complete(const ck_sched *s);

/* Rows of fill `seq`: [*from, *from + *count). */
void ck_sched_fill_range(const ck_sched *s, uint64_t seq, int32_t *from, int32_t *count);

/* Tiles that could be begun and are not; slots nobody has; rows of the input that are kept. */
void ck_sched_counts(const ck_sched *s, uint32_t *ready, uint32_t *free_slots, int32_t *rows);

#endif
