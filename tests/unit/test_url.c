/* Addresses: which texts are one, what is shown of them, and what files made of them are called. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/url.h"

static void which_texts_are_addresses(void **state)
{
    (void)state;
    assert_true(ck_url_is("http://a/b"));
    assert_true(ck_url_is("HTTPS://a"));
    assert_true(ck_url_is("file:///etc"));
    assert_true(ck_url_is("git+ssh://a"));
    assert_false(ck_url_is("./http://a"));
    assert_false(ck_url_is("http:/a"));
    assert_false(ck_url_is("://a"));
    assert_false(ck_url_is("1http://a"));
    assert_false(ck_url_is("photo.png"));
    assert_false(ck_url_is(""));
    assert_true(ck_url_is_http("http://a"));
    assert_true(ck_url_is_http("HttpS://a"));
    assert_false(ck_url_is_http("http://"));
    assert_false(ck_url_is_http("httpx://a"));
    assert_false(ck_url_is_http("file:///a"));
}

static void passwords_are_not_shown(void **state)
{
    static const char *const cases[][2] = {
        {"http://a/b.png", "http://a/b.png"},
        {"https://user:secret@a:80/b@c.png?d@e", "https://a:80/b@c.png?d@e"},
        {"http://u:p@q@a", "http://a"},
        {"http://a?x=u@h", "http://a?x=u@h"},
        {"http://a/\x1b[m", "http://a/\\x1b[m"},
    };
    char shown[256];

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_string_equal(ck_url_shown(shown, sizeof shown, cases[i][0]), cases[i][1]);
}

static void names_are_safe(void **state)
{
    static const char *const cases[][2] = {
        {"http://host/photo.png", "photo.png"},
        {"http://host/a/b/photo.png?size=a/b#c/d", "photo.png"},
        {"http://host/a%20b.png", "a b.png"},
        {"http://host/%2e%2e%2Fetc%2fpasswd", "_._etc_passwd"},
        {"http://host/..", "_."},
        {"http://host/.png", "_png"},
        {"http://host/a%00b%0a%7f\\c", "a_b___c"},
        {"http://host/%c3%a4.png", "\xc3\xa4.png"},
        {"http://host/%ff\xc3.png", "__.png"},
        {"http://host/100%.png", "100%.png"},
        {"http://host/%zz", "%zz"},
        {"http://user:secret@host:81/", "host:81"},
        {"http://host", "host"},
        {"http://?x", "download"},
    };
    char name[256], address[5000] = "http://host/";

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_string_equal(ck_url_file_name(name, sizeof name, cases[i][0]), cases[i][1]);
    memset(address + strlen(address), 'x', 4800);
    assert_int_equal(strlen(ck_url_file_name(name, sizeof name, address)), 199);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(which_texts_are_addresses),
        cmocka_unit_test(passwords_are_not_shown),
        cmocka_unit_test(names_are_safe),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
