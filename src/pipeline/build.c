/* What this library was built with. */
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "codec/codec.h"
#include "os/curllib.h"
#include "os/uvlib.h"

#ifdef CK_HAVE_LIBDEFLATE
#include <libdeflate.h>
#define LIBDEFLATE "libdeflate " LIBDEFLATE_VERSION_STRING
#else
#define LIBDEFLATE "without libdeflate"
#endif

#ifdef CK_HAVE_ISAL
#include <isa-l.h>
#define TEXT_OF(x) #x
#define TEXT(x) TEXT_OF(x)
#define ISAL "ISA-L " TEXT(ISAL_MAJOR_VERSION) "." TEXT(ISAL_MINOR_VERSION) "." TEXT(ISAL_PATCH_VERSION)
#else
#define ISAL "without ISA-L"
#endif

#ifdef CK_HAVE_SECCOMP
#include <seccomp.h>
#define TEXT_OF_3(a, b, c) #a "." #b "." #c
#define TEXT_3(a, b, c) TEXT_OF_3(a, b, c)
#define SECCOMP "libseccomp " TEXT_3(SCMP_VER_MAJOR, SCMP_VER_MINOR, SCMP_VER_MICRO)
#else
#define SECCOMP "without libseccomp"
#endif

char *chunkimg_build_info(char *to, size_t size)
{
    size_t used = 0;
    const ck_codec *c;

    for (size_t i = 0; (c = ck_codec_at(i)) && used < size; i++)
        if (c->library)
            used += (size_t)snprintf(to + used, size - used, "%s, ", c->library());
    if (used < size)
        snprintf(to + used, size - used, LIBDEFLATE ", " ISAL ", " SECCOMP ", jansson " JANSSON_VERSION ", OpenMP %d, %s, %s",
#ifdef _OPENMP
                 _OPENMP,
#else
                 0,
#endif
                 ck_curl_build(), ck_uv_build());
    return to;
}
