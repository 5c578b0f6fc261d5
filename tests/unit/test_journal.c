/* The journal of finished tiles: whatever happens to its bytes, what is believed is a true beginning of what was written. */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "sink/journal.h"

enum { TILES = 12, BYTES_MOST = 4096 };

static char folder[] = "/tmp/chunkimg-journal-XXXXXX";
static int dir;
static const char work[] = "{\"plan\":{\"count\":12},\"source\":{\"path\":\"a.png\"}}";

static int make_folder(void **state)
{
    (void)state;
    if (!mkdtemp(folder))
        return -1;
    dir = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return dir < 0 ? -1 : 0;
}

static int remove_folder(void **state)
{
    (void)state;
    close(dir);
    return rmdir(folder); /* fails where something was left behind */
}

static ck_outcome outcome_of(uint64_t index)
{
    return (ck_outcome){.nbytes = 1000 + index * index, .crc = 0xdeadbeefu * (uint32_t)(index + 1), .digest = (uint32_t)index << 28};
}

/* Tiles come in the order of the image; the last ones first here, which must not matter. */
static void write_journal(unsigned tiles)
{
    ck_journal j;
    ck_error err;

    unlinkat(dir, CK_JOURNAL_NAME, 0);
    assert_int_equal(ck_journal_begin(&j, dir, "made", work, &err), CK_OK);
    for (unsigned i = 0; i < tiles; i++) {
        ck_outcome o = outcome_of(TILES - 1 - i);

        assert_int_equal(ck_journal_add(&j, TILES - 1 - i, &o, &err), CK_OK);
    }
    assert_int_equal(ck_journal_end(&j, &err), CK_OK);
}

static size_t read_bytes(uint8_t bytes[BYTES_MOST])
{
    int fd = openat(dir, CK_JOURNAL_NAME, O_RDONLY | O_CLOEXEC);
    ssize_t n = read(fd, bytes, BYTES_MOST);

    close(fd);
    assert_true(n > 0 && n < BYTES_MOST);
    return (size_t)n;
}

static void write_bytes(const uint8_t *bytes, size_t n)
{
    int fd = openat(dir, CK_JOURNAL_NAME, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);

    assert_int_equal(write(fd, bytes, n), n);
    close(fd);
}

/* Field by field: what lies between them is nobody's. */
static void assert_outcome(const ck_outcome *got, const ck_outcome *wanted)
{
    assert_int_equal(got->nbytes, wanted->nbytes);
    assert_int_equal(got->crc, wanted->crc);
    assert_int_equal(got->digest, wanted->digest);
}

/* How many tiles are believed, from the first line on; every one of them must be what was written. */
static unsigned believed(uint64_t *end)
{
    ck_kept kept[TILES] = {0};
    unsigned n = 0;

    if (!ck_journal_read(dir, work, kept, TILES, end))
        return 0;
    while (n < TILES && kept[TILES - 1 - n].is)
        n++;
    for (unsigned i = 0; i < TILES; i++) {
        ck_outcome o = outcome_of(i);

        assert_int_equal(kept[i].is, i >= TILES - n); /* no gap */
        if (kept[i].is)
            assert_outcome(&kept[i].outcome, &o);
    }
    return n;
}

static void test_what_was_written_is_read(void **state)
{
    uint64_t end;

    (void)state;
    for (unsigned tiles = 0; tiles <= TILES; tiles++) {
        write_journal(tiles);
        assert_int_equal(believed(&end), tiles);
        assert_true(ck_journal_read(dir, work, NULL, 0, NULL));
        assert_false(ck_journal_read(dir, "{\"plan\":{\"count\":13}}", NULL, 0, NULL));
    }
    unlinkat(dir, CK_JOURNAL_NAME, 0);
    assert_false(ck_journal_read(dir, work, NULL, 0, NULL));
}

static void test_torn_at_every_byte(void **state)
{
    uint8_t bytes[BYTES_MOST];
    size_t n;
    uint64_t end;

    (void)state;
    write_journal(TILES);
    n = read_bytes(bytes);
    unsigned before = 0;
    for (size_t cut = 0; cut <= n; cut++) {
        unsigned lines = 0;

        for (size_t i = 0; i < cut; i++)
            lines += bytes[i] == '\n';
        write_bytes(bytes, cut);
        before = believed(&end);
        assert_int_equal(before, lines ? lines - 1 : 0); /* whole lines, and the first says what the work is */
    }
    assert_int_equal(before, TILES);
    unlinkat(dir, CK_JOURNAL_NAME, 0);
}

