/* chunkimg verify: a finished folder of tiles against its manifest. */
#include <stdio.h>

#include "cli/cli.h"

static void print_flaw(void *user, const char *file, const char *what)
{
    (void)user;
    fprintf(stderr, "chunkimg: %s %s\n", file, what);
}

static int one(const cli *c, const char *path)
{
    chunkimg_verdict v;
    chunkimg_error err;
    chunkimg_status status = chunkimg_verify(path, print_flaw, NULL, &v, &err);

    if (!c->quiet && v.promised)
        printf("%-12s %llu tiles: %llu whole, %llu missing, %llu of another size, %llu changed, %llu unreadable, %llu left out\n",
               "verify", (unsigned long long)v.promised, (unsigned long long)v.whole, (unsigned long long)v.missing,
               (unsigned long long)v.resized, (unsigned long long)v.changed, (unsigned long long)v.unreadable,
               (unsigned long long)v.failed);
    return status ? cli_error(&err) : 0;
}

static int run(cli *c)
{
    int code = 0;

    if (!c->input_count)
        return cli_usage("verify: needs a folder of tiles, or its manifest.json");
    for (size_t i = 0; i < c->input_count; i++) {
        int failed = one(c, c->inputs[i]);

        code = code ? code : failed;
    }
    return code;
}

const cli_command cli_command_verify = {.name = "verify", .arguments = "DIR|MANIFEST...",
                                        .summary = "every promised tile exists, is whole and is the one that was written",
                                        .run = run};
