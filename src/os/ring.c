#include "os/ring.h"

bool ck_ring_push(ck_ring *ring, ck_ring_item item)
{
    unsigned written = atomic_load_explicit(&ring->written, memory_order_relaxed);

    if (written - atomic_load_explicit(&ring->taken, memory_order_acquire) == CK_RING_ROOM)
        return false;
    ring->items[written % CK_RING_ROOM] = item;
    atomic_store(&ring->written, written + 1);
    return true;
}

bool ck_ring_take(ck_ring *ring, ck_ring_item *out)
{
    unsigned taken = atomic_load_explicit(&ring->taken, memory_order_relaxed);

    if (taken == atomic_load(&ring->written))
        return false;
    *out = ring->items[taken % CK_RING_ROOM];
    atomic_store_explicit(&ring->taken, taken + 1, memory_order_release);
    return true;
}

bool ck_ring_empty(ck_ring *ring)
{
    return atomic_load_explicit(&ring->taken, memory_order_relaxed) == atomic_load(&ring->written);
}
