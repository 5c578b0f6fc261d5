/* --help, --version, the man page and completions: all written from the option tables. */
#include <stdio.h>
#include <string.h>

#include "cli/cli.h"

typedef void (*each_option)(const chunkimg_option *row);

static void for_each_option(each_option f)
{
    for (const chunkimg_option *row = chunkimg_job_options(); row->name; row++)
        f(row);
    for (const chunkimg_option *row = cli_rows; row->name; row++)
        f(row);
}

/* Options that one command has for itself, between `before` and the command's name, and `after` (NULL: no heading). */
static void for_each_command_option(const char *before, const char *after, each_option f)
{
    for (size_t i = 0; cli_commands[i]; i++) {
        if (!cli_commands[i]->options)
            continue;
        if (before)
            printf("%s%s%s\n", before, cli_commands[i]->name, after);
        for (const chunkimg_option *row = cli_commands[i]->options; row->name; row++)
            f(row);
    }
}

/* "1..100 pixels", or nothing where no range is stated */
static void range_of(const chunkimg_option *row, char *to, size_t size)
{
    *to = 0;
    if (row->type != CHUNKIMG_INT && row->type != CHUNKIMG_REAL && row->type != CHUNKIMG_PAIR)
        return;
    if (row->most >= 9e15)
        snprintf(to, size, " [at least %.10g", row->least);
    else
        snprintf(to, size, " [%.10g..%.10g", row->least, row->most);
    size_t used = strlen(to);
    snprintf(to + used, size - used, "%s%s]", row->unit ? " " : "", row->unit ? row->unit : "");
}

static void help_line(const chunkimg_option *row)
{
    char left[64], range[96];

    range_of(row, range, sizeof range);
    if (row->letter)
        snprintf(left, sizeof left, "-%c, --%s%s%s", row->letter, row->name, row->value ? " " : "",
                 row->value ? row->value : "");
    else
        snprintf(left, sizeof left, "    --%s%s%s", row->name, row->value ? " " : "", row->value ? row->value : "");
    printf("  %-28s %s%s", left, row->help, range);
    if (row->fallback && strcmp(row->fallback, "0") != 0)
        printf(" (default %s)", row->fallback);
    putchar('\n');
}

void cli_print_help(void)
{
    printf("chunkimg %s: cut large images into tiles and process them in parallel\n\n", chunkimg_version());
    for (size_t i = 0; cli_commands[i]; i++) {
        char left[96];

        snprintf(left, sizeof left, "%s%s%s", cli_commands[i]->name, *cli_commands[i]->name ? " " : "",
                 cli_commands[i]->arguments);
        printf("  chunkimg %-40s %s\n", left, cli_commands[i]->summary);
    }
    printf("\nAn INPUT is a PNG or JPEG file, a folder of tiles, - for standard input, or an http(s) address. Sizes take K M G and KiB MiB GiB.\n\nOptions:\n");
    for_each_option(help_line);
    for_each_command_option("\nOptions of ", ":", help_line);
    printf("\nExit codes:\n");
    for (int s = 0; s < CHUNKIMG_STATUS_COUNT; s++)
        printf("  %3d  %s\n", chunkimg_status_exit_code((chunkimg_status)s), chunkimg_status_text((chunkimg_status)s));
    printf("\nMore: chunkimg list, chunkimg help OPERATION, chunkimg help modes\n");
}

int cli_version(void)
{
    char info[400];

    printf("chunkimg %s\n%s\n", chunkimg_version(), chunkimg_build_info(info, sizeof info));
    return 0;
}

/* ---- one module ------------------------------------------------------------------ */

/* What the table of modes has columns for: one place for the words and the order. */
static const struct {
    const char *title;
    size_t offset;
} facts[] = {{"unit of execution", offsetof(chunkimg_mode, unit)},  {"memory", offsetof(chunkimg_mode, memory)},
             {"a global lock", offsetof(chunkimg_mode, lock)},      {"strength", offsetof(chunkimg_mode, strength)},
             {"weakness", offsetof(chunkimg_mode, weakness)},       {"suits", offsetof(chunkimg_mode, suits)}};

