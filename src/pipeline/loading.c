#include "pipeline/loading.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/url.h"
#include "pipeline/errands.h"
#include "pipeline/job.h"

enum {
    HELD_MOST = 64, /* bodies at once: each is a descriptor, and a place on the disk until it is taken */
    LOOK_MS = 50    /* how often a worker that waits looks whether to give up */
};

/* What became of one; whoever loads it writes, and the caller reads once it is back. */
typedef struct entry {
    uint64_t nbytes;
    uint32_t crc, adler;
    double seconds;
    ck_error err;
} entry;

struct ck_loading {
    chunkimg_options options; /* of the executor: what it needs to load, and nothing of tiles */
    ck_errands errands;       /* what is the same for every round */
    ck_fetch_config fetch;
    char agent[64];           /* what fetch.agent points to */
    size_t count, begun;      /* addresses; of rounds so far */
    char **urls;
    char (*names)[256];

    /* this round's: addresses from `begun` on */
    ck_body *bodies[HELD_MOST];
    entry entries[HELD_MOST];  /* once it is over */
    size_t order[HELD_MOST], held, given; /* as they came back */
};

/* ---- one of them, in a worker ------------------------------------------------------ */

static ck_status load(ck_loading *l, size_t i, ck_body *into, double *seconds, ck_error *err)
{
    const char *url = l->urls[l->begun + i];
    ck_fetch_config config = l->fetch;
    ck_fetches *one;
    ck_fetched got;
    int found = 0;

    config.at_once = 1;
    config.into = into;
    if (ck_fetches_open(&url, 1, &config, &one, err))
        return err->status;
    while (!ck_errands_pulse(&l->errands) && !found)
        found = ck_fetches_next(one, LOOK_MS * 1e-3, &got);
    ck_fetches_close(&one);
    if (!found)
        return ck_fail(err, CHUNKIMG_INTERRUPTED, "%s: stopped while it was loaded", into->name);
    *seconds = got.seconds;
    *err = got.err;
    return err->status;
}

/* From the beginning, also where a worker that died had begun. Waiting is nothing that a global lock is held for. */
static void carry(void *user, size_t i)
{
    ck_loading *l = user;
    const ck_turns *turns = l->errands.turns;
    entry *e = ck_errands_entry(&l->errands, i);
    ck_body body = *l->bodies[i];
    ck_error err;

    ck_error_clear(&err);
    ck_turns_let_go(turns);
    if (ftruncate(body.fd, 0))
        ck_fail_os(&err, errno, "%s: the download cannot be stored", body.name);
    else if (!load(l, i, &body, &e->seconds, &err)) {
        e->nbytes = body.nbytes;
        e->crc = body.crc;
        e->adler = body.adler;
    }
    ck_turns_take(turns);
    e->err = err;
}

static void settled(void *user, size_t i, const ck_error *lost)
{
    ck_loading *l = user;
    entry *e = ck_errands_entry(&l->errands, i);

    if (lost)
        e->err = *lost;
    l->order[l->held++] = i;
}

static const char *name(void *user, size_t i)
{
    const ck_loading *l = user;

    return l->names[l->begun + i];
}

/* ---- a round --------------------------------------------------------------------------- */

/* Bodies of addresses from `begun` on. At least one, or it is the failure of the first. */
static size_t make_bodies(ck_loading *l, ck_error *err)
{
    size_t left = l->count - l->begun, n = 0;

    while (n < left && n < HELD_MOST && !ck_body_create(l->names[l->begun + n], &l->bodies[n], err))
        n++;
    return n;
}

/* What nobody came to is told as a failure of each. */
static void settle_rest(ck_loading *l, size_t n, const ck_error *why)
{
    bool back[HELD_MOST] = {false};

    for (size_t k = 0; k < l->held; k++)
        back[l->order[k]] = true;
    for (size_t i = 0; i < n; i++) {
        if (back[i])
            continue;
        if (why->status)
            l->entries[i].err = *why;
        else
            ck_fail(&l->entries[i].err, CHUNKIMG_INTERRUPTED, "%s: stopped before it was loaded", l->names[l->begun + i]);
        l->order[l->held++] = i;
    }
}

static void load_round(ck_loading *l)
{
    ck_errands *e = &l->errands;
    ck_error err;
    size_t n;

    l->held = l->given = 0;
    ck_error_clear(&err);
    n = make_bodies(l, &err);
    if (!n) {
        n = 1;
    } else {
        ck_error_clear(&err);
        e->count = n;
        e->next = e->out = 0;
        if (!ck_errands_open(e, &err)) {
            ck_errands_run(e, &err);
            memcpy(l->entries, e->entries, n * sizeof *l->entries);
            ck_errands_close(e);
        }
    }
    settle_rest(l, n, &err);
}

