/* Reading "NAME", "NAME=ARG,ARG" and "NAME=key:value". */
#ifndef CK_OP_SPEC_H
#define CK_OP_SPEC_H

#include "op/op.h"

/*
 * Finds the operation and fills `params` (CK_OP_PARAMS_MOST bytes, aligned for
 * any type): the defaults of its option rows, then the arguments, those
 * without a key in the order of the rows.
 * CHUNKIMG_USAGE for an unknown name or key (with the nearest one), a value
 * that its row does not take, or more arguments than rows.
 */
ck_status ck_spec_parse(const char *text, const ck_op **op, void *params, ck_error *err);

#endif
