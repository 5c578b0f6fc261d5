/*
 * Decoding. libpng reads the header, all that follows the pixels, and the
 * pixels of odd files. Those of ordinary files are read by png_direct.c: libpng
 * is shown one IDAT with an empty stream in the place of the file's own, which
 * it goes through when it is asked for the end of the image.
 *
 * libpng leaves by longjmp: `guarded` is the only place it can arrive at, and
 * what runs under it has no locals that outlive the jump; everything lives in
 * the reader.
 *
 * The result is what png_set_expand gives: palette to RGB, gray of 1, 2 and 4
 * bits to 8, tRNS to alpha; 16 bit stays 16. No gamma. Where the caller asks
 * for indices, a palette's pixels stay as they are, a byte each.
 */
#include "codec/png/png_read.h"

#include <png.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "codec/png/png_chunk.h"
#include "codec/png/png_direct.h"
#include "codec/png/png_header.h"
#include "codec/png/png_piece.h"

#ifndef CK_PNG_PIECES_FROM
#define CK_PNG_PIECES_FROM (2 << 20) /* pixels; less is not worth a look for segments. A test build makes it small. */
#define CK_PNG_PIECE_NBYTES (2 << 20)
#endif

enum {
    LIBRARY_NBYTES = 160 << 10, /* libpng's and zlib's structs, window and buffers, rounded up */
    EMPTY_NBYTES = 8,           /* of a zlib stream that holds nothing */
};

/* And the CRC of an IDAT that consists of it. */
static const uint8_t empty_idat[EMPTY_NBYTES + 4] = {0x78, 0x9c, 3, 0, 0, 0, 0, 1, 0x48, 0x06, 0x89, 0xd2};

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
    bool started; /* libpng was told what rows are to be like */

    bool idat_met, is_direct;
    uint32_t idat_length; /* of the first IDAT */
    uint64_t idat_longest; /* that libpng lets pass; asked before it is told to expand */
    size_t shown;         /* bytes of empty_idat that libpng has read */
    ck_png_direct direct;
    ck_png_pieces pieces; /* of direct's rows */
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

static ck_status meet_idat(reader *r, uint8_t head[8])
{
    const uint8_t *data;
    size_t nbytes;
    ck_status status = ck_input_peek(r->in, &data, &nbytes, r->err);

    r->idat_met = true;
    r->idat_length = ck_png_get32(head);
    r->idat_longest = ck_png_longest_idat(r->png, r->info);
    if (status)
        return status;
    if (nbytes > r->idat_length)
        nbytes = r->idat_length;
    r->is_direct = r->idat_length <= r->idat_longest && ck_png_is_ordinary(r->png, r->info, data, nbytes);
    if (r->is_direct)
        ck_png_put32(head, EMPTY_NBYTES);
    return CK_OK;
}

/* What libpng reads between the head that meet_idat has changed and the next one. */
static size_t read_empty_idat(reader *r, uint8_t *to, size_t nbytes)
{
    size_t n = sizeof empty_idat - r->shown;

    if (n > nbytes)
        n = nbytes;
    memcpy(to, empty_idat + r->shown, n);
    r->shown += n;
    return n;
}

static bool is_idat_head(png_structp png, const uint8_t *bytes, size_t nbytes)
{
    return (png_get_io_state(png) & PNG_IO_CHUNK_HDR) && nbytes == 8 && !memcmp(bytes + 4, "IDAT", 4);
}

static void read_bytes(png_structp png, png_bytep to, size_t nbytes)
{
    reader *r = png_get_io_ptr(png);
    size_t shown = r->is_direct ? read_empty_idat(r, to, nbytes) : 0, got;

    r->status = ck_input_read(r->in, to + shown, nbytes - shown, &got, r->err);
    if (r->status)
        png_longjmp(png, 1);
    if (got < nbytes - shown)
        give_up(png, "the file ends too early");
    if (r->idat_met || !is_idat_head(png, to, nbytes))
        return;
    r->status = meet_idat(r, to);
    if (r->status)
        png_longjmp(png, 1);
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
    png_set_chunk_malloc_max(r->png, CK_PNG_ANCILLARY_MOST);
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
    if (r->direct.expand.keep) {
        png_set_packing(r->png);
        png_set_check_for_invalid_index(r->png, 0); /* it warns where they stand for black */
    } else {
        png_set_expand(r->png);
    }
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
    png_set_swap(r->png);
#endif
    r->passes = png_set_interlace_handling(r->png);
    png_read_update_info(r->png, r->info);
    if (png_get_rowbytes(r->png, r->info) != ck_row_nbytes(r->shape))
        png_error(r->png, "unsupported pixel format");
    r->started = true;
}

