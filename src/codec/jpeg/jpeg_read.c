/*
 * JPEG in: baseline, extended, progressive and arithmetic, gray, RGB, YCbCr,
 * CMYK and YCCK, with libjpeg's accurate DCT and smooth ("fancy") chroma
 * upsampling: the pixels that plain djpeg gives.
 */
#include <string.h>

#include "codec/jpeg/jpeg.h"
#include "codec/jpeg/jpeg_error.h"
#include "codec/jpeg/jpeg_index.h"
#include "codec/jpeg/jpeg_limits.h"
#include "codec/jpeg/jpeg_meta.h"
#include "codec/jpeg/jpeg_piece.h"
#include "codec/jpeg/jpeg_pixels.h"
#include "codec/jpeg/jpeg_source.h"

typedef struct reader {
    struct jpeg_decompress_struct d; /* first: callbacks get this address */
    ck_jpeg_fault fault;
    ck_jpeg_source source;
    ck_jpeg_meta meta;
    struct jpeg_progress_mgr progress;
    ck_jpeg_scans scans;
    bool started, failed;
    ck_jpeg_pixels pixels;
    ck_jpeg_index index; /* empty: no independent segments */
} reader;

static bool sniff(const uint8_t *head, size_t nbytes)
{
    return nbytes >= 3 && head[0] == 0xFF && head[1] == 0xD8 && head[2] == 0xFF;
}

/* ---- limits ----------------------------------------------------------- */

/* libjpeg calls this before every row of blocks, in every scan. */
static void on_progress(j_common_ptr cinfo)
{
    reader *r = (reader *)(void *)cinfo;

    ck_jpeg_scans_note(&r->scans, &r->d);
}

/* What libjpeg allocates, from its sources: beside the windows of rows all coefficients where scans add up. */
static uint64_t memory_needed(j_decompress_ptr d, size_t icc_nbytes)
{
    return ck_jpeg_pixels_memory(d) + icc_nbytes + (jpeg_has_multiple_scans(d) ? ck_jpeg_coefficients_nbytes(d) : 0);
}

/* ---- header ----------------------------------------------------------- */

static void read_header(reader *r, ck_input *in, const ck_limits *limits, ck_image *out)
{
    jpeg_create_decompress(&r->d);
    ck_jpeg_source_init(&r->source, &r->d, in);
    ck_jpeg_meta_init(&r->meta, &r->d);
    jpeg_read_header(&r->d, TRUE);
    ck_jpeg_check_header(&r->d, in, limits->max_pixels);
    *out = (ck_image){.shape = {(int32_t)r->d.image_width, (int32_t)r->d.image_height,
                                 ck_jpeg_pixels_choose(&r->pixels, &r->d), 8}};
    ck_jpeg_meta_finish(&r->meta, &r->d, &out->meta);
    out->memory = memory_needed(&r->d, r->meta.icc_nbytes);
    ck_jpeg_check_memory(&r->d, out->memory, limits->max_memory);
    r->scans.most = limits->max_scans;
    r->progress.progress_monitor = on_progress;
    r->d.progress = &r->progress;
}

__attribute__((weak)) const uint64_t ck_jpeg_index_least_pixels = 2000000;

/* Where the file has independent segments, says so. They are a gain, never a condition: what does not fit is passed over. */
static void plan_pieces(reader *r, ck_image *out)
{
    if (!ck_jpeg_index_build(&r->index, &r->d, r->source.in))
        return;
    out->segment_rows = r->index.context ? 1 : r->index.segment_rows; /* with context a piece may begin anywhere */
    out->piece_rows = r->index.piece_rows;
    out->piece_workers = 3; /* two: the chain takes less than half of all the work, and decodes nothing twice */
    out->piece_memory = ck_jpeg_piece_memory(&r->d);
    out->memory += r->index.nbytes;
}

static void close_reader(void *st)
{
    reader *r = st;

    jpeg_destroy_decompress(&r->d);
    ck_jpeg_meta_release(&r->meta);
    ck_jpeg_index_release(&r->index);
}

static ck_status open_reader(void *st, ck_input *in, const ck_limits *limits, const ck_warnings *warnings,
                             ck_image *out, ck_error *err)
{
    reader *r = st;

    ck_jpeg_fault_init(&r->fault, ck_input_name(in));
    r->d.err = &r->fault.pub;
    r->fault.err = err;
    r->fault.warnings = warnings;
    if (setjmp(r->fault.jump)) {
        close_reader(r);
        return r->fault.status;
    }
    read_header(r, in, limits, out);
    plan_pieces(r, out);
    r->fault.warnings = NULL; /* need not live longer than this call */
    return CK_OK;
}

/* ---- pixels ----------------------------------------------------------- */

static void start(reader *r)
{
    ck_jpeg_pixels_start(&r->pixels, &r->d);
    if (jpeg_has_multiple_scans(&r->d)) /* else there is one, and no progress was ever noted */
        ck_jpeg_scans_finish(&r->scans, &r->d);
    r->started = true;
}

/* Up to `most` rows from row `y` of `into`; how many there were. */
static int32_t read_some(reader *r, ck_view into, int32_t y, int32_t most)
{
    uint8_t *row[CK_JPEG_ROWS_AT_ONCE];

    for (int32_t i = 0; i < CK_JPEG_ROWS_AT_ONCE && i < most; i++)
        row[i] = ck_row(into, y + i);
    return ck_jpeg_pixels_read(&r->pixels, &r->d, row, most);
}

static void read_rows(reader *r, ck_view into)
{
    if (!r->started)
        start(r);
    for (int32_t y = 0; y < into.shape.h;)
        y += read_some(r, into, y, into.shape.h - y);
    if (r->d.output_scanline == r->d.output_height) {
        ck_jpeg_source_give_back(&r->d);
        jpeg_finish_decompress(&r->d); /* reads up to the end marker, which must be there */
    }
}

static ck_status rows(void *st, ck_view into, ck_error *err)
{
    reader *r = st;

    if (r->failed)
        return ck_fail(err, r->fault.status, "%s: reading this JPEG has failed before", r->fault.name);
    r->fault.err = err;
    if (setjmp(r->fault.jump)) {
        r->failed = true;
        return r->fault.status;
    }
    read_rows(r, into);
    return CK_OK;
}

static ck_status piece(const void *st, void *mine, int32_t y, ck_view into, ck_error *err)
{
    const reader *r = st;

    return ck_jpeg_piece_decode(mine, &r->index, r->source.in, y, into, err);
}

static void piece_release(void *mine)
{
    ck_jpeg_piece_release(mine);
}

const ck_decoder ck_jpeg_decoder = {
    .cost = 2,
    .state_size = sizeof(reader),
    .sniff = sniff,
    .open = open_reader,
    .rows = rows,
    .close = close_reader,
    .piece_state_size = sizeof(ck_jpeg_piece),
    .piece = piece,
    .piece_release = piece_release,
};
