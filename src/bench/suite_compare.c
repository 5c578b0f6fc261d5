/* Two comparisons of the same work, before and after a change: every case that both have. */
#include <errno.h>
#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "bench/limits.h"
#include "bench/suite.h"

static chunkimg_status load(const char *path, json_t **out, chunkimg_error *err)
{
    json_error_t why;
    FILE *f = fopen(path, "re");
    const char *schema;

    *out = NULL;
    if (!f)
        return ck_limits_failed(err, CHUNKIMG_SYSTEM, errno, "opening %s", path);
    *out = json_loadf(f, 0, &why);
    fclose(f);
    if (!*out)
        return ck_limits_failed(err, CHUNKIMG_USAGE, 0, "%s: it is not JSON (line %d: %.100s)", path, why.line, why.text);
    schema = json_string_value(json_object_get(*out, "schema"));
    if (!schema || strcmp(schema, CK_SUITE_SCHEMA) != 0 || !json_is_array(json_object_get(*out, "cases")))
        return ck_limits_failed(err, CHUNKIMG_USAGE, 0, "%s: its schema is %.60s, and not %s as bench --json writes it", path,
                                schema ? schema : "not named", CK_SUITE_SCHEMA);
    return CHUNKIMG_OK;
}

static const char *string_of(const json_t *o, const char *key)
{
    const char *s = json_string_value(json_object_get(o, key));

    return s ? s : "";
}

/* The same label and the same cut; tiles may be counted otherwise where sizes are equal. */
static const json_t *same_case(const json_t *cases, const json_t *c)
{
    const json_t *other, *tiles = json_object_get(c, "tiles");
    size_t i;

    json_array_foreach((json_t *)(uintptr_t)cases, i, other)
        if (!strcmp(string_of(other, "label"), string_of(c, "label")) && json_equal(json_object_get(other, "tiles"), tiles))
            return other;
    return NULL;
}

static double *times_of(const json_t *c, size_t *n)
{
    const json_t *list = json_object_get(c, "wall_s");
    double *times;

    *n = json_array_size(list);
    times = *n ? malloc(*n * sizeof *times) : NULL;
    for (size_t i = 0; times && i < *n; i++)
        times[i] = json_number_value(json_array_get(list, i));
    return times;
}

static void compare_one(FILE *to, json_t *rows, const json_t *before, const json_t *after, double threshold, ck_random *r, size_t counts[3])
{
    size_t n, m;
    double *a = times_of(after, &n), *b = times_of(before, &m);
    ck_verdict v;

    if (a && b) {
        ck_interval ratio = ck_compare_times(a, n, b, m, threshold, r, &v);
        ck_summary sb = ck_summarise(b, m, r), sa = ck_summarise(a, n, r);

        counts[v]++;
        fprintf(to, "%-28s %9.4f %9.4f %8.2f %6.2f..%-6.2f %s\n", string_of(after, "label"), sb.median.value, sa.median.value, 1 / ratio.value,
                1 / ratio.high, 1 / ratio.low, ck_verdict_text(v));
        json_array_append_new(rows, json_pack("{s:s,s:f,s:f,s:{s:f,s:f,s:f},s:s}", "label", string_of(after, "label"), "before_s",
                                              sb.median.value, "after_s", sa.median.value, "times_as_fast", "value", 1 / ratio.value, "low",
                                              1 / ratio.high, "high", 1 / ratio.low, "verdict", ck_verdict_text(v)));
    }
    free(a);
    free(b);
}

/* What makes the two hard to set side by side. */
static void say_differences(FILE *to, const json_t *before, const json_t *after)
{
    static const struct {
        const char *in, *key, *text;
    } facts[] = {{"input", "path", "input"}, {"input", "width", "width"}, {"input", "height", "height"}, {"work", "ops", "operations"},
                 {"work", "format", "format"}, {"machine", "cpu", "CPU"}, {"machine", "kernel", "kernel"}, {"machine", "compiler", "compiler"},
                 {"machine", "cpus_allowed", "CPUs"}, {"machine", "flags", "flags"}};

    for (size_t i = 0; i < sizeof facts / sizeof *facts; i++) {
        const json_t *a = json_object_get(json_object_get(before, facts[i].in), facts[i].key);
        const json_t *b = json_object_get(json_object_get(after, facts[i].in), facts[i].key);
        char *x, *y;

        if (!a || !b || json_equal(a, b))
            continue;
        x = json_dumps(a, JSON_ENCODE_ANY);
        y = json_dumps(b, JSON_ENCODE_ANY);
        fprintf(to, "warning: another %s: %s before, %s after\n", facts[i].text, x ? x : "?", y ? y : "?");
        free(x);
        free(y);
    }
}

static chunkimg_status compare(FILE *to, FILE *json, const json_t *before, const json_t *after, double threshold, uint64_t seed,
                               chunkimg_error *err)
{
    const json_t *c;
    json_t *rows = json_array(), *document;
    ck_random r = {seed};
    size_t i, counts[3] = {0}, alone = 0;
    bool ok = true;

    fprintf(to, "%-28s %9s %9s %8s %14s\n", "case", "before s", "after s", "times", "95 %");
    json_array_foreach(json_object_get(after, "cases"), i, c) {
        const json_t *other = same_case(json_object_get(before, "cases"), c);

        if (other)
            compare_one(to, rows, other, c, threshold, &r, counts);
        else
            alone++;
    }
    say_differences(to, before, after);
    fprintf(to, "%zu faster, %zu slower, %zu with no difference that these runs can show (below %.1f %% nothing counts; seed %llu)%s\n",
            counts[CK_FASTER], counts[CK_SLOWER], counts[CK_NO_DIFFERENCE], 100 * threshold, (unsigned long long)seed,
            alone ? "; cases that only one of them has are left out" : "");
    document = json_pack("{s:s,s:f,s:I,s:o}", "schema", "chunkimg-bench-compare/1", "threshold", threshold, "seed", (json_int_t)seed, "cases", rows);
    if (json)
        ok = document && !json_dumpf(document, json, JSON_INDENT(2) | JSON_ENSURE_ASCII) && fputc('\n', json) != EOF;
    json_decref(document);
    if (!ok)
        return ck_limits_failed(err, CHUNKIMG_SYSTEM, errno, "writing the comparison");
    return counts[0] + counts[1] + counts[2] ? CHUNKIMG_OK
                                             : ck_limits_failed(err, CHUNKIMG_USAGE, 0, "compare: the two have no case in common");
}

chunkimg_status ck_suite_compare(FILE *to, FILE *json, const char *before, const char *after, double threshold, uint64_t seed,
                                 chunkimg_error *err)
{
    json_t *a = NULL, *b = NULL;
    chunkimg_status status = load(before, &a, err);

    if (!status)
        status = load(after, &b, err);
    if (!status)
        status = compare(to, json, a, b, threshold, seed, err);
    json_decref(a);
    json_decref(b);
    return status;
}