static void read_rows(reader *r)
{
    if (!r->started)
        start_rows(r);
    for (int pass = 0; pass < r->passes; pass++)
        for (int32_t y = 0; y < r->into.shape.h; y++)
            png_read_row(r->png, ck_row(r->into, y), NULL);
    for (int32_t y = 0; r->direct.expand.keep && y < r->into.shape.h; y++)
        ck_png_expand_row(&r->direct.expand, ck_row(r->into, y), r->into.shape.w);
}

static void read_end(reader *r)
{
    if (!r->started)
        start_rows(r);
    png_read_end(r->png, r->info);
}

/* ---- header ------------------------------------------------------------ */

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
    return LIBRARY_NBYTES + 2 * 8 * ((uint64_t)r->shape.w + 64) + 2 * (uint64_t)meta->icc_nbytes
           + (r->is_direct ? ck_png_direct_memory(&r->direct) : 0);
}

static ck_status describe(reader *r, const ck_limits *limits, ck_image *out, ck_error *err)
{
    r->shape = ck_png_expanded_shape(r->png, r->info);
    r->rows_left = r->shape.h;
    r->direct.w = r->shape.w;
    r->direct.h = r->shape.h;
    ck_png_get_expand(r->png, r->info, &r->direct.expand);
    ck_png_get_meta(r->png, r->info, &out->meta);
    out->shape = r->shape;
    out->palette = r->direct.expand.palette.count ? &r->direct.expand.palette : NULL;
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

    ck_png_pieces_free(&r->pieces);
    ck_png_direct_close(&r->direct);
    png_destroy_read_struct(&r->png, &r->info, NULL);
}

static void find_pieces(reader *r, ck_image *out)
{
    ck_png_pieces *p = &r->pieces;

    if (!r->is_direct || (uint64_t)r->shape.w * (uint64_t)r->shape.h < CK_PNG_PIECES_FROM)
        return;
    *p = (ck_png_pieces){.in = r->in,
                         .expand = &r->direct.expand,
                         .w = r->shape.w,
                         .h = r->shape.h,
                         .longest = r->idat_longest,
                         .piece_nbytes = CK_PNG_PIECE_NBYTES};
    ck_png_pieces_find(p);
    if (!p->rows)
        return;
    out->segment_rows = out->piece_rows = p->rows;
    out->piece_memory = ck_png_piece_memory(p);
    out->piece_guess = true;
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
    if ((status = guarded(r, read_header, err)) || (status = describe(r, limits, out, err)))
        goto failed;
    if (r->no_memory) { /* libpng dropped a chunk for the lack of it and went on */
        status = ck_fail(err, CHUNKIMG_SYSTEM, "%s: out of memory while reading the header", ck_input_name(in));
        goto failed;
    }
    if (r->is_direct && (status = ck_png_direct_open(&r->direct, in, r->idat_longest, r->idat_length, err)))
        goto failed;
    find_pieces(r, out);
    return CK_OK;
failed:
    png_close(r);
    return status;
}

static ck_status png_rows(void *st, ck_view into, ck_error *err)
{
    reader *r = st;
    ck_status status;

    r->into = into;
    status = r->is_direct ? ck_png_direct_rows(&r->direct, into, err) : guarded(r, read_rows, err);
    if (status)
        return status;
    r->rows_left -= into.shape.h;
    return r->rows_left ? CK_OK : guarded(r, read_end, err);
}

static void png_index(void *st, ck_image *image)
{
    reader *r = st;

    ck_png_expand_keep(&r->direct.expand);
    r->shape.channels = image->shape.channels = 1;
}

/* ---- pieces ------------------------------------------------------------- */

static ck_status png_piece(const void *st, void *mine, int32_t y, ck_view into, ck_error *err)
{
    const reader *r = st;

    return ck_png_piece_rows(&r->pieces, mine, y, into, err);
}

static void png_piece_release(void *mine)
{
    ck_png_piece_release(mine);
}

static void png_piece_check(const void *mine, uint32_t *check, uint64_t *check_nbytes)
{
    const ck_png_piece *piece = mine;

    *check = piece->check;
    *check_nbytes = piece->check_nbytes;
}

static ck_status png_pieces_end(const void *st, uint32_t check, ck_error *err)
{
    const reader *r = st;

    return ck_png_pieces_end(&r->pieces, check, err);
}

const ck_decoder ck_png_decoder = {
    .cost = 1.2,
    .state_size = sizeof(reader),
    .sniff = png_sniff,
    .open = png_open,
    .rows = png_rows,
    .close = png_close,
    .index = png_index,
    .piece_state_size = sizeof(ck_png_piece),
    .piece = png_piece,
    .piece_release = png_piece_release,
    .piece_check = png_piece_check,
    .piece_combine = ck_png_pieces_combine,
    .pieces_end = png_pieces_end,
};
