/* The inside of downloads, which fetch.c (all of them) and fetch_transfer.c (what libcurl is told, and what it says) share. */
#ifndef CK_OS_FETCH_INSIDE_H
#define CK_OS_FETCH_INSIDE_H

#include "os/curllib.h"
#include "os/fetch.h"

#ifdef CK_HAVE_CURL

#include "os/fetch_loop.h"

#ifndef CK_HAVE_LIBUV
typedef struct ck_fetch_loop ck_fetch_loop; /* none is ever made */
#endif

enum ck_transfer_state { CK_TRANSFER_WAITING, CK_TRANSFER_RUNNING, CK_TRANSFER_FINISHED, CK_TRANSFER_GIVEN };

typedef struct ck_transfer {
    ck_fetches *all;
    char *url;
    char name[256]; /* as it may be shown */
    CURL *easy;
    ck_body *body;
    enum ck_transfer_state state;
    bool too_large;
    int os_errno; /* of the body's file */
    uint64_t began_ns;
    double seconds;
    char text[CURL_ERROR_SIZE];
    ck_error err;
} ck_transfer;

struct ck_fetches {
    const ck_curl *curl;
    ck_fetch_config config;
    char agent[64]; /* what config.agent points to */
    CURLM *multi;
    ck_fetch_loop *loop; /* NULL: libcurl waits itself */
    size_t count, running, finished, given; /* finished: and not given */
    ck_transfer transfers[];
};

/* Tells t->easy all there is to say. */
CURLcode ck_transfer_set_up(ck_transfer *t);

/* What became of it: CK_OK where the body is whole, else t->err says why not. */
ck_status ck_transfer_verdict(ck_transfer *t, CURLcode code);

#endif
#endif
