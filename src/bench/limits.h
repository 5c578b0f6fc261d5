/* Inside of bench: how a figure is taken, and the measurements themselves. */
#ifndef CK_BENCH_LIMITS_H
#define CK_BENCH_LIMITS_H

#include "bench/bench.h"

/* ---- limits_time.c: one figure -------------------------------------------------------- */

double ck_limits_now(void); /* seconds, monotonic */

/* Does the work once and returns the seconds that count; negative with errno on failure (EBADMSG: bad input). */
typedef double (*ck_work)(void *user);

/*
 * Does the work until there are enough runs and adds the figure `f` with value = amount / seconds. *seconds (may be
 * NULL) gets the median. Runs: at least 5, fewer where one takes more than a second, more where they are very short.
 */
chunkimg_status ck_limits_rate(ck_limits *l, ck_figure f, double amount, ck_work work, void *user, double *seconds,
                               chunkimg_error *err);

/* The same with value = seconds * scale. */
chunkimg_status ck_limits_time(ck_limits *l, ck_figure f, double scale, ck_work work, void *user, chunkimg_error *err);

/* The runs of anything, for what is no figure yet: whether another is needed, and the median. */
enum { CK_TIMING_MOST = 101 };

typedef struct ck_timing {
    double s[CK_TIMING_MOST];
    unsigned runs;
    double total_s;
} ck_timing;

bool ck_timing_wants_more(const ck_timing *t);
void ck_timing_add(ck_timing *t, double seconds);
double ck_timing_median(const ck_timing *t);

/* work(user, index, threads) in that many threads at once, the caller being one. Seconds of all; negative: errno. */
double ck_limits_team(unsigned threads, void (*work)(void *user, unsigned index, unsigned threads), void *user);

/* Keeps the compiler from dropping what was written to p. */
static inline void ck_limits_keep(const void *p)
{
    __asm__ volatile("" : : "r"(p) : "memory");
}

/* ---- limits.c ---------------------------------------------------------------------------- */

/* Fills err and returns status. os_errno 0: none. */
chunkimg_status ck_limits_failed(chunkimg_error *err, chunkimg_status status, int os_errno, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/* Removes a folder and all that is in it. */
void ck_limits_remove(const char *folder);

/* ---- limits_print.c ------------------------------------------------------------------------- */

void ck_limits_head(const ck_limits *l);
void ck_limits_add(ck_limits *l, const ck_figure *f);    /* keeps and prints it */
void ck_limits_add_share(ck_limits *l, const ck_share *s); /* the same; one with a limit of 0 is passed over */

void ck_limits_tail(const ck_limits *l);                   /* what must be known of the shares */

/* ---- the measurements ------------------------------------------------------------------------ */

typedef chunkimg_status (*ck_limits_step)(ck_limits *l, chunkimg_error *err);

chunkimg_status ck_limits_of_runs(ck_limits *l, chunkimg_error *err);
chunkimg_status ck_limits_of_processes(ck_limits *l, chunkimg_error *err);
chunkimg_status ck_limits_of_memory(ck_limits *l, chunkimg_error *err);
chunkimg_status ck_limits_of_files(ck_limits *l, chunkimg_error *err);
chunkimg_status ck_limits_of_png(ck_limits *l, chunkimg_error *err);
chunkimg_status ck_limits_of_jpeg(ck_limits *l, chunkimg_error *err);
void ck_limits_shares(ck_limits *l); /* limits_runs.c; after all others */

#endif
