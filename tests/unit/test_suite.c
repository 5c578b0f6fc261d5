/*
 * The comparison over a synthetic executor: run times that follow a law with a known serial share and a known
 * contention, with noise. What comes out must be what went in. And what must never be a row.
 */
#include <jansson.h>
#include <math.h>
#include <png.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "bench/suite.h"

static char folder[] = "/tmp/chunkimg-suite-XXXXXX";

/* What the synthetic executor is told, and what it saw. */
static struct {
    double one_s, sigma, kappa, noise;
    const char *wrong_pixels, *fails; /* names of modes */
    unsigned stop_after;              /* runs; 0: never */
    ck_random random;
    unsigned calls;
    double clock_s;
    char last_modes[4096];
} law;

static double normal(ck_random *r)
{
    return sqrt(-2 * log(ck_random_unit(r))) * cos(6.283185307179586 * ck_random_unit(r));
}

static chunkimg_status synthetic(const chunkimg_options *o, chunkimg_result *r, chunkimg_error *err)
{
    bool serial = !strcmp(o->mode, "serial");
    double n = serial ? 1 : (double)o->workers;
    double s = law.one_s * (1 + law.sigma * (n - 1) + law.kappa * n * (n - 1)) / n;

    law.calls++;
    snprintf(law.last_modes + strlen(law.last_modes), sizeof law.last_modes - strlen(law.last_modes), "%.1s%lld ", o->mode,
             (long long)o->workers);
    if (law.fails && !strcmp(law.fails, o->mode)) {
        *err = (chunkimg_error){.status = CHUNKIMG_SYSTEM, .text = "it broke"};
        return err->status;
    }
    memset(r, 0, sizeof *r);
    r->wall_s = s * (1 + law.noise * normal(&law.random));
    r->user_s = s * n;
    r->region_s = r->wall_s;
    r->stage_s[CHUNKIMG_STAGE_ENCODE] = s * n;
    r->workers = (unsigned)n;
    r->peak_memory_bytes = 1000000 * (uint64_t)n;
    r->digest = law.wrong_pixels && !strcmp(law.wrong_pixels, o->mode) ? 1 : 0xabcd;
    r->rss_bytes = r->pss_bytes = CHUNKIMG_UNKNOWN;
    r->loop_mean_s = r->loop_worst_s = -1;
    law.clock_s += r->wall_s;
    return CHUNKIMG_OK;
}

static double synthetic_now(void)
{
    return law.clock_s;
}

static int synthetic_stopped(void)
{
    return law.stop_after && law.calls >= law.stop_after;
}

static chunkimg_options job;

static ck_suite_config config_of(const char *modes, const char *workers)
{
    chunkimg_options_init(&job);
    job.input = "a.png";
    job.tile_size = (chunkimg_pair){4, 0}; /* as many tiles as workers */
    return (ck_suite_config){.job = &job, .modes = modes, .workers = workers, .runs = 10, .min_time_s = 1e-9, .warmup = 1, .seed = 42,
                             .threshold = 0.01, .apart = synthetic, .now = synthetic_now, .stopped = synthetic_stopped};
}

static void set_law(double sigma, double kappa, double noise)
{
    memset(&law, 0, sizeof law);
    law.one_s = 0.7;
    law.sigma = sigma;
    law.kappa = kappa;
    law.noise = noise;
    law.random.state = 7;
}

static ck_suite *measured(const ck_suite_config *config, chunkimg_status expected)
{
    chunkimg_error err;
    ck_suite *s;

    if (ck_suite_plan(config, &s, &err))
        fail_msg("%s", err.text);
    assert_int_equal(ck_suite_measure(s, &err), expected);
    ck_suite_judge(s);
    return s;
}

static void near(double got, double expected, double tolerance)
{
    if (!(fabs(got - expected) <= tolerance))
        fail_msg("%.9g is not %.9g within %g", got, expected, tolerance);
}

/* ---- what goes in comes out ------------------------------------------------------------------------------- */

