/* Figures as lines while they come, and all of them as JSON. */
#include <jansson.h>
#include <string.h>

#include "bench/limits.h"

/* ---- text ------------------------------------------------------------------------------------ */

void ck_limits_head(const ck_limits *l)
{
    FILE *to = l->config.to;

    if (!to)
        return;
    fprintf(to, "%-12s %s, %d x %d, %d channel%s of %d bit, %.1f MP, %.1f MB\n", l->input, l->format, l->width,
            l->height, l->channels, l->channels == 1 ? "" : "s", l->depth, (double)l->width * l->height * 1e-6,
            (double)l->input_bytes * 1e-6);
    fprintf(to, "%-12s %u CPU%s, load %.2f before the start%s\n", "machine", l->cpus, l->cpus == 1 ? "" : "s", l->load,
            l->load > 0.5 ? ": the machine was busy, so figures may be low" : "");
}

/* About four digits. */
static int decimals(double value)
{
    return value >= 1000 ? 0 : value >= 100 ? 1 : value >= 10 ? 2 : value >= 0.1 ? 3 : value >= 0.001 ? 5 : 7;
}

static void print_figure(FILE *to, const ck_figure *f, bool heading)
{
    char ratio[32] = "";

    if (heading)
        fprintf(to, "\n%s\n", f->group);
    if (f->ratio > 0)
        snprintf(ratio, sizeof ratio, "ratio %.3f", f->ratio);
    fprintf(to, "  %-40s %8.*f %-7s  %-11s %3u run%s%s%s\n", f->text, decimals(f->value), f->value, f->unit, ratio,
            f->runs, f->runs == 1 && *f->note ? " " : f->runs == 1 ? "" : "s", *f->note ? "  " : "", f->note);
    fflush(to);
}

void ck_limits_add(ck_limits *l, const ck_figure *f)
{
    bool heading = !l->figure_count || strcmp(l->figures[l->figure_count - 1].group, f->group) != 0;

    if (l->figure_count == CK_FIGURES_MOST)
        return;
    l->figures[l->figure_count++] = *f;
    if (l->config.to)
        print_figure(l->config.to, f, heading);
}

void ck_limits_add_share(ck_limits *l, const ck_share *s)
{
    FILE *to = l->config.to;

    if (s->limit_s <= 0 || !s->runs || l->share_count == CK_SHARES_MOST)
        return;
    if (to && !l->share_count)
        fprintf(to, "\nruns against their limits\n");
    l->shares[l->share_count++] = *s;
    if (to)
        fprintf(to, "  %-22s %8.*f s  %6.2f x of the limit %.*f s: %s\n", s->text, decimals(s->wall_s), s->wall_s,
                s->wall_s / s->limit_s, decimals(s->limit_s), s->limit_s, s->formula);
}

void ck_limits_tail(const ck_limits *l)
{
    if (l->config.to && l->share_count && l->cpus_at_once > 0 && l->cpus_at_once < 0.8 * l->cpus)
        fprintf(l->config.to, "  only %.2f of %u CPUs were to be had: what is divided by CPUs could not be reached here\n",
                l->cpus_at_once, l->cpus);
}

/* ---- JSON ---------------------------------------------------------------------------------------- */

static json_t *figures_json(const ck_limits *l)
{
    json_t *groups = json_object();

    for (size_t i = 0; i < l->figure_count; i++) {
        const ck_figure *f = &l->figures[i];
        json_t *group = json_object_get(groups, f->group);
        json_t *one = json_pack("{s:f,s:s,s:i}", "value", f->value, "unit", f->unit, "runs", (int)f->runs);

        if (!group) {
            json_object_set_new(groups, f->group, json_object());
            group = json_object_get(groups, f->group);
        }
        if (f->ratio > 0)
            json_object_set_new(one, "ratio", json_real(f->ratio));
        if (*f->note)
            json_object_set_new(one, "note", json_string(f->note));
        json_object_set_new(group, f->name, one);
    }
    return groups;
}

static json_t *shares_json(const ck_limits *l)
{
    json_t *all = json_object();

    for (size_t i = 0; i < l->share_count; i++) {
        const ck_share *s = &l->shares[i];
        json_object_set_new(all, s->name,
                            json_pack("{s:f,s:f,s:f,s:s,s:i}", "wall_s", s->wall_s, "limit_s", s->limit_s, "of_limit",
                                      s->wall_s / s->limit_s, "limit", s->formula, "runs", (int)s->runs));
    }
    return all;
}

/* A path is bytes; JSON is UTF-8. */
static json_t *path_json(const char *path)
{
    json_t *text = json_string(path);

    return text ? text : json_null();
}

bool ck_limits_json(FILE *to, const ck_limits *l)
{
    char libraries[400];
    json_t *document = json_pack(
        "{s:s,s:s,s:s,s:b,s:i,s:f,s:{s:o,s:s,s:i,s:i,s:i,s:i,s:I},s:o,s:o}", "schema", "chunkimg-limits/1", "version",
        chunkimg_version(), "libraries", chunkimg_build_info(libraries, sizeof libraries), "complete", (int)l->complete,
        "cpus", (int)l->cpus, "load", l->load, "input", "path", path_json(l->input), "format", l->format, "width",
        l->width, "height", l->height, "channels", l->channels, "depth", l->depth, "bytes", (json_int_t)l->input_bytes,
        "figures", figures_json(l), "limits", shares_json(l));
    bool written = document && !json_dumpf(document, to, JSON_INDENT(2) | JSON_ENSURE_ASCII) && fputc('\n', to) != EOF;

    json_decref(document);
    return written;
}
