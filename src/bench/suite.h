/*
 * A comparison: cases (a mode, a number of workers, a size of tiles, perhaps an option) run many times, each run in a
 * process of its own, in an order that is drawn anew for every round, until the medians can be told apart or the time
 * is up. Sees the public header only; what starts a process is handed in.
 *
 *     ck_suite *s;
 *     ck_suite_plan(&config, &s, &err)   which cases there are, and what is left out
 *     ck_suite_measure(s, &err)          the runs; on an interrupt what is finished stays
 *     ck_suite_judge(s)                  medians, speed-ups, fits
 *     ck_suite_text, _json, _csv, _markdown
 *     ck_suite_free(&s)
 */
#ifndef CK_BENCH_SUITE_H
#define CK_BENCH_SUITE_H

#include <chunkimg/chunkimg.h>
#include <stdio.h>

#include "bench/feeder.h"
#include "bench/figures.h"
#include "bench/fits.h"
#include "bench/machine.h"
#include "bench/presets.h"
#include "bench/stats.h"

#define CK_SUITE_MIN_TIME_S 3.0
#define CK_SUITE_SCHEMA "chunkimg-bench/1"

/* Runs a job in a process of its own. */
typedef chunkimg_status (*ck_suite_apart)(const chunkimg_options *options, chunkimg_result *result, chunkimg_error *err);

/* The same for several inputs in place of options->input: what they took together, as one result. All must give the same pixels. */
typedef chunkimg_status (*ck_suite_apart_each)(const chunkimg_options *options, const char *const *inputs, size_t count,
                                               chunkimg_result *result, chunkimg_error *err);

/* What a run did; the list is to be freed. */
typedef struct ck_suite_events {
    chunkimg_event *list;
    size_t count;
    uint64_t lost;
} ck_suite_events;

typedef chunkimg_status (*ck_suite_traced)(const chunkimg_options *options, chunkimg_result *result, ck_suite_events *events,
                                           chunkimg_error *err);

typedef struct ck_suite_config {
    const chunkimg_options *job;  /* input and options of every case; mode, workers and tiles are the case's */
    const ck_preset *preset;      /* NULL: none */
    const char *modes;            /* "threads,processes"; NULL: the preset's, else all */
    const char *workers;          /* "1,2,4"; NULL: the preset's, else 1 .. CPUs */
    const char *tile_sizes;       /* "64,256,512x128"; NULL: the preset's, else what the job says */
    int64_t runs;                 /* at least, of each case; 0: refused */
    double min_time_s;            /* of each case at least; 0: the preset's, else CK_SUITE_MIN_TIME_S */
    double budget_s;              /* no round begins after that many seconds; 0: none */
    int64_t warmup;               /* rounds that do not count */
    uint64_t seed;
    double threshold;             /* differences below that share are no difference */
    ck_suite_apart apart;
    ck_suite_apart_each apart_each; /* NULL: cases of several inputs are left out */
    ck_suite_traced traced;       /* runs a job with options->trace; NULL: no timelines are wanted */
    double (*now)(void);          /* seconds; NULL: the monotonic clock */
    int (*stopped)(void);         /* not 0: the user wants the end */
    void (*progress)(void *user, size_t run, size_t runs, size_t round, const char *label); /* before each run; may be NULL */
    void *user;
} ck_suite_config;

enum { CK_SETTINGS_MOST = 3, CK_WHY = 200 };

/* An option of the job that this case sets and others do not. */
typedef struct ck_setting {
    char name[24], value[24];
} ck_setting;

typedef struct ck_case {
    char mode[24];
    unsigned workers;
    chunkimg_pair tiles, tile_size; /* as asked; both 0: as the job says */
    ck_setting settings[CK_SETTINGS_MOST];
    size_t setting_count;
    char label[96];                 /* "threads x 2, 256 px": what sets it apart from the others */
    size_t group;                   /* cases of one group cut the same tiles and are compared with one serial case */
    bool reference;                 /* that serial case */
    unsigned slow_inputs;           /* that many addresses are its inputs, each of which is late; 0: the input itself is */

    /* of the plan */
    uint64_t tile_count, planned_bytes;
    int32_t columns, rows, tile_width, tile_height;

    /* of the runs */
    double *figures;                /* run_count x CK_FIGURE_ROWS */
    size_t run_count, room;
    double spent_s;
    uint32_t digest;
    bool failed;                    /* an error, not a row; why says so */
    char why[CK_WHY];

    /* judged; only where there is a run and no failure */
    ck_summary wall;
    double middle[CK_FIGURE_ROWS];  /* medians; NAN: not known */
    double mpps, tiles_per_s;       /* at the median of wall */
    ck_interval speedup, scaling;   /* against serial; against the same mode with one worker; value 0: there is none */
    ck_verdict verdict, scaling_verdict;
    double region_speedup;          /* of the parallel region alone, medians; NAN: not known */
    double total_speedup;           /* of the whole process, medians */
    double efficiency, karp_flatt;  /* of the speed-up against serial; NAN with one worker */
    double utilisation;             /* CPU time over wall and workers, or over CPUs where these are fewer */
    double of_limit;                /* floor of the serial chain, or its own CPU time spread evenly where that is more, over wall; NAN: not measured */
} ck_case;

/* Points of one mode over its workers. */
typedef struct ck_curve {
    size_t group;
    char mode[24], setting[52]; /* setting: "gil-release=50"; empty: none */
    size_t cases[64], count;    /* indices, workers rising */
    ck_fit amdahl, usl;
} ck_curve;

