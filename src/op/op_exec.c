/* exec: a command of the user's, once for each tile. */
#include <stddef.h>

#include "base/checked.h"
#include "op/op.h"
#include "op/pnm.h"
#include "os/command.h"

typedef struct params {
    const char *line;
} params;

typedef struct state {
    bool (*stopped)(void *self);
    void *self;
} state;

static ck_status check(const void *p, ck_error *err)
{
    return *((const params *)p)->line ? CK_OK : ck_fail(err, CHUNKIMG_USAGE, "exec: needs a command: exec='CMD'");
}

static bool whole_tile(const void *p)
{
    (void)p;
    return true;
}

static bool pnm_nbytes(ck_shape s, size_t *nbytes)
{
    size_t pixels;

    return ck_mul(ck_row_nbytes(s), (size_t)s.h, &pixels) && ck_add(pixels, CK_PNM_HEADER_MOST, nbytes);
}

/* What the command is given, and what it gives back. */
static size_t scratch(const void *p, ck_shape out)
{
    size_t one, both;

    (void)p;
    return pnm_nbytes(out, &one) && ck_mul(2, one, &both) ? both : SIZE_MAX;
}

static ck_status apply(const void *p, const void *st, void *work, ck_view in, ck_rect from, ck_view out, ck_rect at,
                       ck_error *err)
{
    const state *s = st;
    ck_command c = {.line = ((const params *)p)->line, .in = work, .stopped = s->stopped, .self = s->self};
    ck_status status;
    ck_error why;

    (void)from, (void)at;
    if (!pnm_nbytes(in.shape, &c.out_room))
        return ck_fail_memory(err, SIZE_MAX, "handing a tile to a command");
    c.out = (uint8_t *)work + c.out_room;
    c.in_nbytes = ck_pnm_write(in, work);
    status = ck_command_run(&c, err);
    if (status)
        return status;
    status = ck_pnm_read(c.out, c.out_nbytes < c.out_room ? c.out_nbytes : c.out_room, out, &why);
    return status ? ck_fail(err, status, "the command '%.100s' %s", c.line, why.text) : CK_OK;
}

static void heed(void *st, bool (*stopped)(void *self), void *self)
{
    *(state *)st = (state){stopped, self};
}

static const chunkimg_option options[] = {
    {.name = "command", .type = CHUNKIMG_TEXT, .offset = offsetof(params, line), .fallback = "cat", .value = "CMD",
     .help = "a shell's command line, commas and all"},
    {.name = NULL},
};

/* Of pixels that go to a command and come back; what it does is its own. */
static double cost(const void *p)
{
    (void)p;
    return 12;
}

const ck_op ck_op_exec = {
    .name = "exec",
    .summary = "a command of your own: exec='CMD' has each tile on its standard input, and takes it back",
    .details = "CMD is run by /bin/sh for each tile, with the pixels that the tile's file holds (and what operations after it "
               "reach beyond) as PNM on standard input: P5, P6, or P7 where there is alpha, 16-bit samples with the high byte first. "
               "It writes P5, P6 or P7 of the same width, height, channels and depth to standard output and ends with status "
               "0; anything else fails the tile, with the last line that it said on standard error. It does not see its "
               "neighbours, so what it makes of a border may show. As many run at once as there are workers. Each leads a process group, which is "
               "ended, with all that the command started, when the job is being given up.",
    .traits = CK_OP_ONE_TEXT | CHUNKIMG_OP_STARTS_COMMANDS,
    .options = options,
    .params_size = sizeof(params),
    .state_size = sizeof(state),
    .check = check,
    .scratch = scratch,
    .apply_at = apply,
    .whole_tile = whole_tile,
    .heed = heed,
    .cost = cost,
};
