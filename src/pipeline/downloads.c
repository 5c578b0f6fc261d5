/* Inputs over the network: who loads them, and what an input is called. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "base/url.h"
#include "os/fetch.h"
#include "pipeline/job.h"
#include "pipeline/loading.h"

struct chunkimg_downloads {
    ck_fetches *fetches; /* in this thread; or */
    ck_loading *loading; /* by workers */
    size_t count;
    char (*names)[256]; /* as they may be shown */
};

bool chunkimg_is_address(const char *input)
{
    return ck_url_is(input);
}

char *chunkimg_shown(const char *input, char *to, size_t size)
{
    if (ck_url_is(input))
        return ck_url_shown(to, size, input);
    return ck_text_escape(to, size, strcmp(input, "-") ? input : "standard input");
}

char *chunkimg_stem(const char *input, char *to, size_t size)
{
    char name[256];
    const char *slash, *dot, *end;

    if (!strcmp(input, "-"))
        input = "stdin";
    else if (ck_url_is(input))
        input = ck_url_file_name(name, sizeof name, input);
    end = input + strlen(input);
    while (end > input + 1 && end[-1] == '/') /* a folder */
        end--;
    slash = memrchr(input, '/', (size_t)(end - input));
    input = slash && slash + 1 < end ? slash + 1 : input;
    dot = memrchr(input, '.', (size_t)(end - input));
    end = dot && dot != input ? dot : end;
    snprintf(to, size, "%.*s", (int)(end - input), input);
    return to;
}

bool chunkimg_is_image(const char *output)
{
    return ck_codec_of_path(output) != NULL;
}

static bool is_auto(const chunkimg_options *o)
{
    return !o->mode || !strcmp(o->mode, "auto");
}

/*
 * Of "auto" what an option asks for, else an event loop: waiting is what that is for, and each job is then free to be
 * carried by another. NULL: several modes, or no loop in this build.
 */
static const ck_exec *mode_of(const chunkimg_options *o)
{
    const char *option;
    const ck_exec *e;

    if (!is_auto(o))
        return ck_exec_find(o->mode);
    e = ck_mode_asked_for(o, NULL, &option);
    return e ? e : ck_mode_with(CK_EXEC_EVENTS);
}

/* Not where the mode is several, or to be chosen, or does its waiting in a loop; nor by processes that know nothing of this one. */
static bool by_workers(const ck_exec *e, const chunkimg_options *o)
{
    return e && !(e->traits & CK_EXEC_EVENTS) && (!(e->traits & CK_EXEC_PROCESSES) || o->start == CHUNKIMG_START_FORK);
}

/* As many at once as the mode has workers. */
static ck_status at_once(const ck_exec *e, const chunkimg_options *o, size_t count, unsigned *most, ck_error *err)
{
    *most = CK_FETCHES_MOST;
    if (e && !(e->traits & CK_EXEC_EVENTS))
        *most = ck_loading_workers(e, o, count, err);
    return *most ? CK_OK : err->status;
}

static ck_status begin(chunkimg_downloads *d, const chunkimg_options *o, const char *const *addresses, bool here, ck_error *err)
{
    const ck_exec *e = mode_of(o);
    bool chosen = is_auto(o);
    ck_fetch_config config = {.timeout_s = o->timeout, .most_nbytes = o->max_download,
                              .on_loop = e && e->traits & CK_EXEC_EVENTS && (!chosen || d->count > 1)};
    char agent[64];
    ck_status status;

    snprintf(agent, sizeof agent, "chunkimg/%s", chunkimg_version());
    config.agent = agent;
    if (!here && by_workers(e, o))
        return ck_loading_open(e, o, addresses, d->count, &config, &d->loading, err);
    status = at_once(e, o, d->count, &config.at_once, err);
    if (!status)
        status = ck_fetches_open(addresses, d->count, &config, &d->fetches, err);
    if (status != CHUNKIMG_SYSTEM || !chosen || !config.on_loop)
        return status;
    config.on_loop = false; /* nobody asked for a loop: without one libcurl waits */
    return ck_fetches_open(addresses, d->count, &config, &d->fetches, err);
}

chunkimg_status chunkimg_downloads_open(const chunkimg_options *options, const char *const *addresses, size_t count,
                                        bool here, chunkimg_downloads **out, chunkimg_error *err)
{
    chunkimg_downloads *d = calloc(1, sizeof *d);
    ck_status status = CK_OK;

    ck_error_clear(err);
    *out = NULL;
    if (!d || !(d->names = calloc(count, sizeof *d->names)))
        status = ck_fail_memory(err, count * sizeof *d->names, "preparing the downloads");
    for (; !status && d->count < count; d->count++)
        ck_url_shown(d->names[d->count], sizeof d->names[d->count], addresses[d->count]);
    if (!status)
        status = begin(d, options, addresses, here, err);
    if (status)
        chunkimg_downloads_close(&d);
    *out = d;
    return status;
}

void chunkimg_downloads_on_tick(chunkimg_downloads *d, chunkimg_tick tick, void *user)
{
    if (d->loading)
        ck_loading_on_tick(d->loading, tick, user);
}

int chunkimg_downloads_next(chunkimg_downloads *d, double wait_s, chunkimg_download *out)
{
    ck_fetched f;
    int found = !d->loading ? ck_fetches_next(d->fetches, wait_s, &f) : ck_loading_next(d->loading, &f) ? 1 : -1;

    if (found > 0)
        *out = (chunkimg_download){.index = f.index,
                                   .body = f.body,
                                   .name = d->names[f.index],
                                   .nbytes = f.body ? f.body->nbytes : 0,
                                   .seconds = f.seconds,
                                   .err = f.err};
    return found;
}

void chunkimg_downloads_turn(chunkimg_downloads *d)
{
    if (d->fetches)
        ck_fetches_turn(d->fetches);
}

void chunkimg_downloads_close(chunkimg_downloads **downloads)
{
    chunkimg_downloads *d = downloads ? *downloads : NULL;

    if (!d)
        return;
    *downloads = NULL;
    ck_fetches_close(&d->fetches);
    ck_loading_close(&d->loading);
    free(d->names);
    free(d);
}

char *chunkimg_body_path(const chunkimg_body *body, char *to, size_t size)
{
    snprintf(to, size, "/proc/self/fd/%d", body->fd);
    return to;
}

void chunkimg_body_free(chunkimg_body **body)
{
    if (body)
        ck_body_free(body);
}

ck_fetches *ck_job_downloads(const chunkimg_job *job)
{
    return job->options.downloads ? job->options.downloads->fetches : NULL;
}

ck_status ck_job_download(chunkimg_job *job, ck_error *err)
{
    chunkimg_downloads *d;
    chunkimg_download got;
    ck_status status = chunkimg_downloads_open(&job->options, &job->options.input, 1, true, &d, err);

    if (status)
        return status;
    while (!chunkimg_downloads_next(d, 1, &got))
        ;
    chunkimg_downloads_close(&d);
    job->body = got.body;
    job->options.body = got.body;
    if (!got.body)
        *err = got.err;
    return err->status;
}
