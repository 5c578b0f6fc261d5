/* Option rows: the one parser that reads them. */
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/option.h"
#include "base/text.h"

/* "1 to 512 pixels", "at least 1" */
static const char *range_text(const chunkimg_option *row, char *to, size_t size)
{
    const char *unit = row->unit ? row->unit : "";
    const char *space = row->unit ? " " : "";

    if (row->most >= 9e15)
        snprintf(to, size, "at least %.10g%s%s", row->least, space, unit);
    else
        snprintf(to, size, "%.10g to %.10g%s%s", row->least, row->most, space, unit);
    return to;
}

static ck_status reject(const chunkimg_option *row, const char *text, const char *want, ck_error *err)
{
    char shown[120];

    return ck_fail(err, CHUNKIMG_USAGE, "%s: '%s' is not %s", row->name, ck_text_escape(shown, sizeof shown, text), want);
}

static ck_status out_of_range(const chunkimg_option *row, const char *text, ck_error *err)
{
    char range[96], shown[120];

    return ck_fail(err, CHUNKIMG_USAGE, "%s: '%s' is out of range: %s", row->name,
                   ck_text_escape(shown, sizeof shown, text), range_text(row, range, sizeof range));
}

static bool in_range(const chunkimg_option *row, double value)
{
    return value >= row->least && value <= row->most;
}

static ck_status set_int(const chunkimg_option *row, int64_t *to, const char *text, ck_error *err)
{
    int64_t value;
    char want[128], range[96];

    if (!ck_text_int(text, &value)) {
        snprintf(want, sizeof want, "a whole number, %s", range_text(row, range, sizeof range));
        return reject(row, text, want, err);
    }
    if (!in_range(row, (double)value))
        return out_of_range(row, text, err);
    *to = value;
    return CK_OK;
}

static ck_status set_real(const chunkimg_option *row, double *to, const char *text, ck_error *err)
{
    double value;
    char want[128], range[96];

    if (!ck_text_real(text, &value)) {
        snprintf(want, sizeof want, "a number, %s", range_text(row, range, sizeof range));
        return reject(row, text, want, err);
    }
    if (!in_range(row, value))
        return out_of_range(row, text, err);
    *to = value;
    return CK_OK;
}

static ck_status set_size(const chunkimg_option *row, uint64_t *to, const char *text, ck_error *err)
{
    uint64_t value;

    if (!ck_text_size(text, &value))
        return reject(row, text, "a number of bytes such as 512M or 2GiB", err);
    if (!in_range(row, (double)value))
        return out_of_range(row, text, err);
    *to = value;
    return CK_OK;
}

static ck_status set_pair(const chunkimg_option *row, chunkimg_pair *to, const char *text, ck_error *err)
{
    const char *cross = strpbrk(text, "xX");
    chunkimg_pair value = {0, 0};
    char first[32];
    size_t n = cross ? (size_t)(cross - text) : strlen(text);

    if (n >= sizeof first)
        return reject(row, text, "N or AxB", err);
    memcpy(first, text, n);
    first[n] = 0;
    if (!ck_text_int(first, &value.a) || (cross && !ck_text_int(cross + 1, &value.b)))
        return reject(row, text, "N or AxB", err);
    if (!in_range(row, (double)value.a) || (cross && !in_range(row, (double)value.b)))
        return out_of_range(row, text, err);
    *to = value;
    return CK_OK;
}

static ck_status set_choice(const chunkimg_option *row, int *to, const char *text, ck_error *err)
{
    char want[200] = "one of";
    size_t used = strlen(want);

    for (int i = 0; row->choices[i]; i++) {
        if (!strcmp(row->choices[i], text)) {
            *to = i;
            return CK_OK;
        }
        used += (size_t)snprintf(want + used, used < sizeof want ? sizeof want - used : 0, "%s %s", i ? "," : "",
                                 row->choices[i]);
    }
    return reject(row, text, want, err);
}

static ck_status set_flag(const chunkimg_option *row, bool *to, const char *text, ck_error *err)
{
    if (!text || !strcmp(text, "yes") || !strcmp(text, "true") || !strcmp(text, "1"))
        *to = true;
    else if (!strcmp(text, "no") || !strcmp(text, "false") || !strcmp(text, "0"))
        *to = false;
    else
        return reject(row, text, "yes or no", err);
    return CK_OK;
}

static ck_status set_list(const chunkimg_option *row, chunkimg_list *to, const char *text, ck_error *err)
{
    if (to->count == CHUNKIMG_LIST_MOST)
        return ck_fail(err, CHUNKIMG_USAGE, "%s: given more than %d times", row->name, CHUNKIMG_LIST_MOST);
    to->items[to->count++] = text;
    return CK_OK;
}

