#include "bench/ops.h"

#include <errno.h>
#include <jansson.h>
#include <png.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench/limits.h"

/* Beside every operation with its defaults: the arguments that comparisons with other libraries are made for. */
static const char *const more[] = {
    "gray=709",  "blur=2",     "blur=8",      "blur=20",     "blur=50",      "box=2",       "box=5",
    "box=25",    "median=2",   "median=3",    "median=7",    "median=20",    "median=50",   "erode=3",
    "erode=7",   "erode=20",   "open=3",      "bilateral=2,30", "bilateral=4,30", "burn=10", "resize=0.5", "resize=2",
    "rotate=90", "rotate=180", "flip=h",      "flip=v",      "conv=0 -1 0 -1 5 -1 0 -1 0", "threshold=otsu",
};

/* ---- an image where none was given ------------------------------------------------------------- */

enum { PAINTED_W = 4096, PAINTED_H = 2048 };

/* Slow waves with edges and a little noise, as a photograph has them. */
static void paint_row(uint8_t *row, int32_t y, uint32_t *seed)
{
    for (int32_t x = 0; x < PAINTED_W; x++)
        for (int32_t c = 0; c < 3; c++) {
            int32_t wave = ((x * (3 + c) + y * (5 - c)) >> 4) & 511, patch = ((x >> 7) * 37 + (y >> 6) * 59 + c * 83) & 127;

            *seed = *seed * 1664525u + 1013904223u;
            *row++ = (uint8_t)((wave > 255 ? 511 - wave : wave) / 2 + patch * 7 / 8 + (int32_t)(*seed >> 28));
        }
}

static bool write_painted(FILE *to)
{
    static uint8_t row[3 * PAINTED_W];
    png_structp png = png_create_write_struct(PNG_LIBPNG_VER_STRING, NULL, NULL, NULL);
    png_infop info = png ? png_create_info_struct(png) : NULL;
    uint32_t seed = 1;

    if (!info || setjmp(png_jmpbuf(png))) {
        png_destroy_write_struct(&png, &info);
        return false;
    }
    png_init_io(png, to);
    png_set_IHDR(png, info, PAINTED_W, PAINTED_H, 8, PNG_COLOR_TYPE_RGB, PNG_INTERLACE_NONE, PNG_COMPRESSION_TYPE_DEFAULT,
                 PNG_FILTER_TYPE_DEFAULT);
    png_set_compression_level(png, 0);
    png_set_filter(png, PNG_FILTER_TYPE_BASE, PNG_FILTER_NONE);
    png_write_info(png, info);
    for (int32_t y = 0; y < PAINTED_H; y++) {
        paint_row(row, y, &seed);
        png_write_row(png, row);
    }
    png_write_end(png, info);
    png_destroy_write_struct(&png, &info);
    return true;
}

static chunkimg_status paint(ck_ops *o, chunkimg_error *err)
{
    const char *folder = getenv("TMPDIR");
    int n = snprintf(o->painted, sizeof o->painted, "%s/chunkimg-bench-XXXXXX", folder && *folder ? folder : "/tmp");
    int fd = n < (int)sizeof o->painted ? mkstemp(o->painted) : -1;
    FILE *to = fd >= 0 ? fdopen(fd, "wb") : NULL;

    if (!to) {
        chunkimg_status status = ck_limits_failed(err, CHUNKIMG_SYSTEM, n < (int)sizeof o->painted ? errno : ENAMETOOLONG,
                                                  "making a temporary image in %s", folder ? folder : "/tmp");
        if (fd >= 0)
            close(fd);
        else
            o->painted[0] = 0;
        return status;
    }
    bool whole = write_painted(to);
    if (fclose(to) || !whole)
        return ck_limits_failed(err, CHUNKIMG_SYSTEM, errno, "writing a temporary image, %s", o->painted);
    o->job.input = o->painted;
    return CHUNKIMG_OK;
}

/* ---- one operation ------------------------------------------------------------------------------ */

static void print_rate(const ck_ops *o, const ck_op_rate *r)
{
    FILE *to = o->config.to;

    if (!to)
        return;
    if (r->runs)
        fprintf(to, "  %-32s %9.1f %9.1f %6.2f %6u%s%s\n", r->text, r->best, r->median, r->cpu, r->runs, *r->note ? "  " : "",
                r->note);
    else
        fprintf(to, "  %-32s %s\n", r->text, r->note);
    fflush(to);
}

/* Time in operations alone. */
static double seconds_of(const chunkimg_result *r)
{
    return r->stage_s[CHUNKIMG_STAGE_PROCESS] - r->digest_s;
}

enum { RUNS_MOST = 25 };

/* Runs the job with these operations and fills r. */
static chunkimg_status measure(ck_ops *o, ck_op_rate *r, const chunkimg_list *ops, chunkimg_error *err)
{
    double mp = (double)o->width * o->height * 1e-6, best = 0;
    ck_timing t = {.runs = 0};
    chunkimg_result result;

    o->job.ops = *ops;
    while (ck_timing_wants_more(&t) && t.runs < RUNS_MOST) {
        if (o->config.stopped && o->config.stopped())
            return ck_limits_failed(err, CHUNKIMG_INTERRUPTED, 0, "interrupted while measuring %s", r->text);
        chunkimg_status status = o->config.apart(&o->job, &result, err);
        if (status)
            return status;
        double s = seconds_of(&result);
        if (s < 1e-12 * o->width * o->height) { /* a terapixel a second */
            snprintf(r->note, sizeof r->note, "nothing to do: rows are handed on as they lie");
            return CHUNKIMG_OK;
        }
        ck_timing_add(&t, s);
        if (t.runs == 1 || s < best) {
            best = s;
            r->cpu = result.wall_s > 0 ? (result.user_s + result.sys_s) / result.wall_s : 0;
        }
    }
    r->runs = t.runs;
    r->best = mp / best;
    r->median = mp / ck_timing_median(&t);
    if (r->cpu < 0.9)
        snprintf(r->note, sizeof r->note, "the machine was busy");
    return CHUNKIMG_OK;
}

