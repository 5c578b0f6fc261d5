/* Files that a supervisor opens for worker processes: they come in order, and whatever fails is tried again or told. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "exec/proc.h"

/* ---- the channel ------------------------------------------------------------------ */

static int file_of(unsigned i)
{
    int fd = memfd_create("one", MFD_CLOEXEC);

    assert_true(fd >= 0);
    assert_int_equal(pwrite(fd, &i, sizeof i, 0), sizeof i);
    return fd;
}

static void expect_file(int fd, unsigned i)
{
    unsigned got = 0;

    assert_true(fd >= 0);
    assert_int_equal(fcntl(fd, F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
    assert_int_equal(pread(fd, &got, sizeof got, 0), sizeof got);
    assert_int_equal(got, i);
    close(fd);
}

static void send_one(int bell, unsigned i)
{
    int fd = file_of(i);

    assert_int_equal(ck_file_send(bell, fd), 0);
    close(fd);
}

/* However many bytes of a bell are between them. */
static void they_come_in_order(void **state)
{
    ck_files files = {0};
    int pair[2], fd;

    (void)state;
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
    for (unsigned round = 0; round < 3; round++) { /* past the end of its table */
        for (unsigned i = 0; i < CK_RING_ROOM - 2; i++) {
            for (unsigned bells = 0; bells < i % 3; bells++)
                ck_proc_ring_bell(pair[0]);
            send_one(pair[0], i);
        }
        ck_proc_ring_bell(pair[0]);
        assert_true(ck_files_hear(&files, pair[1]));
        for (unsigned i = 0; i < CK_RING_ROOM - 2; i++) {
            assert_true(ck_files_take(&files, pair[1], &fd));
            expect_file(fd, i);
        }
        assert_int_equal(files.count, 0);
    }
    close(pair[0]);
    assert_false(ck_files_take(&files, pair[1], &fd));
    close(pair[1]);
}

static void one_without_room_is_known(void **state)
{
    struct rlimit before, few;
    ck_files files = {0};
    int pair[2], next, fd;

    (void)state;
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
    for (unsigned i = 0; i < 3; i++)
        send_one(pair[0], i);
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
    next = fcntl(pair[0], F_DUPFD_CLOEXEC, 0);
    assert_true(next >= 0);
    few = (struct rlimit){(rlim_t)next + 1, before.rlim_max};
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &few), 0);
    bool took = ck_files_take(&files, pair[1], &fd);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
    assert_true(took);
    assert_int_equal(fd, -1);
    for (unsigned i = 1; i < 3; i++) {
        assert_true(ck_files_take(&files, pair[1], &fd));
        expect_file(fd, i);
    }
    close(next);
    close(pair[0]);
    close(pair[1]);
}

static void a_dead_child_is_an_errno(void **state)
{
    int pair[2], fd = file_of(0);

    (void)state;
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
    close(pair[1]);
    assert_int_equal(ck_file_send(pair[0], fd), EPIPE);
    assert_int_equal(ck_file_send(-1, fd), EBADF);
    close(pair[0]);
    close(fd);
}

/* ---- tickets with files -------------------------------------------------------------- */

enum { TILES = 200, VICTIM = 37 };

typedef struct board {
    atomic_uint killed, carried[TILES];
} board;

/* Tiles that each write a file. Only the supervisor touches it, but for the board. */
typedef struct tiles {
    int folder;
    char path[40];
    unsigned next, out, lost;
    unsigned opened, again;
    int refuse;          /* an errno that opening gives */
    unsigned refuse_from, refuse_to; /* by the number of the call */
    unsigned kills;      /* times that the victim's carrier dies over it, with half a file */
    char why[512];
    board *board;
} tiles;

typedef struct worker {
    int file;
} worker;

static void name_of(uint64_t seq, char to[32])
{
    snprintf(to, 32, "tile%u", (unsigned)seq);
}

static ck_next next_ticket(void *self, unsigned roles, ck_ticket *out)
{
    tiles *w = self;

    if (w->next == TILES)
        return w->out ? CK_LATER : CK_END;
    if (!(roles & CK_TILES))
        return CK_LATER;
    *out = (ck_ticket){.kind = CK_TILE, .id = w->next, .seq = w->next};
    w->next++;
    w->out++;
    return CK_HAVE;
}

