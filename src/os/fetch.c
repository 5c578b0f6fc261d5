#include "os/fetch.h"

#include "os/curllib.h"

#ifdef CK_HAVE_CURL

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/url.h"
#include "os/fetch_loop.h"

#ifndef CK_HAVE_LIBUV
typedef struct ck_fetch_loop ck_fetch_loop; /* none is ever made */
#endif

enum {
    REDIRECTS_MOST = 10,
    SLOWEST = 1024 /* bytes a second: with less than that for the whole timeout a transfer has stalled */
};

enum state { WAITING, RUNNING, FINISHED, GIVEN };

typedef struct transfer {
    ck_fetches *all;
    char *url;
    char name[256]; /* as it may be shown */
    CURL *easy;
    ck_body *body;
    enum state state;
    bool too_large;
    int os_errno; /* of the body's file */
    uint64_t began_ns;
    double seconds;
    char text[CURL_ERROR_SIZE];
    ck_error err;
} transfer;

struct ck_fetches {
    const ck_curl *curl;
    ck_fetch_config config;
    char agent[64]; /* what config.agent points to */
    CURLM *multi;
    ck_fetch_loop *loop; /* NULL: libcurl waits itself */
    size_t count, running, finished, given; /* finished: and not given */
    transfer transfers[];
};

/* ---- one transfer ----------------------------------------------------------- */

static size_t on_bytes(char *bytes, size_t one, size_t n, void *user)
{
    transfer *t = user;

    n *= one;
    t->too_large = t->body->nbytes + n > t->all->config.most_nbytes;
    if (t->too_large)
        return CURL_WRITEFUNC_ERROR;
    t->os_errno = ck_body_append(t->body, bytes, n);
    return t->os_errno ? CURL_WRITEFUNC_ERROR : n;
}

/* The library that is loaded may be older than the header: then it knows the mask alone. */
static CURLcode allow_http_only(const ck_curl *c, CURL *easy)
{
#if LIBCURL_VERSION_NUM >= 0x075500
    CURLcode code = c->easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");

    if (!code)
        code = c->easy_setopt(easy, CURLOPT_REDIR_PROTOCOLS_STR, "http,https");
    if (code != CURLE_UNKNOWN_OPTION)
        return code;
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"
#endif
    CURLcode old = c->easy_setopt(easy, CURLOPT_PROTOCOLS, (long)(CURLPROTO_HTTP | CURLPROTO_HTTPS));

    return old ? old : c->easy_setopt(easy, CURLOPT_REDIR_PROTOCOLS, (long)(CURLPROTO_HTTP | CURLPROTO_HTTPS));
#if LIBCURL_VERSION_NUM >= 0x075500
#pragma GCC diagnostic pop
#endif
}

static const char *authorities(void)
{
    const char *bundle = getenv("CURL_CA_BUNDLE"), *file = getenv("SSL_CERT_FILE");

    return bundle && *bundle ? bundle : file && *file ? file : NULL;
}

static CURLcode set_up(transfer *t)
{
    const ck_curl *c = t->all->curl;
    const ck_fetch_config *config = &t->all->config;
    CURLcode code = allow_http_only(c, t->easy);

#define SET(option, value) code = code ? code : c->easy_setopt(t->easy, option, value)
    SET(CURLOPT_URL, t->url);
    SET(CURLOPT_PRIVATE, t);
    SET(CURLOPT_ERRORBUFFER, t->text);
    SET(CURLOPT_WRITEFUNCTION, on_bytes);
    SET(CURLOPT_WRITEDATA, t);
    SET(CURLOPT_NOSIGNAL, 1L); /* signals belong to the program */
    SET(CURLOPT_FAILONERROR, 1L);
    SET(CURLOPT_FOLLOWLOCATION, 1L);
    SET(CURLOPT_MAXREDIRS, (long)REDIRECTS_MOST);
    SET(CURLOPT_CONNECTTIMEOUT, (long)config->timeout_s);
    SET(CURLOPT_LOW_SPEED_TIME, (long)config->timeout_s);
    SET(CURLOPT_LOW_SPEED_LIMIT, (long)SLOWEST);
    SET(CURLOPT_MAXFILESIZE_LARGE, (curl_off_t)config->most_nbytes);
    SET(CURLOPT_USERAGENT, config->agent);
    if (authorities())
        SET(CURLOPT_CAINFO, authorities());
#undef SET
    return code;
}

static long answer(const transfer *t)
{
    long code = 0;

    t->all->curl->easy_getinfo(t->easy, CURLINFO_RESPONSE_CODE, &code);
    return code;
}

