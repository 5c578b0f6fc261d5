/* Lossless tiles: what they go with, and the grid that they need. Everything else treats them as any other tiles. */
#include "pipeline/job.h"

ck_status ck_lossless_check_options(const chunkimg_options *o, ck_error *err)
{
    const ck_codec *format = o->format ? ck_codec_find(o->format) : NULL;

    if (!o->lossless)
        return CK_OK;
    if (o->ops.count)
        return ck_fail(err, CHUNKIMG_USAGE, "lossless: no operation can be applied, since no pixel is decoded");
    if (format && !format->lossless)
        return ck_fail(err, CHUNKIMG_USAGE, "lossless: tiles are jpeg, as the input is; format says %s", format->name);
    if (ck_codec_of_path(o->output))
        return ck_fail(err, CHUNKIMG_USAGE, "lossless: makes tiles; the output is one image");
    if (o->edge == CHUNKIMG_EDGE_PAD || o->edge == CHUNKIMG_EDGE_SHIFT)
        return ck_fail(err, CHUNKIMG_USAGE, "lossless: edge can be keep or drop; pad and shift make new borders");
    return CK_OK;
}

static ck_status check_orientation(const chunkimg_job *job, ck_error *err)
{
    static const char *const upright[] = {"-flip horizontal", "-rotate 180", "-flip vertical", "-transpose",
                                          "-rotate 90",       "-transverse", "-rotate 270"};
    unsigned orientation = ck_source_meta(job->source)->orientation;

    if (orientation < 2)
        return CK_OK;
    return ck_fail(err, CHUNKIMG_USAGE,
                   "%s: lossless: its EXIF orientation is %u and tiles cannot be turned; "
                   "turn it first (jpegtran %s -trim), or leave --lossless out",
                   job->plan.input, orientation, upright[orientation - 2]);
}

/* ---- the grid -------------------------------------------------------------------- */

static bool on_border(int32_t at, int32_t unit, int32_t end)
{
    return at % unit == 0 || at == end;
}

static bool held_fits(ck_rect held, const ck_grid *g, int32_t unit_w, int32_t unit_h)
{
    return held.x % unit_w == 0 && held.y % unit_h == 0 && on_border(held.x + held.w, unit_w, g->w) &&
           on_border(held.y + held.h, unit_h, g->h);
}

/* Columns are alike in every row, and rows in every column. */
static bool fits(const ck_grid *g, int32_t unit_w, int32_t unit_h)
{
    for (int32_t i = 0; i < g->columns; i++)
        if (!held_fits(ck_grid_tile(g, (uint64_t)i).held, g, unit_w, unit_h))
            return false;
    for (int32_t i = 0; i < g->rows; i++)
        if (!held_fits(ck_grid_tile(g, (uint64_t)i * (uint64_t)g->columns).held, g, unit_w, unit_h))
            return false;
    return true;
}

static int64_t nearest(int64_t pixels, int64_t unit)
{
    int64_t units = (pixels + unit / 2) / unit;

    return (units ? units : 1) * unit;
}

static int64_t common_multiple(int64_t a, int64_t b)
{
    int64_t n = a;

    while (n % b)
        n += a;
    return n;
}

static ck_status refuse(const chunkimg_job *job, ck_error *err)
{
    const chunkimg_options *o = &job->options;
    const ck_grid *g = &job->grid;
    int32_t unit_w = job->unit_w, unit_h = job->unit_h;
    int64_t both = common_multiple(unit_w, unit_h), w, h;
    ck_grid found;

    if (o->overlap % both)
        return ck_fail(err, CHUNKIMG_USAGE,
                       "overlap: lossless tiles need a multiple of %lld pixels here; the nearest is %lld",
                       (long long)both, (long long)nearest(o->overlap, both));
    if (!o->tiles.a) {
        w = nearest(o->tile_size.a ? o->tile_size.a : g->tile_w, unit_w);
        h = nearest(o->tile_size.b ? o->tile_size.b : o->tile_size.a ? o->tile_size.a : g->tile_h, unit_h);
        return ck_fail(err, CHUNKIMG_USAGE,
                       "tile-size: lossless tiles need multiples of %d x %d pixels here; the nearest is %lldx%lld",
                       unit_w, unit_h, (long long)w, (long long)h);
    }
    w = (g->tile_w + unit_w - 1) / unit_w * unit_w; /* upward: as many tiles as were asked for, not one sliver more */
    h = (g->tile_h + unit_h - 1) / unit_h * unit_h;
    if (ck_grid_of_size(g->w, g->h, w, h, CHUNKIMG_EDGE_KEEP, &found, err))
        return err->status;
    return ck_fail(err, CHUNKIMG_USAGE,
                   "tiles: lossless tiles need multiples of %d x %d pixels here; "
                   "the nearest grid is %d x %d of %d x %d: --tile-size %dx%d",
                   unit_w, unit_h, found.columns, found.rows, found.tile_w, found.tile_h, found.tile_w, found.tile_h);
}

ck_status ck_lossless_plan(chunkimg_job *job, ck_error *err)
{
    const ck_image *image = ck_source_image(job->source);
    ck_rect all = {0, 0, job->grid.w, job->grid.h}, nominal = {0, 0, job->grid.tile_w, job->grid.tile_h};
    ck_status status;

    job->unit_w = image->unit_w;
    job->unit_h = image->unit_h;
    job->units = job->grid;
    if (!job->options.lossless)
        return CK_OK;
    status = check_orientation(job, err);
    if (!status && !fits(&job->grid, job->unit_w, job->unit_h))
        status = refuse(job, err);
    all = ck_rect_in_units(all, job->unit_w, job->unit_h);
    nominal = ck_rect_in_units(nominal, job->unit_w, job->unit_h);
    job->units.w = all.w;
    job->units.h = all.h;
    job->units.tile_w = nominal.w;
    job->units.tile_h = nominal.h;
    job->units.overlap /= job->unit_h; /* of columns nobody asks */
    return status;
}
