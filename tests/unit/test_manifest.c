/*
 * chunkimg_verify: every kind of flaw is named, no damage to a manifest crashes
 * it or makes a damaged folder pass, and no name in one leads out of the folder.
 */
#include <fcntl.h>
#include <jansson.h>
#include <png.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include <chunkimg/chunkimg.h>

static char folder[] = "/tmp/chunkimg-manifest-XXXXXX";

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
    paint("a.png", 30, 20);
    return 0;
}

static int remove_folder(void **state)
{
    (void)state;
    unlink("a.png");
    return chdir("/") || rmdir(folder); /* fails where something was left behind */
}

static void make_tiles(void)
{
    chunkimg_options o;
    chunkimg_error err;
    chunkimg_job *job;

    chunkimg_options_init(&o);
    o.input = "a.png";
    o.output = "made";
    o.force = true;
    o.tiles = (chunkimg_pair){3, 2};
    assert_int_equal(chunkimg_open(&o, &job, &err), CHUNKIMG_OK);
    assert_int_equal(chunkimg_run(job, &err), CHUNKIMG_OK);
    chunkimg_close(&job);
}

static char flaws[1000];

static void note_flaw(void *user, const char *file, const char *what)
{
    size_t used = strlen(flaws);

    assert_ptr_equal(user, flaws);
    snprintf(flaws + used, sizeof flaws - used, "%s %s;", file, what);
}

static chunkimg_status verify(const char *path, chunkimg_verdict *v)
{
    chunkimg_error err;

    flaws[0] = 0;
    chunkimg_status status = chunkimg_verify(path, note_flaw, flaws, v, &err);
    assert_int_equal(err.status, status);
    assert_true(!status || err.text[0]);
    return status;
}

static void write_file(const char *path, const void *bytes, size_t n)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);

    assert_int_equal(write(fd, bytes, n), n);
    close(fd);
}

static void flip(const char *path, off_t at)
{
    int fd = open(path, O_RDWR | O_CLOEXEC);
    uint8_t byte;

    assert_int_equal(pread(fd, &byte, 1, at), 1);
    byte ^= 0x10;
    assert_int_equal(pwrite(fd, &byte, 1, at), 1);
    close(fd);
}

static void test_every_flaw_is_named(void **state)
{
    chunkimg_verdict v;

    (void)state;
    make_tiles();
    assert_int_equal(verify("made", &v), CHUNKIMG_OK);
    assert_int_equal(v.whole, 6);
    assert_int_equal(v.promised, 6);
    assert_string_equal(flaws, "");
    assert_int_equal(verify("made/manifest.json", &v), CHUNKIMG_OK);
    assert_int_equal(verify("made/", &v), CHUNKIMG_OK);

    flip("made/a_000_000.png", 40);
    assert_int_equal(truncate("made/a_000_001.png", 50), 0);
    assert_int_equal(unlink("made/a_000_002.png"), 0);
    assert_int_equal(unlink("made/a_001_000.png"), 0);
    assert_int_equal(mkfifo("made/a_001_000.png", 0666), 0);
    assert_int_equal(rename("made/a_001_001.png", "elsewhere.png"), 0); /* whole, but through a link */
    assert_int_equal(symlink("../elsewhere.png", "made/a_001_001.png"), 0);
    assert_int_equal(verify("made", &v), CHUNKIMG_BAD_INPUT);
    assert_int_equal(v.whole, 1);
    assert_int_equal(v.changed, 1);
    assert_int_equal(v.resized, 1);
    assert_int_equal(v.missing, 1);
    assert_int_equal(v.unreadable, 2);
    assert_non_null(strstr(flaws, "a_000_000.png has other content"));
    assert_non_null(strstr(flaws, "a_000_001.png has 50 bytes instead of"));
    assert_non_null(strstr(flaws, "a_000_002.png is missing"));
    assert_non_null(strstr(flaws, "a_001_000.png cannot be read: not a plain file"));
    assert_non_null(strstr(flaws, "a_001_001.png cannot be read: not a plain file"));
    unlink("elsewhere.png");
    unlink("made/a_001_000.png");
    unlink("made/a_001_001.png");
    assert_int_equal(system("rm -r made"), 0);
    assert_int_equal(verify("made", &v), CHUNKIMG_SYSTEM);
}

/* Cut anywhere but behind its last brace: refused. A flipped bit: never a crash; and where a tile's file, size or sum is hit, seen. */
static void test_manifest_damaged_everywhere(void **state)
{
    static char text[64 * 1024];
    chunkimg_verdict v;
    FILE *f;

    (void)state;
    make_tiles();
    f = fopen("made/manifest.json", "rb");
    size_t n = fread(text, 1, sizeof text - 1, f);
    fclose(f);
    assert_true(n > 500 && n < sizeof text - 1);
    for (size_t cut = 0; cut + 2 < n; cut++) {
        write_file("made/manifest.json", text, cut);
        assert_int_equal(verify("made", &v), CHUNKIMG_BAD_INPUT);
    }
    const char *first = strstr(text, "\"file\""), *last = strstr(text, "\"digest\": ");
    for (size_t i = 0; i < n; i++) {
        text[i] ^= (char)(1 << i % 8);
        write_file("made/manifest.json", text, n);
        chunkimg_status status = verify("made", &v);
        assert_true(status == CHUNKIMG_OK || status == CHUNKIMG_BAD_INPUT);
        if (!status)
            assert_int_equal(v.whole, 6);
        text[i] ^= (char)(1 << i % 8);
    }
    /* what says which bytes a tile has */
    for (const char *key = first; key && key < last; key = strstr(key + 1, "\"file\"")) {
        static const char *const parts[] = {"\"file\":\"", "\"bytes\":", "\"crc32\":\"", "\"digest\":\""};

        for (int k = 0; k < 4; k++) {
            char *value = strstr(key, parts[k]) + strlen(parts[k]);

            *value ^= 1;
            write_file("made/manifest.json", text, n);
            assert_int_equal(verify("made", &v), CHUNKIMG_BAD_INPUT);
            *value ^= 1;
        }
    }
    write_file("made/manifest.json", text, n);
    assert_int_equal(verify("made", &v), CHUNKIMG_OK);
    assert_int_equal(system("rm -r made"), 0);
}

