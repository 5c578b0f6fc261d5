#include "base/error.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

const char *chunkimg_status_text(chunkimg_status status)
{
    switch (status) {
#define X(name, code, text) \
    case CHUNKIMG_##name: return text;
        CHUNKIMG_STATUS_MAP(X)
#undef X
    default: return "unknown status";
    }
}

int chunkimg_status_exit_code(chunkimg_status status)
{
    switch (status) {
#define X(name, code, text) \
    case CHUNKIMG_##name: return code;
        CHUNKIMG_STATUS_MAP(X)
#undef X
    default: return 1;
    }
}

void ck_error_clear(ck_error *err)
{
    if (err)
        *err = (ck_error){.status = CK_OK, .col = -1, .row = -1};
}

ck_status ck_fail(ck_error *err, ck_status status, const char *format, ...)
{
    va_list args;

    if (!err)
        return status;
    ck_error_clear(err);
    err->status = status;
    va_start(args, format);
    vsnprintf(err->text, sizeof err->text, format, args);
    va_end(args);
    return status;
}

ck_status ck_fail_os(ck_error *err, int os_errno, const char *format, ...)
{
    va_list args;
    char reason[96];
    size_t used;

    if (!err)
        return CHUNKIMG_SYSTEM;
    ck_error_clear(err);
    err->status = CHUNKIMG_SYSTEM;
    err->os_errno = os_errno;
    va_start(args, format);
    vsnprintf(err->text, sizeof err->text, format, args);
    va_end(args);
    /* A long path gives way to the reason, never the other way round. */
    snprintf(reason, sizeof reason, ": %s", strerrordesc_np(os_errno) ? strerrordesc_np(os_errno) : "unknown error");
    used = strlen(err->text);
    if (used + strlen(reason) >= sizeof err->text)
        used = sizeof err->text - strlen(reason) - 1;
    memcpy(err->text + used, reason, strlen(reason) + 1);
    return CHUNKIMG_SYSTEM;
}

ck_status ck_fail_memory(ck_error *err, size_t nbytes, const char *what)
{
    return ck_fail(err, CHUNKIMG_SYSTEM, "out of memory while %s (%zu bytes)", what, nbytes);
}
