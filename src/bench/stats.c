#include "bench/stats.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ---- random numbers ------------------------------------------------------------------------------- */

uint64_t ck_random_next(ck_random *r)
{
    uint64_t z = r->state += 0x9e3779b97f4a7c15u;

    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return z ^ z >> 31;
}

size_t ck_random_below(ck_random *r, size_t n)
{
    /* The upper half of a 32 x 32 product: n is far below 2^32, so the bias is below one in a million. */
    return (size_t)((ck_random_next(r) >> 32) * (uint64_t)n >> 32);
}

double ck_random_unit(ck_random *r)
{
    return ((double)(ck_random_next(r) >> 11) + 0.5) * 0x1p-53;
}

void ck_random_shuffle(ck_random *r, size_t *items, size_t n)
{
    for (size_t i = n; i > 1; i--) {
        size_t j = ck_random_below(r, i), kept = items[i - 1];

        items[i - 1] = items[j];
        items[j] = kept;
    }
}

/* ---- order ------------------------------------------------------------------------------------------ */

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

static double *sorted_copy(const double *values, size_t n)
{
    double *copy = malloc(n * sizeof *copy);

    if (copy) {
        memcpy(copy, values, n * sizeof *copy);
        qsort(copy, n, sizeof *copy, by_value);
    }
    return copy;
}

double ck_quantile(const double *sorted, size_t n, double p)
{
    double at = p * (double)(n - 1);
    size_t i = (size_t)at;

    return i + 1 < n ? sorted[i] + (at - (double)i) * (sorted[i + 1] - sorted[i]) : sorted[n - 1];
}

static double median_of_sorted(const double *sorted, size_t n)
{
    return n % 2 ? sorted[n / 2] : (sorted[n / 2 - 1] + sorted[n / 2]) / 2;
}

/* ---- bootstrap ---------------------------------------------------------------------------------------- */

/* Of the values that a count for each says are drawn, the one at `rank`. */
static double at_rank(const double *sorted, const uint32_t *counts, size_t rank)
{
    size_t seen = 0, i = 0;

    while ((seen += counts[i]) <= rank)
        i++;
    return sorted[i];
}

static double drawn_median(const double *sorted, size_t n, uint32_t *counts, ck_random *r)
{
    memset(counts, 0, n * sizeof *counts);
    for (size_t i = 0; i < n; i++)
        counts[ck_random_below(r, n)]++;
    double upper = at_rank(sorted, counts, n / 2);
    return n % 2 ? upper : (at_rank(sorted, counts, n / 2 - 1) + upper) / 2;
}

/* Medians of draws in the order they were drawn. */
static bool draw_medians(const double *values, size_t n, ck_random *r, double *to, size_t draws)
{
    double *sorted = sorted_copy(values, n);
    uint32_t *counts = malloc(n * sizeof *counts);
    bool ok = sorted && counts;

    for (size_t i = 0; i < draws && ok; i++)
        to[i] = drawn_median(sorted, n, counts, r);
    free(sorted);
    free(counts);
    return ok;
}

bool ck_bootstrap_medians(const double *values, size_t n, ck_random *r, double *to, size_t draws)
{
    if (!draw_medians(values, n, r, to, draws))
        return false;
    qsort(to, draws, sizeof *to, by_value);
    return true;
}

/* Student's t at 0.975: exact for few degrees of freedom, then the expansion of Fisher and Cornish (error < 1e-4). */
static double student_975(size_t freedom)
{
    static const double few[] = {INFINITY, 12.7062, 4.3027, 3.1824, 2.7764, 2.5706, 2.4469, 2.3646, 2.3060, 2.2622};
    const double z = 1.959964, z3 = z * z * z, z5 = z3 * z * z, z7 = z5 * z * z;
    double v = (double)freedom;

    if (freedom < sizeof few / sizeof *few)
        return few[freedom];
    return z + (z3 + z) / (4 * v) + (5 * z5 + 16 * z3 + 3 * z) / (96 * v * v) +
           (3 * z7 + 19 * z5 + 17 * z3 - 15 * z) / (384 * v * v * v);
}

/* The lower percentile of an interval over n values, as a share of 1. */
static double lower_share(size_t n)
{
    double wide = n > 1 ? sqrt((double)n / (double)(n - 1)) * student_975(n - 1) : INFINITY;

    return 0.5 * erfc(wide / sqrt(2));
}

