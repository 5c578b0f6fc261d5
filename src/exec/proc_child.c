/*
 * The child's side. One thread or several take tickets from one ring and push
 * them to another; the ring has one reader and one writer all the same, since
 * a lock of this process lets one thread at a time to either end. Whoever
 * holds the taking lock waits for all of them. Both locks lie in memory of
 * this process alone: nobody else can find them held when it has died.
 */
#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "exec/proc.h"
#include "exec/pthreads.h"
#include "os/sandbox.h"

typedef struct crew {
    const ck_seat *seat;
    pthread_mutex_t taking, saying;
    bool over;           /* under taking: told to quit */
    ck_files files;      /* under taking */
    atomic_uint said;    /* see take */
    pthread_mutex_t fills;
    bool filling, deferred; /* under fills; see keep_for_filler */
    ck_ticket next_fill;    /* likewise */
    unsigned confined;          /* under saying: ck_sandbox layers that hold every thread so far */
    unsigned entered, expected; /* under saying: threads that are ready, and that there are */
    pthread_cond_t all_in;      /* with saying: entered has come to expected */
} crew;

typedef struct hand {
    pthread_t thread; /* first, as ck_pthreads has it */
    crew *crew;
    unsigned worker;
} hand;

static void say_locked(crew *c, ck_ticket t)
{
    ck_proc_shared *s = c->seat->shared;

    /* There is always room: the supervisor leases fewer tickets than the ring holds. */
    ck_proc_say(&s->channels[c->seat->id].from, t, &s->asleep, c->seat->bell);
}

static void say(crew *c, ck_ticket t)
{
    atomic_fetch_add_explicit(&c->said, 1, memory_order_release);
    pthread_mutex_lock(&c->saying);
    say_locked(c, t);
    pthread_mutex_unlock(&c->saying);
}

/* The next word; a supervisor that is gone ends the process. */
static ck_ticket wait_for_word(const ck_seat *seat, ck_files *files)
{
    ck_channel *c = &seat->shared->channels[seat->id];
    ck_ticket t;

    while (!ck_proc_hear(&c->to, &t)) {
        ck_bell_sleep(&c->asleep);
        if (ck_ring_empty(&c->to) && !ck_files_hear(files, seat->bell))
            _exit(1);
        ck_bell_wake(&c->asleep);
    }
    return t;
}

/* The file that came along with the ticket; -1: none. False: one did that this process had no room for. */
static bool take_file(crew *c, ck_ticket *t, int *file)
{
    *file = -1;
    if (!(t->kind & CK_WITH_FILE))
        return true;
    t->kind &= ~CK_WITH_FILE;
    if (!ck_files_take(&c->files, c->seat->bell, file))
        _exit(1);
    return *file >= 0;
}

/*
 * The FILLs of a chain are carried one after another, and the next one is here
 * before the last is done, so that decoding never waits for the supervisor: it
 * is kept for the thread that has the one before, and this one takes what comes
 * behind it.
 */
static bool keep_for_filler(crew *c, ck_ticket t)
{
    bool keep = false;

    if (t.kind != CK_FILL || c->seat->config->fill_anywhere)
        return false;
    pthread_mutex_lock(&c->fills);
    keep = c->filling;
    if (keep)
        c->next_fill = t;
    c->deferred |= keep;
    c->filling = true;
    pthread_mutex_unlock(&c->fills);
    return keep;
}

/* By a thread that has done a FILL, before it says so and another one may come: the one that was kept for it. */
static bool take_kept(crew *c, ck_ticket done, ck_ticket *t)
{
    bool kept = false;

    if (done.kind != CK_FILL || c->seat->config->fill_anywhere)
        return false;
    pthread_mutex_lock(&c->fills);
    kept = c->deferred;
    if (kept)
        *t = c->next_fill;
    c->deferred = false;
    c->filling = kept;
    pthread_mutex_unlock(&c->fills);
    return kept;
}

/*
 * What another thread said came before what the supervisor now says to this
 * one. The supervisor's memory carries that order on any machine, but it is
 * another process: within this one, `said` tells it to the language.
 */
static bool take(crew *c, ck_ticket *t, int *file)
{
    pthread_mutex_lock(&c->taking);
    if (!c->over) {
        do {
            *t = wait_for_word(c->seat, &c->files);
            if (!take_file(c, t, file))
                t->kind |= CK_LOST_FILE;
            atomic_load_explicit(&c->said, memory_order_acquire);
        } while (keep_for_filler(c, *t));
        c->over = t->kind == CK_SAY_QUIT;
    }
    bool over = c->over;
    pthread_mutex_unlock(&c->taking);
    return !over;
}

