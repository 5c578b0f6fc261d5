#include "os/fetch_inside.h"

#ifdef CK_HAVE_CURL

#include <stdlib.h>
#include <string.h>

enum {
    REDIRECTS_MOST = 10,
    SLOWEST = 1024 /* bytes a second: with less than that for the whole timeout a transfer has stalled */
};

static size_t on_bytes(char *bytes, size_t one, size_t n, void *user)
{
    ck_transfer *t = user;

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

CURLcode ck_transfer_set_up(ck_transfer *t)
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

static long answer(const ck_transfer *t)
{
    long code = 0;

    t->all->curl->easy_getinfo(t->easy, CURLINFO_RESPONSE_CODE, &code);
    return code;
}

static ck_status too_large(ck_transfer *t)
{
    return ck_fail(&t->err, CHUNKIMG_LIMIT, "%s: more than --max-download allows (%.1f MiB)", t->name,
                   (double)t->all->config.most_nbytes / 1048576);
}

static ck_status timed_out(ck_transfer *t)
{
    curl_off_t connected = 0;

    t->all->curl->easy_getinfo(t->easy, CURLINFO_CONNECT_TIME_T, &connected);
    return ck_fail(&t->err, CHUNKIMG_SYSTEM, connected ? "%s: nothing more came for %lld s (--timeout); %llu bytes had come"
                                                       : "%s: no connection within %lld s (--timeout)",
                   t->name, (long long)t->all->config.timeout_s, (unsigned long long)t->body->nbytes);
}

/* libcurl's own text where it has one: it names host, port and reason. */
static ck_status other_failure(ck_transfer *t, CURLcode code)
{
    const char *text = *t->text ? t->text : t->all->curl->easy_strerror(code);

    return ck_fail(&t->err, CHUNKIMG_SYSTEM, "%s: cannot be loaded: %s", t->name, text);
}

ck_status ck_transfer_verdict(ck_transfer *t, CURLcode code)
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

#endif
