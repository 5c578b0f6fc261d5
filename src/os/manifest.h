/*
 * manifest.json of a folder of tiles, read back: whoever checks, resumes or
 * puts together such a folder reads it here, as a whole. sink/manifest.h
 * writes it.
 */
#ifndef CK_OS_MANIFEST_H
#define CK_OS_MANIFEST_H

#include <jansson.h>

#include "base/error.h"

#define CK_MANIFEST_NAME "manifest.json"
#define CK_MANIFEST_SCHEMA "chunkimg-manifest/1"

typedef struct ck_manifest {
    json_t *root;
    uint64_t tiles;    /* listed */
    uint64_t failed;   /* listed as skipped */
    uint64_t promised; /* of the plan: tiles + failed */
    uint64_t columns, rows; /* of the grid: promised in all */
} ck_manifest;

typedef struct ck_manifest_rect {
    int64_t x, y, w, h; /* pixels; 0..INT32_MAX each */
} ck_manifest_rect;

typedef struct ck_manifest_tile {
    char file[256];
    int32_t col, row;
    ck_manifest_rect own, held; /* in the image */
    int64_t file_w, file_h, pad_x, pad_y; /* of the file, and where `held` begins in it; 0..INT32_MAX */
    uint64_t nbytes; /* of the file */
    uint32_t crc;    /* of those bytes */
    uint32_t digest; /* the share of the tile's own pixels in the digest of the image */
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

/*
 * A value as text, to be freed; NULL: no memory. In place of json_dumps, which
 * (jansson 2.14) leaves out a key, and says nothing, where its buffer cannot grow.
 */
char *ck_json_text(const json_t *value, size_t flags);

#endif
