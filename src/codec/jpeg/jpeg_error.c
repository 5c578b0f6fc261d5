#include "codec/jpeg/jpeg_error.h"

#include <jerror.h>

/* What a file may hold and this libjpeg cannot read, as opposed to damage. */
static bool is_unsupported(int code)
{
    switch (code) {
    case JERR_ARITH_NOTIMPL:
    case JERR_BAD_PRECISION:
    case JERR_CCIR601_NOTIMPL:
    case JERR_COMPONENT_COUNT:
    case JERR_CONVERSION_NOTIMPL:
    case JERR_EMPTY_IMAGE: /* a height that follows in a DNL marker */
    case JERR_FRACT_SAMPLE_NOTIMPL:
    case JERR_IMAGE_TOO_BIG:
    case JERR_NOT_COMPILED:
    case JERR_SOF_UNSUPPORTED: return true;
    default: return false;
    }
}

static ck_status describe(j_common_ptr cinfo)
{
    ck_jpeg_fault *fault = CK_JPEG_FAULT(cinfo);
    int code = fault->pub.msg_code;
    char text[JMSG_LENGTH_MAX];

    fault->pub.format_message(cinfo, text);
    if (code == JERR_OUT_OF_MEMORY)
        return ck_fail(fault->err, CHUNKIMG_SYSTEM, "%s%sout of memory in libjpeg", fault->name ? fault->name : "",
                       fault->name ? ": " : "");
    if (!fault->name)
        return ck_fail(fault->err, CHUNKIMG_SYSTEM, "a JPEG cannot be written: %s", text);
    if (code == JERR_NO_BACKING_STORE) /* max_memory_to_use was passed */
        return ck_fail(fault->err, CHUNKIMG_LIMIT, "%s: decoding needs more memory than is allowed", fault->name);
    return ck_fail(fault->err, CHUNKIMG_BAD_INPUT, "%s: %s JPEG: %s", fault->name,
                   is_unsupported(code) ? "unsupported" : "damaged", text);
}

static void on_error(j_common_ptr cinfo)
{
    ck_jpeg_raise(CK_JPEG_FAULT(cinfo), describe(cinfo));
}

/*
 * Level -1 is a warning: libjpeg goes on and invents pixels, so it is an
 * error here. The exception says nothing about pixels: a JFIF revision that is not 1.x.
 */
static void on_message(j_common_ptr cinfo, int level)
{
    ck_jpeg_fault *fault = CK_JPEG_FAULT(cinfo);

    if (level >= 0)
        return;
    if (fault->pub.msg_code == JWRN_JFIF_MAJOR)
        ck_jpeg_warn(fault, "the JFIF marker is of an unknown revision");
    else
        on_error(cinfo);
}

static void on_output(j_common_ptr cinfo)
{
    (void)cinfo; /* the library's way to print: never */
}

void ck_jpeg_fault_init(ck_jpeg_fault *fault, const char *name)
{
    *fault = (ck_jpeg_fault){.name = name};
    jpeg_std_error(&fault->pub);
    fault->pub.error_exit = on_error;
    fault->pub.emit_message = on_message;
    fault->pub.output_message = on_output;
}

_Noreturn void ck_jpeg_raise(ck_jpeg_fault *fault, ck_status status)
{
    fault->status = status;
    longjmp(fault->jump, 1);
}

void ck_jpeg_warn(ck_jpeg_fault *fault, const char *text)
{
    char line[512];

    if (!fault->warnings || !fault->warnings->say)
        return;
    snprintf(line, sizeof line, "%s: %s", fault->name, text);
    fault->warnings->say(fault->warnings->user, line);
}