static void set_ends(ck_interval *i, const double *sorted, size_t draws, size_t n)
{
    double share = lower_share(n);

    i->low = ck_quantile(sorted, draws, share);
    i->high = ck_quantile(sorted, draws, 1 - share);
}

/* ---- one sample ------------------------------------------------------------------------------------------ */

double ck_modified_z(double x, const ck_summary *s, double mean_deviation)
{
    double distance = fabs(x - s->median.value);

    if (s->mad > 0)
        return 0.6745 * distance / s->mad;
    return mean_deviation > 0 ? distance / (1.253314 * mean_deviation) : 0;
}

static void spread(ck_summary *s, const double *values)
{
    double *deviations = malloc(s->n * sizeof *deviations);
    double sum = 0, squares = 0;

    if (!deviations)
        return;
    for (size_t i = 0; i < s->n; i++) {
        deviations[i] = fabs(values[i] - s->median.value);
        sum += deviations[i];
        squares += (values[i] - s->mean) * (values[i] - s->mean);
    }
    qsort(deviations, s->n, sizeof *deviations, by_value);
    s->mad = median_of_sorted(deviations, s->n);
    s->sd = s->n > 1 ? sqrt(squares / (double)(s->n - 1)) : 0;
    for (size_t i = 0; i < s->n; i++)
        s->outliers += ck_modified_z(values[i], s, sum / (double)s->n) > CK_OUTLIER_SCORE;
    free(deviations);
}

ck_summary ck_summarise(const double *values, size_t n, ck_random *r)
{
    ck_summary s = {.n = n};
    double *sorted = sorted_copy(values, n), medians[CK_BOOTSTRAP_DRAWS];

    if (!sorted)
        return s;
    s.median.value = median_of_sorted(sorted, n);
    s.least = sorted[0];
    s.most = sorted[n - 1];
    s.lower = ck_quantile(sorted, n, 0.25);
    s.upper = ck_quantile(sorted, n, 0.75);
    for (size_t i = 0; i < n; i++)
        s.mean += values[i] / (double)n;
    spread(&s, values);
    s.median.low = s.median.high = s.median.value;
    if (ck_bootstrap_medians(values, n, r, medians, CK_BOOTSTRAP_DRAWS))
        set_ends(&s.median, medians, CK_BOOTSTRAP_DRAWS, n);
    s.unstable = (s.median.high - s.median.low) * 100 > CK_UNSTABLE_PERCENT * s.median.value;
    free(sorted);
    return s;
}

/* ---- two samples -------------------------------------------------------------------------------------------- */

const char *ck_verdict_text(ck_verdict v)
{
    static const char *const texts[] = {"no difference that these runs can show", "faster", "slower"};

    return texts[v];
}

static double median_of(const double *values, size_t n)
{
    double *sorted = sorted_copy(values, n), median = sorted ? median_of_sorted(sorted, n) : NAN;

    free(sorted);
    return median;
}

ck_interval ck_compare_times(const double *times, size_t n, const double *base, size_t base_n, double threshold,
                             ck_random *r, ck_verdict *verdict)
{
    double ratios[CK_BOOTSTRAP_DRAWS], bases[CK_BOOTSTRAP_DRAWS];
    ck_interval i = {.value = median_of(times, n) / median_of(base, base_n)};
    size_t fewest = n < base_n ? n : base_n;

    *verdict = CK_NO_DIFFERENCE;
    i.low = i.high = i.value;
    if (!draw_medians(times, n, r, ratios, CK_BOOTSTRAP_DRAWS) || !draw_medians(base, base_n, r, bases, CK_BOOTSTRAP_DRAWS))
        return i;
    for (size_t d = 0; d < CK_BOOTSTRAP_DRAWS; d++)
        ratios[d] /= bases[d];
    qsort(ratios, CK_BOOTSTRAP_DRAWS, sizeof *ratios, by_value);
    set_ends(&i, ratios, CK_BOOTSTRAP_DRAWS, fewest);
    if (fewest >= 2 && i.high < 1 && i.value < 1 - threshold)
        *verdict = CK_FASTER;
    else if (fewest >= 2 && i.low > 1 && i.value > 1 + threshold)
        *verdict = CK_SLOWER;
    return i;
}
