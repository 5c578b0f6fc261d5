/* chunkimg join: a folder of tiles is an input like any other; this is the run that only takes such folders. */
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "cli/cli.h"

static bool may_be_tiles(const char *input)
{
    const char *dot = strrchr(input, '.');
    struct stat st;

    return (!stat(input, &st) && S_ISDIR(st.st_mode)) || (dot && !strcmp(dot, ".json"));
}

static int run(cli *c)
{
    if (!c->input_count)
        return cli_usage("join: needs a folder of tiles, or its manifest.json");
    for (size_t i = 0; i < c->input_count; i++)
        if (!may_be_tiles(c->inputs[i]))
            return cli_usage("join: %s is neither a folder of tiles nor a manifest", c->inputs[i]);
    if (!c->job.output)
        return cli_usage("join: needs -o FILE.png, FILE.jpg, or a folder for tiles of another size");
    return cli_command_run.run(c);
}

const cli_command cli_command_join = {.name = "join", .arguments = "DIR|MANIFEST -o FILE [options]",
                                      .summary = "put tiles together again", .run = run};
