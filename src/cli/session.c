#include "cli/session.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

outcome *cli_new_outcome(session *s, size_t runs)
{
    outcome *grown = realloc(s->outcomes, (s->count + 1) * sizeof *grown);

    if (!grown)
        return NULL;
    s->outcomes = grown;
    grown[s->count] = (outcome){.walls = calloc(runs, sizeof(double)), .runs = 0};
    return grown[s->count].walls ? &grown[s->count++] : NULL;
}

void cli_drop_outcome(session *s)
{
    outcome *o = &s->outcomes[--s->count];

    chunkimg_close(&o->job);
    free(o->walls);
    free(o->whole);
}

const char *cli_mode_of(const outcome *o)
{
    return chunkimg_job_plan(o->job)->mode;
}

static ck_report report_of(const outcome *o)
{
    return (ck_report){o->whole ? &o->whole->plan : chunkimg_job_plan(o->job), &o->result, o->walls, o->runs};
}

/* ---- failures ------------------------------------------------------------------------ */

int cli_failed(session *s, const char *input, const char *mode, const char *stage, const chunkimg_error *err)
{
    ck_failure *grown = realloc(s->failures, (s->failure_count + 1) * sizeof *grown);
    int code = cli_error(err);

    if (!grown)
        return cli_no_memory();
    s->failures = grown;
    grown += s->failure_count++;
    *grown = (ck_failure){.mode = mode, .stage = stage, .err = *err, .exit_code = code};
    chunkimg_shown(input, grown->input, sizeof grown->input);
    return code;
}

int cli_failed_here(session *s, const char *input, const char *stage, chunkimg_status status, const char *format, ...)
{
    chunkimg_error err = {.status = status, .col = -1, .row = -1};
    va_list args;

    va_start(args, format);
    vsnprintf(err.text, sizeof err.text, format, args);
    va_end(args);
    return cli_failed(s, input, NULL, stage, &err);
}

/* ---- reports -------------------------------------------------------------------------- */

chunkimg_item_result *cli_copy_result(const chunkimg_item_result *r)
{
    chunkimg_item_result *copy = malloc(sizeof *copy);

    if (!copy)
        return NULL;
    *copy = *r;
    copy->plan.input = copy->input;
    copy->plan.output = r->plan.output ? copy->output : NULL;
    copy->plan.ops = copy->ops;
    copy->plan.note = r->plan.note ? copy->note : NULL;
    return copy;
}

void cli_print_reports(const session *s, size_t first)
{
    ck_report rows[CLI_MODES_MOST];
    size_t n = s->count - first;

    for (size_t i = 0; i < n; i++)
        rows[i] = report_of(&s->outcomes[first + i]);
    if (n == 1) {
        ck_report_text(stdout, &rows[0]);
        if (s->c->verbose)
            ck_report_workers(stdout, &rows[0]);
    } else if (n > 1) {
        ck_report_work(stdout, rows[0].plan);
        ck_report_compare(stdout, rows, n, cli_wants_colour(s->c));
    }
}

void cli_print_total(const session *s, const cli_tally *t)
{
    double megapixels = 0;
    char size[32];

    for (size_t i = 0; i < s->count; i++) {
        ck_report r = report_of(&s->outcomes[i]);

        megapixels += ck_report_megapixels(&r);
    }
    if (t->whole)
        printf("%-12s %zu small inputs, each carried whole by one worker\n", "whole", t->whole);
    printf("%-12s %zu inputs: %zu done, %zu failed", "total", s->c->input_count, t->done, t->failed);
    if (t->loaded)
        printf("    %zu loaded, %s", t->loaded, ck_report_size(t->loaded_nbytes, size, sizeof size));
    printf("    %.2f s    %.1f MP, %.1f MP/s\n", t->seconds, megapixels, t->seconds > 0 ? megapixels / t->seconds : 0);
}

static bool write_reports(FILE *to, const void *what)
{
    const session *s = what;
    ck_report *rows = calloc(s->count ? s->count : 1, sizeof *rows);
    bool ok = rows != NULL;

    for (size_t i = 0; i < s->count && ok; i++)
        rows[i] = report_of(&s->outcomes[i]);
    ok = ok && ck_report_json(to, &(ck_account){rows, s->count, s->failures, s->failure_count,
                                                s->mode_count == 1 && s->c->input_count == 1});
    free(rows);
    return ok;
}

int cli_write_session(const session *s)
{
    return s->c->json && s->count + s->failure_count ? cli_write_report(s->c->json, write_reports, s) : 0;
}

void cli_session_release(session *s)
{
    while (s->count)
        cli_drop_outcome(s);
    free(s->outcomes);
    free(s->failures);
    free(s->mode_text);
}
