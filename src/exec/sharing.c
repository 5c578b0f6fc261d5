/*
 * Why nobody waits for ever: let j be the first tile that is not carried. Its
 * worker goes through its tiles in ascending order, so it has come to j, or is
 * carrying another ticket and will. j can be handed out as soon as its rows are
 * there, since slots are full only of tiles behind the first that is not
 * drained; rows and drains are carried by whoever waits. A ticket that comes
 * back wakes all who wait.
 */
#include "exec/sharing.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/text.h"
#include "exec/pthreads.h"

/* ---- the rules -------------------------------------------------------------------- */

static const char *const kinds[] = {"static", "dynamic", "guided"};

ck_status ck_schedule_parse(const char *text, ck_schedule *out, ck_error *err)
{
    size_t n = strcspn(text, ",");
    int64_t chunk = 0;
    char shown[64];

    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (strlen(kinds[i]) == n && !strncmp(text, kinds[i], n) &&
            (!text[n] || (ck_text_int(text + n + 1, &chunk) && chunk >= 1))) {
            *out = (ck_schedule){(ck_schedule_kind)i, (uint64_t)chunk};
            return CK_OK;
        }
    return ck_fail(err, CHUNKIMG_USAGE, "schedule: '%s' is not static, dynamic or guided, nor one of them with a chunk of "
                   "at least 1 tile (guided,4)", ck_text_escape(shown, sizeof shown, text));
}

ck_status ck_schedule_check(const chunkimg_options *options, ck_error *err)
{
    ck_schedule ignored;

    return options->schedule ? ck_schedule_parse(options->schedule, &ignored, err) : CK_OK;
}

