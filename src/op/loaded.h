/* Operations out of a user's shared object. */
#ifndef CK_OP_LOADED_H
#define CK_OP_LOADED_H

#include "op/op.h"

/* Whether the name is that of a file: it has a slash, or ends in .so. */
bool ck_op_is_file(const char *name);

/*
 * The operation of the file; *library is to be closed when it is used no more,
 * also after a failure. CHUNKIMG_USAGE where the file cannot be loaded, has no
 * operation, is of another ABI, or fills the struct in a way that cannot work.
 */
ck_status ck_op_load(const char *path, const ck_op **op, void **library, ck_error *err);

#endif
