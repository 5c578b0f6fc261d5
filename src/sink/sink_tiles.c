/*
 * A folder of tile files and, as the last file to be finished, manifest.json:
 * the source, the plan, the options and for every tile its file, rectangle,
 * bytes and CRC-32. Workers write the tiles; the manifest grows at home.
 */
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "os/outdir.h"
#include "sink/sink.h"
#include "sink/template.h"

enum { TEXT_NBYTES = 64 * 1024 };

typedef struct state {
    const ck_sink_config *config;
    ck_outdir *dir;
    char *text; /* of the manifest, not yet appended */
    size_t used;
    uint64_t files, nbytes, manifest_nbytes;
} state;

/* ---- the manifest ---------------------------------------------------------- */

static ck_status flush_text(state *s, ck_error *err)
{
    size_t n = s->used;

    s->used = 0;
    s->manifest_nbytes += n;
    return n ? ck_outdir_append(s->dir, s->text, n, err) : CK_OK;
}

static ck_status add_text(state *s, const char *text, size_t n, ck_error *err)
{
    ck_status status = CK_OK;

    if (n > TEXT_NBYTES - s->used)
        status = flush_text(s, err);
    if (status)
        return status;
    if (n > TEXT_NBYTES) {
        s->manifest_nbytes += n;
        return ck_outdir_append(s->dir, text, n, err);
    }
    memcpy(s->text + s->used, text, n);
    s->used += n;
    return CK_OK;
}

/* Adds `value` (which is released) between two pieces of text. */
static ck_status add_json(state *s, const char *before, json_t *value, const char *after, ck_error *err)
{
    char *text = value ? json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY) : NULL;
    ck_status status;

    json_decref(value);
    if (!text)
        return ck_fail_memory(err, 0, "writing the manifest");
    status = add_text(s, before, strlen(before), err);
    if (!status)
        status = add_text(s, text, strlen(text), err);
    if (!status)
        status = add_text(s, after, strlen(after), err);
    free(text);
    return status;
}

static json_t *rect_json(ck_rect r)
{
    return json_pack("{s:i,s:i,s:i,s:i}", "x", r.x, "y", r.y, "w", r.w, "h", r.h);
}

static json_t *source_json(const chunkimg_plan *p)
{
    char shown[1024];

    return json_pack("{s:s,s:i,s:i,s:i,s:i,s:I,s:s}", "path", ck_text_escape(shown, sizeof shown, p->input), "width",
                     p->width, "height", p->height, "channels", p->channels, "depth", p->depth, "bytes",
                     (json_int_t)p->input_bytes, "format", p->input_format);
}

static json_t *plan_json(const ck_sink_config *c)
{
    static const char *const edges[] = {"keep", "pad", "shift", "drop"};
    const chunkimg_plan *p = c->plan;

    return json_pack("{s:I,s:i,s:i,s:i,s:i,s:i,s:s,s:i,s:i,s:i,s:i}", "count", (json_int_t)p->tiles, "columns", p->columns,
                     "rows", p->rows, "width", p->tile_width, "height", p->tile_height, "overlap", p->overlap, "edge",
                     edges[c->options->edge], "image_width", p->out_width, "image_height", p->out_height, "channels",
                     p->out_channels, "depth", p->out_depth);
}

static json_t *options_json(const ck_sink_config *c)
{
    char shown[300];

    return json_pack("{s:s,s:s,s:b,s:I,s:I,s:s}", "ops", c->plan->ops, "format", c->plan->output_format, "lossless",
                     (int)c->plan->lossless, "quality", (json_int_t)c->options->quality, "compression",
                     (json_int_t)c->options->compression, "name", ck_text_escape(shown, sizeof shown, c->name));
}

