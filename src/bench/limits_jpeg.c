/* JPEG: the entropy code alone, the full decode, and encoding, each with libjpeg on one core. */
#include <errno.h>
#include <setjmp.h>
#include <stdlib.h>
#include <string.h>

#include "bench/limits.h"

#include <jpeglib.h>

enum { QUALITY = 85, STRIP = 64, GROUP = 16 };

/* Rows kept for encoding: strips spread over the image, together about this much. */
static const double sample_pixels = 16e6;

typedef struct jpeg {
    uint8_t *data; /* the file */
    size_t nbytes;
    uint32_t width, height; /* as stored: turning is no part of the code */
    int components;
    J_COLOR_SPACE space;    /* of decoded pixels */
    uint64_t coefficient_nbytes;
    uint8_t *sample;        /* rows of decoded pixels */
    uint32_t sample_rows, every; /* one strip of STRIP rows out of `every` is kept; 0: none */
    uint8_t *out;           /* what encoding makes */
    size_t out_room, out_nbytes;
} jpeg;

/* ---- libjpeg's way of failing ------------------------------------------------------------------- */

typedef struct guard {
    struct jpeg_error_mgr base; /* first: libjpeg knows only this */
    jmp_buf back;
} guard;

static void on_error(j_common_ptr info)
{
    longjmp(((guard *)info->err)->back, 1);
}

static void on_message(j_common_ptr info, int level)
{
    (void)info;
    (void)level;
}

static struct jpeg_error_mgr *guarded(guard *g)
{
    struct jpeg_error_mgr *base = jpeg_std_error(&g->base);

    base->error_exit = on_error;
    base->emit_message = on_message; /* the library's own runs have judged the file */
    return base;
}

/* Runs body with a reader that stands behind the header. False with EBADMSG where libjpeg gave up. */
static bool reading(jpeg *j, void (*body)(jpeg *j, struct jpeg_decompress_struct *d))
{
    struct jpeg_decompress_struct d;
    guard g;

    memset(&d, 0, sizeof d);
    d.err = guarded(&g);
    if (setjmp(g.back)) {
        jpeg_destroy_decompress(&d);
        errno = EBADMSG;
        return false;
    }
    jpeg_create_decompress(&d);
    jpeg_mem_src(&d, j->data, j->nbytes);
    jpeg_read_header(&d, TRUE);
    body(j, &d);
    jpeg_destroy_decompress(&d);
    return true;
}

/* ---- what is measured ----------------------------------------------------------------------------- */

static void look(jpeg *j, struct jpeg_decompress_struct *d)
{
    jpeg_calc_output_dimensions(d);
    j->width = d->output_width;
    j->height = d->output_height;
    j->components = d->output_components;
    j->space = d->out_color_space;
    for (int i = 0; i < d->num_components; i++) {
        const jpeg_component_info *c = &d->comp_info[i];
        j->coefficient_nbytes += (uint64_t)c->width_in_blocks * c->height_in_blocks * sizeof(JBLOCK);
    }
}

static void entropy_only(jpeg *j, struct jpeg_decompress_struct *d)
{
    (void)j;
    ck_limits_keep(jpeg_read_coefficients(d));
    jpeg_finish_decompress(d);
}

/* The code of every coefficient is read, those but the first of a block are dropped: no memory, next to no pixels. */
static void entropy_dropped(jpeg *j, struct jpeg_decompress_struct *d)
{
    (void)j;
    d->scale_num = 1;
    d->scale_denom = 8;
    d->do_fancy_upsampling = FALSE;
    jpeg_start_decompress(d);
    JDIMENSION row_nbytes = d->output_width * (JDIMENSION)d->output_components;
    JSAMPARRAY rows = d->mem->alloc_sarray((j_common_ptr)d, JPOOL_IMAGE, row_nbytes, GROUP);
    while (d->output_scanline < d->output_height)
        jpeg_read_scanlines(d, rows, GROUP);
    jpeg_finish_decompress(d);
}

