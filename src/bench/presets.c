/* Each preset: the cases that show one thing, and the sentence that says what they showed. */
#include "bench/presets.h"

#include <math.h>
#include <stdint.h>
#include <string.h>

#include "bench/suite.h"

/* ---- finding cases ------------------------------------------------------------------------------------------ */

/* The fastest that counts of a mode; setting "name=value" or NULL: any. group: SIZE_MAX: any. */
static const ck_case *fastest(const ck_suite *s, size_t group, const char *mode, const char *name, const char *value)
{
    const ck_case *best = NULL;

    for (size_t i = 0; i < s->case_count; i++) {
        const ck_case *c = &s->cases[i];
        bool has = !name;

        for (size_t k = 0; k < c->setting_count && name; k++)
            has |= !strcmp(c->settings[k].name, name) && (!value || !strcmp(c->settings[k].value, value));
        if (has && ck_case_counts(c) && (group == SIZE_MAX || c->group == group) && !strcmp(c->mode, mode) &&
            (!best || c->wall.median.value < best->wall.median.value))
            best = c;
    }
    return best;
}

/* ---- sentences -------------------------------------------------------------------------------------------------- */

static bool say_gil(const ck_suite *s, char *to, size_t size)
{
    const ck_case *t = fastest(s, SIZE_MAX, "threads", NULL, NULL), *p = fastest(s, SIZE_MAX, "processes", NULL, NULL);
    size_t n = 0;

    for (size_t i = 0; i < s->case_count; i++) {
        const ck_case *c = &s->cases[i];

        if (!ck_case_counts(c) || strcmp(c->mode, "gil") != 0)
            continue;
        if (!n)
            n = ck_append(to, size, n, "Under a global lock %u threads have %.2f times serial's speed", c->workers, c->speedup.value);
        else
            n = ck_append(to, size, n, ", %.2f", c->speedup.value);
        if (c->setting_count)
            n = ck_append(to, size, n, " with %s %% of the work released", c->settings[0].value);
    }
    if (!n)
        return false;
    if (t)
        n = ck_append(to, size, n, "; threads without it %.2f", t->speedup.value);
    if (p)
        n = ck_append(to, size, n, ", processes %.2f", p->speedup.value);
    ck_append(to, size, n, ".");
    return true;
}

static bool say_ipc(const ck_suite *s, char *to, size_t size)
{
    size_t n = 0;

    for (size_t g = 0; g < s->groups; g++) {
        const ck_case *shm = fastest(s, g, "processes", "ipc", "shm"), *pipe = fastest(s, g, "processes", "ipc", "pipe");

        if (!shm || !pipe)
            continue;
        n = ck_append(to, size, n, "%s%.2f times with tiles of %d x %d (%.0f MB copied)",
                n ? ", " : "Shared memory is faster than pixels through pipes by ", pipe->wall.median.value / shm->wall.median.value,
                shm->tile_width, shm->tile_height, isnan(pipe->middle[CK_F_COPIED]) ? 0 : pipe->middle[CK_F_COPIED] * 1e-6);
    }
    ck_append(to, size, n, ".");
    return n > 0;
}

static bool say_spawn(const ck_suite *s, char *to, size_t size)
{
    const ck_case *t = fastest(s, SIZE_MAX, "threads", NULL, NULL);
    size_t n = 0;
    char seen[120] = "";

    for (size_t i = 0; i < s->case_count; i++) {
        const ck_case *c = &s->cases[i];
        const char *how = c->setting_count ? c->settings[0].value : "fork";

        if (!ck_case_counts(c) || strcmp(c->mode, "processes") != 0 || strstr(seen, how) || isnan(c->middle[CK_F_SPAWN]))
            continue;
        ck_append(seen, sizeof seen, strlen(seen), " %s", how);
        n = ck_append(to, size, n, "%s%s takes %.2f ms", n ? ", " : "Starting processes: ", how, 1e3 * c->middle[CK_F_SPAWN]);
        if (c->middle[CK_F_SPAWN] > 0)
            n = ck_append(to, size, n, " (1 %% of a run from %.1f s on)", 100 * c->middle[CK_F_SPAWN]);
    }
    if (!n)
        return false;
    if (t && !isnan(t->middle[CK_F_SPAWN]))
        n = ck_append(to, size, n, "; threads take %.2f ms", 1e3 * t->middle[CK_F_SPAWN]);
    ck_append(to, size, n, ".");
    return true;
}

/* "threads 5.31 times serial, async 1.02" over the fastest of every mode */
static size_t speeds(const ck_suite *s, char *to, size_t size, size_t n)
{
    bool first = true;

    for (size_t i = 0; i < s->curve_count; i++) {
        const ck_curve *k = &s->curves[i];
        const ck_case *c = fastest(s, k->group, k->mode, NULL, NULL);

        if (k->group || !strcmp(k->mode, "serial") || !c || c->speedup.value <= 0)
            continue;
        n = ck_append(to, size, n, "%s%s %.2f%s", first ? "" : ", ", k->mode, c->speedup.value, first ? " times serial" : "");
        first = false;
    }
    return n;
}

/* "; 8 inputs that are 200 ms late each: serial 1.62 s, async 0.22 s" */
static size_t say_slow(const ck_suite *s, char *to, size_t size, size_t n)
{
    bool first = true;

    for (size_t i = 0; i < s->case_count; i++) {
        const ck_case *c = &s->cases[i];

        if (!c->slow_inputs || !ck_case_counts(c))
            continue;
        if (first)
            n = ck_append(to, size, n, "; %u inputs that are %.0f ms late each: ", c->slow_inputs, 1e3 * s->slow.delay_s);
        n = ck_append(to, size, n, "%s%s %.2f s", first ? "" : ", ", c->mode, c->wall.median.value);
        first = false;
    }
    return n;
}