static void test_parameters_come_back(void **state)
{
    ck_suite_config config = config_of("threads", "1,2,3,4,6,8,12,16,24,32");
    const struct {
        double sigma, kappa;
    } truths[] = {{0.08, 0.002}, {0.25, 0}};

    (void)state;
    for (size_t t = 0; t < 2; t++) {
        set_law(truths[t].sigma, truths[t].kappa, 0.01);
        config.runs = 30;
        ck_suite *s = measured(&config, CHUNKIMG_OK);
        const ck_curve *k = NULL;

        for (size_t i = 0; i < s->curve_count; i++)
            if (!strcmp(s->curves[i].mode, "threads"))
                k = &s->curves[i];
        assert_non_null(k);
        assert_true(k->usl.valid && k->count == 10);
        near(k->usl.sigma, truths[t].sigma, 0.05 * truths[t].sigma);
        near(k->usl.kappa, truths[t].kappa, 0.05 * truths[t].kappa + 5e-5);
        if (!t)
            near(k->usl.peak, sqrt((1 - 0.08) / 0.002), 0.05 * k->usl.peak);
        else
            near(k->amdahl.sigma, 0.25, 0.05 * 0.25);
        const ck_case *eight = ck_suite_find(s, 0, "threads", 8, NULL);
        double truth = 8 / (1 + truths[t].sigma * 7 + truths[t].kappa * 56);
        assert_true(eight->speedup.low <= truth * 1.01 && eight->speedup.high >= truth * 0.99);
        near(eight->karp_flatt, (1 / eight->speedup.value - 0.125) / 0.875, 1e-12);
        assert_int_equal(eight->verdict, CK_FASTER);
        ck_suite_free(&s);
    }
}

static void test_conclusion(void **state)
{
    ck_suite_config config = config_of("threads", "1,2,4");

    (void)state;
    set_law(0.02, 0, 0.005);
    ck_suite *s = measured(&config, CHUNKIMG_OK);
    assert_string_equal(s->cases[s->best].label, "threads x 4");
    assert_in_range(s->conclusion_count, 2, 3);
    assert_non_null(strstr(s->conclusion[0], "Use threads with 4 workers"));
    assert_non_null(strstr(s->command, "--mode threads --workers 4"));
    assert_non_null(strstr(s->command, "--tile-size 4"));
    ck_suite_free(&s);

    set_law(1, 0.5, 0.005); /* every further worker only costs */
    s = measured(&config, CHUNKIMG_OK);
    assert_int_equal(s->cases[s->best].workers, 1);
    assert_int_equal(ck_suite_find(s, 0, "threads", 4, NULL)->verdict, CK_SLOWER);
    ck_suite_free(&s);
}

/* ---- how it is measured ------------------------------------------------------------------------------------ */

static void test_runs_and_order(void **state)
{
    ck_suite_config config = config_of("threads", "1,2");
    char first[sizeof law.last_modes];

    (void)state;
    set_law(0.1, 0, 0.01);
    config.min_time_s = 10;
    ck_suite *s = measured(&config, CHUNKIMG_OK);
    for (size_t i = 0; i < s->case_count; i++) {
        assert_true(s->cases[i].run_count >= 10 && s->cases[i].spent_s >= 10);
        assert_true(s->cases[i].spent_s - 1 < 10); /* and no more than that takes */
    }
    strcpy(first, law.last_modes);
    ck_suite_free(&s);
    assert_true(strncmp(first, "s1 ", 3) == 0);
    set_law(0.1, 0, 0.01); /* the same seed: the same order */
    s = measured(&config, CHUNKIMG_OK);
    assert_string_equal(first, law.last_modes);
    ck_suite_free(&s);
    config.seed = 43;
    set_law(0.1, 0, 0.01);
    s = measured(&config, CHUNKIMG_OK);
    assert_string_not_equal(first, law.last_modes);
    ck_suite_free(&s);

    config.budget_s = 5;
    config.min_time_s = 1000;
    set_law(0.1, 0, 0.01);
    s = measured(&config, CHUNKIMG_OK);
    assert_true(s->elapsed_s < 8 && s->cases[0].run_count >= 1);
    ck_suite_free(&s);
}

