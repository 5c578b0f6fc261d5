/*
 * JPEG out: baseline, standard Huffman tables, chroma at half size both ways,
 * one compressor per worker that is used again for every tile.
 *
 * Strips: every strip is compressed with one restart interval per row of
 * MCUs. At a restart the entropy coder starts afresh on a byte, so what a
 * strip's compressor writes for its rows is what a compressor of the whole
 * image would write there, but for the numbers of the restart markers, which
 * count from the image's top. The first strip keeps its header, with the
 * whole image's height put in; the others drop theirs and begin with the
 * marker that stands between them and the strip above; all but the last drop
 * the end marker.
 */
#include <stdlib.h>
#include <string.h>

#include <jerror.h>

#include "base/checked.h"
#include "codec/jpeg/jpeg.h"
#include "codec/jpeg/jpeg_error.h"
#include "codec/jpeg/jpeg_meta.h"

enum {
    STRIP_ALIGN = 16,     /* rows of an MCU with chroma at half size; two rows of MCUs where there is no chroma */
    ROWS_AT_ONCE = 16,
    DIMENSION_MOST = 65500, /* libjpeg's own; the format ends at 65535 */
    HEADER_MOST = 1024,   /* all markers but ICC: about 630 bytes */
    ICC_PART_MOST = 65519,
    ICC_PART_HEAD = 18,

    /*
     * Bytes of a block of 64 samples at the very most. Samples lie within 128
     * of the middle, so the squares of the 63 AC coefficients (an orthonormal
     * transform) add up to at most 64 * 128 * 128. With the standard tables
     * and every code's run of ones stuffed as often as it could be, a
     * coefficient of size 7, 8, 9 takes at most 23, 26, 41 bits and needs a
     * magnitude of 64, 128, 256; no mixture of them within that sum takes
     * more than 26.7 bits each, with 36 for DC: 215 bytes.
     */
    BLOCK_MOST = 216
};

typedef struct writer {
    struct jpeg_compress_struct c; /* first: callbacks get this address */
    ck_jpeg_fault fault;
    struct jpeg_destination_mgr destination;
    const ck_encode_params *params;
    uint8_t *narrow;     /* ROWS_AT_ONCE rows of 8-bit samples made of 16-bit ones */
    size_t narrow_row;   /* bytes of a row of it */
    int channels;        /* that the compressor's tables are set for; 0: none yet */
    uint8_t *out;
    size_t capacity;
    uint8_t *entropy;    /* in out: behind the header, or where a header was dropped its beginning */
    const ck_part *part; /* NULL: a file of its own */
    bool broken;         /* a call failed: libjpeg, its buffer perhaps full, is not to be called before the next begin */
} writer;

/* ---- what can be stored, and in how much ------------------------------ */

static ck_status accepts(ck_shape in, ck_shape *stored, ck_error *err)
{
    if (ck_has_alpha(in))
        return ck_fail(err, CHUNKIMG_USAGE, "JPEG cannot hold alpha; use --format png");
    if (in.w > DIMENSION_MOST || in.h > DIMENSION_MOST)
        return ck_fail(err, CHUNKIMG_USAGE, "JPEG holds at most %d x %d pixels, not %d x %d; use --format png",
                       DIMENSION_MOST, DIMENSION_MOST, (int)in.w, (int)in.h);
    *stored = in;
    stored->depth = 8;
    return CK_OK;
}

static size_t mcu_size(int channels)
{
    return channels == 1 ? DCTSIZE : 2 * DCTSIZE;
}

static size_t bound(ck_shape stored, const ck_encode_params *params)
{
    size_t mcu = mcu_size(stored.channels), blocks = stored.channels == 1 ? 1 : 6;
    size_t across = ((size_t)stored.w + mcu - 1) / mcu, down = ((size_t)stored.h + mcu - 1) / mcu;
    size_t sum = HEADER_MOST, mcus;

    sum += params->meta.icc_nbytes + (params->meta.icc_nbytes / ICC_PART_MOST + 1) * ICC_PART_HEAD;
    /* a restart costs its marker and up to a byte of padding, stuffed */
    if (!ck_mul(across, down, &mcus) || !ck_add_mul(&sum, mcus, blocks * BLOCK_MOST) || !ck_add_mul(&sum, down, 4))
        return SIZE_MAX;
    return sum;
}

static size_t narrow_row_nbytes(ck_shape shape)
{
    return (size_t)shape.w * shape.channels;
}

/* libjpeg's windows: of a row of MCUs the full-size samples of two rows, and all samples after shrinking. */
static size_t memory(ck_shape stored, const ck_encode_params *params)
{
    enum { FIXED = 48 * 1024, ROWS_GRAY = 1 + 8, ROWS_COLOUR = 3 * 2 + 16 + 2 * 4, WINDOW_ROWS = 40, ROW_SLACK = 72 };
    size_t width = ck_round_up((size_t)stored.w, mcu_size(stored.channels));

    (void)params;
    return FIXED + width * (stored.channels == 1 ? ROWS_GRAY : ROWS_COLOUR) + WINDOW_ROWS * ROW_SLACK +
           ROWS_AT_ONCE * narrow_row_nbytes(stored);
}

