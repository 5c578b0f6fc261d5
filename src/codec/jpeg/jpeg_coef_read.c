/*
 * Coefficients in. libjpeg keeps those of the whole image, which is what scans
 * that add up need. Where one scan brings all, every row of MCUs is final when
 * it is read, so libjpeg is given an array of a single row instead (it reaches
 * its arrays through two functions of its memory manager, which are replaced):
 * memory stays bounded, and tiles are cut while the rest is being decoded.
 */
#include "codec/jpeg/jpeg_coef.h"

#include <stdlib.h>
#include <string.h>

#include "codec/jpeg/jpeg_error.h"
#include "codec/jpeg/jpeg_limits.h"
#include "codec/jpeg/jpeg_meta.h"
#include "codec/jpeg/jpeg_source.h"

enum {
    /* The largest that samples of 8 bits can have; more has no code in a baseline file. */
    COEFFICIENT_MOST = 1023,
    DC_LEAST = -1024, /* else the same on both sides */
    BLOCKS_MOST = 10 /* of an MCU (T.81 B.2.3) */
};

/* libjpeg only declares this and leaves it to its memory manager. Here: one component's blocks of one row of MCUs. */
struct jvirt_barray_control {
    JBLOCKARRAY blocks;
    JDIMENSION across, down; /* blocks */
    JDIMENSION at;           /* block row of the image that the first one is */
};

typedef struct reader {
    struct jpeg_decompress_struct d; /* first: callbacks get this address */
    ck_jpeg_fault fault;
    ck_jpeg_source source;
    ck_jpeg_meta meta;
    ck_jpeg_scans scans;
    ck_jpeg_frame frame;
    jvirt_barray_ptr *planes; /* libjpeg's, or those of request_row; NULL: not started */
    bool whole;               /* scans add up: all is read before the first row is given */
    int32_t given, rows;      /* units */
    bool failed;
} reader;

/* ---- header ----------------------------------------------------------- */

static _Noreturn void unsupported(reader *r, const char *what)
{
    ck_jpeg_raise(&r->fault, ck_fail(r->fault.err, CHUNKIMG_USAGE,
                                     "%s: lossless tiles cannot be cut from a JPEG with %s; leave --lossless out",
                                     r->fault.name, what));
}

static void keep_tables(reader *r)
{
    ck_jpeg_frame *f = &r->frame;

    for (int i = 0; i < NUM_QUANT_TBLS; i++) {
        const JQUANT_TBL *table = r->d.quant_tbl_ptrs[i];

        f->has_table[i] = table != NULL;
        for (int k = 0; table && k < DCTSIZE2; k++)
            f->tables[i][k] = table->quantval[k];
    }
}

static void keep_components(reader *r)
{
    ck_jpeg_frame *f = &r->frame;

    f->components = r->d.num_components;
    for (int i = 0; i < f->components; i++) {
        const jpeg_component_info *c = &r->d.comp_info[i];
        bool alone = f->components == 1;

        f->component[i].id = c->component_id;
        f->component[i].h = alone ? 1 : c->h_samp_factor;
        f->component[i].v = alone ? 1 : c->v_samp_factor;
        f->component[i].table = c->quant_tbl_no;
        f->blocks += f->component[i].h * f->component[i].v;
        if (c->quant_tbl_no < 0 || c->quant_tbl_no >= NUM_QUANT_TBLS || !f->has_table[c->quant_tbl_no])
            unsupported(r, "quantisation tables behind its first scan");
    }
    if (f->blocks > BLOCKS_MOST)
        unsupported(r, "more than 10 blocks in an MCU");
    f->unit_w = DCTSIZE * (f->components == 1 ? 1 : r->d.max_h_samp_factor);
    f->unit_h = DCTSIZE * (f->components == 1 ? 1 : r->d.max_v_samp_factor);
}

