/* Words between a supervisor and its children: a ring each way, and a doorbell. */
#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#include "exec/proc.h"

size_t ck_proc_shared_size(unsigned processes)
{
    return sizeof(ck_proc_shared) + processes * sizeof(ck_channel);
}

void ck_proc_ring_bell(int bell)
{
    /* A full socket has a byte in it already; a closed one is seen by whoever reads it. */
    while (send(bell, "!", 1, MSG_NOSIGNAL | MSG_DONTWAIT) < 0 && errno == EINTR)
        ;
}

static bool push(ck_ring *ring, ck_ticket t, atomic_uint *asleep)
{
    ck_ring_item item;

    memcpy(&item, &t, sizeof item);
    ck_ring_push(ring, item);
    return ck_bell_due(asleep);
}

void ck_proc_say(ck_ring *ring, ck_ticket t, atomic_uint *asleep, int bell)
{
    if (push(ring, t, asleep))
        ck_proc_ring_bell(bell);
}

void ck_proc_say_with_file(ck_ring *ring, ck_ticket t, atomic_uint *asleep)
{
    (void)push(ring, t, asleep);
}

bool ck_proc_hear(ck_ring *ring, ck_ticket *out)
{
    ck_ring_item item;

    if (!ck_ring_take(ring, &item))
        return false;
    memcpy(out, &item, sizeof *out);
    return true;
}
