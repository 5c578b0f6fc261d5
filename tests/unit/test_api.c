/* The public interface: misuse is an error, failures leave nothing, and two jobs may run at once in two threads. */
#include <png.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include <chunkimg/chunkimg.h>

static char folder[] = "/tmp/chunkimg-api-XXXXXX";

static void paint(const char *path, unsigned w, unsigned h)
{
    png_image image = {.version = PNG_IMAGE_VERSION, .width = w, .height = h, .format = PNG_FORMAT_RGB};
    uint8_t *px = malloc((size_t)w * h * 3);

    for (size_t i = 0; i < (size_t)w * h * 3; i++)
        px[i] = (uint8_t)(i * 7 + i / w);
    assert_true(png_image_write_to_file(&image, path, 0, px, 0, NULL));
    free(px);
}

static int make_folder(void **state)
{
    (void)state;
    if (!mkdtemp(folder) || chdir(folder))
        return -1;
    paint("a.png", 300, 200);
    paint("b.png", 211, 333);
    return 0;
}

static int remove_folder(void **state)
{
    (void)state;
    unlink("a.png");
    unlink("b.png");
    return chdir("/") || rmdir(folder); /* fails where something was left behind */
}

static chunkimg_options options_for(const char *input)
{
    chunkimg_options o;

    chunkimg_options_init(&o);
    o.input = input;
    o.output = "none";
    return o;
}

static void test_misuse(void **state)
{
    chunkimg_options o = options_for("a.png");
    chunkimg_error err;
    chunkimg_job *job = (chunkimg_job *)&o;

    (void)state;
    o.struct_size = 3;
    assert_int_equal(chunkimg_open(&o, &job, &err), CHUNKIMG_USAGE);
    assert_null(job);
    o = options_for(NULL);
    assert_int_equal(chunkimg_open(&o, &job, NULL), CHUNKIMG_USAGE);
    o = options_for("a.png");
    o.workers = -3;
    assert_int_equal(chunkimg_open(&o, &job, &err), CHUNKIMG_USAGE);
    assert_non_null(strstr(err.text, "workers"));
    o = options_for("a.png");
    o.edge = 77;
    assert_int_equal(chunkimg_open(&o, &job, &err), CHUNKIMG_USAGE);
    o = options_for("missing.png");
    assert_int_equal(chunkimg_open(&o, &job, &err), CHUNKIMG_SYSTEM);
    assert_int_equal(err.os_errno, 2);
    chunkimg_close(&job);
    chunkimg_close(NULL);
}

static void test_a_job_runs_once(void **state)
{
    chunkimg_options o = options_for("a.png");
    chunkimg_error err;
    chunkimg_job *job;

    (void)state;
    o.tiles.a = 6;
    assert_int_equal(chunkimg_open(&o, &job, &err), CHUNKIMG_OK);
    assert_int_equal(chunkimg_job_plan(job)->tiles, 6);
    assert_int_equal(chunkimg_run(job, &err), CHUNKIMG_OK);
    assert_int_equal(chunkimg_job_result(job)->tiles_done, 6);
    assert_int_equal(chunkimg_run(job, &err), CHUNKIMG_USAGE);
    assert_string_equal(chunkimg_job_plan(job)->input, "a.png"); /* the plan outlives the run */
    chunkimg_close(&job);
    assert_null(job);
}

static int stop_at_once(void *user, const chunkimg_progress *p)
{
    (void)p;
    ++*(int *)user;
    return 1;
}

static void test_tick_stops(void **state)
{
    static const char *const modes[] = {"serial", "threads", "openmp"};
    int calls = 0;

    (void)state;
    for (size_t i = 0; i < 3; i++) {
        chunkimg_options o = options_for("a.png");
        chunkimg_error err;
        chunkimg_job *job;

        o.mode = modes[i];
        o.workers = 2;
        o.output = "stopped";
        o.tile_size.a = 5;
        setenv("CHUNKIMG_TEST_STALL", "2000", 1);
        assert_int_equal(chunkimg_open(&o, &job, &err), CHUNKIMG_OK);
        chunkimg_on_tick(job, stop_at_once, &calls);
        assert_int_equal(chunkimg_run(job, &err), CHUNKIMG_INTERRUPTED);
        chunkimg_close(&job);
        unsetenv("CHUNKIMG_TEST_STALL");
    }
    assert_true(calls >= 3);
}

typedef struct slow_tick {
    atomic_int inside;
    atomic_uint calls, twice;
} slow_tick;

/* Takes longer than it is until the next one is due. */
static int tick_slowly(void *user, const chunkimg_progress *p)
{
    slow_tick *t = user;

    (void)p;
    atomic_fetch_add(&t->calls, 1);
    if (atomic_fetch_add(&t->inside, 1))
        atomic_fetch_add(&t->twice, 1);
    usleep(120000);
    atomic_fetch_sub(&t->inside, 1);
    return 0;
}

