#include "sink/sink.h"

#include <string.h>

#define CK_SINK(name) extern const ck_sink ck_sink_##name;
#include "sink/sinks.def"
#undef CK_SINK

static const ck_sink *const table[] = {
#define CK_SINK(name) &ck_sink_##name,
#include "sink/sinks.def"
#undef CK_SINK
};

const ck_sink *ck_sink_at(size_t i)
{
    return i < sizeof table / sizeof *table ? table[i] : NULL;
}

const ck_sink *ck_sink_find(const char *name)
{
    for (size_t i = 0; i < sizeof table / sizeof *table; i++)
        if (!strcmp(table[i]->name, name))
            return table[i];
    return NULL;
}
