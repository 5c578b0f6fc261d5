/*
 * manifest.json of a folder of tiles: the source, the plan, the options, and
 * for every tile its file, rectangles, bytes, CRC-32 and share of the digest;
 * tiles that failed and were skipped, with the reason. Written one tile after
 * another, at home, so that its text is never in memory as a whole. Read back
 * by os/manifest.h.
 */
#ifndef CK_SINK_MANIFEST_H
#define CK_SINK_MANIFEST_H

#include <jansson.h>

#include "os/manifest.h"
#include "os/outdir.h"
#include "sink/sink.h"

/* What makes two runs the same work: source, plan and options as one object, to be released with json_decref. NULL: no memory. */
json_t *ck_manifest_work(const ck_sink_config *config);

typedef struct ck_manifest_writer {
    const ck_sink_config *config;
    ck_outdir *dir; /* borrowed */
    char *text;     /* not yet appended */
    char *other;    /* may be on its way to the file, until the ticket that brought it is done */
    size_t used;
    uint64_t tiles;
    json_t *failed; /* array */
} ck_manifest_writer;

/* After a failure, as after the end, release is owed. */
ck_status ck_manifest_begin(ck_manifest_writer *w, const ck_sink_config *config, ck_outdir *dir, ck_error *err);
ck_status ck_manifest_add(ck_manifest_writer *w, const ck_tile *tile, const char *file, const ck_outcome *outcome,
                          ck_error *err);
ck_status ck_manifest_add_failed(ck_manifest_writer *w, const ck_tile *tile, const ck_error *why, ck_error *err);
ck_status ck_manifest_end(ck_manifest_writer *w, ck_error *err);
void ck_manifest_release(ck_manifest_writer *w);

#endif
