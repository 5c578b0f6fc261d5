/*
 * Operations: pure functions from pixels to pixels.
 *
 * An operation sees one block at a time. `in` is the block's rectangle grown
 * by the halo on every side; where that reaches past the image, the chain has
 * already filled it by reflection (ck_reflect), so an operation never asks
 * where it is. It must write every sample of `out`, reading nothing outside
 * `in`, and give the same bytes whatever the block's size and place: that is
 * what makes tiles put together equal the operation on the whole image.
 *
 * Alpha is the chain's business. By default it is a channel like the others.
 * The two traits below change what an operation is given and what becomes of
 * the alpha it wrote; it may always treat all channels alike.
 *
 * To add one: a file op_NAME.c whose last lines are the ck_op, and a line in
 * ops.def.
 */
#ifndef CK_OP_OP_H
#define CK_OP_OP_H

#include "base/error.h"
#include "core/image.h"

enum ck_op_traits {
    /*
     * Filters on neighbours. An image with alpha is handed over premultiplied,
     * in 16 bit, and divided again after: prepare, scratch and apply then see
     * a shape of depth 16 whatever the image's depth. Without alpha: no effect.
     */
    CK_OP_PREMULTIPLY = 1u << 0,
    /*
     * The output's alpha is that of the middle pixel of the input: whatever
     * the operation wrote there, the chain overwrites it.
     */
    CK_OP_KEEPS_ALPHA = 1u << 1
};

typedef struct ck_op {
    const char *name;
    const char *summary; /* one line */
    const char *details; /* formula, rounding, the paper or standard followed */
    unsigned traits;
    const chunkimg_option *options; /* rows of the arguments, in order; NULL: takes none */
    size_t params_size;             /* of the struct that the rows fill, <= CK_OP_PARAMS_MOST */
    size_t state_size;              /* of what prepare computes from it (kernels, tables); 0: none */

    /* Pixels read beyond the block on each side. NULL: 0. */
    int32_t (*halo)(const void *params);

    /* Shape of the output for an input of shape `in`. Only channels may differ; alpha stays or goes. NULL: the same. */
    ck_shape (*shape)(const void *params, ck_shape in);

    /*
     * Fills `state` once for a job, before workers start; it is read only afterwards.
     * CHUNKIMG_USAGE where params do not suit this shape. NULL: nothing to prepare.
     */
    ck_status (*prepare)(const void *params, ck_shape in, void *state, ck_error *err);

    /*
     * Bytes of scratch that apply needs for an output block of this shape; a
     * smaller block never needs more. SIZE_MAX where it cannot be counted. NULL: 0.
     */
    size_t (*scratch)(const void *params, ck_shape out);

    /*
     * Writes `out`; in.shape is out.shape grown by the halo (and with the
     * input's channels). `scratch` and `state` are 64-byte aligned. Never
     * fails. The views never overlap.
     */
    void (*apply)(const void *params, const void *state, void *scratch, ck_view in, ck_view out);
} ck_op;

/* The operation of that name, or NULL. */
const ck_op *ck_op_find(const char *name);

/* Member i of the table, or NULL past the end. */
const ck_op *ck_op_at(size_t i);

/* Bytes that the params of any operation fit into. */
enum { CK_OP_PARAMS_MOST = 64 };

#endif
