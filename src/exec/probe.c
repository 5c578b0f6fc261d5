#include "exec/probe.h"

#include <stdlib.h>

#include "exec/pthreads.h"

typedef struct probe {
    pthread_t thread; /* first, as ck_pthreads has it */
    pthread_mutex_t *gate;
} probe;

static void *probe_main(void *arg)
{
    const probe *p = arg;

    pthread_mutex_lock(p->gate);
    pthread_mutex_unlock(p->gate);
    return NULL;
}

unsigned ck_threads_to_be_had(unsigned wanted)
{
    pthread_mutex_t gate = PTHREAD_MUTEX_INITIALIZER;
    probe *probes = calloc(wanted, sizeof *probes);
    ck_pthreads threads = {.members = probes, .each = sizeof *probes, .main = probe_main};

    if (!probes)
        return 1;
    for (unsigned i = 0; i < wanted; i++)
        probes[i].gate = &gate;
    pthread_mutex_lock(&gate); /* all of them are there at once */
    ck_pthreads_start(&threads, wanted);
    pthread_mutex_unlock(&gate);
    ck_pthreads_join(&threads);
    free(probes);
    return threads.count;
}