static void keep_frame(reader *r)
{
    ck_jpeg_frame *f = &r->frame;

    if (r->d.jpeg_color_space == JCS_UNKNOWN || r->d.num_components > MAX_COMPS_IN_SCAN)
        ck_jpeg_raise(&r->fault, ck_fail(r->fault.err, CHUNKIMG_BAD_INPUT,
                                         "%s: unsupported JPEG: %d components of unknown colours", r->fault.name,
                                         r->d.num_components));
    f->colours = r->d.jpeg_color_space;
    f->adobe = r->d.saw_Adobe_marker;
    f->jfif = r->d.saw_JFIF_marker;
    f->jfif_major = r->d.JFIF_major_version;
    f->jfif_minor = r->d.JFIF_minor_version;
    f->density_unit = r->d.density_unit;
    f->x_density = r->d.X_density;
    f->y_density = r->d.Y_density;
    keep_tables(r);
    keep_components(r);
}

/* The coefficients that are kept, and libjpeg's tables. */
static uint64_t memory_needed(reader *r)
{
    enum { FIXED = 96 * 1024 };
    uint64_t all = ck_jpeg_coefficients_nbytes(&r->d);

    return FIXED + r->meta.icc_nbytes + (r->whole ? all : all / (unsigned)r->rows + 1);
}

static void describe(reader *r, ck_image *out)
{
    const ck_jpeg_frame *f = &r->frame;
    ck_rect all = {0, 0, (int32_t)r->d.image_width, (int32_t)r->d.image_height};
    ck_rect units = ck_rect_in_units(all, f->unit_w, f->unit_h);

    *out = (ck_image){.shape = {units.w, units.h, (uint16_t)(f->blocks * DCTSIZE2), 16},
                      .unit_w = f->unit_w,
                      .unit_h = f->unit_h,
                      .picture = {all.w, all.h, f->components == 1 ? 1 : 3, 8},
                      .stored = f};
    r->rows = units.h;
}