static void test_what_is_no_row(void **state)
{
    ck_suite_config config = config_of("threads,openmp", "2");

    (void)state;
    set_law(0.1, 0, 0.01);
    law.wrong_pixels = "openmp";
    ck_suite *s = measured(&config, CHUNKIMG_SYSTEM);
    assert_null(ck_suite_find(s, 0, "openmp", 0, NULL));
    assert_non_null(ck_suite_find(s, 0, "threads", 2, NULL));
    for (size_t i = 0; i < s->case_count; i++)
        if (!strcmp(s->cases[i].mode, "openmp"))
            assert_non_null(strstr(s->cases[i].why, "other pixels than serial"));
    ck_suite_free(&s);
    set_law(0.1, 0, 0.01);
    law.fails = "threads";
    s = measured(&config, CHUNKIMG_SYSTEM);
    assert_null(ck_suite_find(s, 0, "threads", 0, NULL));
    assert_non_null(ck_suite_find(s, 0, "openmp", 2, NULL));
    ck_suite_free(&s);
}

static void test_interrupted(void **state)
{
    ck_suite_config config = config_of("threads", "1,2");

    (void)state;
    set_law(0.1, 0, 0.01);
    law.stop_after = 10;
    ck_suite *s = measured(&config, CHUNKIMG_INTERRUPTED);
    assert_false(s->complete);
    assert_true(ck_suite_find(s, 0, "serial", 1, NULL)->run_count >= 1); /* what is finished stays */
    ck_suite_free(&s);
    set_law(0.1, 0, 0.01);
    law.stop_after = 1;
    s = measured(&config, CHUNKIMG_INTERRUPTED);
    assert_int_equal(s->best, s->case_count);
    assert_int_equal(s->conclusion_count, 0);
    ck_suite_free(&s);
}

/* ---- its documents ------------------------------------------------------------------------------------------ */

static void write_document(const char *path, ck_suite *s)
{
    FILE *f = fopen(path, "w");

    assert_non_null(f);
    assert_true(ck_suite_json(f, s));
    fclose(f);
}

static void test_before_and_after(void **state)
{
    ck_suite_config config = config_of("threads", "1,2");
    chunkimg_error err;
    char *text = NULL;
    size_t size;

    (void)state;
    set_law(0.1, 0, 0.005);
    ck_suite *s = measured(&config, CHUNKIMG_OK);
    write_document("before.json", s);
    ck_suite_free(&s);
    set_law(0.1, 0, 0.005);
    law.one_s = 0.35;
    s = measured(&config, CHUNKIMG_OK);
    write_document("after.json", s);
    ck_suite_free(&s);
    FILE *to = open_memstream(&text, &size);
    assert_int_equal(ck_suite_compare(to, NULL, "before.json", "after.json", 0.01, 1, &err), CHUNKIMG_OK);
    assert_int_equal(ck_suite_compare(to, NULL, "before.json", "before.json", 0.01, 1, &err), CHUNKIMG_OK);
    assert_int_equal(ck_suite_compare(to, NULL, "missing.json", "after.json", 0.01, 1, &err), CHUNKIMG_SYSTEM);
    assert_int_equal(ck_suite_compare(to, NULL, "a.png", "after.json", 0.01, 1, &err), CHUNKIMG_USAGE);
    fclose(to);
    assert_non_null(strstr(text, "3 faster, 0 slower, 0 with no difference"));
    assert_non_null(strstr(text, "0 faster, 0 slower, 3 with no difference"));
    free(text);
    unlink("before.json");
    unlink("after.json");
}

static void test_texts(void **state)
{
    ck_suite_config config = config_of("threads", "1,2,3,4");
    char *text = NULL;
    size_t size;

    (void)state;
    set_law(0.1, 0.01, 0.01);
    ck_suite *s = measured(&config, CHUNKIMG_OK);
    FILE *to = open_memstream(&text, &size);
    ck_suite_head(to, s);
    ck_suite_text(to, s, false);
    assert_true(ck_suite_markdown(to, s));
    fflush(to);
    assert_non_null(strstr(text, "seed 42"));
    assert_non_null(strstr(text, "laws of scaling"));
    assert_non_null(strstr(text, "| **threads x 4** |"));
    assert_null(strstr(text, "nan"));
    size_t before = size;
    assert_true(ck_suite_csv(to, s));
    fclose(to);
    size_t lines = 0;
    for (const char *p = text + before; *p; p++)
        lines += *p == '\n';
    assert_int_equal(lines, 1 + 5 * 10); /* a heading, and every run of five cases */
    free(text);
    char *json = ck_suite_json_text(s);
    json_t *d = json_loads(json, 0, NULL);
    assert_string_equal(json_string_value(json_object_get(d, "schema")), "chunkimg-bench/1");
    assert_int_equal(json_array_size(json_object_get(d, "cases")), 5);
    json_decref(d);
    free(json);
    ck_suite_free(&s);
}

