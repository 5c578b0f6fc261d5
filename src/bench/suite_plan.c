/* Which cases there are: modes x tile sizes x workers x values of an option, and why some that were asked for are not. */
#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench/limits.h"
#include "bench/suite.h"

enum { WORKERS_MOST = 64, SIZES_MOST = 32, MODES_MOST = 32, VALUES_MOST = 16, CASES_MOST = 2000 };

/* What the axes are while cases are made of them. */
typedef struct axes {
    char *mode_text, *value_text[CK_AXES_MOST];
    const char *modes[MODES_MOST];
    size_t mode_count;
    unsigned workers[WORKERS_MOST];
    size_t worker_count;
    chunkimg_pair sizes[SIZES_MOST]; /* 0: as the job says */
    size_t size_count;
} axes;

static void leave_out(ck_suite *s, const char *what, const char *format, ...) __attribute__((format(printf, 3, 4)));

static void leave_out(ck_suite *s, const char *what, const char *format, ...)
{
    ck_left_out *l = &s->left_out[s->left_out_count];
    va_list args;

    for (size_t i = 0; i < s->left_out_count; i++)
        if (!strcmp(s->left_out[i].what, what))
            return;
    if (s->left_out_count == CK_LEFT_OUT_MOST)
        return;
    snprintf(l->what, sizeof l->what, "%s", what);
    va_start(args, format);
    vsnprintf(l->why, sizeof l->why, format, args);
    va_end(args);
    s->left_out_count++;
}

/* ---- lists of the command line --------------------------------------------------------------------------- */

static bool number(const char **at, int64_t *out)
{
    char *end;

    if (**at < '0' || **at > '9')
        return false;
    errno = 0;
    *out = strtoll(*at, &end, 10);
    *at = end;
    return !errno;
}

static chunkimg_status parse_workers(const char *text, axes *a, chunkimg_error *err)
{
    const chunkimg_option *row = chunkimg_option_find(chunkimg_job_options(), "workers", NULL);
    const char *at = text;
    int64_t n;

    do {
        if (a->worker_count == WORKERS_MOST || !number(&at, &n) || n < 1 || (double)n > row->most || (*at && *at != ','))
            return ck_limits_failed(err, CHUNKIMG_USAGE, 0, "workers: '%.60s' is not a list of at most %d numbers from 1 to %.0f",
                                    text, WORKERS_MOST, row->most);
        a->workers[a->worker_count++] = (unsigned)n;
    } while (*at++ == ',');
    return CHUNKIMG_OK;
}

static chunkimg_status parse_sizes(const char *text, axes *a, chunkimg_error *err)
{
    const chunkimg_option *row = chunkimg_option_find(chunkimg_job_options(), "tile-size", NULL);
    const char *at = text;

    do {
        chunkimg_pair p = {0, 0};
        bool good = a->size_count < SIZES_MOST && number(&at, &p.a);

        if (good && *at == 'x')
            good = at++ && number(&at, &p.b) && p.b >= 1;
        if (!good || p.a < 1 || (double)p.a > row->most || (double)p.b > row->most || (*at && *at != ','))
            return ck_limits_failed(err, CHUNKIMG_USAGE, 0,
                                    "tile-sizes: '%.60s' is not a list of at most %d sizes such as 64,256,512x128 (1 to %.0f pixels)",
                                    text, SIZES_MOST, row->most);
        a->sizes[a->size_count++] = p;
    } while (*at++ == ',');
    return CHUNKIMG_OK;
}

/* 1 .. most, thinned out where there are many: every one to 8, then in steps of about a quarter. */
static void all_workers(axes *a, unsigned most)
{
    for (unsigned n = 1; n < most && a->worker_count + 1 < WORKERS_MOST; n += n < 8 ? 1 : n / 4)
        a->workers[a->worker_count++] = n;
    a->workers[a->worker_count++] = most;
}

static bool find_mode(const char *name, chunkimg_module *m)
{
    for (size_t i = 0; chunkimg_module_at(CHUNKIMG_MODES, i, m); i++)
        if (!strcmp(m->name, name))
            return true;
    return false;
}

static void add_mode(ck_suite *s, axes *a, const char *name, const chunkimg_module *m)
{
    for (size_t i = 0; i < a->mode_count; i++)
        if (!strcmp(a->modes[i], name))
            return;
    if (m->mode && m->mode->missing)
        leave_out(s, name, "not in this build, which goes without %s", m->mode->missing);
    else if (a->mode_count < MODES_MOST)
        a->modes[a->mode_count++] = m->name;
}

