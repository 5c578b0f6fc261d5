#include "report/trace.h"

#include <jansson.h>
#include <stdlib.h>

enum { WORKERS_MOST = 4096, WAIT_NS = 1000 /* a shorter gap is no wait */ };

static double us(uint64_t ns)
{
    return (double)ns * 1e-3;
}

/* Every event but the first begins with a comma. */
static void head(FILE *to, const char *phase, const char *name, uint32_t worker, uint64_t at_ns)
{
    fprintf(to, ",\n{\"ph\":\"%s\",\"name\":\"%s\",\"pid\":1,\"tid\":%u,\"ts\":%.3f", phase, name, worker + 1, us(at_ns));
}

/* ---- tracks ------------------------------------------------------------------------------------------------ */

static uint32_t workers_of(const ck_trace *t)
{
    uint32_t most = 0;

    for (size_t i = 0; i < t->count; i++)
        if (t->events[i].kind != CHUNKIMG_EVENT_COUNTS && t->events[i].worker > most)
            most = t->events[i].worker;
    return most + 1 < WORKERS_MOST ? most + 1 : WORKERS_MOST;
}

static bool has_worker(const ck_trace *t, uint32_t worker, bool drains_only)
{
    bool any = false;

    for (size_t i = 0; i < t->count; i++)
        if (t->events[i].kind != CHUNKIMG_EVENT_COUNTS && t->events[i].worker == worker) {
            if (drains_only && t->events[i].kind != CHUNKIMG_EVENT_DRAIN)
                return false;
            any = true;
        }
    return any;
}

static void name_tracks(FILE *to, const ck_trace *t, uint32_t workers)
{
    for (uint32_t w = 0; w < workers; w++) {
        bool home = w && w + 1 == workers && has_worker(t, w, true); /* it carries nothing but what belongs at home */

        if (!has_worker(t, w, false))
            continue;
        fprintf(to, ",\n{\"ph\":\"M\",\"name\":\"thread_name\",\"pid\":1,\"tid\":%u,\"args\":{\"name\":\"%s %u\"}}", w + 1,
                home ? "supervisor" : "worker", w);
        fprintf(to, ",\n{\"ph\":\"M\",\"name\":\"thread_sort_index\",\"pid\":1,\"tid\":%u,\"args\":{\"sort_index\":%u}}", w + 1, w);
    }
}

/* ---- slices --------------------------------------------------------------------------------------------------- */

static void stages(FILE *to, const chunkimg_event *e)
{
    for (unsigned s = 0; s < sizeof e->stage_us / sizeof *e->stage_us; s++)
        if (e->stage_us[s])
            fprintf(to, ",\"%s_us\":%u", chunkimg_stage_name(s), e->stage_us[s]);
}

static void slice(FILE *to, const chunkimg_event *e)
{
    static const char *const names[] = {"fill", "tile", "drain"};

    head(to, "X", names[e->kind], e->worker, e->begin_ns);
    fprintf(to, ",\"cat\":\"%s\",\"dur\":%.3f,\"args\":{\"index\":%llu", names[e->kind], us(e->end_ns - e->begin_ns),
            (unsigned long long)e->index);
    if (e->kind == CHUNKIMG_EVENT_FILL)
        fprintf(to, ",\"first_row\":%d,\"rows\":%d", e->row, e->rows);
    else
        fprintf(to, ",\"column\":%d,\"row\":%d", e->col, e->row);
    fprintf(to, ",\"bytes\":%llu", (unsigned long long)e->nbytes);
    stages(to, e);
    fputs("}}", to);
}

static void slices_and_waits(FILE *to, const ck_trace *t, uint32_t workers, uint64_t *ended)
{
    for (size_t i = 0; i < t->count; i++) {
        const chunkimg_event *e = &t->events[i];

        if (e->kind == CHUNKIMG_EVENT_COUNTS || e->worker >= workers)
            continue;
        if (e->begin_ns > ended[e->worker] + WAIT_NS) {
            head(to, "X", "wait", e->worker, ended[e->worker]);
            fprintf(to, ",\"cat\":\"wait\",\"dur\":%.3f}", us(e->begin_ns - ended[e->worker]));
        }
        slice(to, e);
        ended[e->worker] = e->end_ns;
    }
}

