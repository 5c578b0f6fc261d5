/* Option rows, names and templates: what fits, what is refused and in which words. */
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "base/text.h"
#include "sink/template.h"

static void test_numbers(void **state)
{
    static const char *const bad_sizes[] = {"", "K", "-1", "1.5", "1.5.5M", "1Q", "99999999999T", "1 M", "nan"};
    static const char *const bad_reals[] = {"", ".", "-", "1e5", "nan", "inf", "1,5", "0x10", " 1", "1 "};
    uint64_t size;
    int64_t n;
    double x;

    (void)state;
    assert_true(ck_text_size("512", &size) && size == 512);
    assert_true(ck_text_size("1.5KiB", &size) && size == 1536);
    assert_true(ck_text_size("2G", &size) && size == 2000000000);
    assert_true(ck_text_size("1MiB", &size) && size == 1048576);
    for (size_t i = 0; i < sizeof bad_sizes / sizeof *bad_sizes; i++)
        assert_false(ck_text_size(bad_sizes[i], &size));
    assert_true(ck_text_real("2.5", &x) && x == 2.5);
    assert_true(ck_text_real("-.5", &x) && x == -0.5);
    for (size_t i = 0; i < sizeof bad_reals / sizeof *bad_reals; i++)
        assert_false(ck_text_real(bad_reals[i], &x));
    assert_true(ck_text_int("-12", &n) && n == -12);
    assert_false(ck_text_int("12x", &n));
    assert_false(ck_text_int("99999999999999999999", &n));
}

static void test_escape(void **state)
{
    char to[64], all[300], shown[1300];

    (void)state;
    assert_string_equal(ck_text_escape(to, sizeof to, "a b\xc3\xa9.png"), "a b\xc3\xa9.png");
    assert_string_equal(ck_text_escape(to, sizeof to, "a\nb\x1b"), "a\\x0ab\\x1b");
    assert_string_equal(ck_text_escape(to, sizeof to, "\xff\xc3"), "\\xff\\xc3");
    assert_string_equal(ck_text_escape(to, 10, "0123456789abc"), "...789abc");
    for (int i = 1; i < 256; i++)
        all[i - 1] = (char)i;
    all[255] = 0;
    ck_text_escape(shown, sizeof shown, all);
    for (const char *s = shown; *s; s++)
        assert_true((unsigned char)*s >= 0x20 && *s != 0x7f);
    for (size_t size = 1; size < 40; size++) {
        memset(to, 'x', sizeof to);
        ck_text_escape(to, size, "caf\xc3\xa9\n\xff-some-long-name");
        assert_true(strlen(to) < size);
    }
}

static void test_distance(void **state)
{
    (void)state;
    assert_int_equal(ck_text_distance("blur", "blur"), 0);
    assert_int_equal(ck_text_distance("blr", "blur"), 1);
    assert_int_equal(ck_text_distance("bulr", "blur"), 1);
    assert_int_equal(ck_text_distance("", "abc"), 3);
}

static void check_set(const char *name, const char *text, chunkimg_status status, const char *says)
{
    chunkimg_options o;
    chunkimg_error err;

    chunkimg_options_init(&o);
    assert_int_equal(chunkimg_option_set(chunkimg_job_options(), &o, name, text, &err), status);
    if (says && !strstr(err.text, says))
        fail_msg("'%s' does not say '%s'", err.text, says);
}

static void test_options(void **state)
{
    chunkimg_options o;
    chunkimg_error err;

    (void)state;
    chunkimg_options_init(&o);
    assert_int_equal(o.compression, 6);
    assert_string_equal(o.mode, "auto");
    assert_int_equal(chunkimg_option_set(chunkimg_job_options(), &o, "tiles", "8x4", &err), CK_OK);
    assert_int_equal(o.tiles.a, 8);
    assert_int_equal(o.tiles.b, 4);
    check_set("tiles", "0", CHUNKIMG_USAGE, "1 to");
    check_set("tiles", "-1", CHUNKIMG_USAGE, "out of range");
    check_set("tiles", "8x", CHUNKIMG_USAGE, "AxB");
    check_set("tiles", "1e18", CHUNKIMG_USAGE, NULL);
    check_set("tile-size", "99999999999999999999", CHUNKIMG_USAGE, NULL);
    check_set("workers", "1000000", CHUNKIMG_USAGE, "workers");
    check_set("quality", "101", CHUNKIMG_USAGE, "1 to 100");
    check_set("edge", "cut", CHUNKIMG_USAGE, "keep, pad, shift, drop");
    check_set("max-memory", "12Q", CHUNKIMG_USAGE, "bytes");
    check_set("tilez", "4", CHUNKIMG_USAGE, "'tiles'");
    check_set("elephants", "4", CHUNKIMG_USAGE, "no option");
}

static void test_templates(void **state)
{
    static const char *const hostile[] = {
        "", "/", "..", ".", "{", "}{", "{}", "{stem", "{stem}/{row}_{col}", "../{index}", "{index}/..", "{nope}{index}",
        "{index:}", "{index:x}", "{index:999}", "{index:-3}", "{stem:04}{index}", "{index:21}", "{%s}", "manifest.json",
        "{stem}", "{row}", "{col}.{ext}", "{x}_{row:}", "a/{index}", "{row }{col}", "{ROW}{COL}",
        "{index}xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
        "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
        "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"};
    char name[CK_NAME_MOST];
    ck_grid g;
    ck_error err;

    (void)state;
    ck_grid_of_shape(100, 100, 4, 4, &g, &err);
    ck_tile t = ck_grid_tile(&g, 6);
    assert_int_equal(ck_template_name("{stem}_{row:03}_{col:03}.{ext}", "a", "png", &t, name, &err), CK_OK);
    assert_string_equal(name, "a_001_002.png");
    assert_int_equal(ck_template_name("%s%n{index}-{x},{y},{w},{h}", "a", "png", &t, name, &err), CK_OK);
    assert_string_equal(name, "%s%n6-50,25,25,25");
    for (size_t i = 0; i < sizeof hostile / sizeof *hostile; i++)
        if (ck_template_check(hostile[i], "stem", "png", &g, &err) != CHUNKIMG_USAGE)
            fail_msg("'%s' was accepted", hostile[i]);
    assert_int_equal(ck_template_check("{index}", "stem", "png", &g, &err), CK_OK);
    assert_int_equal(ck_template_check("-{x}-{y}", "stem", "png", &g, &err), CK_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_numbers),  cmocka_unit_test(test_escape),    cmocka_unit_test(test_distance),
        cmocka_unit_test(test_options), cmocka_unit_test(test_templates),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
