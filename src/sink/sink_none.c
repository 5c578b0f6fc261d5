/* Nothing is kept: for measuring everything but the output. With --format tiles are encoded all the same. */
#include "sink/sink.h"

typedef struct state {
    uint64_t nbytes;
} state;

static ck_status none_open(void *st, const ck_sink_config *config, ck_error *err)
{
    (void)config, (void)err;
    *(state *)st = (state){0};
    return CK_OK;
}

static ck_status none_accept(void *st, const ck_tile *tile, const ck_outcome *outcome, const void *bytes, ck_error *err)
{
    (void)tile, (void)bytes, (void)err;
    ((state *)st)->nbytes += outcome->nbytes;
    return CK_OK;
}

static ck_status none_finish(void *st, uint64_t *files, uint64_t *nbytes, ck_error *err)
{
    (void)err;
    *files = 0;
    *nbytes = ((state *)st)->nbytes;
    return CK_OK;
}

static void none_abandon(void *st)
{
    (void)st;
}

const ck_sink ck_sink_none = {
    .name = "none",
    .summary = "process and throw away",
    .state_size = sizeof(state),
    .open = none_open,
    .accept = none_accept,
    .finish = none_finish,
    .abandon = none_abandon,
};