/* Modes of a preset that are not built are left out; of the user they are a mistake. */
static chunkimg_status parse_modes(ck_suite *s, const char *text, bool users, axes *a, chunkimg_error *err)
{
    chunkimg_module m;
    char *rest = NULL;

    if (!text || !strcmp(text, "all")) {
        for (size_t i = 0; chunkimg_module_at(CHUNKIMG_MODES, i, &m); i++)
            add_mode(s, a, m.name, &m);
        return CHUNKIMG_OK;
    }
    a->mode_text = strdup(text);
    if (!a->mode_text)
        return ck_limits_failed(err, CHUNKIMG_SYSTEM, ENOMEM, "reading the modes");
    for (char *word = strtok_r(a->mode_text, ",", &rest); word; word = strtok_r(NULL, ",", &rest)) {
        if (find_mode(word, &m))
            add_mode(s, a, word, &m);
        else if (users)
            return ck_limits_failed(err, CHUNKIMG_USAGE, 0, "modes: there is no mode '%.40s'; see chunkimg list modes", word);
        else
            leave_out(s, word, "this build has no such mode");
    }
    if (!a->mode_count && users && !s->left_out_count)
        return ck_limits_failed(err, CHUNKIMG_USAGE, 0, "modes: no mode was named");
    return CHUNKIMG_OK;
}

static chunkimg_status read_axes(ck_suite *s, axes *a, chunkimg_error *err)
{
    static const ck_preset none;
    const ck_suite_config *c = &s->config;
    const ck_preset *p = c->preset ? c->preset : &none;
    const char *sizes = c->tile_sizes ? c->tile_sizes : p->tile_sizes;
    const char *workers = c->workers ? c->workers : p->workers;
    unsigned cpus = chunkimg_cpus();
    chunkimg_status status = parse_modes(s, c->modes ? c->modes : p->modes, c->modes != NULL, a, err);

    if (!status && workers && !strcmp(workers, "2x"))
        all_workers(a, 2 * cpus > 4 ? 2 * cpus : 4);
    else if (!status && workers && !strcmp(workers, "most"))
        a->workers[a->worker_count++] = cpus > 1 ? cpus : 2;
    else if (!status && workers)
        status = parse_workers(workers, a, err);
    else
        all_workers(a, cpus);
    if (!status && sizes)
        status = parse_sizes(sizes, a, err);
    else
        a->sizes[a->size_count++] = (chunkimg_pair){0, 0};
    return status;
}

/* ---- one case ------------------------------------------------------------------------------------------------ */

chunkimg_status ck_case_options(const ck_suite *s, const ck_case *c, chunkimg_options *o, chunkimg_error *err)
{
    chunkimg_status status = CHUNKIMG_OK;

    *o = s->job;
    if (c->tile_size.a) {
        o->tile_size = c->tile_size;
        o->tiles = (chunkimg_pair){0, 0};
    }
    if (c->slow_inputs) { /* how they come is what is compared, not what becomes of them */
        o->output = "none";
        o->format = NULL;
    }
    o->workers = c->workers;
    for (size_t i = 0; i < c->setting_count && !status; i++)
        status = chunkimg_option_set(chunkimg_job_options(), o, c->settings[i].name, c->settings[i].value, err);
    chunkimg_options_for_mode(o, c->mode);
    return status;
}

static void write_label(const ck_suite *s, ck_case *c)
{
    int n = snprintf(c->label, sizeof c->label, "%s x %u", c->mode, c->workers);

    if (s->config.tile_sizes || (s->config.preset && s->config.preset->tile_sizes))
        n += c->tile_size.b ? snprintf(c->label + n, sizeof c->label - (size_t)n, ", %dx%d px", (int)c->tile_size.a, (int)c->tile_size.b)
                            : snprintf(c->label + n, sizeof c->label - (size_t)n, ", %d px", (int)c->tile_size.a);
    for (size_t i = 0; i < c->setting_count && (size_t)n < sizeof c->label; i++)
        n += snprintf(c->label + n, sizeof c->label - (size_t)n, ", %s=%s", c->settings[i].name, c->settings[i].value);
    if (c->slow_inputs && (size_t)n < sizeof c->label)
        snprintf(c->label + n, sizeof c->label - (size_t)n, ", %u slow inputs", c->slow_inputs);
}

static bool same_settings(const ck_case *a, const ck_case *b)
{
    if (a->setting_count != b->setting_count)
        return false;
    for (size_t i = 0; i < a->setting_count; i++)
        if (strcmp(a->settings[i].name, b->settings[i].name) != 0 || strcmp(a->settings[i].value, b->settings[i].value) != 0)
            return false;
    return true;
}