static uint64_t at_most(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

/* Chunks in turn; without a chunk one share each, as even as they can be. */
static bool deal_static(const ck_dealer *d, unsigned worker, uint64_t last, uint64_t *from, uint64_t *to)
{
    uint64_t chunk = d->schedule.chunk;

    if (!chunk) {
        *from = d->tiles / d->workers * worker + at_most(worker, d->tiles % d->workers);
        *to = *from + d->tiles / d->workers + (worker < d->tiles % d->workers);
        return !last && *from < *to;
    }
    *from = last ? (last + chunk - 1) / chunk * chunk + (d->workers - 1) * chunk : worker * chunk;
    *to = at_most(*from + chunk, d->tiles);
    return *from < d->tiles;
}

bool ck_deal(ck_dealer *d, unsigned worker, uint64_t last, uint64_t *from, uint64_t *to)
{
    uint64_t least = d->schedule.chunk ? d->schedule.chunk : 1, left = d->tiles - d->dealt, n = least;

    if (d->schedule.kind == CK_SCHEDULE_STATIC)
        return deal_static(d, worker, last, from, to);
    if (d->schedule.kind == CK_SCHEDULE_GUIDED && (left + d->workers - 1) / d->workers > n)
        n = (left + d->workers - 1) / d->workers;
    *from = d->dealt;
    d->dealt = *to = at_most(d->dealt + n, d->tiles);
    return *from < *to;
}

/* ---- lock and waiting --------------------------------------------------------------- */

ck_status ck_sharing_init(ck_sharing *s, const ck_exec_config *config, const ck_work *work, ck_error *err)
{
    int why;

    *s = (ck_sharing){.config = config, .work = work};
    s->mail = calloc(config->slots, sizeof *s->mail);
    s->mailed = calloc(config->slots, sizeof *s->mailed);
    if (!s->mail || !s->mailed) {
        free(s->mail);
        free(s->mailed);
        return ck_fail_memory(err, config->slots * sizeof *s->mail, "sharing out the tiles");
    }
    why = ck_pthreads_condition(&s->change);
    if (!why)
        why = pthread_mutex_init(&s->lock, NULL);
    return why ? ck_fail_os(err, why, "sharing out the tiles") : CK_OK;
}

void ck_sharing_destroy(ck_sharing *s)
{
    pthread_cond_destroy(&s->change);
    pthread_mutex_destroy(&s->lock);
    free(s->mail);
    free(s->mailed);
}

void ck_sharing_lock(ck_sharer *me)
{
    uint64_t began;

    me->acquisitions++;
    if (!pthread_mutex_trylock(&me->sharing->lock))
        return;
    began = ck_now_ns();
    pthread_mutex_lock(&me->sharing->lock);
    me->lock_ns += ck_now_ns() - began;
}

void ck_sharing_unlock(ck_sharer *me)
{
    pthread_mutex_unlock(&me->sharing->lock);
}

static void wait_locked(ck_sharer *me)
{
    ck_sharing *s = me->sharing;
    uint64_t began = ck_now_ns();

    s->waiting++;
    me->acquisitions++;
    if (me->home)
        ck_pthreads_wait_until(&s->change, &s->lock, began + 50 * 1000 * 1000);
    else
        pthread_cond_wait(&s->change, &s->lock);
    s->waiting--;
    me->queue_ns += ck_now_ns() - began;
}

static void wake_locked(ck_sharing *s)
{
    if (s->waiting)
        pthread_cond_broadcast(&s->change);
}

/* ---- carrying ------------------------------------------------------------------------- */

void ck_sharing_enter(ck_sharer *me, unsigned id)
{
    const ck_work *w = me->sharing->work;
    ck_error err;

    if (!w->enter(w->self, id, &me->mine, &err))
        return;
    me->mine = NULL;
    ck_sharing_lock(me);
    w->fail(w->self, &err);
    wake_locked(me->sharing);
    ck_sharing_unlock(me);
}

void ck_sharing_leave(ck_sharer *me)
{
    if (me->mine)
        me->sharing->work->leave(me->sharing->work->self, me->mine);
}

static void carry_unlocked(ck_sharer *me, ck_ticket t)
{
    ck_sharing *s = me->sharing;

    ck_sharing_unlock(me);
    if (me->mine)
        s->work->carry(s->work->self, me->mine, t);
    if (me->home)
        s->config->pulse(s->config->user);
    ck_sharing_lock(me);
    s->work->done(s->work->self, t);
    wake_locked(s);
}

static bool take_mail(ck_sharing *s, uint64_t i, ck_ticket *out)
{
    uint64_t box = i % s->config->slots;

    if (!s->mailed[box] || s->mail[box].seq != i)
        return false;
    *out = s->mail[box];
    s->mailed[box] = false;
    return true;
}

/* A tile of somebody else waits for that worker. No box is in use twice: a slot is free before its next tile is out. */
static void post(ck_sharing *s, ck_ticket t)
{
    uint64_t box = t.seq % s->config->slots;

    s->mail[box] = t;
    s->mailed[box] = true;
    wake_locked(s);
}

bool ck_sharing_tile(ck_sharer *me, uint64_t i)
{
    ck_sharing *s = me->sharing;
    ck_next next = CK_LATER;
    ck_ticket t;
    bool carried = false;

    ck_sharing_lock(me);
    while (!carried && next != CK_END) {
        if (take_mail(s, i, &t)) {
            carry_unlocked(me, t);
            carried = true;
        } else if ((next = s->work->next(s->work->self, CK_ALL_ROLES, &t)) == CK_LATER) {
            wait_locked(me);
        } else if (next == CK_HAVE && t.kind == CK_TILE && t.seq != i) {
            post(s, t);
        } else if (next == CK_HAVE) {
            carry_unlocked(me, t);
            carried = t.kind == CK_TILE;
        }
    }
    if (next == CK_END)
        wake_locked(s);
    ck_sharing_unlock(me);
    return carried;
}

void ck_sharing_help(ck_sharer *me)
{
    ck_sharing *s = me->sharing;
    ck_next next;
    ck_ticket t;

    ck_sharing_lock(me);
    while ((next = s->work->next(s->work->self, CK_FILLS | CK_DRAINS, &t)) != CK_END) {
        if (next == CK_HAVE)
            carry_unlocked(me, t);
        else
            wait_locked(me);
    }
    wake_locked(s);
    ck_sharing_unlock(me);
}

void ck_sharing_count(ck_exec_stats *stats, const ck_sharer *sharers, unsigned n)
{
    uint64_t lock_ns = 0, queue_ns = 0;

    stats->lock_acquisitions = stats->bytes_copied = 0;
    for (unsigned i = 0; i < n; i++) {
        stats->lock_acquisitions += sharers[i].acquisitions;
        lock_ns += sharers[i].lock_ns;
        queue_ns += sharers[i].queue_ns;
    }
    stats->lock_wait_s = ck_seconds(lock_ns);
    stats->queue_wait_s = ck_seconds(queue_ns);
}
