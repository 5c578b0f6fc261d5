/* chunkimg_run: takes what was planned, has the tickets carried, publishes or abandons, and counts. */
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "os/checksum.h"
#include "os/pin.h"
#include "pipeline/job.h"
#include "pipeline/trace.h"

/* Asked by a worker that waits for long, and so gives no other sign of life. */
static bool stopped(void *self)
{
    ck_job_pulse(self);
    return atomic_load_explicit(&((chunkimg_job *)self)->board->stop, memory_order_relaxed) != 0;
}

ck_status ck_job_settle(chunkimg_job *job, ck_error *err)
{
    ck_status status;

    job->board = (ck_board *)(void *)job->arena.base;
    ck_chain_heed(job->chain, stopped, job);
    job->rows.px = job->arena.base + job->layout.bands;
    job->covered = ck_rect_in_units(ck_grid_covered(&job->grid), job->unit_w, job->unit_h);
    job->digest_pixel = job->palette.count ? job->palette.channels : ck_pixel_nbytes(job->shape);
    ck_crc32_shifter_init(&job->digest_row, (uint64_t)job->covered.w * job->digest_pixel);
    /* A guess that turns out wrong is no failure of the file: the next reading may skip. */
    job->skips = job->options.on_error == CHUNKIMG_ON_ERROR_SKIP && job->sink->skip &&
                 !(job->in_pieces && ck_source_guessed(job->source));
    ck_shuffle_read(&job->shuffle);
    status = ck_sched_init(&job->sched, &job->sched_config, err);
    if (status)
        return status;
    job->sink_state = calloc(1, job->sink->state_size);
    return job->sink_state ? CK_OK : ck_fail_memory(err, job->sink->state_size, "opening the output");
}

static ck_status prepare(chunkimg_job *job, ck_error *err)
{
    ck_sharing how = !job->plan.processes ? CK_PRIVATE
                     : job->options.start == CHUNKIMG_START_FORK ? CK_SHARED : CK_SHARED_FD;
    ck_status status = ck_arena_map(&job->arena, job->layout.total, how, err);

    if (status)
        return status;
    job->home = getpid();
    job->piece_check = 1;
    job->pieces_joined = 0;
    job->end_ns = 0;
    job->surveyed = 0;
    job->region_s = job->teardown_s = -1;
    job->result.tiles_kept = job->result.tiles_failed = 0;
    job->skipped = job->undecoded = (ck_error){0};
    status = ck_job_settle(job, err);
    if (!status) {
        atomic_store(&job->board->bad_row, INT32_MAX);
        job->board->home_cpu = ck_current_cpu();
        if (job->by_copy) /* rows come home to this process, which writes them here */
            ck_job_back_rows(job, 0, job->sched_config.ring_rows);
    }
    return status;
}

static void clean_up(chunkimg_job *job)
{
    free(job->sink_state);
    job->sink_state = NULL;
    ck_trace_collect(job);
    ck_sched_release(&job->sched);
    ck_source_close(&job->source); /* a job that has run holds no file and no decoder */
    ck_arena_unmap(&job->arena);
}

static bool interrupted(const chunkimg_job *job)
{
    return atomic_load(&job->board->interrupted) != 0;
}

ck_exec_config ck_job_exec_config(chunkimg_job *job)
{
    return (ck_exec_config){.workers = job->plan.workers,
                            .fill_anywhere = job->in_pieces,
                            .sandbox = job->sandbox,
                            .arena = job->arena.fd,
                            .arena_nbytes = job->arena.nbytes,
                            .shared_at = job->layout.executor,
                            .input = job->options.body ? job->options.body->fd : -1,
                            .input_folder = ck_source_folder(job->source),
                            .file_nbytes = job->sink->store ? job->worker.encoded : 0,
                            .worker_nbytes = job->plan.worker_bytes / job->plan.workers,
                            .decoder_nbytes = job->plan.codec_bytes,
                            .rereadable = ck_source_rereadable(job->source),
                            .shared = job->arena.base + job->layout.executor,
                            .options = &job->options,
                            .tiles = job->plan.tiles,
                            .slots = job->sched_config.slots,
                            .downloads = ck_job_downloads(job),
                            .pulse = ck_job_pulse,
                            .user = job};
}

ck_status ck_job_carry(chunkimg_job *job, ck_exec_stats *stats, ck_error *err)
{
    ck_work work = ck_job_work(job);
    ck_exec_config config = ck_job_exec_config(job);
    void *order = NULL;
    uint64_t began = ck_now_ns(), ended;
    ck_status status = CK_OK;

    if (job->arena.fd >= 0)
        status = ck_order_make(job, &order, &config.order_nbytes, err);
    config.order = order;
    if (!status)
        status = job->exec->run(&config, &work, stats, err);
    free(order);
    ended = ck_now_ns();
    job->region_s = (job->region_s > 0 ? job->region_s : 0) + ck_seconds(ended - began);
    job->teardown_s = job->end_ns ? ck_seconds(ended - job->end_ns) : -1;
    if (status)
        return status;
    if (job->failure.status == CK_OK || job->failure.status == CHUNKIMG_INTERRUPTED)
        if (interrupted(job))
            return ck_fail(err, CHUNKIMG_INTERRUPTED, "%s: interrupted; nothing was written", job->plan.input);
    if (job->failure.status) {
        *err = job->failure;
        return err->status;
    }
    /* Every tile was drained and every slot came back, or this is no success. */
    if (!ck_sched_complete(&job->sched))
        return ck_fail(err, CHUNKIMG_SYSTEM, "%s: the mode '%s' ended with tiles missing", job->plan.input,
                       job->exec->name);
    if (!job->in_pieces || job->all_kept || job->undecoded.status || job->sched.config.rows_there)
        return CK_OK;
    return ck_source_pieces_end(job->source, job->piece_check, err);
}

