/*
 * manifest.json of a folder of tiles: the source, the plan, the options, and
 * for every tile its file, rectangles, bytes, CRC-32 and share of the digest;
 * tiles that failed and were skipped, with the reason. Written one tile after
 * another, so that its text is never in memory as a whole; read as a whole.
 */
#ifndef CK_SINK_MANIFEST_H
#define CK_SINK_MANIFEST_H

#include <jansson.h>

#include "os/outdir.h"
#include "sink/sink.h"

#define CK_MANIFEST_NAME "manifest.json"

/* What makes two runs the same work: source, plan and options as one object, to be released with json_decref. NULL: no memory. */
json_t *ck_manifest_work(const ck_sink_config *config);

/* ---- writing; at home ------------------------------------------------------ */

typedef struct ck_manifest_writer {
    const ck_sink_config *config;
    ck_outdir *dir; /* borrowed */
    char *text;     /* not yet appended */
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

/* ---- reading ----------------------------------------------------------------- */

typedef struct ck_manifest {
    json_t *root;
    uint64_t tiles;    /* listed */
    uint64_t failed;   /* listed as skipped */
    uint64_t promised; /* of the plan: tiles + failed */
} ck_manifest;

typedef struct ck_manifest_tile {
    char file[256];
    int32_t col, row;
    ck_outcome outcome; /* nbytes, crc and digest */
} ck_manifest_tile;

/*
 * Reads the manifest in the folder `dir` (a descriptor). CHUNKIMG_BAD_INPUT
 * where it is not one of this program, or is damaged: every tile must be
 * listed exactly once, under a name inside the folder. `shown` is for messages.
 */
ck_status ck_manifest_read(int dir, const char *file, const char *shown, ck_manifest *out, ck_error *err);
void ck_manifest_close(ck_manifest *m);

/* Entry i of m->tiles. */
void ck_manifest_tile_at(const ck_manifest *m, size_t i, ck_manifest_tile *out);

#endif
