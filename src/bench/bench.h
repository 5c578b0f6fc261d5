/*
 * What this machine can do with one file at most: floors measured without the library, then the library's own runs
 * as a share of them. Sees the public header only, so that a floor shares no code with what is judged by it.
 */
#ifndef CK_BENCH_BENCH_H
#define CK_BENCH_BENCH_H

#include <chunkimg/chunkimg.h>
#include <stdio.h>

/* Runs a job in a process of its own. */
typedef chunkimg_status (*ck_limits_apart)(const chunkimg_options *options, chunkimg_result *result,
                                           chunkimg_error *err);

typedef struct ck_limits_config {
    const chunkimg_options *job; /* its input is measured; output and mode are set by the measurement */
    ck_limits_apart apart;
    int (*stopped)(void);        /* not 0: the user wants the end; asked between measurements */
    FILE *to;                    /* gets every line when it is known; NULL: none */
} ck_limits_config;

/* One floor: the median of its runs. */
typedef struct ck_figure {
    const char *group;   /* "memory": a heading, and the JSON object it lies in */
    char name[32];       /* "copy_2_threads": its JSON key */
    char text[64];       /* the same for a person */
    const char *unit;    /* "GB/s"; bytes are decimal, as in all rates */
    char note[96];       /* what was left out or must be known; empty: nothing */
    double value;
    double ratio;        /* output over input bytes, where something was compressed; 0: none */
    unsigned runs;
} ck_figure;

/* One result of the library against its limit. */
typedef struct ck_share {
    const char *name, *text;
    const char *formula; /* what the limit is made of */
    double wall_s, limit_s;
    unsigned runs;
} ck_share;

/* Seconds that the fastest way found here needs for the whole file on one core; 0: not measured. */
typedef struct ck_floors {
    double read_s, inflate_s, unfilter_s, deflate_s; /* PNG */
    double entropy_s, decode_s, encode_s;            /* JPEG */
} ck_floors;

/* A run of the library: the result whose wall time is the median, and how many there were. */
typedef struct ck_limits_run {
    chunkimg_result result;
    double wall_s;
    unsigned runs; /* 0: not done */
} ck_limits_run;

enum { CK_DECODE_SERIAL, CK_DECODE_THREADS, CK_TILES_SERIAL, CK_TILES_THREADS, CK_LIMITS_RUNS };
enum { CK_FIGURES_MOST = 96, CK_SHARES_MOST = 12 };

typedef struct ck_limits {
    ck_limits_config config;
    char input[256];     /* as it may be shown */
    char path[4096];     /* by which it is opened */
    char format[16];     /* codec of the input */
    int32_t width, height;
    int channels, depth;
    uint64_t input_bytes, raw_bytes; /* of the file; of its pixels */
    unsigned cpus;
    double cpus_at_once;             /* of those, how many arithmetic got; 0: not measured */
    double load;                     /* average of the last minute, before the start */
    uint64_t spare_memory;           /* bytes that may be taken for all measurements together */
    char folder[64];                 /* temporary, removed at the end; empty: none */
    ck_floors floors;
    ck_limits_run runs[CK_LIMITS_RUNS];
    ck_figure figures[CK_FIGURES_MOST];
    size_t figure_count;
    ck_share shares[CK_SHARES_MOST];
    size_t share_count;
    bool complete;
} ck_limits;

/*
 * Measures everything for the file of config->job, in some seconds (under a minute for 100 megapixels). Forks and
 * starts threads: call it from a process that has none. Writes into a fresh folder of the current directory and
 * removes it. On failure `l` holds what was measured until then.
 */
chunkimg_status ck_limits_measure(ck_limits *l, const ck_limits_config *config, chunkimg_error *err);

/* Seconds of the steps that no second core can share, measured here with the fastest way found; 0: not measured. */
double ck_limits_chain_s(const ck_limits *l);

/* All of it as one JSON document, "chunkimg-limits/1", with a newline at the end. False: could not be written. */
bool ck_limits_json(FILE *to, const ck_limits *l);

#endif
