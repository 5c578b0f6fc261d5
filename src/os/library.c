#include "os/library.h"

#include <dlfcn.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"

ck_status ck_library_open(const char *path, void **out, ck_error *err)
{
    char here[4096], shown[120];
    const char *why;

    /* The loader would look for a name without a slash among the system's libraries. */
    if (!strchr(path, '/') && (size_t)snprintf(here, sizeof here, "./%s", path) < sizeof here)
        path = here;
    *out = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    if (*out)
        return CK_OK;
    why = dlerror();
    return ck_fail(err, CHUNKIMG_USAGE, "%s: cannot be loaded: %.300s", ck_text_escape(shown, sizeof shown, path),
                   why ? why : "the loader does not say why");
}

void ck_library_close(void **library)
{
    if (*library)
        dlclose(*library);
    *library = NULL;
}

void *ck_library_find(void *library, const char *symbol)
{
    return dlsym(library, symbol);
}
