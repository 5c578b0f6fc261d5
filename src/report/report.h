/* Reports of runs, from what the public header tells. */
#ifndef CK_REPORT_REPORT_H
#define CK_REPORT_REPORT_H

#include <chunkimg/chunkimg.h>
#include <stdio.h>

/* One finished job, with the wall times of all its repetitions (runs 1: that of result). */
typedef struct ck_report {
    const chunkimg_plan *plan;
    const chunkimg_result *result; /* of the median run */
    const double *run_walls;       /* seconds */
    size_t runs;
} ck_report;

/* An input, or one mode of it, that came to nothing. */
typedef struct ck_failure {
    char input[256];   /* as it may be shown */
    const char *mode;  /* as it was asked for, or as auto chose; NULL: it did not come to that */
    const char *stage; /* "download", "open" (its header, and the plan), "run", "compare" (with other modes' pixels) */
    chunkimg_error err;
    int exit_code;     /* that it leads to */
} ck_failure;

/* Everything that a command did, in the order of doing. */
typedef struct ck_account {
    const ck_report *reports;
    size_t count;
    const ck_failure *failures;
    size_t failure_count;
    bool single; /* one mode of one input was asked for */
} ck_account;

/* The figures that text and JSON share. */
double ck_report_megapixels(const ck_report *r); /* of the input */
double ck_report_mpps(const ck_report *r);       /* input megapixels a second */
double ck_report_raw_mbps(const ck_report *r);   /* decoded input megabytes a second */
double ck_report_utilisation(const ck_report *r);/* CPU time over wall time and workers, 0..1 */

/* A few lines for a person. */
void ck_report_text(FILE *to, const ck_report *r);

/* What workers cost each other: waits, copies, memory, each one's time. Follows ck_report_text where more is asked. */
void ck_report_workers(FILE *to, const ck_report *report);

/* One line: the image, its tiles, and the time. */
void ck_report_short(FILE *to, const ck_report *r);

/* The image and how it is cut, without the mode. */
void ck_report_work(FILE *to, const chunkimg_plan *plan);

/* What would be done (--dry-run, info). */
void ck_report_plan(FILE *to, const chunkimg_plan *plan);

/* "1.5 MiB" */
const char *ck_report_size(uint64_t nbytes, char *to, size_t size);

/* One table of several modes with their speed-up over the first row that is serial. colour: for a terminal. */
void ck_report_compare(FILE *to, const ck_report *rows, size_t n, bool colour);

/*
 * A JSON document, ends with a newline. The report itself where a single one
 * was asked for and is there; else one with all reports and all failures.
 * False: could not be written.
 */
bool ck_report_json(FILE *to, const ck_account *account);

#endif
