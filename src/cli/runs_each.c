/* Several addresses, one after another as they come, with figures of all of them together: a case of bench. */
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "cli/cli.h"

static double seconds(struct timeval t)
{
    return (double)t.tv_sec + 1e-6 * (double)t.tv_usec;
}

/* This process and those of its children that have ended: downloads count too. */
static void take_usage(chunkimg_result *r)
{
    static const int whose[] = {RUSAGE_SELF, RUSAGE_CHILDREN};

    for (size_t i = 0; i < sizeof whose / sizeof *whose; i++) {
        struct rusage u;

        if (getrusage(whose[i], &u))
            continue;
        r->user_s += seconds(u.ru_utime);
        r->sys_s += seconds(u.ru_stime);
        r->voluntary_switches += (uint64_t)u.ru_nvcsw;
        r->involuntary_switches += (uint64_t)u.ru_nivcsw;
        r->minor_faults += (uint64_t)u.ru_minflt;
        r->major_faults += (uint64_t)u.ru_majflt;
    }
}

static chunkimg_result unknown(void)
{
    return (chunkimg_result){.region_s = -1, .spawn_s = -1, .teardown_s = -1, .first_tile_s = -1, .lock_acquisitions = CHUNKIMG_UNKNOWN,
                             .lock_wait_s = -1, .lock_requests = CHUNKIMG_UNKNOWN, .lock_forced = CHUNKIMG_UNKNOWN, .queue_wait_s = -1,
                             .loop_turns = CHUNKIMG_UNKNOWN, .loop_mean_s = -1, .loop_worst_s = -1, .bytes_copied = CHUNKIMG_UNKNOWN,
                             .bytes_by_reference = CHUNKIMG_UNKNOWN, .migrations = CHUNKIMG_UNKNOWN, .rss_bytes = CHUNKIMG_UNKNOWN,
                             .pss_bytes = CHUNKIMG_UNKNOWN};
}

static void add(chunkimg_result *sum, const chunkimg_result *r)
{
    for (int i = 0; i < CHUNKIMG_STAGES; i++)
        sum->stage_s[i] += r->stage_s[i];
    sum->startup_s += r->startup_s;
    sum->digest_s += r->digest_s;
    sum->tiles_done += r->tiles_done;
    sum->tiles_written += r->tiles_written;
    sum->tiles_failed += r->tiles_failed;
    sum->output_bytes += r->output_bytes;
    if (r->peak_memory_bytes > sum->peak_memory_bytes)
        sum->peak_memory_bytes = r->peak_memory_bytes;
    if (r->workers > sum->workers)
        sum->workers = r->workers;
    if (r->imbalance > sum->imbalance)
        sum->imbalance = r->imbalance;
    sum->digest = r->digest;
}

static chunkimg_status run_one(chunkimg_options *o, const chunkimg_download *got, bool first, chunkimg_result *sum, chunkimg_error *err)
{
    chunkimg_job *job;

    o->input = got->name;
    o->body = got->body;
    chunkimg_status status = chunkimg_open(o, &job, err);
    if (status)
        return status;
    chunkimg_on_tick(job, cli_meter_tick, NULL);
    status = chunkimg_run(job, err);
    const chunkimg_result *r = chunkimg_job_result(job);
    if (!status && !first && r->digest != sum->digest) {
        *err = (chunkimg_error){.status = status = CHUNKIMG_SYSTEM, .col = -1, .row = -1};
        snprintf(err->text, sizeof err->text, "%.200s: other pixels than the inputs before it", got->name);
    }
    if (!status)
        add(sum, r);
    chunkimg_close(&job);
    return status;
}

chunkimg_status cli_run_each(const chunkimg_options *options, const char *const *inputs, size_t count, chunkimg_result *result,
                             chunkimg_error *err)
{
    chunkimg_options o = *options;
    chunkimg_downloads *all;
    chunkimg_download got;
    double began = cli_now_s();
    bool first = true;
    int found;

    setenv("no_proxy", "*", 1); /* these servers are on this machine */
    *result = unknown();
    chunkimg_status status = chunkimg_downloads_open(&o, inputs, count, false, &all, err);
    if (status)
        return status;
    o.downloads = all;
    while (!status && (found = chunkimg_downloads_next(all, 0.1, &got)) >= 0) {
        if (cli_signal_caught()) {
            *err = (chunkimg_error){.status = status = CHUNKIMG_INTERRUPTED, .text = "interrupted", .col = -1, .row = -1};
        } else if (found && !got.body) {
            *err = got.err;
            status = got.err.status;
        } else if (found) {
            status = run_one(&o, &got, first, result, err);
            first = false;
        }
        if (found)
            chunkimg_body_free(&got.body);
    }
    chunkimg_downloads_close(&all);
    take_usage(result);
    result->wall_s = cli_now_s() - began;
    return status;
}
