#include "bench/fits.h"

#include <math.h>
#include <string.h>

enum { MOST = 3 };

/* Solves the n x n system by elimination with pivots; false where it has no single answer. */
static bool solve(double m[MOST][MOST + 1], size_t n, double *x)
{
    for (size_t c = 0; c < n; c++) {
        size_t best = c;

        for (size_t row = c + 1; row < n; row++)
            if (fabs(m[row][c]) > fabs(m[best][c]))
                best = row;
        if (fabs(m[best][c]) < 1e-12)
            return false;
        for (size_t i = 0; i <= n; i++) {
            double kept = m[c][i];

            m[c][i] = m[best][i];
            m[best][i] = kept;
        }
        for (size_t row = 0; row < n; row++) {
            double factor = row == c ? 0 : m[row][c] / m[c][c];

            for (size_t i = c; i <= n; i++)
                m[row][i] -= factor * m[c][i];
        }
    }
    for (size_t c = 0; c < n; c++)
        x[c] = m[c][n] / m[c][c];
    return true;
}

/* N / X = a + b (N - 1) + c N (N - 1), with the terms that `used` names (bit 0: a). Unused ones are 0. */
static bool least_squares(const double *workers, const double *throughput, size_t n, unsigned used, double abc[MOST])
{
    double m[MOST][MOST + 1] = {{0}}, x[MOST] = {0};
    size_t index[MOST], terms = 0;

    for (size_t t = 0; t < MOST; t++)
        if (used & 1u << t)
            index[terms++] = t;
    for (size_t i = 0; i < n; i++) {
        double w = workers[i], y = w / throughput[i], weight = 1 / (y * y);
        const double basis[MOST] = {1, w - 1, w * (w - 1)};

        for (size_t r = 0; r < terms; r++) {
            for (size_t c = 0; c < terms; c++)
                m[r][c] += weight * basis[index[r]] * basis[index[c]];
            m[r][terms] += weight * basis[index[r]] * y;
        }
    }
    /* equations in the unit of y, so that a pivot's size means something */
    for (size_t r = 0; r < terms; r++) {
        double scale = m[r][r];

        for (size_t c = 0; c <= terms && scale > 0; c++)
            m[r][c] /= scale;
    }
    memset(abc, 0, MOST * sizeof *abc);
    if (!solve(m, terms, x))
        return false;
    for (size_t t = 0; t < terms; t++)
        abc[index[t]] = x[t];
    return true;
}

static size_t different(const double *workers, size_t n)
{
    size_t count = 0;

    for (size_t i = 0; i < n; i++) {
        size_t j = 0;

        while (j < i && workers[j] != workers[i])
            j++;
        count += j == i;
    }
    return count;
}

double ck_fit_at(const ck_fit *f, double w)
{
    return f->lambda * w / (1 + f->sigma * (w - 1) + f->kappa * w * (w - 1));
}

static void judge(ck_fit *f, const double *workers, const double *throughput, size_t n)
{
    double mean = 0, around = 0, left = 0, relative = 0;

    for (size_t i = 0; i < n; i++)
        mean += throughput[i] / (double)n;
    for (size_t i = 0; i < n; i++) {
        double miss = ck_fit_at(f, workers[i]) - throughput[i];

        left += miss * miss;
        around += (throughput[i] - mean) * (throughput[i] - mean);
        relative += miss * miss / (throughput[i] * throughput[i]);
    }
    f->error = sqrt(relative / (double)n);
    f->r2 = around > 0 ? 1 - left / around : 0;
    f->peak = f->kappa > 0 && f->sigma < 1 ? sqrt((1 - f->sigma) / f->kappa) : INFINITY;
}

static ck_fit fit(const double *workers, const double *throughput, size_t n, unsigned terms)
{
    ck_fit f = {.valid = false, .peak = INFINITY};
    double abc[MOST];

    if (different(workers, n) < CK_FIT_LEAST_POINTS || !least_squares(workers, throughput, n, terms, abc))
        return f;
    if (abc[1] < 0)
        terms &= ~2u;
    if (abc[2] < 0)
        terms &= ~4u;
    if (!least_squares(workers, throughput, n, terms, abc) || abc[0] <= 0)
        return f;
    if (abc[1] < 0 || abc[2] < 0) /* leaving one out turned the other */
        least_squares(workers, throughput, n, 1, abc);
    f = (ck_fit){.valid = true, .lambda = 1 / abc[0], .sigma = abc[1] / abc[0], .kappa = abc[2] / abc[0]};
    judge(&f, workers, throughput, n);
    return f;
}

ck_fit ck_fit_amdahl(const double *workers, const double *throughput, size_t n)
{
    return fit(workers, throughput, n, 3);
}

ck_fit ck_fit_usl(const double *workers, const double *throughput, size_t n)
{
    return fit(workers, throughput, n, 7);
}

double ck_karp_flatt(double speedup, double workers)
{
    return (1 / speedup - 1 / workers) / (1 - 1 / workers);
}
