/*
 * The steps are those of ck_outdir_put, and checked alike: each callback
 * starts the next one. After a failure an open file is closed all the same,
 * and the first failure is the one that is told.
 */
#include "exec/async_write.h"

#ifdef CK_HAVE_LIBUV

#include <errno.h>
#include <stdio.h>

void ck_async_write_take(ck_async_write *w, const ck_put *what)
{
    w->put = *what;
}

static void finish(ck_async_write *w)
{
    if (w->why)
        ck_outdir_put_failed(&w->put, w->created, w->why);
    w->then(w->user);
}

/* The result of the request that has ended; a failure is noted. */
static ssize_t result_of(ck_async_write *w)
{
    ssize_t result = w->request.result;

    w->uv->fs_req_cleanup(&w->request);
    if (result < 0 && !w->why)
        w->why = (int)-result;
    return result;
}

/* A request without a callback has ended when the call returns. */
static uv_fs_cb by(const ck_async_write *w, uv_fs_cb ended)
{
    return w->here ? NULL : ended;
}

/* So has one that the loop does not even take (no memory), and nobody else would say so. */
static void begun(ck_async_write *w, int status, uv_fs_cb ended)
{
    if (status >= 0 && !w->here)
        return;
    w->request.result = status;
    ended(&w->request);
}

static void on_close(uv_fs_t *request)
{
    ck_async_write *w = request->data;

    result_of(w);
    finish(w);
}

static void close_file(ck_async_write *w)
{
    if (w->put.file >= 0) /* of somebody else, who goes on with it */
        finish(w);
    else
        begun(w, w->uv->fs_close(w->loop, &w->request, w->file, by(w, on_close)), on_close);
}

static void on_sync(uv_fs_t *request)
{
    ck_async_write *w = request->data;

    result_of(w);
    close_file(w);
}

static void write_more(ck_async_write *w);

static void on_write(uv_fs_t *request)
{
    ck_async_write *w = request->data;
    ssize_t n = result_of(w);

    if (n == 0 && w->at < w->put.nbytes)
        w->why = ENOSPC;
    w->at += n > 0 ? (size_t)n : 0;
    if (!w->why && w->at < w->put.nbytes)
        write_more(w);
    else if (!w->why && w->put.sync && w->put.file < 0)
        begun(w, w->uv->fs_fsync(w->loop, &w->request, w->file, by(w, on_sync)), on_sync);
    else
        close_file(w);
}

static void write_more(ck_async_write *w)
{
    enum { MOST = 1 << 30 }; /* bytes: lengths of a buffer are of 32 bits on some systems */
    size_t left = w->put.nbytes - w->at;
    uv_buf_t buffer = {.base = (char *)w->put.bytes + w->at, .len = left < MOST ? left : MOST};

    begun(w, w->uv->fs_write(w->loop, &w->request, w->file, &buffer, 1, -1, by(w, on_write)), on_write);
}

static void on_open(uv_fs_t *request)
{
    ck_async_write *w = request->data;
    ssize_t file = result_of(w);

    if (file < 0) {
        finish(w);
        return;
    }
    w->file = (uv_file)file;
    w->created = true;
    write_more(w);
}

void ck_async_write_start(ck_async_write *w, const ck_uv *uv, uv_loop_t *loop, bool here, void (*then)(void *user), void *user)
{
    char path[sizeof w->put.name + 64];

    w->uv = uv;
    w->loop = loop;
    w->here = here;
    w->then = then;
    w->user = user;
    w->request.data = w;
    w->file = w->put.file;
    w->created = w->put.file >= 0;
    if (w->put.file >= 0) {
        write_more(w);
        return;
    }
    /* The loop opens by path only; this one stays right whatever becomes of the folder's name. */
    snprintf(path, sizeof path, "/proc/self/fd/%d/%s", w->put.folder, w->put.name);
    begun(w, uv->fs_open(loop, &w->request, path, CK_PUT_FLAGS, CK_PUT_MODE, by(w, on_open)), on_open);
}

#endif