/* The body of a download that succeeded. */
static ck_body *take_body(ck_loading *l, size_t i)
{
    const entry *e = &l->entries[i];
    ck_body *b = l->bodies[i];

    l->bodies[i] = NULL;
    if (e->err.status) {
        ck_body_free(&b);
    } else {
        b->nbytes = e->nbytes;
        b->crc = e->crc;
        b->adler = e->adler;
    }
    return b;
}

bool ck_loading_next(ck_loading *l, ck_fetched *out)
{
    size_t i;

    if (l->given == l->held) {
        l->begun += l->held;
        if (l->begun == l->count)
            return false;
        load_round(l);
    }
    i = l->order[l->given++];
    *out = (ck_fetched){.index = l->begun + i, .body = take_body(l, i), .err = l->entries[i].err,
                        .seconds = l->entries[i].seconds};
    return true;
}

/* ---- all of them ------------------------------------------------------------------------- */

/* Of the user's options those that say how many workers there are, and how they wait for each other. */
static chunkimg_options options_of(const chunkimg_options *from, const ck_exec *exec)
{
    chunkimg_options o = {.struct_size = sizeof o};

    chunkimg_options_init(&o);
    o.mode = exec->name;
    o.workers = from->workers;
    o.processes = from->processes;
    o.threads = from->threads;
    o.gil_interval = from->gil_interval;
    o.gil_release = from->gil_release;
    return o;
}

unsigned ck_loading_workers(const ck_exec *exec, const chunkimg_options *options, size_t count, ck_error *err)
{
    unsigned workers, processes = 0;

    if (ck_wanted_workers(options, count, &workers, err) ||
        (exec->workers && exec->workers(options, &workers, &processes, err)))
        return 0;
    return !exec->workers && workers > count ? (unsigned)count : workers; /* a team is what it is; others need not start for nothing */
}

static ck_status copy_addresses(ck_loading *l, const char *const *addresses, size_t count, ck_error *err)
{
    l->urls = calloc(count, sizeof *l->urls);
    l->names = calloc(count, sizeof *l->names);
    if (!l->urls || !l->names)
        return ck_fail_memory(err, count * sizeof *l->names, "preparing the downloads");
    for (; l->count < count; l->count++) {
        const char *url = addresses[l->count];

        ck_url_shown(l->names[l->count], sizeof *l->names, url);
        if (!ck_url_is_http(url))
            return ck_fail(err, CHUNKIMG_USAGE, "%s: only http and https addresses can be read", l->names[l->count]);
        if (!(l->urls[l->count] = strdup(url)))
            return ck_fail_memory(err, strlen(url), "preparing a download");
    }
    return CK_OK;
}

ck_status ck_loading_open(const ck_exec *exec, const chunkimg_options *options, const char *const *addresses, size_t count,
                          const ck_fetch_config *fetch, ck_loading **out, ck_error *err)
{
    ck_loading *l = calloc(1, sizeof *l);
    ck_status status;

    *out = NULL;
    if (!l)
        return ck_fail_memory(err, sizeof *l, "preparing the downloads");
    l->options = options_of(options, exec);
    l->fetch = *fetch;
    snprintf(l->agent, sizeof l->agent, "%s", fetch->agent);
    l->fetch.agent = l->agent;
    l->errands = (ck_errands){.exec = exec, .options = &l->options, .entry_nbytes = sizeof(entry), .user = l, .carry = carry,
                              .settled = settled, .name = name};
    status = copy_addresses(l, addresses, count, err);
    if (!status && !(l->errands.workers = ck_loading_workers(exec, &l->options, count, err)))
        status = err->status;
    if (!status)
        status = ck_fetch_load(err); /* before there are workers: once for all of them */
    if (status)
        ck_loading_close(&l);
    *out = l;
    return status;
}

void ck_loading_close(ck_loading **loading)
{
    ck_loading *l = *loading;

    if (!l)
        return;
    *loading = NULL;
    for (size_t i = 0; i < HELD_MOST; i++)
        ck_body_free(&l->bodies[i]);
    for (size_t i = 0; l->urls && i < l->count; i++)
        free(l->urls[i]);
    free(l->urls);
    free(l->names);
    free(l);
}

void ck_loading_on_tick(ck_loading *l, chunkimg_tick tick, void *user)
{
    l->errands.tick = tick;
    l->errands.tick_user = user;
}
