/*
 * Statistics and fits against published examples and against what R documents, and what they promise: an interval
 * that holds the true median as often as it says, parameters of scaling laws that come back out of noisy points.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "bench/fits.h"
#include "bench/stats.h"

static void near(double got, double expected, double tolerance)
{
    if (!(fabs(got - expected) <= tolerance))
        fail_msg("%.9g is not %.9g within %g", got, expected, tolerance);
}

/* ---- published examples ------------------------------------------------------------------------------ */

/* R, help page of mad: mad(c(1:9)) is 2.9652 with its constant 1.4826; that of c(1:8, 100) is the same. */
static void test_mad_as_r_documents_it(void **state)
{
    const double plain[] = {1, 2, 3, 4, 5, 6, 7, 8, 9}, wild[] = {1, 2, 3, 4, 5, 6, 7, 8, 100};
    ck_random r = {1};

    (void)state;
    near(1.4826 * ck_summarise(plain, 9, &r).mad, 2.9652, 1e-9);
    near(ck_summarise(wild, 9, &r).mad, 2, 0);
    near(ck_summarise(wild, 9, &r).median.value, 5, 0);
}

/* R: summary(women$height) and summary(cars$dist): data sets of R itself. */
static void test_summary_as_r_documents_it(void **state)
{
    static const double dist[] = {2,  10, 4,  22, 16, 10, 18, 26, 34, 17, 28, 14, 20, 24, 28,  26, 34,
                                  34, 46, 26, 36, 60, 80, 20, 26, 54, 32, 40, 32, 40, 50,  42, 56, 76,
                                  84, 36, 46, 68, 32, 48, 52, 56, 64, 66, 54, 70, 92, 93, 120, 85};
    ck_random r = {1};
    ck_summary s = ck_summarise(dist, sizeof dist / sizeof *dist, &r);

    (void)state;
    assert_int_equal(s.n, 50);
    near(s.least, 2, 0); /* Min. 2, 1st Qu. 26, Median 36, Mean 42.98, 3rd Qu. 56, Max. 120; sd 25.76938 */
    near(s.lower, 26, 0);
    near(s.median.value, 36, 0);
    near(s.mean, 42.98, 1e-9);
    near(s.upper, 56, 0);
    near(s.most, 120, 0);
    near(s.sd, 25.76938, 1e-5);
    near(1.4826 * s.mad, 23.7216, 1e-4);
    assert_int_equal(s.outliers, 1); /* 120 scores 0.6745 (120 - 36) / 16 = 3.54 */
}

/* Efron and Tibshirani, An Introduction to the Bootstrap (1993), table 2.1: the treated mice. */
static void test_bootstrap_of_the_mice(void **state)
{
    static const double treated[] = {94, 197, 16, 38, 99, 141, 23};
    enum { DRAWS = 20000 };
    double *medians = malloc(DRAWS * sizeof *medians), mean = 0, squares = 0;
    ck_random r = {20};

    (void)state;
    assert_true(ck_bootstrap_medians(treated, 7, &r, medians, DRAWS));
    for (int i = 0; i < DRAWS; i++)
        mean += medians[i] / DRAWS;
    for (int i = 0; i < DRAWS; i++)
        squares += (medians[i] - mean) * (medians[i] - mean) / (DRAWS - 1);
    near(sqrt(squares), 37.83, 0.7); /* "standard error of the median, B = infinity" */
    free(medians);
}

/* The mass spectrometer readings of NIST's handbook (1.3.5.17.1): 245.57 is the outlier. */
static void test_outliers(void **state)
{
    static const double readings[] = {199.31, 199.53, 200.19, 200.82, 201.92, 201.95, 202.18, 245.57};
    static const double same[] = {5, 5, 5, 5, 5, 5, 9};
    ck_random r = {1};
    ck_summary s = ck_summarise(readings, 8, &r);

    (void)state;
    assert_int_equal(s.outliers, 1);
    near(s.most, 245.57, 0); /* counted, and kept */
    near(ck_modified_z(245.57, &s, 0), 0.6745 * (245.57 - 201.37) / s.mad, 1e-9);
    assert_int_equal(ck_summarise(same, 7, &r).outliers, 1); /* MAD 0 */
    assert_int_equal(ck_summarise(same, 6, &r).outliers, 0);
}

static void test_quantiles(void **state)
{
    static const double ten[] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10};

    (void)state;
    near(ck_quantile(ten, 10, 0.25), 3.25, 1e-12); /* R: quantile(1:10) */
    near(ck_quantile(ten, 10, 0.75), 7.75, 1e-12);
    near(ck_quantile(ten, 10, 0), 1, 0);
    near(ck_quantile(ten, 10, 1), 10, 0);
}

