/* The threads of the event loop's library: how many it may start, which it reads from the environment. */
#ifndef CK_EXEC_ASYNC_POOL_H
#define CK_EXEC_ASYNC_POOL_H

#include <stdbool.h>

#include "base/error.h"

typedef struct ck_async_pool {
    bool sized;   /* the environment was changed */
    char *before; /* what it said; owned */
} ck_async_pool;

/*
 * libuv ends the program where it cannot start a thread of its pool, so what
 * the system grants is found out first. `carriers` threads of it carry tickets;
 * 0: none does, and it has as many as it has by itself. On CK_OK the caller
 * owes a release, after the library was unloaded.
 */
ck_status ck_async_pool_prepare(ck_async_pool *pool, unsigned carriers, ck_error *err);
void ck_async_pool_release(ck_async_pool *pool);

#endif