static ck_status set_row(const chunkimg_option *row, void *into, const char *text, ck_error *err)
{
    void *to = (char *)into + row->offset;

    if (!text && row->type != CHUNKIMG_FLAG)
        return ck_fail(err, CHUNKIMG_USAGE, "%s: needs a value (%s)", row->name, row->value ? row->value : "TEXT");
    switch (row->type) {
    case CHUNKIMG_FLAG: return set_flag(row, to, text, err);
    case CHUNKIMG_INT: return set_int(row, to, text, err);
    case CHUNKIMG_REAL: return set_real(row, to, text, err);
    case CHUNKIMG_SIZE: return set_size(row, to, text, err);
    case CHUNKIMG_CHOICE: return set_choice(row, to, text, err);
    case CHUNKIMG_PAIR: return set_pair(row, to, text, err);
    case CHUNKIMG_LIST: return set_list(row, to, text, err);
    case CHUNKIMG_TEXT: *(const char **)to = text; return CK_OK;
    }
    return ck_fail(err, CHUNKIMG_USAGE, "%s: unknown type of option", row->name);
}

static size_t value_size(chunkimg_type type)
{
    switch (type) {
    case CHUNKIMG_FLAG: return sizeof(bool);
    case CHUNKIMG_INT: return sizeof(int64_t);
    case CHUNKIMG_REAL: return sizeof(double);
    case CHUNKIMG_SIZE: return sizeof(uint64_t);
    case CHUNKIMG_CHOICE: return sizeof(int);
    case CHUNKIMG_TEXT: return sizeof(const char *);
    case CHUNKIMG_PAIR: return sizeof(chunkimg_pair);
    case CHUNKIMG_LIST: return sizeof(chunkimg_list);
    }
    return 0;
}

void ck_option_reset(const chunkimg_option *row, void *into)
{
    memset((char *)into + row->offset, 0, value_size(row->type));
    if (row->fallback)
        set_row(row, into, row->fallback, NULL);
}

void chunkimg_option_defaults(const chunkimg_option *rows, void *into)
{
    for (const chunkimg_option *row = rows; row && row->name; row++)
        ck_option_reset(row, into);
}

static bool same_text(const char *a, const char *b)
{
    return a && b ? !strcmp(a, b) : a == b;
}

bool ck_option_is_default(const chunkimg_option *row, const void *from)
{
    const void *at = (const char *)from + row->offset;
    chunkimg_option alone = *row;
    union {
        const char *text;
        chunkimg_list list;
        chunkimg_pair pair;
        uint64_t number;
        double real;
    } fallback;

    alone.offset = 0;
    ck_option_reset(&alone, &fallback);
    if (row->type == CHUNKIMG_TEXT)
        return same_text(*(const char *const *)at, fallback.text);
    if (row->type == CHUNKIMG_LIST)
        return ((const chunkimg_list *)at)->count == 0;
    return !memcmp(at, &fallback, value_size(row->type));
}

const chunkimg_option *chunkimg_option_find(const chunkimg_option *rows, const char *name, const char **suggestion)
{
    unsigned best = 3; /* farther than two edits is another word */

    if (suggestion)
        *suggestion = NULL;
    for (const chunkimg_option *row = rows; row && row->name; row++) {
        if (!strcmp(row->name, name))
            return row;
        unsigned distance = ck_text_distance(row->name, name);
        if (suggestion && distance < best && distance < strlen(row->name)) {
            best = distance;
            *suggestion = row->name;
        }
    }
    return NULL;
}

chunkimg_status chunkimg_option_set(const chunkimg_option *rows, void *into, const char *name, const char *text,
                                    chunkimg_error *err)
{
    const char *near;
    const chunkimg_option *row = chunkimg_option_find(rows, name, &near);
    char shown[80];

    ck_error_clear(err);
    if (row)
        return set_row(row, into, text, err);
    ck_text_escape(shown, sizeof shown, name);
    if (near)
        return ck_fail(err, CHUNKIMG_USAGE, "no option '%s'; the nearest is '%s'", shown, near);
    return ck_fail(err, CHUNKIMG_USAGE, "no option '%s'", shown);
}

static const char *pair_text(const chunkimg_pair *pair, char to[64])
{
    if (!pair->a)
        return NULL;
    snprintf(to, 64, pair->b ? "%lldx%lld" : "%lld", (long long)pair->a, (long long)pair->b);
    return to;
}

const char *ck_option_text(const chunkimg_option *row, const void *from, size_t i, char to[64])
{
    const void *at = (const char *)from + row->offset;
    const chunkimg_list *list = at;

    if (row->type == CHUNKIMG_LIST)
        return i < list->count ? list->items[i] : NULL;
    if (i)
        return NULL;
    switch (row->type) {
    case CHUNKIMG_FLAG: return *(const bool *)at ? "yes" : "no";
    case CHUNKIMG_CHOICE: return row->choices[*(const int *)at];
    case CHUNKIMG_TEXT: return *(const char *const *)at;
    case CHUNKIMG_PAIR: return pair_text(at, to);
    case CHUNKIMG_INT: snprintf(to, 64, "%lld", (long long)*(const int64_t *)at); return to;
    case CHUNKIMG_SIZE: snprintf(to, 64, "%llu", (unsigned long long)*(const uint64_t *)at); return to;
    case CHUNKIMG_REAL: snprintf(to, 64, "%.17g", *(const double *)at); return to;
    case CHUNKIMG_LIST: break;
    }
    return NULL;
}
