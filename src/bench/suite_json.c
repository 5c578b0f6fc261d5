/* The comparison as one JSON document. Its keys are a contract; --compare and the HTML page read them. */
#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "bench/suite.h"

/* NaN and infinity have no JSON: null says that it is not known, or that there is none. */
static json_t *real(double x)
{
    return isfinite(x) ? json_real(x) : json_null();
}

static json_t *text(const char *s)
{
    json_t *t = json_string(s);

    return t ? t : json_string("(not UTF-8)");
}

static json_t *interval(ck_interval i)
{
    return i.value > 0 ? json_pack("{s:f,s:f,s:f}", "value", i.value, "low", i.low, "high", i.high) : json_null();
}

static json_t *summary(const ck_summary *s)
{
    return json_pack("{s:f,s:f,s:f,s:f,s:f,s:f,s:f,s:f,s:f,s:f,s:I,s:b}", "median", s->median.value, "low", s->median.low, "high",
                     s->median.high, "mad", s->mad, "mean", s->mean, "sd", s->sd, "min", s->least, "max", s->most, "q1", s->lower,
                     "q3", s->upper, "outliers", (json_int_t)s->outliers, "unstable", (int)s->unstable);
}

static json_t *settings(const ck_case *c)
{
    json_t *all = json_object();

    for (size_t i = 0; i < c->setting_count; i++)
        json_object_set_new(all, c->settings[i].name, text(c->settings[i].value));
    return all;
}

static json_t *walls(const ck_case *c)
{
    json_t *all = json_array();

    for (size_t i = 0; i < c->run_count; i++)
        json_array_append_new(all, json_real(c->figures[i * CK_FIGURE_ROWS + CK_F_WALL]));
    return all;
}

static void judged(json_t *to, const ck_case *c)
{
    json_t *figures = json_object();

    for (unsigned f = 0; f < CK_FIGURE_ROWS; f++)
        if (!isnan(c->middle[f]))
            json_object_set_new(figures, ck_figure_rows[f].name, json_real(c->middle[f]));
    json_object_set_new(to, "wall", summary(&c->wall));
    json_object_set_new(to, "throughput_mpps", real(c->mpps));
    json_object_set_new(to, "tiles_per_s", real(c->tiles_per_s));
    json_object_set_new(to, "speedup", interval(c->speedup));
    json_object_set_new(to, "scaling", interval(c->scaling));
    json_object_set_new(to, "speedup_region", real(c->region_speedup));
    json_object_set_new(to, "speedup_end_to_end", real(c->total_speedup));
    json_object_set_new(to, "against_serial", c->speedup.value > 0 ? text(ck_verdict_text(c->verdict)) : json_null());
    json_object_set_new(to, "efficiency", real(c->efficiency));
    json_object_set_new(to, "karp_flatt", real(c->karp_flatt));
    json_object_set_new(to, "utilisation", real(c->utilisation));
    json_object_set_new(to, "of_limit", real(c->of_limit));
    json_object_set_new(to, "figures", figures);
}

static json_t *one_case(const ck_case *c)
{
    char digest[16];

    snprintf(digest, sizeof digest, "%08x", c->digest);
    json_t *to = json_pack("{s:o,s:s,s:i,s:b,s:o,s:{s:I,s:i,s:i,s:i,s:i},s:I,s:I,s:o,s:s}", "label", text(c->label), "mode", c->mode,
                           "workers", (int)c->workers, "reference", (int)c->reference, "settings", settings(c), "tiles", "count",
                           (json_int_t)c->tile_count, "columns", c->columns, "rows", c->rows, "width", c->tile_width, "height",
                           c->tile_height, "planned_bytes", (json_int_t)c->planned_bytes, "group", (json_int_t)c->group, "wall_s",
                           walls(c), "digest", digest);
    if (c->slow_inputs)
        json_object_set_new(to, "slow_inputs", json_integer(c->slow_inputs));
    if (c->failed)
        json_object_set_new(to, "error", text(c->why));
    else if (ck_case_counts(c))
        judged(to, c);
    return to;
}

static json_t *fit(const ck_fit *f)
{
    if (!f->valid)
        return json_null();
    return json_pack("{s:f,s:f,s:f,s:o,s:f,s:f}", "lambda", f->lambda, "sigma", f->sigma, "kappa", f->kappa, "peak", real(f->peak),
                     "error", f->error, "r2", f->r2);
}

static json_t *curves(const ck_suite *s)
{
    json_t *all = json_array();

    for (size_t i = 0; i < s->curve_count; i++) {
        const ck_curve *k = &s->curves[i];
        json_t *cases = json_array();

        for (size_t j = 0; j < k->count; j++)
            json_array_append_new(cases, json_integer((json_int_t)k->cases[j]));
        json_array_append_new(all, json_pack("{s:s,s:o,s:I,s:o,s:o,s:o}", "mode", k->mode, "setting", text(k->setting), "group",
                                             (json_int_t)k->group, "cases", cases, "amdahl", fit(&k->amdahl), "usl", fit(&k->usl)));
    }
    return all;
}

static json_t *texts(const char *first, size_t stride, size_t n)
{
    json_t *all = json_array();

    for (size_t i = 0; i < n; i++)
        json_array_append_new(all, text(first + i * stride));
    return all;
}

