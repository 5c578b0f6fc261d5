#include "sink/manifest.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"

enum { TEXT_NBYTES = 64 * 1024 };

/* ---- what the work is ------------------------------------------------------- */

static json_t *rect_json(ck_rect r)
{
    return json_pack("{s:i,s:i,s:i,s:i}", "x", r.x, "y", r.y, "w", r.w, "h", r.h);
}

static json_t *source_json(const ck_sink_config *c)
{
    const chunkimg_plan *p = c->plan;
    char shown[1024];

    return json_pack("{s:s,s:i,s:i,s:i,s:i,s:I,s:s,s:s?}", "path", ck_text_escape(shown, sizeof shown, p->input), "width",
                     p->width, "height", p->height, "channels", p->channels, "depth", p->depth, "bytes",
                     (json_int_t)p->input_bytes, "format", p->input_format, "stamp", c->stamp);
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

    return json_pack("{s:s,s:s,s:s,s:b,s:I,s:I,s:s}", "ops", c->plan->ops, "border", c->plan->border, "format", c->plan->output_format, "lossless",
                     (int)c->plan->lossless, "quality", (json_int_t)c->options->quality, "compression",
                     (json_int_t)c->options->compression, "name", ck_text_escape(shown, sizeof shown, c->name));
}

json_t *ck_manifest_work(const ck_sink_config *c)
{
    return json_pack("{s:o,s:o,s:o}", "source", source_json(c), "plan", plan_json(c), "options", options_json(c));
}

/* ---- writing ------------------------------------------------------------------ */

static ck_status flush_text(ck_manifest_writer *w, ck_error *err)
{
    char *text = w->text;
    size_t n = w->used;

    w->used = 0;
    w->text = w->other;
    w->other = text;
    return n ? ck_outdir_append_kept(w->dir, text, n, err) : CK_OK;
}

static ck_status add_text(ck_manifest_writer *w, const char *text, size_t n, ck_error *err)
{
    ck_status status = CK_OK;

    if (n > TEXT_NBYTES - w->used)
        status = flush_text(w, err);
    if (status)
        return status;
    if (n > TEXT_NBYTES)
        return ck_outdir_append(w->dir, text, n, err);
    memcpy(w->text + w->used, text, n);
    w->used += n;
    return CK_OK;
}

/* Adds `value` (which is released) between two pieces of text. */
static ck_status add_json(ck_manifest_writer *w, const char *before, json_t *value, const char *after, ck_error *err)
{
    char *text = ck_json_text(value, JSON_COMPACT | JSON_ENCODE_ANY);
    ck_status status;

    json_decref(value);
    if (!text)
        return ck_fail_memory(err, 0, "writing the manifest");
    status = add_text(w, before, strlen(before), err);
    if (!status)
        status = add_text(w, text, strlen(text), err);
    if (!status)
        status = add_text(w, after, strlen(after), err);
    free(text);
    return status;
}

ck_status ck_manifest_begin(ck_manifest_writer *w, const ck_sink_config *config, ck_outdir *dir, ck_error *err)
{
    ck_status status;

    *w = (ck_manifest_writer){.config = config, .dir = dir, .text = malloc(TEXT_NBYTES), .other = malloc(TEXT_NBYTES), .failed = json_array()};
    if (!w->text || !w->other || !w->failed)
        return ck_fail_memory(err, 2 * TEXT_NBYTES, "opening the manifest");
    status = ck_outdir_begin(dir, CK_MANIFEST_NAME, err);
    if (!status)
        status = add_json(w, "{\n\"schema\": ", json_string(CK_MANIFEST_SCHEMA), ",\n", err);
    if (!status)
        status = add_json(w, "\"source\": ", source_json(config), ",\n", err);
    if (!status)
        status = add_json(w, "\"plan\": ", plan_json(config), ",\n", err);
    if (!status)
        status = add_json(w, "\"options\": ", options_json(config), ",\n\"tiles\": [\n", err);
    return status;
}

/* Escaped text in the inside of a JSON string. to: 2 * strlen(text) + 1. */
static const char *quote(char *to, const char *text)
{
    char *at = to;

    for (; *text; *at++ = *text++)
        if (*text == '"' || *text == '\\')
            *at++ = '\\';
    *at = 0;
    return to;
}

/* Written by hand: one of these is owed for every tile, and building a tree of each costs as much as writing its file. */
ck_status ck_manifest_add(ck_manifest_writer *w, const ck_tile *t, const char *file, const ck_outcome *o, ck_error *err)
{
    char shown[4 * 256], name[2 * sizeof shown], text[sizeof name + 512];
    int n = snprintf(text, sizeof text,
                     "%s{\"file\":\"%s\",\"col\":%d,\"row\":%d,"
                     "\"own\":{\"x\":%d,\"y\":%d,\"w\":%d,\"h\":%d},\"held\":{\"x\":%d,\"y\":%d,\"w\":%d,\"h\":%d},"
                     "\"width\":%d,\"height\":%d,\"pad_x\":%d,\"pad_y\":%d,\"bytes\":%" PRIu64 ","
                     "\"crc32\":\"%08x\",\"digest\":\"%08x\"}",
                     w->tiles++ ? ",\n" : "", quote(name, ck_text_escape(shown, sizeof shown, file)), t->col, t->row,
                     t->own.x, t->own.y, t->own.w, t->own.h, t->held.x, t->held.y, t->held.w, t->held.h, t->file_w,
                     t->file_h, t->pad_left, t->pad_top, o->nbytes, o->crc, o->digest);

    return add_text(w, text, (size_t)n, err);
}

ck_status ck_manifest_add_failed(ck_manifest_writer *w, const ck_tile *t, const ck_error *why, ck_error *err)
{
    char shown[4 * sizeof why->text];
    json_t *entry = json_pack("{s:i,s:i,s:o,s:s}", "col", t->col, "row", t->row, "own", rect_json(t->own), "why",
                              ck_text_escape(shown, sizeof shown, why->text));

    return json_array_append_new(w->failed, entry) ? ck_fail_memory(err, 0, "writing the manifest") : CK_OK;
}

ck_status ck_manifest_end(ck_manifest_writer *w, ck_error *err)
{
    char digest[16];
    ck_status status = CK_OK;

    snprintf(digest, sizeof digest, "%08x", *w->config->digest);
    if (json_array_size(w->failed))
        status = add_json(w, "\n],\n\"failed\": ", json_incref(w->failed), "", err);
    else
        status = add_text(w, "\n]", 2, err);
    if (!status)
        status = add_json(w, ",\n\"digest\": ", json_string(digest), "\n}\n", err);
    if (!status)
        status = flush_text(w, err);
    return status ? status : ck_outdir_end(w->dir, err);
}

void ck_manifest_release(ck_manifest_writer *w)
{
    free(w->text);
    free(w->other);
    json_decref(w->failed);
    w->text = w->other = NULL;
    w->failed = NULL;
}
