/* Comparisons that each show one thing. To add one: a row in presets.c, and its sentence. */
#ifndef CK_BENCH_PRESETS_H
#define CK_BENCH_PRESETS_H

#include <stdbool.h>
#include <stddef.h>

struct ck_suite;

/* An option that is set to each of several values, in the modes that honour it. */
typedef struct ck_axis {
    const char *mode;   /* the mode it is for; NULL: every mode that honours the option */
    const char *option; /* name of a job's option */
    const char *values; /* "0,50,100" */
} ck_axis;

enum { CK_AXES_MOST = 3 };

typedef enum ck_kept { CK_ENCODED, CK_DECODED_ONLY, CK_WRITTEN } ck_kept;

typedef struct ck_preset {
    const char *name, *shows;
    const char *modes, *workers, *tile_sizes; /* NULL: as without a preset; workers "most": the CPUs, "2x": 1 .. twice as many */
    ck_axis axes[CK_AXES_MOST];
    ck_kept kept;          /* what becomes of tiles */
    unsigned slow_inputs;  /* also that many addresses at once, each of which answers slow_s seconds late; 0: none */
    double slow_s;
    double budget_s;       /* 0: none */
    double min_time_s;     /* of each case; 0: as without a preset */
    bool ticks;            /* a tick of 1 ms runs beside, and how late it is, is measured */

    /* One sentence from the figures; false: the cases it needs are not there. */
    bool (*sentence)(const struct ck_suite *s, char *to, size_t size);
} ck_preset;

const ck_preset *ck_preset_find(const char *name);
const ck_preset *ck_preset_at(size_t i); /* NULL past the end */

#endif