static json_t *machine(const ck_machine *m)
{
    return json_pack("{s:o,s:i,s:i,s:i,s:f,s:o,s:f,s:f,s:I,s:I,s:o,s:o,s:o,s:o,s:o,s:o,s:o,s:o}", "cpu", text(m->cpu), "cpus_online",
                     (int)m->online, "cpus_allowed", (int)m->allowed, "cpus_affinity", (int)m->affinity, "cpu_quota", m->quota, "governor",
                     text(m->governor), "load", m->load, "others_cpus", m->others, "memory_bytes", (json_int_t)m->memory_bytes,
                     "available_bytes", (json_int_t)m->available_bytes, "kernel", text(m->kernel), "file_system", text(m->file_system),
                     "compiler", text(m->compiler), "flags", text(m->flags), "libraries", text(m->libraries), "when", text(m->when),
                     "environment", texts(m->omp[0], sizeof m->omp[0], m->omp_count), "warnings",
                     texts(m->warnings[0], sizeof m->warnings[0], m->warning_count));
}

static json_t *left_out(const ck_suite *s)
{
    json_t *all = json_object();

    for (size_t i = 0; i < s->left_out_count; i++)
        json_object_set_new(all, s->left_out[i].what, text(s->left_out[i].why));
    return all;
}

static json_t *cases(const ck_suite *s)
{
    json_t *all = json_array();

    for (size_t i = 0; i < s->case_count; i++)
        json_array_append_new(all, one_case(&s->cases[i]));
    return all;
}

/* worker, kind, begin and length in microseconds, column, row: many, so they have no names. */
static json_t *timeline(const ck_suite *s, const ck_timeline *t)
{
    enum { MOST = 4000 };
    json_t *events = json_array();
    size_t left_out = 0;

    for (size_t i = 0; i < t->events.count; i++) {
        const chunkimg_event *e = &t->events.list[i];

        if (e->kind == CHUNKIMG_EVENT_COUNTS)
            continue;
        if (json_array_size(events) >= MOST)
            left_out++;
        else
            json_array_append_new(events, json_pack("[i,i,I,I,i,i]", (int)e->worker, (int)e->kind, (json_int_t)(e->begin_ns / 1000),
                                                    (json_int_t)((e->end_ns - e->begin_ns) / 1000), e->col, e->row));
    }
    return json_pack("{s:s,s:o,s:I,s:o}", "mode", s->cases[t->index].mode, "label", text(s->cases[t->index].label), "left_out",
                     (json_int_t)left_out, "events", events);
}

static json_t *timelines(const ck_suite *s)
{
    json_t *all = json_array();

    for (size_t i = 0; i < s->timeline_count; i++)
        json_array_append_new(all, timeline(s, &s->timelines[i]));
    return all;
}

static json_t *document(const ck_suite *s)
{
    return json_pack(
        "{s:s,s:s,s:b,s:o,s:{s:o,s:s,s:i,s:i,s:i,s:i,s:I},s:{s:o,s:s,s:o},s:{s:I,s:I,s:f,s:I,s:f,s:o},s:I,s:f,s:o,s:o,s:o,s:o,s:o,s:o,s:o,s:o}",
        "schema", CK_SUITE_SCHEMA, "version", chunkimg_version(), "complete", (int)s->complete, "preset",
        s->config.preset ? text(s->config.preset->name) : json_null(), "input", "path", text(s->input), "format", s->input_format, "width",
        s->width, "height", s->height, "channels", s->channels, "depth", s->depth, "bytes", (json_int_t)s->input_bytes, "work", "ops",
        text(s->ops), "format", s->output_format, "output", text(s->output_why), "protocol", "seed", (json_int_t)s->config.seed, "runs",
        (json_int_t)s->config.runs, "min_time_s", ck_suite_min_time(s), "warmup", (json_int_t)s->config.warmup, "threshold",
        s->config.threshold, "interval", text("95 %, percentile bootstrap of the median, corrected for few runs"), "rounds",
        (json_int_t)s->rounds, "elapsed_s", s->elapsed_s, "chain_limit_s", s->chain_s > 0 ? json_real(s->chain_s) : json_null(), "machine", machine(&s->machine), "left_out", left_out(s), "cases", cases(s),
        "curves", curves(s), "conclusion", texts(s->conclusion[0], CK_WORDS, s->conclusion_count), "findings",
        texts(s->findings[0], CK_WORDS, s->finding_count), "use",
        s->best < s->case_count ? json_pack("{s:I,s:o}", "case", (json_int_t)s->best, "command", text(s->command)) : json_null());
}

bool ck_suite_json(FILE *to, const ck_suite *s)
{
    json_t *d = document(s);
    bool ok = d && !json_dumpf(d, to, JSON_INDENT(2) | JSON_ENSURE_ASCII) && fputc('\n', to) != EOF;

    json_decref(d);
    return ok;
}

char *ck_suite_json_text(const ck_suite *s)
{
    json_t *d = document(s);
    if (d)
        json_object_set_new(d, "timelines", timelines(s));
    char *dumped = d ? json_dumps(d, JSON_COMPACT | JSON_ENSURE_ASCII) : NULL;

    json_decref(d);
    return dumped;
}
