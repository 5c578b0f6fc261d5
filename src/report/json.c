/* The report as one JSON document. Its keys are a contract: scripts outside the project read them. */
#include <jansson.h>

#include "report/report.h"
#include "report/workers.h"

static json_t *text_or_null(const char *text)
{
    return text ? json_string(text) : json_null();
}

static json_t *input_json(const chunkimg_plan *p)
{
    return json_pack("{s:o,s:i,s:i,s:i,s:i,s:I,s:s}", "path", text_or_null(p->input), "width", p->width, "height",
                     p->height, "channels", p->channels, "depth", p->depth, "bytes", (json_int_t)p->input_bytes, "format",
                     p->input_format);
}

static json_t *tiles_json(const chunkimg_plan *p)
{
    return json_pack("{s:I,s:i,s:i,s:i,s:i,s:i}", "count", (json_int_t)p->tiles, "columns", p->columns, "rows", p->rows,
                     "width", p->tile_width, "height", p->tile_height, "overlap", p->overlap);
}

static json_t *stages_json(const chunkimg_result *r)
{
    json_t *all = json_object();
    double busy = 0;

    for (unsigned s = 0; s < CHUNKIMG_STAGES; s++)
        busy += r->stage_s[s];
    for (unsigned s = 0; s < CHUNKIMG_STAGES; s++)
        json_object_set_new(all, chunkimg_stage_name(s),
                            json_pack("{s:f,s:f}", "busy_s", r->stage_s[s], "share",
                                      busy > 0 ? r->stage_s[s] / busy : 0.0));
    return all;
}

static json_t *memory_json(const ck_report *r)
{
    const chunkimg_plan *p = r->plan;

    return json_pack("{s:I,s:I,s:I,s:I,s:I,s:I,s:I}", "peak_rss_bytes", (json_int_t)r->result->peak_memory_bytes,
                     "planned_bytes", (json_int_t)p->memory_bytes, "bands_bytes", (json_int_t)p->band_bytes,
                     "slots_bytes", (json_int_t)p->slot_bytes, "workers_bytes", (json_int_t)p->worker_bytes,
                     "decoder_bytes", (json_int_t)p->codec_bytes, "program_bytes", (json_int_t)p->base_bytes);
}

static json_t *output_json(const ck_report *r)
{
    return json_pack("{s:o,s:I,s:I,s:I,s:I,s:o,s:b,s:i,s:i}", "path", text_or_null(r->plan->output), "bytes",
                     (json_int_t)r->result->output_bytes, "tiles_written", (json_int_t)r->result->tiles_written,
                     "tiles_kept", (json_int_t)r->result->tiles_kept, "tiles_failed", (json_int_t)r->result->tiles_failed,
                     "format", text_or_null(r->plan->output_format), "lossless", (int)r->plan->lossless, "width",
                     r->plan->out_width, "height", r->plan->out_height);
}

static json_t *runs_json(const ck_report *r)
{
    json_t *runs = json_array();

    for (size_t i = 0; i < r->runs; i++)
        json_array_append_new(runs, json_real(r->run_walls[i]));
    return runs;
}

static json_t *report_json(const ck_report *r)
{
    const chunkimg_result *s = r->result;
    char digest[16];

    snprintf(digest, sizeof digest, "%08x", s->digest);
    json_t *all =
        json_pack("{s:s,s:s,s:o,s:o,s:s,s:s,s:o,s:i,s:f,s:f,s:f,s:f,s:o,s:{s:f,s:f,s:f},s:{s:I,s:I},s:{s:I,s:I},s:o,"
                     "s:f,s:f,s:o,s:s,s:o}",
                     "schema", "chunkimg-report/1", "version", chunkimg_version(), "input", input_json(r->plan), "tiles",
                     tiles_json(r->plan), "ops", r->plan->ops, "mode", r->plan->mode, "mode_reason",
                     text_or_null(r->plan->mode_reason), "workers", (int)s->workers, "wall_s", s->wall_s,
                     "throughput_mpps", ck_report_mpps(r), "tiles_per_s",
                     s->wall_s > 0 ? (double)r->plan->tiles / s->wall_s : 0.0, "raw_mbps", ck_report_raw_mbps(r),
                     "stages", stages_json(s), "cpu", "user_s", s->user_s, "sys_s", s->sys_s, "utilisation",
                     ck_report_utilisation(r), "context_switches", "voluntary", (json_int_t)s->voluntary_switches,
                     "involuntary", (json_int_t)s->involuntary_switches, "page_faults", "minor",
                     (json_int_t)s->minor_faults, "major", (json_int_t)s->major_faults, "memory", memory_json(r),
                     "startup_s", s->startup_s, "spawn_s", s->spawn_s, "output", output_json(r), "digest", digest,
                     "runs", runs_json(r));

    if (all) {
        if (r->plan->sandbox)
            json_object_set_new(all, "sandbox", json_pack("{s:s,s:b}", "what", r->plan->sandbox, "in_force", s->confined));
        json_object_set_new(all, "processes", json_integer((json_int_t)r->plan->processes));
        ck_report_workers_json(all, s);
    }
    return all;
}

static json_t *failure_json(const ck_failure *f)
{
    json_t *j = json_pack("{s:s,s:o,s:s,s:s,s:i}", "input", f->input, "mode", text_or_null(f->mode), "stage", f->stage, "error",
                          f->err.text, "exit_code", f->exit_code);

    if (j && f->err.col >= 0)
        json_object_set_new(j, "tile", json_pack("{s:i,s:i}", "column", (int)f->err.col, "row", (int)f->err.row));
    return j;
}

/* Adds to the list; without memory there is none: not one entry fewer than there are things to tell. */
static void add(json_t **list, json_t *entry)
{
    if (*list && json_array_append_new(*list, entry)) {
        json_decref(*list);
        *list = NULL;
    }
}

static json_t *account_json(const ck_account *a)
{
    json_t *reports = json_array(), *failures = json_array();

    for (size_t i = 0; i < a->count; i++)
        add(&reports, report_json(&a->reports[i]));
    for (size_t i = 0; i < a->failure_count; i++)
        add(&failures, failure_json(&a->failures[i]));
    return json_pack("{s:s,s:s,s:o,s:o}", "schema", "chunkimg-compare/1", "version", chunkimg_version(), "reports", reports,
                     "failed", failures);
}

bool ck_report_json(FILE *to, const ck_account *a)
{
    json_t *document = a->single && a->count == 1 && !a->failure_count ? report_json(a->reports) : account_json(a);
    bool written = document && !json_dumpf(document, to, JSON_INDENT(2) | JSON_ENSURE_ASCII) && fputc('\n', to) != EOF;

    json_decref(document);
    return written;
}
