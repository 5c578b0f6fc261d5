/* One whole file, written by an event loop: open, write, close, each a request of the loop. */
#ifndef CK_EXEC_ASYNC_WRITE_H
#define CK_EXEC_ASYNC_WRITE_H

#include "os/outdir.h"
#include "os/uvlib.h"

#ifdef CK_HAVE_LIBUV

typedef struct ck_async_write {
    ck_put put;
    const ck_uv *uv;
    uv_loop_t *loop;
    uv_fs_t request;
    uv_file file;
    size_t at;            /* bytes written */
    int why;              /* the first failure, errno; 0: none */
    bool created;
    bool here;            /* there are no threads for files: each step is done by the loop, which waits */
    void (*then)(void *user);
    void *user;
} ck_async_write;

/* Notes what is to be written; its bytes and its err stay valid until `then`. Any thread that has *w for itself. */
void ck_async_write_take(ck_async_write *w, const ck_put *what);

/*
 * On the loop's thread. `then` comes when the file is closed; a failure lies in put.err by then. here: it has come when
 * this returns.
 */
void ck_async_write_start(ck_async_write *w, const ck_uv *uv, uv_loop_t *loop, bool here, void (*then)(void *user), void *user);

#endif
#endif
