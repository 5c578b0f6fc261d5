#include "os/fetch_inside.h"

#ifdef CK_HAVE_CURL

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/url.h"

/* ---- one transfer ----------------------------------------------------------- */

static void drop_body(ck_transfer *t)
{
    if (t->body != t->all->config.into)
        ck_body_free(&t->body);
    t->body = NULL;
}

static void finish(ck_transfer *t, CURLcode code)
{
    ck_fetches *f = t->all;

    t->state = CK_TRANSFER_FINISHED;
    f->finished++;
    t->seconds = ck_seconds(ck_now_ns() - t->began_ns);
    if (t->err.status || ck_transfer_verdict(t, code))
        drop_body(t);
    if (t->easy) {
        f->curl->multi_remove_handle(f->multi, t->easy);
        f->curl->easy_cleanup(t->easy);
    }
    t->easy = NULL;
    f->running--;
}

static void begin(ck_transfer *t)
{
    ck_fetches *f = t->all;
    CURLcode code;

    t->state = CK_TRANSFER_RUNNING;
    t->began_ns = ck_now_ns();
    f->running++;
    t->body = f->config.into;
    if (!t->body && ck_body_create(t->name, &t->body, &t->err)) {
        finish(t, CURLE_OUT_OF_MEMORY);
        return;
    }
    t->easy = f->curl->easy_init();
    code = t->easy ? ck_transfer_set_up(t) : CURLE_OUT_OF_MEMORY;
    if (!code && f->curl->multi_add_handle(f->multi, t->easy))
        code = CURLE_FAILED_INIT;
    if (!t->easy)
        ck_fail_memory(&t->err, 0, "preparing a download");
    if (code)
        finish(t, code);
}

/* ---- all of them ------------------------------------------------------------- */

static void take_messages(ck_fetches *f)
{
    CURLMsg *m;
    int left;

    while ((m = f->curl->multi_info_read(f->multi, &left)))
        if (m->msg == CURLMSG_DONE) {
            char *user = NULL;

            f->curl->easy_getinfo(m->easy_handle, CURLINFO_PRIVATE, &user);
            finish((ck_transfer *)(void *)user, m->data.result);
        }
}

static void begin_those_due(ck_fetches *f)
{
    size_t most = f->config.at_once ? f->config.at_once : 1;

    for (size_t i = 0; i < f->count && f->running < most && f->running + f->finished < CK_FETCHES_MOST; i++)
        if (f->transfers[i].state == CK_TRANSFER_WAITING)
            begin(&f->transfers[i]);
}

/* What ended makes room. One after another, only somebody who waits makes the next begin. */
static void take_ends(ck_fetches *f)
{
    take_messages(f);
    if (f->config.at_once)
        begin_those_due(f);
}

static bool give_finished(ck_fetches *f, ck_fetched *out)
{
    for (size_t i = 0; i < f->count; i++) {
        ck_transfer *t = &f->transfers[i];

        if (t->state != CK_TRANSFER_FINISHED)
            continue;
        *out = (ck_fetched){.index = i, .body = t->body, .err = t->err, .seconds = t->seconds};
        t->body = NULL;
        t->state = CK_TRANSFER_GIVEN;
        f->finished--;
        f->given++;
        return true;
    }
    return false;
}

#ifdef CK_HAVE_LIBUV

static void moved(void *user)
{
    ck_fetches *f = user;

    take_ends(f);
    if (f->finished)
        ck_fetch_loop_wake(f->loop);
}

static ck_status open_loop(ck_fetches *f, ck_error *err)
{
    return ck_fetch_loop_open(f->curl, f->multi, moved, f, &f->loop, err);
}

static void close_loop(ck_fetches *f)
{
    ck_fetch_loop_close(&f->loop);
}

static void run_loop(ck_fetches *f, int wait_ms)
{
    ck_fetch_loop_run(f->loop, wait_ms);
}

void ck_fetches_attach(ck_fetches *f, const ck_uv *uv, uv_loop_t *uv_loop)
{
    if (f->loop)
        ck_fetch_loop_attach(f->loop, uv, uv_loop);
}

void ck_fetches_detach(ck_fetches *f)
{
    if (f->loop)
        ck_fetch_loop_detach(f->loop);
}

#else

static ck_status open_loop(ck_fetches *f, ck_error *err)
{
    (void)f;
    (void)err;
    return CK_OK;
}

static void close_loop(ck_fetches *f)
{
    (void)f;
}

static void run_loop(ck_fetches *f, int wait_ms)
{
    (void)f;
    (void)wait_ms;
}

#endif