static bool known_already(const ck_suite *s, const ck_case *c)
{
    for (size_t i = 0; i < s->case_count; i++)
        if (s->cases[i].group == c->group && s->cases[i].workers == c->workers && !strcmp(s->cases[i].mode, c->mode) &&
            same_settings(&s->cases[i], c))
            return true;
    return false;
}

static void take_plan(ck_suite *s, ck_case *c, const chunkimg_plan *p)
{
    c->workers = p->workers;
    c->tile_count = p->tiles;
    c->planned_bytes = p->memory_bytes;
    c->columns = p->columns;
    c->rows = p->rows;
    c->tile_width = p->tile_width;
    c->tile_height = p->tile_height;
    snprintf(s->output_format, sizeof s->output_format, "%s", p->output_format ? p->output_format : "");
    snprintf(s->ops, sizeof s->ops, "%s", p->ops);
    write_label(s, c);
}

/* Opens the job for its plan. A case that another one is already, since the mode has its own number of workers, is dropped. */
static chunkimg_status add_case(ck_suite *s, ck_case c, chunkimg_error *err)
{
    chunkimg_options o;
    chunkimg_job *job;
    chunkimg_status status = ck_case_options(s, &c, &o, err);

    if (!status)
        status = chunkimg_open(&o, &job, err);
    if (status)
        return status;
    take_plan(s, &c, chunkimg_job_plan(job));
    chunkimg_close(&job);
    if (known_already(s, &c))
        return CHUNKIMG_OK;
    if (s->case_count == CASES_MOST)
        return ck_limits_failed(err, CHUNKIMG_USAGE, 0, "bench: more than %d cases", CASES_MOST);
    ck_case *grown = realloc(s->cases, (s->case_count + 1) * sizeof *grown);
    if (!grown)
        return ck_limits_failed(err, CHUNKIMG_SYSTEM, ENOMEM, "planning the cases");
    s->cases = grown;
    s->cases[s->case_count++] = c;
    return CHUNKIMG_OK;
}

/* ---- all of them ------------------------------------------------------------------------------------------------- */

static bool honours(const chunkimg_module *m, const char *option)
{
    for (const char *const *name = m->mode ? m->mode->options : NULL; name && *name; name++)
        if (!strcmp(*name, option))
            return true;
    return false;
}

/* The preset's axes that this mode has. One that no build option stands for is left out and named. */
static size_t axes_of(ck_suite *s, const char *mode, const ck_axis *to[CK_AXES_MOST])
{
    const ck_preset *p = s->config.preset;
    chunkimg_module m;
    size_t n = 0;

    for (size_t i = 0; p && i < CK_AXES_MOST && p->axes[i].option; i++) {
        const ck_axis *x = &p->axes[i];

        if (!chunkimg_option_find(chunkimg_job_options(), x->option, NULL))
            leave_out(s, x->option, "this build has no option --%s", x->option);
        else if (find_mode(mode, &m) && honours(&m, x->option) && (!x->mode || !strcmp(x->mode, mode)))
            to[n++] = x;
    }
    return n;
}

static chunkimg_status add_settings(ck_suite *s, ck_case c, const ck_axis *const *x, size_t n, chunkimg_error *err)
{
    char values[120], *rest = NULL;
    chunkimg_status status = CHUNKIMG_OK;

    if (!n) {
        status = add_case(s, c, err);
        if (status == CHUNKIMG_USAGE && s->config.preset && c.setting_count) { /* a value that this build does not know */
            leave_out(s, c.settings[c.setting_count - 1].value, "%.180s", err->text);
            status = CHUNKIMG_OK;
        }
        return status;
    }
    snprintf(values, sizeof values, "%s", x[0]->values);
    for (char *word = strtok_r(values, ",", &rest); word && !status; word = strtok_r(NULL, ",", &rest)) {
        ck_case with = c;
        ck_setting *to = &with.settings[with.setting_count++];

        snprintf(to->name, sizeof to->name, "%s", x[0]->option);
        snprintf(to->value, sizeof to->value, "%s", word);
        status = add_settings(s, with, x + 1, n - 1, err);
    }
    return status;
}

