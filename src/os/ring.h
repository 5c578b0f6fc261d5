/*
 * A ring with one writer and one reader, in memory that both share (threads or
 * processes). Counters only grow, there is no lock, so a side that dies leaves
 * nothing held; what it had pushed can still be taken.
 *
 * The reader that finds nothing announces its sleep in a flag of its own,
 * looks once more and then waits on a doorbell; the writer pushes, and rings
 * only where the flag was set. Both do so with sequentially consistent
 * operations: of the two looks, at least one sees the other's write.
 */
#ifndef CK_OS_RING_H
#define CK_OS_RING_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

enum { CK_RING_ROOM = 64 }; /* power of two */

typedef struct ck_ring_item {
    uint64_t a, b;
} ck_ring_item;

typedef struct ck_ring {
    _Alignas(64) atomic_uint written; /* the writer writes it */
    _Alignas(64) atomic_uint taken;   /* the reader writes it */
    _Alignas(64) ck_ring_item items[CK_RING_ROOM]; /* the writer, while written - taken < ROOM */
} ck_ring;

/* False: full. The writer only. */
bool ck_ring_push(ck_ring *ring, ck_ring_item item);

/* False: empty. The reader only. */
bool ck_ring_take(ck_ring *ring, ck_ring_item *out);

bool ck_ring_empty(ck_ring *ring);

/* The reader, before it waits: sets its flag. It must look at its rings once more after this. */
static inline void ck_bell_sleep(atomic_uint *asleep)
{
    atomic_store(asleep, 1);
}

static inline void ck_bell_wake(atomic_uint *asleep)
{
    atomic_store(asleep, 0);
}

/* The writer, after a push: whether it must ring. Clears the flag, so that one sleep is rung once. */
static inline bool ck_bell_due(atomic_uint *asleep)
{
    return atomic_exchange(asleep, 0) != 0;
}

#endif
