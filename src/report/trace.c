#include "report/trace.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

enum { WORKERS_MOST = 4096, WAIT_NS = 1000 /* a shorter gap is no wait */ };

/* ---- text: a timeline has tens of thousands of events, and stdio would take as long for them as some runs take ----------- */

typedef struct page {
    FILE *to;
    size_t n;
    char text[16 << 10];
} page;

static void turn(page *p)
{
    fwrite(p->text, 1, p->n, p->to); /* an error stays with the file, and is asked for at the end */
    p->n = 0;
}

static inline void put_bytes(page *p, const char *text, size_t n)
{
    if (n > sizeof p->text - p->n)
        turn(p);
    if (n > sizeof p->text) {
        fwrite(text, 1, n, p->to);
        return;
    }
    memcpy(p->text + p->n, text, n);
    p->n += n;
}

static inline void put(page *p, const char *text)
{
    put_bytes(p, text, strlen(text));
}

static void number(page *to, uint64_t n)
{
    char digits[20];
    size_t at = sizeof digits;

    do
        digits[--at] = (char)('0' + n % 10);
    while (n /= 10);
    put_bytes(to, digits + at, sizeof digits - at);
}

/* Microseconds, three decimals. */
static void microseconds(page *to, uint64_t ns)
{
    unsigned rest = (unsigned)(ns % 1000);

    const char decimals[] = {'.', (char)('0' + rest / 100), (char)('0' + rest / 10 % 10), (char)('0' + rest % 10)};

    number(to, ns / 1000);
    put_bytes(to, decimals, sizeof decimals);
}

/* ,"name":n */
static void field(page *to, const char *name, int64_t n)
{
    put(to, ",\"");
    put(to, name);
    put(to, n < 0 ? "\":-" : "\":");
    number(to, n < 0 ? -(uint64_t)n : (uint64_t)n);
}

static void time_field(page *to, const char *name, uint64_t ns)
{
    put(to, ",\"");
    put(to, name);
    put(to, "\":");
    microseconds(to, ns);
}

static void text_field(page *to, const char *name, const char *text)
{
    put(to, ",\"");
    put(to, name);
    put(to, "\":\"");
    put(to, text);
    put(to, "\"");
}

/* Every event but the first begins with a comma. */
static void head(page *to, const char *phase, const char *name)
{
    put(to, ",\n{\"ph\":\"");
    put(to, phase);
    put(to, "\"");
    text_field(to, "name", name);
    field(to, "pid", 1);
}

static void head_on_track(page *to, const char *phase, const char *name, uint32_t worker, uint64_t at_ns)
{
    head(to, phase, name);
    field(to, "tid", (int64_t)worker + 1);
    time_field(to, "ts", at_ns);
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

static void stages(page *to, const chunkimg_event *e)
{
    for (unsigned s = 0; s < sizeof e->stage_us / sizeof *e->stage_us; s++)
        if (e->stage_us[s]) {
            char name[32];

            snprintf(name, sizeof name, "%s_us", chunkimg_stage_name(s));
            field(to, name, e->stage_us[s]);
        }
}

static void slice(page *to, const chunkimg_event *e)
{
    static const char *const names[] = {"fill", "tile", "drain"};

    head_on_track(to, "X", names[e->kind], e->worker, e->begin_ns);
    text_field(to, "cat", names[e->kind]);
    time_field(to, "dur", e->end_ns - e->begin_ns);
    put(to, ",\"args\":{\"index\":");
    number(to, e->index);
    field(to, e->kind == CHUNKIMG_EVENT_FILL ? "first_row" : "column", e->kind == CHUNKIMG_EVENT_FILL ? e->row : e->col);
    field(to, e->kind == CHUNKIMG_EVENT_FILL ? "rows" : "row", e->kind == CHUNKIMG_EVENT_FILL ? e->rows : e->row);
    field(to, "bytes", (int64_t)e->nbytes);
    stages(to, e);
    put(to, "}}");
}

static void slices_and_waits(page *to, const ck_trace *t, uint32_t workers, uint64_t *ended)
{
    for (size_t i = 0; i < t->count; i++) {
        const chunkimg_event *e = &t->events[i];

        if (e->kind == CHUNKIMG_EVENT_COUNTS || e->worker >= workers)
            continue;
        if (e->begin_ns > ended[e->worker] + WAIT_NS) {
            head_on_track(to, "X", "wait", e->worker, ended[e->worker]);
            text_field(to, "cat", "wait");
            time_field(to, "dur", e->begin_ns - ended[e->worker]);
            put(to, "}");
        }
        slice(to, e);
        ended[e->worker] = e->end_ns;
    }
}

static void counter(page *to, const char *name, uint64_t at_ns, const char *unit, uint64_t value)
{
    head(to, "C", name);
    time_field(to, "ts", at_ns);
    put(to, ",\"args\":{\"");
    put(to, unit);
    put(to, "\":");
    number(to, value);
    put(to, "}}");
}

static void counters(page *to, const ck_trace *t)
{
    for (size_t i = 0; i < t->count; i++) {
        const chunkimg_event *e = &t->events[i];

        if (e->kind != CHUNKIMG_EVENT_COUNTS)
            continue;
        counter(to, "queue depth", e->begin_ns, "tiles ready", e->ready);
        counter(to, "free slots", e->begin_ns, "slots", e->free_slots);
        counter(to, "memory in use", e->begin_ns, "bytes", e->nbytes);
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
static void arrow(page *to, const char *phase, const chunkimg_event *e, uint64_t id)
{
    head_on_track(to, phase, "rows to output", e->worker, e->begin_ns + (e->end_ns - e->begin_ns) / 2);
    text_field(to, "cat", "flow");
    field(to, "id", (int64_t)id);
    put(to, *phase == 's' ? "}" : ",\"bp\":\"e\"}");
}

static bool arrows(page *to, const ck_trace *t)
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
    page *p = malloc(sizeof *p);
    bool ok = ended && p;

    if (ok) {
        fprintf(to, "{\"traceEvents\":[\n{\"ph\":\"M\",\"name\":\"process_name\",\"pid\":1,\"args\":{\"name\":\"chunkimg %s\"}}", t->mode);
        name_tracks(to, t, workers);
        p->to = to;
        p->n = 0;
        slices_and_waits(p, t, workers, ended);
        counters(p, t);
        ok = arrows(p, t);
        turn(p);
        ok = ok && tail(to, t);
    }
    free(p);
    free(ended);
    return ok;
}