static ck_status begin_manifest(state *s, ck_error *err)
{
    ck_status status = ck_outdir_begin(s->dir, "manifest.json", err);

    if (!status)
        status = add_json(s, "{\n\"schema\": ", json_string("chunkimg-manifest/1"), ",\n", err);
    if (!status)
        status = add_json(s, "\"source\": ", source_json(s->config->plan), ",\n", err);
    if (!status)
        status = add_json(s, "\"plan\": ", plan_json(s->config), ",\n", err);
    if (!status)
        status = add_json(s, "\"options\": ", options_json(s->config), ",\n\"tiles\": [\n", err);
    return status;
}

static ck_status end_manifest(state *s, ck_error *err)
{
    char digest[16];
    ck_status status;

    snprintf(digest, sizeof digest, "%08x", *s->config->digest);
    status = add_json(s, "\n],\n\"digest\": ", json_string(digest), "\n}\n", err);
    if (!status)
        status = flush_text(s, err);
    if (!status)
        status = ck_outdir_end(s->dir, err);
    return status;
}

/* ---- the sink --------------------------------------------------------------- */

static ck_status tiles_check(const ck_sink_config *c, ck_error *err)
{
    ck_status status = ck_template_check(c->name, c->stem, c->suffix, c->grid, err);

    return status ? status : ck_out_check(c->path, false, c->force, err);
}

static void tiles_abandon(void *st)
{
    state *s = st;

    ck_outdir_abandon(&s->dir);
    free(s->text);
    s->text = NULL;
}

static ck_status tiles_open(void *st, const ck_sink_config *config, ck_error *err)
{
    state *s = st;
    ck_status status;

    *s = (state){.config = config, .text = malloc(TEXT_NBYTES)};
    if (!s->text)
        return ck_fail_memory(err, TEXT_NBYTES, "opening the output");
    status = ck_outdir_open(config->path, config->force, &s->dir, err);
    if (!status)
        status = begin_manifest(s, err);
    if (status)
        tiles_abandon(s);
    return status;
}

static ck_status tiles_store(void *st, const ck_tile *tile, const void *bytes, size_t nbytes, ck_error *err)
{
    const state *s = st;
    char name[CK_NAME_MOST];
    ck_status status = ck_template_name(s->config->name, s->config->stem, s->config->suffix, tile, name, err);

    return status ? status : ck_outdir_put(s->dir, name, bytes, nbytes, err);
}

static ck_status tiles_accept(void *st, const ck_tile *tile, const ck_outcome *outcome, const void *bytes, ck_error *err)
{
    state *s = st;
    char name[CK_NAME_MOST], shown[4 * CK_NAME_MOST], crc[16];
    ck_status status = ck_template_name(s->config->name, s->config->stem, s->config->suffix, tile, name, err);

    (void)bytes;
    if (status)
        return status;
    snprintf(crc, sizeof crc, "%08x", outcome->crc);
    s->nbytes += outcome->nbytes;
    return add_json(s, s->files++ ? ",\n" : "",
                    json_pack("{s:s,s:i,s:i,s:o,s:o,s:i,s:i,s:i,s:i,s:I,s:s}", "file", ck_text_escape(shown, sizeof shown, name),
                              "col", tile->col, "row", tile->row, "own", rect_json(tile->own), "held",
                              rect_json(tile->held), "width", tile->file_w, "height", tile->file_h, "pad_x", tile->pad_left, "pad_y", tile->pad_top, "bytes",
                              (json_int_t)outcome->nbytes, "crc32", crc),
                    "", err);
}

static ck_status tiles_finish(void *st, uint64_t *files, uint64_t *nbytes, ck_error *err)
{
    state *s = st;
    ck_status status = end_manifest(s, err);

    *files = s->files;
    *nbytes = s->nbytes;
    if (!status)
        status = ck_outdir_publish(&s->dir, err);
    tiles_abandon(s); /* what is left after publishing: memory */
    return status;
}

const ck_sink ck_sink_tiles = {
    .name = "tiles",
    .summary = "a folder of tile files and their manifest.json",
    .traits = CK_SINK_ENCODES,
    .state_size = sizeof(state),
    .check = tiles_check,
    .open = tiles_open,
    .store = tiles_store,
    .accept = tiles_accept,
    .finish = tiles_finish,
    .abandon = tiles_abandon,
};