enum { FACTS = sizeof facts / sizeof *facts };

static const char *fact(const chunkimg_mode *mode, size_t i)
{
    return *(const char *const *)(const void *)((const char *)mode + facts[i].offset);
}

static void help_mode(const chunkimg_mode *mode)
{
    for (size_t i = 0; i < FACTS; i++)
        printf("  %-18s %s\n", facts[i].title, fact(mode, i));
    if (mode->missing)
        printf("  not in this build, which goes without %s\n", mode->missing);
    if (mode->options)
        printf("\nOptions that not every mode honours:\n");
    for (const char *const *name = mode->options; name && *name; name++)
        help_line(chunkimg_option_find(chunkimg_job_options(), *name, NULL));
}

static bool help_module(chunkimg_kind kind, const char *name)
{
    chunkimg_module m;

    for (size_t i = 0; chunkimg_module_at(kind, i, &m); i++) {
        if (strcmp(m.name, name) != 0)
            continue;
        printf("%s: %s\n", m.name, m.summary);
        for (const chunkimg_option *o = m.options; o && o->name; o++)
            help_line(o);
        if (m.mode)
            help_mode(m.mode);
        if (m.details)
            printf("\n%s\n", m.details);
        return true;
    }
    return false;
}

/* Bytes of text that fit into `width`, broken at a blank where there is one. */
static int line_length(const char *text, int width)
{
    int n = (int)strlen(text);

    if (n <= width)
        return n;
    for (n = width; n > 0 && text[n] != ' '; n--)
        ;
    return n ? n : width;
}

/* One row of the table: a heading or a mode, each cell wrapped between its borders. */
static void table_row(const char *const cells[FACTS + 1], const int widths[FACTS + 1])
{
    const char *rest[FACTS + 1];
    bool more = true;

    for (size_t i = 0; i <= FACTS; i++)
        rest[i] = cells[i];
    while (more) {
        more = false;
        for (size_t i = 0; i <= FACTS; i++) {
            int n = line_length(rest[i], widths[i]);

            printf("%s%-*.*s", i ? " | " : "", i < FACTS ? widths[i] : n, n, rest[i]);
            rest[i] += n;
            rest[i] += *rest[i] == ' ';
            more |= *rest[i] != 0;
        }
        putchar('\n');
    }
}

/* "NAME: text", in lines for a terminal. */
static void paragraph(const char *name, const char *text)
{
    enum { WIDTH = 130 };
    int used = (int)strlen(name) + 2;

    printf("\n%s: ", name);
    while (*text) {
        int n = line_length(text, WIDTH - used);

        printf("%.*s\n", n, text);
        text += n;
        text += *text == ' ';
        used = 0;
    }
}

static int help_modes(void)
{
    static const int widths[FACTS + 1] = {9, 15, 17, 17, 20, 20, 20};
    const char *cells[FACTS + 1] = {"mode"};
    chunkimg_module m;

    for (size_t f = 0; f < FACTS; f++)
        cells[f + 1] = facts[f].title;
    table_row(cells, widths);
    for (size_t i = 0; chunkimg_module_at(CHUNKIMG_MODES, i, &m); i++) {
        for (size_t f = 0; f <= FACTS; f++)
            printf("%s%.*s", f ? "-+-" : "", widths[f], "------------------------");
        putchar('\n');
        cells[0] = m.name;
        for (size_t f = 0; f < FACTS; f++)
            cells[f + 1] = fact(m.mode, f);
        table_row(cells, widths);
    }
    for (size_t i = 0; chunkimg_module_at(CHUNKIMG_MODES, i, &m); i++)
        if (m.details)
            paragraph(m.name, m.details);
    paragraph("auto", chunkimg_auto_details());
    printf("\nchunkimg help MODE names the options that only some modes honour.\n");
    return 0;
}

