#include "op/spec.h"

#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "op/loaded.h"
#include "os/library.h"

static ck_status unknown_op(const char *name, ck_error *err)
{
    const char *near = NULL;
    unsigned best = 3; /* as for options: farther than two edits is another word */
    const ck_op *op;
    char shown[80];

    for (size_t i = 0; (op = ck_op_at(i)) != NULL; i++) {
        unsigned distance = ck_text_distance(op->name, name);
        if (distance < best && distance < strlen(op->name)) {
            best = distance;
            near = op->name;
        }
    }
    ck_text_escape(shown, sizeof shown, name);
    if (near)
        return ck_fail(err, CHUNKIMG_USAGE, "no operation '%s'; the nearest is '%s'", shown, near);
    return ck_fail(err, CHUNKIMG_USAGE, "no operation '%s'", shown);
}

static ck_status too_many(const ck_op *op, size_t rows, const char *arg, ck_error *err)
{
    char shown[80];

    ck_text_escape(shown, sizeof shown, arg);
    if (!rows)
        return ck_fail(err, CHUNKIMG_USAGE, "%s: takes no argument, '%s' was given", op->name, shown);
    return ck_fail(err, CHUNKIMG_USAGE, "%s: takes at most %zu argument%s, '%s' is one too many", op->name, rows,
                   rows == 1 ? "" : "s", shown);
}

static size_t rows_count(const chunkimg_option *rows)
{
    size_t n = 0;

    while (rows && rows[n].name)
        n++;
    return n;
}

/* Row `place`, unless the argument begins with the name of one. A colon in a value that is text names no row. */
static const char *row_of(const ck_op *op, size_t place, const char *arg, char **value)
{
    const chunkimg_option *row = &op->options[place];
    char *colon = strchr(arg, ':');

    *value = (char *)arg;
    if (!colon)
        return row->name;
    if (row->type == CHUNKIMG_TEXT) {
        *colon = 0;
        bool named = chunkimg_option_find(op->options, arg, NULL) != NULL;
        *colon = ':';
        if (!named)
            return row->name;
    }
    *colon = 0;
    *value = colon + 1;
    return arg;
}

/* "2" for row `place`, or "sigma:2". `arg` is changed, and borrowed where a row is text. */
static ck_status parse_arg(const ck_op *op, void *params, char *arg, size_t place, ck_error *err)
{
    size_t rows = rows_count(op->options);
    const char *name;
    char *value;
    ck_error why;
    ck_status status;

    if (place >= rows)
        return too_many(op, rows, arg, err);
    name = row_of(op, place, arg, &value);
    status = chunkimg_option_set(op->options, params, name, value, &why);
    if (status != CK_OK)
        return ck_fail(err, status, "%s: %.400s", op->name, why.text);
    return CK_OK;
}

/* `args` is changed, and borrowed. */
static ck_status parse_args(const ck_op *op, void *params, char *args, ck_error *err)
{
    ck_status status = CK_OK;

    if (args && (op->traits & CK_OP_ONE_TEXT))
        return chunkimg_option_set(op->options, params, op->options[0].name, args, err);
    for (size_t place = 0; args && status == CK_OK; place++) {
        char *next = strchr(args, ',');
        if (next)
            *next++ = 0;
        status = parse_arg(op, params, args, place, err);
        args = next;
    }
    return status;
}

static ck_status find(ck_spec *s, ck_error *err)
{
    if (ck_op_is_file(s->kept))
        return ck_op_load(s->kept, &s->op, &s->library, err);
    s->op = ck_op_find(s->kept);
    return s->op ? CK_OK : unknown_op(s->kept, err);
}

ck_status ck_spec_parse(const char *text, ck_spec *out, ck_error *err)
{
    char *args;
    ck_status status;

    *out = (ck_spec){.kept = strdup(text)};
    if (!out->kept)
        return ck_fail_memory(err, strlen(text) + 1, "reading an operation");
    args = strchr(out->kept, '=');
    if (args)
        *args++ = 0;
    status = find(out, err);
    if (status)
        return status;
    chunkimg_option_defaults(out->op->options, out->params);
    return parse_args(out->op, out->params, args, err);
}

void ck_spec_release(ck_spec *spec)
{
    ck_library_close(&spec->library);
    free(spec->kept);
    *spec = (ck_spec){0};
}
