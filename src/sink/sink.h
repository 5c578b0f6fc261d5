/*
 * Sinks: where finished tiles go. `store` runs in whichever worker made the
 * tile; `accept` runs at home, in the order of the tiles.
 *
 * To add one: a file sink_NAME.c whose last lines are the ck_sink, and a line
 * in sinks.def.
 */
#ifndef CK_SINK_SINK_H
#define CK_SINK_SINK_H

#include <chunkimg/chunkimg.h>

#include "base/error.h"
#include "core/grid.h"
#include "os/outdir.h"

enum ck_sink_traits {
    CK_SINK_STRIPS = 1u << 0, /* wants full-width strips of one image, and their bytes in accept */
    CK_SINK_ENCODES = 1u << 1 /* needs tiles encoded */
};

/* What happened to a tile. Lies in its slot, in the shared arena. */
typedef struct ck_outcome {
    uint64_t nbytes;       /* of the encoded tile */
    uint32_t crc;          /* CRC-32 of those bytes */
    uint32_t check;        /* the encoder's checksum of the strip */
    uint64_t check_nbytes;
    uint32_t digest;       /* the share of the tile's own pixels in the digest of the image */
} ck_outcome;

typedef struct ck_sink_config {
    const char *path;   /* NULL: none */
    bool force;
    const char *name;   /* template of tile names */
    const char *stem;   /* of the input's name */
    const char *suffix; /* of the tile files */
    const ck_grid *grid;
    const chunkimg_plan *plan;
    const chunkimg_options *options;
    const uint32_t *digest; /* of the output's pixels; right when finish is called */
    const char *stamp;      /* changes whenever the input's file is written; NULL: no file */
    /* Of the encoder, for one image out of strips; NULL where it has none. */
    uint32_t (*combine)(uint32_t before, uint32_t check, uint64_t check_nbytes);
    uint32_t check_seed;
    size_t (*tail)(uint32_t check, uint8_t out[64]);
} ck_sink_config;

typedef struct ck_sink {
    const char *name, *summary;
    unsigned traits;
    size_t state_size;

    /* Before anything is decoded: whether path and template will do. Makes nothing. NULL: always. */
    ck_status (*check)(const ck_sink_config *config, ck_error *err);

    /* Makes the staging place. config outlives the state. After a failure nothing is left. */
    ck_status (*open)(void *st, const ck_sink_config *config, ck_error *err);

    /*
     * One tile's bytes. Any worker; in any process that has the state (inherited or joined) where make has made `file`,
     * which is closed in any case; -1: store makes it. NULL: bytes go to accept.
     */
    ck_status (*store)(void *st, const ck_tile *tile, int file, const void *bytes, size_t nbytes, ck_error *err);

    /*
     * What a store will need that may open no path: *file is new, empty and the caller's to close; after a failure -1, and
     * *why is the errno. At home. unstore takes it back. NULL where store is.
     */
    ck_status (*make)(void *st, const ck_tile *tile, int *file, int *why, ck_error *err);

    /* A store whose worker died may have come halfway: what it left of the tile goes. At home. NULL: nothing. */
    void (*unstore)(void *st, const ck_tile *tile);

    /* In place of open, in a process that was not forked from the one that opened: for store alone. NULL: needs nothing. */
    ck_status (*join)(void *st, const ck_sink_config *config, ck_error *err);

    /*
     * The tile, where an earlier run that is resumed has made it already: its outcome, and true. At home, after open.
     * NULL: never.
     */
    bool (*kept)(const void *st, uint64_t index, ck_outcome *outcome);

    /* From now on store and accept give their bytes to this writer; NULL: no more. While nobody stores. NULL: there is none. */
    void (*through)(void *st, const ck_writer *writer);

    /* The next tile, in order, at home. bytes is NULL unless the sink wants strips. */
    ck_status (*accept)(void *st, const ck_tile *tile, const ck_outcome *outcome, const void *bytes, ck_error *err);

    /* In place of accept: this tile failed, and the job goes on without it. NULL: it cannot. */
    ck_status (*skip)(void *st, const ck_tile *tile, const ck_error *why, ck_error *err);

    /* Everything was accepted or skipped: the output gets its final name. *files and *nbytes: what was written. */
    ck_status (*finish)(void *st, uint64_t *files, uint64_t *nbytes, ck_error *err);

    /* Leaves nothing behind. After open, instead of finish; after a failed finish it need not be called. */
    void (*abandon)(void *st);
} ck_sink;

const ck_sink *ck_sink_find(const char *name);
const ck_sink *ck_sink_at(size_t i);

#endif
