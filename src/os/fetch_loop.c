#include "os/fetch_loop.h"

#if defined CK_HAVE_CURL && defined CK_HAVE_LIBUV

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"

/* A handle of the loop that watches; it outlives its watch until the loop has closed it. */
typedef union handle {
    uv_handle_t any;
    uv_poll_t poll;
    uv_timer_t timer;
} handle;

/* A socket that libcurl waits for. */
typedef struct watch {
    struct watch *next;
    ck_fetch_loop *loop;
    curl_socket_t socket;
    int events;   /* of libuv */
    handle *poll; /* NULL: no loop watches */
} watch;

struct ck_fetch_loop {
    const ck_curl *curl;
    CURLM *multi;
    void (*moved)(void *user);
    void *user;
    watch *watches;
    bool due;         /* there is a moment at which libcurl wants to be called */
    uint64_t due_ns;
    ck_uv own;        /* for run */
    const ck_uv *uv;  /* of the loop that watches; NULL: none does */
    uv_loop_t *uv_loop;
    handle *timer, *limit; /* of that loop; limit: of run alone */
    bool woken;
};

static void free_handle(uv_handle_t *h)
{
    free(h);
}

static void drop(ck_fetch_loop *l, handle **h)
{
    if (*h)
        l->uv->close(&(*h)->any, free_handle);
    *h = NULL;
}

/* ---- events ------------------------------------------------------------------- */

static void act(ck_fetch_loop *l, curl_socket_t socket, int flags)
{
    int running;

    l->curl->multi_socket_action(l->multi, socket, flags, &running);
    l->moved(l->user);
}

static void on_ready(uv_poll_t *poll, int status, int events)
{
    const watch *w = poll->data;
    int flags = status < 0 ? CURL_CSELECT_ERR : 0;

    if (events & UV_READABLE)
        flags |= CURL_CSELECT_IN;
    if (events & UV_WRITABLE)
        flags |= CURL_CSELECT_OUT;
    act(w->loop, w->socket, flags);
}

static void on_due(uv_timer_t *timer)
{
    ck_fetch_loop *l = timer->data;

    l->due = false;
    act(l, CURL_SOCKET_TIMEOUT, 0);
}

static void watch_timer(ck_fetch_loop *l)
{
    uint64_t now = ck_now_ns();

    if (!l->timer)
        return;
    if (l->due)
        l->uv->timer_start(&l->timer->timer, on_due, l->due_ns > now ? (l->due_ns - now) / 1000000 + 1 : 0, 0);
    else
        l->uv->timer_stop(&l->timer->timer);
}

/* Without memory for a handle the socket is not watched, and its transfer ends by its time limit. */
static void watch_socket(watch *w)
{
    ck_fetch_loop *l = w->loop;

    if (!l->uv)
        return;
    if (!w->poll && (w->poll = malloc(sizeof *w->poll))) {
        if (l->uv->poll_init_socket(l->uv_loop, &w->poll->poll, w->socket)) {
            free(w->poll);
            w->poll = NULL;
        }
    }
    if (w->poll) {
        w->poll->poll.data = w;
        l->uv->poll_start(&w->poll->poll, w->events, on_ready);
    }
}

/* ---- what libcurl waits for ------------------------------------------------------ */

static void forget(ck_fetch_loop *l, watch *w)
{
    watch **at = &l->watches;

    while (*at != w)
        at = &(*at)->next;
    *at = w->next;
    if (l->uv)
        drop(l, &w->poll);
    free(w);
}

static int on_socket(CURL *easy, curl_socket_t socket, int what, void *user, void *known)
{
    ck_fetch_loop *l = user;
    watch *w = known;

    (void)easy;
    if (what == CURL_POLL_REMOVE) {
        if (w)
            forget(l, w);
        return 0;
    }
    if (!w) {
        w = calloc(1, sizeof *w);
        if (!w)
            return -1;
        *w = (watch){.next = l->watches, .loop = l, .socket = socket};
        l->watches = w;
        l->curl->multi_assign(l->multi, socket, w);
    }
    w->events = (what & CURL_POLL_IN ? UV_READABLE : 0) | (what & CURL_POLL_OUT ? UV_WRITABLE : 0);
    watch_socket(w);
    return 0;
}

