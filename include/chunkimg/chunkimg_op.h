/*
 * Operations: functions from pixels to pixels. Those of the library and those
 * of its users fill the same struct.
 *
 * An operation sees one block at a time. `in` is the block's rectangle grown
 * by the halo on every side; where that reaches past the image, the border has
 * already been filled, so an operation never asks where it is. It must write
 * every sample of `out`, reading nothing outside `in`, and give the same bytes
 * whatever the block's size and place: that is what makes tiles put together
 * equal the operation on the whole image.
 *
 * Alpha is not its business. By default it is a channel like the others. The
 * first two traits change what an operation is given and what becomes of the
 * alpha it wrote; it may always treat all channels alike.
 *
 * Most operations are `apply` and perhaps `halo`. Those that move pixels have
 * `need` and `apply_at`, those that look at the whole image first `survey`.
 *
 * One of your own: a shared object that exports
 *
 *     const chunkimg_op_file chunkimg_op_here = CHUNKIMG_OP_FILE(&my_op);
 *
 * is used by --op ./mine.so=ARGS. It is loaded before any worker exists and
 * runs in all of them, so its functions must do with what they are given:
 * no variables of their own that change, no locks, no threads.
 */
#ifndef CHUNKIMG_CHUNKIMG_OP_H
#define CHUNKIMG_CHUNKIMG_OP_H

#include <chunkimg/chunkimg.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct chunkimg_rect {
    int32_t x, y, w, h; /* pixels */
} chunkimg_rect;

typedef struct chunkimg_shape {
    int32_t w, h;      /* pixels, >= 1 */
    uint16_t channels; /* 1 gray, 2 gray+alpha, 3 RGB, 4 RGB+alpha; more: samples that only a codec understands */
    uint8_t depth;     /* bits a sample: 8 or 16; 16-bit samples are native uint16_t */
} chunkimg_shape;

/* A window on pixels that somebody else owns. Samples are interleaved. */
typedef struct chunkimg_view {
    uint8_t *px;
    ptrdiff_t stride; /* bytes from a row to the next */
    chunkimg_shape shape;
} chunkimg_view;

enum {
    /*
     * Filters on neighbours. An image with alpha is handed over premultiplied,
     * in 16 bit, and divided again after: prepare, scratch and apply then see
     * a shape of depth 16 whatever the image's depth. Without alpha: no effect.
     */
    CHUNKIMG_OP_PREMULTIPLY = 1u << 0,
    /*
     * The output's alpha is that of the middle pixel of the input: whatever
     * the operation wrote there is overwritten. Not together with `need`.
     */
    CHUNKIMG_OP_KEEPS_ALPHA = 1u << 1,
    /* The argument is one text, commas and colons included, for the one option row. */
    CHUNKIMG_OP_ONE_TEXT = 1u << 2,
    /* The output is a window of the input, the one that need() says, pixel for pixel: nothing is copied for it. */
    CHUNKIMG_OP_WINDOW = 1u << 3,
    /* It starts processes, which a sandbox would forbid. */
    CHUNKIMG_OP_STARTS_COMMANDS = 1u << 4
};

/*
 * How an operation that needs to know the whole image looks at it: in pieces
 * that cover the image once, by any worker, each into its own account; the
 * accounts are merged in the order of the pieces. Accounts hold no pointers,
 * since processes share them.
 */
typedef struct chunkimg_survey {
    /* Bytes of an account. 0: with these params the image need not be looked at. */
    size_t (*size)(const void *params, chunkimg_shape in);

    /* Adds the pixels `in`, which lie at (x, y) of the image, to an account; it was all zeros when it was opened. */
    void (*add)(const void *params, const void *state, chunkimg_view in, int32_t x, int32_t y, void *account);

    void (*merge)(const void *params, chunkimg_shape in, void *into, const void *from);

    /* With the account of the whole image: completes `state`, which is read only afterwards. */
    void (*end)(const void *params, chunkimg_shape in, const void *account, void *state);

    /* Bytes beside the state that end writes to first, in each process for itself. NULL: none. */
    size_t (*fills)(const void *params, chunkimg_shape in);
} chunkimg_survey;