static ck_status too_large(transfer *t)
{
    return ck_fail(&t->err, CHUNKIMG_LIMIT, "%s: more than --max-download allows (%.1f MiB)", t->name,
                   (double)t->all->config.most_nbytes / 1048576);
}

static ck_status timed_out(transfer *t)
{
    curl_off_t connected = 0;

    t->all->curl->easy_getinfo(t->easy, CURLINFO_CONNECT_TIME_T, &connected);
    return ck_fail(&t->err, CHUNKIMG_SYSTEM, connected ? "%s: nothing more came for %lld s (--timeout); %llu bytes had come"
                                                       : "%s: no connection within %lld s (--timeout)",
                   t->name, (long long)t->all->config.timeout_s, (unsigned long long)t->body->nbytes);
}

/* libcurl's own text where it has one: it names host, port and reason. */
static ck_status other_failure(transfer *t, CURLcode code)
{
    const char *text = *t->text ? t->text : t->all->curl->easy_strerror(code);

    return ck_fail(&t->err, CHUNKIMG_SYSTEM, "%s: cannot be loaded: %s", t->name, text);
}

static ck_status verdict(transfer *t, CURLcode code)
{
    switch (code) {
    case CURLE_OK:
        if (answer(t) == 200)
            return CK_OK;
        return ck_fail(&t->err, CHUNKIMG_SYSTEM, "%s: cannot be loaded: the server answered %ld", t->name, answer(t));
    case CURLE_HTTP_RETURNED_ERROR:
        return ck_fail(&t->err, CHUNKIMG_SYSTEM, "%s: cannot be loaded: the server answered %ld", t->name, answer(t));
    case CURLE_FILESIZE_EXCEEDED:
        return too_large(t);
    case CURLE_WRITE_ERROR:
        if (t->too_large)
            return too_large(t);
        return t->os_errno ? ck_fail_os(&t->err, t->os_errno, "%s: the download cannot be stored", t->name)
                           : other_failure(t, code);
    case CURLE_OPERATION_TIMEDOUT:
        return timed_out(t);
    case CURLE_TOO_MANY_REDIRECTS:
        return ck_fail(&t->err, CHUNKIMG_SYSTEM, "%s: cannot be loaded: more than %d redirects", t->name, REDIRECTS_MOST);
    case CURLE_UNSUPPORTED_PROTOCOL:
        return ck_fail(&t->err, CHUNKIMG_SYSTEM, "%s: cannot be loaded: redirected to neither http nor https", t->name);
    case CURLE_URL_MALFORMAT:
        return ck_fail(&t->err, CHUNKIMG_USAGE, "%s: is no address: %s", t->name, t->text);
    default:
        return other_failure(t, code);
    }
}

static void drop_body(transfer *t)
{
    if (t->body != t->all->config.into)
        ck_body_free(&t->body);
    t->body = NULL;
}

static void finish(transfer *t, CURLcode code)
{
    ck_fetches *f = t->all;

    t->state = FINISHED;
    f->finished++;
    t->seconds = ck_seconds(ck_now_ns() - t->began_ns);
    if (t->err.status || verdict(t, code))
        drop_body(t);
    if (t->easy) {
        f->curl->multi_remove_handle(f->multi, t->easy);
        f->curl->easy_cleanup(t->easy);
    }
    t->easy = NULL;
    f->running--;
}

static void begin(transfer *t)
{
    ck_fetches *f = t->all;
    CURLcode code;

    t->state = RUNNING;
    t->began_ns = ck_now_ns();
    f->running++;
    t->body = f->config.into;
    if (!t->body && ck_body_create(t->name, &t->body, &t->err)) {
        finish(t, CURLE_OUT_OF_MEMORY);
        return;
    }
    t->easy = f->curl->easy_init();
    code = t->easy ? set_up(t) : CURLE_OUT_OF_MEMORY;
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
            finish((transfer *)(void *)user, m->data.result);
        }
}

static void begin_those_due(ck_fetches *f)
{
    size_t most = f->config.at_once ? f->config.at_once : 1;

    for (size_t i = 0; i < f->count && f->running < most && f->running + f->finished < CK_FETCHES_MOST; i++)
        if (f->transfers[i].state == WAITING)
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
        transfer *t = &f->transfers[i];

        if (t->state != FINISHED)
            continue;
        *out = (ck_fetched){.index = i, .body = t->body, .err = t->err, .seconds = t->seconds};
        t->body = NULL;
        t->state = GIVEN;
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

static ck_status open_transfer(ck_fetches *f, transfer *t, const char *url, ck_error *err)
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
        transfer *t = &f->transfers[i];

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