static bool kept(const jpeg *j, uint32_t y)
{
    return j->sample && j->every && y / STRIP % j->every == 0;
}

static void decode(jpeg *j, struct jpeg_decompress_struct *d)
{
    size_t row_nbytes = (size_t)j->width * (size_t)j->components;
    uint32_t at = 0;

    jpeg_start_decompress(d);
    JSAMPARRAY rows = d->mem->alloc_sarray((j_common_ptr)d, JPOOL_IMAGE, (JDIMENSION)row_nbytes, GROUP);
    while (d->output_scanline < d->output_height) {
        uint32_t y = d->output_scanline, n = jpeg_read_scanlines(d, rows, GROUP);
        for (uint32_t i = 0; i < n && kept(j, y + i) && at < j->sample_rows; i++)
            memcpy(j->sample + row_nbytes * at++, rows[i], row_nbytes);
    }
    jpeg_finish_decompress(d);
    if (j->sample)
        j->sample_rows = at;
}

/* Its time is that of libjpeg and of nothing else. */
static double timed(jpeg *j, void (*body)(jpeg *j, struct jpeg_decompress_struct *d))
{
    double start = ck_limits_now();

    return reading(j, body) ? ck_limits_now() - start : -1;
}

static double entropy_only_once(void *user) { return timed(user, entropy_only); }
static double entropy_dropped_once(void *user) { return timed(user, entropy_dropped); }
static double decode_once(void *user) { return timed(user, decode); }

static double encode_once(void *user)
{
    jpeg *j = user;
    struct jpeg_compress_struct c;
    guard g;
    unsigned char *to = j->out;
    unsigned long room = j->out_room;
    size_t row_nbytes = (size_t)j->width * (size_t)j->components;
    double start = ck_limits_now();

    memset(&c, 0, sizeof c);
    c.err = guarded(&g);
    if (setjmp(g.back)) {
        jpeg_destroy_compress(&c);
        errno = EIO;
        return -1;
    }
    jpeg_create_compress(&c);
    jpeg_mem_dest(&c, &to, &room); /* large enough, so that it stays j->out */
    c.image_width = j->width;
    c.image_height = j->sample_rows;
    c.input_components = j->components;
    c.in_color_space = j->space;
    jpeg_set_defaults(&c);
    jpeg_set_quality(&c, QUALITY, TRUE);
    jpeg_start_compress(&c, TRUE);
    while (c.next_scanline < c.image_height) {
        JSAMPROW row = j->sample + row_nbytes * c.next_scanline;
        jpeg_write_scanlines(&c, &row, 1);
    }
    jpeg_finish_compress(&c);
    jpeg_destroy_compress(&c);
    j->out_nbytes = room;
    return ck_limits_now() - start;
}

/* ---- figures ------------------------------------------------------------------------------------------ */

static chunkimg_status measure_entropy(ck_limits *l, jpeg *j, double *seconds, chunkimg_error *err)
{
    ck_figure all = {.group = "jpeg", .name = "entropy_coefficients", .text = "entropy code only, coefficients kept",
                     .unit = "MP/s"};
    ck_figure some = {.group = "jpeg", .name = "entropy", .text = "entropy code only, coefficients dropped",
                      .unit = "MP/s", .note = "decoded at 1/8 scale"};
    double pixels = (double)j->width * j->height * 1e-6;
    chunkimg_status status = CHUNKIMG_OK;

    snprintf(all.note, sizeof all.note, "into %.0f MB, and their memory for the first time",
             (double)j->coefficient_nbytes * 1e-6);
    if (j->coefficient_nbytes < l->spare_memory / 2)
        status = ck_limits_rate(l, all, pixels, entropy_only_once, j, seconds, err);
    double dropped = 0;
    if (!status)
        status = ck_limits_rate(l, some, pixels, entropy_dropped_once, j, &dropped, err);
    if (*seconds <= 0 || dropped < *seconds)
        *seconds = dropped;
    return status;
}

