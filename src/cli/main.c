/* chunkimg: picks the sub-command, parses, runs it, and makes sure that what was printed arrived. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "cli/cli.h"

const cli_command *const cli_commands[] = {&cli_command_run,  &cli_command_bench, &cli_command_info, &cli_command_join,
                                           &cli_command_verify,
                                           &cli_command_list, &cli_command_help,  NULL};

static const cli_command *pick(const char *word)
{
    for (size_t i = 1; cli_commands[i]; i++)
        if (!strcmp(cli_commands[i]->name, word))
            return cli_commands[i];
    return NULL;
}

int cli_write_report(const char *path, bool (*write)(FILE *to, const void *what), const void *what)
{
    FILE *to = strcmp(path, "-") ? fopen(path, "we") : stdout;
    bool ok = to && write(to, what) && !ferror(to);

    if (to && to != stdout && fclose(to))
        ok = false;
    if (!ok)
        fprintf(stderr, "chunkimg: %s: the report cannot be written: %s\n", path, strerror(errno));
    return ok ? 0 : 1;
}

/* A report that could not be written is a failure like any other. */
static int close_output(int code)
{
    bool failed = ferror(stdout) != 0;

    if (fflush(stdout))
        failed = true;
    if (failed && !code) {
        fprintf(stderr, "chunkimg: standard output cannot be written: %s\n", strerror(errno));
        code = 1;
    }
    return code;
}

/*
 * A standard stream that the caller closed would be the next file's descriptor, and messages would end up in a tile.
 * Opened the wrong way round, so that using it still fails.
 */
static void hold_standard_streams(void)
{
    for (int fd = 0; fd <= 2; fd++)
        if (fcntl(fd, F_GETFD) < 0 && open("/dev/null", fd ? O_RDONLY : O_WRONLY) < 0)
            return;
}

int main(int argc, char **argv)
{
    const cli_command *command = argc > 1 ? pick(argv[1]) : NULL;
    int skip = command ? 2 : 1, code;
    cli c;

    if (chunkimg_worker_main(argc, argv, &code))
        return code;
    hold_standard_streams();
    /* A reader that went away, and a file size limit, are errors to report, not ends. */
    signal(SIGPIPE, SIG_IGN);
    signal(SIGXFSZ, SIG_IGN);
    code = cli_parse(&c, command ? command : cli_commands[0], argc - skip, argv + skip);
    if (!code) {
        if (c.version)
            code = cli_version();
        else if (c.help)
            cli_print_help();
        else
            code = (command ? command : cli_commands[0])->run(&c);
    }
    cli_release(&c);
    return close_output(code);
}
