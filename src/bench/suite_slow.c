/* Slow inputs: the same file at several addresses of a server that lets each of them wait. */
#include <stdio.h>
#include <string.h>

#include "bench/limits.h"
#include "bench/suite.h"

/* Bodies of all inputs may be in memory at the same time. */
#define BODIES_MOST_BYTES ((uint64_t)512 << 20)

enum { LEAST = 2 };

static void write_addresses(ck_suite *s)
{
    ck_slow *w = &s->slow;

    for (unsigned i = 0; i < w->count; i++) {
        snprintf(w->text[i], sizeof w->text[i], "http://127.0.0.1:%d/%u.%s", w->feeder.port, i, s->input_format);
        w->addresses[i] = w->text[i];
    }
}

/* Whether this build can load them is asked before a server is started. */
static chunkimg_status can_load(const ck_suite *s, chunkimg_error *err)
{
    static const char *const any[] = {"http://127.0.0.1/"};
    chunkimg_downloads *d;
    chunkimg_options o = s->job;

    o.mode = "serial";
    chunkimg_options_for_mode(&o, o.mode);
    chunkimg_status status = chunkimg_downloads_open(&o, any, 1, false, &d, err);
    if (!status)
        chunkimg_downloads_close(&d);
    return status;
}

chunkimg_status ck_suite_start_slow(ck_suite *s, chunkimg_error *err)
{
    const ck_preset *p = s->config.preset;
    ck_slow *w = &s->slow;
    chunkimg_status status;

    w->count = p->slow_inputs < CK_SLOW_MOST ? p->slow_inputs : CK_SLOW_MOST;
    w->delay_s = p->slow_s;
    while (w->count > LEAST && w->count * s->input_bytes > BODIES_MOST_BYTES)
        w->count--;
    if ((status = can_load(s, err)) || (status = ck_feeder_start(&w->feeder, s->job.input, w->delay_s, err))) {
        w->count = 0;
        return status;
    }
    write_addresses(s);
    return CHUNKIMG_OK;
}

void ck_suite_stop_slow(ck_suite *s)
{
    ck_feeder_stop(&s->slow.feeder);
}
