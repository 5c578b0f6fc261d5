#include "sink/template.h"

#include <stdio.h>
#include <string.h>

#include "base/text.h"

static const char *const field_names[] = {"stem", "ext", "col", "row", "x", "y", "w", "h", "index"};
enum { STEM, EXT, COL, ROW, X, Y, W, H, INDEX, FIELDS };

typedef struct field {
    int which;
    int width;   /* digits at least; 0: as they come */
    size_t used; /* bytes of the template it takes */
} field;

/* Reads the field at `text`, which begins with '{'. */
static bool read_field(const char *text, field *out)
{
    const char *end = strchr(text, '}');
    size_t n;

    if (!end)
        return false;
    *out = (field){.which = FIELDS, .used = (size_t)(end - text) + 1};
    n = strcspn(text + 1, ":}");
    for (int i = 0; i < FIELDS; i++)
        if (strlen(field_names[i]) == n && !strncmp(field_names[i], text + 1, n))
            out->which = i;
    if (out->which == FIELDS)
        return false;
    const char *digits = text + 1 + n;
    if (*digits == ':') {
        size_t count = strspn(digits + 1, "0123456789");

        if (out->which < COL || count < 1 || count > 2 || digits + 1 + count != end)
            return false;
        for (size_t i = 0; i < count; i++)
            out->width = out->width * 10 + (digits[1 + i] - '0');
        if (out->width > 20)
            return false;
    }
    return true;
}

static long long field_value(int which, const ck_tile *t)
{
    switch (which) {
    case COL: return t->col;
    case ROW: return t->row;
    case X: return t->own.x;
    case Y: return t->own.y;
    case W: return t->file_w;
    case H: return t->file_h;
    default: return (long long)t->index;
    }
}

static ck_status reject(const char *text, const char *why, ck_error *err)
{
    char shown[160];

    return ck_fail(err, CHUNKIMG_USAGE, "name: '%s' %s", ck_text_escape(shown, sizeof shown, text), why);
}

ck_status ck_template_name(const char *text, const char *stem, const char *suffix, const ck_tile *tile,
                           char to[CK_NAME_MOST], ck_error *err)
{
    size_t at = 0;
    char number[32];

    for (const char *s = text; *s;) {
        const char *piece = number;
        size_t n = 1;

        if (*s == '{') {
            field f;
            if (!read_field(s, &f))
                return reject(text, "has an unknown field; known are {stem} {ext} {col} {row} {x} {y} {w} {h} {index}, "
                                    "numbers also as {col:04}", err);
            s += f.used;
            if (f.which == STEM)
                piece = stem;
            else if (f.which == EXT)
                piece = suffix;
            else
                snprintf(number, sizeof number, "%0*lld", f.width, field_value(f.which, tile));
            n = strlen(piece);
        } else {
            piece = s++;
        }
        if (at + n >= CK_NAME_MOST)
            return reject(text, "gives names longer than 255 bytes", err);
        memcpy(to + at, piece, n);
        at += n;
    }
    to[at] = 0;
    if (!at || strchr(to, '/') || !strcmp(to, ".") || !strcmp(to, "..") || !strcmp(to, "manifest.json") || !strcmp(to, ".chunkimg-journal"))
        return reject(text, "gives a name that is not one of a tile inside the folder", err);
    return CK_OK;
}

ck_status ck_template_check(const char *text, const char *stem, const char *suffix, const ck_grid *grid, ck_error *err)
{
    bool has[FIELDS] = {false};
    ck_tile last = ck_grid_tile(grid, ck_grid_count(grid) - 1);
    char name[CK_NAME_MOST];
    ck_status status = ck_template_name(text, stem, suffix, &last, name, err);

    if (status)
        return status;
    for (const char *s = text; *s;) {
        field f = {.used = 1};
        if (*s == '{' && read_field(s, &f))
            has[f.which] = true;
        s += f.used;
    }
    bool column = has[COL] || has[X] || grid->columns == 1, row = has[ROW] || has[Y] || grid->rows == 1;
    if (!has[INDEX] && !(column && row))
        return reject(text, "gives several tiles the same name; use {row} and {col}, {x} and {y}, or {index}", err);
    return CK_OK;
}
