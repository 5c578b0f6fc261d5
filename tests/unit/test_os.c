/* The system's side: rings between threads, staging folders, checksums that can be put together. */
#include <dirent.h>
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "os/checksum.h"
#include "os/cpus.h"
#include "os/outdir.h"
#include "os/pin.h"
#include "os/ring.h"

/* ---- rings: the code that runs between processes, run here between threads so that ThreadSanitizer sees it ------ */

enum { ITEMS = 200000 };

typedef struct wire {
    ck_ring ring;
    atomic_uint asleep;
    int bell[2];
} wire;

static void *write_items(void *arg)
{
    wire *w = arg;

    for (uint64_t i = 0; i < ITEMS; i++) {
        while (!ck_ring_push(&w->ring, (ck_ring_item){i, i * i}))
            sched_yield();
        if (ck_bell_due(&w->asleep))
            assert_int_equal(write(w->bell[1], "!", 1), 1);
    }
    return NULL;
}

static void test_ring(void **state)
{
    wire *w = aligned_alloc(64, sizeof *w);
    pthread_t writer;
    ck_ring_item item;
    char byte[8];

    (void)state;
    memset(w, 0, sizeof *w);
    assert_int_equal(pipe(w->bell), 0);
    assert_int_equal(pthread_create(&writer, NULL, write_items, w), 0);
    for (uint64_t i = 0; i < ITEMS; i++) {
        while (!ck_ring_take(&w->ring, &item)) {
            ck_bell_sleep(&w->asleep);
            if (ck_ring_empty(&w->ring))
                assert_true(read(w->bell[0], byte, sizeof byte) > 0);
            ck_bell_wake(&w->asleep);
        }
        assert_int_equal(item.a, i);
        assert_int_equal(item.b, i * i);
    }
    pthread_join(writer, NULL);
    assert_true(ck_ring_empty(&w->ring));
    close(w->bell[0]);
    close(w->bell[1]);
    free(w);
}

/* ---- staging ---------------------------------------------------------------------- */

static char base[] = "/tmp/chunkimg-test-XXXXXX";

static int make_base(void **state)
{
    (void)state;
    return mkdtemp(base) ? chdir(base) : -1;
}

static int remove_base(void **state)
{
    (void)state;
    if (chdir("/"))
        return -1;
    return rmdir(base); /* fails, and so does the test, where anything was left */
}

static unsigned entries(const char *folder)
{
    DIR *d = opendir(folder);
    unsigned n = 0;

    for (struct dirent *e; d && (e = readdir(d));)
        n += strcmp(e->d_name, ".") && strcmp(e->d_name, "..");
    if (d)
        closedir(d);
    return n;
}

static void publish_folder(const char *path, bool force, const char *file)
{
    ck_outdir *dir;
    ck_error err;

    assert_int_equal(ck_outdir_open(path, force, &dir, &err), CK_OK);
    assert_int_equal(ck_outdir_put(dir, file, "abc", 3, &err), CK_OK);
    assert_int_equal(ck_outdir_put(dir, file, "abc", 3, &err), CHUNKIMG_SYSTEM); /* O_EXCL */
    assert_int_equal(ck_outdir_begin(dir, "manifest.json", &err), CK_OK);
    assert_int_equal(ck_outdir_append(dir, "{}", 2, &err), CK_OK);
    assert_int_equal(ck_outdir_end(dir, &err), CK_OK);
    assert_int_equal(ck_outdir_publish(&dir, &err), CK_OK);
    assert_null(dir);
}

static void test_folder(void **state)
{
    ck_outdir *dir;
    ck_error err;

    (void)state;
    publish_folder("out", false, "a");
    assert_int_equal(entries("out"), 2);
    assert_int_equal(ck_outdir_open("out", false, &dir, &err), CHUNKIMG_SYSTEM);
    assert_non_null(strstr(err.text, "--force"));
    publish_folder("out/", true, "b");
    assert_int_equal(access("out/a", F_OK), -1);
    assert_int_equal(access("out/b", F_OK), 0);
    /* a folder of somebody else's files is never replaced */
    assert_int_equal(unlink("out/manifest.json"), 0);
    assert_int_equal(ck_outdir_open("out", true, &dir, &err), CHUNKIMG_SYSTEM);
    assert_int_equal(unlink("out/b"), 0);
    publish_folder("out", true, "c"); /* an empty one is */
    assert_int_equal(ck_outdir_open("out", true, &dir, &err), CK_OK);
    assert_int_equal(ck_outdir_put(dir, "x", "abc", 3, &err), CK_OK);
    ck_outdir_abandon(&dir);
    assert_int_equal(access("out/c", F_OK), 0); /* what was there stays until the new is complete */
    assert_int_equal(entries("."), 1);
    assert_int_equal(system("rm -r out"), 0);
}

static void test_file(void **state)
{
    ck_outdir *dir;
    ck_error err;

    (void)state;
    for (int round = 0; round < 2; round++) {
        assert_int_equal(ck_outfile_open("one.png", round > 0, &dir, &err), CK_OK);
        assert_int_equal(ck_outdir_append(dir, "abc", 3, &err), CK_OK);
        assert_int_equal(ck_outdir_end(dir, &err), CK_OK);
        assert_int_equal(ck_outdir_publish(&dir, &err), CK_OK);
    }
    assert_int_equal(ck_outfile_open("one.png", false, &dir, &err), CHUNKIMG_SYSTEM);
    assert_int_equal(symlink("one.png", "link.png"), 0);
    assert_int_equal(ck_outfile_open("link.png", true, &dir, &err), CHUNKIMG_SYSTEM); /* never through a link */
    assert_int_equal(ck_outfile_open("nowhere/one.png", false, &dir, &err), CHUNKIMG_SYSTEM);
    assert_int_equal(err.os_errno, 2);
    assert_int_equal(ck_outfile_open("..", false, &dir, &err), CHUNKIMG_USAGE);
    unlink("link.png");
    unlink("one.png");
    assert_int_equal(entries("."), 0);
}

