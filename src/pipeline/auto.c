/* Who carries the tickets where the user did not say: chosen by what the job is, and said in one line. */
#include <stdio.h>
#include <string.h>

#include "pipeline/job.h"

/* Below this an image is done before a second thread has started. */
enum { SMALL_PIXELS = 128 * 1024 };

static const char *choose(chunkimg_job *job, unsigned workers)
{
    const chunkimg_plan *p = &job->plan;
    uint64_t pixels = (uint64_t)p->width * (uint64_t)p->height;

    if (workers == 1) {
        snprintf(job->reason, sizeof job->reason, "one worker");
        return "serial";
    }
    if (pixels < SMALL_PIXELS) {
        snprintf(job->reason, sizeof job->reason, "a small image (%llu pixels)", (unsigned long long)pixels);
        return "serial";
    }
    snprintf(job->reason, sizeof job->reason, "CPU-bound work on one image, shared by %u workers", workers);
    return "threads";
}

void ck_choose_mode(chunkimg_job *job, unsigned workers)
{
    const char *name = job->options.mode ? job->options.mode : "auto";

    if (!strcmp(name, "auto")) {
        name = choose(job, workers);
        job->plan.mode_reason = job->reason;
    }
    job->exec = ck_exec_find(name);
}
