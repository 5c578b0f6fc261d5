/* --trace: where a timeline is written. */
#include <stdio.h>
#include <string.h>

#include "cli/cli.h"
#include "report/trace.h"

static bool write_trace(FILE *to, const void *trace)
{
    return ck_report_trace(to, trace);
}

/* With several modes each gets its own: "a.json" becomes "a-threads.json". */
static void path_of(const char *path, const char *mode, char *to, size_t size)
{
    const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path, *dot = strrchr(name, '.');
    int stem = (int)(dot && dot != name ? dot - path : (long)strlen(path));

    snprintf(to, size, "%.*s-%s%s", stem, path, mode, path + stem);
}

int cli_write_trace(const char *path, const char *input, const char *mode, bool several, const cli_events *events)
{
    ck_trace t = {.input = input, .mode = mode, .events = events->list, .count = events->count, .lost = events->lost};
    char own[4096];

    if (!several)
        return cli_write_report(path, write_trace, &t);
    path_of(path, mode, own, sizeof own);
    return cli_write_report(strcmp(path, "-") ? own : path, write_trace, &t);
}
