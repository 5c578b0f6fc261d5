/*
 * Downloads on an event loop: libcurl says which sockets and which moment it
 * waits for, and libuv watches them. The loop is whichever runs at the time: a
 * job's (attach, detach), or, while nobody has one, a loop of its own (run).
 * All of it in one thread.
 */
#ifndef CK_OS_FETCH_LOOP_H
#define CK_OS_FETCH_LOOP_H

#include "os/curllib.h"
#include "os/uvlib.h"

#if defined CK_HAVE_CURL && defined CK_HAVE_LIBUV

typedef struct ck_fetch_loop ck_fetch_loop;

/* `moved` is called whenever transfers may have moved; what is finished is taken from the multi handle there. */
ck_status ck_fetch_loop_open(const ck_curl *curl, CURLM *multi, void (*moved)(void *user), void *user, ck_fetch_loop **out,
                             ck_error *err);

/* After the multi handle's end: it still speaks of its sockets until then. */
void ck_fetch_loop_close(ck_fetch_loop **loop);

/* Watches for at most wait_ms, or until ck_fetch_loop_wake. Does nothing while attached: that loop watches. */
void ck_fetch_loop_run(ck_fetch_loop *loop, int wait_ms);
void ck_fetch_loop_wake(ck_fetch_loop *loop);

/* From now on `uv_loop` watches, until detach, which leaves handles to be closed by its last turns. */
void ck_fetch_loop_attach(ck_fetch_loop *loop, const ck_uv *uv, uv_loop_t *uv_loop);
void ck_fetch_loop_detach(ck_fetch_loop *loop);

#endif
#endif
