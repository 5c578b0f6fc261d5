#include "sink/manifest.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/text.h"

#define SCHEMA "chunkimg-manifest/1"

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

    return json_pack("{s:s,s:s,s:b,s:I,s:I,s:s}", "ops", c->plan->ops, "format", c->plan->output_format, "lossless",
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
    size_t n = w->used;

    w->used = 0;
    return n ? ck_outdir_append(w->dir, w->text, n, err) : CK_OK;
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
    char *text = value ? json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY) : NULL;
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

    *w = (ck_manifest_writer){.config = config, .dir = dir, .text = malloc(TEXT_NBYTES), .failed = json_array()};
    if (!w->text || !w->failed)
        return ck_fail_memory(err, TEXT_NBYTES, "opening the manifest");
    status = ck_outdir_begin(dir, CK_MANIFEST_NAME, err);
    if (!status)
        status = add_json(w, "{\n\"schema\": ", json_string(SCHEMA), ",\n", err);
    if (!status)
        status = add_json(w, "\"source\": ", source_json(config), ",\n", err);
    if (!status)
        status = add_json(w, "\"plan\": ", plan_json(config), ",\n", err);
    if (!status)
        status = add_json(w, "\"options\": ", options_json(config), ",\n\"tiles\": [\n", err);
    return status;
}

ck_status ck_manifest_add(ck_manifest_writer *w, const ck_tile *t, const char *file, const ck_outcome *o, ck_error *err)
{
    char shown[4 * 256], crc[16], digest[16];

    snprintf(crc, sizeof crc, "%08x", o->crc);
    snprintf(digest, sizeof digest, "%08x", o->digest);
    return add_json(w, w->tiles++ ? ",\n" : "",
                    json_pack("{s:s,s:i,s:i,s:o,s:o,s:i,s:i,s:i,s:i,s:I,s:s,s:s}", "file",
                              ck_text_escape(shown, sizeof shown, file), "col", t->col, "row", t->row, "own",
                              rect_json(t->own), "held", rect_json(t->held), "width", t->file_w, "height", t->file_h,
                              "pad_x", t->pad_left, "pad_y", t->pad_top, "bytes", (json_int_t)o->nbytes, "crc32", crc,
                              "digest", digest),
                    "", err);
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
    json_decref(w->failed);
    w->text = NULL;
    w->failed = NULL;
}

/* ---- reading ---------------------------------------------------------------------- */

static bool read_number(const json_t *from, const char *key, uint64_t most, uint64_t *out)
{
    const json_t *value = json_object_get(from, key);

    if (!json_is_integer(value) || json_integer_value(value) < 0 || (uint64_t)json_integer_value(value) > most)
        return false;
    *out = (uint64_t)json_integer_value(value);
    return true;
}

/* Exactly eight hexadecimal digits. */
static bool read_crc(const json_t *from, const char *key, uint32_t *out)
{
    const char *text = json_string_value(json_object_get(from, key));

    if (!text || strspn(text, "0123456789abcdef") != 8 || text[8])
        return false;
    *out = (uint32_t)strtoul(text, NULL, 16);
    return true;
}

/* A name that leads nowhere but into the folder. */
static bool read_file_name(const json_t *from, char to[256])
{
    const char *text = json_string_value(json_object_get(from, "file"));
    char raw[4 * 256];

    if (!text || strlen(text) >= sizeof raw)
        return false;
    strcpy(raw, text);
    ck_text_unescape(raw);
    if (!*raw || strlen(raw) >= 256 || strchr(raw, '/') || !strcmp(raw, ".") || !strcmp(raw, "..") ||
        !strcmp(raw, CK_MANIFEST_NAME))
        return false;
    strcpy(to, raw);
    return true;
}

/* NULL out: only whether it is one. */
static bool read_tile(const json_t *from, uint64_t columns, uint64_t rows, ck_manifest_tile *out)
{
    ck_manifest_tile t = {.col = 0};
    uint64_t col, row;

    if (!columns || !rows || !read_file_name(from, t.file) || !read_number(from, "col", columns - 1, &col) ||
        !read_number(from, "row", rows - 1, &row) || !read_number(from, "bytes", INT64_MAX, &t.outcome.nbytes) ||
        !read_crc(from, "crc32", &t.outcome.crc) || !read_crc(from, "digest", &t.outcome.digest))
        return false;
    t.col = (int32_t)col;
    t.row = (int32_t)row;
    if (out)
        *out = t;
    return true;
}

