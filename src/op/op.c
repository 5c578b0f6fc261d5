/* The table of operations, from ops.def. */
#include "op/op.h"

#include <string.h>

#define CK_OP(name) extern const ck_op ck_op_##name;
#include "op/ops.def"
#undef CK_OP

static const ck_op *const table[] = {
#define CK_OP(name) &ck_op_##name,
#include "op/ops.def"
#undef CK_OP
};

const ck_op *ck_op_at(size_t i)
{
    return i < sizeof table / sizeof table[0] ? table[i] : NULL;
}

const ck_op *ck_op_find(const char *name)
{
    const ck_op *op;

    for (size_t i = 0; (op = ck_op_at(i)) != NULL; i++)
        if (!strcmp(op->name, name))
            return op;
    return NULL;
}