static void test_every_bit_flipped(void **state)
{
    uint8_t bytes[BYTES_MOST];
    uint64_t end;

    (void)state;
    write_journal(TILES);
    size_t n = read_bytes(bytes);
    for (size_t bit = 0; bit < 8 * n; bit++) {
        unsigned line = 0;

        for (size_t i = 0; i < bit / 8; i++)
            line += bytes[i] == '\n';
        bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
        write_bytes(bytes, n);
        assert_int_equal(believed(&end), line ? line - 1 : 0); /* everything before the damaged line */
        bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    unlinkat(dir, CK_JOURNAL_NAME, 0);
}

/* A torn journal is gone on with where it was whole, so that it is whole again. */
static void test_continued_after_a_tear(void **state)
{
    uint8_t bytes[BYTES_MOST];
    ck_journal j;
    ck_error err;
    uint64_t end;

    (void)state;
    write_journal(TILES);
    size_t n = read_bytes(bytes);
    write_bytes(bytes, n - 5);
    assert_int_equal(believed(&end), TILES - 1);
    assert_int_equal(ck_journal_continue(&j, dir, "made", end, &err), CK_OK);
    ck_outcome o = outcome_of(0);
    assert_int_equal(ck_journal_add(&j, 0, &o, &err), CK_OK);
    assert_int_equal(ck_journal_end(&j, &err), CK_OK);
    assert_int_equal(believed(&end), TILES);
    unlinkat(dir, CK_JOURNAL_NAME, 0);
}

/* A line whose CRC is right, and which still says what cannot be, ends the belief too. */
static void test_tiles_that_the_plan_has_not(void **state)
{
    ck_journal j;
    ck_error err;
    ck_outcome o = outcome_of(0);
    uint64_t end;

    (void)state;
    unlinkat(dir, CK_JOURNAL_NAME, 0);
    assert_int_equal(ck_journal_begin(&j, dir, "made", work, &err), CK_OK);
    assert_int_equal(ck_journal_add(&j, TILES, &o, &err), CK_OK);
    assert_int_equal(ck_journal_add(&j, 0, &o, &err), CK_OK);
    assert_int_equal(ck_journal_end(&j, &err), CK_OK);
    assert_int_equal(believed(&end), 0);
    unlinkat(dir, CK_JOURNAL_NAME, 0);
}

/* What has the journal's name and is no file of ours: never followed, never waited for. */
static void test_links_and_pipes(void **state)
{
    ck_journal j;
    ck_error err;

    (void)state;
    write_journal(3);
    assert_int_equal(renameat(dir, CK_JOURNAL_NAME, dir, "elsewhere"), 0);
    assert_int_equal(symlinkat("elsewhere", dir, CK_JOURNAL_NAME), 0);
    assert_false(ck_journal_read(dir, work, NULL, 0, NULL));
    assert_int_equal(ck_journal_continue(&j, dir, "made", 0, &err), CHUNKIMG_SYSTEM);
    assert_int_equal(ck_journal_begin(&j, dir, "made", work, &err), CHUNKIMG_SYSTEM);
    assert_int_equal(ck_journal_end(&j, &err), CK_OK); /* nothing is owed after a failure */
    unlinkat(dir, CK_JOURNAL_NAME, 0);
    assert_int_equal(mkfifoat(dir, CK_JOURNAL_NAME, 0666), 0);
    assert_false(ck_journal_read(dir, work, NULL, 0, NULL));
    unlinkat(dir, CK_JOURNAL_NAME, 0);
    unlinkat(dir, "elsewhere", 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_was_written_is_read),
        cmocka_unit_test(test_torn_at_every_byte),
        cmocka_unit_test(test_every_bit_flipped),
        cmocka_unit_test(test_continued_after_a_tear),
        cmocka_unit_test(test_tiles_that_the_plan_has_not),
        cmocka_unit_test(test_links_and_pipes),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
