/* The figures of a run: what workers noted in their tallies, what the executor and the system tell. */
#include "base/clock.h"
#include "pipeline/job.h"

static uint64_t known_or(uint64_t value, uint64_t other)
{
    return value != CHUNKIMG_UNKNOWN ? value : other;
}

static void count_stages(chunkimg_job *job)
{
    chunkimg_result *r = &job->result;
    double busy = 0, idle;

    for (unsigned s = 0; s < CHUNKIMG_STAGE_WAIT; s++) {
        uint64_t ns = 0;
        for (unsigned w = 0; w <= job->plan.workers; w++)
            ns += ck_job_tally(job, w)->stage_ns[s];
        r->stage_s[s] = ck_seconds(ns);
        busy += r->stage_s[s];
    }
    for (unsigned w = 0; w <= job->plan.workers; w++)
        r->digest_s += ck_seconds(ck_job_tally(job, w)->digest_ns);
    idle = r->wall_s * (r->workers ? r->workers : 1) - busy;
    r->stage_s[CHUNKIMG_STAGE_WAIT] = idle > 0 ? idle : 0;
}

/* Busy, waiting and idle add up to the parallel region. */
static chunkimg_worker worker_of(const ck_tally *t, double region_s)
{
    chunkimg_worker w = {.tickets = t->tickets};

    if (t->tickets) {
        w.busy_s = ck_seconds(t->busy_ns);
        w.waiting_s = ck_seconds(t->last_ns - t->first_ns) - w.busy_s;
        w.waiting_s = w.waiting_s > 0 ? w.waiting_s : 0;
    }
    w.idle_s = region_s - w.busy_s - w.waiting_s;
    w.idle_s = w.idle_s > 0 ? w.idle_s : 0;
    return w;
}

static void count_workers(chunkimg_job *job)
{
    chunkimg_result *r = &job->result;
    double most = 0, sum = 0, waiting = 0;

    for (unsigned i = 0; i < r->workers && i < job->plan.workers; i++) {
        chunkimg_worker w = worker_of(ck_job_tally(job, i), r->region_s);

        most = w.busy_s > most ? w.busy_s : most;
        sum += w.busy_s;
        waiting += w.waiting_s;
        if (i < CHUNKIMG_WORKERS_SHOWN)
            r->worker[i] = w;
    }
    r->imbalance = sum > 0 ? most * r->workers / sum - 1 : 0;
    if (r->queue_wait_s < 0) {
        r->queue_wait_s = waiting - (r->lock_wait_s > 0 ? r->lock_wait_s : 0);
        r->queue_wait_s = r->queue_wait_s > 0 ? r->queue_wait_s : 0;
    }
}

/* Workers that never entered, or died, have left no word. */
static uint64_t migrations(const chunkimg_job *job)
{
    uint64_t sum = 0;

    if (job->exec->traits & CK_EXEC_WANDERS)
        return CHUNKIMG_UNKNOWN;
    for (unsigned i = 0; i <= job->plan.workers; i++) {
        const ck_tally *t = ck_job_tally(job, i);

        if (t->left && t->migrations == CHUNKIMG_UNKNOWN)
            return CHUNKIMG_UNKNOWN;
        sum += t->left ? t->migrations : 0;
    }
    return sum;
}

static uint64_t passed(const chunkimg_job *job)
{
    uint64_t sum = 0;

    for (unsigned i = 0; i <= job->plan.workers; i++)
        sum += ck_job_tally(job, i)->passed_nbytes;
    return sum;
}

/* The kernel walks every page to divide the shared ones: about 15 us a MiB, which a short run does not get. */
static uint64_t own_share(const chunkimg_result *r)
{
    enum { NS_PER_MIB = 15000, SHARE_OF_RUN = 100 };
    double cost_s = (double)(r->rss_bytes >> 20) * NS_PER_MIB * 1e-9;
    uint64_t share = r->wall_s > SHARE_OF_RUN * cost_s ? ck_usage_peak_share(0) : 0;

    return share ? share : CHUNKIMG_UNKNOWN;
}

static void count_memory(chunkimg_result *r, const ck_exec_stats *stats)
{
    if (stats->peak_bytes != CHUNKIMG_UNKNOWN) {
        r->peak_memory_bytes = r->pss_bytes = stats->peak_bytes;
        r->rss_bytes = stats->rss_bytes;
    } else {
        r->peak_memory_bytes = r->rss_bytes = ck_usage_peak_rss(0);
        r->pss_bytes = own_share(r);
    }
}

void ck_count_result(chunkimg_job *job, const ck_exec_stats *stats, ck_usage before)
{
    chunkimg_result *r = &job->result;
    ck_usage used = ck_usage_since(before);
    unsigned long long first_ns = atomic_load(&job->board->first_tile_ns);

    r->workers = stats->workers;
    r->confined = job->sandbox && (stats->confined & CK_SANDBOX_SECCOMP);
    r->workers_replaced = stats->replaced;
    r->region_s = job->region_s;
    r->spawn_s = stats->spawn_s;
    r->teardown_s = job->teardown_s;
    r->first_tile_s = first_ns ? ck_seconds(first_ns - job->began_ns) : -1;
    r->user_s = used.user_s;
    r->sys_s = used.sys_s;
    r->voluntary_switches = used.voluntary;
    r->involuntary_switches = used.involuntary;
    r->minor_faults = used.minor;
    r->major_faults = used.major;
    r->tiles_done = job->sched.drained;
    r->digest = job->digest;
    r->lock_acquisitions = stats->lock_acquisitions;
    r->lock_wait_s = stats->lock_wait_s;
    r->lock_requests = stats->lock_requests;
    r->lock_forced = stats->lock_forced;
    r->queue_wait_s = stats->queue_wait_s;
    r->loop_turns = stats->loop_turns;
    r->loop_mean_s = stats->loop_mean_s;
    r->loop_worst_s = stats->loop_worst_s;
    r->bytes_copied = stats->bytes_copied;
    r->bytes_by_reference = known_or(stats->bytes_by_reference, passed(job));
    r->migrations = migrations(job);
    count_stages(job);
    count_workers(job);
    count_memory(r, stats);
}