static void test_one_thread_ticks_at_a_time(void **state)
{
    chunkimg_options o = options_for("a.png");
    slow_tick t = {0};
    chunkimg_error err;
    chunkimg_job *job;

    (void)state;
    o.mode = "threads";
    o.workers = 4;
    o.tiles.a = 24;
    o.ops = (chunkimg_list){1, {"burn=10000"}};
    assert_int_equal(chunkimg_open(&o, &job, &err), CHUNKIMG_OK);
    chunkimg_on_tick(job, tick_slowly, &t);
    assert_int_equal(chunkimg_run(job, &err), CHUNKIMG_OK);
    chunkimg_close(&job);
    assert_true(atomic_load(&t.calls) >= 2);
    assert_int_equal(atomic_load(&t.twice), 0);
}

static void *run_many(void *arg) /* NULL, or what went wrong */
{
    const char *input = arg;
    uint32_t digest = 0;

    for (int i = 0; i < 30; i++) {
        chunkimg_options o = options_for(input);
        chunkimg_error err;
        chunkimg_job *job;

        o.mode = i % 3 == 0 ? "serial" : i % 3 == 1 ? "threads" : "openmp";
        o.workers = 2;
        o.tile_size.a = 16 + i;
        o.ops.items[o.ops.count++] = "blur=1";
        if (chunkimg_open(&o, &job, &err) || chunkimg_run(job, &err))
            return "a job failed";
        if (i && chunkimg_job_result(job)->digest != digest)
            return "the digest changed";
        digest = chunkimg_job_result(job)->digest;
        chunkimg_close(&job);
    }
    return NULL;
}

static void test_two_jobs_at_once(void **state)
{
    pthread_t other;
    void *failed;

    (void)state;
    assert_int_equal(pthread_create(&other, NULL, run_many, "a.png"), 0);
    assert_null(run_many("b.png"));
    pthread_join(other, &failed);
    assert_null(failed);
}

static const char *chosen_for(const char *op)
{
    chunkimg_options o = options_for("a.png");
    static char mode[16];
    chunkimg_error err;
    chunkimg_job *job;

    o.ops = (chunkimg_list){1, {op}};
    assert_int_equal(chunkimg_open(&o, &job, &err), CHUNKIMG_OK);
    snprintf(mode, sizeof mode, "%s", chunkimg_job_plan(job)->mode);
    chunkimg_close(&job);
    return mode;
}

static void *choose_beside(void *mode)
{
    snprintf(mode, 16, "%s", chosen_for("exec=cat"));
    return NULL;
}

/* Nobody who left the mode to us is forked while there are threads of which we know nothing. */
static void test_auto_forks_no_threaded_program(void **state)
{
    pthread_t other;
    char mode[16];

    (void)state;
    assert_string_equal(chosen_for("exec=cat"), "processes");
    assert_int_equal(pthread_create(&other, NULL, choose_beside, mode), 0);
    pthread_join(other, NULL);
    assert_string_not_equal(mode, "processes");
}

static void test_tables(void **state)
{
    chunkimg_module m;
    char info[400];

    (void)state;
    for (int kind = CHUNKIMG_MODES; kind <= CHUNKIMG_SINKS; kind++) {
        size_t n = 0;
        for (; chunkimg_module_at((chunkimg_kind)kind, n, &m); n++) {
            assert_true(m.name && *m.name && m.summary && *m.summary);
            for (const chunkimg_option *o = m.options; o && o->name; o++)
                assert_true(o->help && o->value && o->fallback);
        }
        assert_true(n > 1);
    }
    assert_false(chunkimg_module_at((chunkimg_kind)99, 0, &m));
    for (const chunkimg_option *o = chunkimg_job_options(); o->name; o++)
        assert_true(o->help && *o->help && (o->type == CHUNKIMG_FLAG || o->value));
    assert_non_null(strstr(chunkimg_build_info(info, sizeof info), "libpng"));
    assert_string_equal(chunkimg_build_info(info, 7), "libpng");
    for (int s = 0; s < CHUNKIMG_STATUS_COUNT; s++)
        assert_true(*chunkimg_status_text((chunkimg_status)s));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_auto_forks_no_threaded_program), /* first: OpenMP keeps its threads */
        cmocka_unit_test(test_misuse),     cmocka_unit_test(test_a_job_runs_once),
        cmocka_unit_test(test_tick_stops),   cmocka_unit_test(test_one_thread_ticks_at_a_time),
        cmocka_unit_test(test_two_jobs_at_once),
        cmocka_unit_test(test_tables),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