/* ---- man page and completions ------------------------------------------------------ */

/* Text in roff: hyphens that are meant, and no line that begins with a control character. */
static void roff(const char *text)
{
    if (*text == '.' || *text == '\'')
        printf("\\&");
    for (; *text; text++) {
        if (*text == '-')
            putchar('\\');
        if (*text == '\\')
            printf("\\e");
        else
            putchar(*text);
    }
}

static void man_option(const chunkimg_option *row)
{
    char range[96];

    printf(".TP\n");
    if (row->letter)
        printf("\\fB\\-%c\\fR, ", row->letter);
    printf("\\fB\\-\\-");
    roff(row->name);
    printf("\\fR");
    if (row->value) {
        printf(" \\fI");
        roff(row->value);
        printf("\\fR");
    }
    putchar('\n');
    roff(row->help);
    range_of(row, range, sizeof range);
    roff(range);
    if (row->fallback)
        printf(" (default %s)", row->fallback);
    putchar('\n');
}

static int print_man(void)
{
    printf(".TH CHUNKIMG 1 \"\" \"chunkimg %s\"\n.SH NAME\nchunkimg \\- cut large images into tiles and process them in "
           "parallel\n.SH SYNOPSIS\n",
           chunkimg_version());
    for (size_t i = 0; cli_commands[i]; i++) {
        printf("%s\\fBchunkimg %s\\fR ", i ? ".br\n" : "", cli_commands[i]->name);
        roff(cli_commands[i]->arguments);
        putchar('\n');
    }
    printf(".SH OPTIONS\n");
    for_each_option(man_option);
    for_each_command_option(".SH OPTIONS OF ", "", man_option);
    printf(".SH EXIT STATUS\n");
    for (int s = 0; s < CHUNKIMG_STATUS_COUNT; s++)
        printf(".TP\n%d\n%s\n", chunkimg_status_exit_code((chunkimg_status)s), chunkimg_status_text((chunkimg_status)s));
    return 0;
}

static void bash_word(const chunkimg_option *row)
{
    printf(" --%s", row->name);
}

static int print_bash(void)
{
    printf("_chunkimg() {\n    local word=${COMP_WORDS[COMP_CWORD]}\n    if [[ $word == -* ]]; then\n"
           "        COMPREPLY=($(compgen -W '");
    for_each_option(bash_word);
    for_each_command_option(NULL, NULL, bash_word);
    printf("' -- \"$word\"))\n    else\n        COMPREPLY=($(compgen -f -- \"$word\"))\n    fi\n}\n"
           "complete -o filenames -F _chunkimg chunkimg\n");
    return 0;
}

/* ---- the command -------------------------------------------------------------------- */

static int run(cli *c)
{
    const char *topic = c->input_count ? c->inputs[0] : NULL;

    if (!topic) {
        cli_print_help();
        return 0;
    }
    if (!strcmp(topic, "modes"))
        return help_modes();
    if (!strcmp(topic, "auto")) {
        printf("auto: the mode that a job suggests\n\n%s\n", chunkimg_auto_details());
        return 0;
    }
    if (!strcmp(topic, "man"))
        return print_man();
    if (!strcmp(topic, "bash"))
        return print_bash();
    if (help_module(CHUNKIMG_OPS, topic) || help_module(CHUNKIMG_MODES, topic) || help_module(CHUNKIMG_CODECS, topic) ||
        help_module(CHUNKIMG_SINKS, topic))
        return 0;
    for (size_t i = 0; cli_commands[i]; i++)
        if (!strcmp(cli_commands[i]->name, topic)) {
            cli_print_help();
            return 0;
        }
    return cli_usage("help: there is no '%s'; see chunkimg list", topic);
}

const cli_command cli_command_help = {
    .name = "help", .arguments = "[OPERATION|MODE|modes|man|bash]", .summary = "what an operation or a mode does; a man page; completions", .run = run};