/* ---- the compressor --------------------------------------------------- */

static void on_init(j_compress_ptr c)
{
    (void)c;
}

static boolean on_full(j_compress_ptr c)
{
    writer *w = (writer *)(void *)c;

    ck_jpeg_raise(&w->fault,
                  ck_fail(w->fault.err, CHUNKIMG_LIMIT, "a JPEG needs more than %zu bytes", w->capacity));
}

static void on_term(j_compress_ptr c)
{
    (void)c;
}

static void release(void *st)
{
    writer *w = st;

    jpeg_destroy_compress(&w->c);
    free(w->narrow);
    w->narrow = NULL;
}

static ck_status init(void *st, const ck_encode_params *params, ck_shape largest, ck_error *err)
{
    writer *w = st;

    if (params->meta.icc_nbytes > 255u * ICC_PART_MOST)
        return ck_fail(err, CHUNKIMG_USAGE, "JPEG cannot hold an ICC profile of %u bytes", params->meta.icc_nbytes);
    w->params = params;
    w->narrow_row = narrow_row_nbytes(largest);
    w->narrow = malloc(ROWS_AT_ONCE * w->narrow_row);
    if (!w->narrow)
        return ck_fail_memory(err, ROWS_AT_ONCE * w->narrow_row, "preparing a JPEG encoder");
    w->destination.init_destination = on_init;
    w->destination.empty_output_buffer = on_full;
    w->destination.term_destination = on_term;
    ck_jpeg_fault_init(&w->fault, NULL);
    w->c.err = &w->fault.pub;
    w->fault.err = err;
    if (setjmp(w->fault.jump)) {
        release(w);
        return w->fault.status;
    }
    jpeg_create_compress(&w->c);
    w->c.dest = &w->destination;
    return CK_OK;
}

static bool set_density(j_compress_ptr c, uint32_t x, uint32_t y, uint8_t unit)
{
    if (!x || !y || x > UINT16_MAX || y > UINT16_MAX)
        return false;
    c->density_unit = unit;
    c->X_density = (UINT16)x;
    c->Y_density = (UINT16)y;
    return true;
}

static uint32_t per_inch(uint32_t per_metre)
{
    return (uint32_t)(((uint64_t)per_metre * 254 + 5000) / 10000);
}

/*
 * Dots a centimetre where that is exact, else dots an inch, so that what came
 * as either goes out the same. The JFIF segment says nothing but this: where
 * it is not known, its 18 bytes are left out, which small tiles notice.
 */
static void write_density(j_compress_ptr c, const ck_meta *meta)
{
    uint32_t x = meta->x_density, y = meta->y_density;

    c->write_JFIF_header = x && y;
    if (!x || !y)
        return;
    if (x % 100 == 0 && y % 100 == 0 && set_density(c, x / 100, y / 100, 2))
        return;
    set_density(c, per_inch(x), per_inch(y), 1);
}

/* Everything that stays from tile to tile. */
static void configure(writer *w, int channels)
{
    if (w->channels == channels)
        return;
    w->c.input_components = channels;
    w->c.in_color_space = channels == 1 ? JCS_GRAYSCALE : JCS_RGB;
    jpeg_set_defaults(&w->c);
    jpeg_set_quality(&w->c, w->params->quality, TRUE);
    write_density(&w->c, &w->params->meta);
    w->channels = channels;
}

/* ---- strips ----------------------------------------------------------- */

/* Rows of MCUs above the strip. */
static unsigned mcu_rows_before(const writer *w)
{
    return (unsigned)w->part->y / (unsigned)mcu_size(w->channels);
}

/* Puts the whole image's height into the frame header (SOFn: length, precision, height, width, ...). */
static void patch_height(uint8_t *header, const uint8_t *end, int32_t height)
{
    uint8_t *at = header + 2;

    while (end - at > 8 && !(at[1] >= 0xC0 && at[1] <= 0xC2))
        at += 2 + (at[2] << 8 | at[3]);
    at[5] = (uint8_t)(height >> 8);
    at[6] = (uint8_t)height;
}

/* What stands before the strip's first row of MCUs. The header has just been written. */
static void place_strip(writer *w)
{
    if (w->part->first) {
        patch_height(w->out, w->destination.next_output_byte, w->part->whole.h);
        return;
    }
    w->out[0] = 0xFF;
    w->out[1] = (uint8_t)(JPEG_RST0 + (mcu_rows_before(w) - 1) % 8);
    w->destination.next_output_byte = w->out + 2;
    w->destination.free_in_buffer = w->capacity - 2;
}

