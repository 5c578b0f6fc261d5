/* One image out of strips: workers made every byte, here they are only put one after another. */
#include "os/outdir.h"
#include "sink/sink.h"

typedef struct state {
    const ck_sink_config *config;
    ck_outdir *file;
    uint32_t check;
    uint64_t nbytes;
} state;

static ck_status image_check(const ck_sink_config *config, ck_error *err)
{
    return ck_out_check(config->path, true, config->force, err);
}

static ck_status image_open(void *st, const ck_sink_config *config, ck_error *err)
{
    state *s = st;

    *s = (state){.config = config, .check = config->check_seed};
    ck_status status = ck_outfile_open(config->path, config->force, &s->file, err);

    if (!status && config->options->fsync)
        ck_outdir_sync(s->file);
    return status;
}

static ck_status image_accept(void *st, const ck_tile *tile, const ck_outcome *outcome, const void *bytes, ck_error *err)
{
    state *s = st;

    (void)tile;
    if (s->config->combine)
        s->check = s->config->combine(s->check, outcome->check, outcome->check_nbytes);
    s->nbytes += outcome->nbytes;
    return ck_outdir_append_kept(s->file, bytes, outcome->nbytes, err);
}

static void image_through(void *st, const ck_writer *writer)
{
    ck_outdir_through(((state *)st)->file, writer);
}

static ck_status image_finish(void *st, uint64_t *files, uint64_t *nbytes, ck_error *err)
{
    state *s = st;
    uint8_t tail[64];
    size_t n = s->config->tail ? s->config->tail(s->check, tail) : 0;
    ck_status status = n ? ck_outdir_append(s->file, tail, n, err) : CK_OK;

    if (!status)
        status = ck_outdir_end(s->file, err);
    if (status) {
        ck_outdir_abandon(&s->file);
        return status;
    }
    *files = 1;
    *nbytes = s->nbytes + n;
    return ck_outdir_publish(&s->file, err);
}

static void image_abandon(void *st)
{
    ck_outdir_abandon(&((state *)st)->file);
}

const ck_sink ck_sink_image = {
    .name = "image",
    .summary = "one image, put together from strips",
    .traits = CK_SINK_STRIPS | CK_SINK_ENCODES,
    .state_size = sizeof(state),
    .check = image_check,
    .open = image_open,
    .accept = image_accept,
    .through = image_through,
    .finish = image_finish,
    .abandon = image_abandon,
};
