/*
 * Decoding by libpng's row interface. libpng leaves by longjmp: `guarded` is
 * the only place it can arrive at, and what runs under it has no locals that
 * outlive the jump; everything lives in the reader.
 *
 * The result is what png_set_expand gives: palette to RGB, gray of 1, 2 and 4
 * bits to 8, tRNS to alpha; 16 bit stays 16. No gamma.
 */
#include "codec/png/png_read.h"

#include <png.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "codec/exif.h"
#include "codec/png/png_chunk.h"

enum {
    CHUNK_MOST = 16 << 20,      /* bytes of an ancillary chunk, unpacked; ICC profiles of printers reach some MB */
    LIBRARY_NBYTES = 160 << 10, /* libpng's and zlib's structs, window and buffers, rounded up */
};

typedef struct reader {
    png_structp png;
    png_infop info;
    ck_input *in;
    ck_warnings warnings;
    ck_error *err;    /* of the call that is running */
    ck_status status; /* its outcome */
    bool no_memory;   /* an allocation failed, whatever libpng made of it */
    ck_shape shape;
    int passes;
    int32_t rows_left;
    ck_view into;
} reader;

/* ---- libpng's callbacks ------------------------------------------------ */

/* libpng quotes bytes of the file, the name of a profile for instance. */
static void printable(char *to, size_t size, const char *text)
{
    size_t n = 0;

    for (; *text && n + 1 < size; text++)
        to[n++] = *text >= ' ' && *text <= '~' ? *text : '?';
    to[n] = '\0';
}

static _Noreturn void give_up(png_structp png, png_const_charp text)
{
    reader *r = png_get_error_ptr(png);
    char shown[200];

    if (r->no_memory) {
        r->status = ck_fail(r->err, CHUNKIMG_SYSTEM, "%s: out of memory while decoding", ck_input_name(r->in));
    } else if (!r->status) {
        printable(shown, sizeof shown, text);
        r->status = ck_fail(r->err, CHUNKIMG_BAD_INPUT, "%s: damaged PNG: %s", ck_input_name(r->in), shown);
    }
    png_longjmp(png, 1);
}

/* A warning that means other pixels than the file's author saw. tRNS beside real alpha is ignored by everybody. */
static bool changes_pixels(const char *text)
{
    return !strncmp(text, "IDAT", 4) || !strncmp(text, "PLTE", 4)
           || (!strncmp(text, "tRNS", 4) && !strstr(text, "alpha channel"));
}

static void warn(png_structp png, png_const_charp text)
{
    reader *r = png_get_error_ptr(png);
    char shown[200], line[480];

    if (changes_pixels(text))
        give_up(png, text);
    if (!r->warnings.say)
        return;
    printable(shown, sizeof shown, text);
    snprintf(line, sizeof line, "%s: %s", ck_input_name(r->in), shown);
    r->warnings.say(r->warnings.user, line);
}

static void read_bytes(png_structp png, png_bytep to, size_t nbytes)
{
    reader *r = png_get_io_ptr(png);
    size_t got;

    r->status = ck_input_read(r->in, to, nbytes, &got, r->err);
    if (r->status)
        png_longjmp(png, 1);
    if (got < nbytes)
        give_up(png, "the file ends too early");
}

static png_voidp take(png_structp png, png_alloc_size_t nbytes)
{
    reader *r = png_get_mem_ptr(png);
    void *p = malloc(nbytes);

    if (!p)
        r->no_memory = true;
    return p;
}

static void give(png_structp png, png_voidp p)
{
    (void)png;
    free(p);
}

/* ---- steps that run under the guard ------------------------------------ */

static ck_status guarded(reader *r, void (*step)(reader *), ck_error *err)
{
    r->err = err;
    r->status = CK_OK;
    if (!setjmp(png_jmpbuf(r->png)))
        step(r);
    r->err = NULL;
    return r->status;
}

/* Chunks that nothing here looks at are skipped unread (their CRC is still checked), however large they are. */
static void ignore_chunks(png_structp png)
{
    static const uint8_t names[] = "bKGD\0cHRM\0gAMA\0hIST\0iTXt\0oFFs\0pCAL\0sBIT\0sCAL\0"
                                   "sPLT\0sRGB\0sTER\0tEXt\0tIME\0zTXt";

    png_set_keep_unknown_chunks(png, PNG_HANDLE_CHUNK_NEVER, NULL, 0);
    png_set_keep_unknown_chunks(png, PNG_HANDLE_CHUNK_NEVER, names, sizeof names / 5);
}

static void configure(reader *r)
{
    png_set_read_fn(r->png, r, read_bytes);
    png_set_user_limits(r->png, INT32_MAX, INT32_MAX);
    png_set_chunk_malloc_max(r->png, CHUNK_MOST);
    png_set_chunk_cache_max(r->png, 64);
    png_set_benign_errors(r->png, 1);
    png_set_crc_action(r->png, PNG_CRC_ERROR_QUIT, PNG_CRC_WARN_DISCARD);
    png_set_option(r->png, PNG_SKIP_sRGB_CHECK_PROFILE, PNG_OPTION_ON);
    ignore_chunks(r->png);
}

static void read_header(reader *r)
{
    configure(r);
    png_read_info(r->png, r->info);
}

static void start_rows(reader *r)
{
    png_set_expand(r->png);
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
    png_set_swap(r->png);
#endif
    r->passes = png_set_interlace_handling(r->png);
    png_read_update_info(r->png, r->info);
    if (png_get_rowbytes(r->png, r->info) != ck_row_nbytes(r->shape))
        png_error(r->png, "unsupported pixel format");
}

