/* What one command of runs has done so far: for the tables, the list of several inputs, and --json. */
#ifndef CK_CLI_SESSION_H
#define CK_CLI_SESSION_H

#include "cli/cli.h"
#include "report/report.h"

enum { CLI_MODES_MOST = 32 };

/* One input in one mode, done. The job stays open for its plan; one that was carried whole left it in `whole`. */
typedef struct outcome {
    chunkimg_job *job;
    chunkimg_item_result *whole;
    chunkimg_result result;
    double *walls;
    size_t runs;
} outcome;

/* Everything that is done so far, for --json and the tables. */
typedef struct session {
    cli *c;
    const char *modes[CLI_MODES_MOST];
    size_t mode_count;
    outcome *outcomes;
    size_t count;
    ck_failure *failures;
    size_t failure_count;
    char *mode_text; /* what modes points into */
    int partial;     /* exit code of runs that left something out, 0: none did */
} session;

/* A place for another one, with room for so many wall times; NULL: no memory. Pointers to others are not good any more. */
outcome *cli_new_outcome(session *s, size_t runs);
void cli_drop_outcome(session *s); /* the last one */

const char *cli_mode_of(const outcome *o);

/* Says what failed, and keeps it for --json. Returns the exit code. */
int cli_failed(session *s, const char *input, const char *mode, const char *stage, const chunkimg_error *err);

/* The same for what only the command line finds wrong. */
int cli_failed_here(session *s, const char *input, const char *stage, chunkimg_status status, const char *format, ...)
    __attribute__((format(printf, 5, 6)));

/* A result with its own texts, to be freed; NULL: no memory. */
chunkimg_item_result *cli_copy_result(const chunkimg_item_result *r);

void cli_print_reports(const session *s, size_t first);          /* of one input: outcomes from `first` on */
void cli_print_total(const session *s, const cli_tally *t);      /* closes the list of several inputs */
int cli_write_session(const session *s);                         /* --json, where there is something to tell. Returns the exit code */
void cli_session_release(session *s);

#endif
