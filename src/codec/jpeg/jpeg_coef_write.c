/*
 * Coefficients out: a baseline file that repeats the image's tables, sampling
 * and colours, with the standard code tables: tables of a tile's own take a
 * second pass, which adds two thirds to the CPU time of the whole job and takes
 * an eighth off the files (256 x 256 pixels, 4:2:0, where headers are a tenth).
 * A worker collects a tile's blocks in an array of its own, laid out as libjpeg
 * reads them, and lends it to the compressor: libjpeg reaches such arrays
 * through one function of its memory manager, which is replaced.
 */
#include "codec/jpeg/jpeg_coef.h"

#include <stdlib.h>
#include <string.h>

#include "base/checked.h"
#include "codec/jpeg/jpeg_error.h"
#include "codec/jpeg/jpeg_meta.h"

enum {
    HEADER_MOST = 1024, /* all markers but ICC: about 630 bytes, and 260 more with 16-bit tables */
    ICC_PART_MOST = 65519,
    ICC_PART_HEAD = 18,
    LINE = 64,

    /*
     * Bytes of a block at the very most: 63 AC coefficients of 16 bits of code
     * and 10 of value, a DC of 11 and 11, and every byte stuffed.
     */
    BLOCK_MOST = 2 * ((63 * 26 + 22 + 7) / 8)
};

/* libjpeg only declares this and leaves it to its memory manager. Here: one component's blocks of a tile. */
struct jvirt_barray_control {
    JBLOCKROW first;
    JDIMENSION across;                /* blocks from a row to the next */
    JBLOCKROW rows[MAX_SAMP_FACTOR];  /* what was last asked for */
};

typedef struct writer {
    struct jpeg_compress_struct c; /* first: callbacks get this address */
    ck_jpeg_fault fault;
    struct jpeg_destination_mgr destination;
    const ck_encode_params *params;
    const ck_jpeg_frame *frame;
    JBLOCKROW blocks; /* of the largest tile */
    struct jvirt_barray_control plane[MAX_COMPS_IN_SCAN];
    ck_shape shape; /* of the tile, pixels */
    int32_t given;  /* rows of units */
    uint8_t *out;
    size_t capacity;
} writer;

/* ---- what can be stored, and in how much ------------------------------ */

/* Tiles are no larger than a JPEG that was read, and have its colours. */
static ck_status accepts(ck_shape in, ck_shape *stored, ck_error *err)
{
    (void)err;
    *stored = in;
    return CK_OK;
}

static ck_rect units_of(const ck_jpeg_frame *f, ck_shape shape)
{
    return ck_rect_in_units((ck_rect){0, 0, shape.w, shape.h}, f->unit_w, f->unit_h);
}

/* Blocks of a file; false where they cannot be counted. */
static bool count_blocks(const ck_jpeg_frame *f, ck_shape shape, size_t *out)
{
    ck_rect units = units_of(f, shape);

    return ck_mul((size_t)units.w, (size_t)units.h, out) && ck_mul(*out, (size_t)f->blocks, out);
}

static size_t bound(ck_shape stored, const ck_encode_params *params)
{
    size_t sum = HEADER_MOST, blocks;

    sum += params->meta.icc_nbytes + (params->meta.icc_nbytes / ICC_PART_MOST + 1) * ICC_PART_HEAD;
    return count_blocks(params->stored, stored, &blocks) && ck_add_mul(&sum, blocks, BLOCK_MOST) ? sum : SIZE_MAX;
}

static size_t memory(ck_shape stored, const ck_encode_params *params)
{
    size_t sum = 32 * 1024, blocks; /* libjpeg's tables */

    return count_blocks(params->stored, stored, &blocks) && ck_add_mul(&sum, blocks, sizeof(JBLOCK)) ? sum : SIZE_MAX;
}

/* ---- the compressor --------------------------------------------------- */

static JBLOCKARRAY access_plane(j_common_ptr c, jvirt_barray_ptr p, JDIMENSION y, JDIMENSION n, boolean writable)
{
    (void)c;
    (void)writable;
    for (JDIMENSION i = 0; i < n; i++)
        p->rows[i] = p->first + (size_t)(y + i) * p->across;
    return p->rows;
}

static void on_nothing(j_compress_ptr c)
{
    (void)c;
}

static boolean on_full(j_compress_ptr c)
{
    writer *w = (writer *)(void *)c;

    ck_jpeg_raise(&w->fault, ck_fail(w->fault.err, CHUNKIMG_LIMIT, "a JPEG needs more than %zu bytes", w->capacity));
}

static void copy_tables(writer *w)
{
    j_compress_ptr c = &w->c;

    for (int i = 0; i < NUM_QUANT_TBLS; i++) {
        if (!w->frame->has_table[i])
            continue;
        if (!c->quant_tbl_ptrs[i])
            c->quant_tbl_ptrs[i] = jpeg_alloc_quant_table((j_common_ptr)c);
        memcpy(c->quant_tbl_ptrs[i]->quantval, w->frame->tables[i], sizeof w->frame->tables[i]);
    }
}