static void read_rows(reader *r)
{
    for (int pass = 0; pass < r->passes; pass++)
        for (int32_t y = 0; y < r->into.shape.h; y++)
            png_read_row(r->png, ck_row(r->into, y), NULL);
    r->rows_left -= r->into.shape.h;
    if (!r->rows_left)
        png_read_end(r->png, NULL);
}

/* ---- header ------------------------------------------------------------ */

static ck_shape expanded_shape(const reader *r)
{
    unsigned type = png_get_color_type(r->png, r->info);
    bool alpha = (type & PNG_COLOR_MASK_ALPHA) || png_get_valid(r->png, r->info, PNG_INFO_tRNS);

    return (ck_shape){
        .w = (int32_t)png_get_image_width(r->png, r->info),
        .h = (int32_t)png_get_image_height(r->png, r->info),
        .channels = (uint8_t)((type & PNG_COLOR_MASK_COLOR ? 3 : 1) + alpha),
        .depth = png_get_bit_depth(r->png, r->info) == 16 ? 16 : 8,
    };
}

static void read_meta(const reader *r, ck_meta *meta)
{
    png_charp name;
    png_bytep icc, exif;
    png_uint_32 nbytes, x, y;
    int how;

    *meta = (ck_meta){.orientation = 1};
    if (png_get_iCCP(r->png, r->info, &name, &how, &icc, &nbytes)) {
        meta->icc = icc; /* the info struct keeps it until close */
        meta->icc_nbytes = nbytes;
    }
    if (png_get_pHYs(r->png, r->info, &x, &y, &how) && how == PNG_RESOLUTION_METER) {
        meta->x_density = x;
        meta->y_density = y;
    }
    if (png_get_eXIf_1(r->png, r->info, &nbytes, &exif))
        meta->orientation = (uint8_t)ck_exif_orientation(exif, nbytes);
}

static ck_status check_limits(const reader *r, const ck_limits *limits, const ck_image *image, ck_error *err)
{
    ck_shape s = r->shape;
    uint64_t pixels = (uint64_t)s.w * (uint64_t)s.h;

    if (pixels > limits->max_pixels)
        return ck_fail(err, CHUNKIMG_LIMIT, "%s: %d x %d pixels are more than --max-pixels allows (%llu)",
                       ck_input_name(r->in), s.w, s.h, (unsigned long long)limits->max_pixels);
    if (image->memory > limits->max_memory)
        return ck_fail(err, CHUNKIMG_LIMIT, "%s: decoding needs %llu bytes, more than --max-memory allows (%llu)",
                       ck_input_name(r->in), (unsigned long long)image->memory,
                       (unsigned long long)limits->max_memory);
    return CK_OK;
}

/* libpng keeps two rows of up to 8 bytes a pixel, the width rounded up to 8, and the profile once packed, once not. */
static uint64_t memory_needed(const reader *r, const ck_meta *meta)
{
    return LIBRARY_NBYTES + 2 * 8 * ((uint64_t)r->shape.w + 64) + 2 * (uint64_t)meta->icc_nbytes;
}

static ck_status describe(reader *r, const ck_limits *limits, ck_image *out, ck_error *err)
{
    r->shape = expanded_shape(r);
    r->rows_left = r->shape.h;
    read_meta(r, &out->meta);
    out->shape = r->shape;
    out->whole = png_get_interlace_type(r->png, r->info) != PNG_INTERLACE_NONE;
    out->memory = memory_needed(r, &out->meta);
    return check_limits(r, limits, out, err);
}

/* ---- the decoder ------------------------------------------------------- */

static bool png_sniff(const uint8_t *head, size_t nbytes)
{
    return nbytes >= CK_PNG_SIGNATURE_NBYTES && !memcmp(head, ck_png_signature, CK_PNG_SIGNATURE_NBYTES);
}

static void png_close(void *st)
{
    reader *r = st;

    png_destroy_read_struct(&r->png, &r->info, NULL);
}

static ck_status png_open(void *st, ck_input *in, const ck_limits *limits, const ck_warnings *warnings, ck_image *out,
                          ck_error *err)
{
    reader *r = st;
    ck_status status;

    r->in = in;
    if (warnings)
        r->warnings = *warnings;
    r->png = png_create_read_struct_2(PNG_LIBPNG_VER_STRING, r, give_up, warn, r, take, give);
    r->info = r->png ? png_create_info_struct(r->png) : NULL;
    if (!r->info) {
        status = ck_fail(err, CHUNKIMG_SYSTEM, "%s: out of memory while opening", ck_input_name(in));
        goto failed;
    }
    if ((status = guarded(r, read_header, err)) || (status = describe(r, limits, out, err))
        || (status = guarded(r, start_rows, err)))
        goto failed;
    if (r->no_memory) { /* libpng dropped a chunk for the lack of it and went on */
        status = ck_fail(err, CHUNKIMG_SYSTEM, "%s: out of memory while reading the header", ck_input_name(in));
        goto failed;
    }
    return CK_OK;
failed:
    png_close(r);
    return status;
}

static ck_status png_rows(void *st, ck_view into, ck_error *err)
{
    reader *r = st;

    r->into = into;
    return guarded(r, read_rows, err);
}

const ck_decoder ck_png_decoder = {
    .state_size = sizeof(reader),
    .sniff = png_sniff,
    .open = png_open,
    .rows = png_rows,
    .close = png_close,
};
