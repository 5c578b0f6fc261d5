/* laplacian: second derivatives. */
#include "op/op.h"
#include "op/taps.h"

#include <stddef.h>

enum { MAGNITUDE, SIGNED };

static const char *const results[] = {"magnitude", "signed", NULL};

typedef struct params {
    int result; /* index into results */
} params;

typedef struct state {
    ck_taps taps;
    ck_taps_end end;
} state;

static ck_status prepare(const void *p, ck_shape in, void *s, ck_error *err)
{
    static const int32_t weights[9] = {0, 1, 0, 1, -4, 1, 0, 1, 0};
    bool with_sign = ((const params *)p)->result == SIGNED;
    state *st = s;

    (void)err;
    ck_taps_init(&st->taps, 3, weights);
    st->end = (ck_taps_end){.divisor = with_sign ? 8 : 1, .offset = 0, .magnitude = !with_sign};
    if (with_sign)
        st->end.offset = in.depth == 16 ? 32768 : 128;
    return CK_OK;
}

static void apply(const void *p, const void *s, void *work, ck_view in, ck_view out)
{
    const state *st = s;

    (void)p;
    ck_taps_apply(&st->taps, st->end, work, in, out);
}

static const chunkimg_option options[] = {
    {.name = "result", .type = CHUNKIMG_CHOICE, .offset = offsetof(params, result), .choices = results,
     .fallback = "magnitude", .value = "magnitude|signed", .help = "signed: on mid-gray"},
    {.name = NULL},
};

const ck_op ck_op_laplacian = {
    .name = "laplacian",
    .summary = "edges and specks: second derivatives of each colour",
    .details = "s = the sum of the four neighbours less four times the sample, kernel [0 1 0; 1 -4 1; 0 1 0]. magnitude: "
               "out = |s|, clamped; signed: out = s / 8 + 128 (16 bit: 32768), rounded half up. Borders are as --border says. "
               "Colours are premultiplied for it (Porter and Duff 1984); alpha stays.",
    .traits = CK_OP_PREMULTIPLY | CK_OP_KEEPS_ALPHA,
    .options = options,
    .params_size = sizeof(params),
    .state_size = sizeof(state),
    .halo = ck_taps_halo_of_3,
    .prepare = prepare,
    .scratch = ck_taps_scratch_of_3,
    .apply = apply,
};
