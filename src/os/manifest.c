#include "os/manifest.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/text.h"

char *ck_json_text(const json_t *value, size_t flags)
{
    size_t size = value ? json_dumpb(value, NULL, 0, flags) : 0;
    char *text = size ? malloc(size + 1) : NULL;

    if (text && json_dumpb(value, text, size, flags) != size) {
        free(text);
        return NULL;
    }
    if (text)
        text[size] = 0;
    return text;
}

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

/* A name that leads nowhere but into the folder, written as this program writes it: so equal names are equal texts. */
static bool read_file_name(const json_t *from, char to[256])
{
    const char *text = json_string_value(json_object_get(from, "file"));
    char raw[4 * 256], shown[4 * 256];

    if (!text || strlen(text) >= sizeof raw)
        return false;
    strcpy(raw, text);
    ck_text_unescape(raw);
    if (strcmp(ck_text_escape(shown, sizeof shown, raw), text) != 0)
        return false;
    if (!*raw || strlen(raw) >= 256 || strchr(raw, '/') || !strcmp(raw, ".") || !strcmp(raw, "..") ||
        !strcmp(raw, CK_MANIFEST_NAME))
        return false;
    strcpy(to, raw);
    return true;
}

static bool read_pixels(const json_t *from, const char *key, int64_t *out)
{
    uint64_t value;
    bool ok = read_number(from, key, INT32_MAX, &value);

    *out = ok ? (int64_t)value : 0;
    return ok;
}

static bool read_rect(const json_t *from, const char *key, ck_manifest_rect *out)
{
    const json_t *rect = json_object_get(from, key);

    return read_pixels(rect, "x", &out->x) && read_pixels(rect, "y", &out->y) && read_pixels(rect, "w", &out->w) &&
           read_pixels(rect, "h", &out->h) && out->w && out->h && out->x + out->w <= INT32_MAX &&
           out->y + out->h <= INT32_MAX;
}

static bool read_geometry(const json_t *from, ck_manifest_tile *t)
{
    return read_rect(from, "own", &t->own) && read_rect(from, "held", &t->held) && read_pixels(from, "width", &t->file_w) &&
           read_pixels(from, "height", &t->file_h) && read_pixels(from, "pad_x", &t->pad_x) &&
           read_pixels(from, "pad_y", &t->pad_y);
}

/* NULL out: only whether it is one. */
static bool read_tile(const json_t *from, uint64_t columns, uint64_t rows, ck_manifest_tile *out)
{
    ck_manifest_tile t = {.col = 0};
    uint64_t col, row;

    if (!columns || !rows || !read_file_name(from, t.file) || !read_number(from, "col", columns - 1, &col) ||
        !read_number(from, "row", rows - 1, &row) || !read_number(from, "bytes", INT64_MAX, &t.nbytes) ||
        !read_crc(from, "crc32", &t.crc) || !read_crc(from, "digest", &t.digest) || !read_geometry(from, &t))
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

static int by_text(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Two tiles in one file would be one tile fewer. */
static const char *check_names(const json_t *tiles)
{
    size_t count = json_array_size(tiles), i;
    const char **names = malloc((count + 1) * sizeof *names), *wrong = NULL;
    const json_t *entry;

    if (!names)
        return "out of memory";
    json_array_foreach(tiles, i, entry)
        names[i] = json_string_value(json_object_get(entry, "file"));
    qsort(names, count, sizeof *names, by_text);
    for (i = 1; i < count; i++)
        if (!strcmp(names[i - 1], names[i]))
            wrong = "it lists one file for two tiles";
    free(names);
    return wrong;
}

/* The digest of the image is made of its tiles' shares. */
static const char *check_digest(const json_t *root, const json_t *tiles)
{
    uint32_t whole, sum = 0, share;
    const json_t *entry;
    size_t i;

    json_array_foreach(tiles, i, entry)
        if (read_crc(entry, "digest", &share))
            sum ^= share;
    return read_crc(root, "digest", &whole) && whole == sum ? NULL : "its digest is not that of its tiles";
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
    m->columns = columns;
    m->rows = rows;
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
    if (!wrong)
        wrong = check_names(tiles);
    return wrong ? wrong : check_digest(m->root, tiles);
}

static ck_status damaged(const char *shown, const char *file, const char *why, ck_error *err)
{
    return ck_fail(err, CHUNKIMG_BAD_INPUT, "%s: %s cannot be used: %s", shown, file, why);
}

/* The whole file, to be freed; NULL with errno set. A file that grew meanwhile is cut, and then no manifest any more. */
static char *read_text(int fd, size_t size, size_t *got)
{
    char *text = malloc(size + 1);

    *got = 0;
    while (text && *got < size) {
        ssize_t n = read(fd, text + *got, size - *got);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0) {
            int why = errno;

            free(text);
            errno = why;
            return NULL;
        }
        if (n == 0)
            break;
        *got += (size_t)n;
    }
    return text;
}

ck_status ck_manifest_read(int dir, const char *file, const char *shown, ck_manifest *out, ck_error *err)
{
    int fd = openat(dir, file, O_RDONLY | O_CLOEXEC | O_NONBLOCK), why = errno;
    struct stat st;
    json_error_t parse;
    char *content;
    size_t nbytes;

    *out = (ck_manifest){0};
    if (fd < 0)
        return ck_fail_os(err, why, "%s: %s cannot be opened", shown, file);
    if (fstat(fd, &st) || !S_ISREG(st.st_mode)) {
        close(fd);
        return damaged(shown, file, "it is not a plain file", err);
    }
    content = read_text(fd, (size_t)st.st_size, &nbytes);
    why = errno;
    close(fd);
    if (!content)
        return ck_fail_os(err, why, "%s: %s cannot be read", shown, file);
    out->root = json_loadb(content, nbytes, JSON_REJECT_DUPLICATES, &parse);
    free(content);
    if (!out->root) {
        char text[4 * JSON_ERROR_TEXT_LENGTH], near[3 * JSON_ERROR_TEXT_LENGTH];

        snprintf(text, sizeof text, "line %d: %s", parse.line, ck_text_escape(near, sizeof near, parse.text));
        return damaged(shown, file, text, err);
    }
    const char *schema = json_string_value(json_object_get(out->root, "schema"));
    const char *wrong = !schema || strcmp(schema, CK_MANIFEST_SCHEMA) ? "it is not of schema " CK_MANIFEST_SCHEMA : check_entries(out);

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