/* Restart markers of a strip count from 0; in the image they go on from those above. */
static void renumber(uint8_t *at, const uint8_t *end, unsigned by)
{
    if (by % 8 == 0)
        return;
    while (at < end && (at = memchr(at, 0xFF, (size_t)(end - at))) != NULL && end - at >= 2) {
        if (at[1] >= JPEG_RST0 && at[1] <= JPEG_RST0 + 7)
            at[1] = (uint8_t)(JPEG_RST0 + (at[1] - JPEG_RST0 + by) % 8);
        at += 2;
    }
}

/* ---- a file ----------------------------------------------------------- */

static void begin_file(writer *w, ck_shape shape)
{
    bool header = !w->part || w->part->first;
    const ck_meta *meta = &w->params->meta;

    jpeg_abort_compress(&w->c);
    configure(w, shape.channels);
    w->c.image_width = (JDIMENSION)shape.w;
    w->c.image_height = (JDIMENSION)shape.h;
    w->c.restart_interval = 0; /* computed from restart_in_rows where that is set */
    w->c.restart_in_rows = w->part != NULL;
    w->destination.next_output_byte = w->out;
    w->destination.free_in_buffer = w->capacity;
    jpeg_start_compress(&w->c, TRUE);
    if (header && meta->icc && ck_jpeg_icc_fits(meta->icc, meta->icc_nbytes, shape.channels))
        jpeg_write_icc_profile(&w->c, meta->icc, meta->icc_nbytes);
    jpeg_write_scanlines(&w->c, NULL, 0); /* with no row yet: makes libjpeg write the frame and scan headers now */
    if (w->part)
        place_strip(w);
    w->entropy = w->destination.next_output_byte;
}

static ck_status begin(void *st, ck_shape shape, const ck_part *part, uint8_t *out, size_t capacity, ck_error *err)
{
    writer *w = st;

    w->part = part;
    w->out = out;
    w->capacity = capacity;
    w->fault.err = err;
    w->broken = true;
    if (setjmp(w->fault.jump))
        return w->fault.status;
    begin_file(w, shape);
    w->broken = false;
    return CK_OK;
}

/* v * 255 / 65535 rounded to nearest; the shift is that division, exactly, for every v. */
static void narrow_row(const uint16_t *restrict from, uint8_t *restrict to, size_t samples)
{
    for (size_t i = 0; i < samples; i++)
        to[i] = (uint8_t)(((uint32_t)from[i] * 255 + 32895) >> 16);
}

static void write_rows(writer *w, ck_view view)
{
    size_t samples = narrow_row_nbytes(view.shape);

    if (view.shape.depth == 16 && samples > w->narrow_row)
        ck_jpeg_raise(&w->fault, ck_fail(w->fault.err, CHUNKIMG_LIMIT, "a JPEG is wider than was planned"));
    for (int32_t y = 0; y < view.shape.h;) {
        JSAMPROW row[ROWS_AT_ONCE];
        int32_t n = view.shape.h - y < ROWS_AT_ONCE ? view.shape.h - y : ROWS_AT_ONCE;

        for (int32_t i = 0; i < n; i++) {
            row[i] = ck_row(view, y + i);
            if (view.shape.depth == 16) {
                narrow_row((const uint16_t *)(const void *)row[i], w->narrow + (size_t)i * w->narrow_row, samples);
                row[i] = w->narrow + (size_t)i * w->narrow_row;
            }
        }
        jpeg_write_scanlines(&w->c, row, (JDIMENSION)n);
        y += n;
    }
}

static ck_status is_broken(ck_error *err)
{
    return ck_fail(err, CHUNKIMG_SYSTEM, "a JPEG cannot be written: it has failed before");
}

static ck_status rows(void *st, ck_view view, ck_error *err)
{
    writer *w = st;

    if (w->broken)
        return is_broken(err);
    w->fault.err = err;
    if (setjmp(w->fault.jump)) {
        w->broken = true;
        return w->fault.status;
    }
    write_rows(w, view);
    return CK_OK;
}

static ck_status end(void *st, size_t *out_nbytes, uint32_t *check, uint64_t *check_nbytes, ck_error *err)
{
    writer *w = st;

    if (w->broken)
        return is_broken(err);
    w->fault.err = err;
    w->broken = true; /* also after success: the file is over */
    if (setjmp(w->fault.jump))
        return w->fault.status;
    jpeg_finish_compress(&w->c);
    *out_nbytes = w->capacity - w->destination.free_in_buffer;
    if (w->part && !w->part->last)
        *out_nbytes -= 2; /* the end marker */
    if (w->part)
        renumber(w->entropy, w->out + *out_nbytes, mcu_rows_before(w));
    *check = 0;
    *check_nbytes = 0;
    return CK_OK;
}

static const char *const options[] = {"quality", NULL};

static double cost(const ck_encode_params *params)
{
    (void)params;
    return 5;
}

const ck_encoder ck_jpeg_encoder = {
    .cost = cost,
    .state_size = sizeof(writer),
    .options = options,
    .strip_align = STRIP_ALIGN,
    .accepts = accepts,
    .bound = bound,
    .memory = memory,
    .init = init,
    .begin = begin,
    .rows = rows,
    .end = end,
    .release = release,
};
