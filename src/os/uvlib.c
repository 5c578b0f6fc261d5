#include "os/uvlib.h"

#ifdef CK_HAVE_LIBUV

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

/* A pointer to a function that is asked for by its name; the detour over memcpy is what ISO C allows. */
static bool resolve(void *library, const char *name, void *to)
{
    void *at = dlsym(library, name);

    memcpy(to, &at, sizeof at);
    return at != NULL;
}

/* libuv aborts where its first loop cannot have the descriptors for signals (three pairs, an epoll, an eventfd). */
static int descriptors_missing(void)
{
    enum { PAIRS = 4 };
    int pairs[PAIRS][2], n = 0, why = 0;

    while (n < PAIRS && !why) {
        why = pipe2(pairs[n], O_CLOEXEC) ? errno : 0;
        n += !why;
    }
    while (n--) {
        close(pairs[n][0]);
        close(pairs[n][1]);
    }
    return why;
}

ck_status ck_uv_load(ck_uv *uv, ck_error *err)
{
    const char *missing = NULL, *why;
    int refused = descriptors_missing();

    if (refused) {
        *uv = (ck_uv){.library = NULL};
        return ck_fail_os(err, refused, "there can be no event loop");
    }
    *uv = (ck_uv){.library = dlopen("libuv.so.1", RTLD_NOW | RTLD_LOCAL)};
    if (!uv->library) {
        why = dlerror();
        return ck_fail(err, CHUNKIMG_SYSTEM, "there can be no event loop: %s", why ? why : "libuv.so.1 cannot be loaded");
    }
#define X(name)                                                \
    if (!resolve(uv->library, "uv_" #name, (void *)&uv->name)) \
        missing = "uv_" #name;
    CK_UV_MAP(X)
#undef X
    if (!missing)
        return CK_OK;
    ck_uv_unload(uv);
    return ck_fail(err, CHUNKIMG_SYSTEM, "there can be no event loop: libuv has no %s", missing);
}

void ck_uv_unload(ck_uv *uv)
{
    if (uv->library)
        dlclose(uv->library);
    uv->library = NULL;
}

#define TEXT_OF(x) #x
#define TEXT(x) TEXT_OF(x)

const char *ck_uv_build(void)
{
    return "libuv " TEXT(UV_VERSION_MAJOR) "." TEXT(UV_VERSION_MINOR) "." TEXT(UV_VERSION_PATCH);
}

#else

const char *ck_uv_build(void)
{
    return "without libuv";
}

#endif
