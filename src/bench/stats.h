/*
 * Statistics of run times: location and spread that a few slow runs cannot move, bootstrap intervals, and what may be
 * said of two samples. Pure: no clock, no files; every random number comes from the generator that is passed in.
 */
#ifndef CK_BENCH_STATS_H
#define CK_BENCH_STATS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* SplitMix64 (Steele, Lea, Flood 2014): the same seed gives the same numbers on every machine. */
typedef struct ck_random {
    uint64_t state;
} ck_random;

uint64_t ck_random_next(ck_random *r);
size_t ck_random_below(ck_random *r, size_t n); /* 0 .. n - 1, n >= 1 */
double ck_random_unit(ck_random *r);            /* inside (0, 1) */

/* Puts n indices into a random order (Fisher and Yates). */
void ck_random_shuffle(ck_random *r, size_t *items, size_t n);

enum {
    CK_BOOTSTRAP_DRAWS = 2000,
    CK_UNSTABLE_PERCENT = 10 /* an interval wider than this share of its median tells too little */
};

#define CK_OUTLIER_SCORE 3.5 /* Iglewicz and Hoaglin 1993 */

/* A value with the interval that holds its true one 95 times in 100. low == high: there was one run. */
typedef struct ck_interval {
    double value, low, high;
} ck_interval;

typedef struct ck_summary {
    size_t n;
    ck_interval median;
    double mad;             /* median absolute deviation, not scaled */
    double mean, sd;        /* sd: with n - 1; 0 for one run */
    double least, most;
    double lower, upper;    /* quartiles, R's type 7 */
    size_t outliers;        /* runs whose modified z-score is above 3.5; they are counted, and kept in all of the above */
    bool unstable;          /* the interval is too wide to conclude from */
} ck_summary;

/*
 * n >= 1 values, any order. The interval is the percentile bootstrap of the median with Hesterberg's correction for
 * few values (The American Statistician 69, 2015): percentiles of the normal distribution at sqrt(n / (n - 1)) t.
 * Without it the interval of 10 to 30 runs holds the true median 91 to 94 times in 100.
 */
ck_summary ck_summarise(const double *values, size_t n, ck_random *r);

/* |0.6745 (x - median) / MAD|; the scale is the mean deviation (times 1.2533) where MAD is 0, as the two propose. */
double ck_modified_z(double x, const ck_summary *s, double mean_deviation);

/* Medians of `draws` samples of n drawn from n values with replacement, in rising order, into to. False: no memory. */
bool ck_bootstrap_medians(const double *values, size_t n, ck_random *r, double *to, size_t draws);

/* R's quantile type 7 of n rising values; p in 0..1. */
double ck_quantile(const double *sorted, size_t n, double p);

typedef enum ck_verdict { CK_NO_DIFFERENCE, CK_FASTER, CK_SLOWER } ck_verdict;

/* "faster", "slower", "no difference that these runs can show" */
const char *ck_verdict_text(ck_verdict v);

/*
 * Median of `times` over median of `base`, with its bootstrap interval, and the verdict on `times`: faster where the
 * interval lies below 1 and the ratio is below 1 - threshold, slower likewise; else no difference. Each n >= 1; with
 * fewer than two runs on either side nothing can be shown.
 */
ck_interval ck_compare_times(const double *times, size_t n, const double *base, size_t base_n, double threshold,
                             ck_random *r, ck_verdict *verdict);

#endif
