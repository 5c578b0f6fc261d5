/* What each operation costs: megapixels a second of one core, as jobs run it. Sees the public header only. */
#ifndef CK_BENCH_OPS_H
#define CK_BENCH_OPS_H

#include "bench/bench.h"

typedef struct ck_ops_config {
    const chunkimg_options *job; /* input NULL: a painted image; ops: measure these, each by itself; none: all there are */
    ck_limits_apart apart;
    int (*stopped)(void);        /* as in ck_limits_config */
    FILE *to;                    /* gets every line when it is known; NULL: none */
} ck_ops_config;

/* One operation, or the chain of all that were given. */
typedef struct ck_op_rate {
    char text[160];    /* "blur=2" */
    double best, median; /* of its runs: megapixels of the input a second; digests are not counted */
    double cpu;        /* of the best run: CPU seconds over seconds passed; well below 1: the machine was busy */
    unsigned runs;     /* 0: not measured, and note says why */
    char note[200];
} ck_op_rate;

enum { CK_OP_RATES_MOST = 128 };

typedef struct ck_ops {
    ck_ops_config config;
    chunkimg_options job; /* of a run */
    char input[256];      /* as it may be shown; empty: painted */
    char painted[64];     /* temporary file, removed at the end; empty: none */
    int32_t width, height;
    int channels, depth;
    ck_op_rate rates[CK_OP_RATES_MOST];
    size_t count;
    bool complete;
} ck_ops;

/*
 * Runs each operation on tiles of the input, output thrown away, each run a
 * serial job in a process of its own. The rate is that of the time the job
 * spent in operations. An operation that cannot run without arguments is
 * passed over with a note where it was not asked for. On failure `o` holds
 * what was measured until then.
 */
chunkimg_status ck_ops_measure(ck_ops *o, const ck_ops_config *config, chunkimg_error *err);

/* All of it as one JSON document, "chunkimg-ops/1", with a newline at the end. False: could not be written. */
bool ck_ops_json(FILE *to, const ck_ops *o);

#endif