static void test_one_value(void **state)
{
    const double one[] = {0.7};
    ck_random r = {1};
    ck_verdict v;
    ck_summary s = ck_summarise(one, 1, &r);

    (void)state;
    near(s.median.low, 0.7, 0);
    near(s.median.high, 0.7, 0);
    near(s.sd, 0, 0);
    ck_compare_times(one, 1, (const double[]){0.1}, 1, 0.01, &r, &v);
    assert_int_equal(v, CK_NO_DIFFERENCE);
}

/* ---- what an interval promises -------------------------------------------------------------------------- */

static double normal(ck_random *r)
{
    return sqrt(-2 * log(ck_random_unit(r))) * cos(6.283185307179586 * ck_random_unit(r));
}

static double draw_normal(ck_random *r) { return normal(r); }
static double draw_skewed(ck_random *r) { return exp(normal(r)); }
static double draw_waiting(ck_random *r) { return -log(ck_random_unit(r)); }
static double draw_flat(ck_random *r) { return ck_random_unit(r); }

static double draw_heavy(ck_random *r) /* Student's t with three degrees of freedom */
{
    double a = normal(r), b = normal(r), c = normal(r);

    return normal(r) / sqrt((a * a + b * b + c * c) / 3);
}

static void test_interval_holds_the_median(void **state)
{
    static const struct {
        double (*draw)(ck_random *r);
        double median;
    } laws[] = {{draw_normal, 0}, {draw_skewed, 1}, {draw_waiting, 0.69314718}, {draw_flat, 0.5}, {draw_heavy, 0}};
    static const size_t sizes[] = {10, 11, 13, 16, 20, 30};
    const unsigned rounds = getenv("CHUNKIMG_FULL") ? 2000 : 300; /* x 6 sizes: 95 % stands still within 1.1 % of itself */
    ck_random r = {20260101};

    (void)state;
    for (size_t l = 0; l < sizeof laws / sizeof *laws; l++) {
        unsigned held = 0, all = 0;

        for (size_t s = 0; s < sizeof sizes / sizeof *sizes; s++)
            for (unsigned i = 0; i < rounds; i++, all++) {
                double x[30];

                for (size_t k = 0; k < sizes[s]; k++)
                    x[k] = laws[l].draw(&r);
                ck_interval m = ck_summarise(x, sizes[s], &r).median;
                held += m.low <= laws[l].median && m.high >= laws[l].median;
            }
        near((double)held / all, 0.95, 0.02);
    }
}

/* ---- two samples --------------------------------------------------------------------------------------------- */

static void test_verdicts(void **state)
{
    ck_random r = {7};
    ck_verdict v;
    double a[20], b[20], c[20];
    unsigned wrong = 0;

    (void)state;
    for (int i = 0; i < 20; i++) {
        a[i] = 1 + 0.02 * normal(&r);
        b[i] = 0.8 + 0.02 * normal(&r);
        c[i] = 0.999 * a[i];
    }
    ck_interval ratio = ck_compare_times(b, 20, a, 20, 0.01, &r, &v);
    assert_int_equal(v, CK_FASTER);
    assert_true(ratio.low < ratio.value && ratio.value < ratio.high && ratio.high < 0.85);
    ck_compare_times(a, 20, b, 20, 0.01, &r, &v);
    assert_int_equal(v, CK_SLOWER);
    ck_compare_times(c, 20, a, 20, 0.01, &r, &v); /* real, but below the threshold */
    assert_int_equal(v, CK_NO_DIFFERENCE);
    for (int t = 0; t < 200; t++) { /* samples of one law: a difference is seen about 5 times in 100 at most */
        for (int i = 0; i < 20; i++) {
            a[i] = 1 + 0.1 * normal(&r);
            b[i] = 1 + 0.1 * normal(&r);
        }
        ck_compare_times(a, 20, b, 20, 0, &r, &v);
        wrong += v != CK_NO_DIFFERENCE;
    }
    assert_in_range(wrong, 0, 18);
}

static void test_same_seed_same_numbers(void **state)
{
    ck_random a = {5}, b = {5};
    size_t x[50], y[50], seen = 0;
    const double values[] = {3, 1, 4, 1, 5, 9, 2, 6};

    (void)state;
    for (size_t i = 0; i < 50; i++)
        x[i] = y[i] = i;
    ck_random_shuffle(&a, x, 50);
    ck_random_shuffle(&b, y, 50);
    assert_memory_equal(x, y, sizeof x);
    for (size_t i = 0; i < 50; i++)
        seen += x[i];
    assert_int_equal(seen, 49 * 50 / 2);
    assert_true(ck_summarise(values, 8, &a).median.low == ck_summarise(values, 8, &b).median.low);
    near((double)ck_random_next(&(ck_random){0}), 16294208416658607535.0, 4096); /* SplitMix64 from seed 0 */
}

