#include "os/curllib.h"

#ifdef CK_HAVE_CURL

#include <dlfcn.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

static ck_curl curl;
static char trouble[256]; /* empty: loaded */
static pthread_once_t once = PTHREAD_ONCE_INIT;

/* A pointer to a function that is asked for by its name; the detour over memcpy is what ISO C allows. */
static bool resolve(void *library, const char *name, void *to)
{
    void *at = dlsym(library, name);

    memcpy(to, &at, sizeof at);
    if (!at)
        snprintf(trouble, sizeof trouble, "libcurl has no %s", name);
    return at != NULL;
}

/* Never unloaded: libcurl and its TLS library keep state of their own. */
static void load(void)
{
    void *library = dlopen("libcurl.so.4", RTLD_NOW | RTLD_LOCAL);
    const char *why = library ? NULL : dlerror();

    if (!library) {
        snprintf(trouble, sizeof trouble, "%s", why ? why : "libcurl.so.4 cannot be loaded");
        return;
    }
#define X(name)                                              \
    if (!resolve(library, "curl_" #name, (void *)&curl.name)) \
        return;
    CK_CURL_MAP(X)
#undef X
    if (curl.global_init(CURL_GLOBAL_DEFAULT))
        snprintf(trouble, sizeof trouble, "libcurl cannot be initialised");
}

ck_status ck_curl_load(const ck_curl **out, ck_error *err)
{
    pthread_once(&once, load);
    *out = &curl;
    return *trouble ? ck_fail(err, CHUNKIMG_SYSTEM, "addresses cannot be read: %s", trouble) : CK_OK;
}

const char *ck_curl_build(void)
{
    return "libcurl " LIBCURL_VERSION;
}

#else

const char *ck_curl_build(void)
{
    return "without libcurl";
}

#endif
