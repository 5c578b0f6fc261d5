#include "exec/exec.h"

#include <string.h>

#define CK_EXEC(name) extern const ck_exec ck_exec_##name;
#include "exec/execs.def"
#undef CK_EXEC

static const ck_exec *const table[] = {
#define CK_EXEC(name) &ck_exec_##name,
#include "exec/execs.def"
#undef CK_EXEC
};

const ck_exec *ck_exec_at(size_t i)
{
    return i < sizeof table / sizeof *table ? table[i] : NULL;
}

const ck_exec *ck_exec_find(const char *name)
{
    for (size_t i = 0; i < sizeof table / sizeof *table; i++)
        if (!strcmp(table[i]->name, name))
            return table[i];
    return NULL;
}
