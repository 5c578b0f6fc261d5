/*
 * JPEG in: baseline, extended, progressive and arithmetic, gray, RGB, YCbCr,
 * CMYK and YCCK, with libjpeg's accurate DCT and smooth ("fancy") chroma
 * upsampling: the pixels that plain djpeg gives.
 */
#include <limits.h>
#include <string.h>

#include "codec/jpeg/jpeg.h"
#include "codec/jpeg/jpeg_error.h"
#include "codec/jpeg/jpeg_meta.h"
#include "codec/jpeg/jpeg_source.h"

/* libjpeg gives at most one row group (4 rows: the largest sampling factor) at a time. */
enum { ROWS_AT_ONCE = 4 };

typedef struct reader {
    struct jpeg_decompress_struct d; /* first: callbacks get this address */
    ck_jpeg_fault fault;
    ck_jpeg_source source;
    ck_jpeg_meta meta;
    struct jpeg_progress_mgr progress;
    int max_scans;            /* 0: any number */
    unsigned components_seen; /* bit i: a scan has brought data of component i; multi-scan files only */
    bool started, failed;
    JSAMPARRAY cmyk;          /* ROWS_AT_ONCE rows, libjpeg's memory; NULL: not CMYK */
    uint8_t flip;             /* CMYK samples xor this are 255 where there is no ink */
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

    for (int i = 0; i < r->d.comps_in_scan; i++)
        r->components_seen |= 1u << r->d.cur_comp_info[i]->component_index;
    if (r->max_scans > 0 && r->d.input_scan_number > r->max_scans)
        ck_jpeg_raise(&r->fault, ck_fail(r->fault.err, CHUNKIMG_LIMIT, "%s: more than %d scans in one JPEG",
                                         r->fault.name, r->max_scans));
}

static void check_pixels(reader *r, uint64_t max_pixels)
{
    uint64_t pixels = (uint64_t)r->d.image_width * r->d.image_height;

    if (max_pixels && pixels > max_pixels)
        ck_jpeg_raise(&r->fault, ck_fail(r->fault.err, CHUNKIMG_LIMIT,
                                         "%s: %u x %u pixels are more than --max-pixels allows (%llu)", r->fault.name,
                                         r->d.image_width, r->d.image_height, (unsigned long long)max_pixels));
}

/*
 * Every block costs at least a DC code of one bit, and in sequential files an
 * end-of-block code of one bit: a file shorter than that is truncated or a
 * lie, and need not be decoded to be refused. Arithmetic coding has no such floor.
 */
static void check_length(reader *r)
{
    uint64_t nbytes = ck_input_size(r->source.in), blocks = 0;

    if (!nbytes || r->d.arith_code)
        return;
    for (int i = 0; i < r->d.num_components; i++)
        blocks += (uint64_t)r->d.comp_info[i].width_in_blocks * r->d.comp_info[i].height_in_blocks;
    if (nbytes < blocks / (r->d.progressive_mode ? 8 : 4))
        ck_jpeg_raise(&r->fault, ck_fail(r->fault.err, CHUNKIMG_BAD_INPUT,
                                         "%s: damaged JPEG: %llu bytes cannot hold %u x %u pixels", r->fault.name,
                                         (unsigned long long)nbytes, r->d.image_width, r->d.image_height));
}

static uint64_t round_up(uint64_t value, int to)
{
    return (value + (unsigned)to - 1) / (unsigned)to * (unsigned)to;
}

/* What libjpeg allocates, from its sources: tables, two windows of rows, and all coefficients where scans add up. */
static uint64_t memory_needed(j_decompress_ptr d, size_t icc_nbytes)
{
    enum { FIXED = 96 * 1024, ROW_SLACK = 64 + sizeof(void *) };
    bool all = jpeg_has_multiple_scans(d);
    uint64_t sum = FIXED + icc_nbytes;

    for (int i = 0; i < d->num_components; i++) {
        const jpeg_component_info *c = &d->comp_info[i];
        uint64_t width = (uint64_t)c->width_in_blocks * DCTSIZE;

        /* the DCT's output (with a row group of context above and below), then the upsampled rows */
        sum += (uint64_t)(DCTSIZE + 2) * (unsigned)c->v_samp_factor * (width + ROW_SLACK);
        sum += (uint64_t)d->max_v_samp_factor * (round_up(d->image_width, d->max_h_samp_factor) + ROW_SLACK);
        if (all) {
            uint64_t across = round_up(c->width_in_blocks, c->h_samp_factor);
            uint64_t down = round_up(c->height_in_blocks, c->v_samp_factor);

            sum += down * (across * sizeof(JBLOCK) + ROW_SLACK);
        }
    }
    if (d->num_components == 4)
        sum += (uint64_t)ROWS_AT_ONCE * ((uint64_t)d->image_width * 4 + ROW_SLACK);
    return sum;
}

static void check_memory(reader *r, uint64_t needed, uint64_t max_memory)
{
    if (max_memory && needed > max_memory)
        ck_jpeg_raise(&r->fault, ck_fail(r->fault.err, CHUNKIMG_LIMIT,
                                         "%s: decoding needs %llu bytes, --max-memory allows %llu", r->fault.name,
                                         (unsigned long long)needed, (unsigned long long)max_memory));
}