static void done(void *self, ck_ticket t)
{
    assert_int_equal(t.kind, CK_TILE);
    ((tiles *)self)->out--;
}

static void lost(void *self, ck_ticket t, const ck_error *why)
{
    tiles *w = self;

    w->lost++;
    snprintf(w->why, sizeof w->why, "%s", why->text);
    done(self, t);
}

static void failed(void *self, const ck_error *why)
{
    (void)self;
    fail_msg("%s", why->text);
}

static void again(void *self, ck_ticket t)
{
    tiles *w = self;
    char name[32];

    name_of(t.seq, name);
    w->again++;
    assert_int_equal(unlinkat(w->folder, name, 0), 0);
}

static bool stopping(void *self)
{
    (void)self;
    return false;
}

static ck_status open_file(void *self, ck_ticket t, int *file, int *why, ck_error *err)
{
    tiles *w = self;
    char name[32];

    name_of(t.seq, name);
    *file = -1;
    *why = w->opened >= w->refuse_from && w->opened < w->refuse_to ? w->refuse : 0;
    w->opened++;
    if (*why)
        return ck_fail_os(err, *why, "%s", name);
    *file = openat(w->folder, name, CK_PUT_FLAGS, CK_PUT_MODE);
    assert_true(*file >= 0);
    return CK_OK;
}

static ck_status enter(void *self, unsigned id, void **mine, ck_error *err)
{
    worker *w = malloc(sizeof *w);

    (void)self;
    (void)id;
    if (!w)
        return ck_fail_memory(err, sizeof *w, "entering");
    w->file = -1;
    *mine = w;
    return CK_OK;
}

static void bring(void *self, void *mine, int file)
{
    (void)self;
    ((worker *)mine)->file = file;
}

static void carry(void *self, void *mine, ck_ticket t)
{
    tiles *w = self;
    worker *me = mine;
    char name[32] = "";

    name_of(t.seq, name);
    if (t.seq == VICTIM && atomic_load(&w->board->killed) < w->kills) {
        atomic_fetch_add(&w->board->killed, 1);
        (void)!write(me->file, name, 2);
        raise(SIGKILL);
    }
    if (write(me->file, name, sizeof name) == sizeof name && !close(me->file))
        atomic_fetch_add(&w->board->carried[t.seq], 1);
    me->file = -1;
}

static void leave(void *self, void *mine)
{
    (void)self;
    free(mine);
}

static const char *describe(void *self, ck_ticket t, char *to, size_t size)
{
    (void)self;
    snprintf(to, size, "tile %u", (unsigned)t.seq);
    return to;
}

static void pulse(void *user)
{
    (void)user;
}

static void begin(tiles *w)
{
    char folder[] = "/tmp/chunkimg-files-XXXXXX";

    *w = (tiles){.board = mmap(NULL, sizeof *w->board, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0)};
    assert_ptr_not_equal(w->board, MAP_FAILED);
    assert_non_null(mkdtemp(folder));
    strcpy(w->path, folder);
    w->folder = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    assert_true(w->folder >= 0);
}

/* Every tile was carried to its end once and lies there whole, but for `missing`, of which there may be a file or none. */
static void end(tiles *w, unsigned missing)
{
    char name[32], got[64];

    assert_int_equal(w->lost, missing);
    for (unsigned i = 0; i < TILES; i++) {
        unsigned carried = atomic_load(&w->board->carried[i]);

        name_of(i, name);
        int fd = openat(w->folder, name, O_RDONLY | O_CLOEXEC);
        assert_true(carried == 1 || (carried == 0 && missing-- > 0));
        if (carried) {
            assert_int_equal(read(fd, got, sizeof got), sizeof name);
            assert_memory_equal(got, name, strlen(name) + 1);
        }
        if (fd >= 0) {
            close(fd);
            assert_int_equal(unlinkat(w->folder, name, 0), 0);
        }
    }
    assert_int_equal(missing, 0);
    close(w->folder);
    assert_int_equal(rmdir(w->path), 0);
    munmap(w->board, sizeof *w->board);
}

