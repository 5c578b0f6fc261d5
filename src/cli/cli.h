/* The command line. Sees the public header and the reports, nothing else of the library. */
#ifndef CK_CLI_CLI_H
#define CK_CLI_CLI_H

#include <chunkimg/chunkimg.h>
#include <stdio.h>

enum cli_progress { PROGRESS_AUTO, PROGRESS_ALWAYS, PROGRESS_NEVER, PROGRESS_JSON };

/* What bench alone is told. */
typedef struct cli_bench {
    const char *modes, *workers, *tile_sizes, *preset, *csv, *markdown, *report;
    int64_t runs, seed;
    double min_time, threshold, budget;
    bool limits, ops, compare;
} cli_bench;

typedef struct cli {
    chunkimg_options job;
    const char *json;
    int progress;
    int64_t repeat, warmup;
    bool dry_run, quiet, verbose, no_color, version, help;
    cli_bench bench;
    const char **inputs; /* owned list of borrowed names */
    size_t input_count;
    chunkimg_downloads *downloads; /* while there are some to come */
} cli;

/* A sub-command. run returns the exit code. */
typedef struct cli_command {
    const char *name, *arguments, *summary;
    const chunkimg_option *options; /* its own rows, into cli; they come before a row of that name elsewhere; NULL: none */
    int (*run)(cli *c);
} cli_command;

extern const cli_command cli_command_run, cli_command_bench, cli_command_info, cli_command_join, cli_command_verify, cli_command_list,
                         cli_command_help;

/* All of them; the first is what runs when none is named. Ends with NULL. */
extern const cli_command *const cli_commands[];

/* main.c: writes a report to a file, or to standard output where path is "-"; prints what fails. Returns the exit code. */
int cli_write_report(const char *path, bool (*write)(FILE *to, const void *what), const void *what);

/* args.c */
extern const chunkimg_option cli_rows[]; /* options that are not a job's */
int cli_parse(cli *c, const cli_command *command, int argc, char **argv); /* 0, or the exit code after a message */
void cli_release(cli *c);
int cli_usage(const char *format, ...) __attribute__((format(printf, 1, 2))); /* prints; returns 2 */
int cli_error(const chunkimg_error *err); /* prints; returns the exit code */

int cli_no_memory(void);                  /* prints; returns the exit code */

/* Whether standard output belongs to somebody else than a reading person. */
bool cli_is_silent(const cli *c);

/* inputs.c */
double cli_now_s(void); /* seconds of the monotonic clock */

typedef struct cli_tally {
    size_t done, failed;
    size_t whole;  /* inputs that one worker carried */
    size_t loaded; /* downloads, and their bytes */
    uint64_t loaded_nbytes;
    double seconds; /* all in all */
} cli_tally;

/* What is done with each input. */
typedef struct cli_each {
    bool here; /* this process gets no workers for downloads: it will fork */

    /* Does it, with job.output and job.body set for it; prints what fails, and returns the exit code. */
    int (*one)(void *user, const char *input);

    /* In place of that, where small inputs are carried whole: what became of one. NULL: they never are. */
    int (*whole)(void *user, const char *input, const chunkimg_item_result *result);

    /* An address that could not be loaded: prints why, and returns the exit code. */
    int (*unloaded)(void *user, const char *input, const chunkimg_error *err);
    chunkimg_tick tick; /* meanwhile */
    void *user, *tick_user;
} cli_each;

/*
 * Goes through all inputs. Says what was loaded and what
 * could not be; one that fails does not stop the others. Returns the exit
 * code of the whole: that of the first failure, or, where others succeeded and
 * --on-error skip allows it, that of CHUNKIMG_PARTIAL.
 */
int cli_each_input(cli *c, const cli_each *how, cli_tally *tally);

/*
 * Where the input is an address: loads it, once for all that is done with it,
 * into job.body, and says so; it is the caller's to drop. Prints what fails. Returns the
 * exit code.
 */
int cli_load(cli *c, const char *input);
void cli_drop_loaded(cli *c);

/* bench_ops.c, bench_suite.c */
int cli_bench_ops(cli *c);
int cli_bench_suite(cli *c);
int cli_bench_compare(cli *c);

/* help.c */
void cli_print_help(void);
int cli_version(void);

/* meter.c: progress on standard error, and the signals that stop a run */
typedef struct cli_meter cli_meter;
cli_meter *cli_meter_start(const cli *c); /* NULL: out of memory, which only costs the display */
int cli_meter_tick(void *meter, const chunkimg_progress *p);
void cli_meter_stop(cli_meter **meter);
bool cli_wants_colour(const cli *c); /* on standard output */
void cli_catch_signals(void);
int cli_signal_caught(void); /* 0: none */

/* What a traced run did. */
typedef struct cli_events {
    const chunkimg_event *list;
    size_t count;
    uint64_t lost;
} cli_events;

/* trace.c: writes the timeline to `path`, with several modes to one file each. Returns the exit code. */
int cli_write_trace(const char *path, const char *input, const char *mode, bool several, const cli_events *events);

/* runs.c: one run in a process of its own, so that runs cannot disturb each other */
chunkimg_status cli_run_apart(const chunkimg_options *options, chunkimg_result *result, chunkimg_error *err);

/*
 * The same for several addresses in place of options->input, as the mode loads them. The result is of all together: what is not
 * a sum or a maximum is not known. CHUNKIMG_SYSTEM: two gave different pixels.
 */
chunkimg_status cli_run_each_apart(const chunkimg_options *options, const char *const *inputs, size_t count, chunkimg_result *result,
                                   chunkimg_error *err);

/* runs_each.c: the same in this process */
chunkimg_status cli_run_each(const chunkimg_options *options, const char *const *inputs, size_t count, chunkimg_result *result,
                             chunkimg_error *err);

/* As cli_run_apart, with options->trace set: what happened comes back too, to be freed (the list); on failure it is empty. */
chunkimg_status cli_run_traced(const chunkimg_options *options, chunkimg_result *result, cli_events *events, chunkimg_error *err);

#endif