static chunkimg_status measure_decode(ck_limits *l, jpeg *j, double *seconds, chunkimg_error *err)
{
    ck_figure f = {.group = "jpeg", .name = "decode", .text = "decode", .unit = "MP/s"};
    double pixels = (double)j->width * j->height * 1e-6;
    chunkimg_status status = ck_limits_rate(l, f, pixels, decode_once, j, seconds, err);

    if (status || *seconds <= 0)
        return status;
    ck_figure share = {.group = "jpeg", .name = "entropy_share", .text = "the entropy code's part of it", .unit = "%",
                       .value = 100 * l->floors.entropy_s / *seconds, .runs = 1};
    ck_limits_add(l, &share);
    return status;
}

static chunkimg_status measure_encode(ck_limits *l, jpeg *j, double *seconds, chunkimg_error *err)
{
    double raw = (double)j->width * j->sample_rows * j->components, pixels = (double)j->width * j->sample_rows * 1e-6;
    ck_figure f = {.group = "jpeg", .name = "encode", .text = "encode, quality 85", .unit = "MP/s"};

    if (encode_once(j) < 0) /* for the ratio, which the figure must have before it is printed */
        return ck_limits_failed(err, CHUNKIMG_SYSTEM, errno, "measuring %s", f.text);
    f.ratio = (double)j->out_nbytes / raw;
    snprintf(f.note, sizeof f.note, "%.1f MP in strips of %d rows", pixels, STRIP);
    return ck_limits_rate(l, f, pixels, encode_once, j, seconds, err);
}

/* ---- all of it ----------------------------------------------------------------------------------------- */

static bool load(jpeg *j, const char *path, uint64_t nbytes)
{
    FILE *f = fopen(path, "re");

    if (!f)
        return false;
    j->data = malloc((size_t)nbytes);
    if (j->data)
        j->nbytes = fread(j->data, 1, (size_t)nbytes, f);
    fclose(f);
    return j->data != NULL;
}

/* Place for the sample; the next decode fills it. */
static bool plan_sample(jpeg *j)
{
    uint32_t strips = (j->height + STRIP - 1) / STRIP;
    double wanted = sample_pixels / j->width / STRIP;

    j->every = wanted < 1 ? strips : (uint32_t)(strips / wanted);
    j->every = j->every ? j->every : 1;
    j->sample_rows = (strips + j->every - 1) / j->every * STRIP;
    j->sample_rows = j->sample_rows < j->height ? j->sample_rows : j->height;
    j->out_room = (size_t)j->width * j->sample_rows * (size_t)j->components + (1 << 20);
    j->sample = calloc(1, j->out_room);
    j->out = calloc(1, j->out_room);
    return j->sample && j->out;
}

chunkimg_status ck_limits_of_jpeg(ck_limits *l, chunkimg_error *err)
{
    jpeg j = {.data = NULL};
    double encode_s = 0;
    chunkimg_status status = CHUNKIMG_OK;

    if (l->input_bytes > l->spare_memory / 4)
        return ck_limits_failed(err, CHUNKIMG_LIMIT, 0, "%s: there is too little memory to measure with", l->input);
    if (!load(&j, l->path, l->input_bytes))
        return ck_limits_failed(err, CHUNKIMG_SYSTEM, errno, "%s", l->input);
    if (!reading(&j, look))
        status = ck_limits_failed(err, CHUNKIMG_BAD_INPUT, 0, "%s: the JPEG cannot be read", l->input);
    if (!status)
        status = measure_entropy(l, &j, &l->floors.entropy_s, err);
    if (!status)
        status = measure_decode(l, &j, &l->floors.decode_s, err);
    if (!status && (!plan_sample(&j) || !reading(&j, decode) || !j.sample_rows))
        status = ck_limits_failed(err, CHUNKIMG_SYSTEM, ENOMEM, "measuring the encoder");
    if (!status)
        status = measure_encode(l, &j, &encode_s, err);
    if (!status)
        l->floors.encode_s = encode_s * j.height / j.sample_rows;
    free(j.data);
    free(j.sample);
    free(j.out);
    return status;
}
