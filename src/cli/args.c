/* Words of the command line into options, by the rows of the tables and nothing else. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"

static const char *const progress_choices[] = {"auto", "always", "never", "json", NULL};

const chunkimg_option cli_rows[] = {
    {.name = "dry-run", .letter = 'n', .type = CHUNKIMG_FLAG, .offset = offsetof(cli, dry_run),
     .help = "print the plan (grid, sizes, bytes of memory) and stop"},
    {.name = "repeat", .type = CHUNKIMG_INT, .offset = offsetof(cli, repeat), .least = 1, .most = 10000, .fallback = "1",
     .value = "N", .help = "run N times, each in its own process, and report the median"},
    {.name = "warmup", .type = CHUNKIMG_INT, .offset = offsetof(cli, warmup), .least = 0, .most = 10000, .fallback = "0",
     .value = "N", .help = "runs before those that count"},
    {.name = "json", .type = CHUNKIMG_TEXT, .offset = offsetof(cli, json), .value = "FILE",
     .help = "the report as one JSON document, with inputs that failed; -: standard output"},
    {.name = "progress", .type = CHUNKIMG_CHOICE, .offset = offsetof(cli, progress), .choices = progress_choices,
     .fallback = "auto", .value = "WHEN", .help = "on standard error; auto animates only on a terminal"},
    {.name = "quiet", .letter = 'q', .type = CHUNKIMG_FLAG, .offset = offsetof(cli, quiet), .help = "no report, no warnings"},
    {.name = "verbose", .letter = 'v', .type = CHUNKIMG_FLAG, .offset = offsetof(cli, verbose),
     .help = "print the plan before the run"},
    {.name = "no-color", .type = CHUNKIMG_FLAG, .offset = offsetof(cli, no_color),
     .help = "plain text on a terminal (so does NO_COLOR)"},
    {.name = "version", .type = CHUNKIMG_FLAG, .offset = offsetof(cli, version),
     .help = "the version and the libraries it was built with"},
    {.name = "help", .letter = 'h', .type = CHUNKIMG_FLAG, .offset = offsetof(cli, help), .help = "this text"},
    {.name = NULL},
};

int cli_usage(const char *format, ...)
{
    va_list args;

    fputs("chunkimg: ", stderr);
    va_start(args, format);
    vfprintf(stderr, format, args);
    va_end(args);
    fputs("\n", stderr);
    return chunkimg_status_exit_code(CHUNKIMG_USAGE);
}

int cli_error(const chunkimg_error *err)
{
    if (err->status == CHUNKIMG_INTERRUPTED && cli_signal_caught())
        return 128 + cli_signal_caught(); /* whoever sent the signal knows */
    if (err->col >= 0)
        fprintf(stderr, "chunkimg: tile in column %d, row %d: %s\n", err->col, err->row, err->text);
    else
        fprintf(stderr, "chunkimg: %s\n", err->text);
    return chunkimg_status_exit_code(err->status);
}

int cli_no_memory(void)
{
    fprintf(stderr, "chunkimg: out of memory\n");
    return chunkimg_status_exit_code(CHUNKIMG_SYSTEM);
}

bool cli_is_silent(const cli *c)
{
    const char *const reports[] = {c->json, c->bench.csv, c->bench.markdown, c->bench.report};

    for (size_t i = 0; i < sizeof reports / sizeof *reports; i++)
        if (reports[i] && !strcmp(reports[i], "-"))
            return true;
    return c->quiet;
}

/* The tables as one: the command's own, those of the command line, those of a job. */
typedef struct found {
    const chunkimg_option *row;
    const chunkimg_option *table;
    void *into;
} found;

enum { TABLES = 3 };

static void tables_of(cli *c, const cli_command *command, found to[TABLES])
{
    static const chunkimg_option none[] = {{.name = NULL}};

    to[0] = (found){NULL, command && command->options ? command->options : none, c};
    to[1] = (found){NULL, cli_rows, c};
    to[2] = (found){NULL, chunkimg_job_options(), &c->job};
}

/* The nearest name of all tables; NULL: none is near. */
static const char *nearest(const found tables[TABLES], const char *name)
{
    chunkimg_option all[256];
    const char *near = NULL;
    size_t n = 0;

    for (int i = 0; i < TABLES; i++)
        for (const chunkimg_option *row = tables[i].table; row->name && n + 1 < sizeof all / sizeof *all; row++)
            all[n++] = *row;
    all[n] = (chunkimg_option){.name = NULL};
    chunkimg_option_find(all, name, &near);
    return near;
}

