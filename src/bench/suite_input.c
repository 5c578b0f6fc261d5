/* What is read and what becomes of it: the input's facts, and where the runs write. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "bench/limits.h"
#include "bench/suite.h"

chunkimg_status ck_suite_look(ck_suite *s, chunkimg_error *err)
{
    chunkimg_options o = s->job;
    chunkimg_job *job;

    o.output = "none";
    o.format = NULL;
    o.lossless = false;
    o.mode = "serial";
    chunkimg_options_for_mode(&o, "serial");
    chunkimg_status status = chunkimg_open(&o, &job, err);
    if (status)
        return status;
    const chunkimg_plan *p = chunkimg_job_plan(job);
    snprintf(s->input, sizeof s->input, "%s", p->input);
    snprintf(s->input_format, sizeof s->input_format, "%s", p->input_format);
    s->width = p->width;
    s->height = p->height;
    s->channels = p->channels;
    s->depth = p->depth;
    s->input_bytes = p->input_bytes;
    chunkimg_close(&job);
    if (!s->input_bytes)
        return ck_limits_failed(err, CHUNKIMG_USAGE, 0, "%s: it is read many times, so it must be a file", s->input);
    return CHUNKIMG_OK;
}

static chunkimg_status make_folder(ck_suite *s, const char *beside, chunkimg_error *err)
{
    const char *slash = strrchr(beside, '/');
    int n = slash ? (int)(slash - beside + 1) : 0;

    if (n > 200)
        return ck_limits_failed(err, CHUNKIMG_USAGE, 0, "output: the name of its folder is too long");
    snprintf(s->folder, sizeof s->folder, "%.*s.chunkimg-bench-XXXXXX", n, beside);
    if (mkdtemp(s->folder))
        return CHUNKIMG_OK;
    int why = errno;
    s->folder[0] = 0;
    return ck_limits_failed(err, CHUNKIMG_SYSTEM, why, "making a temporary folder beside %s", beside);
}

/* Tiles are encoded and thrown away unless something else was asked for: then only the work is measured, not the disk. */
chunkimg_status ck_suite_choose_output(ck_suite *s, chunkimg_error *err)
{
    const char *asked = s->config.job->output, *dot = asked ? strrchr(asked, '.') : NULL;
    ck_kept kept = s->config.preset && !asked ? s->config.preset->kept : asked && !strcmp(asked, "none") ? CK_DECODED_ONLY
                                              : asked ? CK_WRITTEN : CK_ENCODED;

    s->job.output = "none";
    s->job.force = s->job.resume = false;
    s->job.trace = NULL; /* a run that counts is not traced */
    if (kept == CK_DECODED_ONLY) {
        snprintf(s->output_why, sizeof s->output_why, s->job.format ? "encoded, then thrown away" : "not encoded: decoding and operations only");
    } else if (kept == CK_ENCODED) {
        if (!s->job.format)
            s->job.format = s->input_format;
        snprintf(s->output_why, sizeof s->output_why, "encoded, then thrown away: the disk is not measured (-o PATH: it is)");
    } else {
        chunkimg_status status = make_folder(s, asked ? asked : "tiles", err);
        bool image = dot && !strchr(dot, '/') && dot != asked;

        if (status)
            return status;
        snprintf(s->inside, sizeof s->inside, "%s/out%s", s->folder, image ? dot : "");
        s->job.output = s->inside;
        snprintf(s->output_why, sizeof s->output_why, "written into a temporary folder beside %.60s, so that the disk counts, and removed",
                 asked ? asked : "the current one");
    }
    return CHUNKIMG_OK;
}