typedef struct ck_left_out {
    char what[64], why[CK_WHY];
} ck_left_out;

/* One run of the fastest case of a mode. */
typedef struct ck_timeline {
    size_t index; /* of the case */
    ck_suite_events events;
} ck_timeline;

enum { CK_TIMELINES_MOST = 16, CK_SLOW_MOST = 16 };

/* The input at several addresses, each answered `delay_s` seconds late. */
typedef struct ck_slow {
    ck_feeder feeder;
    unsigned count;
    double delay_s;
    char text[CK_SLOW_MOST][48];
    const char *addresses[CK_SLOW_MOST];
} ck_slow;

enum { CK_CURVES_MOST = 64, CK_LEFT_OUT_MOST = 32, CK_WORDS_MOST = 8, CK_WORDS = 480 };

typedef struct ck_suite {
    ck_suite_config config;
    chunkimg_options job;        /* config.job with what bench adds */
    ck_random random;
    ck_case *cases;
    size_t case_count, groups;
    ck_left_out left_out[CK_LEFT_OUT_MOST];
    size_t left_out_count;
    ck_machine machine;

    /* of the input and the plan */
    char input[256], input_format[16], output_format[16], ops[256], output_why[160];
    int32_t width, height;
    int channels, depth;
    uint64_t input_bytes;
    char folder[300];            /* runs write below it; empty: they write nothing */
    char inside[320];            /* what they write */
    ck_slow slow;

    size_t rounds;
    double elapsed_s;
    bool complete;

    /* judged */
    ck_curve curves[CK_CURVES_MOST];
    size_t curve_count;
    double chain_s;              /* floor of the file's serial chain on this machine; 0: not measured */
    ck_timeline timelines[CK_TIMELINES_MOST];
    size_t timeline_count;
    size_t best;                 /* index of the case that is to be used; case_count: there is none */
    char command[600];           /* the command line that does it */
    char conclusion[CK_WORDS_MOST][CK_WORDS]; /* sentences */
    size_t conclusion_count;
    char findings[CK_WORDS_MOST][CK_WORDS];   /* what else the figures say, one sentence each */
    size_t finding_count;
} ck_suite;

/* CHUNKIMG_USAGE for what cannot be; a mode that is not built is left out and named. *out is NULL on failure. */
chunkimg_status ck_suite_plan(const ck_suite_config *config, ck_suite **out, chunkimg_error *err);

/* CHUNKIMG_INTERRUPTED: what was measured until then stays. A case that fails is kept with its reason: CHUNKIMG_SYSTEM. */
chunkimg_status ck_suite_measure(ck_suite *s, chunkimg_error *err);

double ck_suite_min_time(const ck_suite *s); /* of this comparison */
void ck_suite_judge(ck_suite *s);
/* After judge: runs the fastest case of each mode once more for its timeline; one that fails has none. */
void ck_suite_trace(ck_suite *s);
void ck_suite_conclude(ck_suite *s); /* suite_words.c; judge calls it */

/* suite_input.c; plan calls them */
chunkimg_status ck_suite_look(ck_suite *s, chunkimg_error *err);
chunkimg_status ck_suite_choose_output(ck_suite *s, chunkimg_error *err);

/* suite_slow.c: starts the server of slow inputs, as the preset wants them. On failure none runs. */
chunkimg_status ck_suite_start_slow(ck_suite *s, chunkimg_error *err);
void ck_suite_stop_slow(ck_suite *s);

void ck_suite_free(ck_suite **s);

/* Writes behind the first n bytes of to[0..size); returns n and what was to be written, which may be more than fits. */
size_t ck_append(char *to, size_t size, size_t n, const char *format, ...) __attribute__((format(printf, 4, 5)));

/* The options that a case runs with, whole. */
chunkimg_status ck_case_options(const ck_suite *s, const ck_case *c, chunkimg_options *o, chunkimg_error *err);

/* A row, not an error and with a run. */
bool ck_case_counts(const ck_case *c);

/* The first case that counts; workers 0: any number; like: with the same settings, NULL: any. NULL: there is none. */
const ck_case *ck_suite_find(const ck_suite *s, size_t group, const char *mode, unsigned workers, const ck_case *like);

/* What the runs can say of c against base; *faster: how many times as fast. */
ck_verdict ck_suite_versus(ck_suite *s, const ck_case *c, const ck_case *base, ck_interval *faster);

void ck_suite_head(FILE *to, const ck_suite *s);
void ck_suite_text(FILE *to, const ck_suite *s, bool colour);
bool ck_suite_markdown(FILE *to, const ck_suite *s);
bool ck_suite_csv(FILE *to, const ck_suite *s);  /* one line for each run */
bool ck_suite_json(FILE *to, const ck_suite *s);
char *ck_suite_json_text(const ck_suite *s);     /* the same with the timelines, in memory, to be freed; NULL: no memory */

/*
 * Two documents of ck_suite_json: every case that both have, after against before. CHUNKIMG_USAGE where one is of
 * another schema or cannot be read as JSON, CHUNKIMG_SYSTEM where it cannot be opened. json: also as a document; may
 * be NULL.
 */
chunkimg_status ck_suite_compare(FILE *to, FILE *json, const char *before, const char *after, double threshold,
                                 uint64_t seed, chunkimg_error *err);

#endif
