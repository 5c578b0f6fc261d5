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

/* The mode that the job suggests, unless an option was set that it does not honour: then the first that does. */
static const ck_exec *fit(chunkimg_job *job, const ck_exec *wanted)
{
    const char *option, *first = NULL;
    const ck_exec *e = wanted;

    for (size_t i = 0; e && (e->about.missing || !ck_mode_fits(e, &job->options, &option)); i++) {
        first = first ? first : option;
        e = i ? ck_exec_at(i - 1) : ck_exec_find("threads");
    }
    if (e && e != wanted)
        snprintf(job->reason, sizeof job->reason, "--%s asks for it", first);
    return e ? e : wanted; /* options that no mode honours were refused before */
}

void ck_choose_mode(chunkimg_job *job, unsigned workers)
{
    const char *name = job->options.mode ? job->options.mode : "auto";

    if (strcmp(name, "auto") != 0) {
        job->exec = ck_exec_find(name);
        return;
    }
    job->exec = fit(job, ck_exec_find(choose(job, workers)));
    job->plan.mode_reason = job->reason;
}
