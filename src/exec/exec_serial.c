/* One worker, the calling thread, one ticket after another: the reference that every other mode is compared with. */
#include "exec/exec.h"

static ck_status run(const ck_exec_config *config, const ck_work *work, ck_exec_stats *stats, ck_error *err)
{
    void *mine;
    ck_ticket ticket;
    ck_status status = work->enter(work->self, 0, &mine, err);

    stats->workers = 1;
    stats->lock_acquisitions = stats->bytes_copied = 0;
    stats->lock_wait_s = 0;
    if (status)
        return status;
    while (work->next(work->self, CK_ALL_ROLES, &ticket) == CK_HAVE) {
        work->carry(work->self, mine, ticket);
        work->done(work->self, ticket);
        config->pulse(config->user);
    }
    work->leave(work->self, mine);
    return CK_OK;
}

static ck_status one(const chunkimg_options *options, unsigned *wanted, unsigned *processes, ck_error *err)
{
    (void)options;
    (void)processes;
    (void)err;
    *wanted = 1;
    return CK_OK;
}

const ck_exec ck_exec_serial = {
    .name = "serial",
    .summary = "one worker, one ticket after another: the reference",
    .about = {.unit = "the calling thread",
              .memory = "its own",
              .lock = "none to wait for",
              .strength = "no overhead at all; every speed-up is measured against it",
              .weakness = "uses one core",
              .suits = "tiny images, debugging"},
    .workers = one,
    .fills_ahead = 1,
    .run = run,
};