/* ---- laws of scaling -------------------------------------------------------------------------------------------- */

/*
 * The ray tracer on an SGI Origin 2000 (Gunther, "Guerrilla Capacity Planning", 2007; data set and fit of R's package
 * usl), workers 1..64 against rays a second. There the throughput of one worker is held at its measured 20, which gives
 * sigma 0.05002, kappa 4.709e-06; with that throughput fitted too it must be the same curve within 10 % at every point.
 */
static void test_usl_of_the_ray_tracer(void **state)
{
    static const double workers[] = {1, 4, 8, 12, 16, 20, 24, 28, 32, 48, 64};
    static const double rays[] = {20, 78, 130, 170, 190, 200, 210, 230, 260, 280, 310};
    const ck_fit published = {.lambda = 20, .sigma = 0.05, .kappa = 4.709e-6};
    ck_fit f = ck_fit_usl(workers, rays, 11);

    (void)state;
    assert_true(f.valid && f.kappa >= 0 && f.kappa < 1e-4 && f.r2 > 0.98 && f.error < 0.05);
    for (size_t i = 0; i < 11; i++)
        near(ck_fit_at(&f, workers[i]), ck_fit_at(&published, workers[i]), 0.1 * rays[i]);
}

static void test_parameters_come_back(void **state)
{
    static const struct {
        double sigma, kappa;
    } truths[] = {{0.05, 0.001}, {0.2, 0.0005}, {0.1, 0}, {0.02, 0.004}, {0, 0}};
    ck_random r = {99};

    (void)state;
    for (size_t t = 0; t < sizeof truths / sizeof *truths; t++) {
        double w[32], x[32];
        const ck_fit truth = {.lambda = 140, .sigma = truths[t].sigma, .kappa = truths[t].kappa};

        for (int i = 0; i < 32; i++) {
            w[i] = i + 1;
            x[i] = ck_fit_at(&truth, w[i]) * (1 + 0.002 * normal(&r));
        }
        ck_fit usl = ck_fit_usl(w, x, 32);
        near(usl.lambda, 140, 0.01 * 140);
        near(usl.sigma, truth.sigma, 0.05 * truth.sigma + 5e-4);
        near(usl.kappa, truth.kappa, 0.05 * truth.kappa + 1e-5);
        if (truth.kappa > 0)
            near(usl.peak, sqrt((1 - truth.sigma) / truth.kappa), 0.05 * usl.peak);
        if (truth.kappa == 0)
            near(ck_fit_amdahl(w, x, 32).sigma, truth.sigma, 0.05 * truth.sigma + 5e-4);
    }
}

static void test_too_few_points(void **state)
{
    const double w[] = {1, 2, 2, 2, 3}, x[] = {1, 2, 2, 2, 3}, better[] = {1, 2.2, 4.6, 9.5};

    (void)state;
    assert_false(ck_fit_usl(w, x, 5).valid);
    assert_false(ck_fit_amdahl(w, x, 5).valid);
    ck_fit f = ck_fit_usl((const double[]){1, 2, 4, 8}, better, 4); /* beyond linear: nothing serial, and never below 0 */
    assert_true(f.valid && f.sigma == 0 && f.kappa == 0 && isinf(f.peak));
}

static void test_karp_flatt(void **state)
{
    (void)state; /* their paper's table for Amdahl's law: a tenth serial shows as a tenth at every N */
    for (int n = 2; n <= 64; n *= 2)
        near(ck_karp_flatt(1 / (0.1 + 0.9 / n), n), 0.1, 1e-12);
    near(ck_karp_flatt(2, 2), 0, 1e-12);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_mad_as_r_documents_it),
        cmocka_unit_test(test_summary_as_r_documents_it),
        cmocka_unit_test(test_bootstrap_of_the_mice),
        cmocka_unit_test(test_outliers),
        cmocka_unit_test(test_quantiles),
        cmocka_unit_test(test_one_value),
        cmocka_unit_test(test_interval_holds_the_median),
        cmocka_unit_test(test_verdicts),
        cmocka_unit_test(test_same_seed_same_numbers),
        cmocka_unit_test(test_usl_of_the_ray_tracer),
        cmocka_unit_test(test_parameters_come_back),
        cmocka_unit_test(test_too_few_points),
        cmocka_unit_test(test_karp_flatt),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
