/*
 * The next block of a file, read by an event loop before the decoder comes for
 * it. Two threads at most meet here: the one that decodes and the loop's.
 * `state` says whose the rest is: WANTED and READY are the decoder's to take
 * back, READING is the loop's. A decoder that comes too early reads for
 * itself, so nobody waits; what the loop has then read is of no use and dropped.
 */
#ifndef CK_OS_AHEAD_H
#define CK_OS_AHEAD_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

enum ck_ahead_state {
    CK_AHEAD_IDLE,
    CK_AHEAD_WANTED,  /* by the decoder: the loop may read */
    CK_AHEAD_READING, /* by the loop */
    CK_AHEAD_READY    /* by the loop: got bytes lie at `bytes` */
};

enum { CK_AHEAD_NBYTES = 256 * 1024 };

typedef struct ck_ahead {
    atomic_int state;
    int file;        /* whoever set WANTED: this and the next */
    int64_t offset;
    size_t got;      /* whoever set READY */
    uint64_t used;   /* blocks that the decoder took; the decoder */
    uint8_t bytes[CK_AHEAD_NBYTES];
} ck_ahead;

/* The decoder's: says what comes next, unless the loop is at work. */
static inline void ck_ahead_want(ck_ahead *a, int file, int64_t offset)
{
    if (atomic_load_explicit(&a->state, memory_order_acquire) == CK_AHEAD_READING)
        return;
    a->file = file;
    a->offset = offset;
    atomic_store_explicit(&a->state, CK_AHEAD_WANTED, memory_order_release);
}

/* The decoder's: whether the bytes from `offset` on are there. Takes a wish back that nobody has begun with. */
static inline bool ck_ahead_ready(ck_ahead *a, int64_t offset)
{
    int state = CK_AHEAD_WANTED;

    if (atomic_compare_exchange_strong(&a->state, &state, CK_AHEAD_IDLE))
        return false;
    return state == CK_AHEAD_READY && a->offset == offset;
}

/* The loop's: whether there is something to read, which it does now. */
static inline bool ck_ahead_begin(ck_ahead *a)
{
    int state = CK_AHEAD_WANTED;

    return atomic_compare_exchange_strong(&a->state, &state, CK_AHEAD_READING);
}

/* The loop's. n < 0: it failed, which the decoder will find out by reading for itself; 0: the end, likewise. */
static inline void ck_ahead_end(ck_ahead *a, ssize_t n)
{
    a->got = n > 0 ? (size_t)n : 0;
    atomic_store_explicit(&a->state, n > 0 ? CK_AHEAD_READY : CK_AHEAD_IDLE, memory_order_release);
}

#endif