static void test_bad_input(void **state)
{
    static const char *const bad_workers[] = {"", "0", "1,", "1,,2", "-1", "2x", "99999"}, *const bad_sizes[] = {"", "0", "x", "64x", "64,", "64x0", "a"};
    ck_suite_config config = config_of("threads", "1");
    chunkimg_error err;
    ck_suite *s;

    (void)state;
    set_law(0, 0, 0);
    for (size_t i = 0; i < sizeof bad_workers / sizeof *bad_workers; i++) {
        config.workers = bad_workers[i];
        if (strcmp(bad_workers[i], "2x") != 0) /* what presets say for twice the CPUs */
            assert_int_equal(ck_suite_plan(&config, &s, &err), CHUNKIMG_USAGE);
    }
    config = config_of("threads", "1");
    for (size_t i = 0; i < sizeof bad_sizes / sizeof *bad_sizes; i++) {
        config.tile_sizes = bad_sizes[i];
        assert_int_equal(ck_suite_plan(&config, &s, &err), CHUNKIMG_USAGE);
        assert_null(s);
    }
    config = config_of("thread", NULL);
    assert_int_equal(ck_suite_plan(&config, &s, &err), CHUNKIMG_USAGE);
    config = config_of("threads", NULL);
    config.runs = 0;
    assert_int_equal(ck_suite_plan(&config, &s, &err), CHUNKIMG_USAGE);
    config.runs = 1;
    job.input = "missing.png";
    assert_int_equal(ck_suite_plan(&config, &s, &err), CHUNKIMG_SYSTEM);
}

/* ---- presets ----------------------------------------------------------------------------------------------------- */

static void test_every_preset(void **state)
{
    (void)state;
    for (size_t i = 0; ck_preset_at(i); i++) {
        ck_suite_config config = config_of(NULL, NULL);
        chunkimg_error err;
        ck_suite *s;

        if (ck_preset_at(i)->ticks)
            continue; /* starts a process of its own: in cli.bench */
        set_law(0.1, 0.01, 0.01);
        config.preset = ck_preset_at(i);
        job.tile_size = (chunkimg_pair){0, 0};
        config.runs = 3;
        if (ck_suite_plan(&config, &s, &err))
            fail_msg("%s: %s", ck_preset_at(i)->name, err.text);
        assert_int_equal(ck_suite_measure(s, &err), CHUNKIMG_OK);
        ck_suite_judge(s);
        assert_true(s->case_count >= 1 && s->conclusion_count >= 1);
        for (size_t k = 0; k < s->conclusion_count; k++) {
            size_t n = strlen(s->conclusion[k]);

            assert_true(n > 20 && s->conclusion[k][n - 1] == '.');
            assert_null(strstr(s->conclusion[k], "nan"));
        }
        ck_suite_free(&s);
    }
    assert_null(ck_preset_find("gill"));
}

/* ---- around -------------------------------------------------------------------------------------------------------- */

static int make_folder(void **state)
{
    png_image image = {.version = PNG_IMAGE_VERSION, .width = 64, .height = 48, .format = PNG_FORMAT_RGB};
    static uint8_t px[64 * 48 * 3];

    (void)state;
    if (!mkdtemp(folder) || chdir(folder))
        return -1;
    for (size_t i = 0; i < sizeof px; i++)
        px[i] = (uint8_t)(i * 7);
    return !png_image_write_to_file(&image, "a.png", 0, px, 0, NULL);
}

static int remove_folder(void **state)
{
    (void)state;
    unlink("a.png");
    return chdir("/") || rmdir(folder); /* fails where something was left behind */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_parameters_come_back), cmocka_unit_test(test_conclusion),     cmocka_unit_test(test_runs_and_order),
        cmocka_unit_test(test_what_is_no_row),       cmocka_unit_test(test_interrupted),    cmocka_unit_test(test_before_and_after),
        cmocka_unit_test(test_texts),                cmocka_unit_test(test_bad_input),      cmocka_unit_test(test_every_preset),
    };

    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
