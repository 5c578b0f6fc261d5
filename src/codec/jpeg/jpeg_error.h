/*
 * libjpeg reports by callback and expects error_exit not to return: it jumps
 * back to the codec function that was called, which returns the status.
 *
 *     fault->err = err;
 *     if (setjmp(fault->jump))
 *         return fault->status;
 *     ... calls of libjpeg ...
 *
 * Every codec function that calls libjpeg sets its own jump; no jump leaves the codec.
 */
#ifndef CK_CODEC_JPEG_ERROR_H
#define CK_CODEC_JPEG_ERROR_H

#include <setjmp.h>
#include <stdio.h>

#include <jpeglib.h>

#include "base/error.h"
#include "codec/codec.h"

typedef struct ck_jpeg_fault {
    struct jpeg_error_mgr pub; /* first: libjpeg gives this address back */
    jmp_buf jump;
    const char *name;             /* of the input, for messages; NULL: an encoder */
    ck_error *err;                /* of the call that is running; may be NULL */
    const ck_warnings *warnings;  /* NULL: nobody listens (any longer) */
    ck_status status;             /* what the call is to return after a jump */
} ck_jpeg_fault;

/* To be set as `err` of a compressor or decompressor before it is created. `name` outlives it. */
void ck_jpeg_fault_init(ck_jpeg_fault *fault, const char *name);

/* Leaves by the jump: ck_jpeg_raise(fault, ck_fail(fault->err, ...)). */
_Noreturn void ck_jpeg_raise(ck_jpeg_fault *fault, ck_status status);

/* "FILE: text" to whoever listens. */
void ck_jpeg_warn(ck_jpeg_fault *fault, const char *text);

/* The fault of a compressor or decompressor. */
#define CK_JPEG_FAULT(cinfo) ((ck_jpeg_fault *)(void *)(cinfo)->err)

#endif