/* ---- header ----------------------------------------------------------- */

/* Chooses what libjpeg converts to; the number of channels that `rows` will give. */
static uint8_t choose_colours(reader *r)
{
    switch (r->d.jpeg_color_space) {
    case JCS_GRAYSCALE: r->d.out_color_space = JCS_GRAYSCALE; return 1;
    case JCS_RGB:
    case JCS_YCbCr: r->d.out_color_space = JCS_RGB; return 3;
    case JCS_CMYK:
    case JCS_YCCK:
        r->d.out_color_space = JCS_CMYK;
        r->flip = r->d.saw_Adobe_marker ? 0 : 0xFF; /* Adobe stores the paper that is left, not the ink */
        return 3;
    default:
        ck_jpeg_raise(&r->fault, ck_fail(r->fault.err, CHUNKIMG_BAD_INPUT,
                                         "%s: unsupported JPEG: %d components of unknown colours", r->fault.name,
                                         r->d.num_components));
    }
}

static void read_header(reader *r, ck_input *in, const ck_limits *limits, ck_image *out)
{
    jpeg_create_decompress(&r->d);
    ck_jpeg_source_init(&r->source, &r->d, in);
    ck_jpeg_meta_init(&r->meta, &r->d);
    jpeg_read_header(&r->d, TRUE);
    check_pixels(r, limits->max_pixels);
    check_length(r);
    *out = (ck_image){.shape = {(int32_t)r->d.image_width, (int32_t)r->d.image_height, choose_colours(r), 8}};
    ck_jpeg_meta_finish(&r->meta, &r->d, &out->meta);
    out->memory = memory_needed(&r->d, r->meta.icc_nbytes);
    check_memory(r, out->memory, limits->max_memory);
    if (limits->max_memory && limits->max_memory < LONG_MAX)
        r->d.mem->max_memory_to_use = (long)limits->max_memory;
    r->max_scans = limits->max_scans;
    r->progress.progress_monitor = on_progress;
    r->d.progress = &r->progress;
}

static void close_reader(void *st)
{
    reader *r = st;

    jpeg_destroy_decompress(&r->d);
    ck_jpeg_meta_release(&r->meta);
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
    r->fault.warnings = NULL; /* need not live longer than this call */
    return CK_OK;
}

/* ---- pixels ----------------------------------------------------------- */

/*
 * libjpeg leaves the samples of a component grey for which no scan came, and
 * does not say so.
 */
static void check_components(reader *r)
{
    if (!jpeg_has_multiple_scans(&r->d))
        return;
    for (int i = 0; i < r->d.num_components; i++)
        if (!(r->components_seen >> i & 1) || (r->d.coef_bits && r->d.coef_bits[i][0] < 0))
            ck_jpeg_raise(&r->fault, ck_fail(r->fault.err, CHUNKIMG_BAD_INPUT,
                                             "%s: damaged JPEG: no data for component %d", r->fault.name, i + 1));
}

static void start(reader *r)
{
    jpeg_start_decompress(&r->d);
    check_components(r);
    if (r->d.out_color_space == JCS_CMYK)
        r->cmyk = r->d.mem->alloc_sarray((j_common_ptr)&r->d, JPOOL_IMAGE, r->d.output_width * 4, ROWS_AT_ONCE);
    r->started = true;
}

/* R = C * K / 255 rounded to nearest, where C and K are 255 for no ink; the shifts are that division, exactly. */
static void cmyk_to_rgb(const uint8_t *restrict cmyk, uint8_t *restrict rgb, size_t pixels, uint8_t flip)
{
    for (size_t i = 0; i < pixels; i++) {
        unsigned k = cmyk[4 * i + 3] ^ flip;

        for (unsigned c = 0; c < 3; c++) {
            unsigned product = (unsigned)(cmyk[4 * i + c] ^ flip) * k + 128;

            rgb[3 * i + c] = (uint8_t)((product + (product >> 8)) >> 8);
        }
    }
}

/* Up to `most` rows from row `y` of `into`; how many there were. */
static int32_t read_some(reader *r, ck_view into, int32_t y, int32_t most)
{
    JSAMPROW row[ROWS_AT_ONCE];
    int32_t got;

    if (most > ROWS_AT_ONCE)
        most = ROWS_AT_ONCE;
    for (int32_t i = 0; i < most; i++)
        row[i] = r->cmyk ? r->cmyk[i] : ck_row(into, y + i);
    got = (int32_t)jpeg_read_scanlines(&r->d, row, (JDIMENSION)most);
    for (int32_t i = 0; r->cmyk && i < got; i++)
        cmyk_to_rgb(r->cmyk[i], ck_row(into, y + i), (size_t)into.shape.w, r->flip);
    return got;
}

static void read_rows(reader *r, ck_view into)
{
    if (!r->started)
        start(r);
    for (int32_t y = 0; y < into.shape.h;)
        y += read_some(r, into, y, into.shape.h - y);
    if (r->d.output_scanline == r->d.output_height)
        jpeg_finish_decompress(&r->d); /* reads up to the end marker, which must be there */
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

const ck_decoder ck_jpeg_decoder = {
    .state_size = sizeof(reader),
    .sniff = sniff,
    .open = open_reader,
    .rows = rows,
    .close = close_reader,
};
