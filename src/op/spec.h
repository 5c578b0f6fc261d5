/* Reading "NAME", "NAME=ARG,ARG" and "NAME=key:value"; NAME may be a file that holds an operation. */
#ifndef CK_OP_SPEC_H
#define CK_OP_SPEC_H

#include "op/op.h"

typedef struct ck_spec {
    const ck_op *op;
    char *kept;    /* owned text; params of type TEXT point into it */
    void *library; /* of an operation of the user's own */
    _Alignas(16) unsigned char params[CK_OP_PARAMS_MOST];
} ck_spec;

/*
 * Finds the operation and fills `params`: the defaults of its option rows,
 * then the arguments, those without a key in the order of the rows.
 * CHUNKIMG_USAGE for an unknown name or key (with the nearest one), a value
 * that its row does not take, or more arguments than rows. On success as on
 * failure ck_spec_release is owed.
 */
ck_status ck_spec_parse(const char *text, ck_spec *out, ck_error *err);
void ck_spec_release(ck_spec *spec);

#endif
