/* What a run tells besides its time: one row each. Tables, JSON and CSV go over these rows. */
#ifndef CK_BENCH_FIGURES_H
#define CK_BENCH_FIGURES_H

#include <chunkimg/chunkimg.h>

/* Those that sentences and tables ask for by name; the order of ck_figure_rows. */
enum {
    CK_F_WALL, CK_F_TOTAL, CK_F_STARTUP, CK_F_REGION, CK_F_SPAWN, CK_F_TEARDOWN, CK_F_FIRST_TILE,
    CK_F_READ, CK_F_DECODE, CK_F_PROCESS, CK_F_ENCODE, CK_F_WRITE, CK_F_WAIT,
    CK_F_USER, CK_F_SYS, CK_F_LOCK_WAIT, CK_F_QUEUE_WAIT, CK_F_LOCKS,
    CK_F_VOLUNTARY, CK_F_INVOLUNTARY, CK_F_MIGRATIONS, CK_F_MINOR, CK_F_MAJOR,
    CK_F_PEAK, CK_F_RSS, CK_F_PSS, CK_F_COPIED, CK_F_BY_REFERENCE, CK_F_OUTPUT, CK_F_IMBALANCE,
    CK_F_LOOP_MEAN, CK_F_LOOP_WORST, CK_F_JITTER, CK_F_JITTER_WORST,
    CK_FIGURE_ROWS
};

typedef struct ck_figure_row {
    const char *name; /* JSON key, CSV column */
    const char *text; /* for a person */
    const char *unit; /* "s", "bytes", "" */
} ck_figure_row;

extern const ck_figure_row ck_figure_rows[CK_FIGURE_ROWS];

/* All of one run; NAN where it is not known. total_s: the whole process, from fork to end. The jitters are left alone. */
void ck_figures_of(const chunkimg_result *r, double total_s, double to[CK_FIGURE_ROWS]);

#endif
