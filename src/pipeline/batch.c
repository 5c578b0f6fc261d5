/*
 * Many small inputs: an errand (errands.h) is a whole input, which one worker
 * opens, cuts, encodes and writes by itself, as the mode serial would.
 *
 * It is cheaper than sharing each input: nothing is started or waited for
 * between two of them, and the decoder of one runs beside that of the next.
 * What became of an input lies in its own entry.
 */
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "pipeline/errands.h"
#include "pipeline/job.h"

enum { SMALL_NBYTES = 8 << 20 };

typedef struct batch {
    const chunkimg_options *options;
    const chunkimg_item *items;
    ck_errands errands; /* whose entries are chunkimg_item_results */
} batch;

/* ---- which, and who ---------------------------------------------------------------- */

bool chunkimg_is_small(const char *input)
{
    struct stat st;

    return !stat(input, &st) && S_ISREG(st.st_mode) && st.st_size <= SMALL_NBYTES;
}

static const ck_exec *carrier(const chunkimg_options *o)
{
    bool automatic = !o->mode || !strcmp(o->mode, "auto");
    const char *variable;
    const ck_exec *e = automatic ? ck_sharing_mode(&variable) : ck_exec_find(o->mode);
    chunkimg_options others = *o;

    if (!e || !(e->traits & CK_EXEC_WHOLE_INPUTS))
        return NULL;
    if (automatic && ck_chain_may_be_foreign(&o->ops)) /* each is a job of its own, whose workers are processes */
        return NULL;
    /* A process that opens files by their paths cannot be confined: only where the user does without that. */
    if (e->traits & CK_EXEC_PROCESSES) {
        if (o->sandbox != CHUNKIMG_SANDBOX_OFF)
            return NULL;
        others.sandbox = CHUNKIMG_SANDBOX_AUTO;
    }
    return ck_mode_options_set(&others) ? NULL : e;
}

const char *chunkimg_each_mode(const chunkimg_options *options, size_t count)
{
    const ck_exec *e = carrier(options);
    unsigned workers;

    if (!e || ck_wanted_workers(options, count, &workers, NULL) || workers < 2 || count < 2 * (size_t)workers)
        return NULL;
    return e->name;
}

/* ---- labour ------------------------------------------------------------------------- */

/* Of a job that is one errand. */
static int on_tick(void *user, const chunkimg_progress *progress)
{
    batch *b = user;

    (void)progress;
    return ck_errands_pulse(&b->errands);
}

static const char *keep(char *to, size_t size, const char *text)
{
    if (!text)
        return NULL;
    snprintf(to, size, "%s", text);
    return to;
}

/* The plan without its job: texts that were the job's are the result's. */
static void keep_plan(chunkimg_item_result *r, const chunkimg_plan *plan)
{
    r->plan = *plan;
    r->plan.input = keep(r->input, sizeof r->input, plan->input);
    r->plan.output = keep(r->output, sizeof r->output, plan->output);
    r->plan.ops = keep(r->ops, sizeof r->ops, plan->ops);
    r->plan.note = keep(r->note, sizeof r->note, plan->note);
}

static chunkimg_options options_of(const batch *b, const chunkimg_item *item)
{
    chunkimg_options o = *b->options;

    chunkimg_options_for_mode(&o, "serial");
    o.workers = 1;
    o.input = item->input;
    o.output = item->output;
    o.body = item->body;
    o.max_memory = ck_memory_limit(b->options) / b->errands.workers;
    return o;
}

static chunkimg_item_result *result_of(const batch *b, size_t i)
{
    return ck_errands_entry(&b->errands, i);
}

static void carry(void *user, size_t i)
{
    batch *b = user;
    chunkimg_options o = options_of(b, &b->items[i]);
    chunkimg_item_result *r = result_of(b, i);
    chunkimg_job *job;

    if (chunkimg_open(&o, &job, &r->err))
        return;
    keep_plan(r, chunkimg_job_plan(job));
    chunkimg_on_tick(job, on_tick, b);
    chunkimg_run(job, &r->err);
    r->result = *chunkimg_job_result(job);
    chunkimg_close(&job);
}

/* A job that was cut short left nothing under a final name, and its temporaries are swept by the next. */
static void settled(void *user, size_t i, const ck_error *lost)
{
    const batch *b = user;

    if (lost)
        result_of(b, i)->err = *lost;
}

static const char *name(void *user, size_t i)
{
    const batch *b = user;

    return b->items[i].input;
}

/* ---- all of it ---------------------------------------------------------------------------- */

/* From the arena to the caller: what points to a result's own texts points to them there. */
static void give_results(const batch *b, chunkimg_item_result *to)
{
    for (size_t i = 0; i < b->errands.count; i++) {
        chunkimg_plan *p = &to[i].plan;

        to[i] = *result_of(b, i);
        p->input = p->input ? to[i].input : NULL;
        p->output = p->output ? to[i].output : NULL;
        p->ops = p->ops ? to[i].ops : NULL;
        p->note = p->note ? to[i].note : NULL;
        p->mode = b->errands.exec->name;
        p->mode_reason = "many small inputs: each is carried whole by one worker";
    }
}

chunkimg_status chunkimg_run_each(const chunkimg_options *options, const chunkimg_item *items, size_t count,
                                  chunkimg_tick tick, void *user, chunkimg_item_result *results, chunkimg_error *err)
{
    batch b = {.options = options, .items = items};
    ck_errands *e = &b.errands;
    ck_status status;

    ck_error_clear(err);
    *e = (ck_errands){.exec = carrier(options), .options = options, .count = count, .entry_nbytes = sizeof *results,
                      .user = &b, .carry = carry, .settled = settled, .name = name, .tick = tick, .tick_user = user};
    if (!e->exec || count > UINT32_MAX)
        return ck_fail(err, CHUNKIMG_USAGE, "the mode carries no whole inputs");
    status = ck_wanted_workers(options, count, &e->workers, err);
    if (!status)
        status = ck_errands_open(e, err);
    if (status)
        return status;
    for (size_t i = 0; i < count; i++)
        ck_fail(&result_of(&b, i)->err, CHUNKIMG_INTERRUPTED, "%s: stopped before it was begun", items[i].input);
    status = ck_errands_run(e, err);
    give_results(&b, results);
    ck_errands_close(e);
    return status;
}
