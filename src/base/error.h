/* Filling a chunkimg_error. Where an error is detected it gets words; where it passes, it is passed. */
#ifndef CK_BASE_ERROR_H
#define CK_BASE_ERROR_H

#include <chunkimg/chunkimg.h>

typedef chunkimg_error ck_error;
typedef chunkimg_status ck_status;

#define CK_OK CHUNKIMG_OK

/* All return `status`, so that a caller can write `return ck_fail(...)`. err may be NULL. */
ck_status ck_fail(ck_error *err, ck_status status, const char *format, ...) __attribute__((format(printf, 3, 4)));

/* A failed system call: appends the text of `os_errno`; the status is CHUNKIMG_SYSTEM. */
ck_status ck_fail_os(ck_error *err, int os_errno, const char *format, ...) __attribute__((format(printf, 3, 4)));

/* "out of memory while WHAT (N bytes)" */
ck_status ck_fail_memory(ck_error *err, size_t nbytes, const char *what);

void ck_error_clear(ck_error *err);

#endif