/* Everything that stays from tile to tile. */
static void configure(writer *w)
{
    const ck_jpeg_frame *f = w->frame;
    j_compress_ptr c = &w->c;

    c->mem->access_virt_barray = access_plane;
    c->dest = &w->destination;
    c->input_components = f->components;
    c->in_color_space = f->colours;
    jpeg_set_defaults(c);
    jpeg_set_colorspace(c, f->colours);
    copy_tables(w);
    for (int i = 0; i < f->components; i++) {
        c->comp_info[i].component_id = f->component[i].id;
        c->comp_info[i].h_samp_factor = f->component[i].h;
        c->comp_info[i].v_samp_factor = f->component[i].v;
        c->comp_info[i].quant_tbl_no = f->component[i].table;
    }
    if (f->components == 4 && !f->adobe)
        c->write_Adobe_marker = FALSE;
    if (!f->jfif)
        return;
    if (f->jfif_major == 1) {
        c->JFIF_major_version = f->jfif_major;
        c->JFIF_minor_version = f->jfif_minor;
    }
    c->density_unit = f->density_unit;
    c->X_density = f->x_density;
    c->Y_density = f->y_density;
}

static void release(void *st)
{
    writer *w = st;

    jpeg_destroy_compress(&w->c);
    free(w->blocks);
    w->blocks = NULL;
}

static ck_status init(void *st, const ck_encode_params *params, ck_shape largest, ck_error *err)
{
    writer *w = st;
    size_t blocks;

    w->params = params;
    w->frame = params->stored;
    if (!count_blocks(w->frame, largest, &blocks) || blocks > SIZE_MAX / sizeof(JBLOCK) ||
        !(w->blocks = aligned_alloc(LINE, blocks * sizeof(JBLOCK))))
        return ck_fail_memory(err, 0, "preparing a JPEG encoder");
    w->destination.init_destination = on_nothing;
    w->destination.empty_output_buffer = on_full;
    w->destination.term_destination = on_nothing;
    ck_jpeg_fault_init(&w->fault, NULL);
    w->c.err = &w->fault.pub;
    w->fault.err = err;
    if (setjmp(w->fault.jump)) {
        release(w);
        return w->fault.status;
    }
    jpeg_create_compress(&w->c);
    configure(w);
    return CK_OK;
}

/* ---- a file ----------------------------------------------------------- */

static ck_status begin(void *st, ck_shape shape, const ck_part *part, uint8_t *out, size_t capacity, ck_error *err)
{
    writer *w = st;
    ck_rect units = units_of(w->frame, shape);
    JBLOCKROW next = w->blocks;

    (void)part; /* tiles only */
    (void)err;
    w->shape = shape;
    w->given = 0;
    w->out = out;
    w->capacity = capacity;
    for (int i = 0; i < w->frame->components; i++) {
        w->plane[i].first = next;
        w->plane[i].across = (JDIMENSION)(units.w * w->frame->component[i].h);
        next += (size_t)w->plane[i].across * (size_t)(units.h * w->frame->component[i].v);
    }
    return CK_OK;
}

/* Component i of a row of units, whose blocks of it begin at `from`. */
static void take_component(writer *w, int i, const int16_t *from, int32_t units)
{
    size_t h = (size_t)w->frame->component[i].h, v = (size_t)w->frame->component[i].v;
    size_t unit = (size_t)w->frame->blocks * DCTSIZE2, across = w->plane[i].across;
    JBLOCKROW to = w->plane[i].first + (size_t)w->given * v * across;

    for (size_t x = 0; x < (size_t)units; x++)
        for (size_t row = 0; row < v; row++)
            memcpy(to + row * across + x * h, from + x * unit + row * h * DCTSIZE2, h * sizeof(JBLOCK));
}

static ck_status rows(void *st, ck_view view, ck_error *err)
{
    writer *w = st;

    (void)err;
    for (int32_t y = 0; y < view.shape.h; y++, w->given++) {
        const int16_t *from = (const int16_t *)(const void *)ck_row(view, y);

        for (int i = 0; i < w->frame->components; i++) {
            take_component(w, i, from, view.shape.w);
            from += w->frame->component[i].h * w->frame->component[i].v * DCTSIZE2;
        }
    }
    return CK_OK;
}

static void write_file(writer *w)
{
    const ck_meta *meta = &w->params->meta;
    jvirt_barray_ptr planes[MAX_COMPS_IN_SCAN];

    for (int i = 0; i < w->frame->components; i++)
        planes[i] = &w->plane[i];
    jpeg_abort_compress(&w->c);
    w->c.image_width = (JDIMENSION)w->shape.w;
    w->c.image_height = (JDIMENSION)w->shape.h;
    w->destination.next_output_byte = w->out;
    w->destination.free_in_buffer = w->capacity;
    jpeg_write_coefficients(&w->c, planes);
    if (meta->icc && ck_jpeg_icc_fits(meta->icc, meta->icc_nbytes, w->frame->components))
        jpeg_write_icc_profile(&w->c, meta->icc, meta->icc_nbytes);
    jpeg_finish_compress(&w->c);
}

static ck_status end(void *st, size_t *out_nbytes, uint32_t *check, uint64_t *check_nbytes, ck_error *err)
{
    writer *w = st;

    w->fault.err = err;
    if (setjmp(w->fault.jump))
        return w->fault.status;
    write_file(w);
    *out_nbytes = w->capacity - w->destination.free_in_buffer;
    *check = 0;
    *check_nbytes = 0;
    return CK_OK;
}

static double cost(const ck_encode_params *params)
{
    (void)params;
    return 1.5;
}

const ck_encoder ck_jpeg_coef_encoder = {
    .cost = cost,
    .state_size = sizeof(writer),
    .strip_align = 1,
    .accepts = accepts,
    .bound = bound,
    .memory = memory,
    .init = init,
    .begin = begin,
    .rows = rows,
    .end = end,
    .release = release,
};
