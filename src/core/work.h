/*
 * The one contract between the work and whoever carries it. A ticket is 16
 * bytes without pointers, so it fits a ring between processes.
 */
#ifndef CK_CORE_WORK_H
#define CK_CORE_WORK_H

#include <stdatomic.h>
#include <stdbool.h>

#include "base/error.h"
#include "base/turns.h"
#include "os/ahead.h"
#include "os/outdir.h"

typedef enum ck_kind {
    CK_FILL, /* decode the next rows into the ring */
    CK_TILE, /* crop, operations, encode, store: any number at once */
    CK_DRAIN /* hand a finished tile to the sink, in order: one at a time, at home */
} ck_kind;

typedef struct ck_ticket {
    uint32_t kind; /* ck_kind */
    uint32_t id;   /* CK_TILE, CK_DRAIN: the slot */
    uint64_t seq;  /* CK_FILL: which fill; CK_TILE, CK_DRAIN: the tile's index */
} ck_ticket;

_Static_assert(sizeof(ck_ticket) == 16, "a ticket must fit a ring item");

typedef enum ck_next {
    CK_HAVE,  /* *out is a ticket */
    CK_LATER, /* nothing for these roles until a ticket comes back */
    CK_END    /* the work is over; nothing is out */
} ck_next;

/* Which tickets a caller of next may carry. Where FILLs are a chain, one carrier at a time has CK_FILLS: another process
 * would have to decode all rows before them once more. */
enum ck_roles { CK_FILLS = 1u << CK_FILL, CK_TILES = 1u << CK_TILE, CK_DRAINS = 1u << CK_DRAIN, CK_ALL_ROLES = 7 };

/* Bytes in the memory of whoever asks. */
typedef struct ck_piece {
    void *at;
    size_t nbytes;
} ck_piece;

typedef struct ck_work {
    void *self;

    /* Bookkeeping: one caller at a time, short, never waits. */
    ck_next (*next)(void *self, unsigned roles, ck_ticket *out);
    void (*done)(void *self, ck_ticket t);
    void (*lost)(void *self, ck_ticket t, const ck_error *why); /* its carriers died: it is not tried again */
    void (*fail)(void *self, const ck_error *why);              /* the executor cannot go on: stop with this failure */

    /* The ticket's carrier died (and has ended), and another one will carry it from the start: clears what is half done. */
    void (*again)(void *self, ck_ticket t);
    /* Whether the job is being given up, so that tickets need not come back whole. */
    bool (*stopping)(void *self);

    /* Labour: many at once, each caller on its own ticket and with its own `mine`; the outcome lands in the slot. */
    ck_status (*enter)(void *self, unsigned worker, void **mine, ck_error *err);
    void (*carry)(void *self, void *mine, ck_ticket t);
    void (*leave)(void *self, void *mine);

    /*
     * For carriers that may open no path. file, one of the books: opens what a ticket's labour will write. *file is the
     * caller's to close once its carrier has it, -1: it needs none, or after a failure, whose errno is *why; `again` takes
     * the file back. NULL: no ticket needs one. bring: before carry of such a ticket, by its carrier, whose own descriptor
     * this is; carry closes it.
     */
    ck_status (*file)(void *self, ck_ticket t, int *file, int *why, ck_error *err);
    void (*bring)(void *self, void *mine, int file);

    /* Before the first worker enters, by an executor with a global lock: the labour is to run in turns. NULL: no more. */
    void (*in_turns)(void *self, const ck_turns *turns);

    /*
     * Before the first ticket, by an executor that writes files itself (trait CK_EXEC_WRITES_LATER): carry may give it
     * bytes to be written, CK_PUTS_MOST a ticket, and the ticket is done when they are. NULL: no more.
     */
    void (*write_through)(void *self, const ck_writer *writer);

    /*
     * For carriers that share no pixels: what of a ticket must be copied to its carrier before it is carried (back:
     * false), and to home afterwards (back: true), piece i; false: there are no more. Both sides see the same sizes.
     * apart: in a carrier's process, before it enters: from here on its pixels are its own.
     */
    bool (*cargo)(void *self, ck_ticket t, bool back, size_t i, ck_piece *out);
    ck_status (*apart)(void *self, ck_error *err);

    /* Before the first ticket and after the last, by an executor that reads the input ahead. NULL: this one cannot be. */
    ck_ahead *(*read_ahead)(void *self, bool on);

    /* The ticket's tile for messages: "tile 3,1" or "the decoder". Returns `to`. */
    const char *(*describe)(void *self, ck_ticket t, char *to, size_t size);
} ck_work;

#endif
