/*
 * Laws of scaling, fitted to the throughput of one mode with 1, 2, ... workers.
 *
 *   Amdahl (1967):                        X(N) = l N / (1 + s (N - 1))
 *   Universal Scalability (Gunther 1993): X(N) = l N / (1 + s (N - 1) + k N (N - 1))
 *
 * l: throughput of one worker; s (sigma): the serial share, what workers queue for; k (kappa): what they lose by
 * talking to each other, so that from sqrt((1 - s) / k) workers on more of them make it slower. N / X is linear in
 * all three, so least squares has one answer; each point is weighted by (X / N)^2, which makes it relative errors
 * that are small. A parameter that would be below 0 is 0, and the others are fitted without it.
 */
#ifndef CK_BENCH_FITS_H
#define CK_BENCH_FITS_H

#include <stdbool.h>
#include <stddef.h>

enum { CK_FIT_LEAST_POINTS = 4 }; /* different worker counts; below it three parameters explain anything */

typedef struct ck_fit {
    bool valid;      /* false: too few points */
    double lambda;   /* throughput of one worker, in the unit of the points */
    double sigma, kappa;
    double peak;     /* workers at the highest throughput; INFINITY: none, it only flattens */
    double error;    /* root mean square of relative errors, 0.01: one per cent */
    double r2;       /* share of the variance of throughput that is explained */
} ck_fit;

/* n points (workers[i] >= 1, throughput[i] > 0). Invalid with fewer than four different worker counts. */
ck_fit ck_fit_amdahl(const double *workers, const double *throughput, size_t n);
ck_fit ck_fit_usl(const double *workers, const double *throughput, size_t n);

/* Throughput that the law gives for that many workers. */
double ck_fit_at(const ck_fit *f, double workers);

/* The serial share that a speed-up S on N >= 2 workers implies (Karp and Flatt 1990): (1/S - 1/N) / (1 - 1/N). */
double ck_karp_flatt(double speedup, double workers);

#endif