static void carry_all(tiles *w, unsigned workers, unsigned threads, ck_exec_stats *stats)
{
    ck_work work = {.self = w, .next = next_ticket, .done = done, .lost = lost, .fail = failed, .again = again,
                    .stopping = stopping, .enter = enter, .carry = carry, .leave = leave, .file = open_file, .bring = bring,
                    .describe = describe};
    size_t nbytes = ck_proc_shared_size(workers);
    void *shared = mmap(NULL, nbytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    chunkimg_options options;
    ck_error err;

    assert_ptr_not_equal(shared, MAP_FAILED);
    chunkimg_options_init(&options);
    ck_exec_config config = {.workers = workers, .rereadable = true, .tiles = TILES, .slots = TILES, .arena = -1, .input = -1,
                             .input_folder = -1, .shared = shared, .options = &options, .pulse = pulse};
    *stats = CK_EXEC_STATS_UNKNOWN;
    assert_int_equal(ck_proc_run(&config, threads, &work, stats, &err), CK_OK);
    munmap(shared, nbytes);
}

static void all_are_written(void **state)
{
    ck_exec_stats stats;
    tiles w;

    (void)state;
    for (unsigned threads = 1; threads <= 3; threads += 2) {
        begin(&w);
        carry_all(&w, 2 * threads, threads, &stats);
        assert_int_equal(w.opened, TILES);
        assert_int_equal(w.again, 0);
        assert_int_equal(stats.replaced, 0);
        end(&w, 0);
    }
}

/* What there is none of now may come again with what is out. */
static void few_descriptors_only_mean_later(void **state)
{
    static const int passing[] = {EMFILE, ENFILE, ENOMEM};
    ck_exec_stats stats;
    tiles w;

    (void)state;
    for (size_t i = 0; i < sizeof passing / sizeof *passing; i++) {
        begin(&w);
        w.refuse = passing[i];
        w.refuse_from = i ? 3 : 0; /* nothing is out then */
        w.refuse_to = w.refuse_from + 2;
        carry_all(&w, 2, 1, &stats);
        assert_int_equal(w.opened, TILES + 2);
        end(&w, 0);
    }
}

/* But nothing waits for ever, and a full disk is no matter of waiting. */
static void a_file_that_cannot_be_made_loses_its_tile(void **state)
{
    ck_exec_stats stats;
    tiles w;

    (void)state;
    begin(&w);
    w.refuse = EMFILE;
    w.refuse_to = UINT_MAX;
    carry_all(&w, 2, 1, &stats);
    assert_string_equal(w.why, "tile199: Too many open files");
    end(&w, TILES);
    begin(&w);
    w.refuse = ENOSPC;
    w.refuse_from = 10;
    w.refuse_to = 13;
    carry_all(&w, 2, 1, &stats);
    assert_int_equal(w.opened, TILES);
    assert_string_equal(w.why, "tile12: No space left on device");
    end(&w, 3);
}

static void a_worker_killed_in_a_file_leaves_none_of_it(void **state)
{
    ck_exec_stats stats;
    tiles w;

    (void)state;
    for (unsigned threads = 1; threads <= 2; threads++)
        for (unsigned kills = 1; kills <= 3; kills++) {
            begin(&w);
            w.kills = kills;
            carry_all(&w, 2 * threads, threads, &stats);
            assert_int_equal(stats.replaced, kills);
            assert_true(w.again >= kills - kills / 3);
            if (kills == 3)
                assert_non_null(strstr(w.why, "was killed by signal 9"));
            end(&w, kills == 3);
        }
}

/* More leases than a process may have files: those that it had no room for go to whoever has. */
static void more_leases_than_descriptors(void **state)
{
    enum { THREADS = 24 };
    struct rlimit before, few;
    ck_exec_stats stats;
    tiles w;

    (void)state;
    begin(&w);
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
    few = (struct rlimit){(rlim_t)w.folder + 10, before.rlim_max};
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &few), 0);
    carry_all(&w, THREADS, THREADS, &stats);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
    assert_int_equal(stats.replaced, 0);
    end(&w, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(they_come_in_order),
        cmocka_unit_test(one_without_room_is_known),
        cmocka_unit_test(a_dead_child_is_an_errno),
        cmocka_unit_test(all_are_written),
        cmocka_unit_test(few_descriptors_only_mean_later),
        cmocka_unit_test(a_file_that_cannot_be_made_loses_its_tile),
        cmocka_unit_test(a_worker_killed_in_a_file_leaves_none_of_it),
        cmocka_unit_test(more_leases_than_descriptors),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