static chunkimg_status add_group(ck_suite *s, const axes *a, size_t size, chunkimg_error *err)
{
    ck_case c = {.mode = "serial", .workers = 1, .tile_size = a->sizes[size], .group = size, .reference = true};
    chunkimg_status status = add_case(s, c, err);

    c.reference = false;
    for (size_t m = 0; m < a->mode_count && !status; m++) {
        const ck_axis *x[CK_AXES_MOST];
        size_t n = axes_of(s, a->modes[m], x);

        snprintf(c.mode, sizeof c.mode, "%s", a->modes[m]);
        for (size_t w = 0; w < a->worker_count && !status; w++) {
            c.workers = a->workers[w];
            status = add_settings(s, c, x, n, err);
        }
    }
    return status;
}

/* The preset's modes once more, on several addresses whose server lets them wait; as cases of a group of their own. */
static chunkimg_status add_slow_group(ck_suite *s, const axes *a, chunkimg_error *err)
{
    chunkimg_error why;
    chunkimg_status status = CHUNKIMG_OK;

    if (!s->config.preset || !s->config.preset->slow_inputs)
        return CHUNKIMG_OK;
    if (!s->config.apart_each || ck_suite_start_slow(s, &why)) {
        leave_out(s, "slow inputs", "%.180s", s->config.apart_each ? why.text : "nothing runs several inputs here");
        return CHUNKIMG_OK;
    }
    ck_case c = {.mode = "serial", .workers = 1, .tile_size = a->sizes[0], .group = s->groups++, .reference = true, .slow_inputs = s->slow.count};
    status = add_case(s, c, err);
    c.reference = false;
    c.workers = s->slow.count; /* each may wait for a server of its own */
    for (size_t m = 0; m < a->mode_count && !status; m++) {
        snprintf(c.mode, sizeof c.mode, "%s", a->modes[m]);
        status = add_case(s, c, err);
    }
    return status;
}

/* An option that belongs to modes must be honoured by one that is compared. */
static chunkimg_status check_modes(const ck_suite *s, const axes *a, chunkimg_error *err)
{
    return a->mode_count ? chunkimg_options_check_modes(&s->job, a->modes, a->mode_count, err) : CHUNKIMG_OK;
}

static chunkimg_status make_cases(ck_suite *s, chunkimg_error *err)
{
    axes a = {.mode_count = 0};
    chunkimg_status status = read_axes(s, &a, err);

    if (!status)
        status = check_modes(s, &a, err);
    s->groups = a.size_count;
    for (size_t i = 0; i < a.size_count && !status; i++)
        status = add_group(s, &a, i, err);
    if (!status)
        status = add_slow_group(s, &a, err);
    free(a.mode_text);
    return status;
}

/* ---- all of it ---------------------------------------------------------------------------------------------------- */

static chunkimg_status check_config(const ck_suite_config *c, chunkimg_error *err)
{
    if (c->runs < 1)
        return ck_limits_failed(err, CHUNKIMG_USAGE, 0, "runs: %lld is not a number of runs, at least 1", (long long)c->runs);
    return CHUNKIMG_OK;
}

static chunkimg_status plan(ck_suite *s, chunkimg_error *err)
{
    chunkimg_status status = check_config(&s->config, err);

    if (!status)
        status = ck_suite_look(s, err);
    if (!status)
        status = ck_suite_choose_output(s, err);
    if (!status)
        status = make_cases(s, err);
    return status;
}

chunkimg_status ck_suite_plan(const ck_suite_config *config, ck_suite **out, chunkimg_error *err)
{
    ck_suite *s = calloc(1, sizeof *s);
    unsigned most = 1;

    *out = NULL;
    if (!s)
        return ck_limits_failed(err, CHUNKIMG_SYSTEM, ENOMEM, "planning the comparison");
    s->config = *config;
    s->job = *config->job;
    s->random.state = config->seed;
    chunkimg_status status = plan(s, err);
    if (status) {
        ck_suite_free(&s);
        return status;
    }
    for (size_t i = 0; i < s->case_count; i++)
        if (!s->cases[i].slow_inputs) /* those wait and take no CPU */
            most = s->cases[i].workers > most ? s->cases[i].workers : most;
    ck_machine_look(&s->machine, *s->folder ? s->folder : ".", most);
    *out = s;
    return CHUNKIMG_OK;
}

void ck_suite_free(ck_suite **suite)
{
    ck_suite *s = *suite;

    if (!s)
        return;
    ck_suite_stop_slow(s);
    if (*s->folder)
        ck_limits_remove(s->folder);
    for (size_t i = 0; i < s->case_count; i++)
        free(s->cases[i].figures);
    for (size_t i = 0; i < s->timeline_count; i++)
        free(s->timelines[i].events.list);
    free(s->cases);
    free(s);
    *suite = NULL;
}