/* Marks the tile's place; false where it is marked already. */
static bool mark(uint8_t *seen, const json_t *entry, uint64_t columns, uint64_t rows)
{
    uint64_t col, row, i;

    if (!read_number(entry, "col", columns - 1, &col) || !read_number(entry, "row", rows - 1, &row))
        return false;
    i = row * columns + col;
    if (seen[i / 8] >> (i % 8) & 1)
        return false;
    seen[i / 8] |= (uint8_t)(1u << (i % 8));
    return true;
}

/* Every place of the grid is listed once: in `tiles`, or among those that failed. */
static const char *check_entries(ck_manifest *m)
{
    const json_t *plan = json_object_get(m->root, "plan"), *tiles = json_object_get(m->root, "tiles");
    const json_t *failed = json_object_get(m->root, "failed"), *entry;
    uint64_t columns, rows, count;
    const char *wrong = NULL;
    uint8_t *seen;
    size_t i;

    if (!read_number(plan, "columns", INT32_MAX, &columns) || !read_number(plan, "rows", INT32_MAX, &rows) ||
        !read_number(plan, "count", INT64_MAX, &count) || !columns || !rows || columns * rows != count)
        return "its plan is incomplete";
    if (!json_is_array(tiles) || (failed && !json_is_array(failed)))
        return "it has no list of tiles";
    m->tiles = json_array_size(tiles);
    m->failed = json_array_size(failed);
    m->promised = count;
    if (m->tiles + m->failed != count)
        return "it lists fewer or more tiles than its plan has";
    seen = calloc(count / 8 + 1, 1);
    if (!seen)
        return "out of memory";
    json_array_foreach(tiles, i, entry)
        if (!read_tile(entry, columns, rows, NULL) || !mark(seen, entry, columns, rows))
            wrong = "an entry of a tile is damaged, or stands there twice";
    json_array_foreach(failed, i, entry)
        if (!mark(seen, entry, columns, rows))
            wrong = "an entry of a failed tile is damaged, or stands there twice";
    free(seen);
    return wrong;
}

static ck_status damaged(const char *shown, const char *file, const char *why, ck_error *err)
{
    return ck_fail(err, CHUNKIMG_BAD_INPUT, "%s: %s cannot be used: %s", shown, file, why);
}

ck_status ck_manifest_read(int dir, const char *file, const char *shown, ck_manifest *out, ck_error *err)
{
    int fd = openat(dir, file, O_RDONLY | O_CLOEXEC | O_NONBLOCK), why = errno;
    struct stat st;
    json_error_t parse;

    *out = (ck_manifest){0};
    if (fd < 0)
        return ck_fail_os(err, why, "%s: %s cannot be opened", shown, file);
    if (fstat(fd, &st) || !S_ISREG(st.st_mode)) {
        close(fd);
        return damaged(shown, file, "it is not a plain file", err);
    }
    out->root = json_loadfd(fd, JSON_REJECT_DUPLICATES, &parse);
    close(fd);
    if (!out->root) {
        char text[4 * JSON_ERROR_TEXT_LENGTH], near[3 * JSON_ERROR_TEXT_LENGTH];

        snprintf(text, sizeof text, "line %d: %s", parse.line, ck_text_escape(near, sizeof near, parse.text));
        return damaged(shown, file, text, err);
    }
    const char *schema = json_string_value(json_object_get(out->root, "schema"));
    const char *wrong = !schema || strcmp(schema, SCHEMA) ? "it is not of schema " SCHEMA : check_entries(out);

    if (!wrong)
        return CK_OK;
    ck_manifest_close(out);
    return damaged(shown, file, wrong, err);
}

void ck_manifest_close(ck_manifest *m)
{
    json_decref(m->root);
    *m = (ck_manifest){0};
}

void ck_manifest_tile_at(const ck_manifest *m, size_t i, ck_manifest_tile *out)
{
    *out = (ck_manifest_tile){.col = -1, .row = -1};
    read_tile(json_array_get(json_object_get(m->root, "tiles"), i), INT32_MAX, INT32_MAX, out);
}