static void turn(ck_fetches *f, int wait_ms)
{
    int running;

    if (f->loop) {
        run_loop(f, wait_ms);
        return;
    }
    f->curl->multi_perform(f->multi, &running);
    take_ends(f);
    if (wait_ms && f->running && !f->finished)
        f->curl->multi_poll(f->multi, NULL, 0, wait_ms, NULL);
}

size_t ck_fetches_left(const ck_fetches *f)
{
    return f->count - f->given - f->finished;
}

void ck_fetches_turn(ck_fetches *f)
{
    turn(f, 0);
}

int ck_fetches_next(ck_fetches *f, double wait_s, ck_fetched *out)
{
    uint64_t until = ck_now_ns() + (uint64_t)(wait_s * 1e9);

    if (f->given == f->count)
        return -1;
    for (;;) {
        if (give_finished(f, out))
            return 1;
        begin_those_due(f);
        uint64_t now = ck_now_ns();
        turn(f, now < until ? (int)((until - now) / 1000000 + 1) : 0);
        if (give_finished(f, out))
            return 1;
        if (now >= until)
            return 0;
    }
}

ck_status ck_fetch_load(ck_error *err)
{
    const ck_curl *curl;

    return ck_curl_load(&curl, err);
}

static ck_status open_transfer(ck_fetches *f, ck_transfer *t, const char *url, ck_error *err)
{
    t->all = f;
    ck_url_shown(t->name, sizeof t->name, url);
    if (!ck_url_is_http(url))
        return ck_fail(err, CHUNKIMG_USAGE, "%s: only http and https addresses can be read", t->name);
    t->url = strdup(url);
    return t->url ? CK_OK : ck_fail_memory(err, strlen(url), "preparing a download");
}

ck_status ck_fetches_open(const char *const *urls, size_t n, const ck_fetch_config *config, ck_fetches **out, ck_error *err)
{
    ck_fetches *f = calloc(1, sizeof *f + n * sizeof *f->transfers);
    ck_status status = CK_OK;

    *out = NULL;
    if (!f)
        return ck_fail_memory(err, n * sizeof *f->transfers, "preparing the downloads");
    f->config = *config;
    snprintf(f->agent, sizeof f->agent, "%s", config->agent);
    f->config.agent = f->agent;
    for (; f->count < n && !status; f->count++)
        status = open_transfer(f, &f->transfers[f->count], urls[f->count], err);
    if (!status)
        status = ck_curl_load(&f->curl, err);
    if (!status && !(f->multi = f->curl->multi_init()))
        status = ck_fail_memory(err, 0, "preparing the downloads");
    if (!status && config->at_once && config->on_loop)
        status = open_loop(f, err);
    if (!status && config->at_once)
        begin_those_due(f);
    if (status)
        ck_fetches_close(&f);
    *out = f;
    return status;
}

void ck_fetches_close(ck_fetches **fetches)
{
    ck_fetches *f = *fetches;

    if (!f)
        return;
    *fetches = NULL;
    for (size_t i = 0; i < f->count; i++) {
        ck_transfer *t = &f->transfers[i];

        if (t->easy)
            finish(t, CURLE_ABORTED_BY_CALLBACK);
        drop_body(t);
        free(t->url);
    }
    if (f->multi)
        f->curl->multi_cleanup(f->multi);
    close_loop(f);
    free(f);
}

#else

#include "base/url.h"

ck_status ck_fetch_load(ck_error *err)
{
    return ck_fail(err, CHUNKIMG_USAGE, "this build reads no addresses: it was made without libcurl");
}

ck_status ck_fetches_open(const char *const *urls, size_t n, const ck_fetch_config *config, ck_fetches **out, ck_error *err)
{
    char name[256];

    (void)n;
    (void)config;
    *out = NULL;
    return ck_fail(err, CHUNKIMG_USAGE, "%s: this build reads no addresses: it was made without libcurl",
                   ck_url_shown(name, sizeof name, urls[0]));
}

void ck_fetches_close(ck_fetches **fetches)
{
    *fetches = NULL;
}

size_t ck_fetches_left(const ck_fetches *fetches)
{
    (void)fetches;
    return 0;
}

void ck_fetches_turn(ck_fetches *fetches)
{
    (void)fetches;
}

#ifdef CK_HAVE_LIBUV
void ck_fetches_attach(ck_fetches *fetches, const ck_uv *uv, uv_loop_t *uv_loop)
{
    (void)fetches;
    (void)uv;
    (void)uv_loop;
}

void ck_fetches_detach(ck_fetches *fetches)
{
    (void)fetches;
}
#endif

int ck_fetches_next(ck_fetches *fetches, double wait_s, ck_fetched *out)
{
    (void)fetches;
    (void)wait_s;
    (void)out;
    return -1;
}

#endif