static int on_timer(CURLM *multi, long timeout_ms, void *user)
{
    ck_fetch_loop *l = user;

    (void)multi;
    l->due = timeout_ms >= 0;
    l->due_ns = ck_now_ns() + (uint64_t)(timeout_ms > 0 ? timeout_ms : 0) * 1000000;
    watch_timer(l);
    return 0;
}

/* ---- loops ------------------------------------------------------------------------- */

static handle *make_timer(ck_fetch_loop *l)
{
    handle *h = malloc(sizeof *h);

    if (h) {
        l->uv->timer_init(l->uv_loop, &h->timer);
        h->timer.data = l;
    }
    return h;
}

void ck_fetch_loop_attach(ck_fetch_loop *l, const ck_uv *uv, uv_loop_t *uv_loop)
{
    l->uv = uv;
    l->uv_loop = uv_loop;
    l->timer = make_timer(l);
    watch_timer(l);
    for (watch *w = l->watches; w; w = w->next)
        watch_socket(w);
}

void ck_fetch_loop_detach(ck_fetch_loop *l)
{
    for (watch *w = l->watches; w; w = w->next)
        drop(l, &w->poll);
    drop(l, &l->timer);
    drop(l, &l->limit);
    l->uv = NULL;
    l->uv_loop = NULL;
}

static void on_limit(uv_timer_t *timer)
{
    ck_fetch_loop_wake(timer->data);
}

void ck_fetch_loop_wake(ck_fetch_loop *l)
{
    l->woken = true;
    if (l->uv_loop && l->limit) /* a loop of our own; a job's goes on */
        l->uv->stop(l->uv_loop);
}

void ck_fetch_loop_run(ck_fetch_loop *l, int wait_ms)
{
    uv_loop_t own;

    if (l->uv || l->own.loop_init(&own))
        return;
    l->woken = false;
    ck_fetch_loop_attach(l, &l->own, &own);
    l->limit = make_timer(l);
    if (l->limit)
        l->own.timer_start(&l->limit->timer, on_limit, (uint64_t)wait_ms, 0);
    if (!l->woken)
        l->own.run(&own, wait_ms && l->limit ? UV_RUN_DEFAULT : UV_RUN_NOWAIT);
    ck_fetch_loop_detach(l);
    l->own.run(&own, UV_RUN_DEFAULT); /* nothing is left but handles that close */
    l->own.loop_close(&own);
}

ck_status ck_fetch_loop_open(const ck_curl *curl, CURLM *multi, void (*moved)(void *user), void *user, ck_fetch_loop **out,
                             ck_error *err)
{
    ck_fetch_loop *l = calloc(1, sizeof *l);
    ck_status status;

    *out = l;
    if (!l)
        return ck_fail_memory(err, sizeof *l, "preparing the downloads");
    *l = (ck_fetch_loop){.curl = curl, .multi = multi, .moved = moved, .user = user};
    status = ck_uv_load(&l->own, err);
    if (status) {
        ck_fetch_loop_close(out);
        return status;
    }
    curl->multi_setopt(multi, CURLMOPT_SOCKETFUNCTION, on_socket);
    curl->multi_setopt(multi, CURLMOPT_SOCKETDATA, l);
    curl->multi_setopt(multi, CURLMOPT_TIMERFUNCTION, on_timer);
    curl->multi_setopt(multi, CURLMOPT_TIMERDATA, l);
    return CK_OK;
}

void ck_fetch_loop_close(ck_fetch_loop **loop)
{
    ck_fetch_loop *l = *loop;

    if (!l)
        return;
    *loop = NULL;
    while (l->watches)
        forget(l, l->watches);
    ck_uv_unload(&l->own);
    free(l);
}

#endif
