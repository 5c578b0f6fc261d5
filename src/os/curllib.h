/*
 * libcurl, loaded the first time an address is given: a run on local files
 * does not pay for it. Its header is of the build, its code of the machine.
 */
#ifndef CK_OS_CURLLIB_H
#define CK_OS_CURLLIB_H

#include "base/error.h"

#ifdef CK_HAVE_CURL

#include <curl/curl.h>

#define CK_CURL_MAP(X)                                                                                                   \
    X(global_init) X(version_info)                                                                                       \
    X(easy_init) X(easy_setopt) X(easy_getinfo) X(easy_cleanup) X(easy_strerror)                                         \
    X(multi_init) X(multi_setopt) X(multi_add_handle) X(multi_remove_handle) X(multi_perform) X(multi_poll)              \
    X(multi_socket_action) X(multi_assign) X(multi_info_read) X(multi_cleanup) X(multi_strerror)

typedef struct ck_curl {
#define X(name) __typeof__(curl_##name) *name;
    CK_CURL_MAP(X)
#undef X
} ck_curl;

/* The library's functions, for the rest of the program. CHUNKIMG_SYSTEM where it cannot be loaded. Any thread. */
ck_status ck_curl_load(const ck_curl **out, ck_error *err);

#endif

/* "libcurl 7.88.1" of the build, or "without libcurl". */
const char *ck_curl_build(void);

#endif
