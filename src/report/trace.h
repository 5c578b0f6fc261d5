/*
 * A timeline in the Trace Event Format (Duffy and others, "Trace Event Format", 2016) that ui.perfetto.dev and
 * chrome://tracing open: a track for each worker with its tickets and waits, counters of what is queued, free and in
 * memory, arrows from the rows to the tile to the output.
 */
#ifndef CK_REPORT_TRACE_H
#define CK_REPORT_TRACE_H

#include <chunkimg/chunkimg.h>
#include <stdio.h>

typedef struct ck_trace {
    const char *input, *mode;
    const chunkimg_event *events; /* by time of begin */
    size_t count;
    uint64_t lost;
} ck_trace;

/* False: could not be written. */
bool ck_report_trace(FILE *to, const ck_trace *t);

#endif
