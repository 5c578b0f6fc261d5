/*
 * A worker process that was not forked from the one that runs the job: the
 * order that is sent to it, and what it makes of that.
 *
 * An order is the options, as a user would type them, and the few choices that
 * depended on the moment: how far to decode ahead within the memory there was,
 * whether a guess about segments had turned out wrong, what an earlier run had
 * kept. From these the worker plans the job once more. The plan must come out
 * the same, to the offset, or the worker refuses: the input may have been
 * replaced since, or the program.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/option.h"
#include "exec/proc.h"
#include "os/process.h"
#include "pipeline/job.h"

/* Followed by pairs of texts, name and value, each with its NUL, up to the order's end. */
typedef struct order {
    uint32_t digest; /* of the plan */
    bool chain;      /* FILLs are one, whatever the file looks like */
    bool all_kept;
    int32_t pass;    /* the survey, by its number; -1: the tiles */
    ck_settled settled;
    ck_body body;    /* the input, where it was downloaded: its descriptor comes along. nbytes 0: it is a file */
} order;

/* What two processes must see alike, as text: structs have holes. */
static uint32_t digest_of_plan(const chunkimg_job *job)
{
    const ck_layout *l = &job->layout;
    const ck_worker_plan *w = &job->worker;
    const ck_sched_config *c = &job->sched_config;
    char text[1200];

    int n = snprintf(text, sizeof text,
                     "%s %s %s %s %s|%zu %zu %zu %zu %zu %zu %zu|%zu %zu %zu %d|%d %d %u %u|%zu %d %d %d %d %d|%u %u %llu %d %d|%zu",
                     chunkimg_version(), job->exec->name, job->sink->name, job->stamp, ck_chain_text(job->chain), l->tallies, l->slots,
                     l->executor, l->bands, l->slot_bytes, l->total, l->slot_room, w->scratch, w->block, w->encoded,
                     w->block_rows, c->fill_rows, c->ring_rows, c->slots, c->fills, job->rows.stride, job->rows.whole.w,
                     job->rows.whole.h, job->shape.w, job->shape.h, job->shape.channels, job->plan.workers,
                     job->plan.processes, (unsigned long long)job->plan.tiles, job->grid.tile_w, job->grid.tile_h,
                     sizeof(ck_slot) + sizeof(ck_board) + sizeof(chunkimg_options));
    return ck_crc32(0, (const uint8_t *)text, (size_t)n < sizeof text ? (size_t)n : sizeof text);
}

/* ---- giving ---------------------------------------------------------------------------- */

static void write_pair(FILE *to, const char *name, const char *value)
{
    fwrite(name, strlen(name) + 1, 1, to);
    fwrite(value, strlen(value) + 1, 1, to);
}

/* The options as they came out: whatever the environment says there, the worker takes these. */
static void write_options(FILE *to, const chunkimg_job *job)
{
    chunkimg_options o = job->options;
    char text[64];
    const char *value;

    o.mode = job->exec->name;
    o.workers = job->plan.workers;
    o.max_memory = 0;
    write_pair(to, "input", o.input);
    for (const chunkimg_option *row = chunkimg_job_options(); row->name; row++)
        for (size_t i = 0; (value = ck_option_text(row, &o, i, text)); i++)
            write_pair(to, row->name, value);
}

ck_status ck_order_make(const chunkimg_job *job, void **out, size_t *nbytes, ck_error *err)
{
    order head;
    char *bytes = NULL;
    FILE *to = open_memstream(&bytes, nbytes);
    bool failed;

    if (!to)
        return ck_fail_memory(err, sizeof head, "describing the job to its workers");
    memset(&head, 0, sizeof head);
    head.digest = digest_of_plan(job);
    head.chain = !job->in_pieces;
    head.all_kept = job->all_kept;
    head.pass = job->survey ? (int32_t)job->survey->index : -1;
    head.settled.ahead = job->ahead;
    head.settled.keeps_image = job->keeps_image;
    if (job->options.body) {
        memcpy(&head.body, job->options.body, sizeof head.body);
        head.body.fd = CK_RECRUIT_INPUT;
    }
    fwrite(&head, sizeof head, 1, to);
    write_options(to, job);
    failed = ferror(to) != 0;
    if (fclose(to) || failed) {
        free(bytes);
        return ck_fail_memory(err, sizeof head, "describing the job to its workers");
    }
    *out = bytes;
    return CK_OK;
}

/* ---- taking ------------------------------------------------------------------------------ */

