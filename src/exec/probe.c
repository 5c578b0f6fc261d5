#include "exec/probe.h"

#include <pthread.h>
#include <stdlib.h>

static void *probe_main(void *gate)
{
    pthread_mutex_lock(gate);
    pthread_mutex_unlock(gate);
    return NULL;
}

unsigned ck_threads_to_be_had(unsigned wanted)
{
    pthread_mutex_t gate = PTHREAD_MUTEX_INITIALIZER;
    pthread_t *threads = calloc(wanted, sizeof *threads);
    unsigned n = 0;

    if (!threads)
        return 1;
    pthread_mutex_lock(&gate);
    while (n + 1 < wanted && !pthread_create(&threads[n], NULL, probe_main, &gate))
        n++;
    pthread_mutex_unlock(&gate);
    for (unsigned i = 0; i < n; i++)
        pthread_join(threads[i], NULL);
    free(threads);
    return n + 1;
}
