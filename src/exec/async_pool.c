#include "exec/async_pool.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "exec/probe.h"

enum { IO_THREADS = 2 /* beside those that carry tickets */, BY_ITSELF = 4 };

static const char variable[] = "UV_THREADPOOL_SIZE";

/* The library reads it when it first needs its pool. Without memory to keep what was there, it is left as it is. */
static void size_pool(ck_async_pool *pool, unsigned threads)
{
    const char *before = getenv(variable);
    char text[16];

    snprintf(text, sizeof text, "%u", threads);
    pool->before = strdup(before ? before : "");
    pool->sized = pool->before && !setenv(variable, text, 1);
}

ck_status ck_async_pool_prepare(ck_async_pool *pool, unsigned carriers, ck_error *err)
{
    unsigned wanted = carriers ? carriers + IO_THREADS : BY_ITSELF;
    unsigned had = ck_threads_to_be_had(wanted + 1) - 1;

    *pool = (ck_async_pool){0};
    if (!had)
        return ck_fail_os(err, EAGAIN, "starting a thread of the event loop");
    if (carriers || had < wanted)
        size_pool(pool, had);
    return CK_OK;
}

void ck_async_pool_release(ck_async_pool *pool)
{
    if (pool->sized && *pool->before)
        setenv(variable, pool->before, 1);
    else if (pool->sized)
        unsetenv(variable);
    free(pool->before);
    *pool = (ck_async_pool){0};
}
