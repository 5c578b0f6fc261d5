/* Inputs over the network: the public face of os/fetch, and what an input is called. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/url.h"
#include "os/fetch.h"
#include "pipeline/job.h"

struct chunkimg_downloads {
    ck_fetches *fetches;
    size_t count;
    char (*names)[256]; /* as they may be shown */
};

bool chunkimg_is_address(const char *input)
{
    return ck_url_is(input);
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

chunkimg_status chunkimg_downloads_open(const chunkimg_options *options, const char *const *addresses, size_t count,
                                        bool at_once, chunkimg_downloads **out, chunkimg_error *err)
{
    ck_fetch_config config = {.timeout_s = options->timeout, .most_nbytes = options->max_download, .at_once = at_once,
                              .on_loop = options->mode && !strcmp(options->mode, "async")};
    chunkimg_downloads *d = calloc(1, sizeof *d);
    char agent[64];
    ck_status status = CK_OK;

    ck_error_clear(err);
    *out = NULL;
    snprintf(agent, sizeof agent, "chunkimg/%s", chunkimg_version());
    config.agent = agent;
    if (!d || !(d->names = calloc(count, sizeof *d->names)))
        status = ck_fail_memory(err, count * sizeof *d->names, "preparing the downloads");
    for (size_t i = 0; i < count && !status; i++)
        ck_url_shown(d->names[i], sizeof d->names[i], addresses[i]);
    if (!status)
        status = ck_fetches_open(addresses, count, &config, &d->fetches, err);
    if (status)
        chunkimg_downloads_close(&d);
    *out = d;
    return status;
}

int chunkimg_downloads_next(chunkimg_downloads *d, double wait_s, chunkimg_download *out)
{
    ck_fetched f;
    int found = ck_fetches_next(d->fetches, wait_s, &f);

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
    ck_fetches_turn(d->fetches);
}

void chunkimg_downloads_close(chunkimg_downloads **downloads)
{
    chunkimg_downloads *d = downloads ? *downloads : NULL;

    if (!d)
        return;
    *downloads = NULL;
    ck_fetches_close(&d->fetches);
    free(d->names);
    free(d);
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
    ck_status status = chunkimg_downloads_open(&job->options, &job->options.input, 1, false, &d, err);

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