/* Ready is said once, by the last of all threads; nobody takes a ticket before. */
static void wait_for_all(crew *c, unsigned confined)
{
    pthread_mutex_lock(&c->saying);
    c->confined &= confined;
    if (++c->entered == c->expected) {
        c->seat->shared->channels[c->seat->id].ready_ns = ck_now_ns();
        say_locked(c, (ck_ticket){.kind = CK_SAY_READY, .id = c->expected, .seq = c->confined});
        pthread_cond_broadcast(&c->all_in);
    }
    while (c->entered < c->expected)
        pthread_cond_wait(&c->all_in, &c->saying);
    pthread_mutex_unlock(&c->saying);
}

/* A refused thread only means fewer. The caller has not entered yet, so that ready is not said before this. */
static void expect_fewer(crew *c, unsigned threads)
{
    pthread_mutex_lock(&c->saying);
    c->expected = threads;
    pthread_mutex_unlock(&c->saying);
}

/* What was entered is all that needed a path. Where it is not required, a refusal is only told. */
static ck_status confine(const ck_exec_config *config, unsigned *layers, ck_error *err)
{
    ck_error ignored;

    *layers = 0;
    if (!config->sandbox)
        return CK_OK;
    if (config->options->sandbox == CHUNKIMG_SANDBOX_REQUIRE)
        return ck_sandbox_enter(config->sandbox, config->input_folder, layers, err);
    (void)ck_sandbox_enter(config->sandbox, config->input_folder, layers, &ignored);
    return CK_OK;
}

static void *carry_until_told(void *arg)
{
    hand *h = arg;
    crew *c = h->crew;
    const ck_work *w = c->seat->work;
    unsigned layers = 0;
    bool kept = false;
    ck_ticket t, next;
    ck_error err;
    void *mine;
    int file = -1;

    if ((c->seat->data >= 0 && w->apart(w->self, &err)) || w->enter(w->self, h->worker, &mine, &err) ||
        confine(c->seat->config, &layers, &err)) {
        c->seat->shared->channels[c->seat->id].enter_error = err;
        say(c, (ck_ticket){.kind = CK_SAY_FAILED});
        _exit(1);
    }
    wait_for_all(c, layers);
    while (kept || take(c, &t, &file)) {
        if (t.kind & CK_LOST_FILE) {
            say(c, t);
            continue;
        }
        if (file >= 0)
            w->bring(w->self, mine, file);
        file = -1; /* it is carry's, and what is kept has none */
        if (c->seat->data >= 0 && !ck_cargo_move_child(c->seat, t, false))
            _exit(1);
        w->carry(w->self, mine, t);
        kept = take_kept(c, t, &next);
        say(c, t);
        if (c->seat->data >= 0 && !ck_cargo_move_child(c->seat, t, true))
            _exit(1);
        if (kept)
            t = next;
    }
    w->leave(w->self, mine);
    return NULL;
}

void ck_proc_child(const ck_seat *seat)
{
    crew c = {.seat = seat, .taking = PTHREAD_MUTEX_INITIALIZER, .saying = PTHREAD_MUTEX_INITIALIZER,
              .fills = PTHREAD_MUTEX_INITIALIZER, .confined = UINT_MAX, .expected = seat->threads, .all_in = PTHREAD_COND_INITIALIZER};
    hand *hands = calloc(seat->threads, sizeof *hands);
    ck_pthreads threads = {.members = hands, .each = sizeof *hands, .main = carry_until_told};

    if (!hands)
        _exit(1);
    /* Ctrl-C, timeout and session ends reach the whole group: the supervisor decides. */
    signal(SIGINT, SIG_IGN);
    signal(SIGTERM, SIG_IGN);
    signal(SIGHUP, SIG_IGN);
    for (unsigned i = 0; i < seat->threads; i++)
        hands[i] = (hand){.crew = &c, .worker = seat->id * seat->threads + i};
    ck_pthreads_start(&threads, seat->threads);
    expect_fewer(&c, threads.count);
    if (seat->config->sandbox) /* after the last process that this one may start, which a thread counts as */
        ck_sandbox_limit(seat->config->sandbox, seat->config->file_nbytes,
                         seat->config->decoder_nbytes + threads.count * seat->config->worker_nbytes);
    ck_pthreads_work(&threads);
    _exit(0);
}