/* ---- hostile ones -------------------------------------------------------------- */

static json_t *load(void)
{
    json_t *root = json_load_file("made/manifest.json", 0, NULL);

    assert_non_null(root);
    return root;
}

static json_t *tile_of(json_t *root, size_t i)
{
    return json_array_get(json_object_get(root, "tiles"), i);
}

/* Takes over root. */
static void expect_refused(json_t *root, const char *why)
{
    chunkimg_verdict v;
    chunkimg_error err;

    assert_int_equal(json_dump_file(root, "made/manifest.json", 0), 0);
    json_decref(root);
    assert_int_equal(chunkimg_verify("made", NULL, NULL, &v, &err), CHUNKIMG_BAD_INPUT);
    if (!strstr(err.text, why))
        fail_msg("\"%s\" is not in: %s", why, err.text);
    make_tiles();
}

static void test_names_that_lead_out(void **state)
{
    static const char *const names[] = {"", ".", "..", "/etc/passwd", "../a.png", "x/y", "\\x2e\\x2e", "\\x2fetc\\x2fpasswd",
                                        "\\x61_000_000.png", "manifest.json", "a\\x00b", "\\", NULL};
    json_t *root;

    (void)state;
    make_tiles();
    for (int i = 0; names[i]; i++) {
        root = load();
        json_object_set_new(tile_of(root, 2), "file", json_string(names[i]));
        expect_refused(root, "an entry of a tile is damaged");
    }
    root = load();
    char *endless = calloc(5000, 1);
    json_object_set_new(tile_of(root, 2), "file", json_string(memset(endless, 'a', 4999)));
    expect_refused(root, "an entry of a tile is damaged");
    free(endless);
    root = load();
    json_object_set_new(tile_of(root, 0), "file", json_null());
    expect_refused(root, "an entry of a tile is damaged");
    assert_int_equal(system("rm -r made"), 0);
}

static void test_plans_that_lie(void **state)
{
    json_t *root;

    (void)state;
    make_tiles();
    root = load(); /* one file for two tiles: one tile fewer than promised */
    json_object_set(tile_of(root, 1), "file", json_object_get(tile_of(root, 0), "file"));
    expect_refused(root, "one file for two tiles");
    root = load();
    json_object_set_new(tile_of(root, 1), "col", json_integer(0));
    expect_refused(root, "stands there twice");
    root = load();
    json_object_set_new(tile_of(root, 1), "col", json_integer(-1));
    expect_refused(root, "damaged");
    root = load();
    json_array_remove(json_object_get(root, "tiles"), 3);
    expect_refused(root, "fewer or more tiles");
    root = load();
    json_object_set_new(json_object_get(root, "plan"), "count", json_integer(INT64_MAX));
    expect_refused(root, "its plan");
    root = load();
    json_object_set_new(json_object_get(root, "plan"), "columns", json_integer(0));
    expect_refused(root, "its plan");
    root = load();
    json_object_set_new(root, "digest", json_string("00000000"));
    expect_refused(root, "digest");
    root = load();
    json_object_set_new(root, "schema", json_string("somebody-else/7"));
    expect_refused(root, "schema");
    root = load();
    json_object_set_new(root, "tiles", json_object());
    expect_refused(root, "no list of tiles");
    root = json_array();
    expect_refused(root, "schema");
    assert_int_equal(system("rm -r made"), 0);
}

static void test_files_that_are_none(void **state)
{
    chunkimg_verdict v;
    chunkimg_error err;

    (void)state;
    assert_int_equal(mkdir("made", 0777), 0);
    assert_int_equal(verify("made", &v), CHUNKIMG_SYSTEM); /* no manifest */
    assert_int_equal(mkfifo("made/manifest.json", 0666), 0);
    assert_int_equal(chunkimg_verify("made", NULL, NULL, &v, &err), CHUNKIMG_BAD_INPUT);
    assert_non_null(strstr(err.text, "not a plain file"));
    unlink("made/manifest.json");
    char *deep = malloc(100000); /* brackets without end */
    write_file("made/manifest.json", memset(deep, '[', 100000), 100000);
    free(deep);
    assert_int_equal(verify("made", &v), CHUNKIMG_BAD_INPUT);
    assert_int_equal(system("rm -r made"), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_flaw_is_named),
        cmocka_unit_test(test_manifest_damaged_everywhere),
        cmocka_unit_test(test_names_that_lead_out),
        cmocka_unit_test(test_plans_that_lie),
        cmocka_unit_test(test_files_that_are_none),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
