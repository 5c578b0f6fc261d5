/*
 * The threads of mode async: those that carry tickets for the loop, which are
 * ours, and those that read and write files for it, which are libuv's.
 */
#ifndef CK_EXEC_ASYNC_POOL_H
#define CK_EXEC_ASYNC_POOL_H

#include "exec/exec.h"

typedef struct ck_async_pool ck_async_pool;

/* Something to carry. The caller's until it is handed over, and again once it was taken back. */
typedef struct ck_async_item {
    struct ck_async_item *next; /* the pool's */
    void *what;
} ck_async_item;

/*
 * Starts as many threads as can be had, up to `threads`; CHUNKIMG_SYSTEM where
 * that is none. They call carry(what), and back(user) once it can be taken
 * back: the latter under the pool's lock, so that after a take nobody is in it
 * for what was taken.
 */
ck_status ck_async_pool_open(unsigned threads, void (*carry)(void *what), void (*back)(void *user), void *user,
                             ck_async_pool **out, ck_error *err);
unsigned ck_async_pool_threads(const ck_async_pool *pool);

/* By the loop's thread. take: one that was carried, in the order of coming back; NULL: there is none. */
void ck_async_pool_hand(ck_async_pool *pool, ck_async_item *item);
ck_async_item *ck_async_pool_take(ck_async_pool *pool);

/* When all were taken back: what its lock cost. Then the threads end. */
void ck_async_pool_count(ck_async_pool *pool, ck_exec_stats *stats);
void ck_async_pool_close(ck_async_pool **pool);

/*
 * Whether libuv can start its own threads, which it needs for files: it ends
 * the program where it cannot, so what the system grants is found out first.
 */
bool ck_async_files_by_threads(void);

#endif
