/* chunkimg list: what is built in. */
#include <stdio.h>
#include <string.h>

#include "bench/presets.h"
#include "cli/cli.h"

static const struct {
    const char *name;
    chunkimg_kind kind;
} kinds[] = {{"modes", CHUNKIMG_MODES}, {"ops", CHUNKIMG_OPS}, {"codecs", CHUNKIMG_CODECS}, {"layouts", CHUNKIMG_SINKS}};

enum { KINDS = sizeof kinds / sizeof *kinds };

enum { COLUMN = 26 };

/* "blur=SIGMA", "sharpen=SIGMA,AMOUNT,..." where not all arguments fit the column: help NAME has them. */
static void usage_of(const chunkimg_module *m, char *to, size_t size)
{
    static const char more[] = ",...";
    size_t used = (size_t)snprintf(to, size, "%s", m->name);

    for (const chunkimg_option *o = m->options; o && o->name && used < size; o++) {
        size_t then = used + 1 + strlen(o->value);

        if (o != m->options && then + (o[1].name ? sizeof more - 1 : 0) > COLUMN) {
            snprintf(to + used, size - used, "%s", more);
            return;
        }
        used += (size_t)snprintf(to + used, size - used, "%s%s", o == m->options ? "=" : ",", o->value);
    }
}

static void print_kind(size_t k)
{
    chunkimg_module m;
    char usage[80];

    printf("%s\n", kinds[k].name);
    for (size_t i = 0; chunkimg_module_at(kinds[k].kind, i, &m); i++) {
        usage_of(&m, usage, sizeof usage);
        printf("  %-*s %s", COLUMN, usage, m.summary);
        if (m.mode && m.mode->missing)
            printf(" (not in this build: needs %s)", m.mode->missing);
        putchar('\n');
    }
}

static const char presets[] = "presets";

static void print_presets(void)
{
    printf("%s\n", presets);
    for (size_t i = 0; ck_preset_at(i); i++)
        printf("  %-*s %s\n", COLUMN, ck_preset_at(i)->name, ck_preset_at(i)->shows);
}

static int run(cli *c)
{
    bool any = false;

    for (size_t i = 0; i < c->input_count; i++) {
        size_t k = 0;

        any = true;
        if (!strcmp(c->inputs[i], presets)) {
            print_presets();
            continue;
        }
        while (k < KINDS && strcmp(kinds[k].name, c->inputs[i]) != 0)
            k++;
        if (k == KINDS)
            return cli_usage("list: there is no '%s'; there are modes, ops, codecs, layouts, presets", c->inputs[i]);
        print_kind(k);
    }
    for (size_t k = 0; k < KINDS && !any; k++)
        print_kind(k);
    if (!any)
        print_presets();
    return 0;
}

const cli_command cli_command_list = {
    .name = "list", .arguments = "[modes|ops|codecs|layouts|presets]", .summary = "what is built in", .run = run};