static void read_header(reader *r, ck_input *in, const ck_limits *limits, ck_image *out)
{
    jpeg_create_decompress(&r->d);
    ck_jpeg_source_init(&r->source, &r->d, in);
    ck_jpeg_meta_init(&r->meta, &r->d);
    r->meta.stored = true;
    jpeg_read_header(&r->d, TRUE);
    ck_jpeg_check_header(&r->d, in, limits->max_pixels);
    keep_frame(r);
    /* rows of units and of libjpeg's MCUs are not the same in a gray image with sampling factors */
    r->whole = jpeg_has_multiple_scans(&r->d) || r->d.max_v_samp_factor * DCTSIZE != r->frame.unit_h;
    describe(r, out);
    ck_jpeg_meta_finish(&r->meta, &r->d, &out->meta);
    out->memory = memory_needed(r);
    ck_jpeg_check_memory(&r->d, out->memory, limits->max_memory);
    r->scans.most = limits->max_scans;
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

/* ---- an array of one row ---------------------------------------------- */

static jvirt_barray_ptr request_row(j_common_ptr c, int pool, boolean zeroed, JDIMENSION across, JDIMENSION down,
                                    JDIMENSION at_once)
{
    jvirt_barray_ptr p = c->mem->alloc_small(c, pool, sizeof *p);

    (void)zeroed;
    p->blocks = c->mem->alloc_barray(c, pool, across, at_once);
    p->across = across;
    p->down = at_once;
    p->at = down; /* none */
    return p;
}

/* The decoder only sets what is not zero; it may ask again for the row that it has. */
static JBLOCKARRAY access_row(j_common_ptr c, jvirt_barray_ptr p, JDIMENSION y, JDIMENSION n, boolean writable)
{
    (void)c;
    (void)n;
    if (writable && p->at != y)
        for (JDIMENSION i = 0; i < p->down; i++)
            memset(p->blocks[i], 0, p->across * sizeof(JBLOCK));
    p->at = y;
    return p->blocks;
}

/* ---- coefficients ----------------------------------------------------- */

/* As a buffered image, which is libjpeg's way to be asked for a little input at a time; no pixel is ever asked for. */
static void start(reader *r)
{
    r->d.buffered_image = TRUE;
    r->d.raw_data_out = TRUE;
    if (!r->whole) {
        r->d.mem->request_virt_barray = request_row;
        r->d.mem->access_virt_barray = access_row;
    }
    jpeg_start_decompress(&r->d);
    r->planes = jpeg_read_coefficients(&r->d);
}

/* A slot of libjpeg's may be used again for another table between scans. A tile has one frame for all. */
static void check_tables(reader *r)
{
    for (int i = 0; i < r->frame.components; i++) {
        const JQUANT_TBL *table = r->d.comp_info[i].quant_table;

        for (int k = 0; table && k < DCTSIZE2; k++)
            if (table->quantval[k] != r->frame.tables[r->frame.component[i].table][k])
                unsupported(r, "quantisation tables that change from scan to scan");
    }
}

/* Reads the next row of MCUs, or all scans to the end of the file. */
static void read_input(reader *r)
{
    int got;

    do {
        if (!jpeg_has_multiple_scans(&r->d))
            ck_jpeg_source_give_back(&r->d); /* at every row, as the decoder of pixels does: one verdict */
        got = jpeg_consume_input(&r->d);
        ck_jpeg_scans_note(&r->scans, &r->d);
        if (got == JPEG_SUSPENDED)
            ck_jpeg_source_ended(&r->d);
    } while (got != JPEG_REACHED_EOI && (r->whole || (got != JPEG_ROW_COMPLETED && got != JPEG_SCAN_COMPLETED)));
}

/* All magnitudes or-ed together: whether none needs more bits than some number of them. */
static unsigned magnitudes(const int16_t *c, size_t n)
{
    uint16_t all = 0;

    for (size_t i = 0; i < n; i++) {
        int16_t sign = c[i] >> 15;

        all |= (uint16_t)((c[i] ^ sign) - sign);
    }
    return all;
}

/* A file may hold larger ones than a picture has. The standard tables have no code for them, and libjpeg does not look. */
static void check_range(reader *r, const int16_t *c, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (c[i] > COEFFICIENT_MOST || c[i] < (i % DCTSIZE2 ? -COEFFICIENT_MOST : DC_LEAST))
            unsupported(r, "coefficients beyond the range of 8 bits");
}

/* Component i of the unit row y, into the units at `to`. The magnitudes of all. */
static unsigned give_component(reader *r, int i, int32_t y, int16_t *to, int32_t units)
{
    JDIMENSION h = (JDIMENSION)r->frame.component[i].h, v = (JDIMENSION)r->frame.component[i].v;
    JBLOCKARRAY rows = r->d.mem->access_virt_barray((j_common_ptr)&r->d, r->planes[i], (JDIMENSION)y * v, v, FALSE);
    size_t unit = (size_t)r->frame.blocks * DCTSIZE2;
    unsigned all = 0;

    for (JDIMENSION x = 0; x < (JDIMENSION)units; x++, to += unit)
        for (JDIMENSION row = 0; row < v; row++) {
            int16_t *blocks = to + row * h * DCTSIZE2;

            memcpy(blocks, rows[row] + x * h, h * sizeof(JBLOCK));
            all |= magnitudes(blocks, h * DCTSIZE2);
        }
    return all;
}

static void give_row(reader *r, int16_t *to, int32_t units)
{
    int16_t *at = to;
    unsigned all = 0;

    for (int i = 0; i < r->frame.components; i++) {
        all |= give_component(r, i, r->given, at, units);
        at += r->frame.component[i].h * r->frame.component[i].v * DCTSIZE2;
    }
    if (all > COEFFICIENT_MOST)
        check_range(r, to, (size_t)units * (size_t)r->frame.blocks * DCTSIZE2);
    r->given++;
}

static void read_all(reader *r)
{
    read_input(r);
    ck_jpeg_scans_finish(&r->scans, &r->d);
    check_tables(r);
}

static void read_rows(reader *r, ck_view into)
{
    if (!r->planes) {
        start(r);
        if (r->whole)
            read_all(r);
    }
    for (int32_t y = 0; y < into.shape.h; y++) {
        if (!r->whole)
            read_input(r);
        give_row(r, (int16_t *)(void *)ck_row(into, y), into.shape.w);
    }
    if (r->given == r->rows) {
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

static bool sniff(const uint8_t *head, size_t nbytes)
{
    (void)head;
    (void)nbytes;
    return false; /* no format of its own: ck_codec.lossless */
}

const ck_decoder ck_jpeg_coef_decoder = {
    .cost = 1,
    .state_size = sizeof(reader),
    .sniff = sniff,
    .open = open_reader,
    .rows = rows,
    .close = close_reader,
};
