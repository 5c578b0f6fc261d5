/* The order of the measurements, and what is around them: the plan, the temporary folder, the spare memory. */
#include <errno.h>
#include <ftw.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench/limits.h"

chunkimg_status ck_limits_failed(chunkimg_error *err, chunkimg_status status, int os_errno, const char *format, ...)
{
    va_list args;

    memset(err, 0, sizeof *err);
    err->status = status;
    err->os_errno = os_errno;
    err->col = err->row = -1;
    va_start(args, format);
    int n = vsnprintf(err->text, sizeof err->text, format, args);
    va_end(args);
    if (os_errno && n >= 0 && (size_t)n < sizeof err->text)
        snprintf(err->text + n, sizeof err->text - (size_t)n, ": %s", strerror(os_errno));
    return status;
}

/* ---- the temporary folder ------------------------------------------------------------------- */

static int remove_one(const char *path, const struct stat *s, int type, struct FTW *place)
{
    (void)s;
    (void)type;
    (void)place;
    remove(path);
    return 0;
}

void ck_limits_remove(const char *folder)
{
    nftw(folder, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

static chunkimg_status make_folder(ck_limits *l, chunkimg_error *err)
{
    snprintf(l->folder, sizeof l->folder, ".chunkimg-bench-XXXXXX");
    if (mkdtemp(l->folder))
        return CHUNKIMG_OK;
    int why = errno;
    l->folder[0] = 0;
    return ck_limits_failed(err, CHUNKIMG_SYSTEM, why, "making a temporary folder here");
}

/* ---- memory that may be taken ------------------------------------------------------------------ */

/* The number behind `key` in a file of the kernel, or `otherwise`. */
static uint64_t number_in(const char *path, const char *key, uint64_t otherwise)
{
    FILE *f = fopen(path, "re");
    char line[256];
    unsigned long long value;
    bool found = false;

    if (!f)
        return otherwise;
    while (!found && fgets(line, sizeof line, f))
        found = !strncmp(line, key, strlen(key)) && sscanf(line + strlen(key), "%llu", &value) == 1;
    fclose(f);
    return found ? value : otherwise;
}

/* Half of what is there: others live here too. */
static uint64_t spare_memory(void)
{
    uint64_t available = number_in("/proc/meminfo", "MemAvailable:", 1 << 20) * 1024;
    uint64_t most = number_in("/sys/fs/cgroup/memory.max", "", UINT64_MAX);
    uint64_t used = number_in("/sys/fs/cgroup/memory.current", "", 0);
    uint64_t group = most == UINT64_MAX ? most : most > used ? most - used : 0;

    return (available < group ? available : group) / 2;
}

/* ---- the plan ------------------------------------------------------------------------------------- */

static chunkimg_status look(ck_limits *l, chunkimg_error *err)
{
    chunkimg_options o = *l->config.job;
    chunkimg_job *job;

    o.output = "none";
    o.format = NULL;
    o.mode = "serial";
    chunkimg_status status = chunkimg_open(&o, &job, err);
    if (status)
        return status;
    const chunkimg_plan *p = chunkimg_job_plan(job);
    snprintf(l->format, sizeof l->format, "%s", p->input_format);
    l->width = p->width;
    l->height = p->height;
    l->channels = p->channels;
    l->depth = p->depth;
    l->input_bytes = p->input_bytes;
    l->raw_bytes = (uint64_t)p->width * (uint64_t)p->height * (unsigned)(p->channels * p->depth / 8);
    chunkimg_close(&job);
    if (!l->input_bytes)
        return ck_limits_failed(err, CHUNKIMG_USAGE, 0, "%s: it is read several times, so it must be a file", l->input);
    return CHUNKIMG_OK;
}

/* ---- all of it ---------------------------------------------------------------------------------------- */

static chunkimg_status of_format(ck_limits *l, chunkimg_error *err)
{
    return strcmp(l->format, "jpeg") ? ck_limits_of_png(l, err) : ck_limits_of_jpeg(l, err);
}

chunkimg_status ck_limits_measure(ck_limits *l, const ck_limits_config *config, chunkimg_error *err)
{
    static const ck_limits_step steps[] = {ck_limits_of_runs, ck_limits_of_processes, ck_limits_of_memory,
                                           ck_limits_of_files, of_format};

    memset(l, 0, sizeof *l);
    l->config = *config;
    chunkimg_shown(config->job->input, l->input, sizeof l->input);
    if (config->job->body)
        chunkimg_body_path(config->job->body, l->path, sizeof l->path);
    else
        snprintf(l->path, sizeof l->path, "%s", config->job->input);
    l->cpus = chunkimg_cpus();
    if (getloadavg(&l->load, 1) != 1)
        l->load = 0;
    l->spare_memory = spare_memory();
    chunkimg_status status = look(l, err);
    if (!status)
        status = make_folder(l, err);
    if (status)
        return status;
    ck_limits_head(l);
    for (size_t i = 0; i < sizeof steps / sizeof *steps && !status; i++)
        status = steps[i](l, err);
    ck_limits_remove(l->folder);
    l->folder[0] = 0;
    ck_limits_shares(l);
    ck_limits_tail(l);
    l->complete = !status;
    return status;
}