/* Texts stay where they are in the order. */
static ck_status read_options(const char *at, const char *end, chunkimg_options *o, ck_error *err)
{
    ck_status status = CK_OK;

    chunkimg_options_init(o);
    while (at < end && !status) {
        const char *value = at + strlen(at) + 1;

        if (!strcmp(at, "input"))
            o->input = value;
        else
            status = chunkimg_option_set(chunkimg_job_options(), o, at, value, err);
        at = value + strlen(value) + 1;
    }
    return status;
}

/* For as long as this process lives. NULL: none came, or there is no memory. */
static ck_body *take_body(const order *head)
{
    ck_body *b = head->body.nbytes ? malloc(sizeof *b) : NULL;

    if (b)
        memcpy(b, &head->body, sizeof *b);
    return b;
}

/* The job of the order, up to where a forked process would have it. */
static ck_status open_job(const char *bytes, size_t nbytes, chunkimg_job **out, ck_error *err)
{
    chunkimg_options o;
    chunkimg_job *job;
    order head;
    ck_status status;

    if (nbytes <= sizeof head || bytes[nbytes - 1])
        return ck_fail(err, CHUNKIMG_SYSTEM, "a worker process was not told what to do");
    memcpy(&head, bytes, sizeof head);
    status = read_options(bytes + sizeof head, bytes + nbytes, &o, err);
    o.body = take_body(&head);
    if (!status && head.body.nbytes && !o.body)
        status = ck_fail_memory(err, sizeof head.body, "taking over the input");
    if (!status)
        status = ck_job_open(&o, &head.settled, NULL, NULL, out, err);
    if (status)
        return status;
    job = *out;
    if (head.chain && job->in_pieces)
        ck_job_take_chain(job);
    if (digest_of_plan(job) != head.digest)
        return ck_fail(err, CHUNKIMG_SYSTEM, "%s: a worker process finds another plan: the input or the program was replaced",
                       job->plan.input);
    job->all_kept = head.all_kept;
    if (head.pass >= 0 && (size_t)head.pass < job->survey_count)
        job->survey = &job->surveys[head.pass];
    status = ck_arena_join(&job->arena, CK_RECRUIT_ARENA, job->layout.total, err);
    if (!status)
        status = ck_job_settle(job, err);
    if (!status && job->sink->join)
        status = job->sink->join(job->sink_state, &job->sink_config, err);
    return status;
}

/* The supervisor has a place for a worker's failure, whatever the worker's own plan is. A server's is seen as its end. */
static void tell_failure(const ck_recruit *what, const ck_error *why)
{
    ck_error ignored;
    ck_arena arena;

    if (what->server || ck_arena_join(&arena, CK_RECRUIT_ARENA, what->arena_nbytes, &ignored))
        return;
    ck_proc_shared *shared = (ck_proc_shared *)(void *)(arena.base + what->shared_at);
    ck_channel *channel = &shared->channels[what->id];
    channel->enter_error = *why;
    ck_proc_say(&channel->from, (ck_ticket){.kind = CK_SAY_FAILED}, &shared->asleep, CK_RECRUIT_BELL);
}

static _Noreturn void serve(const ck_recruit *what, chunkimg_job *job)
{
    ck_work work = ck_job_work(job);
    ck_exec_config config = ck_job_exec_config(job);
    ck_seat seat = {.work = &work,
                    .shared = config.shared,
                    .id = what->id,
                    .threads = what->threads,
                    .bell = CK_RECRUIT_BELL,
                    .data = what->data ? CK_RECRUIT_DATA : -1,
                    .config = &config};

    if (what->server)
        ck_proc_serve(&seat);
    ck_proc_child(&seat);
}

bool chunkimg_worker_main(int argc, char **argv, int *code)
{
    ck_recruit what;
    chunkimg_job *job = NULL;
    char *bytes = NULL;
    ck_error err;

    if (argc != 2 || strcmp(argv[1], CK_RECRUIT_WORD) != 0)
        return false;
    *code = 1;
    if (!ck_socket_receive(CK_RECRUIT_BELL, &what, sizeof what) || !ck_process_follow(what.parent) ||
        !(bytes = malloc(what.order_nbytes)) || !ck_socket_receive(CK_RECRUIT_BELL, bytes, what.order_nbytes))
        return true;
    if (open_job(bytes, what.order_nbytes, &job, &err)) {
        tell_failure(&what, &err);
        return true;
    }
    serve(&what, job);
}