/* An absent slot is NULL. */
typedef struct chunkimg_op {
    const char *name;
    const char *summary; /* one line */
    const char *details; /* formula, rounding, the paper or standard followed */
    unsigned traits;
    const chunkimg_option *options; /* rows of the arguments, in order; NULL: takes none */
    size_t params_size;             /* of the struct that the rows fill, <= CHUNKIMG_OP_PARAMS_MOST */
    size_t state_size;              /* of what prepare computes from it (kernels, tables); 0: none */

    /* CHUNKIMG_USAGE where params do not go together, whatever the image. NULL: nothing to check. */
    chunkimg_status (*check)(const void *params, chunkimg_error *err);

    /* Pixels read beyond the block on each side. NULL: 0. */
    int32_t (*halo)(const void *params);

    /*
     * Shape of the output for an input of shape `in`, asked after prepare. Width and height may differ only where there
     * is `need`; the depth never does; alpha stays or goes. NULL: the same.
     */
    chunkimg_shape (*shape)(const void *params, chunkimg_shape in);

    /*
     * Fills `state` (zeros until then) once for a job, before workers start; it is read only afterwards.
     * CHUNKIMG_USAGE where params do not suit this shape. NULL: nothing to prepare.
     */
    chunkimg_status (*prepare)(const void *params, chunkimg_shape in, void *state, chunkimg_error *err);

    /*
     * Bytes of scratch that apply needs for an output block of this shape; a
     * smaller block never needs more. SIZE_MAX where it cannot be counted. NULL: 0.
     * The plan counts it, and worker processes get no more memory than the plan gives reason for: four times as much, and
     * 64 MiB, for what an operation takes by itself.
     */
    size_t (*scratch)(const void *params, chunkimg_shape out);

    /*
     * Writes `out`; in.shape is out.shape grown by the halo (and with the
     * input's channels). `scratch` and `state` are 64-byte aligned. Never
     * fails. The views never overlap.
     */
    void (*apply)(const void *params, const void *state, void *scratch, chunkimg_view in, chunkimg_view out);

    /* ---- that move pixels, or can fail ---- */

    /* The rectangle of the input, inside it, that the pixels `out` of the output come from. NULL: `out` and the halo. */
    chunkimg_rect (*need)(const void *params, const void *state, chunkimg_rect out);

    /* *w x *h of output becomes the most that need() can answer for that size anywhere; larger for larger. With `need`. */
    void (*need_most)(const void *params, const void *state, int32_t *w, int32_t *h);

    /* As scratch, where it takes the state or the input's size to say. NULL: by scratch. */
    size_t (*scratch_at)(const void *params, const void *state, chunkimg_shape in, chunkimg_shape out);

    /*
     * In place of apply: `from` is where `in` lies in the input (past its edges too, by the halo), `at` where `out` lies
     * in the output. A failure is the tile's.
     */
    chunkimg_status (*apply_at)(const void *params, const void *state, void *scratch, chunkimg_view in,
                                chunkimg_rect from, chunkimg_view out, chunkimg_rect at, chunkimg_error *err);

    /* Whether a block must be a whole tile (grown by the halos of the operations after this one). NULL: never. */
    bool (*whole_tile)(const void *params);

    /* ---- that look at the whole image first ---- */

    const chunkimg_survey *survey;

    /* Before the state's memory goes: what prepare made beside it. NULL: nothing. */
    void (*release)(void *state);

    /*
     * Once for a job, after prepare and before workers start: stopped(self) says, in any worker, whether the job is being
     * given up. An apply_at that waits or takes long asks it every 0.1 s and then fails; what it wrote does not matter.
     * Both stay valid for as long as apply_at may be called. NULL: apply is short.
     */
    void (*heed)(void *state, bool (*stopped)(void *self), void *self);

    /* Nanoseconds that a pixel of three samples takes one core, about: for the choice of a mode. NULL: guessed by the halo. */
    double (*cost)(const void *params);
} chunkimg_op;

/* Bytes that the params of any operation fit into. */
enum { CHUNKIMG_OP_PARAMS_MOST = 64 };

static inline size_t chunkimg_pixel_nbytes(chunkimg_shape s)
{
    return (size_t)s.channels * (s.depth / 8u);
}

static inline uint8_t *chunkimg_row(chunkimg_view v, int32_t y)
{
    return v.px + (ptrdiff_t)y * v.stride;
}

/* ---- files of operations ------------------------------------------------ */

/* Raised whenever the structs above change. A file of another number is refused. */
#define CHUNKIMG_OP_ABI 3u

typedef struct chunkimg_op_file {
    uint32_t abi;     /* CHUNKIMG_OP_ABI */
    uint32_t op_size; /* sizeof(chunkimg_op) */
    const chunkimg_op *op;
} chunkimg_op_file;

#define CHUNKIMG_OP_FILE(op)                                                                                          \
    {                                                                                                                 \
        CHUNKIMG_OP_ABI, sizeof(chunkimg_op), op                                                                      \
    }

#ifdef __cplusplus
}
#endif

#endif