static void test_leftovers_are_swept(void **state)
{
    ck_outdir *dir, *other;
    ck_error err;

    (void)state;
    assert_int_equal(mkdir(".out.chunkimg-abc123", 0777), 0);
    assert_int_equal(system("touch .out.chunkimg-abc123/tile.png .one.png.chunkimg-zzzzzz .out.chunkimg-keep"), 0);
    assert_int_equal(ck_outdir_open("out", false, &dir, &err), CK_OK);
    assert_int_equal(access(".out.chunkimg-abc123", F_OK), -1);
    assert_int_equal(access(".out.chunkimg-keep", F_OK), 0);      /* not a name of ours */
    assert_int_equal(access(".one.png.chunkimg-zzzzzz", F_OK), 0); /* of another target */
    /* one that somebody works in is not */
    assert_int_equal(ck_outdir_put(dir, "x", "abc", 3, &err), CK_OK);
    assert_int_equal(ck_outdir_open("out", false, &other, &err), CK_OK);
    assert_int_equal(ck_outdir_put(dir, "y", "abc", 3, &err), CK_OK);
    assert_int_equal(ck_outdir_publish(&dir, &err), CK_OK);
    assert_int_equal(entries("out"), 2);
    assert_int_equal(ck_outdir_publish(&other, &err), CHUNKIMG_SYSTEM); /* the first wins */
    assert_int_equal(entries("out"), 2);
    assert_int_equal(system("rm -r out .out.chunkimg-keep .one.png.chunkimg-zzzzzz"), 0);
}

/* ---- checksums ------------------------------------------------------------------------ */

static void test_crc_of_pieces(void **state)
{
    uint8_t bytes[4096];
    uint32_t whole, sum = 0;

    (void)state;
    assert_int_equal(ck_crc32(0, "123456789", 9), 0xCBF43926);
    assert_int_equal(ck_adler32(1, "Wikipedia", 9), 0x11E60398);
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (uint8_t)(i * 31 + i / 7);
    whole = ck_crc32(0, bytes, sizeof bytes);
    for (size_t at = 0, n = 1; at < sizeof bytes; at += n, n = n * 5 % 97 + 1) {
        n = n < sizeof bytes - at ? n : sizeof bytes - at;
        sum ^= ck_crc32_shift(ck_crc32(0, bytes + at, n), ck_crc32_operator(sizeof bytes - at - n));
    }
    assert_int_equal(sum, whole);
    for (uint64_t n = 0; n < 100000000000; n = n * 7 + 1) {
        ck_crc32_shifter shifter;

        ck_crc32_shifter_init(&shifter, n);
        for (uint32_t crc = 1; crc < 0xf0000000u; crc = crc * 3 + 7)
            assert_int_equal(ck_crc32_shift_by(&shifter, crc), ck_crc32_shift(crc, ck_crc32_operator(n)));
    }
}

static void test_cpus(void **state)
{
    (void)state;
    assert_true(ck_cpus() >= 1 && ck_cpus() <= (unsigned)sysconf(_SC_NPROCESSORS_CONF));
}

/* The CPU that comes `places` behind `from` in the mask, counted round. */
static int nth_behind(const cpu_set_t *mask, int from, unsigned places)
{
    int all[CPU_SETSIZE], count = 0, first = 0;

    for (int cpu = 0; cpu < CPU_SETSIZE; cpu++)
        if (CPU_ISSET(cpu, mask)) {
            if (cpu < from)
                first++;
            all[count++] = cpu;
        }
    return all[((unsigned)first + places) % (unsigned)count];
}

/* A thread that was spread runs where it should, and may run everywhere afterwards. */
static void test_spread(void **state)
{
    cpu_set_t before, after, one;

    (void)state;
    if (sched_getaffinity(0, sizeof before, &before))
        skip(); /* more CPUs than this test's set has room for */
    for (int from = -1; from < 3; from++)
        for (unsigned worker = 0; worker < 5; worker++) {
            bool there = false;

            for (int i = 0; i < 50 && !there; i++) { /* the system may move it on at once */
                ck_spread(from, worker);
                there = ck_current_cpu() == nth_behind(&before, from, worker);
            }
            assert_true(there);
            assert_int_equal(sched_getaffinity(0, sizeof after, &after), 0);
            assert_true(CPU_EQUAL(&before, &after));
        }

    CPU_ZERO(&one);
    CPU_SET(nth_behind(&before, 0, 1), &one);
    assert_int_equal(sched_setaffinity(0, sizeof one, &one), 0);
    ck_spread(0, 1);
    ck_spread(0, 2);
    assert_int_equal(sched_getaffinity(0, sizeof after, &after), 0);
    assert_true(CPU_EQUAL(&one, &after));
    assert_int_equal(sched_setaffinity(0, sizeof before, &before), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ring),
        cmocka_unit_test(test_folder),
        cmocka_unit_test(test_file),
        cmocka_unit_test(test_leftovers_are_swept),
        cmocka_unit_test(test_crc_of_pieces),
        cmocka_unit_test(test_cpus),
        cmocka_unit_test(test_spread),
    };
    return cmocka_run_group_tests(tests, make_base, remove_base);
}
