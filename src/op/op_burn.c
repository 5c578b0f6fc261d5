/* burn: arithmetic for its own sake, a dial from what memory bounds to what the processor bounds. */
#include "op/op.h"

#include <stddef.h>
#include <string.h>

#include "base/clock.h"

typedef struct params {
    double nanoseconds; /* a pixel */
} params;

typedef struct state {
    double steps; /* a pixel */
} state;

/*
 * One step waits for the one before, so it takes a fixed number of cycles,
 * whatever else the processor could do beside it: the numbers of Knuth's
 * linear congruential generator MMIX.
 */
static uint64_t spin(uint64_t x, uint64_t steps)
{
    for (uint64_t i = 0; i < steps; i++) {
        x = x * 6364136223846793005u + 1442695040888963407u;
        __asm__ volatile("" : "+r"(x)); /* keeps the loop */
    }
    return x;
}

/* Steps a nanosecond: the best of some short runs, since an interruption can only make one slower. */
static double calibrate(void)
{
    enum { RUNS = 9, STEPS = 200000 };
    double best = 0;

    for (int i = 0; i < RUNS; i++) {
        uint64_t since = ck_now_ns();
        spin(since, STEPS);
        uint64_t taken = ck_now_ns() - since;
        double rate = (double)STEPS / (double)(taken ? taken : 1);
        best = rate > best ? rate : best;
    }
    return best;
}

static ck_status prepare(const void *p, ck_shape in, void *s, ck_error *err)
{
    double nanoseconds = ((const params *)p)->nanoseconds;

    (void)in, (void)err;
    ((state *)s)->steps = nanoseconds > 0 ? nanoseconds * calibrate() : 0;
    return CK_OK;
}

static void apply(const void *p, const void *s, void *scratch, ck_view in, ck_view out)
{
    uint64_t steps = (uint64_t)(((const state *)s)->steps * out.shape.w + 0.5);

    (void)p, (void)scratch;
    for (int32_t y = 0; y < out.shape.h; y++) {
        memcpy(ck_row(out, y), ck_row(in, y), ck_row_nbytes(out.shape));
        spin((uint64_t)y, steps);
    }
}

static double cost(const void *p)
{
    return ((const params *)p)->nanoseconds;
}

static const chunkimg_option options[] = {
    {.name = "nanoseconds", .type = CHUNKIMG_REAL, .offset = offsetof(params, nanoseconds), .least = 0, .most = 1e6,
     .unit = "ns", .fallback = "100", .value = "NANOSECONDS", .help = "of arithmetic for each pixel"},
    {.name = NULL},
};

const ck_op ck_op_burn = {
    .name = "burn",
    .summary = "spends a set time on every pixel and changes none, to compare modes",
    .details = "out = in, after NANOSECONDS of one core for each pixel: steps of a linear congruential generator (Knuth, "
               "MMIX), each waiting for the one before. How many fit a nanosecond is measured once, in some milliseconds, "
               "when a job is prepared; beside other work the clock may run slower and a step take longer.",
    .options = options,
    .params_size = sizeof(params),
    .state_size = sizeof(state),
    .prepare = prepare,
    .apply = apply,
    .cost = cost,
};