/* `asked`: by the user, so that it must run. */
static chunkimg_status add(ck_ops *o, const chunkimg_list *ops, bool asked, chunkimg_error *err)
{
    ck_op_rate *r = &o->rates[o->count];
    size_t used = 0;

    if (o->count == CK_OP_RATES_MOST)
        return CHUNKIMG_OK;
    memset(r, 0, sizeof *r);
    for (size_t i = 0; i < ops->count && used < sizeof r->text; i++)
        used += (size_t)snprintf(r->text + used, sizeof r->text - used, "%s%s", i ? ", " : "", ops->items[i]);
    chunkimg_status status = measure(o, r, ops, err);
    if (status == CHUNKIMG_USAGE && !asked) {
        snprintf(r->note, sizeof r->note, "not measured: %.180s", err->text);
        r->runs = 0;
        status = CHUNKIMG_OK;
    }
    if (status)
        return status;
    o->count++;
    print_rate(o, r);
    return CHUNKIMG_OK;
}

static chunkimg_status add_one(ck_ops *o, const char *text, bool asked, chunkimg_error *err)
{
    chunkimg_list list = {.count = 1, .items = {text}};

    return add(o, &list, asked, err);
}

/* ---- all of them ---------------------------------------------------------------------------------- */

static chunkimg_status all(ck_ops *o, chunkimg_error *err)
{
    chunkimg_status status = CHUNKIMG_OK;
    chunkimg_module m;

    for (size_t i = 0; !status && chunkimg_module_at(CHUNKIMG_OPS, i, &m); i++) {
        size_t n = strlen(m.name);

        status = add_one(o, m.name, false, err);
        for (size_t k = 0; k < sizeof more / sizeof *more && !status; k++)
            if (!strncmp(more[k], m.name, n) && more[k][n] == '=')
                status = add_one(o, more[k], false, err);
    }
    return status;
}

/* Each by itself, then one after the other in one chain. */
static chunkimg_status asked(ck_ops *o, chunkimg_error *err)
{
    const chunkimg_list *ops = &o->config.job->ops;
    chunkimg_status status = CHUNKIMG_OK;

    for (size_t i = 0; i < ops->count && !status; i++)
        status = add_one(o, ops->items[i], true, err);
    if (!status && ops->count > 1)
        status = add(o, ops, true, err);
    return status;
}

static chunkimg_status look(ck_ops *o, chunkimg_error *err)
{
    chunkimg_job *job;
    chunkimg_status status = chunkimg_open(&o->job, &job, err);

    if (status)
        return status;
    const chunkimg_plan *p = chunkimg_job_plan(job);
    o->width = p->width;
    o->height = p->height;
    o->channels = p->channels;
    o->depth = p->depth;
    if (o->config.to)
        fprintf(o->config.to, "%s, %d x %d, %d channel%s of %d bit, tiles of %d x %d, one core\n\n  %-32s %9s %9s %6s %6s\n",
                *o->input ? o->input : "painted image", o->width, o->height, o->channels, o->channels == 1 ? "" : "s",
                o->depth, p->tile_width, p->tile_height, "operation", "MP/s best", "median", "CPU", "runs");
    chunkimg_close(&job);
    return CHUNKIMG_OK;
}

chunkimg_status ck_ops_measure(ck_ops *o, const ck_ops_config *config, chunkimg_error *err)
{
    chunkimg_status status = CHUNKIMG_OK;

    memset(o, 0, sizeof *o);
    o->config = *config;
    o->job = *config->job;
    o->job.output = "none";
    o->job.format = NULL;
    o->job.mode = "serial";
    o->job.ops.count = 0;
    if (o->job.input)
        chunkimg_shown(o->job.input, o->input, sizeof o->input);
    else
        status = paint(o, err);
    if (!status)
        status = look(o, err);
    if (!status)
        status = config->job->ops.count ? asked(o, err) : all(o, err);
    if (*o->painted)
        unlink(o->painted);
    o->complete = !status;
    return status;
}

bool ck_ops_json(FILE *to, const ck_ops *o)
{
    char libraries[400];
    json_t *rates = json_array();

    for (size_t i = 0; i < o->count; i++) {
        const ck_op_rate *r = &o->rates[i];
        json_t *one = json_pack("{s:s,s:i,s:f,s:f,s:f}", "op", r->text, "runs", (int)r->runs, "best_mp_s", r->best,
                                "median_mp_s", r->median, "cpu", r->cpu);
        if (*r->note)
            json_object_set_new(one, "note", json_string(r->note));
        json_array_append_new(rates, one);
    }
    json_t *document = json_pack("{s:s,s:s,s:s,s:b,s:{s:s?,s:i,s:i,s:i,s:i},s:o}", "schema", "chunkimg-ops/1", "version",
                                 chunkimg_version(), "libraries", chunkimg_build_info(libraries, sizeof libraries),
                                 "complete", (int)o->complete, "input", "path", *o->input ? o->input : NULL, "width", o->width,
                                 "height", o->height, "channels", o->channels, "depth", o->depth, "ops", rates);
    bool written = document && !json_dumpf(document, to, JSON_INDENT(2) | JSON_ENSURE_ASCII) && fputc('\n', to) != EOF;

    json_decref(document);
    return written;
}
