/* Operations that map every gray or colour sample by itself: a table for the job, looked up by the workers. */
#ifndef CK_OP_TABLE_H
#define CK_OP_TABLE_H

#include "core/image.h"

/* What ck_op.state holds. Filled once, read only afterwards. */
typedef struct ck_table {
    uint8_t low[256];     /* 8 bit */
    uint16_t high[65536]; /* 16 bit */
} ck_table;

/* From a sample's share of the maximum, 0 .. 1, to that of its output; clamped to 0 .. 1 by the caller. */
typedef double (*ck_curve)(const void *params, double share);

/* Entries for samples of `depth` bits: floor(max curve(v / max) + 0.5), clamped. */
void ck_table_fill(ck_table *t, uint8_t depth, ck_curve curve, const void *params);

/* The prepare of such an operation, where nothing needs a check: a table of the file's function `curve`. */
#define CK_TABLE_PREPARE                                                                                              \
    static ck_status prepare(const void *p, ck_shape in, void *state, ck_error *err)                                  \
    {                                                                                                                 \
        (void)err;                                                                                                    \
        ck_table_fill(state, in.depth, curve, p);                                                                     \
        return CK_OK;                                                                                                 \
    }

/* The apply of such an operation: alpha is looked up too, the chain puts it back (CK_OP_KEEPS_ALPHA). */
void ck_table_apply(const void *params, const void *state, void *scratch, ck_view in, ck_view out);

#endif