static bool say_io(const ck_suite *s, char *to, size_t size)
{
    const ck_case *serial = ck_suite_find(s, 0, "serial", 1, NULL);

    if (!serial || serial->middle[CK_F_OUTPUT] <= 0)
        return false;
    size_t n = ck_append(to, size, 0, "Writing %llu files (%.0f %% of serial's busy time is writing): ", (unsigned long long)serial->tile_count,
                   100 * serial->middle[CK_F_WRITE] / serial->wall.median.value);
    n = speeds(s, to, size, n);
    n = say_slow(s, to, size, n);
    ck_append(to, size, n, ".");
    return true;
}

static bool say_scale(const ck_suite *s, char *to, size_t size)
{
    size_t n = 0;

    for (size_t i = 0; i < s->curve_count; i++) {
        const ck_curve *k = &s->curves[i];

        if (!k->usl.valid || !strcmp(k->mode, "serial"))
            continue;
        n = ck_append(to, size, n, "%s%s: serial share %.1f %%", n ? "; " : "On this machine's CPUs ", k->mode, 100 * k->usl.sigma);
        if (isfinite(k->usl.peak))
            n = ck_append(to, size, n, ", peak at %.1f workers", k->usl.peak);
    }
    ck_append(to, size, n, ".");
    return n > 0;
}

static bool say_memory(const ck_suite *s, char *to, size_t size)
{
    size_t n = 0;

    for (size_t i = 0; i < s->case_count; i++) {
        const ck_case *c = &s->cases[i];

        if (ck_case_counts(c) && !c->group)
            n = ck_append(to, size, n, "%s%s %.0f MiB", n ? ", " : "Peak memory: ", c->label, c->middle[CK_F_PEAK] / 1048576);
    }
    if (n && s->height)
        n = ck_append(to, size, n, "; the decoded image is %.0f MiB",
                (double)s->width * s->height * s->channels * s->depth / 8 / 1048576);
    ck_append(to, size, n, ".");
    return n > 0;
}

static bool say_latency(const ck_suite *s, char *to, size_t size)
{
    size_t n = 0;

    for (size_t i = 0; i < s->case_count; i++) {
        const ck_case *c = &s->cases[i];

        if (ck_case_counts(c) && !isnan(c->middle[CK_F_JITTER]))
            n = ck_append(to, size, n, "%s%s %.2f ms (worst %.2f)", n ? ", " : "A tick of 1 ms beside the run is late, 99 of 100 by at most: ",
                    c->label, 1e3 * c->middle[CK_F_JITTER], 1e3 * c->middle[CK_F_JITTER_WORST]);
    }
    ck_append(to, size, n, ".");
    return n > 0;
}

static bool say_quick(const ck_suite *s, char *to, size_t size)
{
    if (s->best == s->case_count)
        return false;
    const ck_case *b = &s->cases[s->best];
    size_t n = ck_append(to, size, 0, "In %.0f s: ", s->elapsed_s);

    n = speeds(s, to, size, n);
    ck_append(to, size, n, "; %s is the one to use, at %.1f MP/s.", b->label, b->mpps);
    return true;
}

/* ---- the table ----------------------------------------------------------------------------------------------------- */

static const ck_preset presets[] = {
    {.name = "gil", .shows = "what a global lock costs, and what releasing it in native code gives back", .modes = "serial,gil,threads,processes",
     .workers = "most", .axes = {{"gil", "gil-release", "0,25,50,75,100"}}, .min_time_s = 1, .sentence = say_gil},
    {.name = "ipc", .shows = "shared memory against pixels that are copied through pipes", .modes = "processes", .workers = "most",
     .tile_sizes = "64,256,1024", .axes = {{NULL, "ipc", "shm,pipe"}}, .kept = CK_DECODED_ONLY, .min_time_s = 1, .sentence = say_ipc},
    {.name = "spawn", .shows = "ways to start processes, over sizes of tiles", .modes = "threads,processes", .workers = "most",
     .tile_sizes = "256,1024", .axes = {{"processes", "start", "fork,spawn,forkserver"}}, .min_time_s = 1, .sentence = say_spawn},
    {.name = "io", .shows = "many small outputs, and inputs that keep everybody waiting", .modes = "serial,async,threads", .tile_sizes = "64",
     .workers = "most", .kept = CK_WRITTEN, .slow_inputs = 8, .slow_s = 0.2, .min_time_s = 1, .sentence = say_io},
    {.name = "scale", .shows = "every mode from one worker to twice the CPUs, with the laws of scaling", .workers = "2x", .min_time_s = 1,
     .sentence = say_scale},
    {.name = "memory", .shows = "what every mode needs at its peak", .workers = "most", .min_time_s = 0.5, .sentence = say_memory},
    {.name = "latency", .shows = "how late a tick of 1 ms gets beside every mode", .workers = "most", .min_time_s = 1, .ticks = true,
     .sentence = say_latency},
    {.name = "quick", .shows = "the three usual modes in ten seconds", .modes = "serial,threads,processes", .workers = "most", .budget_s = 10,
     .min_time_s = 2, .sentence = say_quick},
};

const ck_preset *ck_preset_at(size_t i)
{
    return i < sizeof presets / sizeof *presets ? &presets[i] : NULL;
}

const ck_preset *ck_preset_find(const char *name)
{
    for (size_t i = 0; ck_preset_at(i); i++)
        if (!strcmp(ck_preset_at(i)->name, name))
            return ck_preset_at(i);
    return NULL;
}
