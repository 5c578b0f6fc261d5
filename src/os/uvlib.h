/*
 * libuv, loaded when an event loop is wanted: other runs do not pay for it.
 * Its header is of the build, its code of the machine.
 */
#ifndef CK_OS_UVLIB_H
#define CK_OS_UVLIB_H

#include "base/error.h"

#ifdef CK_HAVE_LIBUV

#include <uv.h>

#define CK_UV_MAP(X)                                                                                                    \
    X(loop_init) X(loop_close) X(loop_configure) X(run) X(stop) X(now) X(update_time) X(strerror) X(close) X(unref)     \
    X(metrics_idle_time) X(hrtime)                                                                                       \
    X(idle_init) X(idle_start) X(idle_stop) X(prepare_init) X(prepare_start) X(prepare_stop)                            \
    X(timer_init) X(timer_start) X(timer_stop) X(poll_init) X(poll_init_socket) X(poll_start) X(poll_stop)              \
    X(async_init) X(async_send) X(fs_open) X(fs_read) X(fs_write) X(fs_fsync) X(fs_close) X(fs_req_cleanup)

typedef struct ck_uv {
#define X(name) __typeof__(uv_##name) *name;
    CK_UV_MAP(X)
#undef X
    void *library;
} ck_uv;

/*
 * Fills *uv. Every load is matched by an unload: with the last one the library
 * ends the threads of its pool, so that none outlives the loop they served.
 * CHUNKIMG_SYSTEM where it cannot be loaded.
 */
ck_status ck_uv_load(ck_uv *uv, ck_error *err);
void ck_uv_unload(ck_uv *uv);

#endif

/* "libuv 1.44.2" of the build, or "without libuv". */
const char *ck_uv_build(void);

#endif