static void counters(FILE *to, const ck_trace *t)
{
    for (size_t i = 0; i < t->count; i++) {
        const chunkimg_event *e = &t->events[i];

        if (e->kind != CHUNKIMG_EVENT_COUNTS)
            continue;
        fprintf(to, ",\n{\"ph\":\"C\",\"name\":\"queue depth\",\"pid\":1,\"ts\":%.3f,\"args\":{\"tiles ready\":%u}}", us(e->begin_ns), e->ready);
        fprintf(to, ",\n{\"ph\":\"C\",\"name\":\"free slots\",\"pid\":1,\"ts\":%.3f,\"args\":{\"slots\":%u}}", us(e->begin_ns), e->free_slots);
        fprintf(to, ",\n{\"ph\":\"C\",\"name\":\"memory in use\",\"pid\":1,\"ts\":%.3f,\"args\":{\"bytes\":%llu}}", us(e->begin_ns),
                (unsigned long long)e->nbytes);
    }
}

/* ---- arrows ------------------------------------------------------------------------------------------------------ */

static const chunkimg_event **fills_by_index(const ck_trace *t, uint64_t *count)
{
    const chunkimg_event **by;

    *count = 0;
    for (size_t i = 0; i < t->count; i++)
        if (t->events[i].kind == CHUNKIMG_EVENT_FILL && t->events[i].index >= *count)
            *count = t->events[i].index + 1;
    by = calloc(*count ? *count : 1, sizeof *by);
    for (size_t i = 0; i < t->count && by; i++)
        if (t->events[i].kind == CHUNKIMG_EVENT_FILL)
            by[t->events[i].index] = &t->events[i];
    return by;
}

/* An arrow binds to the slice that is open at its time on its track. */
static void arrow(FILE *to, const char *phase, const chunkimg_event *e, uint64_t id)
{
    head(to, phase, "rows to output", e->worker, e->begin_ns + (e->end_ns - e->begin_ns) / 2);
    fprintf(to, ",\"cat\":\"flow\",\"id\":%llu%s}", (unsigned long long)id, *phase == 's' ? "" : ",\"bp\":\"e\"");
}

static bool arrows(FILE *to, const ck_trace *t)
{
    uint64_t count;
    const chunkimg_event **fills = fills_by_index(t, &count);

    if (!fills)
        return false;
    for (size_t i = 0; i < t->count; i++) {
        const chunkimg_event *e = &t->events[i];

        if (e->kind == CHUNKIMG_EVENT_TILE && e->after < count && fills[e->after]) {
            arrow(to, "s", fills[e->after], e->index);
            arrow(to, "t", e, e->index);
        } else if (e->kind == CHUNKIMG_EVENT_DRAIN) {
            arrow(to, "f", e, e->index);
        }
    }
    free(fills);
    return true;
}

/* ---- all of it ------------------------------------------------------------------------------------------------------ */

static bool tail(FILE *to, const ck_trace *t)
{
    json_t *about = json_pack("{s:s,s:s,s:s,s:s,s:I}", "schema", "chunkimg-trace/1", "version", chunkimg_version(), "input", t->input, "mode",
                              t->mode, "events_lost", (json_int_t)t->lost);
    char *text = about ? json_dumps(about, JSON_COMPACT | JSON_ENSURE_ASCII) : NULL;

    fprintf(to, "\n],\"displayTimeUnit\":\"ms\",\"otherData\":%s}\n", text ? text : "{}");
    free(text);
    json_decref(about);
    return !ferror(to);
}

bool ck_report_trace(FILE *to, const ck_trace *t)
{
    uint32_t workers = workers_of(t);
    uint64_t *ended = calloc(workers, sizeof *ended);
    bool ok = ended != NULL;

    if (ok) {
        fprintf(to, "{\"traceEvents\":[\n{\"ph\":\"M\",\"name\":\"process_name\",\"pid\":1,\"args\":{\"name\":\"chunkimg %s\"}}", t->mode);
        name_tracks(to, t, workers);
        slices_and_waits(to, t, workers, ended);
        counters(to, t);
        ok = arrows(to, t) && tail(to, t);
    }
    free(ended);
    return ok;
}