static bool find_long(cli *c, const cli_command *command, const char *name, found *out, const char **near)
{
    found tables[TABLES];

    tables_of(c, command, tables);
    for (int i = 0; i < TABLES; i++) {
        *out = tables[i];
        out->row = chunkimg_option_find(out->table, name, NULL);
        if (out->row)
            return true;
    }
    *near = nearest(tables, name);
    return false;
}

static bool find_letter(cli *c, const cli_command *command, char letter, found *out)
{
    found tables[TABLES];

    tables_of(c, command, tables);
    for (int i = 0; i < TABLES; i++)
        for (const chunkimg_option *row = tables[i].table; row->name; row++)
            if (row->letter == letter) {
                *out = tables[i];
                out->row = row;
                return true;
            }
    return false;
}

/* The command that has the option which this one has not; NULL: none. */
static const cli_command *owner_of(const char *name)
{
    for (size_t i = 0; cli_commands[i]; i++)
        if (cli_commands[i]->options && chunkimg_option_find(cli_commands[i]->options, name, NULL))
            return cli_commands[i];
    return NULL;
}

static int unknown_option(const char *name, const char *near)
{
    const cli_command *owner = owner_of(name);

    if (owner)
        return cli_usage("--%s belongs to %s: chunkimg %s %s", name, owner->name, owner->name, owner->arguments);
    if (near)
        return cli_usage("no option --%s; the nearest is --%s", name, near);
    return cli_usage("no option --%s; see chunkimg --help", name);
}

static int set(const found *f, const char *text)
{
    chunkimg_error err;

    if (chunkimg_option_set(f->table, f->into, f->row->name, text, &err))
        return cli_usage("--%s", err.text);
    return 0;
}

/* --name, --name=value, --name value */
static int parse_long(cli *c, const cli_command *command, char **argv, int argc, int *at)
{
    const char *word = argv[*at] + 2, *equals = strchr(word, '=');
    const char *near, *text = equals ? equals + 1 : NULL;
    char name[64];
    size_t n = equals ? (size_t)(equals - word) : strlen(word);
    found f;

    snprintf(name, sizeof name, "%.*s", (int)(n < sizeof name ? n : sizeof name - 1), word);
    if (!find_long(c, command, name, &f, &near))
        return unknown_option(name, near);
    if (f.row->type == CHUNKIMG_FLAG)
        return set(&f, text);
    if (!text) {
        if (*at + 1 >= argc)
            return cli_usage("--%s needs a value: %s", name, f.row->value);
        text = argv[++*at];
    }
    return set(&f, text);
}

/* -q, -qv, -oFILE, -o FILE */
static int parse_letters(cli *c, const cli_command *command, char **argv, int argc, int *at)
{
    for (const char *s = argv[*at] + 1; *s; s++) {
        found f;
        int code;

        if (!find_letter(c, command, *s, &f))
            return cli_usage("no option -%c; see chunkimg --help", *s);
        if (f.row->type == CHUNKIMG_FLAG) {
            code = set(&f, NULL);
            if (code)
                return code;
            continue;
        }
        if (s[1])
            return set(&f, s + 1);
        if (*at + 1 >= argc)
            return cli_usage("-%c needs a value: %s", *s, f.row->value);
        return set(&f, argv[++*at]);
    }
    return 0;
}

int cli_parse(cli *c, const cli_command *command, int argc, char **argv)
{
    bool words = true;
    int code;

    memset(c, 0, sizeof *c);
    chunkimg_options_init(&c->job);
    chunkimg_option_defaults(cli_rows, c);
    if (command && command->options)
        chunkimg_option_defaults(command->options, c);
    c->inputs = calloc((size_t)argc + 1, sizeof *c->inputs);
    if (!c->inputs) {
        fprintf(stderr, "chunkimg: out of memory\n");
        return chunkimg_status_exit_code(CHUNKIMG_SYSTEM);
    }
    for (int at = 0; at < argc; at++) {
        const char *word = argv[at];

        code = 0;
        if (words && !strcmp(word, "--"))
            words = false;
        else if (words && !strncmp(word, "--", 2))
            code = parse_long(c, command, argv, argc, &at);
        else if (words && word[0] == '-' && word[1])
            code = parse_letters(c, command, argv, argc, &at);
        else
            c->inputs[c->input_count++] = word;
        if (code)
            return code;
    }
    return 0;
}

void cli_release(cli *c)
{
    free(c->inputs);
    c->inputs = NULL;
}