static bool all_kept(const chunkimg_job *job)
{
    ck_outcome ignored;
    uint64_t i = 0;

    while (job->sink->kept && i < job->plan.tiles && job->sink->kept(job->sink_state, i, &ignored))
        i++;
    return i == job->plan.tiles;
}

/* What was left out is said after everything else is in its place. */
static ck_status say_skipped(const chunkimg_job *job, ck_error *err)
{
    unsigned long long failed = job->result.tiles_failed;

    if (!failed)
        return CK_OK;
    ck_fail(err, CHUNKIMG_PARTIAL, "%s: %llu of %llu tiles failed and were left out; the first: %.300s", job->plan.input,
            failed, (unsigned long long)job->plan.tiles, job->skipped.text);
    err->os_errno = job->skipped.os_errno;
    err->col = job->skipped.col;
    err->row = job->skipped.row;
    return err->status;
}

/* The run between open and finish of the sink. */
static ck_status run_passes(chunkimg_job *job, ck_exec_stats *stats, ck_error *err)
{
    ck_exec_stats surveys = CK_EXEC_STATS_UNKNOWN;
    ck_status status = CK_OK;

    if (job->survey_count && !job->all_kept)
        status = ck_survey_run(job, &surveys, err);
    if (!status)
        status = ck_job_carry(job, stats, err);
    stats->spawn_s += surveys.spawn_s;
    return status;
}

/* Where somebody wrote to the input meanwhile, that is the failure, whatever was made or said of what was read. */
static ck_status hold_input(const chunkimg_job *job, ck_status status, ck_error *err)
{
    ck_error changed;

    if ((status && status != CHUNKIMG_BAD_INPUT) || !job->source || !ck_source_unchanged(job->source, &changed))
        return status;
    *err = changed;
    return err->status;
}

/* Everything between nothing and the output's final name. After a failure nothing is left of it. */
static ck_status attempt(chunkimg_job *job, ck_usage before, ck_error *err)
{
    ck_exec_stats stats = CK_EXEC_STATS_UNKNOWN;
    bool opened = false;
    ck_status status = prepare(job, err);

    if (!status) {
        status = job->sink->open(job->sink_state, &job->sink_config, err);
        opened = !status;
        job->all_kept = opened && all_kept(job);
    }
    if (!status)
        status = hold_input(job, run_passes(job, &stats, err), err);
    if (!status && job->result.tiles_failed == job->plan.tiles) { /* nothing to go on with */
        *err = job->skipped;
        status = err->status;
    }
    if (!status)
        status = job->sink->finish(job->sink_state, &job->result.tiles_written, &job->result.output_bytes, err);
    else if (opened)
        job->sink->abandon(job->sink_state);
    job->result.wall_s = ck_seconds(ck_now_ns() - job->began_ns);
    if (opened)
        ck_count_result(job, &stats, before);
    return status;
}

/* Whether the failure may be the guess's and not the file's: then the file is read once more as one chain. */
static bool guessed_wrong(const chunkimg_job *job, ck_status status)
{
    ck_error changed;

    return status == CHUNKIMG_BAD_INPUT && job->in_pieces && job->source && ck_source_guessed(job->source) && job->board &&
           !interrupted(job) && !ck_source_unchanged(job->source, &changed);
}

void ck_job_take_chain(chunkimg_job *job)
{
    job->in_pieces = false;
    job->sched_config.chain = true;
    job->sched_config.fills = job->exec->fills_ahead;
}

static ck_status read_as_one_chain(chunkimg_job *job, ck_error *err)
{
    clean_up(job);
    ck_job_take_chain(job);
    job->failure = (ck_error){0};
    job->digest = 0;
    return ck_job_open_again(job, err);
}

chunkimg_status chunkimg_run(chunkimg_job *job, chunkimg_error *err)
{
    ck_error scratch;
    ck_usage before = ck_usage_now();
    ck_status status;

    err = err ? err : &scratch;
    ck_error_clear(err);
    if (job->ran)
        return ck_fail(err, CHUNKIMG_USAGE, "%s: a job can be run once", job->plan.input);
    job->ran = true;
    job->began_ns = ck_now_ns();
    status = attempt(job, before, err);
    if (guessed_wrong(job, status)) {
        status = read_as_one_chain(job, err);
        if (!status)
            status = attempt(job, before, err);
    }
    clean_up(job);
    return status ? status : say_skipped(job, err);
}
