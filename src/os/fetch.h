/*
 * Downloads over http and https, in the thread that asks for them.
 *
 * One after another: each begins when somebody waits for the next, and that
 * caller blocks. At once: as many as may begin at the start, the others as
 * these end, and all move along whenever somebody turns or waits. Either way
 * each ends by itself, with a body or with its own error. TLS certificates are
 * verified; SSL_CERT_FILE and CURL_CA_BUNDLE name other authorities, as for curl.
 */
#ifndef CK_OS_FETCH_H
#define CK_OS_FETCH_H

#include "os/body.h"
#include "os/uvlib.h"

typedef struct ck_fetches ck_fetches;

/* Each that goes, or waits to be taken, holds a descriptor or two: more than this many are never begun. */
enum { CK_FETCHES_MOST = 128 };

typedef struct ck_fetch_config {
    int64_t timeout_s;    /* to connect, and without a kilobyte a second */
    uint64_t most_nbytes; /* of one body */
    const char *agent;    /* what the server is told */
    unsigned at_once;     /* that may go at the same time; 0: one after another, each when somebody waits for it */
    bool on_loop;         /* at once, on an event loop: libuv waits. False, or no libuv: libcurl does */
    ck_body *into;        /* of one address: an empty body of the caller's that is filled, and stays its own; NULL: one is made for each */
} ck_fetch_config;

typedef struct ck_fetched {
    size_t index;    /* of the address */
    ck_body *body;   /* the receiver's, or config.into; NULL: it failed, and err says why */
    ck_error err;
    double seconds;  /* since it was begun */
} ck_fetched;

/* Has libcurl at hand, before there are threads and processes that need it. CHUNKIMG_SYSTEM, or in a build without it CHUNKIMG_USAGE. */
ck_status ck_fetch_load(ck_error *err);

/* Addresses are copied. CHUNKIMG_USAGE where one is not http or https, CHUNKIMG_SYSTEM where libcurl is not at hand. */
ck_status ck_fetches_open(const char *const *urls, size_t n, const ck_fetch_config *config, ck_fetches **out, ck_error *err);
void ck_fetches_close(ck_fetches **fetches); /* what is not finished is dropped */

/*
 * The next that has finished, in the order of finishing. 1: *out is set;
 * 0: none has, although wait_s seconds were waited (0: a look, and what can be
 * moved without waiting is moved); -1: all were given out.
 */
int ck_fetches_next(ck_fetches *fetches, double wait_s, ck_fetched *out);

/* How many have not ended yet. */
size_t ck_fetches_left(const ck_fetches *fetches);

/* Moves what has begun as far as it goes without waiting. */
void ck_fetches_turn(ck_fetches *fetches);

#ifdef CK_HAVE_LIBUV
/*
 * Those on a loop: from now on `uv_loop` moves them, beside whatever else it
 * does, until detach, which leaves handles that it has to close in its last turns.
 */
void ck_fetches_attach(ck_fetches *fetches, const ck_uv *uv, uv_loop_t *uv_loop);
void ck_fetches_detach(ck_fetches *fetches);
#endif

#endif
