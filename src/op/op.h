/*
 * Operations: pure functions from pixels to pixels. The contract is that of
 * chunkimg_op.h, which those of users fill as well; here are the library's own.
 *
 * To add one: a file op_NAME.c whose last lines are the ck_op, and a line in
 * ops.def.
 */
#ifndef CK_OP_OP_H
#define CK_OP_OP_H

#include <chunkimg/chunkimg_op.h>

#include "base/error.h"
#include "core/image.h"

typedef chunkimg_op ck_op;

enum ck_op_traits {
    CK_OP_PREMULTIPLY = CHUNKIMG_OP_PREMULTIPLY,
    CK_OP_KEEPS_ALPHA = CHUNKIMG_OP_KEEPS_ALPHA,
    CK_OP_ONE_TEXT = CHUNKIMG_OP_ONE_TEXT,
    CK_OP_WINDOW = CHUNKIMG_OP_WINDOW
};

/* The operation of that name, or NULL. */
const ck_op *ck_op_find(const char *name);

/* Member i of the table, or NULL past the end. */
const ck_op *ck_op_at(size_t i);

/* Bytes that the params of any operation fit into. */
enum { CK_OP_PARAMS_MOST = CHUNKIMG_OP_PARAMS_MOST };

#endif
