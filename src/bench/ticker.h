/* A tick of 1 ms in a process beside a run: how late it comes is what other programs feel of that run. */
#ifndef CK_BENCH_TICKER_H
#define CK_BENCH_TICKER_H

#include <stddef.h>
#include <sys/types.h>

typedef struct ck_ticks {
    size_t count;
    double late_p99_s, late_worst_s;
} ck_ticks;

typedef struct ck_ticker {
    pid_t pid; /* -1: none runs */
    int end;   /* closed: the ticker shall tell and end */
    int told;
} ck_ticker;

/* Where it cannot be started, stop() leaves *ticks as it is. */
void ck_ticker_start(ck_ticker *t);
void ck_ticker_stop(ck_ticker *t, ck_ticks *ticks);

#endif
